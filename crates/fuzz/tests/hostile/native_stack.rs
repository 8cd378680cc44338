//! Every instruction, many times, on a small native stack.
//!
//! **Problem.** With dispatch by sibling calls a handler ends in a jump only if the optimizer
//! makes it one, and that it does as long as nothing has the address of the handler's frame. No
//! compiler says when it doesn't. **Idea.** A handler that calls instead leaves some bytes on
//! the native stack each time; a loop of all operators, in every form of operand, runs on a
//! thread whose stack is too small for that. **Cost.** The process that overflows its stack is
//! aborted, so it is a process of its own, which says what it was about to run.

use std::process::Command;
use tierra::{Config, Engine, Instance, Module, Store};

/// An operator: its text with immediates, operand types, result type.
struct Row(String, Vec<&'static str>, &'static str);

fn ty(name: &str) -> &'static str {
    match name.split('.').next() {
        Some("i32" | "I32") => "i32",
        Some("i64" | "I64") => "i64",
        Some("f32" | "F32") => "f32",
        Some("f64" | "F64") => "f64",
        _ => "v128",
    }
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let address = |with: &[&'static str]| [&["i32"], with].concat();
    macro_rules! plain {
        ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident $(, $how:ident)?;)*) => {
            $(rows.push(Row($text.into(), vec![$(ty(stringify!($a))),*], ty(stringify!($r))));)*
        };
    }
    macro_rules! compare {
        ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, $s:ident $so:ident $sf:ident $(, $n:ident $($rest:ident)*)?;)*) => {
            $(rows.push(Row($text.into(), vec![$(ty(stringify!($a))),*], ty(stringify!($r))));)*
        };
    }
    macro_rules! lane {
        ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, lanes $n:literal;)*) => {
            $(rows.push(Row(concat!($text, " 1").into(), vec![$(ty(stringify!($a))),*], ty(stringify!($r))));)*
        };
    }
    macro_rules! names {
        ($($op:ident $f:ident $visit:ident $text:literal $a:tt $(as $b:ident)? $(, bytes $n:literal)? $(, lanes $l:literal)? $(-> $r:ident)? ;)*) => {
            vec![$($text),*]
        };
    }
    tierra_core::for_each_unary!(plain);
    tierra_core::for_each_binary!(plain);
    tierra_core::for_each_vector!(plain);
    tierra_core::for_each_compare!(compare);
    tierra_core::for_each_lane!(lane);
    for name in tierra_core::for_each_load!(names) {
        rows.push(Row(name.into(), address(&[]), ty(name)));
        rows.push(Row(format!("{name} 1 offset=3"), address(&[]), ty(name)));
        rows.push(Row(format!("{name} 2 offset=3"), vec!["i64"], ty(name)));
    }
    for name in tierra_core::for_each_store!(names) {
        rows.push(Row(name.into(), address(&[ty(name)]), ""));
        rows.push(Row(format!("{name} 1 offset=3"), address(&[ty(name)]), ""));
        rows.push(Row(format!("{name} 2 offset=3"), vec!["i64", ty(name)], ""));
    }
    for name in tierra_core::for_each_vector_load!(names) {
        rows.push(Row(name.into(), address(&[]), "v128"));
        rows.push(Row(format!("{name} 1 offset=3"), address(&[]), "v128"));
    }
    for name in tierra_core::for_each_vector_store!(names) {
        rows.push(Row(name.into(), address(&["v128"]), ""));
        rows.push(Row(format!("{name} 1 offset=3"), address(&["v128"]), ""));
    }
    for width in ["8", "16", "32", "64"] {
        rows.push(Row(
            format!("v128.load{width}_lane 1"),
            address(&["v128"]),
            "v128",
        ));
        rows.push(Row(
            format!("v128.store{width}_lane 1"),
            address(&["v128"]),
            "",
        ));
    }
    rows.push(Row(
        "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31".into(),
        vec!["v128", "v128"],
        "v128",
    ));
    for name in tierra_core::for_each_atomic_load!(names) {
        rows.push(Row(name.into(), address(&[]), ty(name)));
    }
    for name in tierra_core::for_each_atomic_store!(names) {
        rows.push(Row(name.into(), address(&[ty(name)]), ""));
    }
    for ty in ["i32", "i64"] {
        for (width, end) in [("8", "_u"), ("16", "_u"), ("32", "_u"), ("", "")] {
            if (ty, width) == ("i32", "32") {
                continue;
            }
            for op in ["add", "sub", "and", "or", "xor", "xchg"] {
                rows.push(Row(
                    format!("{ty}.atomic.rmw{width}.{op}{end}"),
                    address(&[ty]),
                    ty,
                ));
            }
            let name = format!("{ty}.atomic.rmw{width}.cmpxchg{end}");
            rows.push(Row(name, address(&[ty, ty]), ty));
        }
    }
    rows.push(Row(
        "memory.atomic.notify".into(),
        vec!["i32", "i32"],
        "i32",
    ));
    rows
}

/// What is not one operator: calls, references, exceptions, bulk operators.
const OTHERS: &[&str] = &[
    "(call $nothing)",
    "(drop (call $three (local.get $i32) (local.get $i64)))",
    "(drop (call $tail (i32.const 5)))",
    "(drop (call_indirect (type $n) (local.get $zero)))",
    "(drop (call_ref $n (ref.func $n)))",
    "(call $host)",
    "(block (try_table (catch $t 0) (throw $t)))",
    "(drop (block (result exnref) (try_table (catch_all_ref 0) (throw $t)) (unreachable)))",
    "(drop (struct.get $s 0 (struct.new $s (local.get $i32) (ref.i31 (i32.const 1)))))",
    "(drop (struct.get $s 1 (struct.new_default $s)))",
    "(struct.set $s 0 (global.get $gs) (local.get $i32))",
    "(drop (array.get_u $a (array.new $a (local.get $i32) (i32.const 3)) (i32.const 1)))",
    "(drop (array.get_s $a (array.new_fixed $a 2 (local.get $i32) (i32.const 3)) (i32.const 1)))",
    "(drop (array.len (array.new_default $a (i32.const 3))))",
    "(array.fill $a (global.get $ga) (i32.const 0) (local.get $i32) (i32.const 2))",
    "(array.copy $a $a (global.get $ga) (i32.const 0) (global.get $ga) (i32.const 1) (i32.const 1))",
    "(array.set $a (global.get $ga) (i32.const 0) (i32.const 1))",
    "(drop (ref.cast (ref $s) (global.get $any)))",
    "(drop (ref.test (ref $a) (global.get $any)))",
    "(drop (ref.eq (global.get $gs) (global.get $ga)))",
    "(drop (i31.get_s (ref.i31 (local.get $i32))))",
    "(drop (any.convert_extern (extern.convert_any (global.get $any))))",
    "(drop (ref.is_null (global.get $any)))",
    "(drop (block (result anyref) (br_on_cast 0 anyref (ref $s) (global.get $any))))",
    "(drop (block (result anyref) (br_on_cast_fail 0 anyref (ref $a) (global.get $any))))",
    "(drop (block (result (ref any)) (br_on_non_null 0 (global.get $any)) (unreachable)))",
    "(memory.fill (i32.const 0) (i32.const 1) (i32.const 10))",
    "(memory.copy (i32.const 0) (i32.const 1) (i32.const 10))",
    "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))",
    "(drop (memory.grow (i32.const 0)))",
    "(drop (memory.size 1))",
    "(drop (table.get $x (i32.const 0)))",
    "(table.set $x (i32.const 0) (ref.func $n))",
    "(table.fill $x (i32.const 0) (ref.func $n) (i32.const 1))",
    "(table.copy $x $x (i32.const 0) (i32.const 0) (i32.const 1))",
    "(drop (table.size $x))",
    "(drop (table.grow $x (ref.null func) (i32.const 0)))",
    "(global.set $g (i64.add (global.get $g) (i64.const 1)))",
    "(global.set $gv (v128.not (global.get $gv)))",
    "(block (br_table 0 0 0 (local.get $i32)))",
    "(drop (select (local.get $v128) (v128.const i64x2 1 2) (local.get $i32)))",
    "(drop (select (local.get $f32) (f32.const 1) (local.get $i32)))",
    "(drop (select (local.get $f64) (f64.const 1) (i32.lt_s (local.get $i32) (i32.const 9))))",
    "(drop (if (result i64) (f64.lt (local.get $f64) (f64.const 1)) (then (i64.const 1)) (else (local.get $i64))))",
    "(i64.add128 (local.get $i64) (i64.const 1) (i64.const 2) (local.get $i64)) (drop) (drop)",
    "(i64.sub128 (local.get $i64) (i64.const 1) (i64.const 2) (local.get $i64)) (drop) (drop)",
    "(i64.mul_wide_u (local.get $i64) (i64.const 1)) (drop) (drop)",
    "(i64.mul_wide_s (local.get $i64) (i64.const 1)) (drop) (drop)",
    "(atomic.fence)",
    "(block (result i32 i64) (br 0 (local.get $i32) (local.get $i64))) (drop) (drop)",
    "try throw $t catch_all end",
];

const HEAD: &str = "
    (import \"e\" \"host\" (func $host))
    (memory 1) (memory 1) (memory i64 1) (data $d \"\")
    (tag $t) (type $n (func (result i32)))
    (type $s (struct (field (mut i32)) (field anyref))) (type $a (array (mut i8)))
    (table $x 1 funcref) (elem (i32.const 0) $n) (elem declare func $n)
    (global $g (mut i64) (i64.const 0)) (global $gv (mut v128) (v128.const i64x2 0 0))
    (global $gs (ref $s) (struct.new_default $s)) (global $ga (ref $a) (array.new_default $a (i32.const 4)))
    (global $any anyref (struct.new_default $s))
    (func $nothing) (func $n (type $n) (i32.const 1))
    (func $three (param i32 i64) (result i64) (i64.add (local.get 1) (i64.extend_i32_u (local.get 0))))
    (func $tail (param i32) (result i32)
      (if (result i32) (local.get 0) (then (return_call $tail (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))";

fn constant(ty: &str) -> String {
    match ty {
        "i32" => "(i32.const 16)".into(),
        "i64" => "(i64.const 16)".into(),
        "f32" => "(f32.const 1.5)".into(),
        "f64" => "(f64.const 1.5)".into(),
        _ => "(v128.const i32x4 1 2 3 4)".into(),
    }
}

/// Operands from locals, from constants, and from the instruction before.
fn forms(Row(op, operands, result): &Row) -> Vec<String> {
    let local = |ty: &str| format!("(local.get ${ty})");
    let computed = |ty: &str| match ty {
        "v128" => "(v128.not (local.get $v128))".to_string(),
        "f32" | "f64" => format!("({ty}.abs (local.get ${ty}))"),
        _ => format!("({ty}.or (local.get ${ty}) ({ty}.const 16))"),
    };
    let mut forms = Vec::new();
    let end = |text: String| match *result {
        "" => text,
        _ => format!("(drop {text})"),
    };
    let all = |make: &dyn Fn(&str) -> String| {
        operands
            .iter()
            .map(|ty| make(ty))
            .collect::<Vec<_>>()
            .join(" ")
    };
    forms.push(end(format!("({op} {})", all(&local))));
    forms.push(end(format!("({op} {})", all(&|ty| constant(ty)))));
    forms.push(end(format!("({op} {})", all(&computed))));
    for i in 0..operands.len() {
        let one = |special: &dyn Fn(&str) -> String| {
            let texts: Vec<_> = operands
                .iter()
                .enumerate()
                .map(|(j, ty)| if i == j { special(ty) } else { local(ty) })
                .collect();
            format!("({op} {})", texts.join(" "))
        };
        forms.push(end(one(&|ty| constant(ty))));
        forms.push(end(one(&computed)));
    }
    if !result.is_empty() {
        forms.push(format!("(local.set $out_{result} ({op} {}))", all(&local)));
        if *result == "i32" {
            forms.push(format!("(block (br_if 0 ({op} {})))", all(&local)));
            forms.push(format!(
                "(block (br_if 0 (i32.eqz ({op} {}))))",
                all(&local)
            ));
            forms.push(format!(
                "(if ({op} {}) (then (call $nothing)))",
                all(&computed)
            ));
        }
    }
    forms
}

/// Times 16 bytes is more than the stack.
const TIMES: u32 = 12_000;
const STACK: usize = 160 << 10;

/// Bodies in so many functions that each takes little time.
fn run(bodies: &[String], fuel: bool) {
    let mut config = Config::new();
    config.parallel_validation(false).consume_fuel(fuel);
    let engine = Engine::new(&config).expect("an engine");
    for (i, chunk) in bodies.chunks(20).enumerate() {
        eprintln!("{i}: {chunk:#?}");
        let body = chunk.join("\n");
        let text = format!(
            "(module {HEAD} (func (export \"run\")
               (local $zero i32) (local $count i32)
               (local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64) (local $v128 v128)
               (local $out_i32 i32) (local $out_i64 i64) (local $out_f32 f32) (local $out_f64 f64) (local $out_v128 v128)
               (local.set $i32 (i32.const 16)) (local.set $i64 (i64.const 16))
               (local.set $f32 (f32.const 1.5)) (local.set $f64 (f64.const 1.5))
               (local.set $count (i32.const {TIMES}))
               (loop $again
                 {body}
                 (local.set $count (i32.sub (local.get $count) (i32.const 1)))
                 (br_if $again (local.get $count)))))"
        );
        let module = Module::new(&engine, &text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(u64::MAX / 2).expect("fuel is on");
        }
        let host = tierra::Func::wrap(&mut store, || {});
        let instance = Instance::new(&mut store, &module, &[host.into()]).expect("instantiates");
        let run = instance
            .get_typed_func::<(), ()>(&store, "run")
            .expect("exists");
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let run = thread.spawn_scoped(scope, || run.call(&mut store, ()));
            run.expect("a thread")
                .join()
                .expect("no panic")
                .expect("no trap");
        });
    }
}

/// Not for itself: the process that may be aborted.
#[test]
#[ignore = "run by handlers_leave_nothing_on_the_native_stack"]
fn in_the_child() {
    let mut bodies: Vec<String> = rows().iter().flat_map(forms).collect();
    // What returns to Rust empties the native stack, so these stay apart.
    let others: Vec<String> = OTHERS.iter().map(|s| (*s).to_string()).collect();
    run(&bodies, false);
    bodies.truncate(200);
    run(&bodies, true);
    for other in others {
        run(&[other], false);
    }
}

#[test]
fn handlers_leave_nothing_on_the_native_stack() {
    let child = Command::new(std::env::current_exe().expect("this binary"))
        .args([
            "--exact",
            "native_stack::in_the_child",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .expect("the child runs");
    let text = String::from_utf8_lossy(&child.stderr);
    let tail: Vec<&str> = text.lines().rev().take(40).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    assert!(
        child.status.success(),
        "{}\n{}",
        child.status,
        tail.join("\n")
    );
}
