//! Waiting and notifying. Addresses have the instruction's offset added to them.

use super::data;
use crate::layout::Instance;
use crate::shared::check_atomic;
use tierra_core::Trap;
use tierra_core::index::MemoryIdx;

/// `memory.atomic.wait32`; see [`SharedMemory::wait64`](crate::SharedMemory::wait64).
///
/// # Errors
/// When the address is not good, the memory is not shared, or the context has to stop.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn atomic_wait32(
    vm: *mut Instance,
    memory: MemoryIdx,
    address: u64,
    expected: u32,
    timeout_ns: i64,
) -> Result<u32, Trap> {
    // SAFETY: the caller's.
    let (memory, exec) = unsafe { (data(vm).memory(memory), &*(*vm).exec) };
    check_atomic(memory.len(), address, 4)?;
    let shared = memory.as_shared().ok_or(Trap::ExpectedSharedMemory)?;
    shared.wait32(exec, address, expected, timeout_ns)
}

/// `memory.atomic.wait64`; see [`SharedMemory::wait64`](crate::SharedMemory::wait64).
///
/// # Errors
/// As [`atomic_wait32`].
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn atomic_wait64(
    vm: *mut Instance,
    memory: MemoryIdx,
    address: u64,
    expected: u64,
    timeout_ns: i64,
) -> Result<u32, Trap> {
    // SAFETY: the caller's.
    let (memory, exec) = unsafe { (data(vm).memory(memory), &*(*vm).exec) };
    check_atomic(memory.len(), address, 8)?;
    let shared = memory.as_shared().ok_or(Trap::ExpectedSharedMemory)?;
    shared.wait64(exec, address, expected, timeout_ns)
}

/// `memory.atomic.notify`: how many waiters were woken. Nobody waits on a memory that is not
/// shared.
///
/// # Errors
/// When the address is not good.
///
/// # Safety
/// See [`crate::builtins`].
pub unsafe fn atomic_notify(
    vm: *mut Instance,
    memory: MemoryIdx,
    address: u64,
    count: u32,
) -> Result<u32, Trap> {
    // SAFETY: the caller's.
    let memory = unsafe { data(vm) }.memory(memory);
    check_atomic(memory.len(), address, 4)?;
    memory
        .as_shared()
        .map_or(Ok(0), |shared| shared.notify(address, count))
}
