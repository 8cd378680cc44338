//! Vectors of floats: the scalar operators lane by lane.

use super::{map, shape, zip};
use crate::V128;
use crate::sem::*;

/// Defines operators that apply a function lane by lane, with the function for each shape.
macro_rules! lanewise {
    ($($text:literal ($a:ident) $f32x4:ident $f32:expr, $f64x2:ident $f64:expr;)*) => {$(
        #[doc = concat!("`f32x4.", $text, "`.")]
        #[inline(always)]
        pub fn $f32x4($a: V128) -> V128 {
            map($a, $f32)
        }

        #[doc = concat!("`f64x2.", $text, "`.")]
        #[inline(always)]
        pub fn $f64x2($a: V128) -> V128 {
            map($a, $f64)
        }
    )*};
    ($($text:literal ($a:ident, $b:ident) $f32x4:ident $f32:expr, $f64x2:ident $f64:expr;)*) => {$(
        #[doc = concat!("`f32x4.", $text, "`.")]
        #[inline(always)]
        pub fn $f32x4($a: V128, $b: V128) -> V128 {
            zip($a, $b, $f32)
        }

        #[doc = concat!("`f64x2.", $text, "`.")]
        #[inline(always)]
        pub fn $f64x2($a: V128, $b: V128) -> V128 {
            zip($a, $b, $f64)
        }
    )*};
}

lanewise! {
    "abs" (a) f32x4_abs f32_abs, f64x2_abs f64_abs;
    "neg" (a) f32x4_neg f32_neg, f64x2_neg f64_neg;
    "sqrt" (a) f32x4_sqrt f32_sqrt, f64x2_sqrt f64_sqrt;
    "ceil" (a) f32x4_ceil f32_ceil, f64x2_ceil f64_ceil;
    "floor" (a) f32x4_floor f32_floor, f64x2_floor f64_floor;
    "trunc" (a) f32x4_trunc f32_trunc, f64x2_trunc f64_trunc;
    "nearest" (a) f32x4_nearest f32_nearest, f64x2_nearest f64_nearest;
}

lanewise! {
    "add" (a, b) f32x4_add f32_add, f64x2_add f64_add;
    "sub" (a, b) f32x4_sub f32_sub, f64x2_sub f64_sub;
    "mul" (a, b) f32x4_mul f32_mul, f64x2_mul f64_mul;
    "div" (a, b) f32x4_div f32_div, f64x2_div f64_div;
    "min" (a, b) f32x4_min f32_min, f64x2_min f64_min;
    "max" (a, b) f32x4_max f32_max, f64x2_max f64_max;
    // The pseudo-minimum and -maximum select the bits of an operand: `a` unless `b` is better.
    "pmin" (a, b) f32x4_pmin |a: f32, b: f32| if b < a { b } else { a },
        f64x2_pmin |a: f64, b: f64| if b < a { b } else { a };
    "pmax" (a, b) f32x4_pmax |a: f32, b: f32| if a < b { b } else { a },
        f64x2_pmax |a: f64, b: f64| if a < b { b } else { a };
}

/// Defines comparisons: a lane of the result is all ones or all zeros.
macro_rules! comparisons {
    ($($text:literal |$a:ident, $b:ident| $body:expr => $f32x4:ident, $f64x2:ident;)*) => {$(
        comparisons!($text, $f32x4, f32, u32, |$a, $b| $body);
        comparisons!($text, $f64x2, f64, u64, |$a, $b| $body);
    )*};
    ($text:literal, $name:ident, $float:ident, $mask:ident, |$a:ident, $b:ident| $body:expr) => {
        #[doc = concat!("`", shape!($float), ".", $text, "`.")]
        #[inline(always)]
        pub fn $name(a: V128, b: V128) -> V128 {
            zip(a, b, |$a: $float, $b: $float| $mask::from($body).wrapping_neg())
        }
    };
}

comparisons! {
    "eq" |a, b| a == b => f32x4_eq, f64x2_eq;
    "ne" |a, b| a != b => f32x4_ne, f64x2_ne;
    "lt" |a, b| a < b => f32x4_lt, f64x2_lt;
    "gt" |a, b| a > b => f32x4_gt, f64x2_gt;
    "le" |a, b| a <= b => f32x4_le, f64x2_le;
    "ge" |a, b| a >= b => f32x4_ge, f64x2_ge;
}
