//! Functions that begin in the interpreter and move on from the heads of their loops.

use tierra::*;

/// The interpreter alone, and engines whose functions leave it at the first head of a loop that they
/// come to, or at one of the next ones.
fn engines() -> Vec<(String, Engine)> {
    let with = |name: &str, change: &dyn Fn(&mut Config)| {
        let mut config = Config::new();
        config.consume_fuel(true);
        change(&mut config);
        (name.to_string(), Engine::new(&config).unwrap())
    };
    let rising = |random, gc_stress| {
        move |config: &mut Config| {
            config.tier(Tier::Auto).gc_stress(gc_stress);
            config.tiering(Tiering {
                interpreted: Some(0),
                stress: Stress {
                    eager: true,
                    synchronous: true,
                    random,
                    ..Stress::default()
                },
                ..Tiering::default()
            });
        }
    };
    let mut all = vec![
        with("interpreted", &|config| _ = config.tier(Tier::Interp)),
        with("at once", &rising(None, false)),
        with("at once, with GC stress", &rising(None, true)),
    ];
    for seed in 0..8 {
        all.push(with(
            &format!("at random, {seed}"),
            &rising(Some(seed), true),
        ));
    }
    all
}

/// Runs the export `run` everywhere, with fuel, and compares.
fn same_everywhere(text: &str, args: &[Val]) -> Vec<Val> {
    let mut first = None;
    for (name, engine) in engines() {
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_fuel(1_000_000).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_func(&mut store, "run").unwrap();
        let ty = run.ty(&store);
        let mut results = vec![Val::I32(0); ty.results().len()];
        let ended = run.call(&mut store, args, &mut results);
        let ended = ended.map_err(|error| error.trap());
        let seen = (ended, format!("{results:?}"), store.get_fuel().unwrap());
        match &first {
            None => first = Some((seen, results)),
            Some((expected, _)) => assert_eq!(&seen, expected, "{name}"),
        }
    }
    first.unwrap().1
}

const SUM: &str = r#"(module
    (func (export "run") (param i64) (result i64) (local i64)
      (loop $l
        (local.set 1 (i64.add (local.get 1) (local.get 0)))
        (br_if $l (i64.ne (local.tee 0 (i64.sub (local.get 0) (i64.const 1))) (i64.const 0))))
      (local.get 1)))"#;

#[test]
fn a_loop_goes_through_all_tiers() {
    let mut config = Config::new();
    config.tier(Tier::Auto).tiering(Tiering {
        interpreted: Some(64),
        stress: Stress {
            synchronous: true,
            ..Stress::default()
        },
        ..Tiering::default()
    });
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, SUM).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i64, i64>(&mut store, "run");
    let sum = run.unwrap().call(&mut store, 1_000_000).unwrap();
    assert_eq!(sum, 500_000_500_000);
    let stats = engine.tier_stats();
    let steps = (stats.interpreted, stats.entered, stats.moved);
    assert_eq!(steps, (1, 1, 1), "{stats:?}");
    assert_eq!((stats.baseline.functions, stats.loops.functions), (1, 1));
}

/// Parameters, results, locals and operands of all types, in registers, on the stack and in the area for
/// results, and constants among the operands.
#[test]
fn the_whole_state_arrives() {
    let text = r#"(module
      (memory 1)
      (func (export "run")
            (param i32 i64 f32 f64 i32 i32 i32 i32 i32 i64 f64 f64 f64 f64 f64 f64 f32)
            (result i32 i64 f32 f64 i32 i32 i32 i32 i32 f64 f64 i64 i32)
            (local $n i32) (local $sum i64) (local $f f64) (local $v v128) (local $w v128)
        (local.set $v (i32x4.splat (local.get 4)))
        (i32.const 11)
        (i64.add (local.get 1) (i64.const 1))
        (local.get 2)
        (f64.const 2.5)
        (i32.const 77)
        (local.get 5) (local.get 8) (local.get 7)
        (local.get 0)
        (loop $l (param i32) (result i32)
          (local.set 0)
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (local.set $sum (i64.add (local.get $sum) (local.get 9)))
          (local.set $f (f64.add (local.get $f) (local.get 15)))
          (local.set $w (i32x4.add (local.get $w) (local.get $v)))
          (i32.store (i32.const 8) (local.get $n))
          (local.set 5 (i32.load (i32.const 8)))
          (i32.add (local.get 0) (i32.const 3))
          (br_if $l (i32.lt_u (local.get $n) (i32.const 9))))
        (f64.promote_f32 (local.get 16))
        (local.get $f) (local.get $sum) (i32x4.extract_lane 2 (local.get $w))))"#;
    let float = |value: f64| Val::F64(value.to_bits());
    let single = |value: f32| Val::F32(value.to_bits());
    let mut args = vec![Val::I32(1), Val::I64(2), single(3.0), float(4.0)];
    args.extend((5..10).map(Val::I32));
    args.push(Val::I64(10));
    args.extend((11..17).map(|i| float(i.into())));
    args.push(single(18.0));
    let results = same_everywhere(text, &args);
    let [.., sum, lane] = &results[..] else {
        panic!("{results:?}")
    };
    assert_eq!((sum.unwrap_i64(), lane.unwrap_i32()), (90, 45));
}

#[test]
fn loops_within_loops_and_blocks() {
    let text = r#"(module
      (func (export "run") (param i32) (result i32) (local i32 i32)
        (i32.const 1000)
        (block $out (param i32) (result i32)
          (loop $a (param i32) (result i32)
            (local.set 1 (i32.const 3))
            (i32.const 5)
            (loop $b (param i32) (result i32)
              (if (param i32) (result i32) (i32.and (local.get 1) (i32.const 1))
                (then (loop $c (param i32) (result i32)
                  (i32.add (i32.const 7))
                  (br_if $c (i32.rem_u (local.tee 2 (i32.add (local.get 2) (i32.const 1)))
                    (i32.const 4)))))
                (else (i32.mul (i32.const 2))))
              (br_if $b (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
            (i32.add)
            (br_if $out (i32.gt_u (local.get 2) (i32.const 200)))
            (br_if $a (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    )"#;
    same_everywhere(text, &[Val::I32(40)]);
    same_everywhere(text, &[Val::I32(2)]);
}

/// A frame that has moved is gone: its handlers are those of the new one. What a legacy `catch` has
/// caught is part of the state.
#[test]
fn exceptions_find_the_frame_that_there_is() {
    let text = r#"(module
      (tag $t (param i32))
      (func $thrower (param i32)
        (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (throw $t (i32.const 5)))
      (func $middle (param i32) (result i32)
        (block $h (result i32)
          (try_table (result i32) (catch $t $h)
            (loop $l (call $thrower (local.get 0)) (br $l))
            (unreachable)))
        (i32.add (local.get 0)))
      (func (export "run") (param i32) (result i32) (local i32)
        (loop $l
          (local.set 1 (i32.add (local.get 1) (call $middle (i32.add (local.get 0) (i32.const 1)))))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;
    let results = same_everywhere(text, &[Val::I32(10)]);
    assert_eq!(results[0].unwrap_i32(), 10 * 6 + 55);
    let legacy = r#"(module
      (tag $t (param i32))
      (func $inner (param i32) (result i32)
        try
          local.get 0
          throw $t
        catch $t
          loop $l (param i32) (result i32)
            i32.const 1
            i32.sub
            (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
            br_if $l
          end
          drop
          rethrow 0
        end
        unreachable)
      (func (export "run") (param i32) (result i32)
        try (result i32)
          (call $inner (local.get 0))
        catch $t
        end))"#;
    let results = same_everywhere(legacy, &[Val::I32(10)]);
    assert_eq!(results[0].unwrap_i32(), 10);
}

/// A chain of tail calls takes the stack of its longest link, whatever tiers its frames change to.
#[test]
fn tail_calls_of_loops_that_move_take_no_stack() {
    let text = r#"(module
      (type $f (func (param i32 i32) (result i32)))
      (table funcref (elem $a $b $c $d))
      (func $loop (param i32 i32) (result i32)
        (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (local.get 0))
      (func $a (type $f)
        (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (return_call_indirect (type $f) (local.get 0) (i32.const 3) (i32.const 1)))
      (func $b (type $f)
        (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (return_call_indirect (type $f) (local.get 0) (i32.const 3) (i32.const 2)))
      (func $c (type $f)
        (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (return_call $d (call $loop (local.get 0) (i32.const 2)) (i32.const 2)))
      (func $d (type $f)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 42))))
        (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (return_call $a (i32.sub (local.get 0) (i32.const 1)) (i32.const 2)))
      (func (export "run") (param i32) (result i32)
        (i32.add (i32.const 1) (call $a (local.get 0) (i32.const 3)))))"#;
    let results = same_everywhere(text, &[Val::I32(5_000)]);
    assert_eq!(results[0].unwrap_i32(), 43);
}

/// Every frame of a recursion stands in its own loop.
#[test]
fn recursion_through_frames_that_move() {
    let text = r#"(module
      (func $f (export "run") (param i32) (result i32) (local i32 i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (local.set 1 (i32.const 2))
        (loop $l
          (local.set 2 (i32.add (local.get 2) (call $f (i32.sub (local.get 0) (i32.const 1)))))
          (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (local.get 2)))"#;
    let results = same_everywhere(text, &[Val::I32(10)]);
    assert_eq!(results[0].unwrap_i32(), 1024);
}

/// References in locals and operands, across collections before and after.
#[test]
fn references_move_along() {
    let text = r#"(module
      (type $box (struct (field (mut i32))))
      (func (export "run") (param i32) (result i32) (local $b (ref null $box))
        (local.set $b (struct.new $box (i32.const 0)))
        (struct.new $box (i32.const 7))
        (ref.null $box)
        (loop $l (param (ref null $box)) (result (ref null $box))
          (drop)
          (struct.set $box 0 (local.get $b)
            (i32.add (struct.get $box 0 (local.get $b)) (i32.const 1)))
          (struct.new $box (i32.const 1))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (struct.get $box 0)
        (local.set 0)
        (struct.get $box 0)
        (i32.add (struct.get $box 0 (local.get $b)))
        (i32.add (local.get 0))))"#;
    let results = same_everywhere(text, &[Val::I32(30)]);
    assert_eq!(results[0].unwrap_i32(), 30 + 7 + 1);
}

/// A function beyond the limits of the compilers stays where it is.
#[test]
fn more_locals_than_compilers_take() {
    let text = format!(
        r#"(module (func (export "run") (param i64) (result i64) (local {})
          (loop $l
            (local.set 1 (i64.add (local.get 1) (local.get 0)))
            (br_if $l (i64.ne (local.tee 0 (i64.sub (local.get 0) (i64.const 1))) (i64.const 0))))
          (local.get 1)))"#,
        "i64 ".repeat(20_000)
    );
    let results = same_everywhere(&text, &[Val::I64(100)]);
    assert_eq!(results[0].unwrap_i64(), 5050);
}

#[test]
fn traps_and_the_end_of_fuel_in_loops_that_moved() {
    let text = r#"(module (func (export "run") (param i32) (result i32)
      (loop $l (result i32)
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $l (i32.div_u (i32.const 100) (local.get 0)))
        (local.get 0))))"#;
    same_everywhere(text, &[Val::I32(50)]);
    let forever = r#"(module (func (export "run") (loop $l (br $l))))"#;
    same_everywhere(forever, &[]);
}

/// What can't be compiled stays in the interpreter, however long it counts: here, a round of the loop
/// costs a megabyte of what the function may do.
#[test]
fn what_stays_in_the_interpreter_stays_there() {
    let text = |locals: usize| {
        format!(
            r#"(module
              (func $f (param $n i32) (result i32) (local {})
                (loop $l
                  (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
                  {})
                (i32.const 7))
              (func (export "run") (param i32) (result i32)
                (drop (call $f (local.get 0)))
                (call $f (i32.const 3))))"#,
            "i64 ".repeat(locals),
            "nop ".repeat(1_000_000)
        )
    };
    let run = |text: &str, mixed, code_memory: usize| {
        let mut config = Config::new();
        config.tier(Tier::Auto).mixed_tiers(mixed);
        config.tiering(Tiering {
            interpreted: Some(0),
            code_memory,
            ..Tiering::default()
        });
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run");
        // More than 2^31, twice.
        assert_eq!(run.unwrap().call(&mut store, 5_000).unwrap(), 7);
    };
    run(&text(12_500), None, usize::MAX);
    let short = text(0);
    run(&short, None, 0);
    for seed in 0..4 {
        run(&short, Some(seed), usize::MAX);
    }
}

/// Every frame of a recursion stands in another loop of one large function.
#[test]
fn a_function_is_not_compiled_for_each_of_its_loops() {
    const LOOPS: usize = 40;
    let body: String = (0..LOOPS)
        .map(|i| {
            format!(
                r#"(if (i32.eq (local.get 0) (i32.const {i}))
                  (then
                    (call $f (i32.add (local.get 0) (i32.const 1)))
                    (local.set 1 (i32.const 600000))
                    (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))))"#
            )
        })
        .collect();
    let text = format!(
        r#"(module (func $f (export "run") (param i32) (local i32)
          {body}
          (if (i32.eq (local.get 0) (i32.const -1)) (then {}))))"#,
        "nop ".repeat(100_000)
    );
    let mut config = Config::new();
    config.tier(Tier::Auto).tiering(Tiering {
        interpreted: Some(1),
        per_byte: 0,
        at_least: 0,
        ..Tiering::default()
    });
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, &text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run");
    run.unwrap().call(&mut store, 0).unwrap();
    let stats = engine.tier_stats();
    assert!((2..10).contains(&stats.entered), "{stats:?}");
    assert!(stats.baseline.functions < 10, "{stats:?}");
}
