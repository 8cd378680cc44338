//! Fuel: a budget of operators, the same on every machine.

use tierra::{Config, Engine, Instance, Module, Result, Store, Trap};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let module = Module::new(
        &engine,
        r#"(module
             (func (export "sum") (param $n i64) (result i64)
               (local $sum i64)
               (loop $next
                 (local.set $sum (i64.add (local.get $sum) (local.get $n)))
                 (br_if $next
                   (i32.wrap_i64 (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
               (local.get $sum)))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let sum = instance.get_typed_func::<i64, i64>(&store, "sum")?;

    store.set_fuel(10_000)?;
    assert_eq!(sum.call(&mut store, 100)?, 5050);
    println!("{} of 10000 units are left", store.get_fuel()?);

    let error = sum
        .call(&mut store, 1_000_000)
        .expect_err("the fuel does not last");
    assert_eq!(error.trap(), Some(Trap::OutOfFuel));
    Ok(())
}
