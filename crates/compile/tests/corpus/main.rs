//! Every function of the specification's scripts and of generated modules has a translation that
//! is well formed, with every choice of options.

mod generated;
mod hostile;
mod osr;
mod programs;
mod scripts;

use std::sync::Arc;
use std::time::{Duration, Instant};
use tierra_compile::{Error, MemoryPlan, Options, State, Symbols, Tables, translate};
use tierra_core::Features;
use tierra_core::types::MemoryType;
use tierra_ir::{Function, Symbol};
use tierra_module::{Module, Sequential};

/// What was translated so far.
#[derive(Default)]
pub struct Tally {
    functions: usize,
    too_large: usize,
    bytes: usize,
    instructions: usize,
    time: Duration,
}

/// Translates and counts.
#[derive(Default)]
pub struct Translation {
    state: State,
    func: Function,
    /// The same for each loop of each function.
    pub osr: osr::Loops,
    /// What was translated so far.
    pub tally: Tally,
}

fn guarded(ty: &MemoryType) -> MemoryPlan {
    let guarded = !ty.limits.is_64 && ty.page_size_log2 == 16;
    MemoryPlan { guarded }
}

fn checked(_: &MemoryType) -> MemoryPlan {
    MemoryPlan { guarded: false }
}

/// Two opposite choices of everything.
pub fn options(tables: &Tables) -> [Options<'_>; 2] {
    let symbols = Symbols {
        stack_slow: Symbol(u32::MAX),
        poll: Symbol(u32::MAX - 1),
    };
    [
        Options {
            symbols,
            tables,
            fuel: false,
            interruption: true,
            feedback: None,
            memory: guarded,
        },
        Options {
            symbols,
            tables,
            fuel: true,
            interruption: false,
            feedback: None,
            memory: checked,
        },
    ]
}

/// The module, if it is valid.
pub fn module(bytes: Vec<u8>) -> Option<Module> {
    Module::new(Arc::new(bytes), Features::default(), &Sequential).ok()
}

impl Translation {
    /// Translates all functions of a module and checks them.
    pub fn module(&mut self, name: &str, module: &Module) {
        let tables = Tables::of(module);
        for options in options(&tables) {
            for func in module.defined_funcs() {
                let start = Instant::now();
                let result = translate(module, func, &options, &mut self.func, &mut self.state);
                self.tally.time += start.elapsed();
                self.tally.functions += 1;
                let body = module.body(func).expect("it is defined");
                self.tally.bytes += body.bytes.len();
                match result {
                    Ok(()) => {
                        self.tally.instructions += self.func.num_insts();
                        if let Err(error) = tierra_ir::verify(&self.func) {
                            panic!("{name}, function {func}: {error}");
                        }
                        self.osr.function(name, module, func, &options, &self.func);
                    }
                    Err(Error::TooLarge) => self.tally.too_large += 1,
                    Err(error) => panic!("{name}, function {func}: {error}"),
                }
            }
        }
    }

    /// Prints what was done.
    pub fn report(&self, what: &str) {
        let Tally {
            functions,
            too_large,
            bytes,
            instructions,
            time,
        } = self.tally;
        let rate = time.as_secs_f64() * 1e6 / bytes.max(1) as f64;
        println!(
            "{what}: {functions} functions ({too_large} too large), {bytes} bytes, \
             {instructions} instructions, {rate:.3} µs/byte"
        );
        self.osr.report(what);
    }
}
