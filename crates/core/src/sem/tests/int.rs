use super::table;
use crate::Trap::{IntegerDivideByZero, IntegerOverflow};
use crate::sem::*;

const MIN32: u32 = 1 << 31;
const MIN64: u64 = 1 << 63;

#[test]
fn division() {
    table! {
        i32_div_s(MIN32, u32::MAX) => Err(IntegerOverflow);
        i32_div_s(1, 0) => Err(IntegerDivideByZero);
        i32_div_s(-7i32 as u32, 2) => Ok(-3i32 as u32);
        i32_div_u(-7i32 as u32, 2) => Ok(0x7fff_fffc);
        i32_div_u(MIN32, 0) => Err(IntegerDivideByZero);
        i32_rem_s(MIN32, u32::MAX) => Ok(0);
        i32_rem_s(-7i32 as u32, 2) => Ok(u32::MAX);
        i32_rem_s(0, 0) => Err(IntegerDivideByZero);
        i32_rem_u(-7i32 as u32, 2) => Ok(1);
        i32_rem_u(0, 0) => Err(IntegerDivideByZero);
        i64_div_s(MIN64, u64::MAX) => Err(IntegerOverflow);
        i64_div_s(MIN64, 0) => Err(IntegerDivideByZero);
        i64_div_s(7, -2i64 as u64) => Ok(-3i64 as u64);
        i64_div_u(MIN64, u64::MAX) => Ok(0);
        i64_div_u(1, 0) => Err(IntegerDivideByZero);
        i64_rem_s(MIN64, u64::MAX) => Ok(0);
        i64_rem_s(7, -2i64 as u64) => Ok(1);
        i64_rem_s(1, 0) => Err(IntegerDivideByZero);
        i64_rem_u(u64::MAX, 10) => Ok(5);
        i64_rem_u(1, 0) => Err(IntegerDivideByZero);
    }
}

#[test]
fn shifts_take_the_count_modulo_the_width() {
    table! {
        i32_shl(1, 32) => 1;
        i32_shl(1, 33) => 2;
        i32_shr_s(MIN32, 31) => u32::MAX;
        i32_shr_s(MIN32, u32::MAX) => u32::MAX;
        i32_shr_u(MIN32, 63) => 1;
        i32_rotl(0x8000_0001, 33) => 3;
        i32_rotr(3, 33) => 0x8000_0001;
        i64_shl(1, 64) => 1;
        i64_shl(1, 1 << 32) => 1;
        i64_shr_s(MIN64, 127) => u64::MAX;
        i64_shr_u(MIN64, 63) => 1;
        i64_rotl(MIN64 | 1, 65) => 3;
        i64_rotr(3, 65) => MIN64 | 1;
    }
}

#[test]
fn bits() {
    table! {
        i32_clz(0) => 32;
        i32_clz(MIN32) => 0;
        i32_ctz(0) => 32;
        i32_ctz(MIN32) => 31;
        i32_popcnt(u32::MAX) => 32;
        i64_clz(0) => 64;
        i64_clz(1) => 63;
        i64_ctz(0) => 64;
        i64_ctz(MIN64) => 63;
        i64_popcnt(MIN64 | 1) => 2;
        i32_eqz(0) => 1;
        i64_eqz(1 << 32) => 0;
        i32_add(u32::MAX, 1) => 0;
        i64_sub(0, 1) => u64::MAX;
        i32_mul(MIN32, u32::MAX) => MIN32;
    }
}

#[test]
fn comparisons_see_the_sign() {
    table! {
        i32_lt_s(u32::MAX, 0) => 1;
        i32_lt_u(u32::MAX, 0) => 0;
        i32_ge_s(MIN32, MIN32) => 1;
        i32_gt_u(MIN32, 1) => 1;
        i64_le_s(MIN64, 0) => 1;
        i64_le_u(MIN64, 0) => 0;
        i64_gt_s(u64::MAX, 0) => 0;
        i64_ne(1, 1) => 0;
    }
}

#[test]
fn extensions() {
    table! {
        i32_extend8_s(0x180) => 0xffff_ff80;
        i32_extend8_s(0xff7f) => 0x7f;
        i32_extend16_s(0x8000) => 0xffff_8000;
        i64_extend8_s(0x80) => -128i64 as u64;
        i64_extend16_s(0x1_7fff) => 0x7fff;
        i64_extend32_s(0x1_8000_0000) => 0xffff_ffff_8000_0000;
        i64_extend_i32_s(MIN32) => 0xffff_ffff_8000_0000;
        i64_extend_i32_u(MIN32) => 0x8000_0000;
        i32_wrap_i64(0x1_8000_0000) => MIN32;
    }
}

#[test]
fn wide() {
    table! {
        i64_add128(u64::MAX, 0, 1, 0) => (0, 1);
        i64_add128(u64::MAX, u64::MAX, 1, 0) => (0, 0);
        i64_sub128(0, 0, 1, 0) => (u64::MAX, u64::MAX);
        i64_sub128(0, 1, 1, 0) => (u64::MAX, 0);
        i64_mul_wide_s(u64::MAX, u64::MAX) => (1, 0);
        i64_mul_wide_s(MIN64, MIN64) => (0, 1 << 62);
        i64_mul_wide_s(MIN64, 1) => (MIN64, u64::MAX);
        i64_mul_wide_u(u64::MAX, u64::MAX) => (1, u64::MAX - 1);
    }
}
