//! Lanes by number, permutations of lanes, and operators on all 128 bits.

use super::{Lane, shape};
use crate::V128;
use crate::sem::define;

/// Defines `splat` and `replace_lane` with the wasm type `$wasm` of a lane's value.
///
/// Validation bounds the number of a lane; the mask only tells the compiler so.
macro_rules! lanes {
    ($($lane:ident $wasm:ident $splat:ident $replace:ident;)*) => {$(
        #[doc = concat!("`", shape!($lane), ".splat`.")]
        #[inline(always)]
        pub fn $splat(x: $wasm) -> V128 {
            Lane::join([x as $lane; 16 / size_of::<$lane>()])
        }

        #[doc = concat!("`", shape!($lane), ".replace_lane`.")]
        #[inline(always)]
        pub fn $replace(v: V128, x: $wasm, lane: u8) -> V128 {
            let mut lanes = $lane::split(v);
            lanes[lane as usize & (lanes.len() - 1)] = x as $lane;
            Lane::join(lanes)
        }
    )*};
}

lanes! {
    u8 u32 i8x16_splat i8x16_replace_lane;
    u16 u32 i16x8_splat i16x8_replace_lane;
    u32 u32 i32x4_splat i32x4_replace_lane;
    u64 u64 i64x2_splat i64x2_replace_lane;
    f32 f32 f32x4_splat f32x4_replace_lane;
    f64 f64 f64x2_splat f64x2_replace_lane;
}

/// Lane number `lane`.
#[inline(always)]
fn extract<T: Lane<N>, const N: usize>(v: V128, lane: u8) -> T {
    T::split(v)[lane as usize & (N - 1)]
}

define! {
    "i8x16.extract_lane_s" i8x16_extract_lane_s(v: V128, lane: u8) -> u32 => {
        extract::<i8, 16>(v, lane) as u32
    };
    "i8x16.extract_lane_u" i8x16_extract_lane_u(v: V128, lane: u8) -> u32 => {
        extract::<u8, 16>(v, lane).into()
    };
    "i16x8.extract_lane_s" i16x8_extract_lane_s(v: V128, lane: u8) -> u32 => {
        extract::<i16, 8>(v, lane) as u32
    };
    "i16x8.extract_lane_u" i16x8_extract_lane_u(v: V128, lane: u8) -> u32 => {
        extract::<u16, 8>(v, lane).into()
    };
    "i32x4.extract_lane" i32x4_extract_lane(v: V128, lane: u8) -> u32 => extract(v, lane);
    "i64x2.extract_lane" i64x2_extract_lane(v: V128, lane: u8) -> u64 => extract(v, lane);
    "f32x4.extract_lane" f32x4_extract_lane(v: V128, lane: u8) -> f32 => extract(v, lane);
    "f64x2.extract_lane" f64x2_extract_lane(v: V128, lane: u8) -> f64 => extract(v, lane);

    // Bit 4 of a lane number selects the operand.
    "i8x16.shuffle" i8x16_shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 => {
        let both = [a.to_u8x16(), b.to_u8x16()];
        let mut chosen = [0; 16];
        let mut i = 0;
        while i < 16 {
            let lane = lanes[i] as usize & 31;
            chosen[i] = both[lane >> 4][lane & 15];
            i += 1;
        }
        V128::from_u8x16(chosen)
    };
    // A number that is no lane's selects zero.
    "i8x16.swizzle" i8x16_swizzle(a: V128, b: V128) -> V128 => {
        let (a, b) = (a.to_u8x16(), b.to_u8x16());
        let mut chosen = [0; 16];
        let mut i = 0;
        while i < 16 {
            chosen[i] = if b[i] < 16 { a[b[i] as usize & 15] } else { 0 };
            i += 1;
        }
        V128::from_u8x16(chosen)
    };

    "v128.not" v128_not(a: V128) -> V128 => V128::from_bits(!a.to_bits());
    "v128.and" v128_and(a: V128, b: V128) -> V128 => V128::from_bits(a.to_bits() & b.to_bits());
    "v128.andnot" v128_andnot(a: V128, b: V128) -> V128 => {
        V128::from_bits(a.to_bits() & !b.to_bits())
    };
    "v128.or" v128_or(a: V128, b: V128) -> V128 => V128::from_bits(a.to_bits() | b.to_bits());
    "v128.xor" v128_xor(a: V128, b: V128) -> V128 => V128::from_bits(a.to_bits() ^ b.to_bits());
    "v128.bitselect" v128_bitselect(a: V128, b: V128, mask: V128) -> V128 => {
        V128::from_bits(a.to_bits() & mask.to_bits() | b.to_bits() & !mask.to_bits())
    };
    "v128.any_true" v128_any_true(a: V128) -> u32 => u32::from(a.to_bits() != 0);
}
