//! Help, versions, completions, the log.

use crate::harness::{guest, tierra};

#[test]
fn help_teaches() {
    let help = tierra(&["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("Examples:"), "{help:?}");
    let help = tierra(&["help", "run"]);
    for words in ["--dir", "--fuel", "Examples:", "tierra run --invoke"] {
        assert!(
            help.stdout.contains(words),
            "{words:?} is not in:\n{}",
            help.stdout
        );
    }
    tierra(&["--version"]).prints(concat!("tierra ", env!("CARGO_PKG_VERSION"), "\n"));
    tierra(&[]).fails(2, &["Usage: tierra"]);
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = tierra(&["completions", shell]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.contains("trap-unknown-imports"), "{shell}");
    }
    tierra(&["completions", "sh"]).is_mistake(&["bash"]);
}

#[test]
fn wrong_options_are_mistakes() {
    tierra(&["run", "--timeuot", "1s", "x.wasm"]).is_mistake(&["--timeuot", "'--timeout'"]);
    tierra(&["run"]).is_mistake(&["FILE"]);
}

#[test]
fn the_log_says_what_happens() {
    let run = tierra(&[
        "run",
        "--log",
        "info",
        "--invoke",
        "add",
        &guest("values.wat"),
        "1",
        "2",
    ]);
    run.prints("3\n");
    for words in ["validated", "instantiated", "calling"] {
        assert!(
            run.stderr.contains(words),
            "{words:?} is not in:\n{}",
            run.stderr
        );
    }
}
