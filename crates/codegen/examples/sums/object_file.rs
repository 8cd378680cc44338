//! Compiled functions as an object file of the system.

use crate::parse::Program;
use object::write::{Object, Relocation, StandardSection, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationEncoding, RelocationFlags, RelocationKind,
    SectionKind, SymbolFlags, SymbolKind, SymbolScope,
};
use tierra_codegen::{CompiledFunction, RelocKind};

/// The bytes of an ELF file with one global symbol for each function.
pub fn write(
    program: &Program,
    compiled: &[CompiledFunction],
) -> Result<Vec<u8>, object::write::Error> {
    let mut file = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let text = file.section_id(StandardSection::Text);
    let symbols: Vec<_> = program
        .functions
        .iter()
        .map(|function| {
            file.add_symbol(Symbol {
                name: function.name.clone().into_bytes(),
                value: 0,
                size: 0,
                kind: SymbolKind::Text,
                scope: SymbolScope::Linkage,
                weak: false,
                section: SymbolSection::Undefined,
                flags: SymbolFlags::None,
            })
        })
        .collect();
    for (function, symbol) in compiled.iter().zip(&symbols) {
        // Constants behind the code are a part of it.
        let align = u64::from(function.align.max(64));
        let offset = file.add_symbol_data(*symbol, text, &function.code, align);
        for reloc in &function.relocs {
            let (kind, size) = match reloc.kind {
                RelocKind::Rel32 => (RelocationKind::Relative, 32),
                RelocKind::Abs64 => (RelocationKind::Absolute, 64),
            };
            file.add_relocation(
                text,
                Relocation {
                    offset: offset + u64::from(reloc.offset),
                    symbol: symbols[reloc.symbol as usize],
                    addend: reloc.addend,
                    flags: RelocationFlags::Generic {
                        kind,
                        encoding: RelocationEncoding::Generic,
                        size,
                    },
                },
            )?;
        }
    }
    // Linkers take its absence for a wish to execute the stack.
    file.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
    file.write()
}
