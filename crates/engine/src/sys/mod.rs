//! The door to the operating system: memory files, stacks, signals.
//!
//! A port writes one file with these items:
//! - `MemoryFile`: memory without an address. `new(bytes)`, `map_executable()`,
//!   `map_writable()`, `write(offset, bytes)`, `release(offset, bytes)`.
//! - `NativeStack`: `new(bytes)` with a guard page below; `range()`.
//! - `map_file(path)`: the bytes of a file that doesn't change.
//! - `catch_faults()`: makes faults at places that trap go on at their code's trap stub.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use unix::{MemoryFile, NativeStack, catch_faults, map_file};
