//! Calls of cargo.

use crate::Outcome;
use std::path::{Path, PathBuf};
use std::process::Command;

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The repository.
pub fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates
        .and_then(Path::parent)
        .expect("this package lies in crates/xtask")
        .to_owned()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(target.unwrap_or_else(|| "target".into()))
}

/// The list of scripts of the specification that are known to fail.
pub fn known_to_fail() -> PathBuf {
    root().join("crates/wast/tests/skip.txt")
}

pub fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// Runs cargo in the repository.
pub fn run(args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let status = cargo().args(args).envs(env.iter().copied()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`cargo {}` failed", args.join(" "))),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}

/// Builds the program in release mode with features of other packages (`package/feature`), in a
/// directory of its own, `name`; returns its path.
pub fn build_tierra(features: &[&str], name: &str) -> Result<PathBuf, String> {
    let mut args = vec!["build", "--release", "--quiet", "-p", "tierra-cli"];
    let features = features.join(",");
    let mut directory = target();
    if !features.is_empty() {
        // Named packages may get features; every package whose feature is named must be one.
        for feature in features.split(',') {
            let (package, _) = feature
                .split_once('/')
                .ok_or("features are named package/feature")?;
            args.extend(["-p", package]);
        }
        args.extend(["--features", &features]);
        directory = directory.join(name);
    }
    let path = directory.to_string_lossy().into_owned();
    run(&[&args[..], &["--target-dir", &path]].concat(), &[])?;
    Ok(directory
        .join("release")
        .join(format!("tierra{}", std::env::consts::EXE_SUFFIX)))
}
