//! Prints the translation of a module's functions: `show-ir FILE [FUNCTION]`.

use std::sync::Arc;
use tierra_compile::{MemoryPlan, Options, State, Symbols, Tables, translate};
use tierra_core::Features;
use tierra_ir::{Function, Symbol};
use tierra_module::{Module, Sequential};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("which file?")?;
    let only = args.next().map(|f| f.parse::<u32>()).transpose()?;
    let bytes = std::fs::read(file)?;
    let bytes = tierra_module::text_to_bytes(&bytes)?.into_owned();
    let module = Module::new(Arc::new(bytes), Features::default(), &Sequential)?;
    let tables = Tables::of(&module);
    let options = Options {
        tables: &tables,
        symbols: Symbols {
            stack_slow: Symbol(1_000_000),
            poll: Symbol(1_000_001),
        },
        fuel: std::env::var_os("FUEL").is_some(),
        interruption: true,
        feedback: None,
        memory: |ty| MemoryPlan {
            guarded: !ty.limits.is_64 && std::env::var_os("CHECKED").is_none(),
        },
    };
    let (mut func, mut state) = (Function::default(), State::default());
    for index in module.defined_funcs() {
        if only.is_none_or(|only| only == index.0) {
            translate(&module, index, &options, &mut func, &mut state)?;
            println!("{func}");
        }
    }
    Ok(())
}
