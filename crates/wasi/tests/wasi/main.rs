//! The functions, called by a guest that is only memory. Unix: the escapes need links.
#![cfg(unix)]

mod directories;
mod escape;
mod files;
mod limits;
mod link;
mod polling;
mod process;
mod read_only;
mod sockets;
mod unstable;
mod world;
