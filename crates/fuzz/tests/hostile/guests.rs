//! Guests that go deep, throw far, or ask for operations larger than memory.

use tierra::{Config, Engine, Error, Features, Instance, Module, Store, StoreLimits, Trap, Val};

fn start(engine: &Engine, text: &str) -> (Store<()>, Instance) {
    let module = Module::new(engine, text).expect(text);
    let mut store = Store::new(engine, ());
    store.set_limits(StoreLimits {
        memory_bytes: 64 << 20,
        ..Default::default()
    });
    let instance = Instance::new(&mut store, &module, &[]).expect("instantiates");
    (store, instance)
}

fn call(store: &mut Store<()>, instance: Instance, params: &[Val]) -> Result<(), Error> {
    let run = instance
        .get_func(&*store, "run")
        .expect("the export exists");
    run.call(store, params, &mut [])
}

const RECURSIVE: &[&str] = &[
    "(func $f (export \"run\") (call $f))",
    "(func $f (export \"run\") (local i64 i64 i64 v128) (call $g) (call $f)) (func $g (call $f))",
    "(type $v (func)) (table funcref (elem $f)) (func $f (export \"run\") (call_indirect (type $v) (i32.const 0)))",
    "(type $v (func)) (elem declare func $f) (func $f (export \"run\") (call_ref $v (ref.func $f)))",
    "(tag $t) (func $f (export \"run\") (block (try_table (catch $t 0) (call $f))))",
    "(func $f (export \"run\") (call $g (i64.const 1) (i64.const 2))) (func $g (param i64 i64) (call $g (local.get 1) (local.get 0)))",
    "(type $s (struct)) (func $f (export \"run\") (local (ref null $s)) (local.set 0 (struct.new $s)) (call $f) (drop (ref.as_non_null (local.get 0))))",
];

#[test]
fn deep_recursion() {
    for max_stack in [4 << 10, 64 << 10, 1 << 20, 64 << 20] {
        let engine = Engine::new(Config::new().max_stack(max_stack)).expect("an engine");
        for text in RECURSIVE {
            let (mut store, instance) = start(&engine, &format!("(module {text})"));
            for _ in 0..3 {
                let error = call(&mut store, instance, &[]).expect_err("it can't end");
                assert_eq!(error.trap(), Some(Trap::StackOverflow), "{text}");
                assert!(
                    format!("{error:?}").len() < 1 << 20,
                    "backtraces are bounded"
                );
            }
        }
    }
}

/// A frame larger than the stack, and parameters and results larger than it.
#[test]
fn large_frames() {
    let engine = Engine::new(Config::new().max_stack(4 << 10)).expect("an engine");
    let many = |n| vec!["i64"; n].join(" ");
    let texts = [
        format!("(module (func (export \"run\") (local {})))", many(40_000)),
        format!(
            "(module (func (export \"run\") (call $f)) (func $f (local {})))",
            many(5_000)
        ),
        format!(
            "(module (type $t (func (result {0}))) (func (export \"run\") (call $f) {1}) (func $f (type $t) {2}))",
            many(1000),
            "drop ".repeat(1000),
            "i64.const 1 ".repeat(1000)
        ),
    ];
    for text in texts {
        let (mut store, instance) = start(&engine, &text);
        let error = call(&mut store, instance, &[]).expect_err("it doesn't fit");
        assert_eq!(error.trap(), Some(Trap::StackOverflow));
    }
    // From the host.
    let params = many(1000);
    let text = format!("(module (func (export \"run\") (param {params})))");
    let (mut store, instance) = start(&engine, &text);
    let error = call(&mut store, instance, &[Val::I64(1); 1000]).expect_err("it doesn't fit");
    assert_eq!(error.trap(), Some(Trap::StackOverflow));
}

#[test]
fn exceptions_through_many_frames() {
    let text = "(module (tag $t (param i64)) (tag $other)
      (func $deep (param i32)
        (if (i32.eqz (local.get 0)) (then (throw $t (i64.const 77))))
        (block (try_table (catch $other 0) (call $deep (i32.sub (local.get 0) (i32.const 1))))))
      (func (export \"run\") (param i32)
        (block $b (result i64)
          (try_table (catch $t $b) (call $deep (local.get 0)))
          unreachable)
        (i64.ne (i64.const 77))
        (if (then unreachable))))";
    for gc_stress in [false, true] {
        let mut config = Config::new();
        let engine =
            Engine::new(config.max_stack(64 << 20).gc_stress(gc_stress)).expect("an engine");
        let (mut store, instance) = start(&engine, text);
        for depth in [0, 1, 100, if gc_stress { 1000 } else { 200_000 }] {
            call(&mut store, instance, &[Val::I32(depth)]).expect("it is caught");
        }
    }
    // Caught by nobody.
    let engine = Engine::default();
    let (mut store, instance) = start(
        &engine,
        "(module (tag $t) (func $f (export \"run\") (param i32)
        (if (i32.eqz (local.get 0)) (then (throw $t)))
        (call $f (i32.sub (local.get 0) (i32.const 1)))))",
    );
    let error = call(&mut store, instance, &[Val::I32(50_000)]).expect_err("it is not caught");
    assert!(error.exception().is_some(), "{error}");
}

/// Of a memory of 64 KiB each goes out of bounds, whatever the sizes.
#[test]
fn bulk_operators_out_of_bounds() {
    let sizes64 = [
        "0x1_0000_0000",
        "0xffff_ffff_ffff_ffff",
        "0x8000_0000_0000_0000",
        "0x10001",
    ];
    let sizes32 = ["0xffff_ffff", "0x8000_0000", "0x10001"];
    let mut texts = Vec::new();
    for (ty, sizes) in [("i64", &sizes64[..]), ("i32", &sizes32[..])] {
        for size in sizes {
            for at in ["0", "1", "0xffff", size] {
                let (at, size) = (format!("({ty}.const {at})"), format!("({ty}.const {size})"));
                texts.push(format!("(memory {ty} 1) (func (export \"run\") (memory.fill {at} (i32.const 0) {size}))"));
                texts.push(format!("(memory {ty} 1) (func (export \"run\") (memory.copy {at} ({ty}.const 0) {size}))"));
                texts.push(format!("(memory {ty} 1) (func (export \"run\") (memory.copy ({ty}.const 0) {at} {size}))"));
                texts.push(format!("(table {ty} 1 funcref) (func (export \"run\") (table.fill {at} (ref.null func) {size}))"));
                texts.push(format!("(table {ty} 1 funcref) (func (export \"run\") (table.copy {at} ({ty}.const 0) {size}))"));
            }
        }
    }
    for size in sizes32 {
        let n = format!("(i32.const {size})");
        texts.push(format!("(memory 1) (data \"abc\") (func (export \"run\") (memory.init 0 (i32.const 0) (i32.const 0) {n}))"));
        texts.push(format!("(memory 1) (data \"abc\") (func (export \"run\") (memory.init 0 (i32.const 0) {n} {n}))"));
        texts.push(format!("(table 1 funcref) (elem func 0) (func (export \"run\") (table.init 0 (i32.const 0) (i32.const 0) {n}))"));
        let array =
            "(type $a (array (mut i64))) (type $b (array (mut (ref null $a)))) (data \"abcdefgh\")";
        for op in [
            format!(
                "(array.fill $a (array.new_default $a (i32.const 2)) (i32.const 0) (i64.const 1) {n})"
            ),
            format!("(array.fill $a (array.new_default $a (i32.const 2)) {n} (i64.const 1) {n})"),
            format!(
                "(array.copy $a $a (array.new_default $a (i32.const 2)) (i32.const 0) (array.new_default $a (i32.const 2)) (i32.const 0) {n})"
            ),
            format!(
                "(array.copy $b $b (array.new_default $b (i32.const 2)) {n} (array.new_default $b (i32.const 2)) (i32.const 0) {n})"
            ),
            format!(
                "(array.init_data $a 0 (array.new_default $a (i32.const 2)) (i32.const 0) (i32.const 0) {n})"
            ),
            format!("(drop (array.new_data $a 0 (i32.const 0) {n}))"),
            format!("(drop (array.new_data $a 0 {n} (i32.const 1)))"),
        ] {
            texts.push(format!("{array} (func (export \"run\") {op})"));
        }
    }
    let engine = Engine::default();
    for text in texts {
        let (mut store, instance) = start(&engine, &format!("(module {text})"));
        let trap = call(&mut store, instance, &[])
            .expect_err("it is out of bounds")
            .trap();
        let bounds = [
            Trap::MemoryOutOfBounds,
            Trap::TableOutOfBounds,
            Trap::ArrayOutOfBounds,
            Trap::AllocationTooLarge,
        ];
        assert!(
            trap.is_some_and(|t| bounds.contains(&t)),
            "{text}: {trap:?}"
        );
    }
}

/// Addresses whose sums with offsets overflow.
#[test]
fn addresses_that_wrap() {
    let engine = Engine::default();
    let mut texts = Vec::new();
    for offset in ["0xffff_ffff", "0xfffe", "0x8000_0000"] {
        for address in ["-1", "0xffff", "0x7fff_ffff"] {
            for op in [
                "i32.load",
                "i64.load",
                "i32.load8_u offset=1",
                "f64.load",
                "v128.load",
            ] {
                let op = if op.contains("offset") {
                    op.to_string()
                } else {
                    format!("{op} offset={offset}")
                };
                texts.push(format!(
                    "(memory 1) (func (export \"run\") (drop ({op} (i32.const {address}))))"
                ));
            }
        }
    }
    for offset in [
        "0xffff_ffff_ffff_ffff",
        "0xffff_ffff_ffff_fff8",
        "0x1_0000_0000",
    ] {
        for address in ["-1", "1", "0xffff"] {
            for op in ["i32.load", "i64.load", "v128.load", "i64.atomic.load"] {
                texts.push(format!("(memory i64 1) (func (export \"run\") (drop ({op} offset={offset} (i64.const {address}))))"));
            }
            texts.push(format!("(memory i64 1) (func (export \"run\") (i64.store offset={offset} (i64.const {address}) (i64.const 1)))"));
        }
    }
    for text in texts {
        let (mut store, instance) = start(&engine, &format!("(module {text})"));
        let trap = call(&mut store, instance, &[])
            .expect_err("it is out of bounds")
            .trap();
        assert!(
            matches!(trap, Some(Trap::MemoryOutOfBounds | Trap::UnalignedAtomic)),
            "{text}: {trap:?}"
        );
    }
}

/// What is off is not accepted.
#[test]
fn features_that_are_off() {
    let engine = Engine::new(Config::new().features(Features::WASM1)).expect("an engine");
    for text in [
        "(module (func (result i32 i32) i32.const 1 i32.const 2))",
        "(module (func (param externref)))",
        "(module (func (drop (i32.extend8_s (i32.const 1)))))",
        "(module (memory i64 1))",
        "(module (memory 1) (memory 1))",
        "(module (memory 1 1 shared))",
        "(module (tag))",
        "(module (type (struct)))",
        "(module (func (local v128)))",
        "(module (func $f (return_call $f)))",
        "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
    ] {
        assert!(Module::new(&engine, text).is_err(), "{text}");
    }
}
