//! What code that counts calls.

use super::TieredModule;
use crate::builtins::context;
use crate::stubs::Saved;
use crate::unwind;
use std::any::Any;
use tierra_interp::ModuleCode;
use tierra_vm::{FuncRecord, HostEnv, Instance, Pending, Status};

/// The module of a function, with its code, if it is compiled one by one.
///
/// # Safety
/// The record is alive.
unsafe fn module_of<'a>(record: *const FuncRecord) -> Option<(&'a TieredModule, &'a ModuleCode)> {
    // SAFETY: the caller's: its owner is null or the code of a module, which is alive.
    let code = unsafe { (*record).owner.cast::<ModuleCode>().as_ref() }?;
    let lazy: &dyn Any = &**code.lazy()?;
    let module = lazy.downcast_ref();
    Some((module.expect("there is one such tier"), code))
}

/// Machine code calls a function for the first time: makes code for it, or the way to code that is
/// not machine code. Afterwards the record's entry is another one; if there is no memory even for
/// that way, the guest ends.
///
/// # Safety
/// Called by the stub that is the first entry of records, with the function's instance and record.
pub unsafe extern "C" fn first_call(vm: *mut Instance, record: *const FuncRecord) {
    // SAFETY: the caller's.
    unsafe {
        let made = match module_of(record) {
            Some((module, _)) => module.first_call((*record).index),
            None => make_adapter(vm, record),
        };
        if let Err(why) = made {
            let exec = context(vm);
            let message = match (*record).host {
                Some(_) => format!("a host function: {why}"),
                None => format!("function {}: {why}", (*record).index),
            };
            exec.store().as_mut().pending = Pending::Host(Box::new(message));
            unwind::to_entry(exec, Status::Host);
        }
    }
}

/// # Safety
/// As for [`first_call`], and the function isn't compiled one by one.
unsafe fn make_adapter(vm: *mut Instance, record: *const FuncRecord) -> Result<(), String> {
    // SAFETY: the caller's: a host function runs in its environment, any other in its instance. The
    // store runs on this thread, and nobody else borrows it while machine code has left to Rust.
    unsafe {
        let type_id = match (*record).host {
            Some(_) => (*vm.cast::<HostEnv>()).type_id,
            None => (**(*vm).funcs.add((*record).index.index())).type_id,
        };
        context(vm).store().as_ref().make_adapter(record, type_id)
    }
}

/// The budget of a function is used up, at its entry or at the head of a loop.
///
/// # Safety
/// Called by the stubs for that, from code that counts.
pub unsafe extern "C" fn budget_used_up(vm: *mut Instance, in_loop: u32, saved: *const Saved) {
    // SAFETY: the caller's.
    unsafe {
        let exec = context(vm);
        let (func, location) = unwind::function_of_exit(exec);
        let funcref = *(*vm).funcs.add(func.index());
        let module = module_of((*funcref).record);
        let (module, _) = module.expect("code that counts is of such a module");
        let at = (in_loop != 0).then_some(location);
        if let Some(transfer) = module.used_up(func, at) {
            transfer.go(exec, vm, &*saved);
        }
    }
}
