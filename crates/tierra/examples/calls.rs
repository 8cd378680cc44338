//! What calls across the border cost, in nanoseconds: `cargo run --release --example calls`.

use std::hint::black_box;
use std::time::Instant;
use tierra::{Caller, Config, Engine, Func, Instance, Module, Store, Tier, TypedFunc};

const TEXT: &str = r#"(module
  (import "host" "mix" (func $mix (param i32 i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "call") (param $n i32) (result i32) (local $x i32)
    (if (local.get $n) (then
      (loop $next
        (local.set $x (call $mix (local.get $x) (local.get $n)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (local.get $x))
  (func (export "count") (param $n i32) (result i32) (local $x i32)
    (if (local.get $n) (then
      (loop $next
        (local.set $x (i32.xor (local.get $x) (local.get $n)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (local.get $x)))"#;

const CALLS: u32 = 100_000;
const ROUNDS: u32 = 30;

/// The best of several rounds, for one call.
fn measure(mut round: impl FnMut()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min) * 1e9 / f64::from(CALLS)
}

fn row(tier: Tier, what: &str, nanoseconds: f64) {
    println!("{:<12} {what:<32} {nanoseconds:6.2} ns", tier.name());
}

fn run(tier: Tier) -> tierra::Result<()> {
    let engine = Engine::new(Config::new().tier(tier))?;
    let module = Module::new(&engine, TEXT)?;
    let mut store = Store::new(&engine, 0_u64);
    let plain = Func::wrap(&mut store, |a: i32, b: i32| a ^ b);
    let with_caller = Func::wrap(&mut store, |mut caller: Caller<'_, u64>, a: i32, b: i32| {
        *caller.data_mut() += 1;
        a ^ b
    });

    let instance = Instance::new(&mut store, &module, &[plain.into()])?;
    let add: TypedFunc<(i32, i32), i32> = instance.get_typed_func(&store, "add")?;
    let time = measure(|| {
        for i in 0..CALLS.cast_signed() {
            black_box(add.call(&mut store, (black_box(i), 1)).expect("no trap"));
        }
    });
    row(tier, "host to guest", time);

    let count: TypedFunc<i32, i32> = instance.get_typed_func(&store, "count")?;
    let mut counted = 0;
    let own = measure(|| {
        counted = count
            .call(&mut store, CALLS.cast_signed())
            .expect("no trap")
    });
    for (what, func) in [
        ("guest to host", plain),
        ("guest to host, with its caller", with_caller),
    ] {
        let instance = Instance::new(&mut store, &module, &[func.into()])?;
        let call: TypedFunc<i32, i32> = instance.get_typed_func(&store, "call")?;
        let time = measure(|| {
            let mixed = call.call(&mut store, CALLS.cast_signed());
            assert_eq!(mixed.expect("no trap"), counted);
        });
        row(tier, what, time - own);
    }
    Ok(())
}

pub(crate) fn main() -> tierra::Result<()> {
    [Tier::Interp, Tier::Optimizing]
        .into_iter()
        .try_for_each(run)
}
