//! Modules that import from each other.

use tierra::{Engine, Linker, Module, Result, Store};

pub(crate) fn main() -> Result<()> {
    let engine = Engine::default();
    let library = Module::new(
        &engine,
        r#"(module
             (memory (export "memory") 1)
             (global $top (mut i32) (i32.const 0))
             (func (export "allocate") (param $bytes i32) (result i32)
               (global.get $top)
               (global.set $top (i32.add (global.get $top) (local.get $bytes)))))"#,
    )?;
    let program = Module::new(
        &engine,
        r#"(module
             (import "library" "memory" (memory 1))
             (import "library" "allocate" (func $allocate (param i32) (result i32)))
             (func (export "run") (result i32)
               (drop (call $allocate (i32.const 8)))
               (i32.store (call $allocate (i32.const 4)) (i32.const 42))
               (i32.load (i32.const 8))))"#,
    )?;

    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);

    // What is missing is named, with its type.
    let error = linker
        .instantiate(&mut store, &program)
        .expect_err("the library is not there yet");
    assert!(error.is_link());
    println!("{error}");

    linker.module(&mut store, "library", &library)?;
    let instance = linker.instantiate(&mut store, &program)?;
    let run = instance.get_typed_func::<(), i32>(&store, "run")?;
    assert_eq!(run.call(&mut store, ())?, 42);

    // Imports that are not needed can be stubbed out: they trap when they are called.
    let optional = Module::new(&engine, r#"(module (import "gui" "beep" (func)))"#)?;
    linker.define_unknown_imports_as_traps(&optional)?;
    linker.instantiate(&mut store, &optional)?;
    Ok(())
}
