//! Vectors of integers.

use super::{Lane, map, narrow, pairwise, pairwise_zip, shape, widen, widen_zip, zip};
use crate::V128;
use crate::sem::define;

/// Defines operators that apply one scalar function lane by lane. A row gives the function and
/// then, for each shape that has the operator, the type of the lanes, signed or not as the
/// function needs them.
macro_rules! lanewise {
    ($($text:literal |$a:ident| $body:expr => $($lane:ident $name:ident),*;)*) => {$($(
        #[doc = concat!("`", shape!($lane), ".", $text, "`.")]
        #[inline(always)]
        pub fn $name(a: V128) -> V128 {
            map(a, |$a: $lane| -> $lane { $body })
        }
    )*)*};
    ($($text:literal |$a:ident, $b:ident| $body:expr => $($lane:ident $name:ident),*;)*) => {$($(
        #[doc = concat!("`", shape!($lane), ".", $text, "`.")]
        #[inline(always)]
        pub fn $name(a: V128, b: V128) -> V128 {
            zip(a, b, |$a: $lane, $b: $lane| -> $lane { $body })
        }
    )*)*};
}

lanewise! {
    "abs" |a| a.wrapping_abs() =>
        i8 i8x16_abs, i16 i16x8_abs, i32 i32x4_abs, i64 i64x2_abs;
    "neg" |a| a.wrapping_neg() =>
        u8 i8x16_neg, u16 i16x8_neg, u32 i32x4_neg, u64 i64x2_neg;
    "popcnt" |a| a.count_ones() as u8 =>
        u8 i8x16_popcnt;
}

lanewise! {
    "add" |a, b| a.wrapping_add(b) =>
        u8 i8x16_add, u16 i16x8_add, u32 i32x4_add, u64 i64x2_add;
    "sub" |a, b| a.wrapping_sub(b) =>
        u8 i8x16_sub, u16 i16x8_sub, u32 i32x4_sub, u64 i64x2_sub;
    "mul" |a, b| a.wrapping_mul(b) =>
        u16 i16x8_mul, u32 i32x4_mul, u64 i64x2_mul;
    "add_sat_s" |a, b| a.saturating_add(b) => i8 i8x16_add_sat_s, i16 i16x8_add_sat_s;
    "add_sat_u" |a, b| a.saturating_add(b) => u8 i8x16_add_sat_u, u16 i16x8_add_sat_u;
    "sub_sat_s" |a, b| a.saturating_sub(b) => i8 i8x16_sub_sat_s, i16 i16x8_sub_sat_s;
    "sub_sat_u" |a, b| a.saturating_sub(b) => u8 i8x16_sub_sat_u, u16 i16x8_sub_sat_u;
    "min_s" |a, b| a.min(b) => i8 i8x16_min_s, i16 i16x8_min_s, i32 i32x4_min_s;
    "min_u" |a, b| a.min(b) => u8 i8x16_min_u, u16 i16x8_min_u, u32 i32x4_min_u;
    "max_s" |a, b| a.max(b) => i8 i8x16_max_s, i16 i16x8_max_s, i32 i32x4_max_s;
    "max_u" |a, b| a.max(b) => u8 i8x16_max_u, u16 i16x8_max_u, u32 i32x4_max_u;
    // The average, rounded up, without a wider type.
    "avgr_u" |a, b| (a | b) - ((a ^ b) >> 1) => u8 i8x16_avgr_u, u16 i16x8_avgr_u;
    // Only the product of two minima exceeds the range, by one.
    "q15mulr_sat_s" |a, b| {
        let product = i32::from(a) * i32::from(b);
        ((product + (1 << 14)) >> 15).min(i16::MAX.into()) as i16
    } => i16 i16x8_q15mulr_sat_s;
}

/// Defines comparisons: a lane of the result is all ones or all zeros.
macro_rules! comparisons {
    ($($text:literal |$a:ident, $b:ident| $body:expr => $($lane:ident $name:ident),*;)*) => {$($(
        #[doc = concat!("`", shape!($lane), ".", $text, "`.")]
        #[inline(always)]
        pub fn $name(a: V128, b: V128) -> V128 {
            zip(a, b, |$a: $lane, $b: $lane| $lane::from($body).wrapping_neg())
        }
    )*)*};
}

comparisons! {
    "eq" |a, b| a == b => u8 i8x16_eq, u16 i16x8_eq, u32 i32x4_eq, u64 i64x2_eq;
    "ne" |a, b| a != b => u8 i8x16_ne, u16 i16x8_ne, u32 i32x4_ne, u64 i64x2_ne;
    "lt_s" |a, b| a < b => i8 i8x16_lt_s, i16 i16x8_lt_s, i32 i32x4_lt_s, i64 i64x2_lt_s;
    "lt_u" |a, b| a < b => u8 i8x16_lt_u, u16 i16x8_lt_u, u32 i32x4_lt_u;
    "gt_s" |a, b| a > b => i8 i8x16_gt_s, i16 i16x8_gt_s, i32 i32x4_gt_s, i64 i64x2_gt_s;
    "gt_u" |a, b| a > b => u8 i8x16_gt_u, u16 i16x8_gt_u, u32 i32x4_gt_u;
    "le_s" |a, b| a <= b => i8 i8x16_le_s, i16 i16x8_le_s, i32 i32x4_le_s, i64 i64x2_le_s;
    "le_u" |a, b| a <= b => u8 i8x16_le_u, u16 i16x8_le_u, u32 i32x4_le_u;
    "ge_s" |a, b| a >= b => i8 i8x16_ge_s, i16 i16x8_ge_s, i32 i32x4_ge_s, i64 i64x2_ge_s;
    "ge_u" |a, b| a >= b => u8 i8x16_ge_u, u16 i16x8_ge_u, u32 i32x4_ge_u;
}

/// Defines shifts of all lanes by one count, which is taken modulo the width of a lane.
macro_rules! shifts {
    ($($text:literal $shift:ident => $($lane:ident $name:ident),*;)*) => {$($(
        #[doc = concat!("`", shape!($lane), ".", $text, "`.")]
        #[inline(always)]
        pub fn $name(a: V128, count: u32) -> V128 {
            map(a, |a: $lane| a.$shift(count))
        }
    )*)*};
}

shifts! {
    "shl" wrapping_shl => u8 i8x16_shl, u16 i16x8_shl, u32 i32x4_shl, u64 i64x2_shl;
    "shr_s" wrapping_shr => i8 i8x16_shr_s, i16 i16x8_shr_s, i32 i32x4_shr_s, i64 i64x2_shr_s;
    "shr_u" wrapping_shr => u8 i8x16_shr_u, u16 i16x8_shr_u, u32 i32x4_shr_u, u64 i64x2_shr_u;
}

/// Defines `all_true` and `bitmask`, the latter from the function of one half of the vector.
macro_rules! reductions {
    ($($lane:ident $all_true:ident $bitmask:ident $signs:ident;)*) => {$(
        #[doc = concat!("`", shape!($lane), ".all_true`.")]
        #[inline(always)]
        pub fn $all_true(a: V128) -> u32 {
            let lanes = $lane::split(a);
            let (mut any, mut i) = (0, 0);
            while i < lanes.len() {
                any |= $lane::from(lanes[i] == 0);
                i += 1;
            }
            u32::from(any == 0)
        }

        #[doc = concat!("`", shape!($lane), ".bitmask`: the signs, that of lane 0 in bit 0.")]
        #[inline(always)]
        pub fn $bitmask(a: V128) -> u32 {
            let [low, high] = a.to_u64x2();
            ($signs(low) | $signs(high) << (8 / size_of::<$lane>())) as u32
        }
    )*};
}

reductions! {
    u8 i8x16_all_true i8x16_bitmask signs8;
    u16 i16x8_all_true i16x8_bitmask signs16;
    u32 i32x4_all_true i32x4_bitmask signs32;
    u64 i64x2_all_true i64x2_bitmask signs64;
}

/// The signs of eight lanes, gathered by a multiplication: a summand of the factor moves one of
/// them to its place among the highest bits, and no two of the products meet.
#[inline(always)]
fn signs8(half: u64) -> u64 {
    (half >> 7 & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The signs of four lanes.
#[inline(always)]
fn signs16(half: u64) -> u64 {
    (half >> 15 & 0x0001_0001_0001_0001).wrapping_mul(0x0001_0002_0004_0008) >> 48 & 15
}

/// The signs of two lanes.
#[inline(always)]
fn signs32(half: u64) -> u64 {
    half >> 31 & 1 | half >> 62 & 2
}

/// The sign of one lane.
#[inline(always)]
fn signs64(half: u64) -> u64 {
    half >> 63
}

/// Defines what goes from the lanes `$from` to the lanes `$to` of twice the width.
macro_rules! widening {
    ($($from:ident $to:ident: $low:ident $high:ident $mul_low:ident $mul_high:ident;)*) => {$(
        #[doc = concat!("The low lanes, extended as `", stringify!($from), "`.")]
        #[inline(always)]
        pub fn $low(a: V128) -> V128 {
            widen(a, 0, |a: $from| $to::from(a))
        }

        #[doc = concat!("The high lanes, extended as `", stringify!($from), "`.")]
        #[inline(always)]
        pub fn $high(a: V128) -> V128 {
            widen(a, 8 / size_of::<$from>(), |a: $from| $to::from(a))
        }

        #[doc = concat!("The full products of the low lanes as `", stringify!($from), "`.")]
        #[inline(always)]
        pub fn $mul_low(a: V128, b: V128) -> V128 {
            widen_zip(a, b, 0, |a: $from, b: $from| $to::from(a) * $to::from(b))
        }

        #[doc = concat!("The full products of the high lanes as `", stringify!($from), "`.")]
        #[inline(always)]
        pub fn $mul_high(a: V128, b: V128) -> V128 {
            let start = 8 / size_of::<$from>();
            widen_zip(a, b, start, |a: $from, b: $from| $to::from(a) * $to::from(b))
        }
    )*};
}

widening! {
    i8 i16: i16x8_extend_low_i8x16_s i16x8_extend_high_i8x16_s
        i16x8_extmul_low_i8x16_s i16x8_extmul_high_i8x16_s;
    u8 u16: i16x8_extend_low_i8x16_u i16x8_extend_high_i8x16_u
        i16x8_extmul_low_i8x16_u i16x8_extmul_high_i8x16_u;
    i16 i32: i32x4_extend_low_i16x8_s i32x4_extend_high_i16x8_s
        i32x4_extmul_low_i16x8_s i32x4_extmul_high_i16x8_s;
    u16 u32: i32x4_extend_low_i16x8_u i32x4_extend_high_i16x8_u
        i32x4_extmul_low_i16x8_u i32x4_extmul_high_i16x8_u;
    i32 i64: i64x2_extend_low_i32x4_s i64x2_extend_high_i32x4_s
        i64x2_extmul_low_i32x4_s i64x2_extmul_high_i32x4_s;
    u32 u64: i64x2_extend_low_i32x4_u i64x2_extend_high_i32x4_u
        i64x2_extmul_low_i32x4_u i64x2_extmul_high_i32x4_u;
}

define! {
    "i8x16.narrow_i16x8_s" i8x16_narrow_i16x8_s(a: V128, b: V128) -> V128 => {
        narrow(a, b, |a: i16| a.clamp(i8::MIN.into(), i8::MAX.into()) as i8)
    };
    "i8x16.narrow_i16x8_u" i8x16_narrow_i16x8_u(a: V128, b: V128) -> V128 => {
        narrow(a, b, |a: i16| a.clamp(u8::MIN.into(), u8::MAX.into()) as u8)
    };
    "i16x8.narrow_i32x4_s" i16x8_narrow_i32x4_s(a: V128, b: V128) -> V128 => {
        narrow(a, b, |a: i32| a.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
    };
    "i16x8.narrow_i32x4_u" i16x8_narrow_i32x4_u(a: V128, b: V128) -> V128 => {
        narrow(a, b, |a: i32| a.clamp(u16::MIN.into(), u16::MAX.into()) as u16)
    };
    "i16x8.extadd_pairwise_i8x16_s" i16x8_extadd_pairwise_i8x16_s(a: V128) -> V128 => {
        pairwise(a, |a: i8, b: i8| i16::from(a) + i16::from(b))
    };
    "i16x8.extadd_pairwise_i8x16_u" i16x8_extadd_pairwise_i8x16_u(a: V128) -> V128 => {
        pairwise(a, |a: u8, b: u8| u16::from(a) + u16::from(b))
    };
    "i32x4.extadd_pairwise_i16x8_s" i32x4_extadd_pairwise_i16x8_s(a: V128) -> V128 => {
        pairwise(a, |a: i16, b: i16| i32::from(a) + i32::from(b))
    };
    "i32x4.extadd_pairwise_i16x8_u" i32x4_extadd_pairwise_i16x8_u(a: V128) -> V128 => {
        pairwise(a, |a: u16, b: u16| u32::from(a) + u32::from(b))
    };
    // The sum of the squares of two minima is 2^31, which wraps.
    "i32x4.dot_i16x8_s" i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 => {
        pairwise_zip(a, b, |a: i16, b: i16, c: i16, d: i16| {
            (i32::from(a) * i32::from(b)).wrapping_add(i32::from(c) * i32::from(d))
        })
    };
}
