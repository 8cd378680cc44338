//! Host functions that panic, fail, or call the guest again and again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use tierra::{
    Caller, Config, Engine, Error, Extern, ExternRef, Func, Instance, Module, Store, Trap, Val,
};

const TEXT: &str = "(module
  (import \"e\" \"f\" (func $f (param i32) (result i32)))
  (memory (export \"m\") 1)
  (tag $t)
  (type $s (struct (field externref)))
  (global $g (mut (ref null $s)) (ref.null $s))
  (func $again (export \"again\") (param i32) (result i32)
    (i32.add (call $f (local.get 0)) (i32.const 1)))
  (func (export \"caught\") (param i32) (result i32)
    (block $b (try_table (catch_all $b) (return (call $f (local.get 0)))))
    (i32.const -5))
  (func (export \"deep\") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (call $f (i32.const 0)))))
    (call $again (local.get 0)))
  (func (export \"fine\") (param i32) (result i32) (local.get 0)))";

fn call(store: &mut Store<()>, instance: Instance, name: &str, n: i32) -> Result<i32, Error> {
    instance
        .get_typed_func::<i32, i32>(&*store, name)?
        .call(store, n)
}

fn start(
    engine: &Engine,
    host: fn(Caller<'_, ()>, i32) -> Result<i32, Error>,
) -> (Store<()>, Instance) {
    let module = Module::new(engine, TEXT).expect("valid");
    let mut store = Store::new(engine, ());
    let f = Func::wrap(&mut store, host);
    let instance = Instance::new(&mut store, &module, &[f.into()]).expect("instantiates");
    (store, instance)
}

/// Panics go on above the guest, and the store works afterwards.
#[test]
fn panics() {
    let engine = Engine::default();
    let (mut store, instance) = start(&engine, |_, n| panic!("number {n}"));
    for name in ["again", "caught", "deep"] {
        for n in [0, 7] {
            let ended = catch_unwind(AssertUnwindSafe(|| call(&mut store, instance, name, n)));
            let panic = ended.expect_err("the panic goes on");
            let text = panic.downcast_ref::<String>().expect("a text");
            assert!(text.starts_with("number"), "{text}");
            assert_eq!(
                call(&mut store, instance, "fine", 3).expect("the store works"),
                3
            );
        }
    }
}

/// A panic through several levels of guests and hosts.
#[test]
fn panics_from_below() {
    let engine = Engine::default();
    let (mut store, instance) = start(&engine, |mut caller, n| {
        assert!(n < 20, "deep enough");
        let Some(Extern::Func(again)) = caller.get_export("caught") else {
            panic!("exists")
        };
        let mut results = [Val::I32(0)];
        again.call(&mut caller, &[Val::I32(n + 1)], &mut results)?;
        Ok(results[0].unwrap_i32())
    });
    for _ in 0..3 {
        let ended = catch_unwind(AssertUnwindSafe(|| call(&mut store, instance, "again", 0)));
        let panic = ended.expect_err("the panic goes on");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"deep enough"));
        assert_eq!(
            call(&mut store, instance, "fine", 3).expect("the store works"),
            3
        );
    }
}

/// Errors of the host can't be caught by the guest; those of the guest can.
#[test]
fn errors() {
    let engine = Engine::default();
    let (mut store, instance) = start(&engine, |_, n| match n {
        0 => Err(Error::msg("no")),
        1 => Err(Trap::Unreachable.into()),
        _ => Err(tierra::Exit(n).into()),
    });
    for name in ["again", "caught"] {
        assert_eq!(
            call(&mut store, instance, name, 0)
                .expect_err("fails")
                .root_message(),
            "no"
        );
        assert_eq!(
            call(&mut store, instance, name, 1)
                .expect_err("fails")
                .trap(),
            Some(Trap::Unreachable)
        );
        assert_eq!(
            call(&mut store, instance, name, 9)
                .expect_err("fails")
                .exit_code(),
            Some(9)
        );
        assert_eq!(
            call(&mut store, instance, "fine", 3).expect("the store works"),
            3
        );
    }
}

/// Host and guest call each other without end.
#[test]
fn recursion_through_the_host() {
    for depth in [1, 10, 200] {
        let engine = Engine::new(Config::new().max_host_depth(depth)).expect("an engine");
        let (mut store, instance) = start(&engine, |mut caller, n| {
            let Some(Extern::Func(again)) = caller.get_export("again") else {
                panic!("exists")
            };
            let mut results = [Val::I32(0)];
            again.call(&mut caller, &[Val::I32(n + 1)], &mut results)?;
            Ok(results[0].unwrap_i32())
        });
        for _ in 0..3 {
            let error = call(&mut store, instance, "again", 0).expect_err("it can't end");
            assert_eq!(error.trap(), Some(Trap::StackOverflow));
        }
        // The same with what the host may catch: it sees the trap and goes on.
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let (mut store, instance) = start(&engine, |mut caller, n| {
            CALLS.fetch_add(1, Ordering::Relaxed);
            let Some(Extern::Func(again)) = caller.get_export("again") else {
                panic!("exists")
            };
            let mut results = [Val::I32(0)];
            match again.call(&mut caller, &[Val::I32(n + 1)], &mut results) {
                Ok(()) => Ok(results[0].unwrap_i32()),
                Err(_) => Ok(0),
            }
        });
        call(&mut store, instance, "again", 0).expect("the host ends it");
        assert!(CALLS.swap(0, Ordering::Relaxed) <= depth + 1);
    }
}

/// On a thread with a small stack: the default limit is meant for 2 MiB.
#[test]
fn recursion_through_the_host_on_a_thread() {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let engine = Engine::default();
        let (mut store, instance) = start(&engine, |mut caller, n| {
            let Some(Extern::Func(again)) = caller.get_export("caught") else {
                panic!("exists")
            };
            let mut results = [Val::I32(0)];
            again.call(&mut caller, &[Val::I32(n + 1)], &mut results)?;
            Ok(results[0].unwrap_i32())
        });
        call(&mut store, instance, "again", 0)
            .expect_err("it can't end")
            .trap()
    });
    let trap = thread
        .expect("a thread")
        .join()
        .expect("it doesn't overflow");
    assert_eq!(trap, Some(Trap::StackOverflow));
}

/// Handles that have left their scope, or belong to another store, are errors.
#[test]
fn stale_handles() {
    let engine = Engine::default();
    let (mut store, _) = start(&engine, |_, n| Ok(n));
    let (mut other, _) = start(&engine, |_, n| Ok(n));
    let handle = {
        let mut scope = tierra::RootScope::new(&mut store);
        ExternRef::new(&mut scope, 5_u32).expect("made")
    };
    assert!(handle.data(&store).is_err());
    let alive = ExternRef::new(&mut store, 6_u32).expect("made");
    assert!(alive.data(&store).is_ok());
    assert!(
        handle.data(&store).is_err(),
        "the place is taken by another"
    );
    assert!(alive.data(&other).is_err());
    assert!(alive.to_owned_rooted(&mut other).is_err());
}

/// Garbage collected while host functions hold references, and give back what they were given.
#[test]
fn references_through_the_host() {
    let engine = Engine::new(Config::new().gc_stress(true)).expect("an engine");
    let text =
        "(module (import \"e\" \"f\" (func $f (param externref anyref) (result anyref externref)))
      (type $s (struct (field i32) (field externref)))
      (func (export \"run\") (param externref) (result i32) (local i32 anyref externref)
        (local.set 3 (local.get 0))
        (local.set 2 (struct.new $s (i32.const 0) (local.get 0)))
        (loop
          (call $f (local.get 3) (struct.new $s (local.get 1) (local.get 3)))
          (local.set 3) (local.set 2)
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get 1) (i32.const 200))))
        (struct.get $s 0 (ref.cast (ref $s) (local.get 2)))))";
    let module = Module::new(&engine, text).expect("valid");
    let mut store = Store::new(&engine, ());
    let ty = module
        .imports()
        .next()
        .expect("an import")
        .ty
        .func()
        .expect("a function")
        .clone();
    let f = Func::new(&mut store, ty, |mut caller, params, results| {
        for i in 0..5_u32 {
            ExternRef::new(&mut caller, i)?;
        }
        caller.gc();
        (results[0], results[1]) = (params[1], params[0]);
        Ok(())
    });
    let instance = Instance::new(&mut store, &module, &[f.into()]).expect("instantiates");
    let run = instance.get_func(&store, "run").expect("exists");
    let given = ExternRef::new(&mut store, 42_u32).expect("made");
    let mut results = [Val::I32(0)];
    run.call(&mut store, &[Val::ExternRef(Some(given))], &mut results)
        .expect("runs");
    assert_eq!(results[0].unwrap_i32(), 199);
    let data = given.data(&store).expect("alive").expect("the host's");
    assert_eq!(data.downcast_ref::<u32>(), Some(&42));
}
