//! Entering the interpreter from Rust, and what it calls back for off the hot path.

use crate::code::{ExitCode, FRAME_HEADER, Header, ModuleCode, untranslated};
use crate::dispatch::{self, Regs, Stop};
use crate::walk;
use alloc::boxed::Box;
use core::cell::Cell;
use core::sync::atomic::Ordering;
use tierra_core::Trap;
use tierra_core::index::TypeId;
use tierra_vm::{
    Activation, ExecContext, FuncRecord, FuncRef, Instance, Pending, Slots, Status, TableFunc,
    builtins, reason,
};

/// Memory for an interpreter's stack.
pub struct Stack {
    slots: Slots,
    exit: Box<ExitCode>,
}

impl Stack {
    /// A stack of this many slots of 8 bytes; the operating system gives memory to the part that
    /// is used.
    pub fn new(slots: usize) -> Self {
        // A stack of 4 GiB would satisfy the frame size that marks missing code. One slot, the
        // last, is for the address of the exit code.
        Self {
            slots: Slots::new(slots.min((1 << 29) - 1)),
            exit: ExitCode::new(),
        }
    }

    /// Makes a context run on this stack, which must outlive its use there.
    pub fn install(&mut self, exec: &ExecContext) {
        let (start, end) = self.slots.range();
        // SAFETY: there are at least 64 slots.
        let end = unsafe { end.sub(1) };
        // SAFETY: the last slot, which no frame uses.
        unsafe { *end = self.exit.ip() as u64 };
        exec.interp_stack.set((start, end));
        exec.interp_top.set(start);
        exec.install_limits();
    }
}

/// Calls a function whose parameters the caller has put into the slots at
/// [`ExecContext::interp_top`]; its results are found there.
///
/// # Safety
/// The context has a [`Stack`] and its store is used by this thread only; `func` belongs to the
/// store and the slots have the types of its parameters.
#[inline]
pub unsafe fn call(exec: &ExecContext, func: *const FuncRef) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let slots = exec.interp_top.get();
        let status = call_at(exec, (*func).record, (*func).instance, slots);
        exec.interp_top.set(slots);
        status
    }
}

/// Runs a function, and what it ends with a call of, each on its tier: so a chain of tail calls
/// takes no more stack than its longest link.
pub(crate) unsafe fn call_at(
    exec: &ExecContext,
    mut record: *const FuncRecord,
    mut instance: *mut Instance,
    slots: *mut u64,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        loop {
            let status = if (*record).machine_adapter.load(Ordering::Acquire).is_null()
                && !gets_machine_code(record)
            {
                interpret(exec, record, instance, slots)
            } else {
                let enter = exec.enter_machine.get();
                let enter = enter.expect("a record with machine code is of a store that runs it");
                enter(exec, instance, slots, record)
            };
            if status != Status::TailCall {
                return status;
            }
            (record, instance) = exec.tail_call.get();
        }
    }
}

/// Whether a function without machine code gets some now.
#[inline]
unsafe fn gets_machine_code(record: *const FuncRecord) -> bool {
    // SAFETY: the caller's; a record of guest code is owned by its module's code.
    unsafe {
        let record = &*record;
        let owner = record.owner.cast::<ModuleCode>().as_ref();
        owner.is_some_and(|owner| owner.lazy().is_some() && owner.prepare_machine_code(record))
    }
}

/// One activation of the interpreter.
unsafe fn interpret(
    exec: &ExecContext,
    record: *const FuncRecord,
    instance: *mut Instance,
    slots: *mut u64,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let exit = walk::exit_ip(exec);
        let activation = Activation {
            previous: exec.activation.get(),
            tier: &walk::InterpFrames,
            entry_sp: slots,
            exit_ip: Cell::new(exit),
            exit_sp: Cell::new(slots),
            exit_instance: Cell::new(instance),
            outer_exit: exec.machine_exit.get(),
        };
        exec.activation.set((&raw const activation).cast_mut());
        let status = match start(exec, record, instance, slots, exit) {
            Ok(regs) => finish(exec, dispatch::run(regs)),
            Err(stop) => finish(exec, stop),
        };
        exec.activation.set(activation.previous);
        exec.machine_exit.set(activation.outer_exit);
        status
    }
}

/// The state at the first instruction of a function.
unsafe fn start(
    exec: &ExecContext,
    record: *const FuncRecord,
    instance: *mut Instance,
    sp: *mut u64,
    exit: *const u64,
) -> Result<Regs, Stop> {
    // SAFETY: the caller's; nothing is written before the frame is known to fit.
    unsafe {
        loop {
            let code = (*record).interp_code.load(Ordering::Acquire);
            let header = *code.cast::<Header>();
            let end = sp as usize as u64 + u64::from(header.frame_bytes);
            if end > exec.interp_limit.load(Ordering::Relaxed) as u64 {
                if let Some(stop) = enter_slow(exit, sp, instance, record) {
                    return Err(stop);
                }
                continue;
            }
            let frame = sp.add((*record).param_slots as usize);
            *frame = exit as u64;
            *frame.add(1) = sp as u64;
            *frame.add(2) = instance as u64;
            frame
                .add(FRAME_HEADER)
                .write_bytes(0, header.zeroed_slots as usize);
            let memory = &*(*instance).memory0;
            return Ok(Regs {
                ip: code.add(Header::WORDS),
                sp,
                mem: memory.base,
                len: memory.len.load(Ordering::Relaxed),
                inst: instance,
                acc: 0,
                f32: 0.0,
                f64: 0.0,
            });
        }
    }
}

/// From the interpreter's stop to the status that Rust sees.
unsafe fn finish(exec: &ExecContext, stop: Stop) -> Status {
    // SAFETY: the store is used by this thread only.
    let store = unsafe { exec.store().as_mut() };
    match stop {
        Stop::DONE => Status::Done,
        Stop::THROW => Status::Throw,
        Stop::HOST => Status::Host,
        Stop::TAIL_CALL => Status::TailCall,
        other => {
            let trap = other.as_trap().expect("a stop is one of four things");
            if trap == Trap::Interrupted {
                // A host function may have found the reason itself: it has had its effect.
                exec.reasons.fetch_and(!reason::INTERRUPT, Ordering::SeqCst);
                exec.install_limits();
            }
            // A trace that a nested entry has left shows more of the stack than ours would.
            if store.trace.frames.is_empty() {
                // SAFETY: the interpreter has just left, so the activation tells where it stood.
                store.trace = unsafe { tierra_vm::backtrace(exec) };
            }
            store.pending = Pending::Trap(trap);
            Status::Trap
        }
    }
}

/// Keeps where guest code stands: before anything that may walk the stack.
#[inline(always)]
pub(crate) unsafe fn leave(ip: *const u64, sp: *mut u64, inst: *mut Instance) {
    // SAFETY: an instance that runs has a context with an activation.
    unsafe {
        let activation = &*(*(*inst).exec).activation.get();
        activation.exit_ip.set(ip);
        activation.exit_sp.set(sp);
        activation.exit_instance.set(inst);
    }
}

/// What stands behind an impossible limit: `Ok` if nothing does any more.
///
/// # Safety
/// The instance runs, and the guest has [left](leave).
#[cold]
#[inline(never)]
pub(crate) unsafe fn poll(inst: *mut Instance) -> Result<(), Trap> {
    // SAFETY: the running instance.
    let exec = unsafe { &*(*inst).exec };
    let reasons = exec.take_reasons();
    if reasons & reason::PROCESS_ENDED != 0 {
        Err(Trap::ProcessEnded)
    } else if reasons & reason::INTERRUPT != 0 {
        Err(Trap::Interrupted)
    } else {
        if reasons & reason::SAMPLE != 0 {
            // SAFETY: the caller's: the activation's exit record tells where the guest stands.
            unsafe { tierra_vm::sample(exec) };
        }
        Ok(())
    }
}

/// A frame that didn't fit: untranslated code, an interruption, or the end of the stack. `None`
/// means that the call is to be tried again.
#[cold]
#[inline(never)]
pub(crate) unsafe fn enter_slow(
    after: *const u64,
    sp: *mut u64,
    inst: *mut Instance,
    record: *const FuncRecord,
) -> Option<Stop> {
    // SAFETY: the running instance, and a record of its store.
    unsafe {
        leave(after, sp, inst);
        let exec = &*(*inst).exec;
        if exec.interp_limit.load(Ordering::Relaxed) == 0 {
            return poll(inst).err().map(Stop::trap);
        }
        if (*record).interp_code.load(Ordering::Acquire) != untranslated() {
            return Some(Stop::trap(Trap::StackOverflow));
        }
        let owner = &*(*record).owner.cast::<ModuleCode>();
        match owner.prepare((*record).index) {
            Ok(()) => None,
            Err(error) => {
                let message = alloc::format!("function {}: {error}", (*record).index);
                exec.store().as_mut().pending = Pending::Host(Box::new(message));
                Some(Stop::HOST)
            }
        }
    }
}

/// The rest of the type check of an indirect call whose entry has another type than wanted.
#[cold]
#[inline(never)]
pub(crate) unsafe fn check_indirect(
    inst: *mut Instance,
    entry: &TableFunc,
    wanted: TypeId,
) -> Result<(), Trap> {
    if entry.funcref.is_null() {
        return Err(Trap::UninitializedElement);
    }
    // SAFETY: the running instance.
    if unsafe { builtins::is_subtype(inst, entry.type_id, wanted) } {
        Ok(())
    } else {
        Err(Trap::IndirectCallTypeMismatch)
    }
}

/// Whether a function that another tier runs was called in place of the first frame of its
/// activation, by tail calls: then whoever made the activation goes on with it.
pub(crate) unsafe fn ends_activation(
    inst: *mut Instance,
    return_ip: u64,
    record: *const FuncRecord,
) -> bool {
    // SAFETY: the running instance.
    let exec = unsafe { &*(*inst).exec };
    let ends = return_ip == walk::exit_ip(exec) as u64;
    if ends {
        exec.tail_call.set((record, inst));
    }
    ends
}

/// A function that counts has used up its budget, at its entry or at the head of a loop. If the loop is
/// to go on in machine code, gives the record of that; the state is in the context's buffer then, and
/// nothing may run in between that collects or writes another one.
#[cold]
#[inline(never)]
pub(crate) unsafe fn used_up(
    record: &FuncRecord,
    inst: *mut Instance,
    sp: *mut u64,
    at: Option<u32>,
) -> Option<*const FuncRecord> {
    // SAFETY: the record of a function with a body is owned by its module's code; the instance runs,
    // and the frame is at the head of the loop.
    unsafe {
        let code = &*record.owner.cast::<ModuleCode>();
        let exit = code.lazy()?.used_up(code, record.index, at)?;
        exit.write_state(sp, (*(*inst).exec).osr_buffer.get());
        // It lives as long as the module's code.
        Some(exit.record())
    }
}

/// Calls a host function, or machine code. The caller's frame, to which it returns, is where walks begin.
pub(crate) unsafe fn call_host(
    record: &FuncRecord,
    env: *mut Instance,
    sp: *mut u64,
    ip: u64,
    caller_sp: u64,
    caller: u64,
) -> Status {
    // SAFETY: the running interpreter's state; a host function's record has the function.
    unsafe {
        leave(
            ip as *const u64,
            caller_sp as *mut u64,
            caller as *mut Instance,
        );
        let exec = &*(*env).exec;
        let room = (record.param_slots as usize + FRAME_HEADER).max(record.result_slots as usize);
        exec.interp_top.set(sp.add(room));
        match record.host {
            Some(host) => host(exec, env, sp),
            None => call_at(exec, record, env, sp),
        }
    }
}

/// The trap that a host function left in the store.
#[cold]
pub(crate) unsafe fn pending_trap(inst: *mut Instance) -> Stop {
    // SAFETY: the running instance.
    let store = unsafe { (*(*inst).exec).store().as_mut() };
    match core::mem::replace(&mut store.pending, Pending::None) {
        Pending::Trap(trap) => Stop::trap(trap),
        other => {
            store.pending = other;
            Stop::HOST
        }
    }
}

/// Makes an exception the one that is on its way.
pub(crate) unsafe fn set_pending_exception(inst: *mut Instance, exn: u64) {
    // SAFETY: the running instance.
    let store = unsafe { (*(*inst).exec).store().as_mut() };
    store.pending = Pending::Throw(tierra_vm::gc::GcRef(exn as u32));
}
