//! What a function holds while it moves: values of all types, handlers, memories.

use super::{same_everywhere, same_with};
use tierra::*;

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
