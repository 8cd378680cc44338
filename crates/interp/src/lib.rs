//! Tier 0: the portable interpreter, and the oracle of every compiler.
//!
//! # How it works
//!
//! A function is translated when it is first called: from the stack machine's operators to
//! instructions that name their operands ([`operand`]). `local.get` and constants become
//! operands, `local.set` becomes a destination, a comparison and the branch behind it become one
//! instruction, and the last result stays in an accumulator. An interpreter's time is the number
//! of its dispatches, and each of these saves one ([`translate`]).
//!
//! Instructions are types with one function each ([`ops`]); two backends dispatch them
//! ([`dispatch`]). Guest calls push frames on a stack of slots of our own and never recurse on
//! the host's stack ([`ops::call`]); the stack can be walked for backtraces, exceptions and
//! garbage collection ([`walk`]). A function that is to have machine code counts what it does, and leaves
//! for it in the middle of a loop by a tail call ([`osr`]).
//!
//! # Invariants
//!
//! * Code is immutable once its record points to it, and lives as long as its module's.
//! * A frame is checked against the stack's limit before it is written; the same comparison sees
//!   interruptions.
//! * References to heap objects are in slots, never only in an accumulator, whenever Rust code
//!   runs that may collect.
#![cfg_attr(not(feature = "std"), no_std)]
// A compact build leaves most shapes of instructions aside.
#![cfg_attr(tierra_compact, allow(dead_code))]

extern crate alloc;

mod code;
mod dispatch;
mod operand;
mod ops;
mod osr;
mod run;
mod translate;
mod walk;

pub use code::{CodeConfig, HostCode, LazyTier, ModuleCode};
pub use osr::{LoopExit, LoopState, loop_state};
pub use run::{Stack, call};

/// How instructions are dispatched in this build: `sibling calls` or `loop`.
pub const DISPATCH: &str = if cfg!(all(tierra_sibling_dispatch, not(debug_assertions))) {
    "sibling calls"
} else {
    "loop"
};
