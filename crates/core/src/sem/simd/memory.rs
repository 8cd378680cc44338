//! What loads and stores of vectors make of the number in memory.
//!
//! The memory is not theirs: a load takes the little-endian number that was read, a store gives
//! the one to be written.

use super::*;
use crate::sem::define;

define! {
    "v128.load" v128_load(x: u128) -> V128 => V128::from_bits(x);
    "v128.store" v128_store(v: V128) -> u128 => v.to_bits();

    "v128.load8x8_s" v128_load8x8_s(x: u64) -> V128 => {
        i16x8_extend_low_i8x16_s(V128::from_bits(x.into()))
    };
    "v128.load8x8_u" v128_load8x8_u(x: u64) -> V128 => {
        i16x8_extend_low_i8x16_u(V128::from_bits(x.into()))
    };
    "v128.load16x4_s" v128_load16x4_s(x: u64) -> V128 => {
        i32x4_extend_low_i16x8_s(V128::from_bits(x.into()))
    };
    "v128.load16x4_u" v128_load16x4_u(x: u64) -> V128 => {
        i32x4_extend_low_i16x8_u(V128::from_bits(x.into()))
    };
    "v128.load32x2_s" v128_load32x2_s(x: u64) -> V128 => {
        i64x2_extend_low_i32x4_s(V128::from_bits(x.into()))
    };
    "v128.load32x2_u" v128_load32x2_u(x: u64) -> V128 => {
        i64x2_extend_low_i32x4_u(V128::from_bits(x.into()))
    };

    "v128.load8_splat" v128_load8_splat(x: u8) -> V128 => i8x16_splat(x.into());
    "v128.load16_splat" v128_load16_splat(x: u16) -> V128 => i16x8_splat(x.into());
    "v128.load32_splat" v128_load32_splat(x: u32) -> V128 => i32x4_splat(x);
    "v128.load64_splat" v128_load64_splat(x: u64) -> V128 => i64x2_splat(x);

    "v128.load32_zero" v128_load32_zero(x: u32) -> V128 => V128::from_bits(x.into());
    "v128.load64_zero" v128_load64_zero(x: u64) -> V128 => V128::from_bits(x.into());

    "v128.load8_lane" v128_load8_lane(v: V128, x: u8, lane: u8) -> V128 => {
        i8x16_replace_lane(v, x.into(), lane)
    };
    "v128.load16_lane" v128_load16_lane(v: V128, x: u16, lane: u8) -> V128 => {
        i16x8_replace_lane(v, x.into(), lane)
    };
    "v128.load32_lane" v128_load32_lane(v: V128, x: u32, lane: u8) -> V128 => {
        i32x4_replace_lane(v, x, lane)
    };
    "v128.load64_lane" v128_load64_lane(v: V128, x: u64, lane: u8) -> V128 => {
        i64x2_replace_lane(v, x, lane)
    };

    "v128.store8_lane" v128_store8_lane(v: V128, lane: u8) -> u8 => {
        i8x16_extract_lane_u(v, lane) as u8
    };
    "v128.store16_lane" v128_store16_lane(v: V128, lane: u8) -> u16 => {
        i16x8_extract_lane_u(v, lane) as u16
    };
    "v128.store32_lane" v128_store32_lane(v: V128, lane: u8) -> u32 => {
        i32x4_extract_lane(v, lane)
    };
    "v128.store64_lane" v128_store64_lane(v: V128, lane: u8) -> u64 => {
        i64x2_extract_lane(v, lane)
    };
}
