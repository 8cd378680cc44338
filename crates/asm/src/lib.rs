//! Writers of machine code.
//!
//! A compiler says which instruction it wants and with which operands; this crate finds the
//! shortest encoding, resolves labels, keeps constants and tables behind the code and lists what
//! a linker must still fill in. It knows nothing of WebAssembly, of register allocation or of
//! executable memory.
//!
//! One architecture so far: [`x64`]. Instructions are rows of a table, proved against an outside
//! disassembler. What compilers have to agree on is here too: [`code`] is what comes out of every
//! one of them, [`x64::abi`] is how functions call each other.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod code;
pub mod x64;
