//! Floats: `f32` and `f64`.

use super::result;

/// Defines an operator of both widths. A body after `=>` is written once for both; a name
/// after `by` is that of a helper which each width has.
macro_rules! floats {
    ($($text:literal $f32:ident $f64:ident ($($arg:ident),*) -> $kind:ident => $body:expr;)*) => {$(
        #[doc = concat!("`f32.", $text, "`.")]
        #[inline(always)]
        pub fn $f32($($arg: f32),*) -> result!($kind f32) {
            $body
        }

        #[doc = concat!("`f64.", $text, "`.")]
        #[inline(always)]
        pub fn $f64($($arg: f64),*) -> result!($kind f64) {
            $body
        }
    )*};
    ($($text:literal $f32:ident $f64:ident ($($arg:ident),*) by $helper:ident;)*) => {$(
        #[doc = concat!("`f32.", $text, "`.")]
        #[inline(always)]
        pub fn $f32($($arg: f32),*) -> f32 {
            single::$helper($($arg),*)
        }

        #[doc = concat!("`f64.", $text, "`.")]
        #[inline(always)]
        pub fn $f64($($arg: f64),*) -> f64 {
            double::$helper($($arg),*)
        }
    )*};
}

floats! {
    "eq" f32_eq f64_eq (a, b) -> flag => u32::from(a == b);
    "ne" f32_ne f64_ne (a, b) -> flag => u32::from(a != b);
    "lt" f32_lt f64_lt (a, b) -> flag => u32::from(a < b);
    "gt" f32_gt f64_gt (a, b) -> flag => u32::from(a > b);
    "le" f32_le f64_le (a, b) -> flag => u32::from(a <= b);
    "ge" f32_ge f64_ge (a, b) -> flag => u32::from(a >= b);

    "add" f32_add f64_add (a, b) -> same => a + b;
    "sub" f32_sub f64_sub (a, b) -> same => a - b;
    "mul" f32_mul f64_mul (a, b) -> same => a * b;
    "div" f32_div f64_div (a, b) -> same => a / b;
}

floats! {
    "sqrt" f32_sqrt f64_sqrt (a) by sqrt;
    "min" f32_min f64_min (a, b) by min;
    "max" f32_max f64_max (a, b) by max;

    "ceil" f32_ceil f64_ceil (a) by ceil;
    "floor" f32_floor f64_floor (a) by floor;
    "trunc" f32_trunc f64_trunc (a) by trunc;
    "nearest" f32_nearest f64_nearest (a) by nearest;

    "abs" f32_abs f64_abs (a) by abs;
    "neg" f32_neg f64_neg (a) by neg;
    "copysign" f32_copysign f64_copysign (a, b) by copysign;
}

/// Whether the target has instructions for rounding. Elsewhere the standard library would call
/// functions, and the code below is faster.
#[cfg(feature = "std")]
const ROUNDS: bool = cfg!(any(target_feature = "sse4.1", target_arch = "aarch64"));

/// The helpers of one width, in a module of its own.
macro_rules! width {
    ($name:ident, $float:ident, $bits:ident, $sqrt:path, $fma:path) => {
        pub(super) mod $name {
            #[cfg(feature = "std")]
            use super::ROUNDS;

            const SIGN: $bits = 1 << ($bits::BITS - 1);

            /// The least magnitude from which on every float is an integer. Adding it to a
            /// smaller magnitude leaves no bits for a fraction, so the addition rounds to the
            /// nearest integer, ties to even, and subtracting it again is exact.
            const INTEGRAL: $float = 1.0 / $float::EPSILON;

            #[inline(always)]
            pub fn abs(a: $float) -> $float {
                $float::from_bits(a.to_bits() & !SIGN)
            }

            #[inline(always)]
            pub fn neg(a: $float) -> $float {
                $float::from_bits(a.to_bits() ^ SIGN)
            }

            #[inline(always)]
            pub fn copysign(a: $float, b: $float) -> $float {
                $float::from_bits(a.to_bits() & !SIGN | b.to_bits() & SIGN)
            }

            /// The magnitude of `a`, if it is less than `INTEGRAL`, rounded to the nearest
            /// integer. Of a NaN, a quiet NaN.
            #[inline(always)]
            fn round_magnitude(a: $float) -> $float {
                abs(a) + INTEGRAL - INTEGRAL
            }

            /// `a` if it is large and so an integer, else what was made of it by
            /// `round_magnitude`, with the sign of `a`.
            #[inline(always)]
            fn select(a: $float, rounded: $float) -> $float {
                let rounded = copysign(rounded, a);
                if abs(a) >= INTEGRAL { a } else { rounded }
            }

            #[inline(always)]
            pub fn nearest(a: $float) -> $float {
                #[cfg(feature = "std")]
                if ROUNDS {
                    return a.round_ties_even();
                }
                select(a, round_magnitude(a))
            }

            #[inline(always)]
            pub fn trunc(a: $float) -> $float {
                #[cfg(feature = "std")]
                if ROUNDS {
                    return a.trunc();
                }
                let rounded = round_magnitude(a);
                select(a, rounded - if rounded > abs(a) { 1.0 } else { 0.0 })
            }

            #[inline(always)]
            pub fn floor(a: $float) -> $float {
                #[cfg(feature = "std")]
                if ROUNDS {
                    return a.floor();
                }
                let rounded = copysign(round_magnitude(a), a);
                select(a, rounded - if rounded > a { 1.0 } else { 0.0 })
            }

            #[inline(always)]
            pub fn ceil(a: $float) -> $float {
                #[cfg(feature = "std")]
                if ROUNDS {
                    return a.ceil();
                }
                let rounded = copysign(round_magnitude(a), a);
                select(a, rounded + if rounded < a { 1.0 } else { 0.0 })
            }

            /// Of equal operands, which may be zeros of different signs, the two selections
            /// give one each, and the union of the bits is the negative zero. The sum of
            /// operands of which one is a NaN is a quiet NaN. All of it is computed always:
            /// a branch would keep the lanes of a vector apart.
            #[inline(always)]
            pub fn min(a: $float, b: $float) -> $float {
                let (one, other) = (if a < b { a } else { b }, if b < a { b } else { a });
                let (less, sum) = ($float::from_bits(one.to_bits() | other.to_bits()), a + b);
                if a.is_nan() | b.is_nan() { sum } else { less }
            }

            /// As `min`; the intersection of the bits of two zeros is the positive one.
            #[inline(always)]
            pub fn max(a: $float, b: $float) -> $float {
                let (one, other) = (if a > b { a } else { b }, if b > a { b } else { a });
                let (more, sum) = ($float::from_bits(one.to_bits() & other.to_bits()), a + b);
                if a.is_nan() | b.is_nan() { sum } else { more }
            }

            #[inline(always)]
            pub fn sqrt(a: $float) -> $float {
                #[cfg(feature = "std")]
                return a.sqrt();
                #[cfg(not(feature = "std"))]
                $sqrt(a)
            }

            /// `a * b + c`, rounded once.
            #[inline(always)]
            pub fn fused(a: $float, b: $float, c: $float) -> $float {
                #[cfg(feature = "std")]
                return a.mul_add(b, c);
                #[cfg(not(feature = "std"))]
                $fma(a, b, c)
            }
        }
    };
}

width!(single, f32, u32, libm::sqrtf, libm::fmaf);
width!(double, f64, u64, libm::sqrt, libm::fma);
