//! How guests end badly.

use crate::harness::{Run, guest, tierra};

fn trap(name: &str, args: &[&str]) -> Run {
    tierra(&[&["run", "--invoke", name, &guest("traps.wat")], args].concat())
}

#[test]
fn a_trap_exits_134_with_a_backtrace_of_names() {
    let run = trap("unreachable", &[]);
    run.fails(134, &["error: wasm trap: unreachable", "wasm backtrace:"]);
    let inner = run
        .stderr
        .find("traps!inner")
        .expect("the innermost function");
    let outer = run.stderr.find("traps!outer").expect("its caller");
    assert!(inner < outer, "{}", run.stderr);
}

#[test]
fn every_trap_has_its_words() {
    trap("bounds", &[]).fails(134, &["out of bounds memory access"]);
    trap("divide", &["0"]).fails(134, &["integer divide by zero"]);
    trap("null", &[]).fails(134, &["uninitialized element"]);
    trap("throw", &[]).fails(134, &["uncaught wasm exception"]);
    trap("divide", &["1"]).prints("1\n");
}

#[test]
fn endless_recursion_traps() {
    trap("deep", &[]).fails(134, &["call stack exhausted", "hint:", "--max-stack"]);
}

#[test]
fn a_trap_of_the_start_function() {
    crate::harness::tierra_text(&[], "(module $m (func $begin unreachable) (start $begin))")
        .fails(134, &["unreachable", "m!begin"]);
}

#[test]
fn output_before_a_trap_is_there() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\08\00\00\00\03\00\00\00hi\n")
        (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
            unreachable))"#;
    let run = crate::harness::tierra_text(&[], text);
    run.fails(134, &["unreachable"]);
    assert_eq!(run.stdout, "hi\n");
}
