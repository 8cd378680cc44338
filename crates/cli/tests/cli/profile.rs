//! `tierra profile`.

use crate::harness::{Run, guest, tierra};
use std::collections::HashMap;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("Unicode").to_owned()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("it was written")
    }

    fn profile(&self, out: &str, options: &[&str], args: &[&str]) -> Run {
        let out = self.path(out);
        let command = ["profile", "--cache", "off", "-o", &out];
        tierra(&[&command[..], options, args].concat())
    }
}

/// Samples by stack.
fn stacks(folded: &str) -> HashMap<&str, u64> {
    let line = |line| {
        let (stack, samples) = str::rsplit_once(line, ' ').expect("a number");
        (stack, samples.parse().expect("a number"))
    };
    folded.lines().map(line).collect()
}

#[test]
fn stacks_of_every_tier() {
    let folder = Folder::new();
    for tier in ["interp", "baseline", "optimizing"] {
        let run = folder.profile("out.folded", &["--tier", tier], &[&guest("profile.wat")]);
        assert_eq!((run.code, &*run.stdout), (Some(0), ""), "{run:?}");
        let folded = folder.read("out.folded");
        let stacks = stacks(&folded);
        let samples: u64 = stacks.values().sum();
        let of = |name: &str| {
            let stack = format!("main [{tier}];{name} [{tier}];work [{tier}]");
            stacks.get(&*stack).copied().unwrap_or(0)
        };
        let (easy, hard) = (of("app::easy"), of("hard"));
        // Three times as much, but for what else this machine does.
        assert!(2 * hard > easy && easy > 0, "{folded}");
        assert!((easy + hard) * 10 > samples * 8, "{folded}");
        for words in ["out.folded", "samples in", &format!("{tier:<22} work\n")] {
            assert!(
                run.stderr.contains(words),
                "{words:?} is not in:\n{}",
                run.stderr
            );
        }
    }
}

#[test]
fn functions_rise() {
    let folder = Folder::new();
    folder.profile("out.folded", &[], &[&guest("profile.wat")]);
    let folded = folder.read("out.folded");
    assert!(folded.contains("work [optimizing]"), "{folded}");
    assert!(!folded.contains("[interp]"), "{folded}");
}

#[test]
fn pictures() {
    let folder = Folder::new();
    let call = ["--invoke", "trap", &guest("profile.wat"), "20000000"];
    // Also of what does not end well; the exit code is the guest's.
    let run = folder.profile("out.svg", &["--rate", "2000"], &call);
    run.fails(134, &["unreachable", "out.svg", "2000 per second"]);
    let picture = folder.read("out.svg");
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(picture.contains("data-name=\"hard\""), "{picture}");
    folder.profile("out.html", &[], &[&guest("echo.wat"), "a"]);
    assert!(folder.read("out.html").starts_with("<!doctype html>"));
    // What is said wins over the name.
    folder.profile("out", &["--format", "folded"], &[&guest("profile.wat")]);
    assert!(folder.read("out").starts_with("main ["));
}

#[test]
fn the_program_runs_as_always() {
    let folder = Folder::new();
    let echo = guest("echo.wat");
    let run = folder.profile("out.svg", &[], &[&echo, "a", "--rate"]);
    assert_eq!(run.stdout, tierra(&["run", &echo, "a", "--rate"]).stdout);
    let module = guest("values.wat");
    let run = folder.profile("out.svg", &[], &["--invoke", "add", &module, "2", "40"]);
    run.prints("42\n");
}

#[test]
fn all_threads() {
    let folder = Folder::new();
    let module = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/guests/primes-threads.wasm"
    );
    let run = folder.profile("out.folded", &["--rate", "5000"], &[module]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let folded = folder.read("out.folded");
    assert!(folded.contains("wasi_thread_start ["), "{folded}");
}

#[test]
fn mistakes() {
    let folder = Folder::new();
    let module = guest("profile.wat");
    folder
        .profile("out.svg", &["--rate", "0"], &[&module])
        .is_mistake(&["--rate"]);
    folder
        .profile("nowhere/out.svg", &[], &[&module])
        .is_mistake(&["nowhere/out.svg"]);
    folder
        .profile("out.svg", &["--format", "png"], &[&module])
        .is_mistake(&["folded"]);
}

#[test]
fn help_teaches() {
    let help = tierra(&["profile", "--help"]);
    for words in [
        "Usage: tierra profile [OPTIONS]",
        "flamegraph.pl",
        "--rate <HZ>",
        "--dir",
        "[host]",
    ] {
        assert!(
            help.stdout.contains(words),
            "{words:?} is not in:\n{}",
            help.stdout
        );
    }
}
