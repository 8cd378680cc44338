//! The intermediate representation: functions in SSA form, with block parameters.
//!
//! A [`Function`] is a handful of arrays indexed by typed `u32` ids. It knows nothing of any
//! machine and nothing of WebAssembly but the numeric operators, which are those of
//! [`tierra_core::op`]: whoever wants `i32.add` finds it under that name, with its meaning in
//! [`tierra_core::sem`].
//!
//! | module | its job |
//! |---|---|
//! | [`entity`] | the ids |
//! | [`types`] | types, signatures, calling conventions by name |
//! | [`op`] | the operators, generated from the tables of `tierra-core` |
//! | [`inst`] | instructions and what they do |
//! | [`function`] | the function: values, blocks, layout |
//! | [`builder`] | writing a function, with variables that become SSA values |
//! | [`flow`] | order, dominators, loops and frequencies of blocks |
//! | [`clean`] | taking away what has no effect |
//! | [`edges`] | splitting critical edges |
//! | [`eval`] | running a function |
//! | `generate` | random functions, with the feature of the same name |
//! | [`text`] | printing and parsing |
//! | [`mod@verify`] | whether a function is what it should be |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod builder;
pub mod clean;
pub mod edges;
pub mod entity;
pub mod eval;
pub mod flow;
pub mod function;
#[cfg(feature = "generate")]
pub mod generate;
pub mod inst;
pub mod op;
pub mod text;
pub mod types;
pub mod verify;

pub use builder::{Builder, Variable};
pub use clean::Cleaner;
pub use edges::split_critical_edges;
pub use entity::{Block, Constant, Inst, Loop, SigRef, Slot, Symbol, Value};
pub use flow::{Edge, Flow};
pub use function::{Function, Inlined, StackLimit, Target, Targets, ValueDef, ValueList};
pub use inst::{Access, AliasClass, Callee, Effects, InstData, MemFlags, RmwOp};
pub use op::{BinaryOp, CompareOp, LaneOp, UnaryOp, VectorOp, WideOp};
pub use text::{ParseError, parse};
pub use types::{CallConv, Signature, Type};
pub use verify::{VerifyError, verify};
