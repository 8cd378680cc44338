//! `cargo xtask size`.

use crate::{Outcome, cargo};
use std::process::Command;

/// What the program may have, in bytes, with three tiers and all tools.
const LIMIT: u64 = 7 << 20;

/// Builds the program without symbols, and tells its size.
pub fn run(_: &[String]) -> Outcome {
    let built = cargo::build_tierra(&[], "release")?;
    let stripped = cargo::target().join("tierra-stripped");
    let strip = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(&built)
        .status();
    if !strip.is_ok_and(|status| status.success()) {
        return Err("cannot run `strip`, which is part of binutils".into());
    }
    let size = std::fs::metadata(&stripped)
        .map_err(|error| error.to_string())?
        .len();
    println!(
        "tierra, release, stripped: {size} bytes ({:.2} MiB)",
        size as f64 / (1 << 20) as f64
    );
    if size > LIMIT {
        return Err(format!("that is more than {LIMIT} bytes"));
    }
    Ok(())
}
