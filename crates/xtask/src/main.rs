//! Chores of the repository: `cargo xtask CHORE`.

#![deny(unsafe_code)]

mod bench;
mod bisect;
mod cargo;
mod matrix;
mod process;
mod size;
mod wasi_testsuite;

use std::path::PathBuf;
use std::process::ExitCode;

/// A chore that did not succeed, in a sentence for whoever started it.
type Outcome = Result<(), String>;

/// A chore: its name, its parameters, what it does.
type Chore = (
    &'static str,
    &'static str,
    &'static str,
    fn(&[String]) -> Outcome,
);

const CHORES: &[Chore] = &[
    (
        "test",
        "[ARGS]",
        "every test of the workspace, as `cargo test --workspace ARGS`",
        test,
    ),
    (
        "bless",
        "[ARGS]",
        "the same with BLESS=1: expected output is written anew",
        bless,
    ),
    (
        "spec",
        "DIR|FILE…",
        "scripts of the specification, with the release build",
        spec,
    ),
    (
        "wasi-testsuite",
        "DIR [NAME] [--option OPTION] [--tierra PROGRAM]",
        "WASI 0.1 and wasi-threads tests of a wasi-testsuite checkout",
        wasi_testsuite::run,
    ),
    (
        "matrix",
        "DIR|FILE…",
        "scripts of the specification in every configuration",
        matrix::run,
    ),
    (
        "bisect",
        "[--tier TIER] [OPTIONS] FILE [ARGS]",
        "which function of a program a tier miscompiles, against the interpreter",
        bisect::run,
    ),
    (
        "bench",
        "MODE [OPTIONS] [NAME…]",
        "every figure that is measured; without a mode, which there are",
        bench::run,
    ),
    (
        "fuzz",
        "[--seconds N] [--seed N] [--target NAME]",
        "differential fuzzing, with the release build",
        fuzz,
    ),
    (
        "size",
        "",
        "the size of the stripped release build",
        size::run,
    ),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let chore = args
        .first()
        .and_then(|name| CHORES.iter().find(|(n, ..)| n == name));
    let Some((.., run)) = chore else {
        usage();
        return ExitCode::from(2);
    };
    match run(&args[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn fuzz(args: &[String]) -> Outcome {
    let mut command = vec!["run", "--release", "--package", "tierra-fuzz", "--"];
    command.extend(cargo::strs(args));
    cargo::run(&command, &[])
}

fn usage() {
    eprintln!("usage: cargo xtask CHORE\n");
    for (name, parameters, what, _) in CHORES {
        eprintln!("  {:38} {what}", format!("{name} {parameters}"));
    }
}

fn test(args: &[String]) -> Outcome {
    cargo::run(
        &[&["test", "--workspace"], &cargo::strs(args)[..]].concat(),
        &[],
    )
}

fn bless(args: &[String]) -> Outcome {
    cargo::run(
        &[&["test", "--workspace"], &cargo::strs(args)[..]].concat(),
        &[("BLESS", "1")],
    )
}

fn spec(args: &[String]) -> Outcome {
    if args.is_empty() {
        return Err("name a directory, such as a checkout of WebAssembly/testsuite".into());
    }
    let tierra = cargo::build_tierra(&[], "release")?;
    let args: Vec<PathBuf> = args.iter().map(PathBuf::from).collect();
    let status = std::process::Command::new(tierra)
        .args(["wast", "--skip"])
        .arg(cargo::known_to_fail())
        .args(args)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("scripts failed".into()),
        Err(error) => Err(format!("cannot run tierra: {error}")),
    }
}
