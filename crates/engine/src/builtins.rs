//! What machine code calls: the builtins of `tierra-vm` and the few that only machine code needs,
//! in one table of pointers.

use crate::{tier, unwind};
use core::sync::atomic::Ordering;
use tierra_core::Trap;
use tierra_vm::builtins::{Builtin, Operands, Operation, operation};
use tierra_vm::{ExecContext, FuncRecord, FuncRef, GcRef, Instance, Pending, Status, reason};

/// Builtins that only machine code needs. They come behind [`Builtin`] in the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Special {
    /// The trap of the place where the caller stands.
    Trap,
    /// Something wants the guest to stop, or its stack is used up.
    Poll,
    /// A call of a function without machine code.
    CallSlots,
    /// A function's budget is used up.
    Tier,
    /// A function is called for the first time.
    Lazy,
}

impl Special {
    /// The index in the table.
    pub const fn index(self) -> usize {
        Builtin::Throw as usize + 1 + self as usize
    }
}

/// A pointer to a builtin, whatever its arguments.
#[repr(transparent)]
pub struct Pointer(*const ());

// SAFETY: it points to code.
unsafe impl Sync for Pointer {}

macro_rules! table {
    ($($name:ident)*) => {
        /// By [`Builtin`], then [`Special`].
        pub static TABLE: &[Pointer] = &[
            $(Pointer(returning::<operation::$name> as *const ()),)*
            Pointer(throw as *const ()),
            Pointer(trap as *const ()),
            Pointer(poll as *const ()),
            Pointer(call_slots as *const ()),
            Pointer(tier::builtins::budget_used_up as *const ()),
            Pointer(tier::builtins::first_call as *const ()),
        ];
    };
}
tierra_vm::for_each_builtin!(table);

const _: () = assert!(TABLE.len() == Special::Lazy.index() + 1);
const _: () = assert!(Builtin::RETURNING.len() == Builtin::Throw as usize);

/// The context of running code.
pub unsafe fn context<'a>(vm: *mut Instance) -> &'a ExecContext {
    // SAFETY: the caller's: the instance runs, so its context is alive.
    unsafe { &*(*vm).exec }
}

/// # Safety
/// Called by machine code whose instance is `vm`, with what the row of the builtin says.
unsafe extern "C" fn returning<B: Operation>(
    vm: *mut Instance,
    at: *mut u64,
    a: u32,
    b: u32,
    c: u64,
) {
    // SAFETY: the caller's.
    unsafe {
        if let Err(trap) = B::call(Operands { vm, at, a, b, c }) {
            raise(context(vm), trap);
        }
    }
}

/// Ends the run of the innermost machine activation with a trap.
#[cold]
unsafe fn raise(exec: &ExecContext, trap: Trap) {
    // SAFETY: the store runs on this thread, and machine code has left to Rust.
    unsafe {
        if trap == Trap::Interrupted {
            // A builtin may have found the reason itself: it has had its effect.
            exec.reasons.fetch_and(!reason::INTERRUPT, Ordering::SeqCst);
            exec.install_limits();
        }
        trace(exec);
        exec.store().as_mut().pending = Pending::Trap(trap);
        unwind::to_entry(exec, Status::Trap);
    }
}

/// Keeps the frames of a trap, unless an activation above has done so: it saw more of them.
unsafe fn trace(exec: &ExecContext) {
    // SAFETY: the caller's: the store runs on this thread, and machine code has left to Rust.
    unsafe {
        let store = exec.store().as_mut();
        if store.trace.frames.is_empty() {
            store.trace = tierra_vm::backtrace(exec);
        }
    }
}

/// # Safety
/// As [`returning`]: `at` is the exception.
unsafe extern "C" fn throw(vm: *mut Instance, at: *mut u64) {
    // SAFETY: the caller's.
    unsafe {
        let exec = context(vm);
        let exn = *at as u32;
        if exn == 0 {
            raise(exec, Trap::NullExceptionReference);
        } else {
            exec.store().as_mut().pending = Pending::Throw(GcRef(exn));
            unwind::throw(exec);
        }
    }
}

/// # Safety
/// Called by the trap stub.
unsafe extern "C" fn trap(vm: *mut Instance) {
    // SAFETY: the caller's.
    unsafe {
        let exec = context(vm);
        let code = unwind::trap_code(exec.machine_exit.get().pc);
        let trap = code.and_then(Trap::from_code);
        raise(
            exec,
            trap.expect("a place that traps has a row that says how"),
        );
    }
}

/// # Safety
/// Called by the stubs of polls; `entry` is not 0 if it is a function's stack check.
unsafe extern "C" fn poll(vm: *mut Instance, entry: u32) {
    // SAFETY: the caller's.
    unsafe {
        let exec = context(vm);
        let reasons = exec.take_reasons();
        if reasons & reason::PROCESS_ENDED != 0 {
            raise(exec, Trap::ProcessEnded);
        } else if reasons & reason::INTERRUPT != 0 {
            raise(exec, Trap::Interrupted);
        } else {
            if reasons & reason::SAMPLE != 0 {
                tierra_vm::sample(exec);
            }
            if entry != 0 && unwind::is_full(exec) {
                raise(exec, Trap::StackOverflow);
            }
        }
    }
}

/// Calls a host function, or one that the interpreter runs.
///
/// # Safety
/// Called by an adapter for functions of the record's type: `slots` are the arguments.
unsafe extern "C" fn call_slots(vm: *mut Instance, slots: *mut u64, record: *const FuncRecord) {
    // SAFETY: the caller's.
    unsafe {
        let exec = context(vm);
        let status = match (*record).host {
            Some(host) => host(exec, vm, slots),
            None if unwind::is_outermost(exec) => leave_by_tail_call(exec, vm, slots, record),
            None => interpret(exec, vm, slots, record),
        };
        leave(exec, status);
    }
}

/// See [`tierra_vm::LeaveMachine`].
///
/// # Safety
/// As there: machine code has left to Rust, which is about to return to it.
pub unsafe extern "C" fn leave(exec: *const ExecContext, status: Status) {
    // SAFETY: the caller's.
    unsafe {
        let exec = &*exec;
        if status == Status::Trap {
            trace(exec);
        }
        match status {
            Status::Done => {}
            Status::Throw => unwind::throw(exec),
            status => unwind::to_entry(exec, status),
        }
    }
}

/// Whether the interpreter's stack has room for a function's parameters and results.
unsafe fn has_room(exec: &ExecContext, at: *mut u64, record: *const FuncRecord) -> bool {
    // SAFETY: the caller's.
    let slots = unsafe { (*record).param_slots.max((*record).result_slots) };
    let room = (exec.interp_stack.get().1 as usize).saturating_sub(at as usize) / 8;
    if room < slots as usize {
        // SAFETY: the store runs on this thread.
        unsafe { exec.store().as_mut() }.pending = Pending::Trap(Trap::StackOverflow);
        return false;
    }
    true
}

/// The adapter stands in place of the function that Rust entered: Rust goes on with the one that
/// the interpreter runs.
unsafe fn leave_by_tail_call(
    exec: &ExecContext,
    vm: *mut Instance,
    slots: *mut u64,
    record: *const FuncRecord,
) -> Status {
    // SAFETY: the caller's; the entry's slots are the topmost ones of the interpreter's stack.
    unsafe {
        let to = (*exec.activation.get()).entry_sp;
        if !has_room(exec, to, record) {
            return Status::Trap;
        }
        to.copy_from_nonoverlapping(slots, (*record).param_slots as usize);
    }
    exec.tail_call.set((record, vm));
    Status::TailCall
}

unsafe fn interpret(
    exec: &ExecContext,
    vm: *mut Instance,
    slots: *mut u64,
    record: *const FuncRecord,
) -> Status {
    // SAFETY: the caller's; the interpreter's stack is checked before it is written.
    unsafe {
        let top = exec.interp_top.get();
        if !has_room(exec, top, record) {
            return Status::Trap;
        }
        top.copy_from_nonoverlapping(slots, (*record).param_slots as usize);
        let func = FuncRef {
            record,
            instance: vm,
            type_id: tierra_vm::NO_TYPE,
            heap_index: core::cell::Cell::new(0),
        };
        let status = tierra_interp::call(exec, &func);
        if status == Status::Done {
            slots.copy_from_nonoverlapping(top, (*record).result_slots as usize);
        }
        status
    }
}
