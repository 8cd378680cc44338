//! The `tierra` program: runs, checks and looks into WebAssembly modules.
//!
//! Exit codes: what the guest exits with; 134 if it traps; 2 if the user made a mistake, with a
//! hint at what to do; 1 if the host failed.

#![deny(unsafe_code)]

mod cache;
mod commands;
mod compile;
mod embedded;
mod engine;
mod failure;
mod inspect;
mod log;
mod options;
mod profile;
mod run;
mod source;
mod tiering;
mod units;
mod validate;
mod wast;

use clap::Parser;
use commands::{Cli, Command};
use failure::Failure;
use std::ffi::OsString;

fn main() {
    let outcome = match embedded::find() {
        Some(artifact) => run::embedded(artifact, std::env::args_os().collect()),
        None => {
            let cli = Cli::parse_from(with_command(std::env::args_os().collect()));
            execute(cli.command)
        }
    };
    let code = outcome.unwrap_or_else(|failure| {
        failure.print();
        failure.code()
    });
    std::process::exit(code);
}

fn execute(command: Command) -> Result<i32, Failure> {
    match command {
        Command::Run(options) => run::run(&options),
        Command::Profile(options) => profile::run(&options),
        Command::Compile(options) => compile::run(&options),
        Command::Wast(options) => wast::run(&options),
        Command::Validate(options) => validate::run(&options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Cache(options) => cache::run(&options),
        Command::Completions { shell } => {
            commands::completions(shell);
            Ok(0)
        }
    }
}

/// `tierra FILE` and `tierra --option FILE` are short for `tierra run …`.
fn with_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let first = args.get(1).and_then(|arg| arg.to_str());
    let known = match first {
        None => args.len() < 2,
        Some("-h" | "--help" | "-V" | "--version" | "help") => true,
        Some(name) => commands::names().any(|command| command == name),
    };
    if !known {
        args.insert(1, "run".into());
    }
    args
}
