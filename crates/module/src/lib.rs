//! Bytes to a validated [`Module`].
//!
//! `wasmparser` reads the sections and validates; what the rest of the engine needs is kept in
//! index spaces of our own ([`tierra_core::types`]), bodies stay byte ranges that a tier reads
//! when it needs them. Nothing here knows of engines, stores or instances.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod bodies;
mod const_expr;
mod convert;
mod error;
mod lazy;
mod long;
mod module;
mod names;
mod parse;
#[cfg(feature = "fast-validation")]
mod validate;
#[cfg(not(feature = "fast-validation"))]
#[path = "validate_disabled.rs"]
mod validate;

pub use bodies::{BodySpace, BodyValidator, Executor, Sequential, Unvalidated, Verdict};
pub use const_expr::{ConstExpr, ConstOp};
pub use convert::{heap_type, ref_type, val_type, wasmparser_features};
pub use error::ModuleError;
pub use module::{
    Body, Bytes, DataSegment, ElemItems, ElemSegment, Export, ExportItem, Global, Import, Module,
    SegmentMode, Table,
};

/// Bytes of a module from bytes or text: text is translated when the `text` feature is on.
///
/// # Errors
/// When the text is not a module; the message shows the line.
#[cfg(feature = "text")]
pub fn text_to_bytes(source: &[u8]) -> Result<alloc::borrow::Cow<'_, [u8]>, ModuleError> {
    wat::parse_bytes(source)
        .map_err(|e| ModuleError::malformed(alloc::string::ToString::to_string(&e), None))
}
