//! What code that counts calls.

use super::TieredModule;
use crate::builtins::context;
use crate::stubs::Saved;
use crate::unwind;
use std::any::Any;
use tierra_interp::ModuleCode;
use tierra_vm::{FuncRecord, Instance, Pending, Status};

/// The module of a function that is compiled one by one, with its code.
///
/// # Safety
/// The record is of such a function, and alive.
unsafe fn module_of<'a>(record: *const FuncRecord) -> (&'a TieredModule, &'a ModuleCode) {
    // SAFETY: the caller's: its owner is the code of a module, which is alive.
    let code = unsafe { &*(*record).owner.cast::<ModuleCode>() };
    let lazy = code.lazy().expect("its functions are compiled one by one");
    let lazy: &dyn Any = &**lazy;
    let module = lazy.downcast_ref();
    (module.expect("there is one such tier"), code)
}

/// A function is called for the first time: makes code for it. Afterwards the record's entry is
/// another one; if there is no memory even for the way to the interpreter, the guest ends.
///
/// # Safety
/// Called by the stub that is the first entry of records, with the function's instance and record.
pub unsafe extern "C" fn first_call(vm: *mut Instance, record: *const FuncRecord) {
    // SAFETY: the caller's.
    unsafe {
        let (module, _) = module_of(record);
        let func = (*record).index;
        if let Err(why) = module.first_call(func) {
            let exec = context(vm);
            let message = format!("function {func}: {why}");
            exec.store().as_mut().pending = Pending::Host(Box::new(message));
            unwind::to_entry(exec, Status::Host);
        }
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
        let (module, _) = module_of((*funcref).record);
        let at = (in_loop != 0).then_some(location);
        if let Some(transfer) = module.used_up(func, at) {
            transfer.go(exec, vm, &*saved);
        }
    }
}
