//! Host functions: values of every type both ways, errors, panics, re-entry.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tierra::*;

macro_rules! on_each_tier {
    (@$module:ident $tier:ident $($name:ident)*) => {
        mod $module {
            use tierra::{Config, Tier};
            $(
                #[test]
                fn $name() {
                    super::$name(Config::new().tier(Tier::$tier));
                }
            )*
        }
    };
    ($($name:ident)*) => {
        on_each_tier!(@interp Interp $($name)*);
        #[cfg(feature = "compiler")]
        on_each_tier!(@optimizing Optimizing $($name)*);
    };
}

on_each_tier! {
    values_of_every_type_go_both_ways
    sixteen_parameters
    dynamic_functions_are_checked
    errors_of_the_host_come_out_as_they_went_in
    panics_go_on_above_the_guest
    recursion_through_the_host_ends_in_a_trap
    guest_recursion_ends_in_a_trap
    callers_know_the_instance_that_called
    closures_are_dropped_with_linker_and_store
    stores_and_handles_cross_threads
    scalars_go_both_ways_in_registers
}

fn instance(text: &str, linker: &Linker<u32>) -> (Store<u32>, Instance) {
    let module = Module::new(linker.engine(), text).unwrap();
    let mut store = Store::new(linker.engine(), 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

fn values_of_every_type_go_both_ways(config: &mut Config) {
    let engine = Engine::new(config).unwrap();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(
            "h",
            "f",
            |a: i32, b: i64, c: f32, d: f64, e: V128, f: Option<Func>, g: Option<ExternRef>| {
                (g, f, e, d, c, b, a)
            },
        )
        .unwrap();
    let (mut store, instance) = instance(
        r#"(module
            (import "h" "f" (func $f (param i32 i64 f32 f64 v128 funcref externref)
                (result externref funcref v128 f64 f32 i64 i32)))
            (export "f" (func $f))
            (func (export "g") (param i32 i64 f32 f64 v128 funcref externref)
                (result externref funcref v128 f64 f32 i64 i32)
              (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
                (local.get 5) (local.get 6))))"#,
        &linker,
    );
    type Params = (i32, i64, f32, f64, u128, Option<Func>, Option<ExternRef>);
    type Results = (Option<ExternRef>, Option<Func>, V128, f64, f32, i64, i32);
    for name in ["f", "g"] {
        let func = instance.get_func(&store, name).unwrap();
        let external = ExternRef::new(&mut store, 7u8).unwrap();
        let typed = func.typed::<Params, Results>(&store).unwrap();
        let v = u128::from_le_bytes(core::array::from_fn(|i| i as u8));
        let (g, f, e, d, c, b, a) = typed
            .call(
                &mut store,
                (-1, i64::MIN, 1.5, -0.0, v, Some(func), Some(external)),
            )
            .unwrap();
        assert_eq!(
            (a, b, c, d.to_bits(), e.to_bits()),
            (-1, i64::MIN, 1.5, (-0.0f64).to_bits(), v)
        );
        assert_eq!(f, Some(func));
        let value = g
            .unwrap()
            .data(&store)
            .unwrap()
            .unwrap()
            .downcast_ref::<u8>();
        assert_eq!(value, Some(&7));

        let params = [
            Val::I32(-1),
            Val::I64(2),
            Val::from(3.0f32),
            Val::from(4.0f64),
            Val::V128(V128::from_bits(v)),
            Val::FuncRef(None),
            Val::ExternRef(None),
        ];
        let mut results = vec![Val::I32(0); 7];
        func.call(&mut store, &params, &mut results).unwrap();
        assert!(results[0].unwrap_extern_ref().is_none());
        assert_eq!(results[2].unwrap_v128().to_bits(), v);
        assert_eq!((results[5].unwrap_i64(), results[6].unwrap_i32()), (2, -1));
        assert!(func.call(&mut store, &params[1..], &mut results).is_err());
        assert!(func.call(&mut store, &params, &mut results[1..]).is_err());
        let error = func
            .call(&mut store, &[Val::I64(0); 7], &mut results)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("expected a value of type i32, got i64"),
            "{error}"
        );
    }
}

/// As many values as registers take, and one more; narrow results are zero-extended.
fn scalars_go_both_ways_in_registers(config: &mut Config) {
    let engine = Engine::new(config.gc_stress(true)).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap(
            "h",
            "five",
            |a: i32, x: f32, b: i64, y: f64, c: u32, d: u64, e: i32| {
                assert_eq!((x, y), (0.5, -2.5));
                i64::from(a) + 10 * b + 100 * i64::from(c) + 1000 * d as i64 + 10_000 * i64::from(e)
            },
        )
        .unwrap();
    linker
        .func_wrap(
            "h",
            "six",
            |a: i32, b: i32, c: i32, d: i32, e: i32, f: i32| -> i32 {
                a + 10 * b + 100 * c + 1000 * d + 10_000 * e + 100_000 * f
            },
        )
        .unwrap();
    linker.func_wrap("h", "negative", || -1_i32).unwrap();
    linker.func_wrap("h", "single", |x: f32| x * 2.0).unwrap();
    linker
        .func_wrap("h", "double", |x: f64| (x * 2.0,))
        .unwrap();
    linker.func_wrap("h", "two", |x: f64| (x, 3_i32)).unwrap();
    linker
        .func_wrap("h", "nothing", |mut caller: Caller<'_, u32>| {
            *caller.data_mut() += 1
        })
        .unwrap();
    linker
        .func_wrap(
            "h",
            "refs",
            |mut caller: Caller<'_, u32>, f: Option<Func>, x: Option<ExternRef>, a: AnyRef| {
                caller.gc();
                assert!(f.is_some());
                assert!(a.as_i31(&caller).unwrap().is_some());
                x.map(|x| {
                    let value = *x
                        .data(&caller)
                        .unwrap()
                        .unwrap()
                        .downcast_ref::<u8>()
                        .unwrap();
                    ExternRef::new(&mut caller, value + 1).unwrap()
                })
            },
        )
        .unwrap();
    linker.func_wrap("h", "func", |f: Option<Func>| f).unwrap();
    let (mut store, instance) = instance(
        r#"(module
            (import "h" "five" (func $five (param i32 f32 i64 f64 i32 i64 i32) (result i64)))
            (import "h" "six" (func $six (param i32 i32 i32 i32 i32 i32) (result i32)))
            (import "h" "negative" (func $negative (result i32)))
            (import "h" "single" (func $single (param f32) (result f32)))
            (import "h" "double" (func $double (param f64) (result f64)))
            (import "h" "two" (func $two (param f64) (result f64 i32)))
            (import "h" "nothing" (func $nothing))
            (import "h" "refs" (func $refs
                (param funcref externref (ref any)) (result externref)))
            (import "h" "func" (func $func (param funcref) (result funcref)))
            (table funcref (elem $six))
            (func (export "five") (result i64)
              (call $five (i32.const 1) (f32.const 0.5) (i64.const 2) (f64.const -2.5) (i32.const 3)
                (i64.const 4) (i32.const 5)))
            (func (export "six") (result i64) (i64.extend_i32_u
              (call_indirect (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 1)
                (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
                (i32.const 0))))
            (func (export "negative") (result i64) (i64.extend_i32_u (call $negative)))
            (func (export "floats") (result i64) (local f64)
              (local.set 0 (f64.promote_f32 (call $single (f32.const 1.25))))
              (i64.add (i64.trunc_f64_s (f64.mul (call $double (local.get 0)) (f64.const 100)))
                (i64.extend_i32_s (call $sum (call $two (f64.const 7))))))
            (func $sum (param f64 i32) (result i32)
              (i32.add (i32.trunc_f64_s (local.get 0)) (local.get 1)))
            (func (export "nothing") (result i64) (call $nothing) (call $nothing) (i64.const 0))
            (func (export "refs") (param externref) (result externref)
              (call $refs (ref.func $six) (local.get 0) (ref.i31 (i32.const 3)))
              (ref.is_null (call $func (ref.null func)))
              (if (then) (else unreachable)))
            (elem declare func $six))"#,
        &linker,
    );
    for (name, wanted) in [
        ("five", 54_321),
        ("six", 654_321),
        ("negative", 0xffff_ffff),
        ("floats", 510),
        ("nothing", 0),
    ] {
        let func = instance.get_typed_func::<(), i64>(&store, name).unwrap();
        assert_eq!(func.call(&mut store, ()).unwrap(), wanted, "{name}");
    }
    assert_eq!(*store.data(), 2);
    let refs = instance
        .get_typed_func::<Option<ExternRef>, Option<ExternRef>>(&store, "refs")
        .unwrap();
    let given = ExternRef::new(&mut store, 7_u8).unwrap();
    let got = refs.call(&mut store, Some(given)).unwrap().unwrap();
    let value = got.data(&store).unwrap().unwrap().downcast_ref::<u8>();
    assert_eq!(value, Some(&8));
}

fn sixteen_parameters(config: &mut Config) {
    let engine = Engine::new(config).unwrap();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap(
            "h",
            "f",
            |mut caller: Caller<'_, u32>,
             a: u32,
             b: u32,
             c: u32,
             d: u32,
             e: u32,
             f: u32,
             g: u32,
             h: u32,
             i: u32,
             j: u32,
             k: u32,
             l: u32,
             m: u32,
             n: u32,
             o: u32,
             p: u32| {
                *caller.data_mut() += 1;
                [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
                    .into_iter()
                    .fold(0, |s, v| s * 3 + v)
            },
        )
        .unwrap();
    let gets: String = (0..16).map(|i| format!("(local.get {i})")).collect();
    let params = "i32 ".repeat(16);
    let text = format!(
        r#"(module (import "h" "f" (func $f (param {params}) (result i32)))
           (func (export "g") (param {params}) (result i32) (call $f {gets})))"#
    );
    let (mut store, instance) = instance(&text, &linker);
    let func = instance.get_func(&store, "g").unwrap();
    let args: Vec<_> = (0..16).map(Val::I32).collect();
    let mut result = [Val::I32(0)];
    func.call(&mut store, &args, &mut result).unwrap();
    assert_eq!(
        result[0].unwrap_i32() as u32,
        (0..16).fold(0u32, |s, v| s.wrapping_mul(3) + v)
    );
    assert_eq!(*store.data(), 1);
}

fn dynamic_functions_are_checked(config: &mut Config) {
    let engine = Engine::new(config).unwrap();
    let mut linker = Linker::new(&engine);
    let ty = FuncType::new([ValType::I32], [ValType::I64]);
    linker
        .func_new("h", "f", ty, |_, params, results| {
            results[0] = match params[0].unwrap_i32() {
                0 => Val::I32(1),
                n => Val::I64(n.into()),
            };
            Ok(())
        })
        .unwrap();
    let (mut store, instance) = instance(
        r#"(module (import "h" "f" (func $f (param i32) (result i64))) (export "f" (func $f)))"#,
        &linker,
    );
    let f = instance.get_typed_func::<i32, i64>(&store, "f").unwrap();
    assert_eq!(f.call(&mut store, 5).unwrap(), 5);
    let error = f.call(&mut store, 0).unwrap_err();
    assert!(error.to_string().contains("type mismatch"), "{error}");
}

#[derive(Debug)]
struct Mine(u32);

impl std::fmt::Display for Mine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mine {}", self.0)
    }
}

impl std::error::Error for Mine {}

fn errors_of_the_host_come_out_as_they_went_in(config: &mut Config) {
    let engine = Engine::new(config).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("h", "mine", |n: u32| -> Result<(), Mine> { Err(Mine(n)) })
        .unwrap();
    linker
        .func_wrap("h", "exit", |n: i32| -> Result<(), Exit> { Err(Exit(n)) })
        .unwrap();
    linker
        .func_wrap("h", "trap", |_: i32| -> Result<(), Trap> {
            Err(Trap::CastFailure)
        })
        .unwrap();
    let (mut store, instance) = instance(
        r#"(module
            (import "h" "mine" (func $mine (param i32)))
            (import "h" "exit" (func $exit (param i32)))
            (import "h" "trap" (func $trap (param i32)))
            (func $inner (export "mine") (param i32)
              (try_table (catch_all 0) (call $mine (local.get 0))))
            (func (export "exit") (param i32) (try_table (catch_all 0) (call $exit (local.get 0))))
            (func (export "trap") (param i32) (try_table (catch_all 0) (call $trap (local.get 0)))))"#,
        &linker,
    );
    let mut call = |name: &str| {
        let func = instance.get_typed_func::<i32, ()>(&store, name).unwrap();
        func.call(&mut store, 7).unwrap_err()
    };
    let error = call("mine");
    assert_eq!(error.downcast_ref::<Mine>().unwrap().0, 7);
    assert_eq!(error.to_string(), "mine 7");
    assert_eq!(
        error.backtrace().unwrap().frames()[0].func_name(),
        Some("inner")
    );
    assert_eq!(error.context("calling").to_string(), "calling: mine 7");
    assert_eq!(call("mine").downcast::<Mine>().unwrap().0, 7);
    assert_eq!(call("exit").exit_code(), Some(7));
    assert_eq!(call("trap").trap(), Some(Trap::CastFailure));
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    let boxed: Box<dyn std::error::Error + Send + Sync> = call("exit").into();
    assert_eq!(boxed.to_string(), "exited with code 7");
}

fn panics_go_on_above_the_guest(config: &mut Config) {
    let engine = Engine::new(config).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap(
            "h",
            "again",
            |mut caller: Caller<'_, u32>, n: u32| -> Result<()> {
                if n == 0 {
                    panic!("at the bottom");
                }
                let Some(Extern::Func(f)) = caller.get_export("f") else {
                    unreachable!()
                };
                f.typed::<u32, ()>(&caller)?.call(&mut caller, n - 1)
            },
        )
        .unwrap();
    let (mut store, instance) = instance(
        r#"(module (import "h" "again" (func $again (param i32)))
            (func (export "f") (param i32) (try_table (catch_all 0) (call $again (local.get 0))))
            (func (export "fine") (result i32) (i32.const 1)))"#,
        &linker,
    );
    let f = instance.get_typed_func::<u32, ()>(&store, "f").unwrap();
    for depth in [0, 1, 20] {
        let panic = catch_unwind(AssertUnwindSafe(|| f.call(&mut store, depth))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"at the bottom"));
    }
    // The depth was counted down again: after many panics the store still works.
    for _ in 0..300 {
        catch_unwind(AssertUnwindSafe(|| f.call(&mut store, 3))).unwrap_err();
    }
    let fine = instance.get_typed_func::<(), i32>(&store, "fine").unwrap();
    assert_eq!(fine.call(&mut store, ()).unwrap(), 1);
}

fn recursion_through_the_host_ends_in_a_trap(config: &mut Config) {
    let engine = Engine::new(config.max_host_depth(50)).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("h", "again", |mut caller: Caller<'_, u32>| -> Result<()> {
            *caller.data_mut() += 1;
            let f = caller.get_export("f").and_then(Extern::into_func).unwrap();
            f.call(&mut caller, &[], &mut [])
        })
        .unwrap();
    let (mut store, instance) = instance(
        r#"(module (import "h" "again" (func $again)) (func $f (export "f") (call $again)))"#,
        &linker,
    );
    let f = instance.get_typed_func::<(), ()>(&store, "f").unwrap();
    for round in 1..=2 {
        let error = f.call(&mut store, ()).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::StackOverflow));
        assert_eq!(*store.data(), 50 * round);
        assert!(error.backtrace().unwrap().frames().len() >= 50);
    }
}

fn guest_recursion_ends_in_a_trap(config: &mut Config) {
    let engine = Engine::new(config.max_stack(64 << 10)).unwrap();
    let linker = Linker::<u32>::new(&engine);
    let (mut store, instance) = instance(
        r#"(module (func $f (export "f") (param i32) (result i32)
            (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))"#,
        &linker,
    );
    let f = instance.get_typed_func::<i32, i32>(&store, "f").unwrap();
    for _ in 0..3 {
        let error = f.call(&mut store, 0).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::StackOverflow));
        assert_eq!(error.backtrace().unwrap().frames().len(), 100);
    }
}

fn callers_know_the_instance_that_called(config: &mut Config) {
    let engine = Engine::new(config).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("h", "who", |mut caller: Caller<'_, u32>| -> i32 {
            let Some(Extern::Global(id)) = caller.get_export("id") else {
                return -1;
            };
            id.get(&mut caller).unwrap_i32()
        })
        .unwrap();
    let module = |id: i32| {
        let text = format!(
            r#"(module (import "h" "who" (func $who (result i32)))
                (global (export "id") i32 (i32.const {id}))
                (export "direct" (func $who))
                (func (export "who") (result i32) (call $who))
                (func (export "tail") (result i32) (return_call $who)))"#
        );
        Module::new(&engine, text).unwrap()
    };
    let mut store = Store::new(&engine, 0);
    let instances = [1, 2].map(|id| linker.instantiate(&mut store, &module(id)).unwrap());
    for (instance, id) in instances.iter().zip([1, 2]) {
        let who = instance.get_typed_func::<(), i32>(&store, "who").unwrap();
        assert_eq!(who.call(&mut store, ()).unwrap(), id);
        let direct = instance
            .get_typed_func::<(), i32>(&store, "direct")
            .unwrap();
        assert_eq!(
            direct.call(&mut store, ()).unwrap(),
            -1,
            "no guest has called"
        );
    }
    // One function of the linker is one function of the store.
    let direct = instances.map(|i| i.get_func(&store, "direct").unwrap());
    assert_eq!(direct[0], direct[1]);
}

fn closures_are_dropped_with_linker_and_store(config: &mut Config) {
    struct Counted(Arc<AtomicU32>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Arc::new(AtomicU32::new(0));
    let engine = Engine::new(config).unwrap();
    let mut linker = Linker::<u32>::new(&engine);
    let counted = Counted(drops.clone());
    linker.func_wrap("h", "f", move || _ = &counted).unwrap();
    let (mut store, instance) = instance(
        r#"(module (import "h" "f" (func $f)) (export "f" (func $f)))"#,
        &linker,
    );
    drop(linker);
    instance
        .get_typed_func::<(), ()>(&store, "f")
        .unwrap()
        .call(&mut store, ())
        .unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(store);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

fn stores_and_handles_cross_threads(config: &mut Config) {
    fn send<T: Send>() {}
    fn sync<T: Send + Sync>() {}
    send::<Store<std::cell::Cell<u32>>>();
    sync::<Engine>();
    sync::<Module>();
    sync::<Func>();
    sync::<Memory>();
    sync::<InterruptHandle>();
    sync::<SharedMemory>();
    sync::<Error>();
    sync::<OwnedRooted<ExnRef>>();
    send::<Linker<u32>>();

    let engine = Engine::new(config).unwrap();
    let linker = Linker::<u32>::new(&engine);
    let (mut store, instance) = instance(
        r#"(module (func (export "f") (result i32) (i32.const 3)))"#,
        &linker,
    );
    let (mut store, f) = std::thread::spawn(move || {
        let f = instance.get_typed_func::<(), i32>(&store, "f").unwrap();
        assert_eq!(f.call(&mut store, ()).unwrap(), 3);
        (store, f)
    })
    .join()
    .unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 3);
}
