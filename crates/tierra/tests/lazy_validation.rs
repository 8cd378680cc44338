//! Bodies that are validated when something first reads them.

use tierra::{Config, Engine, Error, Instance, Module, Store, Tier, Trap, Val};

const TIERS: &[Tier] = &[
    Tier::Interp,
    #[cfg(feature = "compiler")]
    Tier::Baseline,
    #[cfg(feature = "compiler")]
    Tier::Optimizing,
    #[cfg(feature = "compiler")]
    Tier::Auto,
];

/// The bodies of `$wrong` and `$unbound` are not valid.
const TEXT: &str = r#"(module
  (table funcref (elem $wrong $right))
  (type $number (func (result i32)))
  (func $right (result i32) (i32.const 7))
  (func $wrong (result i32) (i64.const 1))
  (func $unbound (export "unbound") (result i32) (local.get 9))
  (func (export "right") (result i32) (call $right))
  (func (export "calls") (result i32) (i32.add (call $right) (call $wrong)))
  (func (export "indirect") (param i32) (result i32)
    (call_indirect (type $number) (local.get 0)))
  (func (export "avoids") (param i32) (result i32) (local i32)
    (loop $l
      (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
      (if (i32.eqz (i32.const 1)) (then (local.set 1 (call $wrong))))
      (local.set 1 (i32.add (local.get 1) (call $right)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br $l))
    unreachable))"#;

fn lazy(tier: Tier) -> Config {
    let mut config = Config::new();
    config.tier(tier).lazy_validation(true);
    config
}

fn call(config: &Config, name: &str, args: &[Val]) -> Result<i32, Error> {
    let engine = Engine::new(config).expect("an engine");
    let module = Module::new(&engine, TEXT)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let func = instance.get_func(&store, name).expect("exported");
    let mut results = [Val::I32(0)];
    func.call(&mut store, args, &mut results)?;
    Ok(results[0].unwrap_i32())
}

#[track_caller]
fn is_refused(result: Result<i32, Error>, function: &str, why: &str) {
    let error = result.expect_err("its body is not valid");
    assert_eq!(error.trap(), Some(Trap::Unreachable), "{error}");
    let said = error.to_string();
    assert!(said.contains("the function's body is not valid"), "{said}");
    assert!(said.contains(why), "{said}");
    let backtrace = error.backtrace().expect("it trapped");
    assert_eq!(backtrace.frames()[0].func_name(), Some(function));
}

#[test]
fn valid_functions_run_beside_invalid_ones() {
    for tier in TIERS {
        let config = lazy(*tier);
        assert_eq!(call(&config, "right", &[]).expect("valid"), 7);
        assert_eq!(call(&config, "indirect", &[Val::I32(1)]).expect("valid"), 7);
        let rounds = Val::I32(100_000);
        assert_eq!(call(&config, "avoids", &[rounds]).expect("valid"), 700_000);
    }
}

#[test]
fn invalid_functions_trap_and_say_why() {
    for tier in TIERS {
        let config = lazy(*tier);
        is_refused(call(&config, "calls", &[]), "wrong", "type mismatch");
        let indirect = call(&config, "indirect", &[Val::I32(0)]);
        is_refused(indirect, "wrong", "type mismatch");
        is_refused(call(&config, "unbound", &[]), "unbound", "unknown local");
    }
}

#[test]
fn invalid_modules_are_refused_unless_asked() {
    let error = call(&Config::new(), "right", &[]).expect_err("not valid");
    assert!(error.is_module(), "{error}");
}

/// What loads an artifact relies on its bodies.
#[test]
#[cfg(feature = "compiler")]
fn modules_with_invalid_bodies_are_not_serialized() {
    for tier in [Tier::Baseline, Tier::Optimizing, Tier::Auto] {
        let engine = Engine::new(&lazy(tier)).expect("an engine");
        let module = Module::new(&engine, TEXT).expect("validated later");
        let error = module.serialize().expect_err("not valid");
        assert!(error.is_module(), "{error}");
        assert!(engine.precompile(TEXT).expect_err("not valid").is_module());
    }
}

/// A function that traps in place of one with such a body would be taken for its neighbour.
#[test]
fn bodies_that_are_too_short_for_any_are_refused() {
    for body in [&b"\x00"[..], b"\x01\x00"] {
        let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a".to_vec();
        bytes.extend([1 + body.len() as u8, 1]);
        bytes.extend(body);
        let engine = Engine::new(&lazy(Tier::Interp)).expect("an engine");
        assert!(
            Module::new(&engine, bytes)
                .expect_err("no body")
                .is_module()
        );
    }
}

/// Whatever stands in bodies, all tiers do the same: what the module does if it is valid.
#[test]
fn damaged_bodies_do_the_same_on_every_tier() {
    let module = Module::new(&Engine::new(&lazy(Tier::Interp)).expect("an engine"), TEXT);
    let bytes = module.expect("validated later").bytes().to_vec();
    let code = bytes.windows(3).position(|w| w == [0x41, 7, 0x0b]);
    let code = code.expect("a body is there");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let (mut eager, mut done) = (Config::new(), 0);
    eager.tier(Tier::Interp);
    for _ in 0..300 {
        let mut damaged = bytes.clone();
        for _ in 0..1 + next(3) {
            let at = code + next(bytes.len() - code);
            damaged[at] = next(256) as u8;
        }
        let expected = run_all(&lazy(Tier::Interp), &damaged);
        if let Some(valid) = run_all(&eager, &damaged) {
            assert_eq!(Some(valid), expected);
        }
        for tier in TIERS {
            assert_eq!(run_all(&lazy(*tier), &damaged), expected, "{tier:?}");
        }
        let outcomes = expected.unwrap_or_default();
        done += outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    }
    assert!(done > 100, "hardly anything ran: {done}");
}

/// What all exports do, and how much fuel is left; nothing if it is no module.
fn run_all(config: &Config, bytes: &[u8]) -> Option<Vec<Result<i32, String>>> {
    let mut config = config.clone();
    config.consume_fuel(true);
    let engine = Engine::new(&config).expect("an engine");
    let module = Module::new(&engine, bytes).ok()?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000).expect("fuel is counted");
    let instance = Instance::new(&mut store, &module, &[]).ok()?;
    let mut outcomes = Vec::new();
    for (name, args) in [("right", 0), ("calls", 0), ("unbound", 0), ("avoids", 1)] {
        let Some(func) = instance.get_func(&store, name) else {
            continue;
        };
        let mut results = [Val::I32(0)];
        let called = func.call(&mut store, &[Val::I32(3)][..args], &mut results);
        outcomes.push(match called {
            Ok(()) => Ok(results[0].unwrap_i32()),
            Err(error) => Err(error.to_string()),
        });
        let left = store.get_fuel().expect("fuel is counted");
        outcomes.push(Ok(left as i32));
    }
    Some(outcomes)
}
