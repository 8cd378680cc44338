//! Sets of processor features.

use std::vec::Vec;

use super::super::features::Features;

#[test]
fn names_are_parsed_in_order_with_what_they_imply() {
    let base = Features::baseline();
    assert_eq!(Features::parse(""), Ok(base));
    let avx2 = Features::parse("avx2,-bmi1").expect("known");
    assert_eq!(avx2, base.union(Features::AVX).union(Features::AVX2));
    assert_eq!(avx2.modify("fma,-avx"), Ok(base));
    assert_eq!(
        Features::NONE.modify("avx512vl, avx512dq,avx512bw,popcnt,lzcnt,bmi1,bmi2"),
        Ok(Features::all())
    );
    let error = Features::parse("avx3").expect_err("unknown");
    assert_eq!(std::format!("{error}"), "unknown processor feature `avx3`");
}

#[test]
fn names_round_trip() {
    for set in [Features::NONE, Features::baseline(), Features::all()] {
        let names: Vec<_> = set.names().collect();
        assert_eq!(Features::NONE.modify(&names.join(",")), Ok(set));
    }
}

#[test]
fn cpuid_is_believed_only_if_registers_are_saved() {
    let everything = |leaf: u32, _: u32| match leaf {
        0 => [7, 0, 0, 0],
        0x8000_0000 => [0x8000_0001, 0, 0, 0],
        _ => [!0; 4],
    };
    assert_eq!(Features::from_cpuid(everything, 0xe7), Features::all());
    let avx2 = Features::from_cpuid(everything, 0x07);
    assert!(avx2.contains(Features::AVX2) && !avx2.contains(Features::AVX512F));
    let sse = Features::from_cpuid(everything, 0);
    assert!(sse.contains(Features::BMI2) && !sse.contains(Features::AVX));

    // An old processor repeats its last leaf for those it doesn't have.
    let old = |leaf: u32, _: u32| match leaf {
        0 => [1, 0, 0, 0],
        1 => [0, 0, 1 << 23, 0],
        0x8000_0000 => [0x8000_0000, 0, 0, 0],
        _ => [!0; 4],
    };
    assert_eq!(Features::from_cpuid(old, 7), Features::POPCNT);
}
