//! `cargo xtask bench`: every figure that is measured, one mode for each kind.
//!
//! Whole processes are measured, ours and those of others, which are named on the command line.
//! Runs are interleaved, so that a machine that slows down slows all of them down; the least time
//! of each counts. Output is compared: a fast wrong answer is no result.

mod bounds;
mod cold;
mod compile;
mod contest;
mod elf;
mod engine;
mod generate;
mod interruption;
mod list;
mod loops;
mod options;
mod rise;
mod run;
mod scaling;
mod table;

use crate::Outcome;
use options::Options;
use std::path::PathBuf;

/// A mode: its name, what it is about, what it does.
type Mode = (&'static str, &'static str, fn(&Options) -> Outcome);

const MODES: &[Mode] = &[
    (
        "run",
        "programs of a list, compiled ahead of time: time of the whole run",
        run::run,
    ),
    (
        "cold",
        "programs of a list from the module on, compilation included",
        cold::run,
    ),
    (
        "rise",
        "the same: rising from tier to tier, again with a cache, one pass, compiled before",
        rise::run,
    ),
    (
        "compile",
        "modules of a list, or files: user time of one thread, memory, size of the code",
        compile::run,
    ),
    (
        "scaling",
        "compile time per byte for functions of 1 kB to 1 MB",
        scaling::run,
    ),
    (
        "interruption",
        "loops, and programs of a list, that can be interrupted against such that can't",
        interruption::run,
    ),
    (
        "bounds",
        "loops with explicit bounds and with 64-bit memories against guard pages",
        bounds::run,
    ),
];

/// Runs the mode that is named.
pub fn run(args: &[String]) -> Outcome {
    let mode = args
        .first()
        .and_then(|name| MODES.iter().find(|(n, ..)| n == name));
    match mode {
        Some((.., run)) if !args.iter().any(|arg| arg == "--help") => {
            run(&Options::parse(&args[1..])?)
        }
        _ => {
            help();
            if args.is_empty() || args.iter().any(|arg| arg == "--help") {
                return Ok(());
            }
            Err(format!("there is no mode `{}`", args[0]))
        }
    }
}

fn help() {
    eprintln!("usage: cargo xtask bench MODE [OPTIONS] [NAME…]\n\nModes:");
    for (name, what, _) in MODES {
        eprintln!("  {name:14} {what}");
    }
    eprintln!("{}", options::HELP);
}

/// A folder for files of this run.
fn folder() -> Result<PathBuf, String> {
    let folder = crate::cargo::target().join("bench");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    Ok(folder)
}
