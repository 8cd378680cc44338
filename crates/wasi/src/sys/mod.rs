//! The door to the host's system: everything that differs between hosts is behind it.
//!
//! A port provides what `unix.rs` provides. Linux is home; other Unixes share the file and
//! differ inside of it; elsewhere `other.rs` gives the portable part and refuses the rest.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub(crate) use other::*;

#[cfg(any(not(target_os = "linux"), test))]
mod snapshot;

/// One directory entry, borrowed from the reader.
pub(crate) struct DirEntry<'a> {
    /// Where reading continues behind this entry.
    pub next: u64,
    pub ino: u64,
    pub filetype: crate::abi::Filetype,
    pub name: &'a [u8],
}

/// What a waiter waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// What a waiter learns of one source.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Readiness {
    pub ready: bool,
    pub hangup: bool,
    pub error: bool,
}
