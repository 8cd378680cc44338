//! The optimizing code generator.
#![no_std]

extern crate alloc;

pub mod opt;
pub mod regalloc;
