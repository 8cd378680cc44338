//! Telling `perf` the names of functions: a line of address, size and name for each, in a file
//! that it looks for.

use super::name_of;
use crate::artifact::names;
use crate::load::CompiledModule;
use crate::tables::Function;
use crate::tier::TieredModule;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use tierra_module::Module;

impl CompiledModule {
    /// Appends the functions of this module to `perf`'s map of this process.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write_perf_map(&self, module: &Module) -> std::io::Result<()> {
        let image = self.image();
        let functions = image.tables.functions();
        append(module, functions.map(|function| (self.start(), function)))
    }
}

impl TieredModule {
    /// Appends what was compiled so far to `perf`'s map of this process: best when all has run.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write_perf_map(&self) -> std::io::Result<()> {
        let mut functions = Vec::new();
        self.each_function(|start, function| functions.push((start, function)));
        append(self.wasm(), functions.into_iter())
    }
}

/// Appends functions, each with the address that its offsets count from.
fn append(
    module: &Module,
    functions: impl Iterator<Item = (usize, Function)>,
) -> std::io::Result<()> {
    let names = names(module);
    let mut lines = String::new();
    for (base, function) in functions {
        let start = base + function.start as usize;
        let size = function.end - function.start;
        let name = name_of(&function, &names);
        writeln!(lines, "{start:x} {size:x} {name}").expect("strings grow");
    }
    let path = format!("/tmp/perf-{}.map", std::process::id());
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(lines.as_bytes())
}
