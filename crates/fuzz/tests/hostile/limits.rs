//! Guests that take as much as they get.

use tierra::{Config, Engine, Instance, Module, Store, StoreLimits, Trap, Val};

const MIB: u64 = 1 << 20;

/// Calls `run` in a store of small limits; whatever happens, the store works afterwards.
fn run(text: &str) -> Result<Vec<Val>, tierra::Error> {
    let engine = Engine::new(Config::new().consume_fuel(true)).expect("an engine");
    let module = Module::new(&engine, text).expect(text);
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimits {
        memory_bytes: 4 * MIB,
        total_memory_bytes: 6 * MIB,
        table_elements: 1000,
        instances: 10,
        memories: 10,
        tables: 10,
        gc_heap_bytes: 2 * MIB,
    });
    store.set_fuel(50_000_000)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_func(&store, "run").expect("the export exists");
    let mut results = vec![Val::I32(0); run.ty(&store).results().len()];
    let ended = run.call(&mut store, &[], &mut results);
    store.set_fuel(1000)?;
    if let Some(after) = instance.get_func(&store, "after") {
        after
            .call(&mut store, &[], &mut [])
            .expect("the store works");
    }
    ended.map(|()| results)
}

fn trap(text: &str) -> Option<Trap> {
    run(text).expect_err("it can't go well").trap()
}

#[test]
fn memory_growth_ends() {
    let results = run("(module (memory 1)
      (func (export \"run\") (result i32)
        (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.size)))");
    assert_eq!(
        results.expect("it ends")[0].unwrap_i32() as u64 * 65536,
        4 * MIB
    );
    // Two memories share what the store may use.
    let results = run("(module (memory 1) (memory $b 1)
      (func (export \"run\") (result i32)
        (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (loop (br_if 0 (i32.ne (memory.grow $b (i32.const 1)) (i32.const -1))))
        (i32.add (memory.size) (memory.size $b))))");
    assert_eq!(
        results.expect("it ends")[0].unwrap_i32() as u64 * 65536,
        6 * MIB
    );
    for delta in ["0xffff_ffff_ffff_ffff", "0x1_0000_0000_0000", "65536"] {
        let results = run(&format!(
            "(module (memory i64 1) (func (export \"run\") (result i64) (memory.grow (i64.const {delta}))))"
        ));
        assert_eq!(results.expect("it ends")[0].unwrap_i64(), -1);
    }
}

#[test]
fn table_growth_ends() {
    let results = run("(module (table $t 1 externref)
      (func (export \"run\") (result i32)
        (loop (br_if 0 (i32.ne (table.grow $t (ref.null extern) (i32.const 1)) (i32.const -1))))
        (table.size $t)))");
    assert_eq!(results.expect("it ends")[0].unwrap_i32(), 1000);
    for delta in ["0xffff_ffff_ffff_ffff", "0x1_0000_0000_0000", "65536"] {
        let results = run(&format!(
            "(module (table $t i64 1 funcref) (func (export \"run\") (result i64) (table.grow $t (ref.null func) (i64.const {delta}))))"
        ));
        assert_eq!(results.expect("it ends")[0].unwrap_i64(), -1);
    }
}

#[test]
fn arrays_that_are_too_large() {
    for len in ["-1", "0x7fff_ffff", "0x4000_0000", "0x1000_0000", "3000000"] {
        for (storage, value) in [
            ("i8", "i32.const 1"),
            ("i64", "i64.const 1"),
            ("v128", "v128.const i64x2 1 2"),
            ("anyref", "ref.null any"),
        ] {
            for op in [
                format!("(array.new $a ({value}) (i32.const {len}))"),
                format!("(array.new_default $a (i32.const {len}))"),
            ] {
                let trap = trap(&format!(
                    "(module (type $a (array (mut {storage}))) (func (export \"run\") (drop {op}))
                       (func (export \"after\") (drop (array.new_default $a (i32.const 10)))))"
                ));
                assert!(
                    matches!(trap, Some(Trap::AllocationTooLarge | Trap::OutOfMemory)),
                    "{op}: {trap:?}"
                );
            }
        }
    }
}

#[test]
fn heaps_that_fill_up() {
    let texts = [
        // A list that stays alive.
        "(type $s (struct (field (ref null $s)) (field i64))) (global $g (mut (ref null $s)) (ref.null $s))
         (func (export \"run\") (loop (global.set $g (struct.new $s (global.get $g) (i64.const 1))) (br 0)))",
        // In locals.
        "(type $s (struct (field (ref null $s)) (field i64)))
         (func (export \"run\") (local (ref null $s)) (loop (local.set 0 (struct.new $s (local.get 0) (i64.const 1))) (br 0)))",
        // Arrays in arrays.
        "(type $a (array (mut anyref)))
         (func (export \"run\") (local anyref) (loop (local.set 0 (array.new $a (local.get 0) (i32.const 100))) (br 0)))",
        // Exceptions that hold exceptions.
        "(tag $t (param exnref)) (global $g (mut exnref) (ref.null exn))
         (func (export \"run\") (loop $l (global.set $g (block $b (result exnref) (try_table (catch_all_ref $b) (throw $t (global.get $g))) unreachable)) (br $l)))",
        // On the guest's stack.
        "(type $s (struct (field i64 i64 i64 i64)))
         (func $f (export \"run\") (local (ref null $s)) (local.set 0 (struct.new $s (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1))) (call $f) (drop (ref.as_non_null (local.get 0))))",
    ];
    for text in texts {
        let text = format!("(module {text} (type $x (array i8)) (func (export \"after\")))");
        let trap = trap(&text);
        assert!(
            matches!(trap, Some(Trap::OutOfMemory | Trap::StackOverflow)),
            "{text}: {trap:?}"
        );
    }
}

/// Garbage doesn't count.
#[test]
fn garbage_is_collected() {
    run("(module (type $a (array (mut i64)))
      (func (export \"run\") (local i32)
        (loop
          (drop (array.new_default $a (i32.const 10000)))
          (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get 0) (i32.const 2000))))))")
    .expect("160 MB of garbage fit into 2 MiB");
}

#[test]
fn too_many_instances() {
    let engine = Engine::default();
    let module = Module::new(&engine, "(module (memory 1) (table 1 funcref))").expect("valid");
    for limits in [
        StoreLimits {
            instances: 5,
            ..Default::default()
        },
        StoreLimits {
            memories: 5,
            ..Default::default()
        },
        StoreLimits {
            tables: 5,
            ..Default::default()
        },
        StoreLimits {
            total_memory_bytes: 5 * 65536,
            ..Default::default()
        },
    ] {
        let mut store = Store::new(&engine, ());
        store.set_limits(limits);
        for _ in 0..5 {
            Instance::new(&mut store, &module, &[]).expect("within limits");
        }
        for _ in 0..3 {
            Instance::new(&mut store, &module, &[]).expect_err("beyond limits");
        }
    }
}
