//! Sections that declare much, or say that they do.

use crate::shape::{cost, engine, linear};
use std::fmt::Write;
use tierra::{Instance, Module, Store};

const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// A section that says that it has as many entries as can be said.
#[test]
fn counts_that_are_not_there() {
    for id in 1..=13 {
        for count in [
            &[0xff, 0xff, 0xff, 0xff, 0x0f][..],
            &[0xc0, 0x84, 0x3d],
            &[0xff, 0xff, 0x03],
        ] {
            for size in [count.len() as u8, 100] {
                let mut wasm = HEADER.to_vec();
                wasm.extend([id, size]);
                wasm.extend(count);
                wasm.resize(HEADER.len() + 2 + size as usize, 0);
                let engine = engine();
                let cost = cost(|| drop(Module::new(&engine, &wasm)));
                assert!(cost.bytes < 4 << 20, "section {id}: {cost:?}");
            }
        }
    }
}

fn check(n: usize, make: impl Fn(usize) -> String) {
    linear(
        n,
        |n| wat::parse_str(make(n)).expect("a module"),
        |wasm| {
            let engine = engine();
            let module = Module::new(&engine, wasm).expect("valid");
            let mut store = Store::new(&engine, ());
            let imports = Vec::new();
            if module.imports().len() == 0 {
                Instance::new(&mut store, &module, &imports).expect("instantiates");
            }
        },
    );
}

/// `item` with each number below `n`, in a module.
fn repeat(n: usize, item: impl Fn(usize) -> String) -> String {
    let mut text = String::from("(module\n");
    for i in 0..n {
        let _ = writeln!(text, "{}", item(i));
    }
    text + ")"
}

#[test]
fn many_functions() {
    check(10_000, |n| {
        repeat(n, |i| {
            format!("(func (export \"f{i}\") (result i32) i32.const {i})")
        })
    });
}

#[test]
fn many_types() {
    check(5_000, |n| {
        repeat(n, |i| {
            let mut params = String::new();
            for bit in 0..16 {
                params += if i >> bit & 1 == 0 { " i32" } else { " i64" };
            }
            format!("(type (func (param{params})))")
        })
    });
}

#[test]
fn many_equal_types() {
    check(10_000, |n| {
        repeat(n, |_| "(type (func (param i32) (result i64)))".into())
    });
}

#[test]
fn many_globals_memories_tables_tags() {
    check(5_000, |n| {
        repeat(n, |i| format!("(global (mut i64) (i64.const {i}))"))
    });
    check(2_000, |n| repeat(n, |_| "(table 1 funcref)".into()));
    check(5_000, |n| repeat(n, |_| "(tag (param i32))".into()));
}

#[test]
fn many_imports() {
    check(5_000, |n| {
        repeat(n, |i| format!("(import \"m\" \"f{i}\" (func))"))
    });
}

#[test]
fn many_segments() {
    check(5_000, |n| {
        repeat(n, |i| {
            if i == 0 {
                "(memory 1) (table 9 funcref) (func $f)".into()
            } else {
                "(data (i32.const 5) \"x\") (data \"y\") (elem (i32.const 2) $f)".into()
            }
        })
    });
}

#[test]
fn long_constant_expressions() {
    check(10_000, |n| {
        let mut text = String::from("(module (global i32 (i32.const 1)");
        (0..n).for_each(|_| text += " i32.const 3 i32.add");
        text + "))"
    });
}

#[test]
fn giant_recursion_group() {
    check(2_000, |n| {
        let mut text = String::from("(module (rec");
        for i in 0..n {
            let (next, any) = ((i + 1) % n, (i * 7) % n);
            let _ = write!(
                text,
                "(type $t{i} (struct (field (ref null $t{next})) (field (ref null $t{any}))))"
            );
        }
        text + "))"
    });
}

#[test]
fn chain_of_recursion_groups() {
    check(2_000, |n| {
        repeat(n, |i| match i {
            0 => "(type $t0 (struct (field i32)))".into(),
            _ => format!(
                "(type $t{i} (struct (field (ref null $t{})) (field (ref null $t{})))) ",
                i - 1,
                i / 2
            ),
        })
    });
}

/// Groups that are all alike, and are one.
#[test]
fn many_equal_recursion_groups() {
    check(2_000, |n| {
        repeat(n, |i| {
            format!(
                "(rec (type $a{i} (struct (field (ref null $b{i})))) (type $b{i} (array (ref null $a{i}))))"
            )
        })
    });
}

#[test]
fn chains_of_supertypes() {
    let chain = |len: usize| {
        repeat(len, |i| match i {
            0 => "(type $t0 (sub (struct)))".into(),
            _ => format!("(type $t{i} (sub $t{} (struct)))", i - 1),
        })
    };
    let engine = engine();
    Module::new(&engine, wat::parse_str(chain(60)).expect("a module")).expect("a short chain");
    let long = wat::parse_str(chain(1000)).expect("a module");
    assert!(Module::new(&engine, long).is_err(), "the depth is limited");
    // Wide and shallow.
    check(2_000, |n| {
        repeat(n, |i| match i {
            0 => "(type $t0 (sub (struct)))".into(),
            _ => format!(
                "(type (sub $t0 (struct (field i32) (field (mut i{})))))",
                32 << (i % 2)
            ),
        })
    });
}

#[test]
fn segments_beyond_bounds() {
    let engine = engine();
    let large = "x".repeat(1 << 20);
    let texts = [
        format!("(module (memory 1) (data (i32.const 65530) \"{large}\"))"),
        format!("(module (memory 0) (data (i32.const -1) \"{large}\"))"),
        "(module (memory i64 1) (data (i64.const -1) \"x\"))".into(),
        "(module (memory 1) (data (i32.const 65536) \"x\"))".into(),
        "(module (table 1 funcref) (elem (i32.const 1) func 0) (func))".into(),
        "(module (table 1 funcref) (elem (i32.const -1) func 0 0 0) (func))".into(),
        "(module (table i64 1 funcref) (elem (i64.const -1) func 0 0 0) (func))".into(),
    ];
    for text in texts {
        let module = Module::new(&engine, wat::parse_str(&text).expect("a module")).expect("valid");
        let mut store = Store::new(&engine, ());
        let error = Instance::new(&mut store, &module, &[]).expect_err("out of bounds");
        assert!(error.trap().is_some(), "{error}");
    }
}

#[test]
fn minimal_sizes_beyond_limits() {
    let texts = [
        "(module (memory 65536))",
        "(module (memory i64 0x1_0000_0000_0000))",
        "(module (memory i64 0x100_0000_0000))",
        "(module (table 0xffff_ffff funcref))",
        "(module (table i64 0xffff_ffff_ffff_ffff funcref))",
        "(module (table i64 0x1000_0000_0000 externref))",
        "(module (memory 65536 65536 shared))",
        "(module (memory i64 0x1000_0000_0000 0x1000_0000_0000 shared))",
        "(module (memory i64 0xffff_ffff_ffff_ffff (pagesize 1)))",
        "(module (memory 0xffff_ffff (pagesize 1)))",
    ];
    for text in texts {
        let engine = engine();
        // The module may already be invalid; to instantiate it may work where addresses are only
        // reserved. It must not abort.
        let Ok(module) = wat::parse_str(text)
            .map_err(tierra::Error::new)
            .and_then(|wasm| Module::new(&engine, wasm))
        else {
            continue;
        };
        let mut store = Store::new(&engine, ());
        store.set_limits(tierra::StoreLimits {
            memory_bytes: 1 << 20,
            ..Default::default()
        });
        if let Ok(instance) = Instance::new(&mut store, &module, &[]) {
            let names: Vec<_> = instance
                .exports(&store)
                .map(|e| e.name.to_string())
                .collect();
            assert!(names.is_empty());
            assert!(
                text.contains("shared"),
                "{text} was instantiated with 1 MiB"
            );
        }
        let mut store = Store::new(&engine, ());
        let _ = Instance::new(&mut store, &module, &[]);
    }
}
