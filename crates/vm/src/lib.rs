//! The world that guest code sees: instances, memories, tables, globals, the garbage-collected
//! heap.
//!
//! **Problem.** Several tiers and the host work on the same objects, at full speed and through
//! raw pointers, while the host side wants ordinary Rust. **Idea.** [`layout`] tells once, in
//! `repr(C)`, what guest code reads. Around it, a [`StoreCore`] owns everything that the guest
//! code of one store can reach, in arenas whose items never move and are freed together; what
//! guest code does not do inline it does through [`builtins`], which every tier calls.
//!
//! **Invariants.**
//! - An item of an arena is only ever seen as `&T`, never as `&mut T`: whatever changes is in a
//!   cell. So the host may hold a [`Memory`] while guest code writes its definition.
//! - A store is used by one thread at a time (`Send`, not `Sync`). Only the atomics of an
//!   [`ExecContext`] and a [`SharedMemory`] are touched by several.
//! - Guest memory is never a `&[u8]`: other threads may write shared ones, guest code all.
//! - Slots that enter through safe functions (the value of a global, a root, a segment) are of the
//!   declared type and of this store: the embedding API checks that at its border, once.
//! - References into the heap are valid until the next allocation. Whoever keeps one longer
//!   keeps it where the collector looks (see [`gc`]).
//! - Type ids mean the same in all stores of an engine, and a store keeps alive the types of
//!   every module that it ever instantiated ([`types`]).
//!
//! **Doors.** `sys` is the only place that knows the operating system; without feature
//! `std` its twin needs nothing but an allocator.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod arena;
pub mod builtins;
pub mod gc;
mod global;
mod instance;
pub mod layout;
mod limits;
mod memory;
#[cfg(target_pointer_width = "64")]
pub mod offsets;
mod roots;
mod sample;
mod shared;
mod slots;
mod store;
pub mod sync;
mod sys;
mod table;
pub mod types;
mod walk;

pub use gc::GcRef;
pub use global::Global;
pub use instance::{InstanceData, InstanceParts};
pub use layout::*;
pub use limits::{LimitError, Limiter, StoreConfig, StoreLimits};
pub use memory::{EMPTY_MEMORY, EmptyMemory, GUARDED_BYTES, Memory, OutOfBounds, is_guarded};
pub use roots::{RootId, Roots};
pub use sample::{Sample, Sampler, sample};
pub use shared::SharedMemory;
pub use slots::Slots;
pub use store::{Codeless, MachineTier, OwnedStore, Pending, StoreCore};
pub use table::Table;
pub use types::{ModuleTypes, TypeInfo, TypeRegistry, TypeTable};
pub use walk::{FrameTier, Frames, RawFrame, Trace, Walk, backtrace, caller_instance};
