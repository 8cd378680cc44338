//! Compiling functions in one pass.

use crate::compiler::Settings;
use crate::link::Stub;
use tierra_baseline::{Error, Options, State, Symbols};
use tierra_codegen::CompiledFunction;
use tierra_core::index::FuncIdx;
use tierra_module::Module;

/// What one thread compiles with.
pub struct OnePass {
    options: Options,
    state: State,
    code: CompiledFunction,
}

impl OnePass {
    /// For these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            options: Options {
                symbols: Symbols {
                    stack_slow: Stub::Stack as u32,
                    poll: Stub::Poll as u32,
                    trap: Stub::Trap as u32,
                    exit: Stub::Exit as u32,
                },
                fuel: settings.fuel,
                interruption: true,
                is_guarded: tierra_vm::is_guarded,
            },
            state: State::new(settings.cpu_features()),
            code: CompiledFunction::default(),
        }
    }

    /// The function's code; `None` if it exceeds a limit.
    ///
    /// # Errors
    /// When the compiler finds a bug of ours.
    pub fn compile(
        &mut self,
        module: &Module,
        func: FuncIdx,
    ) -> Result<Option<CompiledFunction>, String> {
        let Self {
            options,
            state,
            code,
        } = self;
        match tierra_baseline::compile(module, func, options, state, code) {
            Ok(()) => Ok(Some(code.clone())),
            Err(Error::TooLarge) => Ok(None),
            Err(error) => Err(format!("function {func}: {error}")),
        }
    }
}
