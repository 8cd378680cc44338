//! Telling `perf` the names of functions: a line of address, size and name for each, in a file
//! that it looks for.

use super::name_of;
use crate::artifact::names;
use crate::load::CompiledModule;
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
        let names = names(module);
        let image = self.image();
        let mut lines = String::new();
        for function in image.tables.functions() {
            let start = self.start() + function.start as usize;
            let size = function.end - function.start;
            let name = name_of(&function, &names);
            writeln!(lines, "{start:x} {size:x} {name}").expect("strings grow");
        }
        let path = format!("/tmp/perf-{}.map", std::process::id());
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(lines.as_bytes())
    }
}
