//! Modules of `wasm-smith`.

use crate::{Translation, module};
use arbitrary::Unstructured;
use wasm_smith::Config;

fn config(seed: u64) -> Config {
    Config {
        canonicalize_nans: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        custom_page_sizes_enabled: seed.is_multiple_of(3),
        exceptions_enabled: true,
        extended_const_enabled: true,
        gc_enabled: true,
        max_funcs: 12,
        max_instructions: 1000,
        max_memories: 3,
        max_tables: 3,
        memory64_enabled: seed.is_multiple_of(2),
        min_funcs: 3,
        relaxed_simd_enabled: true,
        shared_everything_threads_enabled: false,
        simd_enabled: true,
        tail_call_enabled: true,
        threads_enabled: true,
        wide_arithmetic_enabled: true,
        ..Config::default()
    }
}

fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..20_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

#[test]
fn generated() {
    let count = std::env::var("TIERRA_CASES").map_or(150, |n| n.parse().expect("a number"));
    let mut translation = Translation::default();
    for seed in 0..count {
        let bytes = bytes(seed);
        let Ok(smith) = wasm_smith::Module::new(config(seed), &mut Unstructured::new(&bytes))
        else {
            continue;
        };
        if let Some(module) = module(smith.to_bytes()) {
            translation.module(&format!("seed {seed}"), &module);
        }
    }
    translation.report("generated");
    assert!(translation.tally.functions > 100);
    assert_eq!(translation.tally.too_large, 0);
}
