//! The store: everything that instances, and the handles to them, live in.
//!
//! **Problem.** Guest code calls host functions that use the store, while the host code that
//! called the guest still has its `&mut Store`. **Idea.** A [`Store`] owns a [`StoreInner`]
//! through a raw pointer; contexts and callers carry copies of it with a lifetime, and make short
//! borrows of single parts. No `&mut` to the whole is ever alive while guest code runs.

mod base;
mod limiter;
mod ptr;

pub use base::StoreBase;
pub use limiter::ResourceLimiter;
pub(crate) use ptr::StorePtr;

use crate::sample::StoreSampler;
use crate::{AsContext, AsContextMut, Engine, InterruptHandle, Result, Sample};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use hashbrown::HashMap;
use limiter::DataLimiter;
use tierra_vm::{OwnedStore, StoreConfig, StoreLimits};

/// Which store a handle belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StoreId(usize);

impl StoreId {
    /// No store.
    pub(crate) const NONE: StoreId = StoreId(0);

    pub(super) fn next() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        // Ids never repeat: a handle of a store that is gone must not pass for one of another.
        assert!(
            id < usize::MAX / 2,
            "a process makes fewer stores than this"
        );
        Self(id)
    }
}

/// A store with the host's data. `StoreBase` comes first, so that a pointer to one is a pointer
/// to the other.
#[repr(C)]
pub struct StoreInner<T> {
    pub(super) base: StoreBase,
    pub(crate) data: T,
}

/// A store: the home of instances, and of all that they refer to, until it is dropped.
///
/// A store is used by one thread at a time, and may be sent from one to another. `T` is data of
/// the host, which host functions find in their [`Caller`](crate::Caller).
pub struct Store<T: 'static> {
    ptr: StorePtr,
    owns: PhantomData<StoreInner<T>>,
}

// SAFETY: a store owns everything that its pointers lead to; what it shares (engine, modules,
// contexts) is `Sync`. Host closures and limiters are `Send`, handles of references are checked.
unsafe impl<T: Send> Send for Store<T> {}

impl<T: 'static> Store<T> {
    /// An empty store.
    ///
    /// # Panics
    /// When the system has no memory for the guest's stack.
    pub fn new(engine: &Engine, data: T) -> Self {
        let config = engine.config();
        let limits = StoreLimits {
            gc_heap_bytes: config.gc_heap_max as u64,
            ..StoreLimits::default()
        };
        let core = OwnedStore::new(
            engine.types().clone(),
            StoreConfig {
                limits,
                gc_stress: config.gc_stress,
                machine: engine.machine(),
            },
        );
        let exec = core.exec.clone();
        let mut stack = tierra_interp::Stack::new(config.max_stack / size_of::<u64>());
        stack.install(&exec);
        let base = StoreBase {
            id: StoreId::next(),
            engine: engine.clone(),
            core,
            exec,
            max_host_depth: config.max_host_depth,
            stamps: Vec::new(),
            next_stamp: 0,
            owned: Vec::new(),
            owned_sweep_at: 64,
            host_funcs: HashMap::new(),
            kept: Vec::new(),
            modules: HashMap::new(),
            types: Vec::new(),
            #[cfg(feature = "std")]
            deadline: None,
            _stack: stack,
        };
        let inner = NonNull::from(Box::leak(Box::new(StoreInner { base, data })));
        Self {
            ptr: StorePtr(inner.cast()),
            owns: PhantomData,
        }
    }

    #[inline(always)]
    pub(crate) fn ptr(&self) -> StorePtr {
        self.ptr
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        self.as_context().data()
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: the store is one of `T`, borrowed through `self`.
        unsafe { &mut (*self.ptr.inner::<T>()).data }
    }

    /// Ends the store and gives the host's data back.
    pub fn into_data(self) -> T {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: the pointer was made from a box in `new`; `self` is not dropped any more.
        let inner = unsafe { Box::from_raw(this.ptr.inner::<T>()) };
        let StoreInner { base, data } = *inner;
        drop(base);
        data
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.ptr.base().engine
    }

    /// What is left of the fuel.
    ///
    /// # Errors
    /// When the engine was not configured to consume fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        self.ptr.base().fuel()
    }

    /// Sets what is left of the fuel.
    ///
    /// # Errors
    /// When the engine was not configured to consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.ptr.base_mut().set_fuel(fuel)
    }

    /// A handle with which any thread can stop the guest that runs here.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.ptr.base().exec.clone())
    }

    /// Lets guest code trap with [`Trap::Interrupted`](crate::Trap::Interrupted) once this time
    /// has passed. It replaces the deadline before it.
    #[cfg(feature = "std")]
    pub fn set_deadline(&mut self, after: core::time::Duration) {
        let base = self.ptr.base_mut();
        base.deadline = None;
        // A time that the clock can't tell never comes.
        let at = std::time::Instant::now().checked_add(after);
        base.deadline = at.map(|at| crate::deadline::Deadline::new(&base.exec, at));
    }

    /// Lifts the deadline. If it has passed without stopping anything, that is forgotten.
    #[cfg(feature = "std")]
    pub fn clear_deadline(&mut self) {
        self.ptr.base_mut().deadline = None;
    }

    /// The fixed limits of what guest code may use. What is already in use stays. The heap may
    /// take what both these limits and [`Config::gc_heap_max`](crate::Config::gc_heap_max) allow.
    pub fn set_limits(&mut self, mut limits: StoreLimits) {
        let most = self.engine().config().gc_heap_max as u64;
        limits.gc_heap_bytes = limits.gc_heap_bytes.min(most);
        self.ptr.core_mut().set_limits(limits);
    }

    /// Lets a part of the host's data decide whether memories and tables may grow, within the
    /// fixed limits. It must not panic: guest code asks it, and the process would abort.
    pub fn limiter<F>(&mut self, choose: F)
    where
        F: Send + 'static,
        F: FnMut(&mut T) -> &mut dyn ResourceLimiter,
    {
        let ptr = self.ptr;
        self.ptr.core_mut().limiter = Some(Box::new(DataLimiter {
            ptr,
            choose,
            data: PhantomData,
        }));
    }

    /// Tells a function where the guest stands, whenever somebody asks by
    /// [`InterruptHandle::sample`]. It replaces the one before it, and what was asked before is
    /// forgotten.
    ///
    /// A sample is of the next place where the guest looks for interruptions, so the time between
    /// two such places counts for the second. Compiled code without
    /// [`Config::interruption`](crate::Config::interruption) looks at calls only.
    ///
    /// The function must not panic: guest code calls it, and the process would abort. What it does
    /// takes the guest's time. Without it, nothing of this does.
    pub fn set_sampler(&mut self, sampler: impl FnMut(Sample) + Send + 'static) {
        self.clear_sampler();
        let sampler = StoreSampler::new(self.ptr, sampler);
        self.ptr.core_mut().sampler = Some(Box::new(sampler));
    }

    /// Nobody is told any more.
    pub fn clear_sampler(&mut self) {
        self.ptr.core_mut().sampler = None;
        self.ptr.base().exec.forget_samples();
    }

    /// Collects garbage.
    pub fn gc(&mut self) {
        self.as_context_mut().gc();
    }
}

impl<T: 'static> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer was made from a box in `new`.
        drop(unsafe { Box::from_raw(self.ptr.inner::<T>()) });
    }
}

impl<T: Default + 'static> Default for Store<T> {
    fn default() -> Self {
        Self::new(&Engine::default(), T::default())
    }
}

impl<T: core::fmt::Debug + 'static> core::fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&format!("Store({:?})", self.data()))
    }
}
