//! Stores, linking, instantiation, host functions, limits: the embedding API.
//!
//! An [`Engine`] has a [`Config`]. A [`Module`] is validated code of an engine. A [`Store`] is
//! where modules become [`Instance`]s, which refer to each other's functions, memories, tables,
//! globals and tags through small handles; a [`Linker`] finds imports by name. Host functions
//! are closures that get a [`Caller`]. Whatever goes wrong is an [`Error`].
//!
//! This crate is `no_std + alloc`. With feature `std`, panics of host functions are caught at
//! the border and go on above the guest, modules are validated in parallel, and stores have
//! deadlines.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "compiler")]
mod artifact;
mod backtrace;
mod caller;
mod config;
mod const_eval;
mod context;
#[cfg(feature = "std")]
mod deadline;
#[cfg(feature = "dwarf")]
mod dwarf;
#[cfg(all(feature = "compiler", not(feature = "dwarf")))]
#[path = "dwarf_disabled.rs"]
mod dwarf;
mod engine;
mod error;
#[cfg(feature = "compiler")]
mod explain;
mod externs;
mod func;
mod global;
mod instance;
mod instantiate;
mod interrupt;
mod linker;
mod memory;
mod module;
mod refs;
mod sample;
mod store;
mod table;
mod tag;
mod types;
mod value;

#[cfg(feature = "compiler")]
pub use artifact::is_precompiled;
pub use backtrace::{Backtrace, Frame};
pub use caller::Caller;
pub use config::{Config, OptLevel, Tier};
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
#[cfg(feature = "dwarf")]
pub use dwarf::SourceLocation;
pub use engine::Engine;
pub use error::{Context, Error, Exit, Result};
#[cfg(feature = "compiler")]
pub use explain::ExplainedFunction;
pub use externs::Extern;
pub use func::{Func, IntoFunc, TypedFunc, WasmRet, WasmTy, WasmValues};
pub use global::Global;
pub use instance::{Export, Instance};
pub use interrupt::InterruptHandle;
pub use linker::{InstancePre, Linker};
pub use memory::{Memory, SharedMemory, memory_type};
pub use module::Module;
pub use refs::{
    AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, I31, OwnedRooted, Reference, RootScope, StructRef,
};
pub use sample::Sample;
pub use store::{ResourceLimiter, Store};
pub use table::Table;
pub use tag::Tag;
/// Where compiled code is kept, for [`Config::cache`].
#[cfg(feature = "compiler")]
pub use tierra_cache as cache;
pub use tierra_core::{Features, Trap, V128};
#[cfg(feature = "compiler")]
pub use tierra_engine::{Compiled, Made, Sink, Stress, TierEvent, TierStats, Tiering};
pub use tierra_module::ModuleError;
pub use tierra_vm::StoreLimits;
pub use types::{
    DefinedType, ExportType, ExternType, FieldType, FuncType, GlobalType, HeapType, ImportType,
    Limits, MemoryType, RefType, StorageType, TableType, ValType,
};
pub use value::Val;
