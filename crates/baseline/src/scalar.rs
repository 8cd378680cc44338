//! The scalar operators: which instructions each of them is.

use crate::compiler::Compiler;
use crate::convert::FloatToInt;
use crate::float::rounding;
use crate::value::{Cond, Ty};
use tierra_asm::x64::{Cc, Op, Size};

macro_rules! unary_enum {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident) -> $r:ident;)*) => {
        /// The scalar operators of one operand.
        #[derive(Clone, Copy)]
        pub(crate) enum Unary { $($op),* }
    };
}
tierra_core::for_each_unary!(unary_enum);

macro_rules! binary_enum {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident, $order:ident;)*) => {
        /// The scalar operators of two operands that are no comparisons.
        #[derive(Clone, Copy)]
        pub(crate) enum Binary { $($op),* }
    };
}
tierra_core::for_each_binary!(binary_enum);

macro_rules! compare_enum {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident,
        swap $swap:ident $swap_f:ident, negate $negate:ident $negate_f:ident;)*) => {
        /// The scalar comparisons.
        #[derive(Clone, Copy)]
        pub(crate) enum Compare { $($op),* }
    };
}
tierra_core::for_each_compare!(compare_enum);

const D: Size = Size::D;
const Q: Size = Size::Q;

/// The conversion that an operator is.
const fn trunc(double: bool, size: Size, signed: bool, saturating: bool) -> FloatToInt {
    FloatToInt {
        double,
        size,
        signed,
        saturating,
    }
}

impl Compiler<'_> {
    #[inline(always)]
    pub fn unary(&mut self, op: Unary) {
        use Unary::*;
        if !matches!(op, I32Eqz) && self.has_flags {
            self.settle_flags();
        }
        match op {
            I32Eqz => self.eqz(Ty::I32),
            I64Eqz => self.eqz(Ty::I64),
            I32Clz => self.count_zeros(true, D),
            I32Ctz => self.count_zeros(false, D),
            I32Popcnt => self.int_unary(Op::Popcnt, D, Ty::I32, Ty::I32),
            I64Clz => self.count_zeros(true, Q),
            I64Ctz => self.count_zeros(false, Q),
            I64Popcnt => self.int_unary(Op::Popcnt, Q, Ty::I64, Ty::I64),
            F32Abs => self.float_sign(Op::Andps, false, true, Ty::F32),
            F32Neg => self.float_sign(Op::Xorps, false, false, Ty::F32),
            F32Ceil => self.float_unary(Op::Roundss, false, Some(rounding::CEIL)),
            F32Floor => self.float_unary(Op::Roundss, false, Some(rounding::FLOOR)),
            F32Trunc => self.float_unary(Op::Roundss, false, Some(rounding::TRUNC)),
            F32Nearest => self.float_unary(Op::Roundss, false, Some(rounding::NEAREST)),
            F32Sqrt => self.float_unary(Op::Sqrtss, false, None),
            F64Abs => self.float_sign(Op::Andps, true, true, Ty::F64),
            F64Neg => self.float_sign(Op::Xorps, true, false, Ty::F64),
            F64Ceil => self.float_unary(Op::Roundsd, true, Some(rounding::CEIL)),
            F64Floor => self.float_unary(Op::Roundsd, true, Some(rounding::FLOOR)),
            F64Trunc => self.float_unary(Op::Roundsd, true, Some(rounding::TRUNC)),
            F64Nearest => self.float_unary(Op::Roundsd, true, Some(rounding::NEAREST)),
            F64Sqrt => self.float_unary(Op::Sqrtsd, true, None),
            I32WrapI64 => self.int_unary(Op::Mov, D, Ty::I64, Ty::I32),
            I64ExtendI32S | I64Extend32S => self.int_unary(Op::Movsxd, Q, Ty::I32, Ty::I64),
            I64ExtendI32U => self.extend_unsigned(),
            I32Extend8S => self.int_unary(Op::Movsx8, D, Ty::I32, Ty::I32),
            I32Extend16S => self.int_unary(Op::Movsx16, D, Ty::I32, Ty::I32),
            I64Extend8S => self.int_unary(Op::Movsx8, Q, Ty::I64, Ty::I64),
            I64Extend16S => self.int_unary(Op::Movsx16, Q, Ty::I64, Ty::I64),
            I32TruncF32S => self.float_to_int(trunc(false, D, true, false)),
            I32TruncF32U => self.float_to_int(trunc(false, D, false, false)),
            I32TruncF64S => self.float_to_int(trunc(true, D, true, false)),
            I32TruncF64U => self.float_to_int(trunc(true, D, false, false)),
            I64TruncF32S => self.float_to_int(trunc(false, Q, true, false)),
            I64TruncF32U => self.float_to_int(trunc(false, Q, false, false)),
            I64TruncF64S => self.float_to_int(trunc(true, Q, true, false)),
            I64TruncF64U => self.float_to_int(trunc(true, Q, false, false)),
            I32TruncSatF32S => self.float_to_int(trunc(false, D, true, true)),
            I32TruncSatF32U => self.float_to_int(trunc(false, D, false, true)),
            I32TruncSatF64S => self.float_to_int(trunc(true, D, true, true)),
            I32TruncSatF64U => self.float_to_int(trunc(true, D, false, true)),
            I64TruncSatF32S => self.float_to_int(trunc(false, Q, true, true)),
            I64TruncSatF32U => self.float_to_int(trunc(false, Q, false, true)),
            I64TruncSatF64S => self.float_to_int(trunc(true, Q, true, true)),
            I64TruncSatF64U => self.float_to_int(trunc(true, Q, false, true)),
            F32ConvertI32S => self.int_to_float(false, D, Ty::I32),
            // The upper half of the register is zero.
            F32ConvertI32U => self.int_to_float(false, Q, Ty::I32),
            F32ConvertI64S => self.int_to_float(false, Q, Ty::I64),
            F32ConvertI64U => self.unsigned_to_float(false),
            F64ConvertI32S => self.int_to_float(true, D, Ty::I32),
            F64ConvertI32U => self.int_to_float(true, Q, Ty::I32),
            F64ConvertI64S => self.int_to_float(true, Q, Ty::I64),
            F64ConvertI64U => self.unsigned_to_float(true),
            F32DemoteF64 => self.float_convert(Op::Cvtsd2ss, Ty::F64, Ty::F32),
            F64PromoteF32 => self.float_convert(Op::Cvtss2sd, Ty::F32, Ty::F64),
            I32ReinterpretF32 => self.reinterpret(Ty::F32, Ty::I32),
            I64ReinterpretF64 => self.reinterpret(Ty::F64, Ty::I64),
            F32ReinterpretI32 => self.reinterpret(Ty::I32, Ty::F32),
            F64ReinterpretI64 => self.reinterpret(Ty::I64, Ty::F64),
        }
    }

    #[inline(always)]
    pub fn binary(&mut self, op: Binary) {
        use Binary::*;
        match op {
            I32Add => self.arithmetic(Op::Add, D, true),
            I32Sub => self.arithmetic(Op::Sub, D, false),
            I32Mul => self.multiply(D),
            I32DivS => self.divide(D, true, false),
            I32DivU => self.divide(D, false, false),
            I32RemS => self.divide(D, true, true),
            I32RemU => self.divide(D, false, true),
            I32And => self.arithmetic(Op::And, D, true),
            I32Or => self.arithmetic(Op::Or, D, true),
            I32Xor => self.arithmetic(Op::Xor, D, true),
            I32Shl => self.shift(Op::Shl, Some(Op::Shlx), D),
            I32ShrS => self.shift(Op::Sar, Some(Op::Sarx), D),
            I32ShrU => self.shift(Op::Shr, Some(Op::Shrx), D),
            I32Rotl => self.shift(Op::Rol, None, D),
            I32Rotr => self.shift(Op::Ror, None, D),
            I64Add => self.arithmetic(Op::Add, Q, true),
            I64Sub => self.arithmetic(Op::Sub, Q, false),
            I64Mul => self.multiply(Q),
            I64DivS => self.divide(Q, true, false),
            I64DivU => self.divide(Q, false, false),
            I64RemS => self.divide(Q, true, true),
            I64RemU => self.divide(Q, false, true),
            I64And => self.arithmetic(Op::And, Q, true),
            I64Or => self.arithmetic(Op::Or, Q, true),
            I64Xor => self.arithmetic(Op::Xor, Q, true),
            I64Shl => self.shift(Op::Shl, Some(Op::Shlx), Q),
            I64ShrS => self.shift(Op::Sar, Some(Op::Sarx), Q),
            I64ShrU => self.shift(Op::Shr, Some(Op::Shrx), Q),
            I64Rotl => self.shift(Op::Rol, None, Q),
            I64Rotr => self.shift(Op::Ror, None, Q),
            F32Add => self.float_arithmetic(Op::Addss, false),
            F32Sub => self.float_arithmetic(Op::Subss, false),
            F32Mul => self.float_arithmetic(Op::Mulss, false),
            F32Div => self.float_arithmetic(Op::Divss, false),
            F32Min => self.min_max(false, false),
            F32Max => self.min_max(false, true),
            F32Copysign => self.copysign(false),
            F64Add => self.float_arithmetic(Op::Addsd, true),
            F64Sub => self.float_arithmetic(Op::Subsd, true),
            F64Mul => self.float_arithmetic(Op::Mulsd, true),
            F64Div => self.float_arithmetic(Op::Divsd, true),
            F64Min => self.min_max(true, false),
            F64Max => self.min_max(true, true),
            F64Copysign => self.copysign(true),
        }
    }

    #[inline(always)]
    pub fn comparison(&mut self, op: Compare) {
        use Compare::*;
        const ABOVE: Cond = Cond::Cc(Cc::A);
        const NOT_BELOW: Cond = Cond::Cc(Cc::AE);
        match op {
            I32Eq => self.compare(D, Cc::E, Cc::E),
            I32Ne => self.compare(D, Cc::NE, Cc::NE),
            I32LtS => self.compare(D, Cc::L, Cc::G),
            I32LtU => self.compare(D, Cc::B, Cc::A),
            I32GtS => self.compare(D, Cc::G, Cc::L),
            I32GtU => self.compare(D, Cc::A, Cc::B),
            I32LeS => self.compare(D, Cc::LE, Cc::GE),
            I32LeU => self.compare(D, Cc::BE, Cc::AE),
            I32GeS => self.compare(D, Cc::GE, Cc::LE),
            I32GeU => self.compare(D, Cc::AE, Cc::BE),
            I64Eq => self.compare(Q, Cc::E, Cc::E),
            I64Ne => self.compare(Q, Cc::NE, Cc::NE),
            I64LtS => self.compare(Q, Cc::L, Cc::G),
            I64LtU => self.compare(Q, Cc::B, Cc::A),
            I64GtS => self.compare(Q, Cc::G, Cc::L),
            I64GtU => self.compare(Q, Cc::A, Cc::B),
            I64LeS => self.compare(Q, Cc::LE, Cc::GE),
            I64LeU => self.compare(Q, Cc::BE, Cc::AE),
            I64GeS => self.compare(Q, Cc::GE, Cc::LE),
            I64GeU => self.compare(Q, Cc::AE, Cc::BE),
            F32Eq => self.float_compare(false, Cond::Equal, false),
            F32Ne => self.float_compare(false, Cond::NotEqual, false),
            F32Lt => self.float_compare(false, ABOVE, true),
            F32Gt => self.float_compare(false, ABOVE, false),
            F32Le => self.float_compare(false, NOT_BELOW, true),
            F32Ge => self.float_compare(false, NOT_BELOW, false),
            F64Eq => self.float_compare(true, Cond::Equal, false),
            F64Ne => self.float_compare(true, Cond::NotEqual, false),
            F64Lt => self.float_compare(true, ABOVE, true),
            F64Gt => self.float_compare(true, ABOVE, false),
            F64Le => self.float_compare(true, NOT_BELOW, true),
            F64Ge => self.float_compare(true, NOT_BELOW, false),
        }
    }
}
