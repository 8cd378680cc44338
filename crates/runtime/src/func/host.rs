//! Host functions: closures under the one ABI of guest calls.
//!
//! A closure gets its own `extern "C"` trampolines (the compiler makes them per closure type), so
//! that a call from the guest reads parameters, calls, and writes results without a tag or an
//! allocation: from slots, and for closures of Rust types also from registers
//! ([`closure`](super::closure)). Whatever the closure does besides returning (an error, a panic)
//! waits in the store as a pending end and comes out above the guest's frames.

use super::IntoFunc;
use crate::caller::Caller;
use crate::store::StorePtr;
use crate::{Error, FuncType, Result, Val};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::any::Any;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use tierra_core::Trap;
use tierra_interp::HostCode;
use tierra_vm::{ExecContext, HostEnv, HostFn, Instance, Pending, Status};

/// What a host function's environment points to: the store that it runs in, and the closure.
pub(crate) struct HostClosure {
    pub(crate) store: StorePtr,
    closure: *const (),
}

// SAFETY: it is owned by the store that it points to, and points to a closure that is `Send` and
// `Sync`.
unsafe impl Send for HostClosure {}

/// A host function that belongs to no store yet.
pub(crate) struct HostFuncDef {
    pub(crate) code: Box<HostCode>,
    pub(crate) ty: FuncType,
    closure: *const (),
    /// What `closure` points to.
    _owner: Box<dyn Any + Send + Sync>,
}

// SAFETY: `closure` points into `_owner`, which is `Send` and `Sync`; the code is immutable.
unsafe impl Send for HostFuncDef {}
// SAFETY: as above.
unsafe impl Sync for HostFuncDef {}

/// A host function for stores whose data is a `T`.
pub(crate) struct HostFunc<T> {
    pub(crate) def: Arc<HostFuncDef>,
    data: PhantomData<fn(T)>,
}

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        Self {
            def: self.def.clone(),
            data: PhantomData,
        }
    }
}

impl<T: 'static> HostFunc<T> {
    /// # Safety
    /// `entry`, and `direct` if it is there, accept a closure of type `F` in stores of `T`, and
    /// the values of `ty`.
    pub(super) unsafe fn build<F: Send + Sync + 'static>(
        ty: FuncType,
        entry: HostFn,
        direct: Option<NonNull<()>>,
        closure: F,
    ) -> Self {
        let owner = Box::new(closure);
        let closure = core::ptr::from_ref::<F>(&owner).cast();
        let (params, results) = (ty.param_slots() as u32, ty.result_slots() as u32);
        let code = HostCode::new(entry, direct, params, results);
        let def = Arc::new(HostFuncDef {
            code,
            ty,
            closure,
            _owner: owner,
        });
        Self {
            def,
            data: PhantomData,
        }
    }

    pub(crate) fn wrap<P, R>(closure: impl IntoFunc<T, P, R>) -> Self {
        closure.into_host_func().0
    }

    pub(crate) fn dynamic<F>(ty: FuncType, closure: F) -> Self
    where
        F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    {
        let dynamic = Dynamic {
            ty: ty.clone(),
            closure,
        };
        // SAFETY: `dynamic_entry` is the entry of `Dynamic<F>`.
        unsafe { Self::build(ty, dynamic_entry::<T, F>, None, dynamic) }
    }
}

impl HostFuncDef {
    /// The environment's closure for one store.
    pub(crate) fn closure(&self, store: StorePtr) -> HostClosure {
        HostClosure {
            store,
            closure: self.closure,
        }
    }
}

/// Why a guest's run ended on behalf of the host: what `Pending::Host` holds.
pub(crate) enum HostEnd {
    Error(Error),
    #[cfg(feature = "std")]
    Panic(Box<dyn Any + Send>),
}

/// Runs the body of a host function between the guest's frames and ours.
///
/// # Safety
/// Called by guest code (or by the store) with the environment of a host function of stores of
/// `T`, while the store runs on this thread.
#[inline(always)]
pub(super) unsafe fn enter<T: 'static>(
    exec: *const ExecContext,
    env: *mut Instance,
    body: impl FnOnce(Caller<'_, T>, *const ()) -> Result<()>,
) -> Status {
    // SAFETY: a host function's environment is a `HostEnv` whose closure is a `HostClosure`,
    // both alive as long as the store; the context is the running one.
    let (exec, closure) = unsafe {
        (
            &*exec,
            &*(*env.cast::<HostEnv>()).closure.cast::<HostClosure>(),
        )
    };
    let mut store = closure.store;
    let depth = exec.host_depth.load(Ordering::Relaxed);
    if depth >= store.base().max_host_depth {
        return too_deep(store);
    }
    exec.host_depth.store(depth + 1, Ordering::Relaxed);
    let roots = store.base_mut().roots_mark();
    let result = guard(|| {
        // SAFETY: the store runs host functions of its own `T`; nothing else uses it until the
        // closure returns.
        let caller = unsafe { Caller::new(store) };
        body(caller, closure.closure)
    });
    exec.host_depth.store(depth, Ordering::Relaxed);
    let status = match result {
        Ok(Ok(())) => Status::Done,
        Ok(Err(error)) => fail(store, error),
        #[cfg(feature = "std")]
        Err(panic) => {
            store.core_mut().pending = Pending::Host(Box::new(HostEnd::Panic(panic)));
            Status::Host
        }
    };
    store.base_mut().roots_release(roots);
    status
}

#[cfg(feature = "std")]
fn guard<R>(body: impl FnOnce() -> R) -> core::result::Result<R, Box<dyn Any + Send>> {
    // What a panic leaves behind is only visible to the host functions of this store, and they
    // see it as after any panic of their own.
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(body))
}

#[cfg(not(feature = "std"))]
fn guard<R>(body: impl FnOnce() -> R) -> core::result::Result<R, core::convert::Infallible> {
    Ok(body())
}

/// Off the path of every call, with the registers that it needs.
#[cold]
#[inline(never)]
fn too_deep(mut store: StorePtr) -> Status {
    store.core_mut().pending = Pending::Trap(Trap::StackOverflow);
    Status::Trap
}

/// Makes an error of a host function the pending end of the guest's run.
#[cold]
fn fail(mut store: StorePtr, mut error: Error) -> Status {
    if let Some(exn) = error.exception() {
        match store.base().owned_ref(exn) {
            Ok(exn) => {
                store.core_mut().pending = Pending::Throw(exn);
                return Status::Throw;
            }
            Err(other) => error = other,
        }
    }
    error.set_backtrace(Some(crate::Backtrace::capture(store)));
    store.core_mut().pending = Pending::Host(Box::new(HostEnd::Error(error)));
    Status::Host
}

struct Dynamic<F> {
    ty: FuncType,
    closure: F,
}

unsafe extern "C" fn dynamic_entry<T, F>(
    exec: *const ExecContext,
    env: *mut Instance,
    slots: *mut u64,
) -> Status
where
    T: 'static,
    F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
{
    let body = |caller: Caller<'_, T>, closure: *const ()| {
        // SAFETY: `HostFunc::dynamic` stored a `Dynamic<F>` beside this entry.
        let dynamic = unsafe { &*closure.cast::<Dynamic<F>>() };
        let mut store = caller.store_ptr();
        let mut at = 0;
        let mut params = Vec::with_capacity(dynamic.ty.params().len());
        for ty in dynamic.ty.params() {
            // SAFETY: the guest passes what the function's type says.
            params.push(unsafe { Val::read(store.base_mut(), ty.kind(), slots.add(at)) });
            at += ty.slots();
        }
        let mut results: Vec<Val> = dynamic.ty.results().iter().map(Val::default_of).collect();
        (dynamic.closure)(caller, &params, &mut results)?;
        let mut at = 0;
        for (ty, value) in dynamic.ty.results().iter().zip(results) {
            value.check(store.base(), ty.to_core())?;
            // SAFETY: the slots have room for the results of the function's type.
            unsafe { value.write(store.base_mut(), slots.add(at)) };
            at += ty.slots();
        }
        Ok(())
    };
    // SAFETY: the caller's.
    unsafe { enter::<T>(exec, env, body) }
}
