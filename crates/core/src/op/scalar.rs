//! The scalar operators.

/// Calls a macro with the scalar operators of one operand.
///
/// A row: `I32Eqz i32_eqz visit_i32_eqz "i32.eqz" (I32) -> I32;`
#[macro_export]
macro_rules! for_each_unary {
    ($m:ident) => {
        $m! {
            I32Eqz i32_eqz visit_i32_eqz "i32.eqz" (I32) -> I32;
            I64Eqz i64_eqz visit_i64_eqz "i64.eqz" (I64) -> I32;
            I32Clz i32_clz visit_i32_clz "i32.clz" (I32) -> I32;
            I32Ctz i32_ctz visit_i32_ctz "i32.ctz" (I32) -> I32;
            I32Popcnt i32_popcnt visit_i32_popcnt "i32.popcnt" (I32) -> I32;
            I64Clz i64_clz visit_i64_clz "i64.clz" (I64) -> I64;
            I64Ctz i64_ctz visit_i64_ctz "i64.ctz" (I64) -> I64;
            I64Popcnt i64_popcnt visit_i64_popcnt "i64.popcnt" (I64) -> I64;
            F32Abs f32_abs visit_f32_abs "f32.abs" (F32) -> F32;
            F32Neg f32_neg visit_f32_neg "f32.neg" (F32) -> F32;
            F32Ceil f32_ceil visit_f32_ceil "f32.ceil" (F32) -> F32;
            F32Floor f32_floor visit_f32_floor "f32.floor" (F32) -> F32;
            F32Trunc f32_trunc visit_f32_trunc "f32.trunc" (F32) -> F32;
            F32Nearest f32_nearest visit_f32_nearest "f32.nearest" (F32) -> F32;
            F32Sqrt f32_sqrt visit_f32_sqrt "f32.sqrt" (F32) -> F32;
            F64Abs f64_abs visit_f64_abs "f64.abs" (F64) -> F64;
            F64Neg f64_neg visit_f64_neg "f64.neg" (F64) -> F64;
            F64Ceil f64_ceil visit_f64_ceil "f64.ceil" (F64) -> F64;
            F64Floor f64_floor visit_f64_floor "f64.floor" (F64) -> F64;
            F64Trunc f64_trunc visit_f64_trunc "f64.trunc" (F64) -> F64;
            F64Nearest f64_nearest visit_f64_nearest "f64.nearest" (F64) -> F64;
            F64Sqrt f64_sqrt visit_f64_sqrt "f64.sqrt" (F64) -> F64;
            I32WrapI64 i32_wrap_i64 visit_i32_wrap_i64 "i32.wrap_i64" (I64) -> I32;
            I32TruncF32S i32_trunc_f32_s visit_i32_trunc_f32_s "i32.trunc_f32_s" (F32) -> I32;
            I32TruncF32U i32_trunc_f32_u visit_i32_trunc_f32_u "i32.trunc_f32_u" (F32) -> I32;
            I32TruncF64S i32_trunc_f64_s visit_i32_trunc_f64_s "i32.trunc_f64_s" (F64) -> I32;
            I32TruncF64U i32_trunc_f64_u visit_i32_trunc_f64_u "i32.trunc_f64_u" (F64) -> I32;
            I64ExtendI32S i64_extend_i32_s visit_i64_extend_i32_s "i64.extend_i32_s" (I32) -> I64;
            I64ExtendI32U i64_extend_i32_u visit_i64_extend_i32_u "i64.extend_i32_u" (I32) -> I64;
            I64TruncF32S i64_trunc_f32_s visit_i64_trunc_f32_s "i64.trunc_f32_s" (F32) -> I64;
            I64TruncF32U i64_trunc_f32_u visit_i64_trunc_f32_u "i64.trunc_f32_u" (F32) -> I64;
            I64TruncF64S i64_trunc_f64_s visit_i64_trunc_f64_s "i64.trunc_f64_s" (F64) -> I64;
            I64TruncF64U i64_trunc_f64_u visit_i64_trunc_f64_u "i64.trunc_f64_u" (F64) -> I64;
            F32ConvertI32S f32_convert_i32_s visit_f32_convert_i32_s "f32.convert_i32_s" (I32) -> F32;
            F32ConvertI32U f32_convert_i32_u visit_f32_convert_i32_u "f32.convert_i32_u" (I32) -> F32;
            F32ConvertI64S f32_convert_i64_s visit_f32_convert_i64_s "f32.convert_i64_s" (I64) -> F32;
            F32ConvertI64U f32_convert_i64_u visit_f32_convert_i64_u "f32.convert_i64_u" (I64) -> F32;
            F32DemoteF64 f32_demote_f64 visit_f32_demote_f64 "f32.demote_f64" (F64) -> F32;
            F64ConvertI32S f64_convert_i32_s visit_f64_convert_i32_s "f64.convert_i32_s" (I32) -> F64;
            F64ConvertI32U f64_convert_i32_u visit_f64_convert_i32_u "f64.convert_i32_u" (I32) -> F64;
            F64ConvertI64S f64_convert_i64_s visit_f64_convert_i64_s "f64.convert_i64_s" (I64) -> F64;
            F64ConvertI64U f64_convert_i64_u visit_f64_convert_i64_u "f64.convert_i64_u" (I64) -> F64;
            F64PromoteF32 f64_promote_f32 visit_f64_promote_f32 "f64.promote_f32" (F32) -> F64;
            I32ReinterpretF32 i32_reinterpret_f32 visit_i32_reinterpret_f32 "i32.reinterpret_f32" (F32) -> I32;
            I64ReinterpretF64 i64_reinterpret_f64 visit_i64_reinterpret_f64 "i64.reinterpret_f64" (F64) -> I64;
            F32ReinterpretI32 f32_reinterpret_i32 visit_f32_reinterpret_i32 "f32.reinterpret_i32" (I32) -> F32;
            F64ReinterpretI64 f64_reinterpret_i64 visit_f64_reinterpret_i64 "f64.reinterpret_i64" (I64) -> F64;
            I32Extend8S i32_extend8_s visit_i32_extend8_s "i32.extend8_s" (I32) -> I32;
            I32Extend16S i32_extend16_s visit_i32_extend16_s "i32.extend16_s" (I32) -> I32;
            I64Extend8S i64_extend8_s visit_i64_extend8_s "i64.extend8_s" (I64) -> I64;
            I64Extend16S i64_extend16_s visit_i64_extend16_s "i64.extend16_s" (I64) -> I64;
            I64Extend32S i64_extend32_s visit_i64_extend32_s "i64.extend32_s" (I64) -> I64;
            I32TruncSatF32S i32_trunc_sat_f32_s visit_i32_trunc_sat_f32_s "i32.trunc_sat_f32_s" (F32) -> I32;
            I32TruncSatF32U i32_trunc_sat_f32_u visit_i32_trunc_sat_f32_u "i32.trunc_sat_f32_u" (F32) -> I32;
            I32TruncSatF64S i32_trunc_sat_f64_s visit_i32_trunc_sat_f64_s "i32.trunc_sat_f64_s" (F64) -> I32;
            I32TruncSatF64U i32_trunc_sat_f64_u visit_i32_trunc_sat_f64_u "i32.trunc_sat_f64_u" (F64) -> I32;
            I64TruncSatF32S i64_trunc_sat_f32_s visit_i64_trunc_sat_f32_s "i64.trunc_sat_f32_s" (F32) -> I64;
            I64TruncSatF32U i64_trunc_sat_f32_u visit_i64_trunc_sat_f32_u "i64.trunc_sat_f32_u" (F32) -> I64;
            I64TruncSatF64S i64_trunc_sat_f64_s visit_i64_trunc_sat_f64_s "i64.trunc_sat_f64_s" (F64) -> I64;
            I64TruncSatF64U i64_trunc_sat_f64_u visit_i64_trunc_sat_f64_u "i64.trunc_sat_f64_u" (F64) -> I64;
        }
    };
}

/// Calls a macro with the scalar operators of two operands that are no comparisons.
///
/// A row tells whether the operands may change places. Those of a float may: only the payload of a
/// NaN, which is not determined, can tell.
///
/// A row: `I32Add i32_add visit_i32_add "i32.add" (I32, I32) -> I32, commutes;`
#[macro_export]
macro_rules! for_each_binary {
    ($m:ident) => {
        $m! {
            I32Add i32_add visit_i32_add "i32.add" (I32, I32) -> I32, commutes;
            I32Sub i32_sub visit_i32_sub "i32.sub" (I32, I32) -> I32, ordered;
            I32Mul i32_mul visit_i32_mul "i32.mul" (I32, I32) -> I32, commutes;
            I32DivS i32_div_s visit_i32_div_s "i32.div_s" (I32, I32) -> I32, ordered;
            I32DivU i32_div_u visit_i32_div_u "i32.div_u" (I32, I32) -> I32, ordered;
            I32RemS i32_rem_s visit_i32_rem_s "i32.rem_s" (I32, I32) -> I32, ordered;
            I32RemU i32_rem_u visit_i32_rem_u "i32.rem_u" (I32, I32) -> I32, ordered;
            I32And i32_and visit_i32_and "i32.and" (I32, I32) -> I32, commutes;
            I32Or i32_or visit_i32_or "i32.or" (I32, I32) -> I32, commutes;
            I32Xor i32_xor visit_i32_xor "i32.xor" (I32, I32) -> I32, commutes;
            I32Shl i32_shl visit_i32_shl "i32.shl" (I32, I32) -> I32, ordered;
            I32ShrS i32_shr_s visit_i32_shr_s "i32.shr_s" (I32, I32) -> I32, ordered;
            I32ShrU i32_shr_u visit_i32_shr_u "i32.shr_u" (I32, I32) -> I32, ordered;
            I32Rotl i32_rotl visit_i32_rotl "i32.rotl" (I32, I32) -> I32, ordered;
            I32Rotr i32_rotr visit_i32_rotr "i32.rotr" (I32, I32) -> I32, ordered;
            I64Add i64_add visit_i64_add "i64.add" (I64, I64) -> I64, commutes;
            I64Sub i64_sub visit_i64_sub "i64.sub" (I64, I64) -> I64, ordered;
            I64Mul i64_mul visit_i64_mul "i64.mul" (I64, I64) -> I64, commutes;
            I64DivS i64_div_s visit_i64_div_s "i64.div_s" (I64, I64) -> I64, ordered;
            I64DivU i64_div_u visit_i64_div_u "i64.div_u" (I64, I64) -> I64, ordered;
            I64RemS i64_rem_s visit_i64_rem_s "i64.rem_s" (I64, I64) -> I64, ordered;
            I64RemU i64_rem_u visit_i64_rem_u "i64.rem_u" (I64, I64) -> I64, ordered;
            I64And i64_and visit_i64_and "i64.and" (I64, I64) -> I64, commutes;
            I64Or i64_or visit_i64_or "i64.or" (I64, I64) -> I64, commutes;
            I64Xor i64_xor visit_i64_xor "i64.xor" (I64, I64) -> I64, commutes;
            I64Shl i64_shl visit_i64_shl "i64.shl" (I64, I64) -> I64, ordered;
            I64ShrS i64_shr_s visit_i64_shr_s "i64.shr_s" (I64, I64) -> I64, ordered;
            I64ShrU i64_shr_u visit_i64_shr_u "i64.shr_u" (I64, I64) -> I64, ordered;
            I64Rotl i64_rotl visit_i64_rotl "i64.rotl" (I64, I64) -> I64, ordered;
            I64Rotr i64_rotr visit_i64_rotr "i64.rotr" (I64, I64) -> I64, ordered;
            F32Add f32_add visit_f32_add "f32.add" (F32, F32) -> F32, commutes;
            F32Sub f32_sub visit_f32_sub "f32.sub" (F32, F32) -> F32, ordered;
            F32Mul f32_mul visit_f32_mul "f32.mul" (F32, F32) -> F32, commutes;
            F32Div f32_div visit_f32_div "f32.div" (F32, F32) -> F32, ordered;
            F32Min f32_min visit_f32_min "f32.min" (F32, F32) -> F32, commutes;
            F32Max f32_max visit_f32_max "f32.max" (F32, F32) -> F32, commutes;
            F32Copysign f32_copysign visit_f32_copysign "f32.copysign" (F32, F32) -> F32, ordered;
            F64Add f64_add visit_f64_add "f64.add" (F64, F64) -> F64, commutes;
            F64Sub f64_sub visit_f64_sub "f64.sub" (F64, F64) -> F64, ordered;
            F64Mul f64_mul visit_f64_mul "f64.mul" (F64, F64) -> F64, commutes;
            F64Div f64_div visit_f64_div "f64.div" (F64, F64) -> F64, ordered;
            F64Min f64_min visit_f64_min "f64.min" (F64, F64) -> F64, commutes;
            F64Max f64_max visit_f64_max "f64.max" (F64, F64) -> F64, commutes;
            F64Copysign f64_copysign visit_f64_copysign "f64.copysign" (F64, F64) -> F64, ordered;
        }
    };
}

/// Calls a macro with the scalar comparisons.
///
/// `swap` names the comparison that gives the same result with the operands exchanged, `negate` the
/// one that gives the opposite result, `none none` where there is none: of an order of floats the
/// opposite holds for NaN too.
///
/// A row: `I32LtS i32_lt_s visit_i32_lt_s "i32.lt_s" (I32, I32) -> I32, swap I32GtS i32_gt_s, negate I32GeS i32_ge_s;`
#[macro_export]
macro_rules! for_each_compare {
    ($m:ident) => {
        $m! {
            I32Eq i32_eq visit_i32_eq "i32.eq" (I32, I32) -> I32, swap I32Eq i32_eq, negate I32Ne i32_ne;
            I32Ne i32_ne visit_i32_ne "i32.ne" (I32, I32) -> I32, swap I32Ne i32_ne, negate I32Eq i32_eq;
            I32LtS i32_lt_s visit_i32_lt_s "i32.lt_s" (I32, I32) -> I32, swap I32GtS i32_gt_s, negate I32GeS i32_ge_s;
            I32LtU i32_lt_u visit_i32_lt_u "i32.lt_u" (I32, I32) -> I32, swap I32GtU i32_gt_u, negate I32GeU i32_ge_u;
            I32GtS i32_gt_s visit_i32_gt_s "i32.gt_s" (I32, I32) -> I32, swap I32LtS i32_lt_s, negate I32LeS i32_le_s;
            I32GtU i32_gt_u visit_i32_gt_u "i32.gt_u" (I32, I32) -> I32, swap I32LtU i32_lt_u, negate I32LeU i32_le_u;
            I32LeS i32_le_s visit_i32_le_s "i32.le_s" (I32, I32) -> I32, swap I32GeS i32_ge_s, negate I32GtS i32_gt_s;
            I32LeU i32_le_u visit_i32_le_u "i32.le_u" (I32, I32) -> I32, swap I32GeU i32_ge_u, negate I32GtU i32_gt_u;
            I32GeS i32_ge_s visit_i32_ge_s "i32.ge_s" (I32, I32) -> I32, swap I32LeS i32_le_s, negate I32LtS i32_lt_s;
            I32GeU i32_ge_u visit_i32_ge_u "i32.ge_u" (I32, I32) -> I32, swap I32LeU i32_le_u, negate I32LtU i32_lt_u;
            I64Eq i64_eq visit_i64_eq "i64.eq" (I64, I64) -> I32, swap I64Eq i64_eq, negate I64Ne i64_ne;
            I64Ne i64_ne visit_i64_ne "i64.ne" (I64, I64) -> I32, swap I64Ne i64_ne, negate I64Eq i64_eq;
            I64LtS i64_lt_s visit_i64_lt_s "i64.lt_s" (I64, I64) -> I32, swap I64GtS i64_gt_s, negate I64GeS i64_ge_s;
            I64LtU i64_lt_u visit_i64_lt_u "i64.lt_u" (I64, I64) -> I32, swap I64GtU i64_gt_u, negate I64GeU i64_ge_u;
            I64GtS i64_gt_s visit_i64_gt_s "i64.gt_s" (I64, I64) -> I32, swap I64LtS i64_lt_s, negate I64LeS i64_le_s;
            I64GtU i64_gt_u visit_i64_gt_u "i64.gt_u" (I64, I64) -> I32, swap I64LtU i64_lt_u, negate I64LeU i64_le_u;
            I64LeS i64_le_s visit_i64_le_s "i64.le_s" (I64, I64) -> I32, swap I64GeS i64_ge_s, negate I64GtS i64_gt_s;
            I64LeU i64_le_u visit_i64_le_u "i64.le_u" (I64, I64) -> I32, swap I64GeU i64_ge_u, negate I64GtU i64_gt_u;
            I64GeS i64_ge_s visit_i64_ge_s "i64.ge_s" (I64, I64) -> I32, swap I64LeS i64_le_s, negate I64LtS i64_lt_s;
            I64GeU i64_ge_u visit_i64_ge_u "i64.ge_u" (I64, I64) -> I32, swap I64LeU i64_le_u, negate I64LtU i64_lt_u;
            F32Eq f32_eq visit_f32_eq "f32.eq" (F32, F32) -> I32, swap F32Eq f32_eq, negate F32Ne f32_ne;
            F32Ne f32_ne visit_f32_ne "f32.ne" (F32, F32) -> I32, swap F32Ne f32_ne, negate F32Eq f32_eq;
            F32Lt f32_lt visit_f32_lt "f32.lt" (F32, F32) -> I32, swap F32Gt f32_gt, negate none none;
            F32Gt f32_gt visit_f32_gt "f32.gt" (F32, F32) -> I32, swap F32Lt f32_lt, negate none none;
            F32Le f32_le visit_f32_le "f32.le" (F32, F32) -> I32, swap F32Ge f32_ge, negate none none;
            F32Ge f32_ge visit_f32_ge "f32.ge" (F32, F32) -> I32, swap F32Le f32_le, negate none none;
            F64Eq f64_eq visit_f64_eq "f64.eq" (F64, F64) -> I32, swap F64Eq f64_eq, negate F64Ne f64_ne;
            F64Ne f64_ne visit_f64_ne "f64.ne" (F64, F64) -> I32, swap F64Ne f64_ne, negate F64Eq f64_eq;
            F64Lt f64_lt visit_f64_lt "f64.lt" (F64, F64) -> I32, swap F64Gt f64_gt, negate none none;
            F64Gt f64_gt visit_f64_gt "f64.gt" (F64, F64) -> I32, swap F64Lt f64_lt, negate none none;
            F64Le f64_le visit_f64_le "f64.le" (F64, F64) -> I32, swap F64Ge f64_ge, negate none none;
            F64Ge f64_ge visit_f64_ge "f64.ge" (F64, F64) -> I32, swap F64Le f64_le, negate none none;
        }
    };
}

/// Calls a macro with the wide arithmetic: the low half of a number comes before the high one.
///
/// A row: `I64Add128 i64_add128 visit_i64_add128 "i64.add128" (I64, I64, I64, I64) -> (I64, I64);`
#[macro_export]
macro_rules! for_each_wide {
    ($m:ident) => {
        $m! {
            I64Add128 i64_add128 visit_i64_add128 "i64.add128" (I64, I64, I64, I64) -> (I64, I64);
            I64Sub128 i64_sub128 visit_i64_sub128 "i64.sub128" (I64, I64, I64, I64) -> (I64, I64);
            I64MulWideS i64_mul_wide_s visit_i64_mul_wide_s "i64.mul_wide_s" (I64, I64) -> (I64, I64);
            I64MulWideU i64_mul_wide_u visit_i64_mul_wide_u "i64.mul_wide_u" (I64, I64) -> (I64, I64);
        }
    };
}
