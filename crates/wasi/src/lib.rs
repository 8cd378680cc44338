//! WASI 0.1 for Tierra: capabilities only.
//!
//! [`Wasi`] is a process: descriptors, arguments, environment, clocks, random numbers,
//! threads, exit status. [`WasiBuilder`] describes one. Its methods are the functions of
//! `wasi_snapshot_preview1` and `wasi_unstable`, listed once in [`for_each_wasi_function!`];
//! they see their caller through [`Guest`] and know no engine. [`add_to_linker`] is what a host
//! of Tierra calls: it links them to a store's guests, through a [`WasiHandle`].
//!
//! Three rules hold throughout:
//!
//! - **A guest reaches what it was given.** Paths are resolved beneath an open directory by
//!   `cap-std` (`openat2` on Linux), never from the host's root or working directory. Rights
//!   are checked by every function.
//! - **A guest costs what it was allowed.** No number that the guest chooses sizes an
//!   allocation beyond a constant (64 KiB buffers, 1024 parts of a scatter list, 4096
//!   subscriptions, the descriptor table's limit).
//! - **A guest that waits can be stopped.** Nothing waits but `wait::wait`, which also waits
//!   for the guest's [`Interrupt`], and no lock is held there. Streams that the embedder
//!   implements itself are the exception.

#![forbid(unsafe_code)]
// How many parameters a function has, the specification decides.
#![allow(clippy::too_many_arguments)]

mod abi;
mod args;
mod builder;
mod clock;
mod descriptor;
mod errno;
mod fd;
mod functions;
mod guest;
mod iovec;
mod link;
mod link_threads;
mod path;
mod poll;
mod proc;
mod process;
mod random;
mod rights;
mod sock;
mod stream;
mod sys;
mod table;
mod threads;
mod wait;

pub use abi::{Abi, Filetype};
pub use builder::{Access, Stdin, Stdout, WasiBuilder};
pub use errno::Errno;
pub use functions::FUNCTION_NAMES;
pub use guest::{Call, FlagInterrupt, Guest, Interrupt, Stop};
pub use link::{WasiHandle, add_to_linker};
pub use link_threads::{ThreadHost, add_threads_to_linker, finish};
pub use process::{ExitStatus, Registration, Wasi};
pub use rights::Rights;
pub use stream::OutputPipe;
pub use threads::{MAX_THREAD_ID, ThreadSpawner, WasiThread};
