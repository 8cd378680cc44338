//! Bytes to validated WebAssembly modules.
#![no_std]
