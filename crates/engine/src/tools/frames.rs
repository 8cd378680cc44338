//! How debuggers walk frames of machine code: the section `.eh_frame`.
//!
//! At a function's start the frame is told by the stack pointer; once the prologue has made a
//! frame, by the frame pointer. An entry adapter has saved what C wants preserved. Stubs have no
//! frame of their own, but push.

use crate::link;
use crate::tables::{Function, Kind};

/// DWARF's numbers of registers.
mod reg {
    pub const RBX: u8 = 3;
    pub const RBP: u8 = 6;
    pub const RSP: u8 = 7;
    pub const R12: u8 = 12;
    /// Where the return address is.
    pub const RETURN: u8 = 16;
}

/// Instructions for the tables.
mod cfa {
    pub const ADVANCE_4: u8 = 0x04;
    pub const DEFINE: u8 = 0x0c;
    pub const DEFINE_REGISTER: u8 = 0x0d;
    pub const DEFINE_OFFSET: u8 = 0x0e;
    /// Plus the register.
    pub const SAVED: u8 = 0x80;
}

/// The bytes of `push rbp; mov rbp, rsp`, in both encodings of the latter.
const MAKE_FRAME: [[u8; 4]; 2] = [[0x55, 0x48, 0x89, 0xe5], [0x55, 0x48, 0x8b, 0xec]];
/// How far into a function these may begin.
const LATEST: usize = 8;

/// The section for functions of code that is at an address.
pub fn eh_frame(start: u64, code: &[u8], functions: impl Iterator<Item = Function>) -> Vec<u8> {
    let mut section = Vec::new();
    // The common part: version, no augmentation, offsets of one byte forwards and of eight back.
    let mut common = vec![1, 0, 1, 0x78, reg::RETURN];
    common.extend([cfa::DEFINE, reg::RSP, 8, cfa::SAVED + reg::RETURN, 1]);
    put(&mut section, 0, &common);
    let mut contents = Vec::new();
    for function in functions {
        contents.clear();
        contents.extend((start + u64::from(function.start)).to_le_bytes());
        contents.extend(u64::from(function.end - function.start).to_le_bytes());
        let code = &code[function.start as usize..function.end as usize];
        match function.kind {
            Kind::Stub => stubs(&mut contents),
            kind => with_frame(&mut contents, code, kind),
        }
        // Back from the field to the common part, which is the first of the section.
        let back = section.len() as u32 + 4;
        put(&mut section, back, &contents);
    }
    section.extend([0; 4]);
    section
}

/// Appends an entry, filled up with instructions that do nothing.
fn put(section: &mut Vec<u8>, back: u32, contents: &[u8]) {
    let len = (contents.len() + 4).next_multiple_of(8) + 4;
    section.extend((len as u32).to_le_bytes());
    section.extend(back.to_le_bytes());
    let end = section.len() - 4 + len;
    section.extend(contents);
    section.resize(end, 0);
}

fn advance(to: &mut Vec<u8>, bytes: u32) {
    to.push(cfa::ADVANCE_4);
    to.extend(bytes.to_le_bytes());
}

fn with_frame(to: &mut Vec<u8>, code: &[u8], kind: Kind) {
    let mut windows = code.windows(4).take(LATEST);
    let made = windows.position(|bytes| MAKE_FRAME.iter().any(|make| make == bytes));
    let Some(made) = made else { return };
    advance(to, made as u32 + 1);
    to.extend([cfa::DEFINE_OFFSET, 16, cfa::SAVED + reg::RBP, 2]);
    advance(to, 3);
    to.extend([cfa::DEFINE_REGISTER, reg::RBP]);
    if kind == Kind::Entry {
        // From 16 below the frame pointer on.
        let saved = [reg::RBX].into_iter().chain(reg::R12..=reg::R12 + 3);
        for (register, place) in saved.zip(4..) {
            to.extend([cfa::SAVED + register, place]);
        }
    }
}

fn stubs(to: &mut Vec<u8>) {
    let mut at = 0;
    for (offset, pushed) in &link::stubs().pushed {
        advance(to, offset - at);
        at = *offset;
        to.push(cfa::DEFINE_OFFSET);
        put_leb(to, pushed + 8);
    }
}

fn put_leb(to: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}
