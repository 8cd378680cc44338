//! Modules and guests that mean harm: the answer is a module, an error or a trap, in time and
//! memory that grow with the input, and the process lives on.
//!
//! Memory is counted by the allocator of this binary, per thread, so that it is the same on
//! every machine. Time is only compared with itself, with much room.

mod bodies;
mod declarations;
mod guests;
mod hosts;
mod limits;
mod native_stack;
mod shape;
mod stops;
mod truncated;

#[global_allocator]
static COUNTED: shape::Counted = shape::Counted;
