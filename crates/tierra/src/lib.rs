//! Tierra, a WebAssembly engine: the embedding API.
//!
//! ```
//! use tierra::{Engine, Instance, Module, Store};
//!
//! let engine = Engine::default();
//! let module = Module::new(
//!     &engine,
//!     r#"(module (func (export "add") (param i32 i32) (result i32)
//!          (i32.add (local.get 0) (local.get 1))))"#,
//! )?;
//! let mut store = Store::new(&engine, ());
//! let instance = Instance::new(&mut store, &module, &[])?;
//! let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add")?;
//! assert_eq!(add.call(&mut store, (2, 40))?, 42);
//! # Ok::<(), tierra::Error>(())
//! ```
//!
//! - An [`Engine`] holds a [`Config`] and the types of all modules. Threads share it.
//! - A [`Module`] is validated code. Threads share it.
//! - A [`Store`] is where modules become [`Instance`]s, with data of the host. One thread at a
//!   time uses it.
//! - A [`Linker`] finds imports by name; host functions are closures, which get a [`Caller`].
//! - Whatever goes wrong is an [`Error`]: a [`Trap`], an [`Exit`], an exception of the guest, or
//!   what the host's functions returned.
//!
//! The folder `examples` has one program for each thing one may want to do first.
//!
//! Features: `std` (on), `simd` (on: vector operators), `text` (on: modules in the text format),
//! `dwarf` (on: source lines in backtraces). Without any of them the crate is `no_std + alloc`.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

pub use tierra_runtime::*;

/// The README's program.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
