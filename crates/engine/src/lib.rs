//! What needs machine code and an operating system: code memory, the way into guest code and out
//! of it, traps, unwinding, and the driver of the compilers.
//!
//! **The way in.** [`enter`] makes an activation, changes to the store's native stack and calls
//! an *entry adapter*, machine code that takes arguments from slots. **The way out.** Machine
//! code leaves to Rust through the [`stubs`], which keep frame and return address, so that Rust
//! can walk the frames ([`unwind`]). A trap, an exception or an exit never skips a Rust frame: the
//! builtin that finds it says where to go on, returns, and the stub goes there.
//!
//! # Invariants
//! - No page is writable and executable; code is written before it is known ([`code`]).
//! - Code contains no absolute address.
//! - Every call in machine code may be walked from; faults are taken for traps only at places that
//!   have a row in their code's table.
#![cfg(all(unix, target_arch = "x86_64"))]

mod adapters;
mod artifact;
mod builtins;
mod chunks;
mod code;
mod compiler;
mod cpu;
mod detours;
mod enter;
mod explain;
mod granules;
mod image;
mod inline;
mod link;
mod load;
mod one_pass;
mod stubs;
mod sys;
mod tables;
mod tier;
mod tools;
mod unwind;
mod watch;
mod worker;

pub use artifact::{Artifact, is_artifact};
pub use compiler::{Compiler, Settings, Stats};
pub use cpu::features as cpu_features;
pub use explain::{Explained, explain};
pub use load::CompiledModule;
pub use sys::{CodeFile, map_file};
pub use tier::event::{Compiled, Made};
pub use tier::{Event as TierEvent, Sink, Stress, TierStats, TieredModule, Tiering};
pub use tierra_codegen::{Features as CpuFeatures, OptLevel};
pub use tools::Line;
pub use watch::{dump, times};
