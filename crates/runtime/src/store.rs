//! The store: everything that instances, and the handles to them, live in.
//!
//! **Problem.** Guest code calls host functions that use the store, while the host code that
//! called the guest still has its `&mut Store`. **Idea.** A [`Store`] owns a [`StoreInner`]
//! through a raw pointer; contexts and callers carry copies of it with a lifetime, and make short
//! borrows of single parts. No `&mut` to the whole is ever alive while guest code runs.

use crate::func::host::{HostEnd, HostFuncDef};
use crate::refs::{ExnRef, OwnedRoot, OwnedRooted, Reference, Rooted};
use crate::types::{TypeSource, ValKind};
use crate::{AsContext, AsContextMut, Backtrace, Engine, Error, Func, InterruptHandle, Result};
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use hashbrown::HashMap;
use tierra_core::Trap;
use tierra_core::index::TypeId;
use tierra_core::types::{HeapType, RefKind, ValType};
use tierra_vm::{
    ExecContext, FuncRef, GcRef, Limiter, ModuleTypes, OwnedStore, Pending, Status, StoreConfig,
    StoreCore, StoreLimits,
};

/// Which store a handle belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StoreId(usize);

impl StoreId {
    /// No store.
    pub(crate) const NONE: StoreId = StoreId(0);

    fn next() -> Self {
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

/// What a store is apart from the host's data.
pub struct StoreBase {
    pub(crate) id: StoreId,
    pub(crate) engine: Engine,
    core: OwnedStore,
    pub(crate) exec: Arc<ExecContext>,
    pub(crate) max_host_depth: u32,
    /// The stamp of every entry in the stack of roots.
    stamps: Vec<u64>,
    next_stamp: u64,
    owned: Vec<(Weak<OwnedRoot>, tierra_vm::RootId)>,
    owned_sweep_at: usize,
    /// Host functions of linkers that have an entry in this store, by address.
    host_funcs: HashMap<usize, Func>,
    kept: Vec<Arc<HostFuncDef>>,
    /// The module of every instance.
    modules: HashMap<usize, crate::Module>,
    /// The types of everything that was created here.
    types: Vec<Arc<ModuleTypes>>,
    #[cfg(feature = "std")]
    deadline: Option<crate::deadline::Deadline>,
    /// Freed after everything that may run on it.
    _stack: tierra_interp::Stack,
}

/// A store with the host's data. `StoreBase` comes first, so that a pointer to one is a pointer
/// to the other.
#[repr(C)]
pub struct StoreInner<T> {
    base: StoreBase,
    pub(crate) data: T,
}

/// A pointer to a live store, used on the thread that has it.
#[derive(Clone, Copy)]
pub(crate) struct StorePtr(NonNull<StoreBase>);

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
        let env = base.core_mut().new_host_env(closure);
        let funcref = base
            .core_mut()
            .new_funcref(def.code.record(), env.cast(), types.ids[0]);
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
            Pending::Trap(trap) => Error::from_trap(trap, Some(Backtrace::of_trap(self))),
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
                // The interpreter's words about a function that it could not translate.
                Err(other) => match other.downcast::<alloc::string::String>() {
                    Ok(message) => Error::msg(*message),
                    Err(_) => Error::msg("the guest ended for a reason of unknown type"),
                },
            },
            Pending::None => panic!("bug: a run ended with {status:?}, but nothing is pending"),
        }
    }
}

impl StoreBase {
    #[inline(always)]
    pub(crate) fn core(&self) -> &StoreCore {
        &self.core
    }

    #[inline(always)]
    pub(crate) fn core_mut(&mut self) -> &mut StoreCore {
        &mut self.core
    }

    pub(crate) fn fuel(&self) -> Result<u64> {
        self.check_fuel()?;
        Ok(self.exec.fuel.get().max(0) as u64)
    }

    pub(crate) fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.check_fuel()?;
        self.exec.fuel.set(i64::try_from(fuel).unwrap_or(i64::MAX));
        Ok(())
    }

    fn check_fuel(&self) -> Result<()> {
        if self.engine.config().consume_fuel {
            return Ok(());
        }
        Err(Error::msg(
            "the engine is not configured to consume fuel (`Config::consume_fuel`)",
        ))
    }

    pub(crate) fn gc(&mut self) {
        self.sweep_owned();
        // A collection fails only for want of memory for the copy; then everything stays.
        let _ = self.core_mut().collect();
    }

    /// The bottom of a scope for roots.
    #[inline(always)]
    pub(crate) fn roots_mark(&self) -> usize {
        self.stamps.len()
    }

    #[inline(always)]
    pub(crate) fn roots_release(&mut self, mark: usize) {
        if self.stamps.len() > mark {
            self.stamps.truncate(mark);
            self.core_mut().roots.leave(mark);
        }
    }

    pub(crate) fn push_root(&mut self, value: GcRef) -> (u32, u64) {
        let position = self.core_mut().roots.push(value);
        debug_assert_eq!(position, self.stamps.len(), "all pushes go through here");
        self.next_stamp += 1;
        self.stamps.push(self.next_stamp);
        (
            u32::try_from(position).expect("fewer than 2^32 roots"),
            self.next_stamp,
        )
    }

    pub(crate) fn root_at(&self, position: u32, stamp: u64) -> Option<GcRef> {
        let position = position as usize;
        (self.stamps.get(position) == Some(&stamp)).then(|| self.core().roots.at(position))
    }

    pub(crate) fn add_owned_root(&mut self, value: GcRef) -> Arc<OwnedRoot> {
        if self.owned.len() >= self.owned_sweep_at {
            self.sweep_owned();
        }
        let id = self.core_mut().roots.add(value);
        let root = Arc::new(OwnedRoot { store: self.id, id });
        self.owned.push((Arc::downgrade(&root), id));
        root
    }

    fn sweep_owned(&mut self) {
        let roots = &mut self.core.roots;
        self.owned.retain(|(owner, id)| {
            let alive = owner.strong_count() > 0;
            if !alive {
                roots.remove(*id);
            }
            alive
        });
        self.owned_sweep_at = (self.owned.len() * 2).max(64);
    }

    /// The reference in an owned root.
    pub(crate) fn owned_ref<R>(&self, owned: &OwnedRooted<R>) -> Result<GcRef> {
        if owned.root.store != self.id {
            return Err(Error::msg(
                "a reference was used with a store that it does not belong to",
            ));
        }
        Ok(self.core().roots.get(owned.root.id))
    }

    /// Panics with a message when a handle is used with the wrong store.
    #[inline(always)]
    pub(crate) fn own(&self, id: StoreId, what: &str) {
        if id != self.id {
            foreign(what);
        }
    }

    /// Keeps the types of something that is created here.
    pub(crate) fn keep_types(&mut self, types: &Arc<ModuleTypes>) {
        if !self.types.iter().any(|t| Arc::ptr_eq(t, types)) {
            self.types.push(types.clone());
            self.core_mut().add_types(types);
        }
    }

    /// Whether a reference into the heap that is not null has a type of its hierarchy.
    pub(crate) fn heap_ref_has_type(&self, value: GcRef, heap: HeapType<TypeId>) -> bool {
        let to = tierra_core::types::RefType::non_null(heap);
        // SAFETY: the value was read from a root of this store.
        unsafe { self.core().ref_matches(value.slot(), to, RefKind::Heap) }
    }

    pub(crate) fn add_module(
        &mut self,
        instance: NonNull<tierra_vm::Instance>,
        module: &crate::Module,
    ) {
        self.modules
            .insert(instance.as_ptr() as usize, module.clone());
    }

    /// The module of an instance; `None` for what host functions run in.
    pub(crate) fn module_of(&self, instance: *mut tierra_vm::Instance) -> Option<&crate::Module> {
        self.modules.get(&(instance as usize))
    }

    /// How values of a type are represented.
    pub(crate) fn kind_of(&self, ty: ValType<TypeId>) -> ValKind {
        match ty {
            ValType::I32 => ValKind::I32,
            ValType::I64 => ValKind::I64,
            ValType::F32 => ValKind::F32,
            ValType::F64 => ValKind::F64,
            ValType::V128 => ValKind::V128,
            ValType::Ref(r) => match r.heap {
                HeapType::Func | HeapType::NoFunc => ValKind::Func,
                HeapType::Extern | HeapType::NoExtern => ValKind::Extern,
                HeapType::Exn | HeapType::NoExn => ValKind::Exn,
                HeapType::Concrete(id) if self.core().type_info(id).as_func().is_some() => {
                    ValKind::Func
                }
                _ => ValKind::Any,
            },
        }
    }
}

#[cold]
fn foreign(what: &str) -> ! {
    panic!("a {what} was used with a store that it does not belong to")
}

impl TypeSource for StoreBase {
    fn owner_of(&self, id: TypeId) -> Arc<ModuleTypes> {
        let owner = self
            .types
            .iter()
            .find(|t| t.infos.iter().any(|i| i.id == id));
        owner
            .expect("a store keeps the types of all that it holds")
            .clone()
    }
}

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
        let mut core = OwnedStore::new(
            engine.types().clone(),
            StoreConfig {
                limits,
                gc_stress: config.gc_stress,
            },
        );
        core.frames = Some(tierra_interp::frames());
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

    /// Lets guest code trap with [`Trap::Interrupted`] once this time has passed. It replaces
    /// the deadline before it.
    #[cfg(feature = "std")]
    pub fn set_deadline(&mut self, after: core::time::Duration) {
        let base = self.ptr.base_mut();
        base.deadline = None;
        let at = std::time::Instant::now() + after;
        base.deadline = Some(crate::deadline::Deadline::new(&base.exec, at));
    }

    /// Lifts the deadline. If it has passed without stopping anything, that is forgotten.
    #[cfg(feature = "std")]
    pub fn clear_deadline(&mut self) {
        self.ptr.base_mut().deadline = None;
    }

    /// The fixed limits of what guest code may use. What is already in use stays.
    pub fn set_limits(&mut self, limits: StoreLimits) {
        self.ptr.core_mut().limits = limits;
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

/// Decides whether the guest may have more.
pub trait ResourceLimiter {
    /// May a memory grow (or start) from `current` to `desired` bytes? `max` is its type's.
    fn memory_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool;

    /// May a table grow (or start) from `current` to `desired` elements? `max` is its type's.
    fn table_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool;
}

struct DataLimiter<T, F> {
    ptr: StorePtr,
    choose: F,
    data: PhantomData<fn(T)>,
}

// SAFETY: the pointer is to the store that owns the limiter; the closure is `Send`.
unsafe impl<T, F: Send> Send for DataLimiter<T, F> {}

impl<T: 'static, F> DataLimiter<T, F>
where
    F: Send,
    F: FnMut(&mut T) -> &mut dyn ResourceLimiter,
{
    fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        // SAFETY: the limiter is asked while guest code or the API holds the store, and no host
        // function has a borrow of the data then.
        (self.choose)(unsafe { &mut (*self.ptr.inner::<T>()).data })
    }
}

impl<T: 'static, F> Limiter for DataLimiter<T, F>
where
    F: Send,
    F: FnMut(&mut T) -> &mut dyn ResourceLimiter,
{
    fn memory_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool {
        self.limiter().memory_growing(current, desired, max)
    }

    fn table_growing(&mut self, current: u64, desired: u64, max: Option<u64>) -> bool {
        self.limiter().table_growing(current, desired, max)
    }
}
