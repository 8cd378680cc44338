//! Machine code against the meaning of what it was made from.
#![cfg(target_arch = "x86_64")]

#[path = "machine/calls.rs"]
mod calls;
#[path = "machine/harness.rs"]
mod harness;
#[path = "machine/operators.rs"]
mod operators;
#[path = "machine/programs.rs"]
mod programs;
