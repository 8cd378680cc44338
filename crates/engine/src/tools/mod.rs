//! What tools outside of the process are told of machine code, if the configuration says so.
//!
//! - [`perf_map`]: names of functions, for `perf report`.
//! - [`jitdump`]: names, code and lines, for `perf inject` and what comes behind it.
//! - [`debugger`]: names and how to walk frames, for GDB and LLDB.

pub mod debugger;
mod frames;
mod jitdump;
mod object;
mod perf_map;

pub use jitdump::Line;

use crate::tables::{Function, Kind};
use std::collections::HashMap;

/// The name under which tools show a function.
fn name_of<'a>(function: &Function, names: &'a HashMap<u32, String>) -> &'a str {
    match function.kind {
        Kind::Function(func) => names.get(&func.0).map_or("?", String::as_str),
        Kind::Entry => "[tierra: entry]",
        Kind::Slots => "[tierra: leave]",
        Kind::Stub => "[tierra: stubs]",
    }
}
