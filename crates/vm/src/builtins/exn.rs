//! Exceptions.

use super::store;
use crate::GcRef;
use crate::layout::{Instance, TagDef};
use tierra_core::Trap;
use tierra_core::index::TagIdx;

/// Makes the exception that `throw` throws; `args` are the slots of its payload.
///
/// # Errors
/// When the heap is full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn exn_new(vm: *mut Instance, tag: TagIdx, args: *const u64) -> Result<u64, Trap> {
    // SAFETY: the caller's.
    unsafe {
        Ok(store(vm)
            .new_exn(*(*vm).tags.add(tag.index()), args)?
            .slot())
    }
}

/// The tag of an exception, which is not null.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn exn_tag(vm: *mut Instance, exception: u64) -> *const TagDef {
    // SAFETY: the caller's.
    unsafe { store(vm).exn_tag(GcRef::from_slot(exception)) }
}

/// Writes the payload of an exception, which is not null, to `out`.
///
/// # Safety
/// See [`crate::builtins`]; `out` has room for the payload.
pub unsafe fn exn_fields(vm: *mut Instance, exception: u64, out: *mut u64) {
    // SAFETY: the caller's.
    unsafe { store(vm).exn_fields(GcRef::from_slot(exception), out) };
}
