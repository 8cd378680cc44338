//! Memory instructions.

use super::{data, store};
use crate::layout::Instance;
use tierra_core::Trap;
use tierra_core::index::{DataIdx, MemoryIdx};

/// `memory.size`, in pages.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn memory_size(vm: *mut Instance, memory: MemoryIdx) -> u64 {
    // SAFETY: the caller's.
    unsafe { data(vm) }.memory(memory).pages()
}

/// `memory.grow`: the pages before, or `u64::MAX` if it can't grow; callers truncate for a
/// memory with 32-bit addresses.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn memory_grow(vm: *mut Instance, memory: MemoryIdx, delta: u64) -> u64 {
    // SAFETY: the caller's; the memory belongs to the store.
    unsafe { store(vm).grow_memory(data(vm).memory(memory), delta) }.unwrap_or(u64::MAX)
}

/// `memory.fill`
///
/// # Errors
/// When the range is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn memory_fill(
    vm: *mut Instance,
    memory: MemoryIdx,
    to: u64,
    byte: u32,
    len: u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    let memory = unsafe { data(vm) }.memory(memory);
    let at = memory.check_u64(to, len)?;
    // SAFETY: within bounds as just checked.
    unsafe {
        memory
            .data_ptr()
            .add(at)
            .write_bytes(byte as u8, len as usize)
    };
    Ok(())
}

/// `memory.copy`
///
/// # Errors
/// When a range is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn memory_copy(
    vm: *mut Instance,
    to_memory: MemoryIdx,
    from_memory: MemoryIdx,
    to: u64,
    from: u64,
    len: u64,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    let data = unsafe { data(vm) };
    let (target, source) = (data.memory(to_memory), data.memory(from_memory));
    let from = source.check_u64(from, len)?;
    let to = target.check_u64(to, len)?;
    // SAFETY: within bounds as just checked; the ranges may overlap.
    unsafe {
        source
            .data_ptr()
            .add(from)
            .copy_to(target.data_ptr().add(to), len as usize)
    };
    Ok(())
}

/// `memory.init`
///
/// # Errors
/// When a range is out of bounds.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn memory_init(
    vm: *mut Instance,
    memory: MemoryIdx,
    segment: DataIdx,
    to: u64,
    from: u32,
    len: u32,
) -> Result<(), Trap> {
    // SAFETY: the caller's.
    let data = unsafe { data(vm) };
    let bytes = data.data(segment);
    let from = crate::memory::check(bytes.len(), from.into(), len.into())?;
    data.memory(memory)
        .write(to, &bytes[from..from + len as usize])?;
    Ok(())
}

/// `data.drop`
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn data_drop(vm: *mut Instance, segment: DataIdx) {
    // SAFETY: the caller's.
    unsafe { data(vm) }.drop_data(segment);
}
