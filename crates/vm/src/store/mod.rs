//! Everything that the guest code of one store can reach.

mod create;

use crate::arena::Arena;
use crate::gc::{GcHeap, GcRef};
use crate::layout::*;
use crate::types::{ModuleTypes, TypeInfo, TypeRegistry, TypeTable};
use crate::*;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::ptr::{NonNull, null, null_mut};
use hashbrown::HashMap;
use tierra_core::index::TypeId;
use tierra_core::{SlotType, Trap};

/// What there is to know about an end other than [`Status::Done`].
#[derive(Default)]
pub enum Pending {
    /// Nothing happened.
    #[default]
    None,
    /// The guest trapped.
    Trap(Trap),
    /// This exception is on its way up.
    Throw(GcRef),
    /// What the host wants to end with: an error, an exit, a panic.
    Host(Box<dyn Any + Send>),
}

/// A function that has no machine code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codeless {
    /// One of the host whose record has [`host_direct`](FuncRecord::host_direct): arguments stay in
    /// registers.
    HostDirect,
    /// Any other of the host: arguments are put into slots.
    Host,
    /// One of a guest, which the interpreter runs: the same.
    Guest,
}

/// The tier that makes machine code, as a store sees it.
pub trait MachineTier: Send + Sync {
    /// The machine code that functions without code of their own begin with: when it is called it
    /// has [`StoreCore::make_adapter`] called, or ends the guest with its error. It lives as long as
    /// the tier.
    fn first_entry(&self) -> NonNull<u8>;

    /// The code by which machine code calls a function with these parameters and results that has
    /// none of its own. It lives as long as the tier.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn adapter(
        &self,
        to: Codeless,
        params: &[SlotType],
        results: &[SlotType],
    ) -> Result<NonNull<u8>, String>;

    /// Whether memories that [can be guarded](crate::is_guarded) are.
    fn memory_guards(&self) -> bool;

    /// Makes a context ready to run machine code. What it needs for that is returned, to be kept
    /// as long as the context is used.
    ///
    /// # Panics
    /// When the system has no memory for a stack.
    fn install(&self, exec: &ExecContext) -> Box<dyn Any + Send>;
}

/// The core of a store. It is made by [`OwnedStore::new`], and its address is known to guest code
/// through [`ExecContext::store`].
pub struct StoreCore {
    /// The context of the store's stack.
    pub exec: Arc<ExecContext>,
    /// The types of the engine.
    pub types: Arc<TypeRegistry>,
    /// The garbage-collected heap.
    pub gc: GcHeap,
    /// Why guest code ended otherwise than well.
    pub pending: Pending,
    /// Asked before memories and tables grow.
    pub limiter: Option<Box<dyn Limiter>>,
    /// Told where the guest stands, when somebody [wants to know](ExecContext::request_sample).
    pub sampler: Option<Box<dyn Sampler>>,
    /// What the store may use.
    pub limits: StoreLimits,
    /// The tier that makes machine code, if there is one.
    pub machine: Option<Arc<dyn MachineTier>>,
    _machine_state: Option<Box<dyn Any + Send>>,
    /// References that the host keeps.
    pub roots: Roots,
    /// Where the guest stood when it trapped.
    pub trace: Trace,
    /// What is known of the types that the store has seen.
    pub(crate) table: TypeTable,
    module_types: HashMap<*const ModuleTypes, Arc<ModuleTypes>>,
    /// Function references that objects name, by index; 0 is null.
    heap_funcs: UnsafeCell<Vec<*const FuncRef>>,
    /// What the collector visits: globals and tables of heap references, instances with element
    /// segments of such.
    pub(crate) heap_globals: Vec<NonNull<Global>>,
    pub(crate) heap_tables: Vec<NonNull<Table>>,
    pub(crate) heap_instances: Vec<NonNull<InstanceData>>,
    memories: Arena<Memory>,
    tables: Arena<Table>,
    globals: Arena<Global>,
    tags: Arena<TagDef>,
    funcrefs: Arena<FuncRef>,
    instances: Arena<Instance>,
    datas: Arena<InstanceData>,
    host_envs: Arena<HostEnv>,
    closures: Vec<Closure>,
    memory_bytes: u64,
}

/// What a host function closes over, and how it is dropped.
struct Closure {
    data: *mut (),
    drop: unsafe fn(*mut ()),
}

impl Drop for Closure {
    fn drop(&mut self) {
        // SAFETY: made together in `new_host_env`, dropped once.
        unsafe { (self.drop)(self.data) };
    }
}

// SAFETY: every pointer in the store points to what the store owns, or to what the tiers keep
// alive and is `Sync` (records); closures, host values and the limiter are `Send`.
unsafe impl Send for StoreCore {}

/// Owns a [`StoreCore`] without a claim to be the only pointer to it, as a `Box` would make:
/// guest code reaches the store through its context.
pub struct OwnedStore(NonNull<StoreCore>);

// SAFETY: as for the store itself.
unsafe impl Send for OwnedStore {}

impl OwnedStore {
    /// An empty store.
    pub fn new(types: Arc<TypeRegistry>, config: StoreConfig) -> Self {
        let exec = Arc::new(ExecContext::new());
        let machine_state = config.machine.as_ref().map(|m| m.install(&exec));
        let store = Box::new(StoreCore {
            gc: GcHeap::new(config.limits.gc_heap_bytes, config.gc_stress),
            types,
            pending: Pending::None,
            limiter: None,
            sampler: None,
            limits: config.limits,
            machine: config.machine,
            _machine_state: machine_state,
            roots: Roots::default(),
            trace: Trace::default(),
            table: TypeTable::new(),
            module_types: HashMap::new(),
            heap_funcs: UnsafeCell::new(Vec::from([null()])),
            heap_globals: Vec::new(),
            heap_tables: Vec::new(),
            heap_instances: Vec::new(),
            memories: Arena::new(),
            tables: Arena::new(),
            globals: Arena::new(),
            tags: Arena::new(),
            funcrefs: Arena::new(),
            instances: Arena::new(),
            datas: Arena::new(),
            host_envs: Arena::new(),
            closures: Vec::new(),
            memory_bytes: 0,
            exec,
        });
        let store = NonNull::from(Box::leak(store));
        // SAFETY: just made.
        unsafe { store.as_ref() }.exec.store.set(store.as_ptr());
        Self(store)
    }

    /// The store as guest code knows it.
    pub fn as_ptr(&self) -> *mut StoreCore {
        self.0.as_ptr()
    }
}

impl Deref for OwnedStore {
    type Target = StoreCore;

    fn deref(&self) -> &StoreCore {
        // SAFETY: owned; while guest code runs, its callers hold no reference to the store.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for OwnedStore {
    fn deref_mut(&mut self) -> &mut StoreCore {
        // SAFETY: as above.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for OwnedStore {
    fn drop(&mut self) {
        // SAFETY: made from a box in `new`.
        let store = unsafe { Box::from_raw(self.0.as_ptr()) };
        // Handles that interrupt may keep the context for longer.
        store.exec.store.set(null_mut());
    }
}

impl StoreCore {
    /// Lets the store know types, and keeps them alive. Whatever is made with types of a module
    /// needs this first; instances do it themselves.
    pub fn add_types(&mut self, types: &Arc<ModuleTypes>) {
        if self.module_types.contains_key(&Arc::as_ptr(types)) {
            return;
        }
        for info in &types.infos {
            self.table.set(info.clone());
        }
        self.module_types.insert(Arc::as_ptr(types), types.clone());
    }

    /// What is known of a type that was added.
    #[inline]
    pub fn type_info(&self, id: TypeId) -> &TypeInfo {
        self.table.info(id)
    }

    /// The types that were added: subtyping without a lock.
    #[inline]
    pub fn type_table(&self) -> &TypeTable {
        &self.table
    }

    /// The index by which objects name a function reference; 0 for null.
    ///
    /// # Safety
    /// `func` is null or a function reference of this store.
    #[inline]
    pub unsafe fn func_index(&self, func: *const FuncRef) -> u32 {
        // SAFETY: the caller's.
        let Some(f) = (unsafe { func.as_ref() }) else {
            return 0;
        };
        if f.heap_index.get() == 0 {
            // SAFETY: the store belongs to this thread, and no reference to the vector is kept.
            let funcs = unsafe { &mut *self.heap_funcs.get() };
            f.heap_index
                .set(u32::try_from(funcs.len()).expect("fewer than 2^32 functions"));
            funcs.push(func);
        }
        f.heap_index.get()
    }

    /// The function reference that objects name by this index.
    #[inline]
    pub fn func_at(&self, index: u32) -> *const FuncRef {
        // SAFETY: as above.
        let funcs = unsafe { &*self.heap_funcs.get() };
        funcs[index as usize]
    }

    /// Bytes of all memories together, shared ones excepted.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// The number of instances.
    pub fn instance_count(&self) -> usize {
        self.instances.len()
    }
}
