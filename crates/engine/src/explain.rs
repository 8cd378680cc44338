//! Showing how a function was compiled.

use crate::compiler::Settings;
use crate::inline::{Callees, Known};
use crate::worker::{Translator, Worker};
use tierra_core::index::FuncIdx;
use tierra_ir::Inlined;
use tierra_module::Module;

/// A function in all the forms that it has on its way.
pub struct Explained {
    /// The intermediate representation, as the front end makes it.
    pub ir: String,
    /// The machine code; empty if the function stays in the interpreter.
    pub code: Vec<u8>,
    /// The bytes of it that are instructions.
    pub code_len: usize,
    /// Offsets in the module, each from an offset in the code on.
    pub locations: Vec<(u32, u32)>,
    /// Calls and jumps to other functions, by offset in the code of their field: the callee.
    pub relocs: Vec<(u32, u32)>,
}

/// Compiles a function to look at it.
///
/// # Errors
/// When the compiler finds a bug of ours.
pub fn explain(module: &Module, func: FuncIdx, settings: &Settings) -> Result<Explained, String> {
    let known = &Known::new(module, settings, false);
    let callees = Callees::new(module, settings, known);
    let ir = if settings.one_pass {
        String::from("(compiled in one pass)")
    } else {
        let mut translator = Translator::default();
        let ir = translator.translate(&callees, func)?;
        ir.map_or_else(
            || String::from("(exceeds a limit of the compiler: the interpreter runs it)"),
            |ir| ir.to_string(),
        )
    };
    let compiled = Worker::new(settings)
        .compile(&callees, func)?
        .unwrap_or_default();
    // What was inlined counts for its call.
    let outermost = |(at, location): &(u32, u32)| {
        let mut location = *location;
        while let Some(index) = Inlined::index(location) {
            let (place, caller) = compiled.inlined[index];
            location = if caller == u32::MAX { place } else { caller };
        }
        (*at, location)
    };
    Ok(Explained {
        ir,
        code_len: compiled.code_len as usize,
        locations: compiled.locations.iter().map(outermost).collect(),
        relocs: compiled
            .relocs
            .iter()
            .map(|r| (r.offset, r.symbol))
            .collect(),
        code: compiled.code,
    })
}
