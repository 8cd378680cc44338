//! The name section (appendix "Custom Sections"). A malformed one is ignored.

use crate::Module;
use tierra_core::index::FuncIdx;
use wasmparser::{BinaryReader, Name, NameSectionReader};

fn subsections(module: &Module) -> impl Iterator<Item = Name<'_>> {
    module
        .custom_sections()
        .filter(|(name, _)| *name == "name")
        .flat_map(|(_, bytes)| NameSectionReader::new(BinaryReader::new(bytes, 0)))
        .map_while(Result::ok)
}

pub(crate) fn func_name(module: &Module, func: FuncIdx) -> Option<&str> {
    subsections(module).find_map(|subsection| match subsection {
        Name::Function(names) => names
            .into_iter()
            .map_while(Result::ok)
            .find(|n| n.index == func.0)
            .map(|n| n.name),
        _ => None,
    })
}

pub(crate) fn module_name(module: &Module) -> Option<&str> {
    subsections(module).find_map(|subsection| match subsection {
        Name::Module { name, .. } => Some(name),
        _ => None,
    })
}
