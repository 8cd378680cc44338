//! Functions that rise from tier to tier: what they share, what they count, and modules that try to
//! wear the machinery out.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tierra::*;

/// Engines whose functions begin in code of one pass, and in the interpreter.
fn both(stress: Stress) -> [Engine; 2] {
    [None, Some(64)]
        .map(|interpreted| configured(stress, |_, tiering| tiering.interpreted = interpreted))
}

/// An engine whose functions rise, with what makes rare things happen.
fn engine(stress: Stress) -> Engine {
    configured(stress, |_, _| ())
}

fn configured(stress: Stress, change: impl FnOnce(&mut Config, &mut Tiering)) -> Engine {
    let mut config = Config::new();
    let mut tiering = Tiering {
        stress,
        ..Tiering::default()
    };
    change(&mut config, &mut tiering);
    config.tier(Tier::Auto).tiering(tiering);
    Engine::new(&config).unwrap()
}

fn eager() -> Stress {
    Stress {
        eager: true,
        synchronous: true,
        ..Stress::default()
    }
}

fn instance(engine: &Engine, text: &str) -> (Store<()>, Instance) {
    let module = Module::new(engine, text).unwrap();
    instance_of(&module)
}

fn instance_of(module: &Module) -> (Store<()>, Instance) {
    let mut store = Store::new(module.engine(), ());
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    (store, instance)
}

const SUM: &str = r#"(module
    (func (export "sum") (param i32) (result i64) (local i64)
      (loop $l
        (local.set 1 (i64.add (local.get 1) (i64.extend_i32_u (local.get 0))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)))"#;

#[test]
fn a_loop_that_runs_moves_to_optimized_code() {
    let engine = engine(Stress {
        synchronous: true,
        ..Stress::default()
    });
    let (mut store, instance) = instance(&engine, SUM);
    let sum = instance
        .get_typed_func::<i32, i64>(&mut store, "sum")
        .unwrap();
    assert_eq!(sum.call(&mut store, 1_000_000).unwrap(), 500_000_500_000);
    let stats = engine.tier_stats();
    assert_eq!(stats.moved, 1, "{stats:?}");
    assert_eq!((stats.baseline.functions, stats.loops.functions), (1, 1));
}

#[test]
fn nothing_is_compiled_that_is_not_called() {
    let engine = engine(Stress::default());
    let text = format!(
        "(module {} (func (export \"one\") (result i32) (i32.const 1)))",
        "(func (drop (i32.const 5)))".repeat(1000)
    );
    let (mut store, instance) = instance(&engine, &text);
    assert_eq!(engine.tier_stats().baseline.functions, 0);
    let one = instance
        .get_typed_func::<(), i32>(&mut store, "one")
        .unwrap();
    one.call(&mut store, ()).unwrap();
    let stats = engine.tier_stats();
    assert_eq!((stats.functions, stats.baseline.functions), (1001, 1));
}

#[test]
fn instances_on_all_threads_share_one_warm_up() {
    let engine = engine(Stress::default());
    let module = Module::new(&engine, SUM).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let (mut store, instance) = instance_of(&module);
                let sum = instance
                    .get_typed_func::<i32, i64>(&mut store, "sum")
                    .unwrap();
                for _ in 0..20 {
                    assert_eq!(sum.call(&mut store, 100_000).unwrap(), 5_000_050_000);
                }
            });
        }
    });
    let stats = engine.tier_stats();
    assert_eq!((stats.modules, stats.instances), (1, 10), "{stats:?}");
    assert_eq!(stats.baseline.functions, 1, "{stats:?}");
    assert!(
        stats.optimizing.functions <= 1 && stats.loops.functions <= 1,
        "{stats:?}"
    );
}

/// What is left of the fuel is a function of the program alone.
#[test]
fn fuel_is_the_same_wherever_a_function_runs() {
    let left = |engine: &Engine| {
        let (mut store, instance) = instance(engine, SUM);
        let sum = instance
            .get_typed_func::<i32, i64>(&mut store, "sum")
            .unwrap();
        store.set_fuel(100_000_000).unwrap();
        sum.call(&mut store, 100_000).unwrap();
        let whole = store.get_fuel().unwrap();
        store.set_fuel(12_345).unwrap();
        let error = sum.call(&mut store, 100_000).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::OutOfFuel));
        (whole, store.get_fuel().unwrap())
    };
    let mut config = Config::new();
    config.tier(Tier::Interp).consume_fuel(true);
    let expected = left(&Engine::new(&config).unwrap());
    for random in [None, Some(1), Some(2), Some(3)] {
        let stress = Stress { random, ..eager() };
        let rising = configured(stress, |config, _| _ = config.consume_fuel(true));
        assert_eq!(left(&rising), expected, "{random:?}");
    }
}

#[test]
fn deadlines_stop_loops_in_every_tier() {
    let text = r#"(module (func (export "forever") (loop $l (br $l))))"#;
    for engine in [Stress::default(), eager()].into_iter().flat_map(both) {
        let (mut store, instance) = instance(&engine, text);
        let forever = instance
            .get_typed_func::<(), ()>(&mut store, "forever")
            .unwrap();
        for _ in 0..3 {
            store.set_deadline(Duration::from_millis(20));
            let start = Instant::now();
            let error = forever.call(&mut store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::Interrupted));
            assert!(start.elapsed() < Duration::from_secs(5));
        }
    }
}

/// Ten thousand functions, each called once in a round.
#[test]
fn many_functions_called_once_each() {
    const COUNT: usize = 10_000;
    let mut text = String::from("(module (global $g (mut i32) (i32.const 0))");
    for i in 0..COUNT {
        text += &format!("(func $f{i} (global.set $g (i32.add (global.get $g) (i32.const {i}))))");
    }
    text += "(func (export \"run\") (param i32) (result i32) (loop $l";
    for i in 0..COUNT {
        text += &format!("(call $f{i})");
    }
    text += "(br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (global.get $g)))";
    for engine in both(Stress::default()) {
        let (mut store, instance) = instance(&engine, &text);
        let run = instance
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        let round = (COUNT * (COUNT - 1) / 2) as i32;
        assert_eq!(run.call(&mut store, 20).unwrap(), round.wrapping_mul(20));
    }
}

/// The guest goes on while one enormous function is optimized.
#[test]
fn one_enormous_function() {
    let mut text = String::from(
        "(module (func (export \"run\") (param i32) (result i32) (local i32) (loop $l",
    );
    for i in 0..40_000 {
        text += &format!("(local.set 1 (i32.xor (local.get 1) (i32.const {i})))");
    }
    text += "(br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))";
    for engine in both(Stress::default()) {
        let (mut store, instance) = instance(&engine, &text);
        let run = instance
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        let once = run.call(&mut store, 1).unwrap();
        assert_eq!(run.call(&mut store, 501).unwrap(), once);
    }
}

/// Recursion through the host, with frames of all tiers on the stack, and an exception through them.
#[test]
fn recursion_and_exceptions_across_tiers_and_the_host() {
    let text = r#"(module
        (import "" "again" (func $again (param i32) (result i32)))
        (tag $t (param i32))
        (func $down (export "down") (param i32) (result i32) (local i32)
          (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
          (local.set 1 (i32.const 3))
          (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
          (if (result i32) (i32.rem_u (local.get 0) (i32.const 3))
            (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.add (i32.const 1) (call $again (i32.sub (local.get 0) (i32.const 1)))))))
        (func (export "catch") (param i32) (result i32)
          (block $h (result i32)
            (try_table (result i32) (catch $t $h) (call $down (local.get 0)))
            (return))))"#;
    let random = |random| Stress {
        random: Some(random),
        ..eager()
    };
    let seeds = (0..20).map(random);
    for engine in seeds.chain([eager(), Stress::default()]).flat_map(both) {
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let again = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, ()>, n: i32| -> Result<i32> {
                let down = caller.get_export("down").and_then(|e| e.into_func());
                let down = down.unwrap().typed::<i32, i32>(&caller)?;
                down.call(&mut caller, n)
            },
        );
        let instance = Instance::new(&mut store, &module, &[again.into()]).unwrap();
        let catch = instance
            .get_typed_func::<i32, i32>(&mut store, "catch")
            .unwrap();
        for _ in 0..5 {
            assert_eq!(catch.call(&mut store, 40).unwrap(), 7);
        }
    }
}

/// References survive collections in every frame, also those that have just moved.
#[test]
fn references_survive_moving() {
    let text = r#"(module
        (type $box (struct (field (mut i32))))
        (func (export "run") (param i32) (result i32) (local $b (ref null $box)) (local i32)
          (local.set $b (struct.new $box (i32.const 0)))
          (loop $l
            (drop (struct.new $box (i32.const 1)))
            (struct.set $box 0 (local.get $b)
              (i32.add (struct.get $box 0 (local.get $b)) (i32.const 1)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (struct.get $box 0 (local.get $b))))"#;
    let beginnings = [None, Some(0)];
    let seeds = [None, Some(1), Some(2)];
    for (random, interpreted) in seeds.iter().flat_map(|s| beginnings.map(|b| (*s, b))) {
        let stress = Stress { random, ..eager() };
        let engine = configured(stress, |config, tiering| {
            tiering.interpreted = interpreted;
            config.gc_stress(true);
        });
        let (mut store, instance) = instance(&engine, text);
        let run = instance
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        assert_eq!(run.call(&mut store, 500).unwrap(), 500);
    }
}

#[test]
fn without_memory_for_code_everything_still_runs() {
    let beginnings = [None, Some(0)];
    let memory = [0, 64 << 10, 192 << 10];
    for (code_memory, interpreted) in memory.iter().flat_map(|m| beginnings.map(|b| (*m, b))) {
        let engine = configured(eager(), |_, tiering| {
            (tiering.code_memory, tiering.interpreted) = (code_memory, interpreted);
        });
        let (mut store, instance) = instance(&engine, SUM);
        let sum = instance
            .get_typed_func::<i32, i64>(&mut store, "sum")
            .unwrap();
        assert_eq!(sum.call(&mut store, 1000).unwrap(), 500_500);
        // The way to the interpreter has the least that can be taken.
        let most = code_memory.max(64 << 10);
        assert!(engine.tier_stats().code_memory <= most as u64);
    }
}

#[test]
fn what_happens_is_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let engine = configured(eager(), |_, tiering| {
        tiering.sink = Some(Sink(Arc::new(move |event| {
            log.lock().unwrap().push(event.to_string());
        })));
    });
    let (mut store, instance) = instance(&engine, SUM);
    let sum = instance
        .get_typed_func::<i32, i64>(&mut store, "sum")
        .unwrap();
    sum.call(&mut store, 10).unwrap();
    let told = told.lock().unwrap().join("\n");
    for words in [
        "baseline: function 0",
        "from its loop at 0x",
        "on-stack replacement",
    ] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
}

#[test]
fn modules_come_and_go_while_their_functions_are_optimized() {
    let engine = engine(Stress {
        synchronous: false,
        ..eager()
    });
    for _ in 0..300 {
        let (mut store, instance) = instance(&engine, SUM);
        let sum = instance
            .get_typed_func::<i32, i64>(&mut store, "sum")
            .unwrap();
        assert_eq!(sum.call(&mut store, 100).unwrap(), 5050);
    }
}

/// Which function is called is noted, checked, and may change.
#[test]
fn calls_that_were_inlined_by_what_was_seen_may_change() {
    let text = r#"(module
        (type $f (func (param i32) (result i32)))
        (table 2 2 funcref)
        (elem (i32.const 0) $inc $dec)
        (func $inc (type $f) (i32.add (local.get 0) (i32.const 1)))
        (func $dec (type $f) (i32.sub (local.get 0) (i32.const 1)))
        (func $apply (param i32 i32) (result i32)
          (call_indirect (type $f) (local.get 1) (local.get 0)))
        (func (export "run") (param $which i32) (param $n i32) (result i32) (local $x i32)
          (loop $l
            (local.set $x (call $apply (local.get $which) (local.get $x)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $x)))"#;
    let engine = engine(Stress {
        synchronous: true,
        ..Stress::default()
    });
    let (mut store, instance) = instance(&engine, text);
    let run = instance
        .get_typed_func::<(i32, i32), i32>(&mut store, "run")
        .unwrap();
    for (which, sign) in [(0, 1), (1, -1), (0, 1)] {
        assert_eq!(
            run.call(&mut store, (which, 200_000)).unwrap(),
            sign * 200_000
        );
    }
}
