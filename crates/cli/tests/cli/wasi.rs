//! What programs get of the host.

use crate::harness::{Run, guest, tierra, tierra_text, tierra_with};
use std::path::Path;

#[test]
fn arguments_and_environment() {
    let strings = guest("strings.wat");
    tierra(&[
        "run", "--argv0", "me", "--env", "A=1", "--env", "B=x=y", &strings, "one", "",
    ])
    .prints("me\none\n\nA=1\nB=x=y\n");
    let env = [("TIERRA_TEST", "seen")];
    tierra_with(&["run", "--env", "TIERRA_TEST", &strings], b"", &env)
        .prints("strings.wat\nTIERRA_TEST=seen\n");
    let all = tierra_with(&["run", "--inherit-env", &strings], b"", &env);
    assert!(all.stdout.contains("\nTIERRA_TEST=seen\n"), "{all:?}");
    tierra(&["run", "--env", "TIERRA_NO_SUCH", &strings]).is_mistake(&[
        "--env TIERRA_NO_SUCH",
        "hint:",
        "TIERRA_NO_SUCH=VALUE",
    ]);
}

#[test]
fn the_standard_streams() {
    tierra_with(&[&guest("echo.wat")], b"over\nand out", &[]).prints("over\nand out");
}

fn copy(option: &str, folder: &Path, as_guest: &str) -> Run {
    tierra(&[
        "run",
        option,
        &format!("{}{as_guest}", folder.display()),
        &guest("copy.wat"),
    ])
}

#[test]
fn directories() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.txt");
    copy("--dir", folder.path(), "").fails(44, &[]);
    std::fs::write(folder.path().join("in.txt"), "contents").unwrap();

    let read_only = copy("--ro-dir", folder.path(), "::/");
    assert_eq!(read_only.stdout, "contents");
    assert!(matches!(read_only.code, Some(69 | 76)), "{read_only:?}");
    assert!(!out.exists());

    copy("--dir", folder.path(), "::/").prints("contents");
    assert_eq!(std::fs::read_to_string(out).unwrap(), "contents");
    // A program that is given nothing has no directory.
    tierra(&["run", &guest("copy.wat")]).fails(8, &[]);
    copy("--dir", Path::new("/no/such/folder"), "::/")
        .is_mistake(&["cannot open the directory", "hint:"]);
}

#[test]
fn exit_codes_are_the_programs() {
    let exit = |code: u32| {
        let text = format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start") (call $exit (i32.const {code})) unreachable))"#
        );
        tierra_text(&[], &text)
    };
    for code in [0, 1, 2, 42, 134, 255] {
        exit(code).fails(code as i32, &[]);
        assert_eq!(exit(code).stderr, "");
    }
}

#[test]
fn the_older_version_of_wasi() {
    let text = r#"(module (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 3))))"#;
    tierra_text(&[], text).fails(3, &[]);
}

#[test]
fn a_program_without_an_exported_memory() {
    let text = r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func $y (result i32)))
        (func (export "_start") (drop (call $y))))"#;
    tierra_text(&[], text).fails(1, &["must export its memory as `memory`"]);
}

#[test]
fn clocks_and_random_numbers_can_be_repeated() {
    let host = |options: &[&str], name: &str| {
        let run = tierra(&[&["run"], options, &["--invoke", name, &guest("host.wat")]].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        run.stdout
    };
    let time: u64 = host(&["--fixed-clock", "1000"], "time")
        .trim()
        .parse()
        .unwrap();
    assert!((1_000_000..1_000_010).contains(&time), "{time}");
    let seeded = |seed| host(&["--random-seed", seed], "random");
    assert_eq!(seeded("1"), seeded("1"));
    assert_ne!(seeded("1"), seeded("2"));
    assert_ne!(host(&[], "random"), host(&[], "random"));
}

#[test]
fn threads_end_with_the_process() {
    let threads = guest("threads.wat");
    tierra(&[&threads]).fails(42, &[]);
    tierra(&["--invoke", "trap", &threads])
        .fails(134, &["in another thread", "unreachable", "threads!run"]);
}

#[test]
fn sockets() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "type") (result i32)
            (drop (call $stat (i32.const 3) (i32.const 0)))
            (i32.load8_u (i32.const 0))))"#;
    // 6 is a stream socket.
    tierra_text(&["--tcp-listen", "127.0.0.1:0", "--invoke", "type"], text).prints("6\n");
    tierra_text(&["--tcp-listen", "nowhere", "--invoke", "type"], text)
        .is_mistake(&["--tcp-listen nowhere", "hint:"]);
}
