//! Functions whose bodies are large in one way or another.

use crate::shape::{engine_with, linear};
use tierra::{Instance, Module, Store, Val};
use wasm_encoder::{
    BlockType, Catch, CodeSection, ExportKind, ExportSection, Function, FunctionSection, HeapType,
    InstructionSink, RefType, TagKind, TagSection, TagType, TypeSection, ValType,
};

type Make = fn(&mut InstructionSink<'_>, usize);

/// A module with a function of type `[i32 externref] -> [i32]` that returns right away if its
/// parameter is 0, and else runs what `make` wrote. Function 0 does nothing, tag 0 is empty.
fn module(locals: &[(u32, ValType)], make: Make, n: usize) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types
        .ty()
        .function([ValType::I32, ValType::EXTERNREF], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    let mut tags = TagSection::new();
    tags.tag(TagType {
        kind: TagKind::Exception,
        func_type_idx: 0,
    });
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 1);
    let mut nothing = Function::new([]);
    nothing.instructions().end();
    let mut f = Function::new(locals.iter().copied());
    let mut code = f.instructions();
    code.local_get(0)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    make(&mut code, n);
    code.i32_const(1).end();
    let mut bodies = CodeSection::new();
    bodies.function(&nothing).function(&f);
    let mut module = wasm_encoder::Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&tags)
        .section(&exports)
        .section(&bodies);
    module.finish()
}

/// Validates, translates and enters the function. Whether it can be is up to the engine's limits.
fn run(wasm: &[u8], argument: i32) -> Result<i32, tierra::Error> {
    for fuel in [false, true] {
        let engine = engine_with(|c| {
            c.consume_fuel(fuel);
        });
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(100_000_000)?;
        }
        let instance = Instance::new(&mut store, &module, &[])?;
        let f = instance.get_func(&store, "f").expect("the export exists");
        let mut results = [Val::I32(0)];
        let arguments = [Val::I32(argument), Val::ExternRef(None)];
        f.call(&mut store, &arguments, &mut results)?;
        if fuel {
            return Ok(results[0].unwrap_i32());
        }
    }
    unreachable!("the second round returns")
}

/// Translation is linear, and what is translated works.
fn check(locals: &[(u32, ValType)], make: Make, n: usize) {
    linear(
        n,
        |n| module(locals, make, n),
        |wasm| assert_eq!(run(wasm, 0).expect("runs"), 0),
    );
    assert_eq!(run(&module(locals, make, n), 1).expect("runs"), 1);
}

#[test]
fn nested_blocks() {
    check(
        &[],
        |c, n| {
            for _ in 0..n {
                c.block(BlockType::Empty);
            }
            for _ in 0..n {
                c.end();
            }
        },
        50_000,
    );
}

#[test]
fn nested_loops_and_branches_out() {
    check(
        &[],
        |c, n| {
            for _ in 0..n {
                c.loop_(BlockType::Empty);
            }
            for _ in 0..n {
                c.end();
            }
            for _ in 0..n {
                c.block(BlockType::Empty);
            }
            for i in 0..n {
                c.i32_const(0).br_if((n - 1 - i) as u32).end();
            }
        },
        20_000,
    );
}

#[test]
fn nested_ifs_with_values() {
    check(
        &[],
        |c, n| {
            for _ in 0..n {
                c.local_get(0).if_(BlockType::Result(ValType::I64));
            }
            c.i64_const(1);
            for _ in 0..n {
                c.else_().i64_const(2).end();
            }
            c.drop();
        },
        20_000,
    );
}

#[test]
fn chain_of_ifs() {
    check(
        &[(1, ValType::I64)],
        |c, n| {
            for i in 0..n {
                c.local_get(0)
                    .if_(BlockType::Result(ValType::I64))
                    .local_get(2);
                c.else_().i64_const(i as i64).end().local_set(2);
            }
        },
        20_000,
    );
}

#[test]
fn nested_try_tables() {
    check(
        &[],
        |c, n| {
            for _ in 0..n {
                c.block(BlockType::Empty);
                c.try_table(BlockType::Empty, [Catch::One { tag: 0, label: 0 }]);
            }
            c.local_get(0)
                .i32_eqz()
                .if_(BlockType::Empty)
                .throw(0)
                .end();
            for _ in 0..n {
                c.end().end();
            }
        },
        10_000,
    );
}

/// A handler far outside is found, once.
#[test]
fn exceptions_through_many_handlers() {
    check(
        &[],
        |c, n| {
            c.block(BlockType::Empty);
            c.try_table(BlockType::Empty, [Catch::All { label: 0 }]);
            for _ in 0..n {
                c.block(BlockType::Result(ValType::EXNREF));
                c.try_table(BlockType::Empty, []);
            }
            c.throw(0);
            for _ in 0..n {
                c.end().unreachable().end().drop();
            }
            c.end().end();
        },
        10_000,
    );
}

#[test]
fn giant_br_table() {
    check(
        &[],
        |c, n| {
            const DEPTHS: u32 = 300;
            // Values below each block's own, so that every target is somewhere else.
            for _ in 0..DEPTHS {
                c.i64_const(7).block(BlockType::Result(ValType::I64));
            }
            c.i64_const(1).i64_const(2).i64_const(3).local_get(0);
            c.br_table((0..n as u32).map(|i| i % DEPTHS), 0);
            for _ in 0..DEPTHS {
                c.end().i64_add();
            }
            c.drop();
        },
        60_000,
    );
}

#[test]
fn many_br_tables() {
    check(
        &[],
        |c, n| {
            const DEPTHS: u32 = 50;
            for _ in 0..DEPTHS {
                c.i32_const(7).block(BlockType::Result(ValType::I32));
            }
            for _ in 0..n {
                c.block(BlockType::Empty);
                c.i32_const(1)
                    .i32_const(2)
                    .local_get(0)
                    .br_table(1..DEPTHS, 1);
                c.end();
            }
            c.i32_const(1);
            for _ in 0..DEPTHS {
                c.end().i32_add();
            }
            c.drop();
        },
        2_000,
    );
}

#[test]
fn deep_operand_stack() {
    check(
        &[],
        |c, n| {
            for i in 0..n {
                c.i32_const(i as i32);
            }
            for _ in 0..n {
                c.drop();
            }
        },
        15_000,
    );
}

/// More than frames can have: an error and not a panic.
#[test]
fn too_deep_operand_stack() {
    let wasm = module(
        &[],
        |c, n| {
            for i in 0..n {
                c.i32_const(i as i32);
            }
            for _ in 0..n {
                c.drop();
            }
        },
        100_000,
    );
    for argument in [0, 1] {
        if let Err(e) = run(&wasm, argument) {
            println!("{e}");
        }
    }
}

#[test]
fn deep_operand_stack_over_many_blocks() {
    check(
        &[],
        |c, n| {
            for i in 0..n {
                c.local_get(0).i32_const(i as i32).i32_add();
            }
            for _ in 0..n {
                c.block(BlockType::Empty).local_get(0).br_if(0).end();
                c.loop_(BlockType::Empty).end();
                c.i32_const(5).i32_const(7).local_get(0).select().drop();
            }
            for _ in 0..n {
                c.drop();
            }
        },
        12_000,
    );
}

#[test]
fn many_aliases_of_one_local() {
    check(
        &[(3, ValType::I32)],
        |c, n| {
            for _ in 0..n {
                c.local_get(2);
            }
            // Setting another local, and this one, must not look at all of the stack each time.
            for i in 0..n {
                c.local_get(0).local_set(3 + (i % 2) as u32);
                c.i32_const(i as i32).local_set(2);
            }
            for _ in 0..n {
                c.drop();
            }
        },
        12_000,
    );
}

#[test]
fn aliases_set_one_by_one() {
    check(
        &[(1, ValType::I32)],
        |c, n| {
            c.loop_(BlockType::Empty);
            for i in 0..n {
                c.local_get(2).local_get(2).i32_const(i as i32).local_set(2);
            }
            for _ in 0..n {
                c.i32_add().drop();
            }
            c.end();
        },
        7_000,
    );
}

#[test]
fn references_live_across_calls() {
    check(
        &[(1, ValType::EXTERNREF)],
        |c, n| {
            for _ in 0..n {
                c.local_get(1).call(0).local_get(2);
            }
            for _ in 0..n {
                c.call(0).drop().drop();
            }
        },
        7_000,
    );
}

#[test]
fn large_body() {
    check(
        &[(2, ValType::I64), (2, ValType::F64), (2, ValType::V128)],
        |c, n| {
            for i in 0..n {
                c.local_get(2)
                    .i64_const(i as i64)
                    .i64_add()
                    .local_tee(3)
                    .local_get(2)
                    .i64_mul();
                c.local_set(2);
                c.local_get(4)
                    .local_get(5)
                    .f64_add()
                    .f64_sqrt()
                    .local_set(4);
                c.local_get(6).local_get(7).i32x4_add().local_set(7);
            }
        },
        12_000,
    );
}

#[test]
fn large_dead_body() {
    check(
        &[],
        |c, n| {
            c.block(BlockType::Empty).br(0);
            for _ in 0..n {
                c.block(BlockType::Result(ValType::I32))
                    .unreachable()
                    .i32_add()
                    .br_table([0, 0], 0)
                    .end();
                c.if_(BlockType::Empty).else_().end();
            }
            c.end();
        },
        20_000,
    );
}

#[test]
fn branches_with_many_values() {
    check(
        &[],
        |c, n| {
            // A loop whose parameters are what it leaves: each branch back would move them.
            for _ in 0..100 {
                c.i32_const(1);
            }
            for _ in 0..n {
                c.block(BlockType::Result(ValType::I32)).i32_const(2);
                c.i32_const(0).br_if(0).local_get(0).br_if(0).end().drop();
            }
            for _ in 0..100 {
                c.drop();
            }
        },
        20_000,
    );
}

#[test]
fn locals_of_every_type() {
    let none = RefType {
        nullable: true,
        heap_type: HeapType::ANY,
    };
    let types = [
        ValType::I32,
        ValType::I64,
        ValType::F32,
        ValType::F64,
        ValType::V128,
        ValType::FUNCREF,
        ValType::EXTERNREF,
        ValType::EXNREF,
        ValType::Ref(none),
    ];
    for ty in types {
        for count in [12_000, 49_900, 50_000, 50_001, u32::MAX] {
            let wasm = module(&[(count, ty)], |_, _| {}, 0);
            // Up to the engine where its limit is; not that it is one.
            if let Err(e) = run(&wasm, 1) {
                assert!(count > 12_000, "{count} locals of type {ty:?}: {e}");
            }
        }
    }
    let many: Vec<_> = types.iter().map(|ty| (50_000, *ty)).collect();
    assert!(run(&module(&many, |_, _| {}, 0), 1).is_err());
    let wraps = [
        (u32::MAX, ValType::I32),
        (u32::MAX, ValType::I32),
        (2, ValType::I32),
    ];
    assert!(run(&module(&wraps, |_, _| {}, 0), 1).is_err());
}
