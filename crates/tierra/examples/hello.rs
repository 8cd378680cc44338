//! A module, an instance, a call.

use tierra::{Engine, Instance, Module, Result, Store};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
             (func (export "answer") (param i32) (result i32)
               (i32.mul (local.get 0) (i32.const 6))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let answer = instance.get_typed_func::<i32, i32>(&store, "answer")?;
    println!("The answer is {}.", answer.call(&mut store, 7)?);
    Ok(())
}
