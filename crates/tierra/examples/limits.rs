//! Limits: how much memory and how large tables the guest may have.

use tierra::{Engine, Instance, Module, ResourceLimiter, Result, Store, StoreLimits};

/// A limiter of the host's own: it counts what it refused.
struct Quota {
    bytes: u64,
    refused: u32,
}

impl ResourceLimiter for Quota {
    fn memory_growing(&mut self, _current: u64, desired: u64, _max: Option<u64>) -> bool {
        let allowed = desired <= self.bytes;
        self.refused += u32::from(!allowed);
        allowed
    }

    fn table_growing(&mut self, _current: u64, desired: u64, _max: Option<u64>) -> bool {
        desired <= 1000
    }
}

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
             (memory 1)
             (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
    )?;

    // Fixed limits.
    let mut store = Store::new(
        &engine,
        Quota {
            bytes: 3 << 16,
            refused: 0,
        },
    );
    store.set_limits(StoreLimits {
        memory_bytes: 8 << 16,
        instances: 1,
        ..StoreLimits::default()
    });
    // And the host's own, within them.
    store.limiter(|quota| quota);

    let instance = Instance::new(&mut store, &module, &[])?;
    let grow = instance.get_typed_func::<i32, i32>(&store, "grow")?;
    assert_eq!(grow.call(&mut store, 2)?, 1);
    assert_eq!(grow.call(&mut store, 1)?, -1, "the quota is used up");
    assert_eq!(store.data().refused, 1);

    let error = Instance::new(&mut store, &module, &[]).expect_err("one instance is allowed");
    println!("{error}");
    Ok(())
}
