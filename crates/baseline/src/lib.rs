//! The one-pass compiler: WebAssembly functions to machine code, as fast as they can be read.
//!
//! **Problem.** A program should start at once and yet run in machine code: there is no time for
//! an intermediate form, for graphs or for choosing registers by looking at everything. **Idea.**
//! The operand stack exists at compile time only: its entries are constants, registers, places in
//! the frame or locals that were not read yet ([`value`]). An operator pops what it needs, writes
//! an instruction or a few, and pushes its result. Locals stay in the registers where they were
//! last used. Where ways meet, the first of them says which registers the code there expects
//! ([`merge`]); a short look ahead finds what a loop wants in registers ([`scan`]). A comparison is
//! not done before it is known whether a branch wants it.
//!
//! **What code sees** and how it behaves is the same as of any other tier: calling convention,
//! frames, traps, places, maps of references, handlers, polls and fuel
//! ([`tierra_asm::code`], [`tierra_asm::x64::abi`]).
//!
//! **Invariants.**
//! - At calls, everything is in the frame: no register survives, the collector finds references
//!   in their places, and handlers find everything.
//! - A value of 32 bits in a general register is zero-extended.
//! - Between two operators, each register holds what [`regs`] says, and nothing is pinned.
//! - Code that can't be reached is not compiled.
//! - Code is a function of the module, the function and the [`Options`] alone: what is at the head of
//!   a loop is found out by compiling again ([`loop_state`]).
//!
//! **Cost.** Time is linear in the body, but for values that jumps and calls move and calls list:
//! they are counted, and a function with too many of them, or too large a frame, is
//! [`Error::TooLarge`]. No memory is allocated for a function once a [`State`] has seen some.
#![forbid(unsafe_code)]

mod atomic;
mod branch;
mod builtin;
mod call;
mod cast;
mod cold;
mod compiler;
mod control;
mod convert;
mod counting;
mod emit;
mod entry;
mod exception;
mod float;
mod frame;
mod fuel;
mod heap;
mod integer;
mod lane;
mod memory;
mod merge;
mod options;
mod osr;
mod regs;
mod scalar;
mod scan;
mod simd;
mod stack;
mod table;
mod value;
mod variable;
mod visit;

pub use compiler::{State, compile};
pub use entry::{LoopEntry, compile_with_entry};
pub use options::{Counting, Error, Options, Symbols};
pub use osr::{LoopState, Source, loop_depths, loop_state};
