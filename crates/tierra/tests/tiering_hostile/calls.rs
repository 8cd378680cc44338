//! Calls between tiers, and what is on the stack of them.

use super::{rising, same_everywhere, ways};
use tierra::*;

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
