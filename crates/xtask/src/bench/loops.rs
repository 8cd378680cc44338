//! Small loops in the text format, written as a C compiler writes them: the test at the end.
//!
//! `INDEX` stands for the type of addresses.

use super::list::Program;
use super::options::Options;

macro_rules! loops {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("loops/", $name, ".wat")))),*]
    };
}

/// Every loop by its name.
const LOOPS: &[(&str, &str)] = loops!("empty" "nested" "sum" "copy" "sieve" "matrix" "chase");

/// Writes some loops to files, for addresses of a type: those that are wanted.
pub fn write(names: &[&str], index: &str, options: &Options) -> Result<Vec<Program>, String> {
    let folder = super::folder()?;
    let mut programs = Vec::new();
    for (name, text) in LOOPS.iter().filter(|(name, _)| names.contains(name)) {
        if !options.wants(name) {
            continue;
        }
        let text = text.replace("INDEX", index);
        let path = folder.join(format!("{name}-{index}.wat"));
        std::fs::write(&path, text)
            .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        programs.push(Program::bare(&format!("{name}-{index}"), path));
    }
    Ok(programs)
}
