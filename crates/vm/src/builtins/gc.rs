//! Structures and arrays. Values are passed by pointer, since a vector takes two slots.

use super::{data, store, type_id};
use crate::GcRef;
use crate::layout::Instance;
use tierra_core::Trap;
use tierra_core::index::{DataIdx, ElemIdx, TypeIdx};

type Slot = Result<u64, Trap>;

/// `struct.new`: `fields` are the slots of all fields.
///
/// # Errors
/// When the heap is full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn struct_new(vm: *mut Instance, ty: TypeIdx, fields: *const u64) -> Slot {
    // SAFETY: the caller's.
    unsafe { Ok(store(vm).new_struct(type_id(vm, ty), fields)?.slot()) }
}

/// `struct.new_default`
///
/// # Errors
/// When the heap is full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn struct_new_default(vm: *mut Instance, ty: TypeIdx) -> Slot {
    // SAFETY: the caller's.
    unsafe { Ok(store(vm).new_struct_default(type_id(vm, ty))?.slot()) }
}

/// `struct.get`, `struct.get_s` and `struct.get_u`: the value is written to `out`.
///
/// # Errors
/// When the reference is null.
///
/// # Safety
/// See [`crate::builtins`]; `out` has room for the value.
pub unsafe fn struct_get(
    vm: *mut Instance,
    ty: TypeIdx,
    field: u32,
    signed: bool,
    object: u64,
    out: *mut u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe {
        store(vm).struct_get(
            type_id(vm, ty),
            field,
            signed,
            GcRef::from_slot(object),
            out,
        )
    }
}

/// `struct.set`
///
/// # Errors
/// When the reference is null.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn struct_set(
    vm: *mut Instance,
    ty: TypeIdx,
    field: u32,
    object: u64,
    value: *const u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe { store(vm).struct_set(type_id(vm, ty), field, GcRef::from_slot(object), value) }
}

/// `array.new`
///
/// # Errors
/// When the array is too large or the heap full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_new(vm: *mut Instance, ty: TypeIdx, init: *const u64, len: u32) -> Slot {
    // SAFETY: the caller's.
    unsafe { Ok(store(vm).new_array(type_id(vm, ty), init, len)?.slot()) }
}

/// `array.new_default`
///
/// # Errors
/// When the array is too large or the heap full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_new_default(vm: *mut Instance, ty: TypeIdx, len: u32) -> Slot {
    // SAFETY: the caller's.
    unsafe { Ok(store(vm).new_array_default(type_id(vm, ty), len)?.slot()) }
}

/// `array.new_fixed`: `values` are the slots of all elements.
///
/// # Errors
/// When the array is too large or the heap full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_new_fixed(
    vm: *mut Instance,
    ty: TypeIdx,
    values: *const u64,
    len: u32,
) -> Slot {
    // SAFETY: the caller's.
    unsafe {
        Ok(store(vm)
            .new_array_fixed(type_id(vm, ty), values, len)?
            .slot())
    }
}

/// `array.new_data`
///
/// # Errors
/// When the segment is too short, the array too large or the heap full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_new_data(
    vm: *mut Instance,
    ty: TypeIdx,
    segment: DataIdx,
    offset: u32,
    len: u32,
) -> Slot {
    // SAFETY: the caller's.
    unsafe {
        Ok(store(vm)
            .new_array_data(type_id(vm, ty), data(vm), segment, offset, len)?
            .slot())
    }
}

/// `array.new_elem`
///
/// # Errors
/// When the segment is too short, the array too large or the heap full.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_new_elem(
    vm: *mut Instance,
    ty: TypeIdx,
    segment: ElemIdx,
    offset: u32,
    len: u32,
) -> Slot {
    // SAFETY: the caller's.
    unsafe {
        Ok(store(vm)
            .new_array_elem(type_id(vm, ty), data(vm), segment, offset, len)?
            .slot())
    }
}

/// `array.get`, `array.get_s` and `array.get_u`: the value is written to `out`.
///
/// # Errors
/// When the reference is null or the index out of bounds.
///
/// # Safety
/// See [`crate::builtins`]; `out` has room for the value.
pub unsafe fn array_get(
    vm: *mut Instance,
    ty: TypeIdx,
    signed: bool,
    array: u64,
    index: u32,
    out: *mut u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe { store(vm).array_get(type_id(vm, ty), signed, GcRef::from_slot(array), index, out) }
}

/// `array.set`
///
/// # Errors
/// When the reference is null or the index out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_set(
    vm: *mut Instance,
    ty: TypeIdx,
    array: u64,
    index: u32,
    value: *const u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe { store(vm).array_set(type_id(vm, ty), GcRef::from_slot(array), index, value) }
}

/// `array.len`
///
/// # Errors
/// When the reference is null.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_len(vm: *mut Instance, array: u64) -> Result<u32, Trap> {
    // SAFETY: the caller's.
    unsafe { store(vm).array_len(GcRef::from_slot(array)) }
}

/// `array.fill`
///
/// # Errors
/// When the reference is null or the range out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_fill(
    vm: *mut Instance,
    ty: TypeIdx,
    array: u64,
    index: u32,
    value: *const u64,
    len: u32,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe { store(vm).array_fill(type_id(vm, ty), GcRef::from_slot(array), index, value, len) }
}

/// `array.copy`
///
/// # Errors
/// When a reference is null or a range out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
#[allow(clippy::too_many_arguments, reason = "the instruction's operands")]
pub unsafe fn array_copy(
    vm: *mut Instance,
    to_ty: TypeIdx,
    _from_ty: TypeIdx,
    to: u64,
    to_index: u32,
    from: u64,
    from_index: u32,
    len: u32,
) -> Result<(), Trap> {
    let (to, from) = (GcRef::from_slot(to), GcRef::from_slot(from));
    // SAFETY: the caller's.
    unsafe { store(vm).array_copy(type_id(vm, to_ty), to, to_index, from, from_index, len) }
}

/// `array.init_data`
///
/// # Errors
/// When the reference is null or a range out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_init_data(
    vm: *mut Instance,
    ty: TypeIdx,
    segment: DataIdx,
    array: u64,
    index: u32,
    offset: u32,
    len: u32,
) -> Result<(), Trap> {
    let array = GcRef::from_slot(array);
    // SAFETY: the caller's.
    unsafe {
        store(vm).array_init_data(
            type_id(vm, ty),
            data(vm),
            segment,
            array,
            index,
            offset,
            len,
        )
    }
}

/// `array.init_elem`
///
/// # Errors
/// When the reference is null or a range out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn array_init_elem(
    vm: *mut Instance,
    ty: TypeIdx,
    segment: ElemIdx,
    array: u64,
    index: u32,
    offset: u32,
    len: u32,
) -> Result<(), Trap> {
    let array = GcRef::from_slot(array);
    // SAFETY: the caller's.
    unsafe {
        store(vm).array_init_elem(
            type_id(vm, ty),
            data(vm),
            segment,
            array,
            index,
            offset,
            len,
        )
    }
}
