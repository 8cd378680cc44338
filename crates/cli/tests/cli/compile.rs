//! `tierra compile`, and what runs what it wrote.

use crate::harness::{guest, tierra, tierra_with};
use std::path::PathBuf;
use std::process::Command;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        path.to_str().expect("a path in Unicode").to_owned()
    }
}

#[test]
fn artifacts_run_if_they_may() {
    let folder = Folder::new();
    let out = folder.path("values.aot");
    let run = tierra(&["compile", &guest("values.wat"), "-o", &out]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""));
    tierra(&[
        "run",
        "--allow-precompiled",
        "--invoke",
        "add",
        &out,
        "2",
        "40",
    ])
    .prints("42\n");
    let run = tierra(&["run", "--invoke", "add", &out, "2", "40"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--allow-precompiled"), "{}", run.stderr);
    let run = tierra(&["inspect", &out]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("is a compiled module"),
        "{}",
        run.stderr
    );
    let run = tierra(&[
        "run",
        "--allow-precompiled",
        "--fuel",
        "9",
        "--invoke",
        "add",
        &out,
        "2",
        "40",
    ]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("without fuel"), "{}", run.stderr);
}

#[test]
fn damaged_artifacts_are_refused() {
    let folder = Folder::new();
    let out = folder.path("values.aot");
    tierra(&[
        "compile",
        &guest("values.wat"),
        "-o",
        &out,
        "--cpu",
        "baseline",
        "--threads",
        "1",
    ]);
    let mut bytes = std::fs::read(&out).expect("written");
    *bytes.last_mut().expect("not empty") ^= 4;
    std::fs::write(&out, bytes).expect("written");
    let run = tierra(&["run", "--allow-precompiled", &out]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("damaged"), "{}", run.stderr);
}

#[test]
fn objects_have_symbols() {
    let folder = Folder::new();
    let out = folder.path("values.o");
    let run = tierra(&["compile", "--emit", "obj", &guest("values.wat"), "-o", &out]);
    assert_eq!(run.code, Some(0));
    tierra(&[
        "run",
        "--allow-precompiled",
        "--invoke",
        "add",
        &out,
        "2",
        "40",
    ])
    .prints("42\n");
    // Where the tools are.
    if let Ok(nm) = Command::new("nm").arg(&out).output() {
        let names = String::from_utf8_lossy(&nm.stdout);
        assert!(names.contains(" T add"), "{names}");
    }
}

#[test]
fn programs_of_their_own() {
    let folder = Folder::new();
    let out = folder.path("echo");
    let run = tierra(&["compile", "--emit", "exe", &guest("echo.wat"), "-o", &out]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""));
    let own = Command::new(&out)
        .args(["a", "--help"])
        .output()
        .expect("it starts");
    let interpreted = tierra_with(&["run", &guest("echo.wat"), "a", "--help"], b"", &[]);
    let printed = String::from_utf8_lossy(&own.stdout).replace(&out, "echo");
    assert_eq!(own.status.code(), interpreted.code);
    assert_eq!(printed, interpreted.stdout.replace("echo.wat", "echo"));
}

#[test]
fn mistakes() {
    let folder = Folder::new();
    let out = folder.path("out");
    let module = guest("values.wat");
    for (args, words) in [
        (vec!["compile", &*module], "--output"),
        (
            vec!["compile", "-o", &out, "--cpu", "mmx", &module],
            "`mmx`",
        ),
        (vec!["compile", "-o", &out, "--emit", "jar", &module], "jar"),
        (
            vec![
                "compile",
                "-o",
                &out,
                "--emit",
                "exe",
                "--count-fuel",
                &module,
            ],
            "fuel",
        ),
        (
            vec!["compile", "-o", "/nowhere/out", &module],
            "/nowhere/out",
        ),
    ] {
        let run = tierra(&args);
        assert_eq!(run.code, Some(2), "{args:?}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}

#[test]
fn functions_are_shown() {
    let module = guest("values.wat");
    let run = tierra(&["inspect", "--disassemble=add", &module]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for words in ["i32.add", "v3 = ", "ret"] {
        assert!(
            run.stdout.contains(words),
            "{words} is not in:\n{}",
            run.stdout
        );
    }
    let folder = Folder::new();
    let out = folder.path("page.html");
    let run = tierra(&["inspect", "--disassemble", "--html", &out, &module]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let page = std::fs::read_to_string(&out).expect("written");
    assert!(
        page.starts_with("<!doctype html>") && page.contains("i32.add"),
        "{page}"
    );
    let run = tierra(&["inspect", "--disassemble=nothing", &module]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn the_compiler_is_watched() {
    let module = guest("values.wat");
    let run = tierra(&["compile", "--dump=add", &module]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("after translate"), "{}", run.stdout);
    let run = tierra(&["compile", "--dump=add", "--pass", "translate", &module]);
    assert!(!run.stdout.contains("after simplify"), "{}", run.stdout);
    let run = tierra(&["compile", "--dump=add", "--pass", "magic", &module]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("`magic`"), "{}", run.stderr);
    let run = tierra(&["compile", "--time-passes", &module]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for stage in ["translate", "simplify", "allocate", "emit", "total"] {
        assert!(run.stdout.contains(stage), "{}", run.stdout);
    }
}

#[test]
fn code_without_polls_or_guard_pages() {
    let folder = Folder::new();
    let out = folder.path("values.aot");
    let module = guest("values.wat");
    let call = ["--invoke", "add", &out, "2", "40"];
    let run = |options: &[&str]| {
        let words = ["run", "--allow-precompiled"];
        tierra(&[&words[..], options, &call].concat())
    };
    tierra(&["compile", "--no-interruption", &module, "-o", &out]);
    let refused = run(&[]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("interrupted"), "{}", refused.stderr);
    run(&["--no-interruption"]).prints("42\n");
    tierra(&["compile", &module, "-o", &out]);
    run(&["--no-interruption"]).prints("42\n");
    let memory = folder.path("memory.wat");
    std::fs::write(&memory, "(module (memory 1) (func (export \"add\") (param i32 i32) (result i32) (i32.store (i32.const 8) (local.get 0)) (i32.add (i32.load (i32.const 8)) (local.get 1))))").expect("written");
    tierra(&["compile", "--no-memory-guards", &memory, "-o", &out]);
    run(&[]).prints("42\n");
    tierra(&["compile", &memory, "-o", &out]);
    let refused = run(&["--no-memory-guards"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("guard pages"), "{}", refused.stderr);
}
