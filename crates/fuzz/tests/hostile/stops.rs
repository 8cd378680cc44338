//! Guests that don't end, and the three ways to end them.

use std::time::{Duration, Instant};
use tierra::{Caller, Config, Engine, Extern, Func, Instance, Module, Store, Trap};

/// What doesn't end; each exports `run`. Import `e.f` calls the guest's export `again`.
const ENDLESS: &[(&str, &str)] = &[
    ("loop", "(func (export \"run\") (loop (br 0)))"),
    (
        "loop with a condition",
        "(func (export \"run\") (loop (br_if 0 (i32.const 1))))",
    ),
    (
        "loop by br_table",
        "(func (export \"run\") (loop (br_table 0 0 (i32.const 5))))",
    ),
    (
        "loop of blocks",
        "(func (export \"run\") (loop (block (br_if 0 (i32.const 0)) (block (br 2)))))",
    ),
    (
        "loop with a caught exception",
        "(tag $t) (func (export \"run\") (loop $l (block $b (try_table (catch $t $b) (throw $t))) (br $l)))",
    ),
    (
        "loop out of a handler",
        "(tag $t) (func (export \"run\") (loop $l (try_table (catch_all $l) (throw $t))))",
    ),
    (
        "loop of the first exceptions",
        "(tag $t) (func (export \"run\") loop $l try throw $t catch_all br $l end end)",
    ),
    (
        "loop of null tests",
        "(func (export \"run\") (loop (br_on_null 0 (ref.null any)) drop))",
    ),
    (
        "loop of casts",
        "(func (export \"run\") (ref.i31 (i32.const 1)) (loop $l (param i31ref) (br_on_cast $l i31ref i31ref) drop))",
    ),
    (
        "tail call to itself",
        "(func $f (export \"run\") (return_call $f))",
    ),
    (
        "tail calls to each other",
        "(func $f (export \"run\") (return_call $g)) (func $g (return_call $f))",
    ),
    (
        "tail calls with many parameters",
        "(func (export \"run\") (return_call $f (i64.const 1) (i64.const 2) (i64.const 3)))
         (func $f (param i64 i64 i64) (return_call $g (local.get 2)))
         (func $g (param i64) (return_call $f (local.get 0) (i64.const 2) (local.get 0)))",
    ),
    (
        "indirect tail call",
        "(type $v (func)) (table funcref (elem $f)) (func $f (export \"run\") (return_call_indirect (type $v) (i32.const 0)))",
    ),
    (
        "tail call by reference",
        "(type $v (func)) (elem declare func $f) (func $f (export \"run\") (return_call_ref $v (ref.func $f)))",
    ),
    (
        "tail call of an import",
        "(func (export \"run\") (loop (call $h) (br 0))) (func $h (return_call $nothing))",
    ),
    (
        "calls of an import",
        "(func (export \"run\") (loop (call $nothing) (br 0)))",
    ),
    (
        "many calls",
        "(func (export \"run\") (loop (call $g) (br 0))) (func $g)",
    ),
    (
        "exponential calls",
        "(func $f (export \"run\") (call $g (i32.const 60)))
         (func $g (param i32)
           (if (local.get 0) (then
             (call $g (i32.sub (local.get 0) (i32.const 1)))
             (call $g (i32.sub (local.get 0) (i32.const 1))))))",
    ),
    (
        "loop of allocations",
        "(type $s (struct (field i64))) (func (export \"run\") (loop (drop (struct.new $s (i64.const 1))) (br 0)))",
    ),
    (
        "loop of bulk operators",
        "(memory 1) (func (export \"run\") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 60000)) (br 0)))",
    ),
    (
        "loop of failing growth",
        "(memory 1 1) (func (export \"run\") (loop (drop (memory.grow (i32.const 1))) (br 0)))",
    ),
];

fn start(engine: &Engine, text: &str) -> (Store<()>, Instance) {
    let text = format!("(module (import \"e\" \"nothing\" (func $nothing)) {text})");
    let module = Module::new(engine, &text).expect(&text);
    let mut store = Store::new(engine, ());
    let nothing = Func::wrap(&mut store, || {});
    let instance = if engine.config_consumes_fuel() {
        store.set_fuel(1_000_000).expect("fuel is on");
        Instance::new(&mut store, &module, &[nothing.into()])
    } else {
        Instance::new(&mut store, &module, &[nothing.into()])
    };
    (store, instance.expect("instantiates"))
}

/// Whether an engine counts fuel, from the outside.
trait Fuel {
    fn config_consumes_fuel(&self) -> bool;
}

impl Fuel for Engine {
    fn config_consumes_fuel(&self) -> bool {
        Store::new(self, ()).get_fuel().is_ok()
    }
}

fn run(store: &mut Store<()>, instance: Instance) -> Option<Trap> {
    let run = instance
        .get_typed_func::<(), ()>(&*store, "run")
        .expect("the export exists");
    let error = run.call(&mut *store, ()).expect_err("it can't end");
    error.trap()
}

#[test]
fn by_fuel() {
    for stress in [false, true] {
        let mut config = Config::new();
        let engine = Engine::new(config.consume_fuel(true).gc_stress(stress)).expect("an engine");
        for (name, text) in ENDLESS {
            let (mut store, instance) = start(&engine, text);
            if stress {
                store.set_fuel(50_000).expect("fuel is on");
            }
            assert_eq!(run(&mut store, instance), Some(Trap::OutOfFuel), "{name}");
            // As often as one likes.
            store.set_fuel(100).expect("fuel is on");
            assert_eq!(
                run(&mut store, instance),
                Some(Trap::OutOfFuel),
                "{name} again"
            );
        }
    }
}

#[test]
fn by_deadline() {
    let engine = Engine::default();
    for (name, text) in ENDLESS {
        let (mut store, instance) = start(&engine, text);
        let begin = Instant::now();
        store.set_deadline(Duration::from_millis(20));
        assert_eq!(run(&mut store, instance), Some(Trap::Interrupted), "{name}");
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{name}: {:?}",
            begin.elapsed()
        );
        // The store can be used again.
        store.set_deadline(Duration::from_millis(5));
        assert_eq!(
            run(&mut store, instance),
            Some(Trap::Interrupted),
            "{name} again"
        );
    }
}

#[test]
fn by_another_thread() {
    let engine = Engine::default();
    for (name, text) in ENDLESS {
        let (mut store, instance) = start(&engine, text);
        let handle = store.interrupt_handle();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(5));
                handle.interrupt();
            });
            assert_eq!(run(&mut store, instance), Some(Trap::Interrupted), "{name}");
        });
    }
}

/// An interrupt that arrives before the guest does stops it at once.
#[test]
fn before_it_starts() {
    let engine = Engine::default();
    let (mut store, instance) = start(&engine, ENDLESS[0].1);
    store.interrupt_handle().interrupt();
    assert_eq!(run(&mut store, instance), Some(Trap::Interrupted));
}

/// What waits in the host comes back to a guest that ends.
#[test]
fn between_calls_of_the_host() {
    let engine = Engine::default();
    let text =
        "(module (import \"e\" \"f\" (func $f)) (func (export \"run\") (loop (call $f) (br 0))))";
    let module = Module::new(&engine, text).expect("valid");
    let mut store = Store::new(&engine, ());
    let f = Func::wrap(&mut store, || std::thread::sleep(Duration::from_millis(1)));
    let instance = Instance::new(&mut store, &module, &[f.into()]).expect("instantiates");
    store.set_deadline(Duration::from_millis(20));
    assert_eq!(run(&mut store, instance), Some(Trap::Interrupted));
}

#[test]
fn while_it_waits() {
    let engine = Engine::default();
    let text = "(module (memory 1 1 shared)
      (func (export \"run\") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))";
    let module = Module::new(&engine, text).expect("valid");
    for by_deadline in [true, false] {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("instantiates");
        let begin = Instant::now();
        if by_deadline {
            store.set_deadline(Duration::from_millis(20));
            assert_eq!(run(&mut store, instance), Some(Trap::Interrupted));
        } else {
            let handle = store.interrupt_handle();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(20));
                    handle.interrupt();
                });
                assert_eq!(run(&mut store, instance), Some(Trap::Interrupted));
            });
        }
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}

/// A start function is a guest like any other.
#[test]
fn while_it_starts() {
    let engine = Engine::new(Config::new().consume_fuel(true)).expect("an engine");
    let module =
        Module::new(&engine, "(module (func $f (loop (br 0))) (start $f))").expect("valid");
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000).expect("fuel is on");
    let error = Instance::new(&mut store, &module, &[]).expect_err("it can't end");
    assert_eq!(error.trap(), Some(Trap::OutOfFuel));
}

/// Fuel goes on from where it was across the host, in both directions.
#[test]
fn fuel_across_the_host() {
    let engine = Engine::new(Config::new().consume_fuel(true)).expect("an engine");
    let text = "(module (import \"e\" \"f\" (func $f))
      (func (export \"run\") (call $f)) (func (export \"again\") (loop (br 0))))";
    let module = Module::new(&engine, text).expect("valid");
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000).expect("fuel is on");
    let f = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
        let Some(Extern::Func(again)) = caller.get_export("again") else {
            panic!("the export exists")
        };
        again.call(&mut caller, &[], &mut [])
    });
    let instance = Instance::new(&mut store, &module, &[f.into()]).expect("instantiates");
    assert_eq!(run(&mut store, instance), Some(Trap::OutOfFuel));
    assert_eq!(store.get_fuel().expect("fuel is on"), 0);
}

/// Any time will do as a deadline.
#[test]
fn deadlines_far_away() {
    let engine = Engine::default();
    let module =
        Module::new(&engine, "(module (func (export \"run\") unreachable))").expect("valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("instantiates");
    for after in [
        Duration::MAX,
        Duration::from_secs(u64::MAX),
        Duration::from_secs(1 << 40),
    ] {
        store.set_deadline(after);
        assert_eq!(run(&mut store, instance), Some(Trap::Unreachable));
    }
    store.set_deadline(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(20));
    store.clear_deadline();
    assert_eq!(run(&mut store, instance), Some(Trap::Unreachable));
}
