//! References to functions, and tests of types.

use super::{store, type_id};
use crate::layout::{FuncRef, Instance};
use tierra_core::index::{FuncIdx, TypeId, TypeIdx};
use tierra_core::types::{RefKind, RefType};

/// `ref.func`
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn ref_func(vm: *mut Instance, func: FuncIdx) -> u64 {
    // SAFETY: the caller's.
    unsafe { *(*vm).funcs.add(func.index()) as u64 }
}

/// `ref.test`: whether a reference is of the type. `kind` is that of the type's hierarchy.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn ref_test(vm: *mut Instance, value: u64, to: RefType<TypeIdx>, kind: RefKind) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let to = to.map(&mut |ty| type_id(vm, ty));
        store(vm).ref_matches(value, to, kind)
    }
}

/// Whether a canonical type is `wanted` or below it: what `call_indirect` asks when the ids
/// differ. [`crate::NO_TYPE`] is below nothing.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn is_subtype(vm: *mut Instance, actual: TypeId, wanted: TypeId) -> bool {
    // SAFETY: the caller's.
    actual != crate::NO_TYPE && unsafe { store(vm) }.type_table().is_subtype(actual, wanted)
}

/// The index by which objects of the heap name a function reference, which is null or one of
/// the store: for code that writes fields inline.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn func_to_heap(vm: *mut Instance, func: u64) -> u32 {
    // SAFETY: the caller's.
    unsafe { store(vm).func_index(func as *const FuncRef) }
}

/// The function reference that objects of the heap name by an index: for code that reads fields
/// inline.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn func_from_heap(vm: *mut Instance, index: u32) -> u64 {
    // SAFETY: the caller's.
    unsafe { store(vm) }.func_at(index) as u64
}
