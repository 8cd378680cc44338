//! Conversions between the numeric types.

use super::define;
use crate::Trap;

/// The result of a truncation to an integer that traps.
#[inline(always)]
fn checked<T>(value: T, fits: bool, nan: bool) -> Result<T, Trap> {
    if fits {
        Ok(value)
    } else if nan {
        Err(Trap::InvalidConversionToInteger)
    } else {
        Err(Trap::IntegerOverflow)
    }
}

// The powers of two that bound the ranges of the integers. They are exact in both widths, but
// an `f32` below -2^31 is below it by 256 at least: nothing lies between -2^31 and -2^31 - 1.
const P31: f64 = 2147483648.0;
const P32: f64 = 4294967296.0;
const P63: f64 = 9223372036854775808.0;
const P64: f64 = 18446744073709551616.0;

/// Defines a truncation that traps and its saturating counterpart. `as` in Rust saturates, and
/// makes 0 of NaN.
macro_rules! truncations {
    ($($text:literal $name:ident, $sat_text:literal $sat:ident,
        ($arg:ident: $float:ty) -> $int:ty as $result:ty, $fits:expr;)*) => {$(
        #[doc = concat!("`", $text, "`.")]
        #[inline(always)]
        pub fn $name($arg: $float) -> Result<$result, Trap> {
            checked($sat($arg), $fits, $arg.is_nan())
        }

        #[doc = concat!("`", $sat_text, "`.")]
        #[inline(always)]
        pub fn $sat($arg: $float) -> $result {
            $arg as $int as $result
        }
    )*};
}

truncations! {
    "i32.trunc_f32_s" i32_trunc_f32_s, "i32.trunc_sat_f32_s" i32_trunc_sat_f32_s,
        (a: f32) -> i32 as u32, (-P31 as f32..P31 as f32).contains(&a);
    "i32.trunc_f32_u" i32_trunc_f32_u, "i32.trunc_sat_f32_u" i32_trunc_sat_f32_u,
        (a: f32) -> u32 as u32, a > -1.0 && a < P32 as f32;
    "i32.trunc_f64_s" i32_trunc_f64_s, "i32.trunc_sat_f64_s" i32_trunc_sat_f64_s,
        (a: f64) -> i32 as u32, a > -P31 - 1.0 && a < P31;
    "i32.trunc_f64_u" i32_trunc_f64_u, "i32.trunc_sat_f64_u" i32_trunc_sat_f64_u,
        (a: f64) -> u32 as u32, a > -1.0 && a < P32;
    "i64.trunc_f32_s" i64_trunc_f32_s, "i64.trunc_sat_f32_s" i64_trunc_sat_f32_s,
        (a: f32) -> i64 as u64, (-P63 as f32..P63 as f32).contains(&a);
    "i64.trunc_f32_u" i64_trunc_f32_u, "i64.trunc_sat_f32_u" i64_trunc_sat_f32_u,
        (a: f32) -> u64 as u64, a > -1.0 && a < P64 as f32;
    "i64.trunc_f64_s" i64_trunc_f64_s, "i64.trunc_sat_f64_s" i64_trunc_sat_f64_s,
        (a: f64) -> i64 as u64, (-P63..P63).contains(&a);
    "i64.trunc_f64_u" i64_trunc_f64_u, "i64.trunc_sat_f64_u" i64_trunc_sat_f64_u,
        (a: f64) -> u64 as u64, a > -1.0 && a < P64;
}

define! {
    "i32.wrap_i64" i32_wrap_i64(a: u64) -> u32 => a as u32;
    "i64.extend_i32_s" i64_extend_i32_s(a: u32) -> u64 => a as i32 as u64;
    "i64.extend_i32_u" i64_extend_i32_u(a: u32) -> u64 => u64::from(a);

    "f32.convert_i32_s" f32_convert_i32_s(a: u32) -> f32 => a as i32 as f32;
    "f32.convert_i32_u" f32_convert_i32_u(a: u32) -> f32 => a as f32;
    "f32.convert_i64_s" f32_convert_i64_s(a: u64) -> f32 => a as i64 as f32;
    "f32.convert_i64_u" f32_convert_i64_u(a: u64) -> f32 => a as f32;
    "f64.convert_i32_s" f64_convert_i32_s(a: u32) -> f64 => f64::from(a as i32);
    "f64.convert_i32_u" f64_convert_i32_u(a: u32) -> f64 => f64::from(a);
    "f64.convert_i64_s" f64_convert_i64_s(a: u64) -> f64 => a as i64 as f64;
    "f64.convert_i64_u" f64_convert_i64_u(a: u64) -> f64 => a as f64;

    "f32.demote_f64" f32_demote_f64(a: f64) -> f32 => a as f32;
    "f64.promote_f32" f64_promote_f32(a: f32) -> f64 => f64::from(a);

    "i32.reinterpret_f32" i32_reinterpret_f32(a: f32) -> u32 => a.to_bits();
    "i64.reinterpret_f64" i64_reinterpret_f64(a: f64) -> u64 => a.to_bits();
    "f32.reinterpret_i32" f32_reinterpret_i32(a: u32) -> f32 => f32::from_bits(a);
    "f64.reinterpret_i64" f64_reinterpret_i64(a: u64) -> f64 => f64::from_bits(a);
}
