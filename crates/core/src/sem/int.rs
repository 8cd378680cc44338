//! Integers: `i32`, `i64`, and the wide arithmetic on pairs of `i64`.

use super::{define, result};
use crate::Trap;

/// Defines an operator of both widths. The operands are unsigned; a body asks for
/// `cast_signed` where the sign matters.
macro_rules! integers {
    ($($text:literal $i32:ident $i64:ident ($($arg:ident),*) -> $kind:ident => $body:expr;)*) => {$(
        #[doc = concat!("`i32.", $text, "`.")]
        #[inline(always)]
        pub fn $i32($($arg: u32),*) -> result!($kind u32) {
            $body
        }

        #[doc = concat!("`i64.", $text, "`.")]
        #[inline(always)]
        pub fn $i64($($arg: u64),*) -> result!($kind u64) {
            $body
        }
    )*};
}

integers! {
    "eqz" i32_eqz i64_eqz (a) -> flag => u32::from(a == 0);
    "eq" i32_eq i64_eq (a, b) -> flag => u32::from(a == b);
    "ne" i32_ne i64_ne (a, b) -> flag => u32::from(a != b);
    "lt_s" i32_lt_s i64_lt_s (a, b) -> flag => u32::from(a.cast_signed() < b.cast_signed());
    "lt_u" i32_lt_u i64_lt_u (a, b) -> flag => u32::from(a < b);
    "gt_s" i32_gt_s i64_gt_s (a, b) -> flag => u32::from(a.cast_signed() > b.cast_signed());
    "gt_u" i32_gt_u i64_gt_u (a, b) -> flag => u32::from(a > b);
    "le_s" i32_le_s i64_le_s (a, b) -> flag => u32::from(a.cast_signed() <= b.cast_signed());
    "le_u" i32_le_u i64_le_u (a, b) -> flag => u32::from(a <= b);
    "ge_s" i32_ge_s i64_ge_s (a, b) -> flag => u32::from(a.cast_signed() >= b.cast_signed());
    "ge_u" i32_ge_u i64_ge_u (a, b) -> flag => u32::from(a >= b);

    "clz" i32_clz i64_clz (a) -> same => a.leading_zeros() as _;
    "ctz" i32_ctz i64_ctz (a) -> same => a.trailing_zeros() as _;
    "popcnt" i32_popcnt i64_popcnt (a) -> same => a.count_ones() as _;

    "add" i32_add i64_add (a, b) -> same => a.wrapping_add(b);
    "sub" i32_sub i64_sub (a, b) -> same => a.wrapping_sub(b);
    "mul" i32_mul i64_mul (a, b) -> same => a.wrapping_mul(b);
    "and" i32_and i64_and (a, b) -> same => a & b;
    "or" i32_or i64_or (a, b) -> same => a | b;
    "xor" i32_xor i64_xor (a, b) -> same => a ^ b;

    // Both truncating a count to 32 bits and the `wrapping` methods keep it modulo the width.
    "shl" i32_shl i64_shl (a, b) -> same => a.wrapping_shl(b as u32);
    "shr_s" i32_shr_s i64_shr_s (a, b) -> same => {
        a.cast_signed().wrapping_shr(b as u32).cast_unsigned()
    };
    "shr_u" i32_shr_u i64_shr_u (a, b) -> same => a.wrapping_shr(b as u32);
    "rotl" i32_rotl i64_rotl (a, b) -> same => a.rotate_left(b as u32);
    "rotr" i32_rotr i64_rotr (a, b) -> same => a.rotate_right(b as u32);

    "div_s" i32_div_s i64_div_s (a, b) -> fallible => {
        if b == 0 {
            return Err(Trap::IntegerDivideByZero);
        }
        match a.cast_signed().checked_div(b.cast_signed()) {
            Some(quotient) => Ok(quotient.cast_unsigned()),
            None => Err(Trap::IntegerOverflow),
        }
    };
    "div_u" i32_div_u i64_div_u (a, b) -> fallible => {
        a.checked_div(b).ok_or(Trap::IntegerDivideByZero)
    };
    // The minimum modulo -1 is 0, not a trap.
    "rem_s" i32_rem_s i64_rem_s (a, b) -> fallible => {
        if b == 0 {
            return Err(Trap::IntegerDivideByZero);
        }
        Ok(a.cast_signed().wrapping_rem(b.cast_signed()).cast_unsigned())
    };
    "rem_u" i32_rem_u i64_rem_u (a, b) -> fallible => {
        a.checked_rem(b).ok_or(Trap::IntegerDivideByZero)
    };

    "extend8_s" i32_extend8_s i64_extend8_s (a) -> same => a as i8 as _;
    "extend16_s" i32_extend16_s i64_extend16_s (a) -> same => a as i16 as _;
}

/// The low and the high half.
#[inline(always)]
fn split(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

/// The number with these halves.
#[inline(always)]
fn join(low: u64, high: u64) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

define! {
    "i64.extend32_s" i64_extend32_s(a: u64) -> u64 => a as i32 as u64;

    "i64.add128" i64_add128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) => {
        split(join(a_low, a_high).wrapping_add(join(b_low, b_high)))
    };
    "i64.sub128" i64_sub128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) => {
        split(join(a_low, a_high).wrapping_sub(join(b_low, b_high)))
    };
    "i64.mul_wide_s" i64_mul_wide_s(a: u64, b: u64) -> (u64, u64) => {
        split((i128::from(a.cast_signed()) * i128::from(b.cast_signed())).cast_unsigned())
    };
    "i64.mul_wide_u" i64_mul_wide_u(a: u64, b: u64) -> (u64, u64) => {
        split(u128::from(a) * u128::from(b))
    };
}
