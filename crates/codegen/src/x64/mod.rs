//! x86-64: from IR to machine instructions with virtual registers, and from those to code.

mod abi;
mod emit;
mod inst;
mod lower;

pub(crate) use emit::Emitter;
pub(crate) use inst::Code64;
pub(crate) use lower::Lowering;

pub(crate) use abi::machine;
