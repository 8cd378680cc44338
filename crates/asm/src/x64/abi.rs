//! How functions call each other: which register is which parameter and result.
//!
//! All compilers follow it, and so does whoever reads frames.
//!
//! **Guest code.** Integers and references in [`INT_PARAMS`], in order, the context first; floats
//! and vectors in the first [`VECTOR_PARAMS`] vector registers; others in order on the stack, from
//! `[rsp + 8]` on at the entry, where *the callee* removes them: their area is a multiple of 16.
//! Results in [`INT_RESULTS`] and the first [`VECTOR_RESULTS`] vector registers. If they don't all
//! fit, the others are in an area whose address is one more integer parameter behind all others.
//! No register survives a call but RSP and RBP.
//!
//! **Builtins** take arguments as C does; their address is in [`SCRATCH`], and what is called is a
//! stub that calls them. Nothing survives.
//!
//! **Values.** An integer of 32 bits or a reference in a register is zero-extended; the upper bits
//! of a float are anything.
//!
//! **Frames** are chained by RBP, and `[rbp - 8]` is the context.

use super::reg::{Gpr, Xmm};

/// The general register that no value lives in. A call through a cell passes the cell in it.
pub const SCRATCH: Gpr = Gpr::R11;
/// The vector register that no value lives in.
pub const SCRATCH_XMM: Xmm = Xmm::XMM15;

/// The integer parameters of guest code.
pub const INT_PARAMS: [Gpr; 8] = [
    Gpr::RDI,
    Gpr::RSI,
    Gpr::RDX,
    Gpr::RCX,
    Gpr::R8,
    Gpr::R9,
    Gpr::R10,
    Gpr::RAX,
];
/// C's integer parameters: as ours, but R10 and RAX are none.
pub const C_INT_PARAMS: [Gpr; 6] = [Gpr::RDI, Gpr::RSI, Gpr::RDX, Gpr::RCX, Gpr::R8, Gpr::R9];
/// The integer results of guest code.
pub const INT_RESULTS: [Gpr; 4] = [Gpr::RAX, Gpr::RDX, Gpr::RCX, Gpr::RSI];
/// How many parameters are in vector registers.
pub const VECTOR_PARAMS: u8 = 8;
/// How many results are in vector registers.
pub const VECTOR_RESULTS: u8 = 4;

/// What counts of a value's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueClass {
    /// An integer, a reference, an address.
    Int,
    /// A float: 8 bytes on the stack.
    Float,
    /// A vector: 16 bytes on the stack.
    Vector,
}

/// Where a parameter or result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a general register.
    Int(Gpr),
    /// In a vector register.
    Vec(Xmm),
    /// In the area of arguments, or of results, at an offset.
    Stack(u32),
}

/// Gives out places in order: registers, then the stack.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    ints: &'static [Gpr],
    next_int: usize,
    next_vec: u8,
    vecs: u8,
    offset: u32,
}

impl Counter {
    /// For these registers.
    pub const fn new(ints: &'static [Gpr], vecs: u8) -> Counter {
        Counter {
            ints,
            next_int: 0,
            next_vec: 0,
            vecs,
            offset: 0,
        }
    }

    /// For the parameters of guest code.
    pub const fn params() -> Counter {
        Counter::new(&INT_PARAMS, VECTOR_PARAMS)
    }

    /// For the results of guest code.
    pub const fn results() -> Counter {
        Counter::new(&INT_RESULTS, VECTOR_RESULTS)
    }

    /// The place of the next value.
    pub fn place(&mut self, class: ValueClass) -> Place {
        if class == ValueClass::Int {
            if let Some(r) = self.ints.get(self.next_int) {
                self.next_int += 1;
                return Place::Int(*r);
            }
        } else if self.next_vec < self.vecs {
            self.next_vec += 1;
            return Place::Vec(Xmm(self.next_vec - 1));
        }
        let size = if class == ValueClass::Vector { 16 } else { 8 };
        let offset = self.offset.next_multiple_of(size);
        self.offset = offset + size;
        Place::Stack(offset)
    }

    /// The size of the area on the stack so far, a multiple of 16.
    pub fn size(&self) -> u32 {
        self.offset.next_multiple_of(16)
    }
}
