//! `cargo xtask wasi-testsuite`: the tests of a WebAssembly/wasi-testsuite checkout, built.
//!
//! A test is `NAME.wasm`, with an optional description `NAME.json` beside it, in a folder whose
//! `manifest.json` names the suite. Suites of later versions of WASI are left out.

mod description;
mod scratch;

use crate::process::{self, Finished};
use crate::{Outcome, cargo};
use description::{Expected, Test};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The longest test takes about a second.
const LIMIT: Duration = Duration::from_secs(30);

/// Folders that hold tests of something else.
const LEFT_OUT: &[&str] = &["wasm32-wasip2", "wasm32-wasip3"];

enum Verdict {
    Pass,
    Fail(String),
    Skip(String),
}

/// Runs the tests below a directory whose names contain a text, with options of `tierra run`.
pub fn run(args: &[String]) -> Outcome {
    let (mut words, mut options, mut own) = (Vec::new(), Vec::new(), None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        // As `--option=--tier=optimizing` or in two words.
        let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
        let mut value = || match value {
            "" => args.next().cloned().unwrap_or_default(),
            value => value.into(),
        };
        match name {
            "--option" => options.push(value()),
            "--tierra" => own = Some(PathBuf::from(value())),
            _ => words.push(arg.as_str()),
        }
    }
    let (folder, filter) = match words[..] {
        [folder] => (folder, ""),
        [folder, filter] => (folder, filter),
        _ => {
            return Err(
                "name a checkout of WebAssembly/wasi-testsuite with its tests built".into(),
            );
        }
    };
    let tierra = match own {
        Some(own) => std::path::absolute(own).map_err(|error| error.to_string())?,
        None => cargo::build_tierra(&[], "release")?,
    };
    let mut tests = Vec::new();
    find(Path::new(folder), &mut tests)
        .map_err(|error| format!("cannot read `{folder}`: {error}"))?;
    tests.sort();
    tests.retain(|test| name(test).contains(filter));

    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for wasm in &tests {
        let verdict =
            judge(&tierra, &options, wasm).unwrap_or_else(|error| Verdict::Fail(error.to_string()));
        match verdict {
            Verdict::Pass => passed += 1,
            Verdict::Skip(why) => {
                skipped += 1;
                println!("skip {}: {why}", wasm.display());
            }
            Verdict::Fail(why) => {
                failed += 1;
                println!("FAIL {}: {why}", wasm.display());
            }
        }
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 || tests.is_empty() {
        return Err(format!("{failed} of {} tests failed", tests.len()));
    }
    Ok(())
}

fn name(wasm: &Path) -> String {
    wasm.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn find(folder: &Path, tests: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let left_out = path
            .file_name()
            .is_some_and(|n| LEFT_OUT.iter().any(|left_out| n == *left_out));
        if path.is_dir() && !left_out {
            find(&path, tests)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            tests.push(path);
        }
    }
    Ok(())
}

fn judge(tierra: &Path, options: &[String], wasm: &Path) -> io::Result<Verdict> {
    let test = match Test::read(wasm)? {
        Ok(test) => test,
        Err(why) => return Ok(Verdict::Skip(why)),
    };
    let mut command = Command::new(tierra);
    command.arg("run").args(options);
    let mut copies = Vec::new();
    for (host, guest) in &test.dirs {
        let copy = scratch::Copy::of(host)?;
        command
            .arg("--dir")
            .arg(format!("{}::{guest}", copy.path().display()));
        copies.push(copy);
    }
    for (name, value) in &test.env {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    command.arg(wasm).args(&test.args);
    Ok(compare(&test.expected, &process::run(&mut command, LIMIT)?))
}

fn compare(expected: &Expected, finished: &Finished) -> Verdict {
    let said = || {
        let (out, err) = (&finished.stdout, &finished.stderr);
        format!(
            "\n{}{}",
            String::from_utf8_lossy(out),
            String::from_utf8_lossy(err)
        )
    };
    let Some(status) = finished.status else {
        return Verdict::Fail(format!("it ran longer than {LIMIT:?}{}", said()));
    };
    for (stream, payload) in &expected.streams {
        let seen = if stream == "stderr" {
            &finished.stderr
        } else {
            &finished.stdout
        };
        if seen != payload.as_bytes() {
            return Verdict::Fail(format!("{stream} should be {payload:?}{}", said()));
        }
    }
    if status.code().map(i64::from) != Some(expected.exit_code) {
        return Verdict::Fail(format!(
            "{status}, expected {}{}",
            expected.exit_code,
            said()
        ));
    }
    Verdict::Pass
}
