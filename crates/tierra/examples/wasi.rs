//! WASI: a program that prints, with its standard output kept in memory.

use std::sync::Arc;
use tierra::{Engine, Error, Linker, Module, Result, Store};
use tierra_wasi::{OutputPipe, Stdout, WasiBuilder, WasiHandle};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
             (import "wasi_snapshot_preview1" "fd_write"
               (func $write (param i32 i32 i32 i32) (result i32)))
             (memory (export "memory") 1)
             (data (i32.const 8) "\10\00\00\00\0f\00\00\00")
             (data (i32.const 16) "Hello from WASI")
             (func (export "_start")
               (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))"#,
    )?;

    // The process has what it is given: here one stream, which nobody else sees.
    let output = OutputPipe::new();
    let process = WasiBuilder::new()
        .stdout(Stdout::Pipe(output.clone()))
        .build()
        .map_err(Error::new)?;

    let mut linker = Linker::new(&engine);
    tierra_wasi::add_to_linker(&mut linker, |handle: &mut WasiHandle| handle)?;
    let mut store = Store::new(&engine, WasiHandle::new(Arc::clone(&process)));
    let instance = linker.instantiate(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
    start.call(&mut store, ())?;

    assert_eq!(output.contents(), b"Hello from WASI");
    println!("{}", String::from_utf8_lossy(&output.contents()));
    Ok(())
}
