//! `cargo xtask matrix`: the specification's scripts in every configuration that exists.

use crate::{Outcome, cargo};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// How the program is built: a name, and features.
const BUILDS: &[(&str, &[&str])] = &[
    ("sibling-dispatch", &[]),
    ("loop-dispatch", &["tierra-interp/loop-dispatch"]),
];

/// How it is run: a name, and options of `tierra wast`.
const RUNS: &[(&str, &[&str])] = &[
    ("plain", &[]),
    ("gc-stress", &["--gc-stress"]),
    ("fuel", &["--count-fuel"]),
];

/// Tiers besides the interpreter, with their own options. How the interpreter was built matters to
/// none of them.
const TIERS: &[(&str, &[&str])] = &[
    ("baseline", &["--tier", "baseline"]),
    (
        "mixed baseline",
        &["--tier", "baseline", "--mixed-tiers", "1"],
    ),
    ("optimizing", &["--tier", "optimizing"]),
    ("bounds", &["--tier", "optimizing", "--no-memory-guards"]),
    ("artifacts", &["--tier", "optimizing", "--precompiled"]),
    ("mixed", &["--tier", "optimizing", "--mixed-tiers", "1"]),
    ("auto", &["--tier", "auto"]),
    ("auto at once", &["--tier-stress", "eager,sync"]),
    ("auto at random", &["--tier-stress", "eager,sync,random=1"]),
    ("auto beside", &["--tier-stress", "eager,random=2"]),
    ("auto failing", &["--tier-stress", "eager,delay=1ms,fail=2"]),
    (
        "auto from interpreter",
        &[
            "--interpreter-threshold",
            "0",
            "--tier-stress",
            "eager,sync",
        ],
    ),
    (
        "auto through all tiers",
        &[
            "--interpreter-threshold",
            "0",
            "--tier-stress",
            "eager,sync,random=4",
        ],
    ),
    (
        "auto no memory",
        &["--tier-stress", "eager", "--code-memory", "192KiB"],
    ),
    (
        "auto no code",
        &["--tier-stress", "eager", "--code-memory", "0"],
    ),
    (
        "auto mixed",
        &["--tier-stress", "eager,sync,random=3", "--mixed-tiers", "1"],
    ),
];

/// Runs every combination; one line each.
pub fn run(args: &[String]) -> Outcome {
    if args.is_empty() {
        return Err("name a directory, such as a checkout of WebAssembly/testsuite".into());
    }
    let mut failed = 0;
    for (build, features) in BUILDS {
        let tierra = cargo::build_tierra(features, build)?;
        let interp = &["--tier", "interp"];
        failed += all_runs(&tierra, ("interp", build), interp, args)?;
        if features.is_empty() {
            for (tier, options) in TIERS {
                failed += all_runs(&tierra, (tier, build), options, args)?;
            }
        }
    }
    if failed > 0 {
        return Err(format!("{failed} configurations failed"));
    }
    Ok(())
}

/// Runs the scripts in every way that a tier is run; returns how many failed.
fn all_runs(
    tierra: &Path,
    (tier, build): (&str, &str),
    tier_options: &[&str],
    args: &[String],
) -> Result<usize, String> {
    let mut failed = 0;
    for (name, options) in RUNS {
        let start = Instant::now();
        let options = [tier_options, options].concat();
        let (passed, summary) = scripts(tierra, &options, args)?;
        println!(
            "{tier:14} {build:16} {name:10} {summary} ({:.1} s)",
            start.elapsed().as_secs_f64()
        );
        failed += usize::from(!passed);
    }
    Ok(failed)
}

/// Runs the scripts; returns whether all passed, and the last line. Failures are printed.
fn scripts(tierra: &Path, options: &[&str], args: &[String]) -> Result<(bool, String), String> {
    let output = Command::new(tierra)
        .args(["wast", "--skip"])
        .arg(cargo::known_to_fail())
        .args(options)
        .args(args)
        .output();
    let output = output.map_err(|error| format!("cannot run tierra: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let (failures, summary) = match stdout.trim_end().rsplit_once('\n') {
        Some((failures, summary)) => (failures, summary.to_owned()),
        None => ("", stdout.trim_end().to_owned()),
    };
    if !failures.is_empty() {
        println!("{failures}");
    }
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let summary = if summary.is_empty() {
        format!("no result, {}", output.status)
    } else {
        summary
    };
    Ok((output.status.success(), summary))
}
