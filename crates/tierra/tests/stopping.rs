//! Fuel, deadlines, interrupts, limits, and what is left of many stores.

use std::time::{Duration, Instant};
use tierra::*;

const LOOPS: &str = r#"(module
    (memory (export "memory") 1 1 shared)
    (func (export "forever") (loop $l (br $l)))
    (func $r (export "recurse") (param i32) (if (local.get 0) (then (call $r (local.get 0)))))
    (func (export "wait") (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (func (export "one") (result i32) (i32.const 1)))"#;

fn loops() -> (Store<()>, Instance) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, LOOPS).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    (store, instance)
}

fn run(store: &mut Store<()>, instance: Instance, name: &str) -> Result<(), Error> {
    let func = instance.get_func(&*store, name).unwrap();
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, &[], &mut results)
}

#[test]
fn deadlines_stop_loops_and_waits() {
    let (mut store, instance) = loops();
    for name in ["forever", "wait"] {
        let start = Instant::now();
        store.set_deadline(Duration::from_millis(30));
        let error = run(&mut store, instance, name).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::Interrupted), "{name}");
        let took = start.elapsed();
        assert!(
            took >= Duration::from_millis(30) && took < Duration::from_secs(5),
            "{took:?}"
        );
    }
}

#[test]
fn deadlines_are_lifted() {
    let (mut store, instance) = loops();
    store.set_deadline(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(20));
    store.clear_deadline();
    run(&mut store, instance, "one").unwrap();
    // A new one takes the place of one that has passed.
    store.set_deadline(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(20));
    store.set_deadline(Duration::from_secs(3600));
    run(&mut store, instance, "one").unwrap();
    store.set_deadline(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(
        run(&mut store, instance, "one").unwrap_err().trap(),
        Some(Trap::Interrupted)
    );
}

#[test]
fn interrupts_stop_the_running_or_the_next_guest() {
    let (mut store, instance) = loops();
    let handle = store.interrupt_handle();
    handle.interrupt();
    assert_eq!(
        run(&mut store, instance, "one").unwrap_err().trap(),
        Some(Trap::Interrupted)
    );
    run(&mut store, instance, "one").unwrap();
    for name in ["forever", "wait"] {
        let handle = handle.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            handle.interrupt();
        });
        assert_eq!(
            run(&mut store, instance, name).unwrap_err().trap(),
            Some(Trap::Interrupted)
        );
        thread.join().unwrap();
    }
    handle.end_process();
    assert_eq!(
        run(&mut store, instance, "one").unwrap_err().trap(),
        Some(Trap::ProcessEnded)
    );
    drop(store);
    handle.interrupt();
}

#[test]
fn fuel_is_the_same_every_time() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = Module::new(&engine, LOOPS).unwrap();
    let spent = || {
        let mut store = Store::new(&engine, ());
        store.set_fuel(1_000_000).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        run(&mut store, instance, "one").unwrap();
        let left = store.get_fuel().unwrap();
        assert!(left < 1_000_000);
        assert_eq!(
            run(&mut store, instance, "forever").unwrap_err().trap(),
            Some(Trap::OutOfFuel)
        );
        (left, store.get_fuel().unwrap())
    };
    assert_eq!(spent(), spent());
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert_eq!(
        run(&mut store, instance, "one").unwrap_err().trap(),
        Some(Trap::OutOfFuel)
    );
    assert!(Store::new(&Engine::default(), ()).set_fuel(1).is_err());
}

#[test]
fn limits_hold_at_creation_and_growth() {
    let engine = Engine::default();
    let create = |limits: StoreLimits, text: &str| {
        let mut store = Store::new(&engine, ());
        store.set_limits(limits);
        let module = Module::new(&engine, text).unwrap();
        Instance::new(&mut store, &module, &[])
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    let limits = StoreLimits::default;
    let cases = [
        (
            StoreLimits {
                memory_bytes: 65536,
                ..limits()
            },
            "(module (memory 2))",
            "memory minimum size",
        ),
        (
            StoreLimits {
                memories: 1,
                ..limits()
            },
            "(module (memory 0) (memory 0))",
            "too many memories",
        ),
        (
            StoreLimits {
                tables: 0,
                ..limits()
            },
            "(module (table 0 funcref))",
            "too many tables",
        ),
        (
            StoreLimits {
                table_elements: 9,
                ..limits()
            },
            "(module (table 10 funcref))",
            "table minimum size",
        ),
        (
            StoreLimits {
                instances: 0,
                ..limits()
            },
            "(module)",
            "too many instances",
        ),
    ];
    for (limits, text, message) in cases {
        let error = create(limits, text).unwrap_err();
        assert!(error.contains(message), "{error}");
        create(StoreLimits::default(), text).unwrap();
    }
}

#[test]
fn heaps_are_bounded() {
    let engine = Engine::new(Config::new().gc_heap_max(1 << 20)).unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module (type $l (struct (field (ref null $l))))
            (global $g (mut (ref null $l)) (ref.null $l))
            (func (export "leak") (loop $n (global.set $g (struct.new $l (global.get $g))) (br $n)))
            (func (export "litter") (param i32)
              (loop $n (drop (struct.new $l (ref.null $l)))
                (br_if $n (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let litter = instance
        .get_typed_func::<i32, ()>(&store, "litter")
        .unwrap();
    litter.call(&mut store, 1_000_000).unwrap();
    let leak = instance.get_typed_func::<(), ()>(&store, "leak").unwrap();
    assert_eq!(
        leak.call(&mut store, ()).unwrap_err().trap(),
        Some(Trap::OutOfMemory)
    );
}

/// Resident memory in KiB.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn many_modules_and_stores_leave_memory_flat() {
    let engine = Engine::default();
    let round = |n: usize| {
        for i in 0..n {
            let text = format!(
                r#"(module (type $t{i} (struct (field i32) (field (ref null $t{i})) (field i64)))
                    (import "h" "f" (func $f (param i32) (result i64)))
                    (memory 1) (table 4 funcref) (elem (i32.const 0) $f $g)
                    (global (ref $t{i}) (struct.new_default $t{i}))
                    (func $g (export "g") (result i64) (call $f (i32.const {i}))))"#
            );
            let module = Module::new(&engine, text).unwrap();
            let mut store = Store::new(&engine, ());
            let mut linker = Linker::new(&engine);
            linker.func_wrap("h", "f", |n: i32| i64::from(n)).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let g = instance.get_typed_func::<(), i64>(&store, "g").unwrap();
            assert_eq!(g.call(&mut store, ()).unwrap(), i as i64);
        }
    };
    round(300);
    let before = resident();
    round(3000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 4096, "{grown} KiB more after 3000 rounds");
}
