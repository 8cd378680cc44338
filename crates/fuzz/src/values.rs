//! Numbers for parameters and results of host functions.

use crate::random::Random;

/// A number type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Number {
    I32,
    I64,
    F32,
    F64,
    V128,
}

/// The bits of a number. No float is a NaN with a payload: whether such payloads survive
/// operators is up to the engine.
pub fn number(random: &mut Random, ty: Number) -> u128 {
    match ty {
        Number::I32 => u128::from(integer(random) as u32),
        Number::I64 => u128::from(integer(random)),
        Number::F32 => u128::from((float(random) as f32).to_bits()),
        Number::F64 => u128::from(float(random).to_bits()),
        Number::V128 => {
            let half = |random: &mut Random| match random.below(3) {
                0 => u128::from(float(random).to_bits()),
                1 => {
                    let low = (float(random) as f32).to_bits();
                    u128::from(low) << 32 | u128::from((float(random) as f32).to_bits())
                }
                _ => u128::from(integer(random) & 0x7fef_ffff_7f7f_ffff),
            };
            half(random) << 64 | half(random)
        }
    }
}

fn integer(random: &mut Random) -> u64 {
    const EDGES: [u64; 12] = [
        0,
        1,
        2,
        u64::MAX,
        0x7fff_ffff,
        0x8000_0000,
        i64::MAX as u64,
        1 << 63,
        0xffff,
        0x1_0000,
        64,
        0x8000_0000_8000_0000,
    ];
    match random.below(4) {
        0 => EDGES[random.below(EDGES.len())],
        1 => random.next() % 256,
        2 => random.next() % 65536,
        _ => random.next(),
    }
}

fn float(random: &mut Random) -> f64 {
    const EDGES: [f64; 12] = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        2147483648.0,
        -9223372036854775808.0,
        4294967296.0,
        1e-40,
        3.4e38,
    ];
    match random.below(3) {
        0 => EDGES[random.below(EDGES.len())],
        1 => integer(random) as i64 as f64 / 16.0,
        _ => {
            let value = f64::from_bits(random.next());
            if value.is_nan() { 7.25 } else { value }
        }
    }
}

/// The text of a number; all NaNs are one.
pub fn text(ty: Number, bits: u128) -> String {
    match ty {
        Number::F32 if f32::from_bits(bits as u32).is_nan() => "f32:nan".into(),
        Number::F64 if f64::from_bits(bits as u64).is_nan() => "f64:nan".into(),
        _ => format!("{ty:?}:{bits:#x}").to_lowercase(),
    }
}
