//! Table instructions.

use super::{data, store};
use crate::layout::Instance;
use tierra_core::Trap;
use tierra_core::index::{ElemIdx, TableIdx};

/// `table.get`
///
/// # Errors
/// When the index is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn table_get(vm: *mut Instance, table: TableIdx, index: u64) -> Result<u64, Trap> {
    // SAFETY: the caller's.
    unsafe { data(vm) }
        .table(table)
        .get(index)
        .ok_or(Trap::TableOutOfBounds)
}

/// `table.set`
///
/// # Errors
/// When the index is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn table_set(
    vm: *mut Instance,
    table: TableIdx,
    index: u64,
    value: u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe { data(vm).table(table).set(index, value) }.ok_or(Trap::TableOutOfBounds)
}

/// `table.size`
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn table_size(vm: *mut Instance, table: TableIdx) -> u64 {
    // SAFETY: the caller's.
    unsafe { data(vm) }.table(table).len()
}

/// `table.grow`: the length before, or `u64::MAX` if it can't grow; callers truncate for a table
/// with 32-bit indices.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn table_grow(vm: *mut Instance, table: TableIdx, delta: u64, init: u64) -> u64 {
    // SAFETY: the caller's; the table belongs to the store.
    unsafe { store(vm).grow_table(data(vm).table(table), delta, init) }.unwrap_or(u64::MAX)
}

/// `table.fill`
///
/// # Errors
/// When the range is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn table_fill(
    vm: *mut Instance,
    table: TableIdx,
    to: u64,
    value: u64,
    len: u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe { data(vm).table(table).fill(to, value, len) }.ok_or(Trap::TableOutOfBounds)
}

/// `table.copy`
///
/// # Errors
/// When a range is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn table_copy(
    vm: *mut Instance,
    to_table: TableIdx,
    from_table: TableIdx,
    to: u64,
    from: u64,
    len: u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    let data = unsafe { data(vm) };
    // SAFETY: validation has made sure that the elements match.
    unsafe {
        data.table(to_table)
            .copy(to, data.table(from_table), from, len)
    }
    .ok_or(Trap::TableOutOfBounds)
}

/// `table.init`
///
/// # Errors
/// When a range is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn table_init(
    vm: *mut Instance,
    table: TableIdx,
    segment: ElemIdx,
    to: u64,
    from: u32,
    len: u32,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    let data = unsafe { data(vm) };
    let table = data.table(table);
    let (from, len) = (u64::from(from), u64::from(len));
    let fits = to.checked_add(len).is_some_and(|end| end <= table.len());
    if !fits || from + len > data.elem_len(segment) {
        return Err(Trap::TableOutOfBounds);
    }
    for i in 0..len {
        let value = data.elem(segment, (from + i) as usize);
        // SAFETY: validation has made sure that the elements match.
        unsafe { table.set(to + i, value) }.expect("bounds were checked");
    }
    Ok(())
}

/// `elem.drop`
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn elem_drop(vm: *mut Instance, segment: ElemIdx) {
    // SAFETY: the caller's.
    unsafe { data(vm) }.drop_elem(segment);
}
