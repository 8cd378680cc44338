//! The door to the operating system: memory files, stacks, signals.
//!
//! A port writes one file with these items:
//! - `MemoryFile`: memory without an address. `new(bytes)`, `map_executable(data)` with memory for
//!   data behind it, `map_writable()`, `map_again(address, offset, bytes)` over something else,
//!   `write(offset, bytes)`, `release(offset, bytes)`. `forget(address, bytes)` of the data.
//! - `NativeStack`: `new(bytes)` with a guard page below; `range()`.
//! - `map_file(path)`: the bytes of a file that doesn't change, and a `CodeFile`:
//!   `map_executable(address, offset, bytes)` puts a part of it over other memory.
//! - For tools: `monotonic_nanoseconds()`, `thread_id()`, and `map_marker(file)`, by which a
//!   profiler notices a file.
//! - `catch_faults()`: makes faults at places that trap go on at their code's trap stub.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use unix::{
    CodeFile, MemoryFile, NativeStack, catch_faults, forget, map_file, map_marker,
    monotonic_nanoseconds, thread_id,
};
