//! Looking at compiled code.

use crate::{Engine, Error, Module, Result};
use alloc::string::String;
use alloc::vec::Vec;
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
    /// Compiles a function with the settings of an engine, which need not be the module's, to
    /// look at its code. Nothing is run.
    ///
    /// # Errors
    /// When there is no function with this index and a body.
    pub fn explain_with(&self, engine: &Engine, func: u32) -> Result<ExplainedFunction> {
        let module = self.module();
        if module.body(FuncIdx(func)).is_none() {
            return Err(Error::msg(
                "the module has no function with this index and a body",
            ));
        }
        let settings = engine.config().settings()?;
        let it = tierra_engine::explain(module, FuncIdx(func), &settings).map_err(Error::msg)?;
        Ok(ExplainedFunction {
            ir: it.ir,
            code: it.code,
            code_len: it.code_len,
            locations: it.locations,
            callees: it.relocs,
        })
    }
}
