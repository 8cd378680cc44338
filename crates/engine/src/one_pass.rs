//! Compiling functions in one pass.

use crate::compiler::Settings;
use crate::link::Stub;
use tierra_baseline::{Counting, Error, LoopEntry, LoopState, Options, State, Symbols};
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
                interruption: settings.interruption,
                counting: None,
                is_guarded: tierra_vm::is_guarded,
            },
            state: State::new(settings.cpu_features()),
            code: CompiledFunction {
                one_pass: true,
                ..CompiledFunction::default()
            },
        }
    }

    /// For these settings, to code that counts towards the next tier.
    pub fn counting(settings: &Settings) -> Self {
        let mut this = Self::new(settings);
        this.options.counting = Some(Counting {
            entry: Stub::TierEntry as u32,
            loop_head: Stub::TierLoop as u32,
        });
        this
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
        Ok(self.compile_to(module, func)?.cloned())
    }

    /// The same, without a copy.
    ///
    /// # Errors
    /// As [`OnePass::compile`].
    pub fn compile_to(
        &mut self,
        module: &Module,
        func: FuncIdx,
    ) -> Result<Option<&CompiledFunction>, String> {
        let Self {
            options,
            state,
            code,
        } = self;
        match tierra_baseline::compile(module, func, options, state, code) {
            Ok(()) => Ok(Some(code)),
            Err(Error::TooLarge) => Ok(None),
            Err(error) => Err(format!("function {func}: {error}")),
        }
    }

    /// The function's code, with an entry at the head of a loop, if it is given by the offset of its
    /// operator in the module.
    ///
    /// # Errors
    /// When it exceeds a limit, or there is no such loop that can be reached.
    pub fn compile_from(
        &mut self,
        module: &Module,
        func: FuncIdx,
        at: Option<u32>,
    ) -> Result<(&CompiledFunction, Option<LoopEntry>), String> {
        let Self {
            options,
            state,
            code,
        } = self;
        let entry = match at {
            None => tierra_baseline::compile(module, func, options, state, code).map(|()| None),
            Some(at) => tierra_baseline::compile_with_entry(module, func, at, options, state, code),
        };
        let entry = entry.map_err(|error| error.to_string())?;
        if at.is_some() && entry.is_none() {
            return Err("there is no such loop".into());
        }
        Ok((code, entry))
    }

    /// What there is at the head of a loop, by the offset of its operator in the module; `None` if
    /// there is none that can be reached.
    ///
    /// # Errors
    /// When the function has no code.
    pub fn loop_state(
        &mut self,
        module: &Module,
        func: FuncIdx,
        at: u32,
    ) -> Result<Option<LoopState>, String> {
        let Self {
            options,
            state,
            code,
        } = self;
        let found = tierra_baseline::loop_state(module, func, at, options, state, code);
        found.map_err(|error| format!("function {func}: {error}"))
    }
}
