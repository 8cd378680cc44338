//! The pointer through which everybody reaches a store.

use super::{StoreBase, StoreInner};
use crate::func::host::{HostEnd, HostFuncDef};
use crate::refs::{ExnRef, OwnedRooted, Reference, Rooted};
use crate::{Backtrace, Error, Func, Result};
use alloc::sync::Arc;
use core::ptr::NonNull;
use tierra_core::Trap;
use tierra_vm::{ExecContext, FuncRef, Pending, Status, StoreCore};

/// A pointer to a live store, used on the thread that has it.
#[derive(Clone, Copy)]
pub(crate) struct StorePtr(pub(super) NonNull<StoreBase>);

impl StorePtr {
    #[inline(always)]
    pub(crate) fn as_ptr(self) -> *mut StoreBase {
        self.0.as_ptr()
    }

    #[inline(always)]
    pub(crate) fn base(&self) -> &StoreBase {
        // SAFETY: a `StorePtr` is only held while its store lives, on its thread, and borrows
        // of the base end before anybody else can make one.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    pub(crate) fn base_mut(&mut self) -> &mut StoreBase {
        // SAFETY: as above.
        unsafe { self.0.as_mut() }
    }

    #[inline(always)]
    pub(crate) fn core_mut(&mut self) -> &mut StoreCore {
        self.base_mut().core_mut()
    }

    /// The execution context. It lives as long as the store.
    #[inline(always)]
    pub(crate) fn exec<'a>(self) -> &'a ExecContext {
        // SAFETY: the context is shared-owned by the store.
        unsafe { &*Arc::as_ptr(&(*self.as_ptr()).exec) }
    }

    /// # Safety
    /// The store is one of `T`.
    #[inline(always)]
    pub(crate) unsafe fn inner<T>(self) -> *mut StoreInner<T> {
        self.0.as_ptr().cast()
    }

    /// The slots at which a call puts its parameters and finds its results.
    ///
    /// # Errors
    /// When the stack has no room for them.
    #[inline(always)]
    pub(crate) fn room(self, slots: usize) -> Result<*mut u64> {
        let exec = self.exec();
        let top = exec.interp_top.get();
        let end = exec.interp_stack.get().1;
        if (end as usize - top as usize) / size_of::<u64>() < slots {
            return Err(Error::from_trap(Trap::StackOverflow, None));
        }
        Ok(top)
    }

    /// Calls a function whose parameters are at the top of the interpreter's stack, where its
    /// results are found.
    ///
    /// # Safety
    /// `func` belongs to the store; the parameters are of its type; there is room for the
    /// results.
    #[inline(always)]
    pub(crate) unsafe fn invoke(self, func: *const FuncRef) -> Result<()> {
        // SAFETY: the caller's.
        match unsafe { tierra_interp::call(self.exec(), func) } {
            Status::Done => Ok(()),
            status => Err(self.ended(status)),
        }
    }

    /// The function of this store for a host function that belongs to none.
    pub(crate) fn host_func(mut self, def: &Arc<HostFuncDef>) -> Func {
        let closure = def.closure(self);
        let base = self.base_mut();
        let key = Arc::as_ptr(def) as usize;
        if let Some(func) = base.host_funcs.get(&key) {
            return *func;
        }
        let types = base.engine.types().register_func(&def.ty.to_core());
        base.keep_types(&types);
        let env = base.core_mut().new_host_env(closure, types.ids[0]);
        // SAFETY: the store keeps the definition, and with it the record, from here on.
        let funcref = unsafe {
            base.core_mut()
                .new_funcref(def.code.record(), env.cast(), types.ids[0])
        };
        let funcref = NonNull::new(funcref.cast_mut()).expect("an arena gives no null");
        let func = Func::from_raw(base, funcref);
        base.kept.push(def.clone());
        base.host_funcs.insert(key, func);
        func
    }

    /// What ended a run, as an error. A panic goes on.
    #[cold]
    fn ended(mut self, status: Status) -> Error {
        match core::mem::replace(&mut self.core_mut().pending, Pending::None) {
            Pending::Trap(trap) => trapped(trap, Backtrace::of_trap(self)),
            Pending::Throw(exn) => {
                let base = self.base_mut();
                let exn = ExnRef::from_root(Rooted::new(base, exn));
                match OwnedRooted::new(base, exn) {
                    Ok(exn) => Error::from_exception(exn),
                    Err(error) => error,
                }
            }
            Pending::Host(end) => match end.downcast::<HostEnd>().map(|end| *end) {
                Ok(HostEnd::Error(error)) => error,
                #[cfg(feature = "std")]
                Ok(HostEnd::Panic(panic)) => std::panic::resume_unwind(panic),
                // Words of a tier about a function that it could not make code for.
                Err(other) => match other.downcast::<alloc::string::String>() {
                    Ok(message) => Error::msg(*message),
                    Err(_) => Error::msg("the guest ended for a reason of unknown type"),
                },
            },
            Pending::None => panic!("bug: a run ended with {status:?}, but nothing is pending"),
        }
    }
}

/// The error of a trap.
fn trapped(trap: Trap, backtrace: Backtrace) -> Error {
    let innermost = backtrace.frames().first();
    let innermost = innermost.filter(|_| trap == Trap::Unreachable);
    let invalid = innermost.and_then(|frame| {
        let module = frame.module().module();
        module.invalid_body(tierra_core::index::FuncIdx(frame.func_index()))
    });
    let error = Error::from_trap(trap, Some(backtrace));
    match invalid {
        Some(why) => error.context(format_args!("the function's body is not valid: {why}")),
        None => error,
    }
}
