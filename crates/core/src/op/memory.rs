//! Loads and stores.

/// Calls a macro with the scalar loads: the Rust type of the number in memory, the Rust type to
/// which `as` extends it (which has the width of the value), and the type of the value.
///
/// A row: `I32Load8S i32_load8_s visit_i32_load8_s "i32.load8_s" i8 as i32 -> I32;`
#[macro_export]
macro_rules! for_each_load {
    ($m:ident) => {
        $m! {
            I32Load i32_load visit_i32_load "i32.load" u32 as u32 -> I32;
            I64Load i64_load visit_i64_load "i64.load" u64 as u64 -> I64;
            F32Load f32_load visit_f32_load "f32.load" u32 as u32 -> F32;
            F64Load f64_load visit_f64_load "f64.load" u64 as u64 -> F64;
            I32Load8S i32_load8_s visit_i32_load8_s "i32.load8_s" i8 as i32 -> I32;
            I32Load8U i32_load8_u visit_i32_load8_u "i32.load8_u" u8 as u32 -> I32;
            I32Load16S i32_load16_s visit_i32_load16_s "i32.load16_s" i16 as i32 -> I32;
            I32Load16U i32_load16_u visit_i32_load16_u "i32.load16_u" u16 as u32 -> I32;
            I64Load8S i64_load8_s visit_i64_load8_s "i64.load8_s" i8 as i64 -> I64;
            I64Load8U i64_load8_u visit_i64_load8_u "i64.load8_u" u8 as u64 -> I64;
            I64Load16S i64_load16_s visit_i64_load16_s "i64.load16_s" i16 as i64 -> I64;
            I64Load16U i64_load16_u visit_i64_load16_u "i64.load16_u" u16 as u64 -> I64;
            I64Load32S i64_load32_s visit_i64_load32_s "i64.load32_s" i32 as i64 -> I64;
            I64Load32U i64_load32_u visit_i64_load32_u "i64.load32_u" u32 as u64 -> I64;
        }
    };
}

/// Calls a macro with the scalar stores: the type of the value, and the Rust type of the number to
/// which `as` narrows its bits.
///
/// A row: `I32Store8 i32_store8 visit_i32_store8 "i32.store8" I32 as u8;`
#[macro_export]
macro_rules! for_each_store {
    ($m:ident) => {
        $m! {
            I32Store i32_store visit_i32_store "i32.store" I32 as u32;
            I64Store i64_store visit_i64_store "i64.store" I64 as u64;
            F32Store f32_store visit_f32_store "f32.store" F32 as u32;
            F64Store f64_store visit_f64_store "f64.store" F64 as u64;
            I32Store8 i32_store8 visit_i32_store8 "i32.store8" I32 as u8;
            I32Store16 i32_store16 visit_i32_store16 "i32.store16" I32 as u16;
            I64Store8 i64_store8 visit_i64_store8 "i64.store8" I64 as u8;
            I64Store16 i64_store16 visit_i64_store16 "i64.store16" I64 as u16;
            I64Store32 i64_store32 visit_i64_store32 "i64.store32" I64 as u32;
        }
    };
}

/// Calls a macro with the loads of whole vectors: the Rust type of the number in memory, of which
/// the function makes the vector, and its size.
///
/// A row: `V128Load8x8S v128_load8x8_s visit_v128_load8x8_s "v128.load8x8_s" u64, bytes 8;`
#[macro_export]
macro_rules! for_each_vector_load {
    ($m:ident) => {
        $m! {
            V128Load v128_load visit_v128_load "v128.load" u128, bytes 16;
            V128Load8x8S v128_load8x8_s visit_v128_load8x8_s "v128.load8x8_s" u64, bytes 8;
            V128Load8x8U v128_load8x8_u visit_v128_load8x8_u "v128.load8x8_u" u64, bytes 8;
            V128Load16x4S v128_load16x4_s visit_v128_load16x4_s "v128.load16x4_s" u64, bytes 8;
            V128Load16x4U v128_load16x4_u visit_v128_load16x4_u "v128.load16x4_u" u64, bytes 8;
            V128Load32x2S v128_load32x2_s visit_v128_load32x2_s "v128.load32x2_s" u64, bytes 8;
            V128Load32x2U v128_load32x2_u visit_v128_load32x2_u "v128.load32x2_u" u64, bytes 8;
            V128Load8Splat v128_load8_splat visit_v128_load8_splat "v128.load8_splat" u8, bytes 1;
            V128Load16Splat v128_load16_splat visit_v128_load16_splat "v128.load16_splat" u16, bytes 2;
            V128Load32Splat v128_load32_splat visit_v128_load32_splat "v128.load32_splat" u32, bytes 4;
            V128Load64Splat v128_load64_splat visit_v128_load64_splat "v128.load64_splat" u64, bytes 8;
            V128Load32Zero v128_load32_zero visit_v128_load32_zero "v128.load32_zero" u32, bytes 4;
            V128Load64Zero v128_load64_zero visit_v128_load64_zero "v128.load64_zero" u64, bytes 8;
        }
    };
}

/// Calls a macro with the stores of whole vectors, of which there is one: the Rust type of the
/// number that the function makes of the vector, and its size.
///
/// A row: `V128Store v128_store visit_v128_store "v128.store" u128, bytes 16;`
#[macro_export]
macro_rules! for_each_vector_store {
    ($m:ident) => {
        $m! {
            V128Store v128_store visit_v128_store "v128.store" u128, bytes 16;
        }
    };
}

/// Calls a macro with the loads of one lane: the function takes the vector, the number read from
/// memory and the number of the lane, and gives a vector.
///
/// A row: `V128Load8Lane v128_load8_lane visit_v128_load8_lane "v128.load8_lane" u8, bytes 1, lanes 16;`
#[macro_export]
macro_rules! for_each_vector_lane_load {
    ($m:ident) => {
        $m! {
            V128Load8Lane v128_load8_lane visit_v128_load8_lane "v128.load8_lane" u8, bytes 1, lanes 16;
            V128Load16Lane v128_load16_lane visit_v128_load16_lane "v128.load16_lane" u16, bytes 2, lanes 8;
            V128Load32Lane v128_load32_lane visit_v128_load32_lane "v128.load32_lane" u32, bytes 4, lanes 4;
            V128Load64Lane v128_load64_lane visit_v128_load64_lane "v128.load64_lane" u64, bytes 8, lanes 2;
        }
    };
}

/// Calls a macro with the stores of one lane: the function takes the vector and the number of the
/// lane, and gives the number to be written.
///
/// A row: `V128Store8Lane v128_store8_lane visit_v128_store8_lane "v128.store8_lane" u8, bytes 1, lanes 16;`
#[macro_export]
macro_rules! for_each_vector_lane_store {
    ($m:ident) => {
        $m! {
            V128Store8Lane v128_store8_lane visit_v128_store8_lane "v128.store8_lane" u8, bytes 1, lanes 16;
            V128Store16Lane v128_store16_lane visit_v128_store16_lane "v128.store16_lane" u16, bytes 2, lanes 8;
            V128Store32Lane v128_store32_lane visit_v128_store32_lane "v128.store32_lane" u32, bytes 4, lanes 4;
            V128Store64Lane v128_store64_lane visit_v128_store64_lane "v128.store64_lane" u64, bytes 8, lanes 2;
        }
    };
}
