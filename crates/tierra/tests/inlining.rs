//! Functions that take the place of their calls: nobody can tell but by the time.
#![cfg(feature = "compiler")]

use tierra::{Caller, Config, Engine, Linker, Module, Store, Tier};

const TEXT: &str = r#"(module
  (import "host" "trace" (func $trace (param i32)))
  (tag $t (param i32))
  (func $divide (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func $halve (param i32) (result i32) (call $divide (local.get 0) (i32.const 2)))
  (func $tell (param i32) (call $trace (local.get 0)))
  (func $last (param i32) (return_call $tell (i32.add (local.get 0) (i32.const 1))))
  (func $throw (param i32) (throw $t (local.get 0)))
  (func $thrower (param i32) (call $throw (local.get 0)))
  (func $by_zero (param i32) (result i32)
    (i32.add (call $halve (local.get 0)) (call $divide (local.get 0) (i32.const 0))))
  (func $sum (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $tell (i32.const 0)) (i32.const 0))
      (else (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "trap") (param i32) (result i32) (call $by_zero (local.get 0)))
  (func (export "last") (param i32) (result i32)
    (call $last (local.get 0)) (call $tell (i32.const 7)) (i32.const 0))
  (func (export "recursion") (param i32) (result i32) (call $sum (local.get 0)))
  (func (export "catch") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (call $thrower (local.get 0)) (call $tell (i32.const 1)))
      (i32.const 0)))
  (func (export "uncaught") (param i32) (result i32) (call $thrower (local.get 0)) (i32.const 0)))"#;

/// What a host function and an error see of the stack, and what comes out.
fn observe(tier: Tier, name: &str) -> Vec<String> {
    let mut config = Config::new();
    config.tier(tier);
    let engine = Engine::new(&config).expect("both tiers run here");
    let module = Module::new(&engine, TEXT).expect("valid");
    let mut linker = Linker::new(&engine);
    let trace = |mut caller: Caller<'_, Vec<String>>, value: i32| {
        let trace = caller.backtrace();
        caller.data_mut().push(format!("{value} {trace:?}"));
    };
    linker.func_wrap("host", "trace", trace).expect("unique");
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module).expect("linked");
    let func = instance.get_typed_func::<i32, i32>(&store, name);
    let outcome = func.expect("exported").call(&mut store, 6);
    let mut seen = store.into_data();
    seen.push(match outcome {
        Ok(value) => value.to_string(),
        Err(error) => format!("{error:?}"),
    });
    seen
}

#[test]
fn frames_are_there_all_the_same() {
    for name in ["trap", "last", "recursion", "catch", "uncaught"] {
        let expected = observe(Tier::Interp, name);
        assert_eq!(observe(Tier::Optimizing, name), expected, "{name}");
    }
    let trap = observe(Tier::Interp, "trap").concat();
    assert!(trap.contains("by_zero"), "{trap}");
}
