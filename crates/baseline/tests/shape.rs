//! What comes out is in order, and modules that are made to be expensive are not.

mod common;

use std::fmt::Write;
use std::time::Instant;
use tierra_asm::code::CompiledFunction;
use tierra_baseline::Error;

/// The only function of a module.
fn only(text: &str) -> Result<CompiledFunction, Error> {
    let mut all = common::compile_all(text);
    all.pop().expect("there is a function").1
}

fn repeat(count: usize, text: &str) -> String {
    text.repeat(count)
}

#[test]
fn tables_are_sorted() {
    let text = r#"(module (memory 1) (table 10 funcref) (type $t (func (param i32) (result i32)))
        (func (param i32 i32) (result i32)
            (loop
                (i32.store (local.get 0) (i32.div_s (local.get 1) (local.get 0)))
                (br_if 0 (call_indirect (type $t) (local.get 0) (i32.load (local.get 1)))))
            (i32.trunc_f64_s (f64.load (local.get 0)))))"#;
    let code = only(text).expect("it is small");
    let pcs = |rows: &[(u32, u8)]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
    assert!(code.traps.len() > 6);
    assert!(pcs(&code.traps).is_sorted_by(|a, b| a < b));
    assert!(code.locations.is_sorted_by_key(|row| row.0));
    assert!(code.relocs.is_sorted_by_key(|reloc| reloc.offset));
    assert_eq!(code.frame_size % 16, 0);
}

/// References are listed at calls, wherever they are.
#[test]
fn references_are_listed() {
    let text = r#"(module (func $f (import "" "f"))
        (func (param externref externref) (result externref)
            (local.get 0) (call $f) (drop) (local.get 1)))"#;
    let code = only(text).expect("it is small");
    assert_eq!(code.calls.len(), 1);
    let (start, end) = code.calls[0].map;
    assert_eq!(end - start, 2);
}

#[test]
fn large_frames_are_refused() {
    let locals = repeat(20_000, "i64 ");
    let text = format!("(module (func (local {locals})))");
    assert!(matches!(only(&text), Err(Error::TooLarge)));
}

/// Time per byte does not depend on the size: what could make it do so, once small and once 16
/// times as large.
#[test]
fn time_is_linear() {
    type Make = fn(usize) -> String;
    let cases: [(&str, Make); 8] = [
        ("nested blocks", |n| {
            format!("{}{}", repeat(n, "block "), repeat(n, "end "))
        }),
        ("nested loops", |n| {
            format!("{}{}", repeat(n, "loop "), repeat(n, "br 0 end "))
        }),
        ("loops in a row", |n| {
            repeat(n, "loop local.get 0 br_if 0 end ")
        }),
        ("blocks above many operands", |n| {
            let blocks = repeat(n, "block local.get 0 br_if 0 end ");
            format!(
                "{}{blocks}{}",
                repeat(n, "i32.const 1 "),
                repeat(n, "drop ")
            )
        }),
        ("unread locals below", |n| {
            let sets = repeat(n, "i32.const 1 local.set 1 ");
            format!("{}{sets}{}", repeat(n, "local.get 0 "), repeat(n, "drop "))
        }),
        ("unread locals, again and again", |n| {
            repeat(n, "local.get 0 i32.const 1 local.set 0 drop ")
        }),
        ("calls with handlers", |n| {
            let blocks = repeat(n, "block try_table (catch 0 0) local.get 0 call 0 end end ");
            format!("{blocks}{}", repeat(n, "local.get 0 call 0 "))
        }),
        ("branches of a table", |n| {
            let mut text = repeat(50, "block ");
            for depth in 0..n {
                write!(
                    text,
                    "local.get 0 if local.get 0 br_table 0 {} end ",
                    depth % 50
                )
                .expect("it is a string");
            }
            text + &repeat(50, "end ")
        }),
    ];
    for (name, make) in cases {
        let time = |n: usize| {
            let body = make(n);
            let text = format!("(module (tag) (func (param i32) (local i32) {body}))");
            let start = Instant::now();
            if let Err(error) = only(&text) {
                assert!(matches!(error, Error::TooLarge), "{name}: {error}");
            }
            start.elapsed()
        };
        time(1_000);
        let small = time(1_500).max(std::time::Duration::from_millis(1));
        let large = time(24_000);
        let factor = large.as_secs_f64() / small.as_secs_f64();
        assert!(
            factor < 120.0,
            "{name}: 16 times the size takes {factor:.0} times"
        );
    }
}
