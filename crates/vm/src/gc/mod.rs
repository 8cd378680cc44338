//! The garbage-collected heap.
//!
//! **Problem.** Guest code allocates objects and reads their fields inline, whatever the tier;
//! the host holds references too. **Idea.** A semispace copying collector (Cheney) with precise
//! roots. A reference is an offset of 32 bits from [`ExecContext::heap_base`], which every access
//! reads again: so a whole space can be anywhere, and a collection is free to take a new one of
//! the size that is wanted next.
//!
//! **Objects.** Eight bytes of header: the word of the type ([`TypeId`], or a reserved number for
//! boxes of the host and exceptions) and a word that is the length of an array. Fields follow
//! ([`layout`]), little-endian; references take four bytes, those to functions as an index into
//! the store's table of them.
//!
//! **Roots.** What the collector looks at: the frames of the tiers ([`Walk`]), globals, tables,
//! element segments, the host's [`Roots`], the pending exception; and the operands of the very
//! allocation that collects, which is why the `alloc_*` functions and their callers need not
//! root these. A reference held anywhere else is stale after an allocation.
//!
//! **Cost.** An allocation is a bump. A collection costs the live objects, and happens when as
//! much was allocated as was live after the last one, so its share is constant.
//!
//! [`ExecContext::heap_base`]: crate::ExecContext::heap_base
//! [`TypeId`]: tierra_core::index::TypeId
//! [`Walk`]: crate::Walk
//! [`Roots`]: crate::Roots

mod access;
mod collect;
mod create;
mod exn;
mod field;
mod heap;
mod host;
pub mod layout;
mod reference;

pub use heap::{GcHeap, GcStats};
pub use reference::{GcRef, ObjectKind};
