//! The memory near to machine code, where the records of modules are, is used up: the interpreter runs
//! further modules. A program of its own, because other tests would notice.

use std::sync::Arc;
use tierra::*;
use tierra_engine::{Compiler, Settings, TieredModule};

const TEXT: &str = r#"(module
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (table (export "table") 1 funcref)
    (elem (i32.const 0) $run)
    (type $t (func (param i32) (result i32)))
    (func $run (export "run") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (call $add (i32.const 1)
                (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))
        (else (i32.const 0)))))"#;

/// A module of so many functions, which do nothing.
fn functions(count: usize) -> Arc<tierra_module::Module> {
    let text = format!("(module {})", "(func)".repeat(count));
    let bytes = tierra_module::text_to_bytes(text.as_bytes()).unwrap();
    let bytes = Arc::new(bytes.into_owned());
    let features = tierra::Features::default();
    let module = tierra_module::Module::new(bytes, features, &tierra_module::Sequential);
    Arc::new(module.unwrap())
}

/// Modules, without code, whose records take all the room that there is. Nobody writes them, so it
/// takes no more memory than addresses.
fn fill() -> Vec<Arc<TieredModule>> {
    let settings = Settings {
        tiering: Some(Tiering::default()),
        ..Settings::default()
    };
    let compiler = Compiler::new(settings).unwrap();
    let mut all = Vec::new();
    for count in [200_000, 10_000, 1] {
        let module = functions(count);
        while let Some(tiered) = TieredModule::new(&compiler, module.clone()).unwrap() {
            all.push(tiered);
        }
    }
    all
}

fn run(engine: &Engine, module: &Module) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "add", |a: i32, b: i32| a + b)
        .unwrap();
    let instance = linker.instantiate(&mut store, module).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run");
    assert_eq!(run.unwrap().call(&mut store, 50).unwrap(), 50);
    (store, instance)
}

#[test]
fn without_room_near_to_code_the_interpreter_runs_modules() {
    let engine = Engine::new(Config::new().tier(Tier::Auto)).unwrap();
    let before = Module::new(&engine, TEXT).unwrap();
    run(&engine, &before);
    let all = fill();
    let modules = engine.tier_stats().modules;
    // Code that is there goes on, and what was not compiled yet can be called.
    let (mut store, compiled) = run(&engine, &before);
    let interpreted = Module::new(&engine, TEXT).unwrap();
    run(&engine, &interpreted);
    assert_eq!(engine.tier_stats().modules, modules);
    // It is serialized like any other.
    assert!(interpreted.serialize().is_ok());
    // Machine code calls the module.
    let caller = r#"(module
        (import "host" "add" (func $add (param i32 i32) (result i32)))
        (func (export "run") (param i32) (result i32)
          (call $add (local.get 0) (i32.const 0))))"#;
    let instance = {
        let add = r#"(module (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1))))"#;
        let add = Module::new(&engine, add).unwrap();
        let add = Instance::new(&mut store, &add, &[]).unwrap();
        let add = add.get_export(&mut store, "add").unwrap();
        Instance::new(&mut store, &before, &[add]).unwrap()
    };
    for instance in [compiled, instance] {
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run");
        assert_eq!(run.unwrap().call(&mut store, 20).unwrap(), 20);
    }
    drop(all);
    let after = Module::new(&engine, caller).unwrap();
    run(&engine, &after);
    assert_eq!(engine.tier_stats().modules, modules + 1);
}
