//! The optimizing code generator: SSA in, machine code out, for any front end.
//!
//! [`Context::compile`] takes a function of [`tierra_ir`] and gives its machine code with the
//! tables that a runtime needs: relocations, traps, places in the source, stack maps and
//! handlers. It knows nothing of WebAssembly but the numeric operators, and nothing of the
//! memory that the code will live in.
//!
//! | module | its job |
//! |---|---|
//! | [`pipeline`] | the passes in their order, on one screen |
//! | [`opt`] | the passes that make the function better |
//! | `edges`, `flow` | what selection needs: split edges, the order of blocks |
//! | `mach` | functions in machine instructions, for any machine |
//! | [`regalloc`] | registers |
//! | `x64` | x86-64: calling conventions, selection, emission |
//! | [`tierra_asm::code`] | what comes out |
//! | `memory` | running the result in this process, for tests (feature `run`) |
#![cfg_attr(not(feature = "run"), no_std)]

extern crate alloc;

mod edges;
mod flow;
mod mach;
#[cfg(feature = "run")]
pub mod memory;
#[cfg(feature = "run")]
mod naive;
pub mod opt;
pub mod pipeline;
pub mod regalloc;
mod x64;

pub use opt::Level as OptLevel;
pub use pipeline::{Context, Error, Options};
pub use tierra_asm::code::{CallSite, CompiledFunction, Handler};
pub use tierra_asm::x64::{Features, Reloc, RelocKind};
