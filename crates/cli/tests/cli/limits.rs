//! Fuel, time, memory, stack.

use crate::harness::{Run, guest, tierra, tierra_text};
use std::time::Instant;

fn limited(options: &[&str], name: &str, args: &[&str]) -> Run {
    tierra(
        &[
            &["run"],
            options,
            &["--invoke", name, &guest("traps.wat")],
            args,
        ]
        .concat(),
    )
}

#[test]
fn fuel() {
    limited(&["--fuel", "10000"], "forever", &[])
        .fails(134, &["all fuel consumed", "hint:", "--fuel"]);
    limited(&["--fuel", "10000"], "divide", &["1"]).prints("1\n");
}

#[test]
fn time_ends_a_loop() {
    let start = Instant::now();
    limited(&["--timeout", "100ms"], "forever", &[])
        .fails(134, &["interrupted", "hint:", "100ms", "traps!forever"]);
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn time_ends_a_call_that_waits() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            ;; a subscription to the monotonic clock, in an hour
            (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (i64.const 3600000000000))
            (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512)))))"#;
    let start = Instant::now();
    tierra_text(&["--timeout", "100ms"], text).fails(134, &["interrupted"]);
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn memory() {
    limited(&[], "grow", &["100"]).prints("1\n");
    limited(&["--max-memory", "1MiB"], "grow", &["100"]).prints("-1\n");
    limited(&["--max-memory", "1MiB"], "grow", &["15"]).prints("1\n");
    let large = "(module (memory 100))";
    let run = tierra_text(&["--max-memory", "64KiB"], large);
    assert!(!matches!(run.code, Some(0)), "{run:?}");
    assert!(run.stderr.contains("memory"), "{run:?}");
}

#[test]
fn stack() {
    let text = r#"(module (func $count (export "count") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $count (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))"#;
    let count = |stack: &str| {
        let args = [
            "run",
            "--max-stack",
            stack,
            "--invoke",
            "count",
            "-",
            "10000",
        ];
        crate::harness::tierra_with(&args, text.as_bytes(), &[])
    };
    count("8MiB").prints("10000\n");
    count("64KiB").fails(134, &["call stack exhausted"]);
    count("16").is_mistake(&["max_stack"]);
}

#[test]
fn wrong_units_are_mistakes() {
    for (option, value) in [
        ("--timeout", "2 weeks"),
        ("--max-memory", "64Mb"),
        ("--fuel", "much"),
    ] {
        limited(&[option, value], "forever", &[]).is_mistake(&[option, value]);
    }
}
