//! Looking at compiled code.

use crate::{Engine, Error, Module, Result};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use tierra_core::index::FuncIdx;

/// A function in the forms that it has on its way to machine code.
#[derive(Clone, Debug)]
pub struct ExplainedFunction {
    /// The intermediate representation in its text form.
    pub ir: String,
    /// The machine code, with the constants behind it; empty if the interpreter runs the
    /// function.
    pub code: Vec<u8>,
    /// The bytes of the machine code that are instructions.
    pub code_len: usize,
    /// Offsets in the module, each from an offset in the code on. Sorted.
    pub locations: Vec<(u32, u32)>,
    /// What calls and jumps to other functions are about: the offset in the code of their
    /// displacement, and the function's index. Numbers that are no function's are stubs.
    pub callees: Vec<(u32, u32)>,
}

impl Module {
    /// Compiles a function with the settings of an engine, as [`Module::explain_with`] does:
    /// the intermediate representation in its text form after each stage that has changed it.
    ///
    /// # Errors
    /// When there is no function with this index and a body.
    pub fn dump_with(&self, engine: &Engine, func: u32) -> Result<Vec<(&'static str, String)>> {
        let settings = engine.config().settings()?;
        tierra_engine::dump(self.module(), self.defined(func)?, &settings).map_err(Error::msg)
    }

    /// Compiles all functions with the settings of an engine, on this thread, and forgets them:
    /// how long each stage took.
    ///
    /// # Errors
    /// When the engine's settings are not possible.
    pub fn time_passes_with(&self, engine: &Engine) -> Result<Vec<(&'static str, Duration)>> {
        let settings = engine.config().settings()?;
        tierra_engine::times(self.module(), &settings).map_err(Error::msg)
    }

    fn defined(&self, func: u32) -> Result<FuncIdx> {
        let func = FuncIdx(func);
        self.module()
            .body(func)
            .map(|_| func)
            .ok_or_else(|| Error::msg("the module has no function with this index and a body"))
    }

    /// Compiles a function with the settings of an engine, which need not be the module's, to
    /// look at its code. Nothing is run.
    ///
    /// # Errors
    /// When there is no function with this index and a body.
    pub fn explain_with(&self, engine: &Engine, func: u32) -> Result<ExplainedFunction> {
        let settings = engine.config().settings()?;
        let it = tierra_engine::explain(self.module(), self.defined(func)?, &settings);
        let it = it.map_err(Error::msg)?;
        Ok(ExplainedFunction {
            ir: it.ir,
            code: it.code,
            code_len: it.code_len,
            locations: it.locations,
            callees: it.relocs,
        })
    }
}
