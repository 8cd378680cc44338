//! What a trap looks like: the reason, and where the guest stood.

use tierra::{Engine, Instance, Module, Result, Store, Trap};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module $shop
             (func $divide (param i32 i32) (result i32)
               (i32.div_s (local.get 0) (local.get 1)))
             (func $price (export "price") (param $total i32) (param $pieces i32) (result i32)
               (call $divide (local.get $total) (local.get $pieces))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let price = instance.get_typed_func::<(i32, i32), i32>(&store, "price")?;

    let error = price
        .call(&mut store, (10, 0))
        .expect_err("it divides by zero");
    assert_eq!(error.trap(), Some(Trap::IntegerDivideByZero));
    let backtrace = error.backtrace().expect("a trap knows where it happened");
    let names: Vec<_> = backtrace
        .frames()
        .iter()
        .map(|f| f.display_name())
        .collect();
    assert_eq!(names, ["divide", "price"]);
    println!("{error:?}");

    // The instance is as good as before.
    assert_eq!(price.call(&mut store, (10, 5))?, 2);
    Ok(())
}
