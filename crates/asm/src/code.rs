//! What every compiler says of a function, and what whoever loads and walks code reads.

use crate::x64::Reloc;
use alloc::vec::Vec;

/// The first symbol of the records of a module's functions: plus a function's index, it is where the
/// record of that function is, which code compiled for one process may reach relative to itself.
pub const RECORD_SYMBOLS: u32 = 1 << 30;

/// The symbol of the cells in which a function's code notes whom it calls: 8 bytes for each of
/// [`CompiledFunction::sites`].
pub const SITE_SYMBOL: u32 = RECORD_SYMBOLS - 2;

/// The machine code of a function with its tables. Offsets count from the function's start.
#[derive(Clone, Default, Debug)]
pub struct CompiledFunction {
    /// The code, and the constants and jump tables that it uses behind it.
    pub code: Vec<u8>,
    /// The number of bytes that are instructions.
    pub code_len: u32,
    /// What the place of the code must be a multiple of.
    pub align: u32,
    /// Whether it was made in one pass.
    pub one_pass: bool,
    /// What the linker fills in.
    pub relocs: Vec<Reloc>,
    /// The bytes between the frame pointer and the stack pointer while the function runs; 0 if
    /// it has no frame.
    pub frame_size: u32,
    /// Traps by the place where they are noticed: the return address of an explicit trap's call,
    /// the address of an instruction that faults. Sorted.
    pub traps: Vec<(u32, u8)>,
    /// The places in the source, each from an offset on. Sorted. With the highest bit, a number is
    /// an index of `inlined`.
    pub locations: Vec<(u32, u32)>,
    /// Places in functions that were inlined, each with the location of the call in whose stead
    /// that is; `u32::MAX` if that call was in place of its function.
    pub inlined: Vec<(u32, u32)>,
    /// The calls that have references in slots or handlers, by return address. Sorted.
    pub calls: Vec<CallSite>,
    /// Offsets from the frame pointer of slots that hold references (4 bytes of them are
    /// meaningful), by ranges in `calls`.
    pub stack_map: Vec<i32>,
    /// Handlers, inner ones first, by ranges in `calls`.
    pub handlers: Vec<Handler>,
    /// The calls that note whom they call, by their place in the source.
    pub sites: Vec<u32>,
}

impl CompiledFunction {
    /// Makes it empty, keeping the memory.
    pub fn clear(&mut self) {
        self.code.clear();
        self.relocs.clear();
        self.traps.clear();
        self.locations.clear();
        self.inlined.clear();
        self.calls.clear();
        self.stack_map.clear();
        self.handlers.clear();
        self.sites.clear();
        (self.code_len, self.frame_size) = (0, 0);
    }
}

/// A call that the collector or a thrown exception may come through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallSite {
    /// The return address.
    pub return_pc: u32,
    /// Its part of the stack map: start and end.
    pub map: (u32, u32),
    /// Its handlers: start and end.
    pub handlers: (u32, u32),
}

/// Where a call goes on after an exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// The tag that is caught; `None` catches everything.
    pub tag: Option<u32>,
    /// Where: with the frame pointer and the stack pointer of the function, and the exception in
    /// the first result register.
    pub landing_pc: u32,
}
