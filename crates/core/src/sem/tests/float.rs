use super::table;
use crate::Trap::{IntegerOverflow, InvalidConversionToInteger};
use crate::sem::*;

const CANONICAL32: u32 = 0x7fc0_0000;
const SIGNALING32: u32 = 0x7fa0_1234;
const CANONICAL64: u64 = 0x7ff8_0000_0000_0000;
const SIGNALING64: u64 = 0xfff4_0000_dead_beef;

/// Floats with every exponent and the edges of the mantissa, of both signs, and some others.
fn floats64() -> impl Iterator<Item = f64> {
    let edges = (0..0x1000u64).flat_map(|top| {
        let bits = top << 52;
        [0, 1, (1 << 51) - 1, 1 << 51, (1 << 51) + 1, (1 << 52) - 1].map(|low| bits | low)
    });
    let halves = (-40..=40).map(|n| (f64::from(n) / 4.0).to_bits());
    let mut state = 1u64;
    let random = core::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        // Exponents at which there are both an integer and a fraction, half of the time.
        if state & 1 == 0 {
            state
        } else {
            state & ((1 << 63) | ((1 << 58) - 1)) | 0x400 << 52
        }
    });
    edges
        .chain(halves)
        .chain(random.take(20_000))
        .map(f64::from_bits)
}

fn floats32() -> impl Iterator<Item = f32> {
    let halves = (-40..=40).map(|n| (n as f32 / 4.0).to_bits());
    (0..=u32::MAX)
        .step_by(65_521)
        .chain(halves)
        .map(f32::from_bits)
}

/// Equal as the specification has it: bit by bit, but of a NaN only its kind.
macro_rules! assert_same {
    ($ours:expr, $std:expr, $operands:expr, $quiet:expr) => {
        let (ours, std) = ($ours, $std);
        if std.is_nan() {
            assert!(
                ours.is_nan() && ours.to_bits() & $quiet == $quiet,
                "{:?}",
                $operands
            );
        } else {
            assert_eq!(ours.to_bits(), std.to_bits(), "{:?}", $operands);
        }
    };
}

#[test]
fn rounding_agrees_with_the_standard_library() {
    for a in floats64() {
        assert_same!(f64_nearest(a), a.round_ties_even(), a, CANONICAL64);
        assert_same!(f64_trunc(a), a.trunc(), a, CANONICAL64);
        assert_same!(f64_floor(a), a.floor(), a, CANONICAL64);
        assert_same!(f64_ceil(a), a.ceil(), a, CANONICAL64);
        assert_same!(f64_sqrt(a), a.sqrt(), a, CANONICAL64);
    }
    for a in floats32() {
        assert_same!(f32_nearest(a), a.round_ties_even(), a, CANONICAL32);
        assert_same!(f32_trunc(a), a.trunc(), a, CANONICAL32);
        assert_same!(f32_floor(a), a.floor(), a, CANONICAL32);
        assert_same!(f32_ceil(a), a.ceil(), a, CANONICAL32);
        assert_same!(f32_sqrt(a), a.sqrt(), a, CANONICAL32);
    }
}

#[test]
fn ties_and_signs_of_zero() {
    let bits = f64::to_bits;
    for (a, nearest, trunc, floor, ceil) in [
        (0.5, 0.0, 0.0, 0.0, 1.0),
        (-0.5, -0.0, -0.0, -1.0, -0.0),
        (1.5, 2.0, 1.0, 1.0, 2.0),
        (2.5, 2.0, 2.0, 2.0, 3.0),
        (-2.5, -2.0, -2.0, -3.0, -2.0),
        (-0.7, -1.0, -0.0, -1.0, -0.0),
        (0.7, 1.0, 0.0, 0.0, 1.0),
        (0.49999999999999994, 0.0, 0.0, 0.0, 1.0),
        (
            4503599627370495.5,
            4503599627370496.0,
            4503599627370495.0,
            4503599627370495.0,
            4503599627370496.0,
        ),
        (-0.0, -0.0, -0.0, -0.0, -0.0),
        (
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
        ),
    ] {
        assert_eq!(bits(f64_nearest(a)), bits(nearest), "nearest {a}");
        assert_eq!(bits(f64_trunc(a)), bits(trunc), "trunc {a}");
        assert_eq!(bits(f64_floor(a)), bits(floor), "floor {a}");
        assert_eq!(bits(f64_ceil(a)), bits(ceil), "ceil {a}");
    }
}

#[test]
fn min_and_max() {
    let cases = [
        (1.0, 2.0, 1.0, 2.0),
        (0.0, -0.0, -0.0, 0.0),
        (-0.0, -0.0, -0.0, -0.0),
        (0.0, 0.0, 0.0, 0.0),
        (-1.0, -1.0, -1.0, -1.0),
        (f64::NEG_INFINITY, f64::MIN, f64::NEG_INFINITY, f64::MIN),
        (f64::INFINITY, f64::MAX, f64::MAX, f64::INFINITY),
    ];
    for (a, b, min, max) in cases {
        for (a, b) in [(a, b), (b, a)] {
            assert_eq!(f64_min(a, b).to_bits(), min.to_bits(), "min {a} {b}");
            assert_eq!(f64_max(a, b).to_bits(), max.to_bits(), "max {a} {b}");
            let (a, b) = (a as f32, b as f32);
            assert_eq!(
                f32_min(a, b).to_bits(),
                (min as f32).to_bits(),
                "min {a} {b}"
            );
            assert_eq!(
                f32_max(a, b).to_bits(),
                (max as f32).to_bits(),
                "max {a} {b}"
            );
        }
    }
}

#[test]
fn results_from_nan_are_quiet_and_canonical_from_canonical() {
    type Unary<T> = &'static [fn(T) -> T];
    type Binary<T> = &'static [fn(T, T) -> T];
    let unary32: Unary<f32> = &[f32_ceil, f32_floor, f32_trunc, f32_nearest, f32_sqrt];
    let binary32: Binary<f32> = &[f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max];
    let unary64: Unary<f64> = &[f64_ceil, f64_floor, f64_trunc, f64_nearest, f64_sqrt];
    let binary64: Binary<f64> = &[f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max];
    // What the compiler knows, it may compute by rules of its own.
    let nan = core::hint::black_box;
    for sign in [0, 1 << 31] {
        let canonical = nan(f32::from_bits(CANONICAL32 | sign));
        let signaling = nan(f32::from_bits(SIGNALING32 | sign));
        let is_canonical = |a: f32| a.to_bits() & (u32::MAX >> 1) == CANONICAL32;
        let is_quiet = |a: f32| a.to_bits() & CANONICAL32 == CANONICAL32;
        for f in unary32 {
            assert!(is_canonical(f(canonical)) && is_quiet(f(signaling)));
        }
        for f in binary32 {
            for other in [1.1, 0.0, -1.1, f32::INFINITY, canonical] {
                assert!(is_canonical(f(canonical, other)) && is_canonical(f(other, canonical)));
                assert!(is_quiet(f(signaling, other)) && is_quiet(f(other, signaling)));
            }
        }
        assert_eq!(
            f64_promote_f32(canonical).to_bits() & (u64::MAX >> 1),
            CANONICAL64
        );
        assert_eq!(
            f64_promote_f32(signaling).to_bits() & CANONICAL64,
            CANONICAL64
        );
    }
    let nan = core::hint::black_box;
    for sign in [0, 1 << 63] {
        let canonical = nan(f64::from_bits(CANONICAL64 | sign));
        let signaling = nan(f64::from_bits(SIGNALING64 ^ sign));
        let is_canonical = |a: f64| a.to_bits() & (u64::MAX >> 1) == CANONICAL64;
        let is_quiet = |a: f64| a.to_bits() & CANONICAL64 == CANONICAL64;
        for f in unary64 {
            assert!(is_canonical(f(canonical)) && is_quiet(f(signaling)));
        }
        for f in binary64 {
            for other in [1.1, 0.0, -1.1, f64::INFINITY, canonical] {
                assert!(is_canonical(f(canonical, other)) && is_canonical(f(other, canonical)));
                assert!(is_quiet(f(signaling, other)) && is_quiet(f(other, signaling)));
            }
        }
        assert_eq!(
            f32_demote_f64(canonical).to_bits() & (u32::MAX >> 1),
            CANONICAL32
        );
        assert_eq!(
            f32_demote_f64(signaling).to_bits() & CANONICAL32,
            CANONICAL32
        );
    }
}

#[test]
fn bit_operations_keep_a_signaling_nan() {
    let (a, b) = (f32::from_bits(SIGNALING32), f64::from_bits(SIGNALING64));
    assert_eq!(f32_neg(a).to_bits(), SIGNALING32 | 1 << 31);
    assert_eq!(f32_abs(f32_neg(a)).to_bits(), SIGNALING32);
    assert_eq!(f32_copysign(a, -0.0).to_bits(), SIGNALING32 | 1 << 31);
    assert_eq!(f64_abs(b).to_bits(), SIGNALING64 & !(1 << 63));
    assert_eq!(f64_neg(b).to_bits(), SIGNALING64 & !(1 << 63));
    assert_eq!(f64_copysign(1.0, b).to_bits(), (-1.0f64).to_bits());
    assert_eq!(
        f32_reinterpret_i32(i32_reinterpret_f32(a)).to_bits(),
        SIGNALING32
    );
    assert_eq!(
        f64_reinterpret_i64(i64_reinterpret_f64(b)).to_bits(),
        SIGNALING64
    );
}

#[test]
fn comparisons_with_nan() {
    table! {
        f32_eq(f32::NAN, f32::NAN) => 0;
        f32_ne(f32::NAN, f32::NAN) => 1;
        f32_lt(f32::NAN, 0.0) => 0;
        f32_ge(f32::NAN, 0.0) => 0;
        f64_eq(0.0, -0.0) => 1;
        f64_lt(-0.0, 0.0) => 0;
        f64_le(f64::NAN, f64::INFINITY) => 0;
        f64_gt(f64::INFINITY, f64::MAX) => 1;
    }
}

#[test]
fn truncations_at_the_bounds() {
    let over32 = 2147483648.0f32;
    let over64 = 9223372036854775808.0f64;
    table! {
        i32_trunc_f32_s(-over32) => Ok(1 << 31);
        i32_trunc_f32_s(over32) => Err(IntegerOverflow);
        i32_trunc_f32_s(over32.next_down()) => Ok(0x7fff_ff80);
        i32_trunc_f32_s((-over32).next_down()) => Err(IntegerOverflow);
        i32_trunc_f32_s(f32::NAN) => Err(InvalidConversionToInteger);
        i32_trunc_f32_u((-1.0f32).next_up()) => Ok(0);
        i32_trunc_f32_u(-1.0) => Err(IntegerOverflow);
        i32_trunc_f32_u(4294967296.0) => Err(IntegerOverflow);
        i32_trunc_f64_s(2147483647.9) => Ok(0x7fff_ffff);
        i32_trunc_f64_s(2147483648.0) => Err(IntegerOverflow);
        i32_trunc_f64_s(-2147483648.9) => Ok(1 << 31);
        i32_trunc_f64_s(-2147483649.0) => Err(IntegerOverflow);
        i32_trunc_f64_u(4294967295.9) => Ok(u32::MAX);
        i32_trunc_f64_u(4294967296.0) => Err(IntegerOverflow);
        i32_trunc_f64_u(-0.9) => Ok(0);
        i32_trunc_f64_u(f64::NAN) => Err(InvalidConversionToInteger);
        i64_trunc_f32_s(-over64 as f32) => Ok(1 << 63);
        i64_trunc_f32_s(over64 as f32) => Err(IntegerOverflow);
        i64_trunc_f32_u(over64 as f32) => Ok(1 << 63);
        i64_trunc_f32_u(18446744073709551616.0) => Err(IntegerOverflow);
        i64_trunc_f64_s(over64.next_down()) => Ok(0x7fff_ffff_ffff_fc00);
        i64_trunc_f64_s(over64) => Err(IntegerOverflow);
        i64_trunc_f64_s(-over64) => Ok(1 << 63);
        i64_trunc_f64_s((-over64).next_down()) => Err(IntegerOverflow);
        i64_trunc_f64_u(18446744073709551616.0f64.next_down()) => Ok(0xffff_ffff_ffff_f800);
        i64_trunc_f64_u(18446744073709551616.0) => Err(IntegerOverflow);
        i64_trunc_f64_u(f64::INFINITY) => Err(IntegerOverflow);

        i32_trunc_sat_f32_s(f32::NAN) => 0;
        i32_trunc_sat_f32_s(f32::INFINITY) => 0x7fff_ffff;
        i32_trunc_sat_f32_u(-5.0) => 0;
        i32_trunc_sat_f64_s(-1e300) => 1 << 31;
        i32_trunc_sat_f64_u(1e300) => u32::MAX;
        i64_trunc_sat_f32_s(f32::NEG_INFINITY) => 1 << 63;
        i64_trunc_sat_f32_u(f32::INFINITY) => u64::MAX;
        i64_trunc_sat_f64_s(-1.9) => u64::MAX;
        i64_trunc_sat_f64_u(f64::NAN) => 0;
    }
}

#[test]
fn conversions_round_once() {
    table! {
        f32_convert_i32_s(u32::MAX) => -1.0;
        f32_convert_i32_u(0x0100_0001) => 16777216.0;
        f32_convert_i32_u(0x0100_0003) => 16777220.0;
        f32_convert_i64_s(1 << 63) => -9223372036854775808.0;
        // Rounding to an `f64` first would lose the last bit, and then the tie.
        f32_convert_i64_u(0x8000_0080_0000_0001) => 9223373136366403584.0;
        f64_convert_i32_s(1 << 31) => -2147483648.0;
        f64_convert_i32_u(1 << 31) => 2147483648.0;
        f64_convert_i64_s(u64::MAX) => -1.0;
        f64_convert_i64_u(u64::MAX) => 18446744073709551616.0;
        f64_convert_i64_u((1 << 53) + 1) => 9007199254740992.0;
        f32_demote_f64(1e300) => f32::INFINITY;
        f32_demote_f64(1e-300) => 0.0;
        f64_promote_f32(0.1) => 0.10000000149011612;
    }
}
