//! `tierra cache`, and the cache's options of `tierra run`.

use crate::harness::{guest, tierra, tierra_with};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tierra_cache::{Cache, Key};

/// Puts so many entries into a folder; returns its name.
fn filled(dir: &Path, entries: u8) -> String {
    let cache = Cache::open(dir, 1 << 20).expect("opened");
    for number in 0..entries {
        let key = Key::new(&[&[number]]);
        cache.put(&key, &[b"bytes"]).expect("written");
    }
    dir.to_str().expect("Unicode").to_owned()
}

#[test]
fn shown_and_cleared() {
    let outside = tempfile::tempdir().expect("a folder");
    let dir = filled(&outside.path().join("cache"), 3);
    tierra(&["cache", "info", "--dir", &dir])
        .prints(&format!("folder:  {dir}\nentries: 3\nbytes:   12303\n"));
    let run = tierra(&["cache", "info", "--json", "--dir", &dir]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let expected = serde_json::json!({ "folder": dir, "entries": 3, "bytes": 12303 });
    assert_eq!(json, expected);
    tierra(&["cache", "clear", "--dir", &dir])
        .prints(&format!("{dir}: 3 entries of 12303 bytes removed\n"));
    tierra(&["cache", "clear", "--dir", &dir])
        .prints(&format!("{dir}: 0 entries of 0 bytes removed\n"));
}

#[test]
fn the_users_own() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = filled(&home.path().join("tierra"), 2);
    let variables = [("XDG_CACHE_HOME", home.path().to_str().expect("Unicode"))];
    let info = tierra_with(&["cache", "info"], b"", &variables);
    info.prints(&format!("folder:  {dir}\nentries: 2\nbytes:   8202\n"));
    let clear = tierra_with(&["cache", "clear"], b"", &variables);
    clear.prints(&format!("{dir}: 2 entries of 8202 bytes removed\n"));
    let nobody = [("XDG_CACHE_HOME", ""), ("HOME", "")];
    tierra_with(&["cache", "info"], b"", &nobody).is_mistake(&["no cache folder", "--dir"]);
}

#[test]
fn looking_makes_nothing() {
    let outside = tempfile::tempdir().expect("a folder");
    let missing = outside.path().join("missing");
    let dir = missing.to_str().expect("Unicode");
    tierra(&["cache", "info", "--dir", dir])
        .prints(&format!("folder:  {dir}\nentries: 0\nbytes:   0\n"));
    tierra(&["cache", "clear", "--dir", dir])
        .prints(&format!("{dir}: 0 entries of 0 bytes removed\n"));
    assert!(!missing.exists());
}

/// Runs a module whose functions are compiled.
fn run(options: &[&str], variables: &[(&str, &str)]) -> crate::harness::Run {
    let module = guest("values.wat");
    let call = ["--invoke", "add", &module, "2", "40"];
    let args = [&["run", "--tier", "baseline"], options, &call].concat();
    tierra_with(&args, b"", variables)
}

#[test]
fn folders_of_a_run() {
    let outside = tempfile::tempdir().expect("a folder");
    let users = outside.path().join("users");
    let own = outside.path().join("own");
    let variables = [("XDG_CACHE_HOME", users.to_str().expect("Unicode"))];
    run(&["--cache", "off"], &variables).prints("42\n");
    assert!(!users.exists());
    let dir = own.to_str().expect("Unicode");
    run(&["--cache", dir, "--cache-limit", "64MiB"], &variables).prints("42\n");
    assert!(own.is_dir() && !users.exists());
    run(&[], &variables).prints("42\n");
    assert!(users.join("tierra").is_dir());
}

#[test]
fn unsafe_folders() {
    let outside = tempfile::tempdir().expect("a folder");
    let dir = filled(&outside.path().join("tierra"), 1);
    std::fs::set_permissions(&dir, Permissions::from_mode(0o777)).expect("ours");
    let said = ["not safe", "chmod go-w"];
    tierra(&["cache", "info", "--dir", &dir]).is_mistake(&said);
    tierra(&["cache", "clear", "--dir", &dir]).is_mistake(&said);
    run(&["--cache", &dir], &[]).is_mistake(&["not safe", "--cache off"]);
    // Nobody asked for this one: the run does without.
    let variables = [("XDG_CACHE_HOME", outside.path().to_str().expect("Unicode"))];
    let run = run(&["--log", "warn"], &variables);
    run.prints("42\n");
    assert!(run.stderr.contains("not safe"), "{}", run.stderr);
}

#[test]
fn mistakes() {
    run(&["--cache-limit", "64Mb"], &[]).is_mistake(&["64MiB"]);
    run(&["--cache", ""], &[]).is_mistake(&["off"]);
    run(&["--cache", "/proc/nowhere/cache"], &[]).is_mistake(&["/proc/nowhere/cache"]);
    tierra(&["cache"]).fails(2, &["info", "clear"]);
}

#[test]
fn help_teaches() {
    let help = tierra(&["cache", "--help"]);
    for words in [
        "info",
        "clear",
        "XDG_CACHE_HOME",
        "Examples:",
        "always safe",
    ] {
        assert!(
            help.stdout.contains(words),
            "{words:?} is not in:\n{}",
            help.stdout
        );
    }
    let help = tierra(&["run", "--help"]);
    for words in ["--cache <off|DIR>", "--cache-limit <SIZE>"] {
        assert!(
            help.stdout.contains(words),
            "{words:?} is not in:\n{}",
            help.stdout
        );
    }
}
