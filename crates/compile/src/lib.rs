//! From the body of a validated function to the intermediate representation.
//!
//! **Problem.** An optimizing compiler wants values and blocks; a body is a program for a stack
//! machine, whose operators mean something in a world of instances, memories and a moving heap.
//! **Idea.** One pass over the body. The operand stack exists at translation only and holds SSA
//! values; locals are variables of [`tierra_ir::Builder`], which makes them values; the results
//! and parameters of control frames are parameters of IR blocks. What an operator does is written
//! inline where it is short and hot, else it calls a builtin of the runtime.
//!
//! **What code sees.** The context parameter is the instance ([`tierra_vm::Instance`]); all else
//! is found from there by loads, and no address appears in the code. Loads of what never changes
//! are `readonly`, so that they can be merged and moved; all others name the class of memory that
//! they read ([`layout`]). A load behind a check (of null, of bounds, of a type) is not
//! `readonly`: it may fault where the check would fail, so nobody may move it up.
//!
//! **References.** A `funcref` is a pointer, an `i64`, and never moves. All other references are
//! of type `ref`. Their bits are made into an address right before an access, never kept across a
//! call.
//!
//! **Invariants.**
//! - Fuel is charged as the interpreter charges it: one unit per operator, at the entry of the
//!   same blocks, so that what is left is the same at every trap and exit ([`translate`]'s module
//!   `fuel`).
//! - Traps come in the interpreter's order.
//! - Code that can't be reached is not translated.
//!
//! **Changing tiers.** A function that has run for long in another tier goes on in code of ours at
//! the head of a loop: [`translate_osr`] translates what is still to run.
//!
//! **Cost.** Time and memory are linear in the body, except for the product of blocks and locals
//! and for types with very many parameters, which are bounded: a function beyond the bounds is
//! [`Error::TooLarge`], and its caller keeps it in the interpreter.

mod layout;
mod options;
mod tables;
mod translate;

pub use options::{Error, Feedback, MemoryPlan, Options, Symbols};
pub use tables::{FixedTable, Tables};
pub use translate::{State, translate, translate_osr, value_type};
