//! Some cases of every fuzz target: the same as the driver runs, for a few seconds.

use tierra_fuzz::target::{Target, Verdict};

fn run(name: &str, cases: u64) {
    let target = Target::by_name(name).expect("the target exists");
    let mut completed = 0;
    for seed in 0..cases {
        match target.run(seed) {
            Ok(Verdict::Tried(calls)) => completed += calls,
            Ok(Verdict::Skipped) => {}
            Err(failure) => panic!(
                "cargo run --release -p tierra-fuzz -- --target {name} --seed {seed} --cases 1: {}",
                failure.what
            ),
        }
    }
    assert!(completed > 0, "nothing was tried");
}

#[test]
fn outside() {
    run("outside", 150);
}

#[test]
fn settings() {
    run("settings", 150);
}

#[test]
fn no_crash() {
    run("no-crash", 300);
}

#[test]
fn translate() {
    run("translate", 60);
}

#[test]
fn validate() {
    run("validate", 150);
}

#[test]
fn tiers() {
    run("tiers", 100);
}

#[test]
fn programs() {
    run("programs", 10);
}

/// The cases of a seed are the same everywhere.
#[test]
fn seeds_are_stable() {
    let a = tierra_fuzz::target::summary(3, true);
    let b = tierra_fuzz::target::summary(3, true);
    assert_eq!(a, b);
}
