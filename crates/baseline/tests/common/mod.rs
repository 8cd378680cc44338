//! Compiling modules of the text format.

use std::sync::Arc;
use tierra_asm::code::CompiledFunction;
use tierra_asm::x64::Features;
use tierra_baseline::{Error, Options, State, Symbols, compile};
use tierra_core::index::FuncIdx;
use tierra_module::{Module, Sequential};

const SYMBOLS: [&str; 4] = ["stack", "poll", "trap", "exit"];
const FIRST: u32 = u32::MAX - 3;

/// The name of what is called.
#[allow(dead_code, reason = "not all tests show code")]
pub fn symbol(symbol: u32) -> String {
    match symbol.checked_sub(FIRST) {
        Some(number) => SYMBOLS[number as usize].into(),
        None => format!("function {symbol}"),
    }
}

/// Every function of a module, by one state.
pub fn compile_all(text: &str) -> Vec<(FuncIdx, Result<CompiledFunction, Error>)> {
    let bytes = tierra_module::text_to_bytes(text.as_bytes()).expect("the text is right");
    let module = Module::new(
        Arc::new(bytes.into_owned()),
        tierra_core::Features::default(),
        &Sequential,
    );
    let module = module.expect("the module is valid");
    let options = Options {
        symbols: Symbols {
            stack_slow: FIRST,
            poll: FIRST + 1,
            trap: FIRST + 2,
            exit: FIRST + 3,
        },
        fuel: false,
        interruption: true,
        counting: None,
        is_guarded: tierra_vm::is_guarded,
    };
    let features = Features::parse("avx2,bmi1,bmi2,lzcnt").expect("the names are right");
    let mut state = State::new(features);
    let mut out = CompiledFunction::default();
    let funcs = module.defined_funcs();
    funcs
        .map(|func| {
            let result = compile(&module, func, &options, &mut state, &mut out);
            (func, result.map(|()| out.clone()))
        })
        .collect()
}
