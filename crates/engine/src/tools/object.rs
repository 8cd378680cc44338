//! An object file in memory, which tells a debugger of code that is in place already.

use super::frames::eh_frame;
use super::name_of;
use crate::artifact::elf::{self, Section, Symbol};
use crate::tables::Function;
use std::collections::HashMap;

/// The file of functions in code that is at an address.
pub fn object(
    start: usize,
    code: &[u8],
    functions: &[Function],
    names: &HashMap<u32, String>,
) -> Box<[u8]> {
    let mut file = vec![0; elf::HEADER];
    let frames = eh_frame(start as u64, code, functions.iter().copied());
    let offset = file.len();
    file.extend(&frames);
    let text = Section {
        name: ".text",
        kind: elf::kind::NOBITS,
        flags: elf::CODE,
        address: start as u64,
        offset: 0,
        len: code.len(),
        align: 64,
    };
    let frames = Section {
        name: ".eh_frame",
        kind: elf::kind::PROGBITS,
        flags: elf::LOADED,
        address: 0,
        offset,
        len: frames.len(),
        align: 8,
    };
    let symbol = |function: &Function| Symbol {
        name: name_of(function, names),
        offset: function.start,
        len: function.end - function.start,
    };
    let symbols: Vec<_> = functions.iter().map(symbol).collect();
    let place = elf::finish(&mut file, &[text, frames], &symbols);
    let mut file = file.into_boxed_slice();
    // Where the frames are is known only now that the file does not move any more.
    let address = file.as_ptr() as u64 + offset as u64;
    let field = elf::address_field(place, 1);
    file[field..field + 8].copy_from_slice(&address.to_le_bytes());
    file
}
