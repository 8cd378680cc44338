//! Entering machine code from Rust.
//!
//! Machine code, and the host functions that it calls, run on a stack of their own, whose end is
//! known: guests are as deep as their limit allows whatever thread they run on. The outermost
//! entry changes stacks.

use crate::unwind::MachineFrames;
use core::arch::naked_asm;
use core::cell::Cell;
use core::ptr::{null, null_mut};
use core::sync::atomic::Ordering;
use tierra_core::Trap;
use tierra_vm::{Activation, ExecContext, FuncRecord, Instance, MachineExit, Pending, Status};

/// What host functions may use of the stack beyond the guest's limit, in bytes.
pub const HEAD_ROOM: usize = 1 << 20;

/// See [`tierra_vm::EnterMachine`].
///
/// # Safety
/// As there; the record has machine code.
pub unsafe extern "C" fn enter(
    exec: *const ExecContext,
    instance: *mut Instance,
    slots: *mut u64,
    record: *const FuncRecord,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let exec = &*exec;
        let here = (&raw const record) as usize;
        let stack = exec.native_stack.get();
        let outermost = !(stack.0..stack.1).contains(&here);
        if !outermost && here < exec.native_limit.get() {
            exec.store().as_mut().pending = Pending::Trap(Trap::StackOverflow);
            return Status::Trap;
        }
        let activation = Activation {
            previous: exec.activation.get(),
            tier: &MachineFrames,
            entry_sp: slots,
            exit_ip: Cell::new(null()),
            exit_sp: Cell::new(null_mut()),
            exit_instance: Cell::new(null_mut()),
            outer_exit: exec.machine_exit.get(),
        };
        exec.activation.set((&raw const activation).cast_mut());
        exec.machine_exit.set(MachineExit { fp: 0, pc: 0 });
        let adapter = (*record).machine_adapter.load(Ordering::Acquire);
        let entry = (*record).machine_entry.load(Ordering::Acquire);
        let stack = if outermost { stack.1 } else { 0 };
        let status = call_on(exec, instance, slots, entry, adapter, stack);
        exec.activation.set(activation.previous);
        exec.machine_exit.set(activation.outer_exit);
        status
    }
}

/// Calls an entry adapter with the first four arguments, on another stack if its end is given.
/// Unwinders are told how to get back.
///
/// # Safety
/// The adapter is one of the function's type; the stack is not in use.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn call_on(
    exec: *const ExecContext,
    instance: *mut Instance,
    slots: *mut u64,
    entry: *const u8,
    adapter: *const u8,
    stack: usize,
) -> Status {
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "test r9, r9",
        "cmovnz rsp, r9",
        "call r8",
        "mov rsp, rbp",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
    )
}
