//! `--invoke`.

use crate::harness::{guest, tierra};

fn invoke(name: &str, args: &[&str]) -> crate::harness::Run {
    tierra(&[&["run", "--invoke", name, &guest("values.wat")], args].concat())
}

#[test]
fn results_are_printed_one_per_line() {
    invoke("add", &["2", "40"]).prints("42\n");
    invoke("add", &["-1", "0x10"]).prints("15\n");
    invoke("none", &[]).prints("");
    invoke("null", &[]).prints("null\nnull\n");
    invoke("all", &["-7", "0xffffffffffffffff", "nan", "-inf", "0x10"])
        .prints("0x00000000000000000000000000000010\n-inf\nnan\n-1\n-7\n");
    invoke("all", &["4294967295", "1", "1.1", "1e21", "0x0"])
        .prints("0x00000000000000000000000000000000\n1000000000000000000000\n1.1\n1\n-1\n");
}

#[test]
fn the_short_form_takes_options() {
    tierra(&["--invoke", "add", &guest("values.wat"), "2", "3"]).prints("5\n");
}

#[test]
fn parameters_are_checked() {
    invoke("add", &["1"]).is_mistake(&[
        "`add` takes 2 parameters, 1 were given",
        "(func (param i32 i32)",
    ]);
    invoke("add", &["1", "two"]).is_mistake(&["parameter 2 of `add`: `two` is no i32", "0xff"]);
    invoke("take", &["1"]).is_mistake(&["externref cannot be given on the command line"]);
    invoke("sub", &[]).is_mistake(&["no function is exported as `sub`", "hint:", "`add`"]);
    invoke("memory", &[]).is_mistake(&["the export `memory` is a memory, not a function"]);
}

#[test]
fn a_library_is_initialized_before_its_functions() {
    let text = r#"(module
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $ready (i32.const 7)))
        (func (export "get") (result i32) (global.get $ready)))"#;
    crate::harness::tierra_text(&["--invoke", "get"], text).prints("7\n");
    crate::harness::tierra_text(&[], text).prints("");
}

#[test]
fn a_module_without_a_program_says_what_to_invoke() {
    tierra(&[&guest("values.wat")]).is_mistake(&["exports no `_start`", "--invoke NAME", "`add`"]);
}
