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

pub(crate) fn func_names(module: &Module) -> impl Iterator<Item = (FuncIdx, &str)> {
    let maps = subsections(module).filter_map(|subsection| match subsection {
        Name::Function(names) => Some(names),
        _ => None,
    });
    maps.flat_map(|names| names.into_iter().map_while(Result::ok))
        .map(|naming| (FuncIdx(naming.index), naming.name))
}

pub(crate) fn func_name(module: &Module, func: FuncIdx) -> Option<&str> {
    func_names(module)
        .find(|(index, _)| *index == func)
        .map(|(_, name)| name)
}

pub(crate) fn module_name(module: &Module) -> Option<&str> {
    subsections(module).find_map(|subsection| match subsection {
        Name::Module { name, .. } => Some(name),
        _ => None,
    })
}
