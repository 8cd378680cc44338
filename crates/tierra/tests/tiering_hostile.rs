//! Functions that rise from tier to tier, as an attacker would write them: states that are too large,
//! frames of all tiers in unlikely orders, memory for code that runs out, modules that go away. What
//! comes out is what the interpreter says.

use std::time::{Duration, Instant};
use tierra::*;

/// An engine whose functions rise.
fn rising(stress: Stress, change: impl FnOnce(&mut Config, &mut Tiering)) -> Engine {
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

/// Ways to rise: at once, at random, and as hosts have it.
fn ways() -> Vec<Stress> {
    let random = |seed| Stress {
        random: Some(seed),
        ..eager()
    };
    let mut ways = vec![Stress::default(), eager()];
    ways.extend((1..6).map(random));
    ways
}

/// A trap, and where.
fn failure(error: &Error) -> String {
    let backtrace = error.backtrace().expect("it comes from the guest");
    let frames = backtrace.frames().iter();
    let frames: Vec<_> = frames.map(|f| (f.func_index(), f.offset())).collect();
    let omitted = backtrace.omitted();
    format!("{error}: {:?} {frames:?} {omitted}", error.trap())
}

/// What a call came to, for comparison.
fn outcome(engine: &Engine, text: &str, args: &[Val], rounds: usize) -> Vec<String> {
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    store.set_fuel(100_000_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let count = run.ty(&store).results().len();
    let mut told = Vec::new();
    for _ in 0..rounds {
        let mut results = vec![Val::I32(0); count];
        told.push(match run.call(&mut store, args, &mut results) {
            Ok(()) => format!("{results:?}"),
            Err(error) => failure(&error),
        });
        told.push(store.get_fuel().unwrap().to_string());
    }
    told
}

/// In every way, a function `run` does what it does in the interpreter, fuel and backtraces included.
#[track_caller]
fn same_everywhere(text: &str, args: &[Val]) -> Vec<String> {
    same_with(text, args, |_| ())
}

#[track_caller]
fn same_with(text: &str, args: &[Val], change: impl Fn(&mut Config)) -> Vec<String> {
    let mut config = Config::new();
    config.tier(Tier::Interp).consume_fuel(true);
    change(&mut config);
    let expected = outcome(&Engine::new(&config).unwrap(), text, args, 3);
    for stress in ways() {
        let engine = rising(stress, |config, _| {
            config.consume_fuel(true);
            change(config);
        });
        assert_eq!(outcome(&engine, text, args, 3), expected, "{stress:?}");
    }
    expected
}

/// A function whose parameters on the stack and locals are together more than a frame may hold.
#[test]
fn a_state_larger_than_any_frame() {
    let params = "v128 ".repeat(1000);
    let zeros = "(v128.const i64x2 5 6) ".repeat(1000);
    for (locals, vectors) in [(12_200, 0), (0, 6_000), (3000, 4500), (3700, 6100)] {
        let text = format!(
            "(module
               (func $f (param {params}) (result i64) (local i32) (local {}) (local {})
                 (local.set 1000 (i32.const 50))
                 (loop $l
                   (br_if $l (local.tee 1000 (i32.sub (local.get 1000) (i32.const 1)))))
                 (i64x2.extract_lane 1 (local.get 999)))
               (func (export \"run\") (result i64) (call $f {zeros})))",
            "i64 ".repeat(locals),
            "v128 ".repeat(vectors),
        );
        same_everywhere(&text, &[]);
    }
}

/// More parameters than registers, more results than registers, and the loop is left inside.
#[test]
fn arguments_on_the_stack_and_results_in_an_area() {
    for (params, results) in [
        (3, 9),
        (20, 1),
        (21, 12),
        (40, 40),
        (7, 5),
        (8, 5),
        (100, 0),
    ] {
        let types = ["i32", "i64", "f32", "f64", "v128"];
        let ty = |i: usize| types[i % types.len()];
        let list = |count: usize| {
            (0..count)
                .map(|i| format!("{} ", ty(i)))
                .collect::<String>()
        };
        let value = |i: usize, at: usize| match ty(i) {
            "v128" => format!("(v128.const i32x4 {i} {at} 3 4)"),
            ty => format!("({ty}.const {})", i * 100 + at),
        };
        let args = |at| (0..params).map(|i| value(i, at)).collect::<String>();
        let out: String = (0..results)
            .map(|i| match i < params {
                true => format!("(local.get {i})"),
                false => value(i, 77),
            })
            .collect();
        let text = format!(
            "(module
               (func $f (param {p}) (result {r}) (local $n i32)
                 (local.set $n (i32.const 100))
                 (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                 {out})
               (func $g (param {p}) (result {r}) (local $n i32)
                 (local.set $n (i32.const 100))
                 (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                 (return_call $f {}))
               (func (export \"run\") (result {r} {r}) (local $n i32)
                 (local.set $n (i32.const 20))
                 (loop $l
                   (call $f {}) {}
                   (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                 (call $f {}) (call $g {})))",
            args(5),
            args(1),
            "drop ".repeat(results),
            args(2),
            args(3),
            p = list(params),
            r = list(results),
        );
        same_everywhere(&text, &[]);
    }
}

/// Every type of value lives in locals and operands, in registers and in the frame, across a loop that
/// is left inside, in loops within loops, blocks and both arms of conditions.
#[test]
fn values_of_all_types_in_nested_loops() {
    let text = r#"(module
      (type $box (struct (field (mut i32))))
      (type $f (func (param i32) (result i32)))
      (elem declare func $twice)
      (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
      (func (export "run")
        (param $n i32) (result i32 i64 f32 f64 v128 i32 i32)
        (local $i i32) (local $j i32) (local $a i64) (local $b f32) (local $c f64)
        (local $v v128) (local $r (ref null $box)) (local $fr (ref null $f)) (local $e externref)
        (local $k i32)
        (local.set $r (struct.new $box (i32.const 3)))
        (local.set $fr (ref.func $twice))
        (local.set $i (local.get $n))
        (i64.const 11) (f32.const 1.5) (v128.const i32x4 1 2 3 4) (local.get $r) (local.get $fr)
        (loop $outer (param i64 f32 v128 (ref null $box) (ref null $f))
                     (result i64 f32 v128 (ref null $box) (ref null $f))
          (local.set $j (i32.const 5))
          (block $out
            (if (i32.and (local.get $i) (i32.const 1))
              (then
                (loop $inner
                  (local.set $a (i64.add (local.get $a) (i64.extend_i32_u (local.get $j))))
                  (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $j))))
                  (struct.set $box 0 (local.get $r)
                    (call_ref $f (struct.get $box 0 (local.get $r)) (local.get $fr)))
                  (br_if $out (i32.gt_u (struct.get $box 0 (local.get $r)) (i32.const 5000000)))
                  (br_if $inner (local.tee $j (i32.sub (local.get $j) (i32.const 1))))))
              (else
                (local.set $b (f32.add (local.get $b) (f32.const 0.25)))
                (loop $inner
                  (local.set $c (f64.add (local.get $c) (f64.const 1.125)))
                  (local.set $r (struct.new $box (i32.add (i32.const 1)
                     (struct.get $box 0 (local.get $r)))))
                  (local.set $k (i32.const 3))
                  (loop $deep
                    (br_if $deep (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
                  (br_if $inner (local.tee $j (i32.sub (local.get $j) (i32.const 1))))))))
          (br_if $outer (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (local.set $fr) (local.set $r)
        (v128.const i32x4 9 9 9 9) i32x4.add (local.set $v)
        (local.set $b (f32.add (local.get $b))) (local.set $a (i64.add (local.get $a)))
        (local.get $n) (local.get $a) (local.get $b) (local.get $c) (local.get $v)
        (struct.get $box 0 (local.get $r)) (call_ref $f (i32.const 21) (local.get $fr))))"#;
    for n in [1, 2, 7, 100] {
        for stress in [false, true] {
            let told = same_with(text, &[Val::I32(n)], |config| _ = config.gc_stress(stress));
            assert!(told[0].contains("I32"), "{told:?}");
        }
    }
}

/// Loops in handlers of both kinds: what is thrown after the move is caught as before it.
#[test]
fn handlers_around_a_loop_that_is_left() {
    let text = r#"(module
      (tag $t (param i32)) (tag $u (param i64))
      (func $throw (param $n i32)
        (if (i32.eq (local.get $n) (i32.const 3)) (then (throw $t (i32.const 33))))
        (if (i32.eq (local.get $n) (i32.const 2)) (then (throw $u (i64.const 44))))
        (if (i32.eq (local.get $n) (i32.const 1)) (then (drop (i32.div_u (i32.const 1) (i32.const 0))))))
      (func $spin (param $n i32)
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "run") (param $last i32) (result i32 i64 i32)
        (local $i i32) (local $x i32) (local $y i64) (local $e exnref)
        (loop $rounds
          (block $t2 (result i32)
            (block $u2 (result i64 exnref)
              (try_table (catch $t $t2) (catch_ref $u $u2)
                (local.set $i (i32.const 9))
                (loop $l
                  (call $spin (i32.const 5))
                  (call $throw (local.get $i))
                  (br_if $l (i32.ge_s (local.tee $i (i32.sub (local.get $i) (i32.const 1)))
                                      (i32.add (local.get $last) (i32.const 1))))))
              (return (local.get $x) (local.get $y) (i32.const 0)))
            (local.set $e)
            (local.set $y (i64.add (local.get $y)))
            ;; What was caught is thrown again from a loop in the handler.
            (local.set $i (i32.const 4))
            (block $again (result i64)
              (try_table (result i64) (catch $u $again)
                (loop $l (result i64)
                  (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))
                  (throw_ref (local.get $e)))))
            (local.set $y (i64.add (local.get $y)))
            (i32.const 1))
          (local.set $x (i32.add (local.get $x)))
          (br_if $rounds (i32.lt_s (local.get $x) (i32.const 100)))
          (local.set $last (i32.sub (local.get $last) (i32.const 1)))
          (br_if $rounds (i32.ge_s (local.get $last) (i32.const -3))))
        (local.get $x) (local.get $y) (i32.const 2)))"#;
    for last in [5, 2, 1, 0] {
        for stress in [false, true] {
            same_with(text, &[Val::I32(last)], |config| {
                _ = config.gc_stress(stress)
            });
        }
    }
}

#[test]
fn legacy_handlers_around_a_loop_that_is_left() {
    let text = r#"(module
      (tag $t (param i32)) (tag $u)
      (func $throw (param $n i32)
        (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 3))) (then (throw $t (local.get $n))))
        (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 5))) (then (throw $u))))
      (func $spin (param $i i32) (result i32)
        (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (local.get $i))
      (func (export "run") (param $n i32) (result i32 i32) (local $i i32) (local $x i32) (local $y i32)
        loop $rounds
          local.get $x
          try $outer (result i32)
            local.get $y
            try $inner (result i32)
              (drop (call $spin (i32.const 3)))
              (call $throw (local.get $n))
              i32.const 1
            catch $t
              (local.set $i (i32.const 4))
              loop $l (param i32) (result i32)
                i32.const 2
                i32.add
                (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))
              end
              (if (i32.and (local.get $n) (i32.const 1))
                (then
                  (local.set $i (i32.const 4))
                  try
                    throw $u
                  catch $u
                    loop $l
                      (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))
                      try
                        (call $throw (i32.const 3))
                      catch $u
                        rethrow 2
                      catch_all
                        (local.set $i (call $spin (i32.const 2)))
                        rethrow $inner
                      end
                    end
                  end))
            end
            i32.add
          catch $t
            (local.set $i (i32.const 4))
            loop $l (param i32) (result i32)
              i32.const 1000
              i32.add
              (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))
            end
          catch_all
            (local.set $i (i32.const 6))
            loop $l
              (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))
            end
            i32.const 77
            try $again (param i32) (result i32)
              drop
              try (result i32)
                loop $l (result i32)
                  (br_if $l (i32.and (local.tee $y (i32.add (local.get $y) (i32.const 1))) (i32.const 3)))
                  (br_if $again (i32.const 5) (i32.and (local.get $y) (i32.const 4)))
                  rethrow $outer
                end
              delegate $again
            catch_all
              i32.const 6
            end
          end
          i32.add
          local.set $x
          (local.set $y (i32.xor (local.get $y) (i32.shl (local.get $n) (i32.const 3))))
          (br_if $rounds (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
        end
        (local.get $x) (local.get $y)))"#;
    for n in [1, 15, 60] {
        for stress in [false, true] {
            same_with(text, &[Val::I32(n)], |config| {
                config.gc_stress(stress);
                config.feature(Features::LEGACY_EXCEPTIONS, true);
            });
        }
    }
}

/// Traps in code that begins at a loop, also in what is inlined there, with the frames of all tiers.
#[test]
fn backtraces_through_loops_that_were_left() {
    let text = r#"(module
      (memory 1)
      (func $small (param i32) (result i32) (i32.load (i32.mul (local.get 0) (i32.const 65))))
      (func $deep (param $d i32) (param $n i32) (result i32) (local $i i32)
        (local.set $i (local.get $n))
        (if (local.get $d)
          (then (return (i32.add (i32.const 1)
            (call $deep (i32.sub (local.get $d) (i32.const 1)) (local.get $n))))))
        (loop $l
          (local.set $i (i32.add (local.get $i) (call $small (local.get $n))))
          (br_if $l (local.tee $n (i32.add (local.get $n) (i32.const 1)))))
        (local.get $i))
      (func (export "run") (param i32) (result i32) (local i32)
        (local.set 1 (i32.const 3))
        (loop $l
          (drop (i32.add (i32.const 0) (call $deep (local.get 0) (i32.const 1))))
          (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (i32.const 0)))"#;
    for depth in [0, 1, 30, 300] {
        let told = same_everywhere(text, &[Val::I32(depth)]);
        assert!(told[0].contains("MemoryOutOfBounds"), "{}", told[0]);
    }
}

/// The stack is used up at another depth in every tier, but always ends as a trap; the store goes on.
#[test]
fn recursion_without_end_from_loops() {
    let text = r#"(module
      (func $f (export "run") (param i32) (result i32) (local i32)
        (local.set 1 (i32.const 2))
        (loop $l
          (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (loop $l (result i32)
          (local.set 0 (i32.add (i32.const 1) (call $g (local.get 0))))
          (br_if $l (local.get 0))
          (i32.const 0)))
      (func $g (param i32) (result i32) (local v128 v128 v128) (i32.sub (call $f (local.get 0)) (i32.const 1)))
      (func (export "fine") (result i32) (i32.const 5)))"#;
    for stress in ways() {
        let engine = rising(stress, |_, _| ());
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        let fine = instance
            .get_typed_func::<(), i32>(&mut store, "fine")
            .unwrap();
        for _ in 0..4 {
            let error = run.call(&mut store, 1).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::StackOverflow), "{stress:?}");
            assert_eq!(fine.call(&mut store, ()).unwrap(), 5);
        }
    }
}

/// A million tail calls, through tables and references, by functions in all tiers and a host function
/// now and then, with different numbers of arguments on the stack.
#[test]
fn tail_calls_across_tiers_take_no_space() {
    let text = r#"(module
      (import "" "host" (func $host (param i32)))
      (type $a (func (param i32) (result i32)))
      (type $b (func (param i32 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i32)))
      (table funcref (elem $a0 $b0 $c0 $d0))
      (global $n (mut i32) (i32.const 0))
      (func $next (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (i32.and (global.get $n) (i32.const 3)))
      (func $a0 (type $a)
        (if (i32.eqz (local.get 0)) (then (return (global.get $n))))
        (call $host (local.get 0))
        (return_call $b0 (i32.sub (local.get 0) (i32.const 1))
          (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
          (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11)))
      (func $b0 (type $b) (local $i i32)
        (drop (call $next))
        (local.set $i (i32.const 2))
        (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (if (i64.ne (i64.add (local.get 10) (local.get 11)) (i64.const 21)) (then unreachable))
        (return_call_indirect (type $a) (local.get 0) (i32.const 2)))
      (func $c0 (type $a)
        (if (i32.eqz (local.get 0)) (then (return (global.get $n))))
        (return_call_ref $a (i32.sub (local.get 0) (i32.const 1)) (ref.func $d0)))
      (func $d0 (type $a) (local $i i32)
        (drop (call $next))
        (local.set $i (i32.const 3))
        (loop $l
          (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))
          (return_call_indirect (type $a) (local.get 0) (i32.const 0)))
        (i32.const 0))
      (func (export "run") (param i32) (result i32) (global.set $n (i32.const 0))
        (i32.add (i32.const 1) (call $a0 (local.get 0)))))"#;
    for stress in ways() {
        let steps = if stress.random.is_some() {
            100_000
        } else {
            1_000_000
        };
        let engine = rising(stress, |config, _| _ = config.max_stack(256 << 10));
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, 0_u64);
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, u64>, _: i32| {
            *caller.data_mut() += 1;
        });
        let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        let run = instance
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        let got = run.call(&mut store, steps).unwrap();
        assert_eq!(got, steps + 1, "{stress:?}");
        assert_eq!(*store.data(), steps as u64 / 2);
    }
}

/// The memory moves while loops run that have its base in a register.
#[test]
fn a_memory_that_grows_under_a_loop() {
    let text = r#"(module
      (memory 1 200)
      (func $grow (param i32) (drop (memory.grow (local.get 0))))
      (func (export "run") (param $n i32) (result i64) (local $i i32) (local $x i64)
        (loop $outer
          (local.set $i (i32.const 30))
          (i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) (local.get $x))
          (loop $l
            (local.set $x (i64.add (local.get $x) (i64.load (i32.sub
              (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)))))
            (if (i32.eq (local.get $i) (i32.const 7)) (then
              (call $grow (i32.const 1))
              (i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) (i64.const 3))))
            (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
          (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x)))"#;
    for guards in [false, true] {
        same_with(text, &[Val::I32(100)], |config| {
            _ = config.memory_guards(guards)
        });
    }
}

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
            assert!(engine.tier_stats().code_memory <= code_memory as u64);
        }
    }
}

/// What is called by a table changes from the module's own functions to those of another instance of
/// the same module, of another module, of the host, and to none.
#[test]
fn callees_of_other_instances_and_none() {
    let text = r#"(module
        (type $f (func (param i32) (result i32)))
        (global $me (mut i32) (i32.const 0))
        (table (export "t") 2 funcref)
        (func (export "inc") (type $f) (i32.add (local.get 0) (global.get $me)))
        (func (export "dec") (type $f) (i32.sub (local.get 0) (global.get $me)))
        (func (export "me") (param i32) (global.set $me (local.get 0)))
        (func $apply (param $x i32) (result i32)
          (call_indirect (type $f) (local.get $x) (i32.const 0)))
        (func $tail (param $x i32) (result i32)
          (return_call_indirect (type $f) (local.get $x) (i32.const 0)))
        (func $by_ref (param $x i32) (result i32)
          (call_ref $f (local.get $x) (ref.cast (ref $f) (table.get (i32.const 0)))))
        (func (export "run") (param $n i32) (result i32) (local $x i32)
          (loop $l
            (local.set $x (call $by_ref (call $tail (call $apply (local.get $x)))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $x)))"#;
    let other = r#"(module (func (export "other") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1000))))"#;
    for stress in ways() {
        let engine = rising(stress, |_, _| ());
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let instances = [1, 10].map(|me| {
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let set = instance
                .get_typed_func::<i32, ()>(&mut store, "me")
                .unwrap();
            set.call(&mut store, me).unwrap();
            instance
        });
        let other = Module::new(&engine, other).unwrap();
        let other = Instance::new(&mut store, &other, &[]).unwrap();
        let other = other.get_func(&mut store, "other").unwrap();
        let host = Func::wrap(&mut store, |x: i32| x + 5);
        let [inc0, inc1] = instances.map(|i| i.get_func(&mut store, "inc").unwrap());
        let dec0 = instances[0].get_func(&mut store, "dec").unwrap();
        let table = instances[0].get_table(&mut store, "t").unwrap();
        let run = instances[0]
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        let rounds = if stress.eager { 50 } else { 20_000 };
        let callees = [
            (Some(inc0), 1),
            (Some(inc1), 10),
            (Some(dec0), -1),
            (None, 0),
            (Some(other), 1000),
            (Some(inc0), 1),
            (Some(host), 5),
            (Some(inc1), 10),
            (None, 0),
        ];
        for (callee, step) in callees {
            table.set(&mut store, 0, Val::FuncRef(callee)).unwrap();
            let result = run.call(&mut store, rounds);
            if callee.is_none() {
                assert_eq!(result.unwrap_err().trap(), Some(Trap::UninitializedElement));
            } else {
                assert_eq!(result.unwrap(), 3 * step * rounds, "{stress:?}");
            }
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
    for stress in [
        asynchronous,
        eager(),
        random(3, false),
        random(4, true),
        Stress::default(),
    ] {
        let engine = rising(stress, |_, tiering| tiering.threads = 2);
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
