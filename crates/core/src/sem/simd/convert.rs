//! Conversions between vectors of integers and of floats.

use super::{map, widen};
use crate::V128;
use crate::sem::*;

/// Applies `f` to both lanes of an `f64x2`; the high lanes of the result are zero.
#[inline(always)]
fn low(a: V128, f: impl Fn(f64) -> u32) -> V128 {
    let [a, b] = a.to_f64x2();
    V128::from_u32x4([f(a), f(b), 0, 0])
}

define! {
    "i32x4.trunc_sat_f32x4_s" i32x4_trunc_sat_f32x4_s(a: V128) -> V128 => {
        map(a, i32_trunc_sat_f32_s)
    };
    "i32x4.trunc_sat_f32x4_u" i32x4_trunc_sat_f32x4_u(a: V128) -> V128 => {
        map(a, i32_trunc_sat_f32_u)
    };
    "i32x4.trunc_sat_f64x2_s_zero" i32x4_trunc_sat_f64x2_s_zero(a: V128) -> V128 => {
        low(a, i32_trunc_sat_f64_s)
    };
    "i32x4.trunc_sat_f64x2_u_zero" i32x4_trunc_sat_f64x2_u_zero(a: V128) -> V128 => {
        low(a, i32_trunc_sat_f64_u)
    };

    "f32x4.convert_i32x4_s" f32x4_convert_i32x4_s(a: V128) -> V128 => map(a, f32_convert_i32_s);
    "f32x4.convert_i32x4_u" f32x4_convert_i32x4_u(a: V128) -> V128 => map(a, f32_convert_i32_u);
    "f64x2.convert_low_i32x4_s" f64x2_convert_low_i32x4_s(a: V128) -> V128 => {
        widen(a, 0, f64_convert_i32_s)
    };
    "f64x2.convert_low_i32x4_u" f64x2_convert_low_i32x4_u(a: V128) -> V128 => {
        widen(a, 0, f64_convert_i32_u)
    };

    "f32x4.demote_f64x2_zero" f32x4_demote_f64x2_zero(a: V128) -> V128 => {
        low(a, |a| f32_demote_f64(a).to_bits())
    };
    "f64x2.promote_low_f32x4" f64x2_promote_low_f32x4(a: V128) -> V128 => {
        widen(a, 0, f64_promote_f32)
    };
}
