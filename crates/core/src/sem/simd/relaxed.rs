//! Relaxed operators, as the deterministic profile has them.

use super::{pairwise, pairwise_zip, zip3};
use crate::V128;
use crate::sem::float::{double, single};
use crate::sem::*;

define! {
    "i8x16.relaxed_swizzle" i8x16_relaxed_swizzle(a: V128, b: V128) -> V128 => {
        i8x16_swizzle(a, b)
    };

    "i32x4.relaxed_trunc_f32x4_s" i32x4_relaxed_trunc_f32x4_s(a: V128) -> V128 => {
        i32x4_trunc_sat_f32x4_s(a)
    };
    "i32x4.relaxed_trunc_f32x4_u" i32x4_relaxed_trunc_f32x4_u(a: V128) -> V128 => {
        i32x4_trunc_sat_f32x4_u(a)
    };
    "i32x4.relaxed_trunc_f64x2_s_zero" i32x4_relaxed_trunc_f64x2_s_zero(a: V128) -> V128 => {
        i32x4_trunc_sat_f64x2_s_zero(a)
    };
    "i32x4.relaxed_trunc_f64x2_u_zero" i32x4_relaxed_trunc_f64x2_u_zero(a: V128) -> V128 => {
        i32x4_trunc_sat_f64x2_u_zero(a)
    };

    "f32x4.relaxed_madd" f32x4_relaxed_madd(a: V128, b: V128, c: V128) -> V128 => {
        zip3(a, b, c, single::fused)
    };
    "f32x4.relaxed_nmadd" f32x4_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 => {
        zip3(a, b, c, |a, b, c| single::fused(f32_neg(a), b, c))
    };
    "f64x2.relaxed_madd" f64x2_relaxed_madd(a: V128, b: V128, c: V128) -> V128 => {
        zip3(a, b, c, double::fused)
    };
    "f64x2.relaxed_nmadd" f64x2_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 => {
        zip3(a, b, c, |a, b, c| double::fused(f64_neg(a), b, c))
    };

    "i8x16.relaxed_laneselect" i8x16_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 => {
        v128_bitselect(a, b, mask)
    };
    "i16x8.relaxed_laneselect" i16x8_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 => {
        v128_bitselect(a, b, mask)
    };
    "i32x4.relaxed_laneselect" i32x4_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 => {
        v128_bitselect(a, b, mask)
    };
    "i64x2.relaxed_laneselect" i64x2_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 => {
        v128_bitselect(a, b, mask)
    };

    "f32x4.relaxed_min" f32x4_relaxed_min(a: V128, b: V128) -> V128 => f32x4_min(a, b);
    "f32x4.relaxed_max" f32x4_relaxed_max(a: V128, b: V128) -> V128 => f32x4_max(a, b);
    "f64x2.relaxed_min" f64x2_relaxed_min(a: V128, b: V128) -> V128 => f64x2_min(a, b);
    "f64x2.relaxed_max" f64x2_relaxed_max(a: V128, b: V128) -> V128 => f64x2_max(a, b);

    "i16x8.relaxed_q15mulr_s" i16x8_relaxed_q15mulr_s(a: V128, b: V128) -> V128 => {
        i16x8_q15mulr_sat_s(a, b)
    };

    // Both operands are signed in the deterministic profile, and the sum of two products, which
    // exceeds an `i16` only when all four lanes are minimal, saturates.
    "i16x8.relaxed_dot_i8x16_i7x16_s" i16x8_relaxed_dot_i8x16_i7x16_s(a: V128, b: V128) -> V128 => {
        pairwise_zip(a, b, |a: i8, b: i8, c: i8, d: i8| {
            (i16::from(a) * i16::from(b)).saturating_add(i16::from(c) * i16::from(d))
        })
    };
    "i32x4.relaxed_dot_i8x16_i7x16_add_s"
    i32x4_relaxed_dot_i8x16_i7x16_add_s(a: V128, b: V128, c: V128) -> V128 => {
        let dot = i16x8_relaxed_dot_i8x16_i7x16_s(a, b);
        i32x4_add(pairwise(dot, |a: i16, b: i16| i32::from(a) + i32::from(b)), c)
    };
}
