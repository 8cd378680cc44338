//! Register allocation.

pub mod interface;
