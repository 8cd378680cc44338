//! Stopping a guest: by a deadline, and from another thread.

use std::time::Duration;
use tierra::{Engine, Instance, Module, Result, Store, Trap};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (func (export "forever") (loop $again (br $again))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let forever = instance.get_typed_func::<(), ()>(&store, "forever")?;

    store.set_deadline(Duration::from_millis(20));
    let error = forever
        .call(&mut store, ())
        .expect_err("it never returns by itself");
    assert_eq!(error.trap(), Some(Trap::Interrupted));
    store.clear_deadline();

    // A handle goes to any thread; it can be used at any time.
    let handle = store.interrupt_handle();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        handle.interrupt();
    });
    let error = forever
        .call(&mut store, ())
        .expect_err("the other thread stops it");
    assert_eq!(error.trap(), Some(Trap::Interrupted));
    stopper.join().expect("the thread ends");
    Ok(())
}
