//! `tierra wast`.

use crate::commands::WastOptions;
use crate::engine::engine;
use crate::failure::Failure;
use tierra_wast::{SkipList, run_paths};

/// Runs the scripts; prints what failed, and the counts.
pub fn run(options: &WastOptions) -> Result<i32, Failure> {
    let mut config = options.engine.config()?;
    config
        .gc_stress(options.gc_stress)
        .consume_fuel(options.count_fuel)
        .mixed_tiers(options.mixed_tiers)
        .through_artifacts(options.precompiled);
    // Scripts make engines of their own; a configuration that can't be had is said once.
    engine(&config)?;
    let mut skip = match &options.skip {
        None => SkipList::new(),
        Some(list) => {
            let text = std::fs::read_to_string(list).map_err(|error| {
                Failure::user(format!("cannot read `{}`: {error}", list.display()))
            })?;
            SkipList::parse(&list.display().to_string(), &text).map_err(Failure::user)?
        }
    };
    let mut shown = 0;
    let report = run_paths(&options.paths, &config, &mut skip, |_, report| {
        shown += report.failures.len();
        report
            .failures
            .iter()
            .for_each(|failure| println!("{failure}"));
    });
    let report =
        report.map_err(|error| Failure::user(format!("cannot read the scripts: {error}")))?;
    report.failures[shown..]
        .iter()
        .for_each(|failure| println!("{failure}"));
    println!("{}", report.counts);
    Ok(i32::from(!report.ok()))
}
