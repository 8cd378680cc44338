//! Tierra without an operating system: a guest in flash, a heap in a static arena, one host
//! function. For any other target it is an ordinary program with the same output.
#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

extern crate alloc;

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
mod heap;

use alloc::{format, sync::Arc, vec};
use tierra_runtime::{
    Caller, Config, Engine, Error, Features, Func, Instance, Module, Result, Store,
};

static GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest.wasm"));

/// Where text goes.
type Print = fn(&str);

/// What guests import as `host.print`: a text in their memory.
fn print(mut caller: Caller<'_, Print>, at: u32, len: u32) -> Result<()> {
    let memory = caller
        .get_export("memory")
        .and_then(|e| e.into_memory())
        .ok_or_else(|| Error::msg("no memory"))?;
    let mut bytes = vec![0; len as usize];
    memory.read(&caller, at.into(), &mut bytes)?;
    caller.data()(core::str::from_utf8(&bytes)?);
    Ok(())
}

fn guest(out: Print) -> Result<i32> {
    let features = Features::WASM1
        .with(Features::BULK_MEMORY, true)
        .with(Features::SIGN_EXTENSION, true)
        .with(Features::MULTI_VALUE, true);
    let mut config = Config::new();
    config.features(features).max_stack(16 << 10);
    let engine = Engine::new(&config)?;
    // The bytes stay where they are.
    let module = Module::from_shared(&engine, Arc::new(GUEST))?;
    let mut store = Store::new(&engine, out);
    let print = Func::wrap(&mut store, print);
    let instance = Instance::new(&mut store, &module, &[print.into()])?;
    for name in ["overrun", "deep"] {
        let func = instance.get_typed_func::<(), ()>(&store, name)?;
        match func.call(&mut store, ()) {
            Ok(()) => return Err(Error::msg("a trap is missing")),
            Err(error) => out(&format!("{name}: {error}\n")),
        }
    }
    let main = instance.get_typed_func::<(), i32>(&store, "main")?;
    main.call(&mut store, ())
}

/// Runs the guest; its result is the program's exit code.
fn run(out: Print) -> i32 {
    guest(out).unwrap_or_else(|error| {
        out(&format!("error: {error}\n"));
        1
    })
}

#[cfg(not(target_os = "none"))]
fn main() {
    std::process::exit(run(|text| print!("{text}")));
}
