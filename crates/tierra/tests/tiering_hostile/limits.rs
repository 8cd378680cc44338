//! What runs out, goes away, comes too late or is spoiled.

use super::{eager, rising};
use std::time::{Duration, Instant};
use tierra::*;

/// Room for code that is used up at every possible moment.
#[test]
fn memory_for_code_that_is_used_up_on_the_way() {
    let mut text =
        String::from("(module (type $f (func (param i32) (result i32))) (table funcref (elem");
    for i in 0..300 {
        text += &format!(" $f{i}");
    }
    text += "))";
    for i in 0..300 {
        // Every function has a type of its own, too.
        text += &format!(
            "(func $f{i} (type $f) (local i32) (local.set 1 (i32.const 3))
               (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
               {} (i32.add (local.get 0) (i32.const {i})))",
            "(local.set 1 (i32.div_u (local.get 0) (i32.const 7)))".repeat(60)
        );
    }
    text += r#"(func (export "run") (param i32) (result i32) (local i32)
      (loop $l
        (local.set 1 (call_indirect (type $f) (local.get 1) (i32.rem_u (local.get 0) (i32.const 300))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)))"#;
    for code_memory in [0, 64 << 10, 128 << 10, 300 << 10, 512 << 10] {
        for stress in [
            eager(),
            Stress::default(),
            Stress {
                synchronous: false,
                fail: 3,
                ..eager()
            },
        ] {
            let engine = rising(stress, |_, tiering| tiering.code_memory = code_memory);
            let module = Module::new(&engine, &text).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance
                .get_typed_func::<i32, i32>(&mut store, "run")
                .unwrap();
            for _ in 0..5 {
                assert_eq!(run.call(&mut store, 600).unwrap(), 299 * 300);
            }
            // The ways to the interpreter, of two types here, have the least that can be taken.
            let most = code_memory + (64 << 10);
            assert!(engine.tier_stats().code_memory <= most as u64);
        }
    }
}

fn shared(engine: &Engine) -> SharedMemory {
    let mut ty = memory_type(1, Some(1));
    ty.shared = true;
    SharedMemory::new(engine, ty).unwrap()
}

/// Threads hammer the functions of modules that they share, while others make instances of them and
/// drop modules that are being optimized.
#[test]
fn threads_share_modules_that_come_and_go() {
    let mut text = String::from(
        "(module (import \"\" \"m\" (memory 1 1 shared))
      (type $f (func (param i32) (result i32))) (table funcref (elem",
    );
    for i in 0..40 {
        text += &format!(" $f{i}");
    }
    text += "))";
    for i in 0..40 {
        text += &format!(
            "(func $f{i} (type $f) (local i32) (local.set 1 (i32.const 3))
               (loop $l
                 (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
                 (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
               (i32.add (local.get 0) (i32.const {i})))",
        );
    }
    text += r#"(func (export "run") (param i32) (result i32) (local i32)
      (loop $l
        (local.set 1 (call_indirect (type $f) (local.get 1) (i32.rem_u (local.get 0) (i32.const 40))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)))"#;
    let asynchronous = Stress {
        synchronous: false,
        ..eager()
    };
    let random = |seed, synchronous| Stress {
        random: Some(seed),
        synchronous,
        ..eager()
    };
    for (stress, interpreted) in [
        asynchronous,
        eager(),
        random(3, false),
        random(4, true),
        Stress::default(),
    ]
    .into_iter()
    .flat_map(|stress| [(stress, None), (stress, Some(1))])
    {
        let engine = rising(stress, |_, tiering| {
            (tiering.threads, tiering.interpreted) = (2, interpreted);
        });
        for _ in 0..6 {
            let module = Module::new(&engine, &text).unwrap();
            let memory = shared(&engine);
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let (engine, module, memory, text) = (&engine, &module, &memory, &text);
                    scope.spawn(move || {
                        for round in 0..5 {
                            let own;
                            let module = if thread == 3 {
                                own = Module::new(engine, text).unwrap();
                                &own
                            } else {
                                module
                            };
                            let mut store = Store::new(engine, ());
                            let memory = Memory::from_shared(&mut store, memory).unwrap().into();
                            let instance = Instance::new(&mut store, module, &[memory]).unwrap();
                            let run = instance
                                .get_typed_func::<i32, i32>(&mut store, "run")
                                .unwrap();
                            let rounds = if round == 4 { 4000 } else { 400 };
                            assert_eq!(run.call(&mut store, rounds).unwrap(), rounds / 40 * 780);
                        }
                    });
                }
            });
        }
    }
}

/// Deadlines and interrupts come while functions are compiled and loops are left.
#[test]
fn interrupts_at_any_moment() {
    let mut text = String::from("(module ");
    for i in 0..200 {
        text += &format!(
            "(func $f{i} (local i32 i32) (local.set 1 (i32.const 3))
               (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) {})",
            "(local.set 1 (i32.div_u (local.get 0) (i32.const 7)))".repeat(100)
        );
    }
    text += "(func (export \"run\") (loop $l";
    for i in 0..200 {
        text += &format!("(call $f{i})");
    }
    text += "(br $l))))";
    for stress in [
        Stress::default(),
        eager(),
        Stress {
            synchronous: false,
            ..eager()
        },
    ] {
        let engine = rising(stress, |_, _| ());
        for delay in 1..8 {
            let module = Module::new(&engine, &text).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance
                .get_typed_func::<(), ()>(&mut store, "run")
                .unwrap();
            let start = Instant::now();
            let error = if delay % 2 == 0 {
                store.set_deadline(Duration::from_millis(delay * 3));
                run.call(&mut store, ()).unwrap_err()
            } else {
                let handle = store.interrupt_handle();
                std::thread::scope(|scope| {
                    scope.spawn(move || {
                        std::thread::sleep(Duration::from_millis(delay * 3));
                        handle.interrupt();
                    });
                    run.call(&mut store, ()).unwrap_err()
                })
            };
            assert_eq!(error.trap(), Some(Trap::Interrupted));
            assert!(
                start.elapsed() < Duration::from_secs(3),
                "{:?}",
                start.elapsed()
            );
        }
    }
}

/// Ten thousand functions are asked for, and their module is gone.
#[test]
fn a_large_module_is_dropped_while_it_is_optimized() {
    const COUNT: usize = 10_000;
    let mut text = String::from("(module (global $g (mut i32) (i32.const 0))");
    for i in 0..COUNT {
        text += &format!("(func $f{i} (global.set $g (i32.add (global.get $g) (i32.const {i}))))");
    }
    text += "(func (export \"run\") (result i32)";
    for i in 0..COUNT {
        text += &format!("(call $f{i})");
    }
    text += "(global.get $g)))";
    let engine = rising(
        Stress {
            synchronous: false,
            ..eager()
        },
        |_, t| t.threads = 2,
    );
    for _ in 0..4 {
        let module = Module::new(&engine, &text).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        drop(module);
        let run = instance
            .get_typed_func::<(), i32>(&mut store, "run")
            .unwrap();
        assert_eq!(
            run.call(&mut store, ()).unwrap(),
            (COUNT * (COUNT - 1) / 2) as i32
        );
    }
    // The engine goes first, and its threads later.
    let module = Module::new(&engine, &text).unwrap();
    drop(engine);
    let mut store = Store::new(module.engine(), ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    drop(module);
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    run.call(&mut store, ()).unwrap();
}

/// Whoever is told of events may panic: the guest goes on, and so does the thread that optimizes.
#[test]
fn a_sink_that_panics() {
    let text = r#"(module
      (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "run") (param i32) (result i32) (local i32)
        (loop $l
          (local.set 1 (call $f (local.get 1)))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;
    for stress in [eager(), Stress::default()] {
        let engine = rising(stress, |_, tiering| {
            tiering.threads = 1;
            tiering.sink = Some(Sink(std::sync::Arc::new(|_| panic!("told"))));
        });
        for round in 1.. {
            let module = Module::new(&engine, text).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance
                .get_typed_func::<i32, i32>(&mut store, "run")
                .unwrap();
            assert_eq!(run.call(&mut store, 1_000_000).unwrap(), 1_000_000);
            // The thread works for the second module, too.
            if engine.tier_stats().optimizing.functions > 2 {
                break;
            }
            assert!(round < 1000, "{:?}", engine.tier_stats());
        }
    }
}

/// Threads that are told to be processes of their own use one cache, in which somebody truncates, spoils
/// and exchanges files.
#[test]
fn a_cache_that_is_spoiled_while_it_is_used() {
    let text = |n: i32| {
        format!(
            r#"(module (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const {n})))
              (func (export "run") (param i32) (result i32) (local i32)
                (loop $l
                  (local.set 1 (call $f (local.get 1)))
                  (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 1)))"#
        )
    };
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("spoiled-cache");
    let _ = std::fs::remove_dir_all(&folder);
    let end = Instant::now() + Duration::from_secs(2);
    let used = std::sync::atomic::AtomicU64::new(0);
    let refused = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (folder, text, used, refused) = (&folder, &text, &used, &refused);
            scope.spawn(move || {
                for round in 0.. {
                    if Instant::now() > end {
                        return;
                    }
                    let n = (thread + round) % 4;
                    let cache = cache::Cache::open(folder, 1 << 20).unwrap();
                    let engine = rising(eager(), |config, _| _ = config.cache(Some(cache)));
                    let module = Module::new(&engine, text(n)).unwrap();
                    let mut store = Store::new(&engine, ());
                    let instance = Instance::new(&mut store, &module, &[]).unwrap();
                    let run = instance
                        .get_typed_func::<i32, i32>(&mut store, "run")
                        .unwrap();
                    assert_eq!(run.call(&mut store, 1000).unwrap(), 1000 * n);
                    let stats = engine.tier_stats();
                    let counter = if stats.cached.functions > 0 {
                        used
                    } else {
                        refused
                    };
                    counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
        let mut random = 1_u64;
        let mut next = |limit: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 33) as usize % limit.max(1)
        };
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(3));
            let Ok(files) = std::fs::read_dir(&folder) else {
                continue;
            };
            let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
            files.retain(|file| file.extension().is_some_and(|e| e == "entry"));
            if files.len() < 2 {
                continue;
            }
            let (one, other) = (&files[next(files.len())], &files[next(files.len())]);
            let Ok(mut bytes) = std::fs::read(one) else {
                continue;
            };
            match next(4) {
                _ if bytes.is_empty() => continue,
                0 => bytes.truncate(next(bytes.len())),
                1 => {
                    let at = next(bytes.len());
                    bytes[at] ^= 1 << next(8);
                }
                2 => {
                    let _ = std::fs::copy(other, one);
                    continue;
                }
                _ => {
                    let _ = std::fs::remove_file(one);
                    continue;
                }
            }
            // In place, while others read it.
            let _ = std::fs::write(one, bytes);
        }
    });
    let told = [used, refused].map(|n| n.into_inner());
    assert!(told.iter().all(|n| *n > 0), "{told:?}");
}

/// A function that is called once and whose loops each run long enough to be worth leaving, one after
/// the other: no code is made for loops that have ended.
#[test]
fn loops_that_have_ended_are_not_compiled() {
    const LOOPS: usize = 3000;
    let mut text = String::from("(module (func (export \"run\") (result i32) (local i32 i32)");
    for i in 0..LOOPS {
        text += &format!(
            "(local.set 0 (i32.const 12000))
             (loop $l
               (local.set 1 (i32.add (local.get 1) (i32.const {i})))
               (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
        );
    }
    text += "(local.get 1)))";
    let engine = rising(Stress::default(), |_, tiering| tiering.threads = 1);
    let module = Module::new(&engine, &text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    run.call(&mut store, ()).unwrap();
    // Another module does not wait for them.
    let text = r#"(module (func (export "run") (param i32) (result i32)
      (i32.add (local.get 0) (i32.const 1))))"#;
    let module = Module::new(&engine, text).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    let start = Instant::now();
    while engine.tier_stats().optimizing.functions == 0 {
        assert_eq!(run.call(&mut store, 4).unwrap(), 5);
        let stats = engine.tier_stats();
        assert!(start.elapsed() < Duration::from_secs(20), "{stats:?}");
    }
    let made = engine.tier_stats().loops.functions;
    assert!(made < 10, "{made}");
}
