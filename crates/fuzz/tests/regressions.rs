//! What fuzzing has found, made small: scripts in `regressions`, and modules in
//! `regressions/tiers` that every tier must run alike.

use std::path::{Path, PathBuf};
use tierra_fuzz::target::{Target, Verdict};

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder exists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

#[test]
fn tiers() {
    let target = Target::by_name("tiers").expect("the target exists");
    for path in files("tests/regressions/tiers", "wat") {
        let wasm = wat::parse_file(&path).expect("a module");
        for seed in 0..16 {
            match target.check(seed, &wasm) {
                Ok(Verdict::Tried(_)) => {}
                other => panic!("{} with seed {seed}: {other:?}", path.display()),
            }
        }
    }
}

#[test]
fn regressions() {
    for path in files("tests/regressions", "wast") {
        let source = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_name().expect("a name").to_string_lossy();
        for (stress, fuel) in [(false, false), (true, false), (false, true)] {
            let mut config = tierra::Config::new();
            config.gc_stress(stress).consume_fuel(fuel);
            let report = tierra_wast::run_source(&name, &source, &config);
            assert!(report.failures.is_empty(), "{name}: {:?}", report.failures);
            assert!(report.counts.passed > 0, "{name} asserts nothing");
        }
    }
}

/// A frame that is too large to be made before the stack is checked.
#[test]
fn large_frame() {
    const VALUES: usize = 10_000;
    let mut text = String::from("(module (memory 1) (func $f (export \"f\") (result i32)");
    for i in 0..VALUES {
        text += &format!(" (v128.load8_splat offset={i} (i32.const 0))");
    }
    text += " call $f drop";
    for _ in 1..VALUES {
        text += " v128.xor";
    }
    text += " v128.any_true)) (assert_exhaustion (invoke \"f\") \"call stack exhausted\")";
    for tier in [
        tierra::Tier::Interp,
        tierra::Tier::Baseline,
        tierra::Tier::Optimizing,
    ] {
        let mut config = tierra::Config::new();
        config.tier(tier);
        let report = tierra_wast::run_source("large frame", &text, &config);
        assert!(report.failures.is_empty(), "{:?}", report.failures);
    }
}
