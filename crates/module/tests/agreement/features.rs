//! Every feature switched off.

use crate::compare::Tally;
use crate::scripts::{all, everything};
use tierra_core::Features;
use tierra_module::{Module, Sequential, wasmparser_features};
use wasmparser::Validator;

/// With each feature off, bodies and whole modules are valid for us if they are for `wasmparser`.
#[test]
fn every_feature_off() {
    let binaries = all();
    let mut invalid = 0;
    for (name, feature) in Features::ALL {
        let features = everything().with(*feature, false);
        let mut tally = Tally::default();
        for binary in &binaries {
            let name = format!("{} without {name}", binary.name);
            if let Some(module) = binary.read(features) {
                tally.module(&name, &module);
            }
            let mut theirs = Validator::new_with_features(wasmparser_features(features));
            let theirs = theirs.validate_all(&binary.bytes).map(drop);
            let ours = Module::new(binary.bytes.clone(), features, &Sequential).map(drop);
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{name}: {ours:?}, {theirs:?}");
        }
        println!("without {name}: {tally:?}");
        invalid += tally.invalid;
    }
    assert!(invalid > 40_000, "{invalid}");
}

/// A version before anything was added.
#[test]
fn the_first_version() {
    let mut tally = Tally::default();
    for binary in all() {
        if let Some(module) = binary.read(Features::WASM1) {
            tally.module(&binary.name, &module);
        }
    }
    println!("{tally:?}");
    assert!(tally.valid > 2_500 && tally.invalid > 1_500, "{tally:?}");
}
