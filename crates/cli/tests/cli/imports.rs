//! Imports that are missing, preloaded, or left to trap.

use crate::harness::{tierra, tierra_text};

const PLUGIN: &str = r#"(module
    (import "env" "log" (func $log (param i32 f64)))
    (func (export "quiet") (result i32) (i32.const 1))
    (func (export "loud") (call $log (i32.const 1) (f64.const 2))))"#;

#[test]
fn a_missing_import_is_named_with_its_type() {
    tierra_text(&["--invoke", "quiet"], PLUGIN).is_mistake(&[
        "nothing defines the import `env` `log`, a func (func (param i32 f64))",
        "hint:",
        "--preload env=FILE",
        "--trap-unknown-imports",
    ]);
    let two = r#"(module (import "a" "f" (func)) (import "b" "m" (memory 1)))"#;
    let run = tierra_text(&[], two);
    run.is_mistake(&[
        "nothing defines 2 of the imports",
        "`a` `f`",
        "`b` `m`, a memory (memory 1)",
    ]);
    assert!(
        !run.stderr.contains("--trap-unknown-imports"),
        "that helps functions only"
    );
}

#[test]
fn unknown_imports_trap_when_they_are_called() {
    let option = "--trap-unknown-imports";
    tierra_text(&[option, "--invoke", "quiet"], PLUGIN).prints("1\n");
    tierra_text(&[option, "--invoke", "loud"], PLUGIN).fails(
        134,
        &[
            "nothing defines the import `env` `log`",
            "unknown import called",
        ],
    );
}

#[test]
fn other_modules_give_imports() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("support.wat");
    let support = r#"(module
        (global $base (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $base (i32.const 40)))
        (func (export "offset") (param i32) (result i32)
            (i32.add (global.get $base) (local.get 0))))"#;
    std::fs::write(&file, support).unwrap();
    let preload = format!("math={}", file.display());
    let user = r#"(module (import "math" "offset" (func $f (param i32) (result i32)))
        (func (export "f") (result i32) (call $f (i32.const 2))))"#;
    tierra_text(&["--preload", &preload, "--invoke", "f"], user).prints("42\n");

    let other = r#"(module (import "math" "offset" (func $f (param i64))) (func (export "f")))"#;
    tierra_text(&["--preload", &preload, "--invoke", "f"], other).is_mistake(&["`math` `offset`"]);
    tierra(&["run", "--preload", "math", "x.wasm"]).is_mistake(&["NAME=FILE"]);
}
