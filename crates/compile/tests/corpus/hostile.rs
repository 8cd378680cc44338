//! Functions that are made to hurt: translated or refused, in time that is near linear.

use crate::{Translation, module};
use std::fmt::Write;
use std::time::Duration;

fn text(source: &str) -> tierra_module::Module {
    let bytes = tierra_module::text_to_bytes(source.as_bytes()).expect("it is text");
    module(bytes.into_owned()).expect("it is valid")
}

fn repeat(count: usize, what: &str) -> String {
    what.repeat(count)
}

#[track_caller]
fn quick(name: &str, source: &str) {
    let module = text(source);
    let mut translation = Translation::default();
    translation.module(name, &module);
    // Not what checks the result, which may take long for large functions.
    let time = translation.tally.time + translation.osr.time;
    translation.report(name);
    assert!(time < Duration::from_secs(20), "{name} takes {time:?}");
}

#[test]
fn depth() {
    const N: usize = 20_000;
    let nest = |open: &str| {
        let (opens, ends) = (repeat(N, open), repeat(N, "end "));
        format!("(module (func (param i32) (local i64 f32) {opens} local.get 0 br_if 0 {ends}))")
    };
    quick("blocks", &nest("block "));
    quick("loops", &nest("loop "));
    quick("ifs", &nest("local.get 0 if "));
    quick("tries", &nest("try_table "));
}

#[test]
fn many_values() {
    let results = repeat(1000, "i32 ");
    let calls = repeat(40_000, "call 0 ");
    quick(
        "results",
        &format!("(module (func $f (result {results}) unreachable) (func {calls} unreachable))"),
    );
    let branches = repeat(40_000, "local.get 0 br_if 0 ");
    let zeros = repeat(1000, "i32.const 0 ");
    quick(
        "branches",
        &format!("(module (func (param i32) (result {results}) {zeros} {branches} return))"),
    );
}

#[test]
fn wide_tables() {
    let targets = repeat(200_000, "0 1 ");
    let locals = repeat(1000, "i32 ");
    let mut body = String::new();
    for local in 0..1000 {
        let _ = write!(
            body,
            "local.get {local} i32.const 1 i32.add local.set {local} "
        );
    }
    quick(
        "br_table",
        &format!(
            "(module (func (local {locals}) loop block {body} local.get 0 br_table {targets} 0 \
             end {body} br 0 end))"
        ),
    );
}

#[test]
fn many_handlers() {
    const N: usize = 2000;
    let mut source = String::from("(module ");
    for tag in 0..N {
        let _ = write!(source, "(tag $t{tag}) ");
    }
    source.push_str("(func $f) (func ");
    for tag in 0..N {
        let _ = write!(source, "block try_table (catch $t{tag} 0) ");
    }
    source.push_str(&repeat(2 * N, "call $f "));
    source.push_str(&repeat(2 * N, "end "));
    source.push_str("))");
    quick("handlers", &source);
    let legacy = "try call $f catch_all rethrow 0 end ";
    let source = format!("(module (func $f) (func {}))", repeat(20_000, legacy));
    quick("legacy", &source);
    let calls = repeat(50_000, "call $f ");
    quick(
        "calls in a try",
        &format!("(module (func $f) (func block try_table (catch_all 0) {calls} end end))"),
    );
}
