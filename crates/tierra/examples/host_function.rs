//! Host functions: closures that the guest imports, with access to the host's data.

use tierra::{Caller, Engine, Error, Linker, Module, Result, Store};

/// What the host keeps beside the guest.
#[derive(Default)]
struct Host {
    calls: u32,
}

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
             (import "host" "count" (func $count (result i32)))
             (import "host" "divide" (func $divide (param f64 f64) (result f64)))
             (func (export "run") (result f64)
               (drop (call $count))
               (call $divide (f64.convert_i32_s (call $count)) (f64.const 4))))"#,
    )?;

    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "count", |mut caller: Caller<'_, Host>| {
        caller.data_mut().calls += 1;
        caller.data().calls
    })?;
    // A host function that fails ends the guest; the error arrives at whoever called it.
    linker.func_wrap("host", "divide", |a: f64, b: f64| {
        if b == 0.0 {
            Err(Error::msg("division by zero"))
        } else {
            Ok(a / b)
        }
    })?;

    let mut store = Store::new(&engine, Host::default());
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(), f64>(&store, "run")?;
    assert_eq!(run.call(&mut store, ())?, 0.5);
    assert_eq!(store.data().calls, 2);
    Ok(())
}
