//! Calls of every kind, frames, and the tables about them. Functions are written as text.

use crate::harness::{Builder, Code, EXIT, SLOW, feature_sets};
use tierra_codegen::{CompiledFunction, Options};
use tierra_ir::{Function, StackLimit, Symbol};

/// Compiles functions under the symbols from 8 on.
fn build(texts: &[&str], prepare: impl Fn(&mut Builder, &mut [Function])) -> Vec<Code> {
    let mut all = Vec::new();
    for features in feature_sets() {
        for spill_everything in [false, true] {
            let options = Options {
                features,
                spill_everything,
                ..Options::default()
            };
            let mut builder = Builder::new(options);
            let mut functions: Vec<Function> = texts
                .iter()
                .flat_map(|text| {
                    tierra_ir::text::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
                })
                .collect();
            prepare(&mut builder, &mut functions);
            for func in &mut functions {
                builder.compile(func);
            }
            all.push(builder.finish());
        }
    }
    all
}

fn plain(texts: &[&str]) -> Vec<Code> {
    build(texts, |_, _| {})
}

const F0: Symbol = Symbol(8);
const F1: Symbol = Symbol(9);
const F2: Symbol = Symbol(10);

#[test]
fn addresses_and_cells() {
    let codes = plain(&[
        // Calls f1 by its address, and f2 by a cell in memory that holds its address.
        r#"function "f0" guest (i64, i64) -> (i64) {
            sig0 = guest (i64) -> (i64)
        block0(v0: i64, v1: i64):
            v2 = symbol_address sym9
            v3 = call sig0 v2(v1)
            v4 = symbol_address sym10
            store i64 v0+24, v4
            v5 = call sig0 [v0+24](v3)
            v6 = i64.add v5, v3
            return v6
        }"#,
        r#"function "f1" guest (i64) -> (i64) {
        block0(v0: i64):
            v1 = i64.const 3
            v2 = i64.mul v0, v1
            return v2
        }"#,
        // It gives what is behind the cell.
        r#"function "f2" guest (i64) -> (i64) {
        block0(v0: i64):
            v1 = callee_cell
            v2 = load i64 v1+32
            v3 = i64.add v2, v0
            return v3
        }"#,
    ]);
    for mut code in codes {
        let mut memory = [0u64; 8];
        memory[4] = 1000;
        let pointer = memory.as_mut_ptr() as u64;
        // The callee sees the record (`pointer`), whose field at 32 is 1000.
        assert_eq!(code.run(F0, [pointer, 7, 0, 0]), Ok(1000 + 21 + 21));
    }
}

extern "C" fn host(a: u32, b: u64, c: f64, d: f32, e: u64, f: u32, g: u64, h: u64, i: u64) -> u32 {
    let floats = (c * 8.0) as u64 + (d * 4.0) as u64;
    let rest = e + u64::from(f) + 3 * g + 5 * h + 7 * i;
    (u64::from(a) + b + floats + rest) as u32
}

extern "C" fn builtin(a: u64, b: u64) -> u64 {
    a * 10 + b
}

#[test]
fn functions_of_the_host() {
    let codes = build(
        &[r#"function "f0" guest (i64, i64) -> (i64) {
            sig0 = c (i32, i64, f64, f32, i64, i32, i64, i64, i64) -> (i32)
            sig1 = builtin (i64, i64) -> (i64)
        block0(v0: i64, v1: i64):
            v2 = i32.const 1
            v3 = i64.const 2
            v4 = f64.const 0x4008000000000000
            v5 = f32.const 0x40000000
            v6 = i64.const 100
            v7 = i32.wrap_i64 v1
            v8 = call sig0 sym6(v2, v3, v4, v5, v6, v7, v0, v1, v3)
            v9 = i64.extend_i32_u v8
            v10 = call sig1 sym7(v9, v1)
            return v10
        }"#],
        |builder, _| {
            builder.import(Symbol(6), host as *const () as usize);
            builder.import(Symbol(7), builtin as *const () as usize);
        },
    );
    let expected = builtin(host(1, 2, 3.0, 2.0, 100, 6, 5, 6, 2).into(), 6);
    for mut code in codes {
        assert_eq!(code.run(F0, [5, 6, 0, 0]), Ok(expected));
    }
    let _ = EXIT;
}

#[test]
fn functions_for_the_host() {
    let codes = plain(&[
        // It calls a function that preserves nothing.
        r#"function "f0" c (i32, i64) -> (i64) {
            sig0 = guest (i64) -> (i64, i64, i64, i64, i64, i64)
        block0(v0: i32, v1: i64):
            v2 = i64.extend_i32_u v0
            v3, v4, v5, v6, v7, v8 = call sig0 sym9(v2)
            v9 = i64.add v3, v4
            v10 = i64.add v9, v5
            v11 = i64.add v10, v6
            v12 = i64.add v11, v7
            v13 = i64.add v12, v8
            v14 = i64.add v13, v1
            return v14
        }"#,
        r#"function "f1" guest (i64) -> (i64, i64, i64, i64, i64, i64) {
        block0(v0: i64):
            v1 = i64.const 1
            v2 = i64.add v0, v1
            v3 = i64.add v2, v2
            v4 = i64.add v3, v3
            v5 = i64.add v4, v4
            v6 = i64.add v5, v5
            return v0, v2, v3, v4, v5, v6
        }"#,
    ]);
    for code in codes {
        type F = unsafe extern "C" fn(u64, u64) -> u64;
        // SAFETY: it is a function of C's convention with these parameters.
        let f: F = unsafe { std::mem::transmute(code.address(F0)) };
        for n in [0u64, 5, 70] {
            // The upper half of what is an i32 is anything.
            // SAFETY: it only computes.
            let found = unsafe { f(n | 0xdead << 32, 1) };
            assert_eq!(found, n + (n + 1) * 31 + 1);
        }
    }
}

/// Tail calls whose arguments on the stack grow and shrink, counting down.
#[test]
fn tail_calls() {
    let list = |count: usize, ty: &str| {
        (1..=count)
            .map(|i| format!("v{i}: {ty}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let names = |count: usize| {
        (1..=count)
            .map(|i| format!("v{i}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let types = |count: usize| vec!["i64"; count].join(", ");
    // f1 has few parameters and f2 many; each passes the count on, less one, and in the end the
    // sum of all.
    let function = |name: &str, own: usize, other: usize, symbol: u32| {
        let passed = (1..=other)
            .map(|i| {
                if i <= own {
                    format!("v{i}")
                } else {
                    "v101".to_string()
                }
            })
            .collect::<Vec<_>>()
            .join(", ");
        let mut sum = String::new();
        let mut last = "v1".to_string();
        for i in 2..=own {
            sum += &format!("            v{} = i64.add {last}, v{i}\n", 200 + i);
            last = format!("v{}", 200 + i);
        }
        format!(
            r#"function "{name}" guest (i64, {}) -> (i64) {{
            sig0 = guest (i64, {}) -> (i64)
        block0(v0: i64, {}):
            v100 = i64.const 1
            v101 = i64.const 7
            v102 = i64.eqz v0
            branch v102, block1, block2
        block1:
{sum}            return {last}
        block2:
            v103 = i64.sub v0, v100
            tail_call sig0 sym{symbol}(v103, {passed})
        }}"#,
            types(own),
            types(other),
            list(own, "i64"),
        )
    };
    for (few, many) in [(1, 9), (3, 20), (9, 10), (12, 31)] {
        let f0 = format!(
            r#"function "f0" guest (i64) -> (i64) {{
            sig0 = guest (i64, {}) -> (i64)
        block0(v0: i64):
{}            v90 = call sig0 sym9(v0, {})
            return v90
        }}"#,
            types(few),
            (1..=few)
                .map(|i| format!("            v{i} = i64.const {i}\n"))
                .collect::<String>(),
            names(few),
        );
        let f1 = function("f1", few, many, 10);
        let f2 = function("f2", many, few, 9);
        let own: u64 = (1..=few as u64).sum();
        for mut code in plain(&[&f0, &f1, &f2]) {
            assert_eq!(code.run(F0, [0; 4]), Ok(own), "{few} {many}");
            assert_eq!(
                code.run(F0, [1, 0, 0, 0]),
                Ok(own + 7 * (many - few) as u64)
            );
            assert_eq!(code.run(F0, [100_000, 0, 0, 0]), Ok(own), "{few} {many}");
        }
    }
    let _ = (F1, F2);
}

extern "C" fn slow() {
    SLOW_CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
}

static SLOW_CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// The check calls what it is told, goes on, and traps only if a large frame has no room then.
#[test]
fn stack_checks() {
    use std::sync::atomic::Ordering::Relaxed;
    let function = |bytes: u32| {
        format!(
            r#"function "f0" guest (i64, i64) -> (i64) {{
            slot0 = slot {bytes}
            sig0 = guest (i64) -> (i64)
        block0(v0: i64, v1: i64):
            v2 = slot_address slot0
            store i64 v2+8, v1
            v3 = call sig0 sym9(v2)
            v4 = load i64 v2+8
            v5 = i64.add v3, v4
            return v5
        }}"#
        )
    };
    let f1 = r#"function "f1" guest (i64) -> (i64) {
        block0(v0: i64):
            v1 = load i64 v0+8
            return v1
        }"#;
    for bytes in [16, 4000, 200_000] {
        let codes = build(&[&function(bytes), f1], |builder, functions| {
            builder.import(SLOW, slow as *const () as usize);
            functions[0].context_param = Some(0);
            functions[0].stack_limit = Some(StackLimit {
                offsets: [8, 16],
                slow: SLOW,
            });
        });
        for mut code in codes {
            let mut limits = [0u64, 0, 0];
            let mut context = [0u64, limits.as_mut_ptr() as u64];
            let pointer = context.as_mut_ptr() as u64;
            for limit in [0, u64::MAX] {
                limits[2] = limit;
                std::hint::black_box((&mut limits, &mut context));
                let before = SLOW_CALLS.load(Relaxed);
                let outcome = code.run(F0, [pointer, 21, 0, 0]);
                let called = SLOW_CALLS.load(Relaxed) - before;
                assert_eq!(called, u32::from(limit != 0));
                if limit != 0 && bytes > 128 << 10 {
                    assert_eq!(outcome, Err(tierra_core::Trap::StackOverflow as u8));
                } else {
                    assert_eq!(outcome, Ok(42));
                }
            }
        }
    }
}

/// References that live on over a call are in the map; handlers are where they are said to be.
#[test]
fn tables() {
    let codes = plain(&[
        r#"function "f0" guest (i64, ref, i64) -> (ref) {
            sig0 = guest (i64) -> (i64)
        block0(v0: i64, v1: ref, v2: i64):
            v3 = call sig0 sym9(v0) @10
            v4 = try_call sig0 sym9(v2), block1, tag 3 block2, any block3 @20
        block1:
            return v1
        block2(v5: ref):
            return v5
        block3(v6: ref):
            v7 = ref_to_bits v6
            trap_if v7, 4
            return v1
        }"#,
        r#"function "f1" guest (i64) -> (i64) {
        block0(v0: i64):
            return v0
        }"#,
    ]);
    for code in codes {
        let compiled = code.compiled(F0);
        let [first, second] = compiled.calls.as_slice() else {
            panic!("there are two calls")
        };
        assert_eq!(first.map.1 - first.map.0, 1);
        assert_eq!(first.handlers.0, first.handlers.1);
        assert_eq!(second.map.1 - second.map.0, 1);
        let handlers = &compiled.handlers[second.handlers.0 as usize..second.handlers.1 as usize];
        assert_eq!(handlers.len(), 2);
        assert_eq!([handlers[0].tag, handlers[1].tag], [Some(3), None]);
        assert!(handlers.iter().all(|h| h.landing_pc < compiled.code_len));
        assert_eq!(location(compiled, first.return_pc - 1), 10);
        assert_eq!(location(compiled, second.return_pc - 1), 20);
        let offset = compiled.stack_map[0];
        assert!(offset < 0 && -offset <= compiled.frame_size as i32);
    }
}

fn location(compiled: &CompiledFunction, pc: u32) -> u32 {
    let next = compiled.locations.partition_point(|(from, _)| *from <= pc);
    compiled.locations[next - 1].1
}
