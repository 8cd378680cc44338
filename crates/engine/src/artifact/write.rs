//! Writing artifacts.

use super::{FORMAT, Fit, HEADER_END, MAGIC, Section, at, elf};
use crate::compiler::Settings;
use crate::image::Image;
use crate::tables::Kind;
use std::collections::HashMap;
use tierra_checksum::checksum;
use tierra_module::Module;

/// An artifact of a module and its image; with `symbols`, tools find functions by name.
pub fn write(module: &Module, image: &Image<'_>, settings: &Settings, symbols: bool) -> Vec<u8> {
    let tables = &image.tables;
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let rows = |section: Section| -> Vec<u8> {
        match section {
            Section::Text => image.code.to_vec(),
            Section::Fit => Fit::of(module, settings).to_bytes().to_vec(),
            Section::Module => module.bytes().to_vec(),
            Section::Entries => words(image.entries.as_flattened()),
            Section::Functions => words(tables.functions.as_flattened()),
            Section::Traps => words(tables.traps.as_flattened()),
            Section::Locations => words(tables.locations.as_flattened()),
            Section::Inlined => words(tables.inlined.as_flattened()),
            Section::Calls => words(tables.calls.as_flattened()),
            Section::StackMap => words(tables.stack_map.as_flattened()),
            Section::Handlers => words(tables.handlers.as_flattened()),
        }
    };
    let mut file = vec![0; HEADER_END];
    let mut sections = Vec::new();
    for (section, (name, align)) in Section::EVERY.iter().zip(Section::ALL) {
        file.resize(file.len().next_multiple_of(*align), 0);
        let offset = file.len();
        file.extend(rows(*section));
        sections.push(elf::Section {
            name,
            kind: elf::kind::PROGBITS,
            flags: if *section == Section::Text {
                elf::CODE
            } else {
                0
            },
            address: 0,
            offset,
            len: file.len() - offset,
            align: *align,
        });
    }
    let names = if symbols {
        names(module)
    } else {
        Default::default()
    };
    let symbols: Vec<_> = names_of(image, &names).collect();
    elf::finish(&mut file, &sections, &symbols);
    fill_header(&mut file, &sections);
    file
}

fn fill_header(file: &mut [u8], sections: &[elf::Section<'_>]) {
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(at::MAGIC, &MAGIC);
    put(at::VERSION_, FORMAT.as_bytes());
    for (i, section) in sections.iter().enumerate() {
        let row = at::SECTIONS + 16 * i;
        put(row, &(section.offset as u64).to_le_bytes());
        put(row + 8, &(section.len as u64).to_le_bytes());
    }
    let length = file.len() as u64;
    file[at::LENGTH..][..8].copy_from_slice(&length.to_le_bytes());
    let sum = checksum(file, Some(at::CHECKSUM));
    file[at::CHECKSUM..][..8].copy_from_slice(&sum.to_le_bytes());
}

const _: () = assert!(FORMAT.len() <= super::VERSION);

/// The names of functions, made up where there are none.
pub fn names(module: &Module) -> HashMap<u32, String> {
    let mut names: HashMap<u32, String> = module
        .defined_funcs()
        .map(|f| (f.0, format!("func{}", f.0)))
        .collect();
    for export in &module.exports {
        if let tierra_module::ExportItem::Func(func) = export.item {
            names.insert(func.0, export.name.to_string());
        }
    }
    for (func, name) in module.func_names() {
        names.insert(func.0, name.into());
    }
    names
}

fn names_of<'a>(
    image: &'a Image<'_>,
    names: &'a HashMap<u32, String>,
) -> impl Iterator<Item = elf::Symbol<'a>> {
    image.tables.functions().filter_map(|f| {
        let Kind::Function(func) = f.kind else {
            return None;
        };
        Some(elf::Symbol {
            name: names.get(&func.0)?,
            offset: f.start,
            len: f.end - f.start,
        })
    })
}
