use super::table;
use crate::V128;
use crate::sem::*;

// Vectors that repeat the given lanes.
fn i8s<const N: usize>(lanes: [i8; N]) -> V128 {
    V128::from_i8x16(core::array::from_fn(|i| lanes[i % N]))
}
fn u8s<const N: usize>(lanes: [u8; N]) -> V128 {
    V128::from_u8x16(core::array::from_fn(|i| lanes[i % N]))
}
fn i16s<const N: usize>(lanes: [i16; N]) -> V128 {
    V128::from_i16x8(core::array::from_fn(|i| lanes[i % N]))
}
fn u16s<const N: usize>(lanes: [u16; N]) -> V128 {
    V128::from_u16x8(core::array::from_fn(|i| lanes[i % N]))
}
fn i32s<const N: usize>(lanes: [i32; N]) -> V128 {
    V128::from_i32x4(core::array::from_fn(|i| lanes[i % N]))
}
fn i64s<const N: usize>(lanes: [i64; N]) -> V128 {
    V128::from_i64x2(core::array::from_fn(|i| lanes[i % N]))
}
fn f32s<const N: usize>(lanes: [f32; N]) -> V128 {
    V128::from_f32x4(core::array::from_fn(|i| lanes[i % N]))
}
fn f64s<const N: usize>(lanes: [f64; N]) -> V128 {
    V128::from_f64x2(core::array::from_fn(|i| lanes[i % N]))
}

/// Bytes 0 to 15.
fn count() -> V128 {
    V128::from_u8x16(core::array::from_fn(|i| i as u8))
}

#[test]
fn integer_lanes() {
    table! {
        i8x16_add(u8s([255]), u8s([1])) => u8s([0]);
        i8x16_add_sat_s(i8s([127, -128]), i8s([1, -1])) => i8s([127, -128]);
        i8x16_add_sat_u(u8s([255, 3]), u8s([1, 4])) => u8s([255, 7]);
        i8x16_sub_sat_s(i8s([-128, 127]), i8s([1, -1])) => i8s([-128, 127]);
        i8x16_sub_sat_u(u8s([0, 9]), u8s([1, 4])) => u8s([0, 5]);
        i16x8_add_sat_s(i16s([i16::MAX]), i16s([1])) => i16s([i16::MAX]);
        i16x8_sub_sat_u(u16s([3]), u16s([4])) => u16s([0]);
        i8x16_abs(i8s([-128, -1, 5])) => i8s([-128, 1, 5]);
        i64x2_abs(i64s([i64::MIN, -1])) => i64s([i64::MIN, 1]);
        i16x8_neg(i16s([i16::MIN, 1])) => i16s([i16::MIN, -1]);
        i8x16_popcnt(u8s([0, 0xff, 0x81])) => u8s([0, 8, 2]);
        i8x16_avgr_u(u8s([255, 1, 0]), u8s([255, 2, 0])) => u8s([255, 2, 0]);
        i16x8_avgr_u(u16s([u16::MAX, 0]), u16s([u16::MAX, 1])) => u16s([u16::MAX, 1]);
        i32x4_mul(i32s([i32::MIN, 3]), i32s([-1, -4])) => i32s([i32::MIN, -12]);
        i64x2_mul(i64s([i64::MAX]), i64s([2])) => i64s([-2]);
        i8x16_min_s(i8s([-1, 1]), i8s([1, -1])) => i8s([-1]);
        i8x16_min_u(i8s([-1, 1]), i8s([1, -1])) => i8s([1]);
        i32x4_max_s(i32s([-1]), i32s([1])) => i32s([1]);
        i32x4_max_u(i32s([-1]), i32s([1])) => i32s([-1]);
        i16x8_q15mulr_sat_s(i16s([i16::MIN, i16::MAX, 1]), i16s([i16::MIN, i16::MAX, 1 << 14]))
            => i16s([i16::MAX, 32766, 1]);
        i16x8_q15mulr_sat_s(i16s([i16::MIN, -1]), i16s([i16::MAX, 1 << 14])) => i16s([-32767, 0]);
    }
}

#[test]
fn integer_comparisons_and_shifts() {
    table! {
        i8x16_lt_s(i8s([-1, 0]), i8s([0])) => i8s([-1, 0]);
        i8x16_lt_u(i8s([-1, 0]), i8s([1])) => i8s([0, -1]);
        i16x8_ge_u(i16s([-1, 0]), i16s([1])) => i16s([-1, 0]);
        i64x2_gt_s(i64s([0, -1]), i64s([-1, 0])) => i64s([-1, 0]);
        i32x4_ne(i32s([1, 2]), i32s([1])) => i32s([0, -1]);
        i8x16_shl(u8s([0x81]), 9) => u8s([2]);
        i8x16_shr_s(u8s([0x81]), 15) => u8s([0xff]);
        i8x16_shr_u(u8s([0x81]), 8) => u8s([0x81]);
        i16x8_shr_s(i16s([-4]), 17) => i16s([-2]);
        i32x4_shl(i32s([1]), 63) => i32s([i32::MIN]);
        i64x2_shr_u(i64s([-1]), 127) => i64s([1]);
        i8x16_all_true(count()) => 0;
        i8x16_all_true(u8s([128])) => 1;
        i64x2_all_true(i64s([1, 1 << 63])) => 1;
        i32x4_all_true(i32s([1, 0])) => 0;
        v128_any_true(V128::default()) => 0;
        v128_any_true(i64s([0, i64::MIN])) => 1;
        i8x16_bitmask(i8s([-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -128, 127])) => 0x4001;
        i16x8_bitmask(i16s([-1, 0, 0, 0, 0, 0, 0, i16::MIN])) => 0x81;
        i32x4_bitmask(i32s([1, -1, 1, -1])) => 0b1010;
        i64x2_bitmask(i64s([1, -1])) => 0b10;
    }
}

#[test]
fn widths_change() {
    table! {
        i8x16_narrow_i16x8_s(i16s([300, -300]), i16s([5, -5]))
            => i8s([127, -128, 127, -128, 127, -128, 127, -128, 5, -5, 5, -5, 5, -5, 5, -5]);
        i8x16_narrow_i16x8_u(i16s([300, -300]), i16s([200]))
            => u8s([255, 0, 255, 0, 255, 0, 255, 0, 200, 200, 200, 200, 200, 200, 200, 200]);
        i16x8_narrow_i32x4_s(i32s([40000, -40000]), i32s([7]))
            => i16s([i16::MAX, i16::MIN, i16::MAX, i16::MIN, 7, 7, 7, 7]);
        i16x8_narrow_i32x4_u(i32s([70000, -1]), i32s([40000]))
            => u16s([u16::MAX, 0, u16::MAX, 0, 40000, 40000, 40000, 40000]);
        i16x8_extend_low_i8x16_u(count()) => i16s([0, 1, 2, 3, 4, 5, 6, 7]);
        i16x8_extend_high_i8x16_s(count()) => i16s([8, 9, 10, 11, 12, 13, 14, 15]);
        i32x4_extend_high_i16x8_s(i16s([1, 2, 3, 4, -5, 6, 7, 8])) => i32s([-5, 6, 7, 8]);
        i64x2_extend_low_i32x4_u(i32s([-1, 2, 3, 4])) => i64s([0xffff_ffff, 2]);
        i16x8_extmul_low_i8x16_s(i8s([-128]), i8s([-128])) => i16s([16384]);
        i16x8_extmul_high_i8x16_u(u8s([255]), u8s([255])) => u16s([65025]);
        i32x4_extmul_high_i16x8_s(i16s([0, 0, 0, 0, 1, 2, 3, -4]), i16s([5])) => i32s([5, 10, 15, -20]);
        i64x2_extmul_low_i32x4_u(i32s([-1, 2, 0, 0]), i32s([-1])) => i64s([-8589934591, 8589934590]);
        i16x8_extadd_pairwise_i8x16_s(i8s([-128, -128, 127, 1])) => i16s([-256, 128]);
        i16x8_extadd_pairwise_i8x16_u(u8s([255, 255])) => i16s([510]);
        i32x4_extadd_pairwise_i16x8_u(u16s([65535, 1])) => i32s([65536]);
        i32x4_dot_i16x8_s(i16s([i16::MIN]), i16s([i16::MIN])) => i32s([i32::MIN]);
        i32x4_dot_i16x8_s(i16s([1, 2]), i16s([3, -4])) => i32s([-5]);
    }
}

#[test]
fn lanes_by_number() {
    let v = i8s([-2, 1, 2, 3]);
    let lanes = core::array::from_fn(|i| 31 - i as u8);
    let reversed: [u8; 16] = core::array::from_fn(|i| 15 - i as u8);
    table! {
        i8x16_extract_lane_s(v, 12) => -2i32 as u32;
        i8x16_extract_lane_u(v, 12) => 254;
        i16x8_extract_lane_s(i16s([0, -3]), 7) => -3i32 as u32;
        i16x8_extract_lane_u(i16s([0, -3]), 7) => 0xfffd;
        i32x4_extract_lane(i32s([1, 2, 3, 4]), 3) => 4;
        i64x2_extract_lane(i64s([1, 2]), 1) => 2;
        f32x4_extract_lane(f32s([1.0, 2.0, 3.0, 4.0]), 2) => 3.0;
        f64x2_extract_lane(f64s([1.0, 2.0]), 0) => 1.0;
        i8x16_replace_lane(V128::default(), 0x1ff, 15) => V128::from_bits(0xff << 120);
        i16x8_replace_lane(V128::default(), 0xf_1234, 1) => V128::from_bits(0x1234 << 16);
        f64x2_replace_lane(f64s([1.0]), 2.0, 1) => f64s([1.0, 2.0]);
        i8x16_splat(0x1ff) => u8s([255]);
        i16x8_splat(0xf_0001) => i16s([1]);
        f32x4_splat(1.5) => f32s([1.5]);
        i8x16_shuffle(V128::default(), count(), lanes) => V128::from_u8x16(reversed);
        i8x16_swizzle(count(), u8s([15, 16, 255, 1])) => u8s([15, 0, 0, 1]);
        v128_bitselect(u8s([0xf0]), u8s([0x0f]), u8s([0xcc])) => u8s([0xc3]);
        v128_andnot(u8s([0xff]), u8s([0x0f])) => u8s([0xf0]);
        v128_not(u8s([0xf0])) => u8s([0x0f]);
        v128_xor(u8s([0xff]), u8s([0x0f])) => u8s([0xf0]);
    }
}

#[test]
fn float_lanes() {
    let quiet = f32::from_bits(0x7fc0_0000);
    let signaling = f32::from_bits(0x7fa0_0001);
    table! {
        f32x4_min(f32s([0.0, 1.0, -1.0, 2.0]), f32s([-0.0, 2.0, -2.0, 2.0])) => f32s([-0.0, 1.0, -2.0, 2.0]);
        f64x2_max(f64s([-0.0, 3.0]), f64s([0.0, 4.0])) => f64s([0.0, 4.0]);
        // The operand that comes first, unless the other is better: even a signaling NaN.
        f32x4_pmin(f32s([0.0, signaling, 1.0, 2.0]), f32s([-0.0, 1.0, signaling, 1.0]))
            => f32s([0.0, signaling, 1.0, 1.0]);
        f32x4_pmax(f32s([-0.0, signaling, 1.0, 1.0]), f32s([0.0, 1.0, quiet, 2.0]))
            => f32s([-0.0, signaling, 1.0, 2.0]);
        f64x2_pmin(f64s([1.0, 2.0]), f64s([2.0, 1.0])) => f64s([1.0]);
        f64x2_pmax(f64s([1.0, 2.0]), f64s([2.0, 1.0])) => f64s([2.0]);
        f32x4_lt(f32s([1.0, quiet]), f32s([2.0])) => i32s([-1, 0]);
        f64x2_ne(f64s([f64::NAN, 1.0]), f64s([1.0])) => i64s([-1, 0]);
        f32x4_nearest(f32s([0.5, 1.5, -2.5, -0.2])) => f32s([0.0, 2.0, -2.0, -0.0]);
        f64x2_ceil(f64s([-0.5, 1e300])) => f64s([-0.0, 1e300]);
        f64x2_sqrt(f64s([4.0, 2.25])) => f64s([2.0, 1.5]);
        f32x4_neg(f32s([signaling])) => f32s([f32::from_bits(0xffa0_0001)]);
        i32x4_trunc_sat_f32x4_s(f32s([f32::NAN, 3e9, -3e9, -1.9])) => i32s([0, i32::MAX, i32::MIN, -1]);
        i32x4_trunc_sat_f32x4_u(f32s([-1.0, 3e9, 5e9, 0.9])) => i32s([0, 3_000_000_000u32 as i32, -1, 0]);
        i32x4_trunc_sat_f64x2_s_zero(f64s([1e10, -1e10])) => i32s([i32::MAX, i32::MIN, 0, 0]);
        i32x4_trunc_sat_f64x2_u_zero(f64s([1e10, -1e10])) => i32s([-1, 0, 0, 0]);
        f32x4_convert_i32x4_u(i32s([-1, 1])) => f32s([4294967296.0, 1.0]);
        f64x2_convert_low_i32x4_s(i32s([-1, 2, 7, 7])) => f64s([-1.0, 2.0]);
        f32x4_demote_f64x2_zero(f64s([1e300, 0.5])) => f32s([f32::INFINITY, 0.5, 0.0, 0.0]);
        f64x2_promote_low_f32x4(f32s([0.5, -0.0, 7.0, 7.0])) => f64s([0.5, -0.0]);
    }
}

#[test]
fn relaxed_lanes() {
    // The exact square has one more bit than the rounded one.
    let a = 1.0 + f32::EPSILON;
    let b = 1.0 + f64::EPSILON;
    let all = u8s([0x80]);
    table! {
        f32x4_relaxed_madd(f32s([a]), f32s([a]), f32s([-(a * a)])) => f32s([f32::EPSILON * f32::EPSILON]);
        f32x4_relaxed_nmadd(f32s([a]), f32s([a]), f32s([a * a])) => f32s([-f32::EPSILON * f32::EPSILON]);
        f64x2_relaxed_madd(f64s([b]), f64s([b]), f64s([-(b * b)])) => f64s([f64::EPSILON * f64::EPSILON]);
        f64x2_relaxed_nmadd(f64s([2.0]), f64s([3.0]), f64s([7.0])) => f64s([1.0]);
        i8x16_relaxed_swizzle(count(), u8s([15, 16, 143])) => u8s([15, 0, 0]);
        i8x16_relaxed_laneselect(u8s([0xff]), u8s([0]), u8s([0x81])) => u8s([0x81]);
        i32x4_relaxed_trunc_f32x4_u(f32s([-1.0, 5e9])) => i32s([0, -1]);
        f32x4_relaxed_min(f32s([0.0]), f32s([-0.0])) => f32s([-0.0]);
        i16x8_relaxed_q15mulr_s(i16s([i16::MIN]), i16s([i16::MIN])) => i16s([i16::MAX]);
        i16x8_relaxed_dot_i8x16_i7x16_s(all, all) => i16s([i16::MAX]);
        i16x8_relaxed_dot_i8x16_i7x16_s(i8s([-128, 2]), i8s([127, 3])) => i16s([-16250]);
        i32x4_relaxed_dot_i8x16_i7x16_add_s(all, all, i32s([1])) => i32s([65535]);
        i32x4_relaxed_dot_i8x16_i7x16_add_s(i8s([1]), i8s([1]), i32s([i32::MAX])) => i32s([i32::MIN + 3]);
    }
}

#[test]
fn numbers_in_memory() {
    let v = count();
    table! {
        v128_load(v.to_bits()) => v;
        v128_store(v) => v.to_bits();
        v128_load8x8_s(0xff00_0000_0000_0080) => i16s([-128, 0, 0, 0, 0, 0, 0, -1]);
        v128_load8x8_u(0xff00_0000_0000_0080) => i16s([128, 0, 0, 0, 0, 0, 0, 255]);
        v128_load16x4_s(0x8000_0000_0000_0001) => i32s([1, 0, 0, -32768]);
        v128_load32x2_u(0x8000_0000_0000_0001) => i64s([1, 1 << 31]);
        v128_load8_splat(7) => u8s([7]);
        v128_load64_splat(7) => i64s([7]);
        v128_load32_zero(0xffff_ffff) => i32s([-1, 0, 0, 0]);
        v128_load64_zero(5) => i64s([5, 0]);
        v128_load8_lane(V128::default(), 9, 1) => V128::from_bits(9 << 8);
        v128_load64_lane(V128::default(), 9, 1) => i64s([0, 9]);
        v128_store8_lane(v, 13) => 13;
        v128_store16_lane(v, 7) => 0x0f0e;
        v128_store32_lane(v, 0) => 0x0302_0100;
        v128_store64_lane(v, 1) => 0x0f0e_0d0c_0b0a_0908;
    }
}
