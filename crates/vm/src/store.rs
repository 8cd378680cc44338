//! Everything that the guest code of one store can reach.

use crate::arena::Arena;
use crate::gc::{GcHeap, GcRef};
use crate::layout::*;
use crate::types::{ModuleTypes, TypeInfo, TypeRegistry, TypeTable};
use crate::*;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::cell::{Cell, UnsafeCell};
use core::ops::{Deref, DerefMut};
use core::ptr::{NonNull, null, null_mut};
use hashbrown::HashMap;
use tierra_core::Trap;
use tierra_core::index::{FuncIdx, TypeId};
use tierra_core::types::{GlobalType, MemoryType, RefKind, TableType, ValType};

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

/// How the collector finds the references in the frames of a tier.
pub trait Frames: Sync {
    /// Calls `visit` once with every slot that holds a reference into the heap. The slot may be
    /// written; its upper half is zero.
    ///
    /// # Safety
    /// `exec` belongs to this thread, and its guest code stands at a call into Rust.
    unsafe fn visit_roots(&self, exec: &ExecContext, visit: &mut dyn FnMut(*mut u64));
}

/// A frame of a backtrace.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame {
    /// The instance.
    pub instance: *mut Instance,
    /// The function in the instance's module.
    pub func: FuncIdx,
    /// The byte offset of the instruction in the module.
    pub offset: u32,
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
    /// What the store may use.
    pub limits: StoreLimits,
    /// How to find the references in frames; set by the tier.
    pub frames: Option<&'static dyn Frames>,
    /// References that the host keeps.
    pub roots: Roots,
    /// Where the guest stood when it trapped: the innermost frames, at most 100.
    pub trace: Vec<RawFrame>,
    /// How many frames there were.
    pub trace_depth: u32,
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
        let store = Box::new(StoreCore {
            gc: GcHeap::new(config.limits.gc_heap_bytes, config.gc_stress),
            types,
            pending: Pending::None,
            limiter: None,
            limits: config.limits,
            frames: None,
            roots: Roots::default(),
            trace: Vec::new(),
            trace_depth: 0,
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

    /// A memory of its type's minimal size.
    ///
    /// # Errors
    /// When a limit or the system forbids it.
    pub fn new_memory(&mut self, ty: MemoryType) -> Result<*mut Memory, LimitError> {
        if ty.shared {
            let shared = SharedMemory::new(ty).ok_or(LimitError::OutOfMemory)?;
            return self.import_shared(shared);
        }
        let bytes = ty
            .limits
            .min
            .checked_shl(ty.page_size_log2.into())
            .unwrap_or(u64::MAX);
        self.check_memory_count()?;
        if !self.may_have_memory(0, bytes, &ty) {
            return Err(LimitError::MemorySize);
        }
        let memory = Memory::new(ty).ok_or(LimitError::OutOfMemory)?;
        self.memory_bytes += memory.len() as u64;
        Ok(self.memories.alloc(memory).as_ptr())
    }

    /// A shared memory as a memory of this store.
    ///
    /// # Errors
    /// When the store has too many memories.
    pub fn import_shared(&mut self, shared: Arc<SharedMemory>) -> Result<*mut Memory, LimitError> {
        self.check_memory_count()?;
        Ok(self.memories.alloc(Memory::from_shared(shared)).as_ptr())
    }

    fn check_memory_count(&self) -> Result<(), LimitError> {
        if self.memories.len() < self.limits.memories {
            Ok(())
        } else {
            Err(LimitError::Memories)
        }
    }

    fn may_have_memory(&mut self, current: u64, desired: u64, ty: &MemoryType) -> bool {
        let max = ty.limits.max.map(|_| ty.max_bytes());
        let total = self.memory_bytes.saturating_add(desired - current);
        desired <= self.limits.memory_bytes
            && (ty.shared || total <= self.limits.total_memory_bytes)
            && self
                .limiter
                .as_mut()
                .is_none_or(|l| l.memory_growing(current, desired, max))
    }

    /// Grows a memory by `delta` pages. Returns the pages before, or `None` if a limit, the type
    /// or the system forbids it.
    ///
    /// # Safety
    /// The memory belongs to this store.
    pub unsafe fn grow_memory(&mut self, memory: *const Memory, delta: u64) -> Option<u64> {
        // SAFETY: memories live as long as the store.
        let memory = unsafe { &*memory };
        let ty = memory.ty();
        let current = memory.len();
        let (_, desired) = memory::grown(&ty, current, delta)?;
        if delta > 0 && !self.may_have_memory(current as u64, desired as u64, &ty) {
            return None;
        }
        let old = memory.grow(delta)?;
        if !ty.shared {
            self.memory_bytes += (desired - current) as u64;
        }
        Some(old)
    }

    /// A table of its type's minimal size, all null.
    ///
    /// # Errors
    /// When a limit or the system forbids it.
    pub fn new_table(&mut self, ty: TableType) -> Result<*mut Table, LimitError> {
        if self.tables.len() >= self.limits.tables {
            return Err(LimitError::Tables);
        }
        if !self.may_have_table(0, ty.limits.min, &ty) {
            return Err(LimitError::TableSize);
        }
        let kind = self.table.ref_kind(ty.element.heap);
        let table = self
            .tables
            .alloc(Table::new(ty, kind).ok_or(LimitError::OutOfMemory)?);
        if kind == RefKind::Heap {
            self.heap_tables.push(table);
        }
        Ok(table.as_ptr())
    }

    fn may_have_table(&mut self, current: u64, desired: u64, ty: &TableType) -> bool {
        desired <= self.limits.table_elements
            && self
                .limiter
                .as_mut()
                .is_none_or(|l| l.table_growing(current, desired, ty.limits.max))
    }

    /// Grows a table by `delta` elements of this value. Returns the length before, or `None` if
    /// a limit, the type or the system forbids it.
    ///
    /// # Safety
    /// The table belongs to this store, and so does the value, which is of the table's type.
    pub unsafe fn grow_table(
        &mut self,
        table: *const Table,
        delta: u64,
        value: u64,
    ) -> Option<u64> {
        // SAFETY: tables live as long as the store.
        let table = unsafe { &*table };
        let desired = table.grown(delta)? as u64;
        if delta > 0 && !self.may_have_table(table.len(), desired, &table.ty()) {
            return None;
        }
        table.grow(delta, value)
    }

    /// A global with this value.
    pub fn new_global(&mut self, ty: GlobalType, value: [u64; 2]) -> *mut Global {
        let kind = match ty.content {
            ValType::Ref(r) => Some(self.table.ref_kind(r.heap)),
            _ => None,
        };
        let global = self.globals.alloc(Global::new(ty, kind, value));
        if kind == Some(RefKind::Heap) {
            self.heap_globals.push(global);
        }
        global.as_ptr()
    }

    /// A tag of this function type.
    pub fn new_tag(&mut self, type_id: TypeId) -> *mut TagDef {
        self.tags.alloc(TagDef { type_id }).as_ptr()
    }

    /// A function reference. For a host function, `instance` is its environment's.
    pub fn new_funcref(
        &mut self,
        record: *const FuncRecord,
        instance: *mut Instance,
        type_id: TypeId,
    ) -> *const FuncRef {
        let heap_index = Cell::new(0);
        self.funcrefs
            .alloc(FuncRef {
                record,
                instance,
                type_id,
                heap_index,
            })
            .as_ptr()
    }

    /// An instance. Its globals, segments of expressions and tables have their initial values
    /// given to them afterwards.
    ///
    /// # Errors
    /// When the store has too many instances.
    ///
    /// # Safety
    /// All parts belong to this store and fit the module; the records live as long as `host`.
    pub unsafe fn new_instance(
        &mut self,
        mut parts: InstanceParts<'_>,
    ) -> Result<*mut Instance, LimitError> {
        if self.instances.len() >= self.limits.instances {
            return Err(LimitError::Instances);
        }
        self.add_types(&parts.types);
        let place = self.instances.alloc(self.empty_instance()).as_ptr();
        let mut funcs = core::mem::take(&mut parts.imported_funcs);
        debug_assert_eq!(funcs.len(), parts.module.imported_funcs);
        funcs.reserve_exact(parts.module.funcs.len() - funcs.len());
        self.funcrefs
            .reserve(parts.module.funcs.len() - funcs.len());
        for func in parts.module.defined_funcs() {
            let type_id = parts.types.id(parts.module.funcs[func.index()]);
            funcs.push(self.new_funcref((parts.record)(func), place, type_id));
        }
        let data = self
            .datas
            .alloc(InstanceData::new(parts, funcs, &self.table));
        // SAFETY: just made.
        if unsafe { data.as_ref() }.has_heap_elems() {
            self.heap_instances.push(data);
        }
        let instance = InstanceData::instance(data.as_ptr(), Arc::as_ptr(&self.exec));
        // SAFETY: the place is in the arena, and nobody looks at it yet.
        unsafe { place.write(instance) };
        Ok(place)
    }

    fn empty_instance(&self) -> Instance {
        Instance {
            exec: Arc::as_ptr(&self.exec),
            memory0: EMPTY_MEMORY.def(),
            memories: null(),
            globals: null(),
            tables: null(),
            funcs: null(),
            tags: null(),
            type_ids: null(),
            data: null(),
        }
    }

    /// What a host function runs in; the closure is dropped with the store.
    pub fn new_host_env<T: Send + 'static>(&mut self, closure: T) -> *mut HostEnv {
        let closure = Box::into_raw(Box::new(closure));
        /// # Safety
        /// `data` came from a box of `T`.
        unsafe fn drop_box<T>(data: *mut ()) {
            // SAFETY: the caller's.
            drop(unsafe { Box::from_raw(data.cast::<T>()) });
        }
        self.closures.push(Closure {
            data: closure.cast(),
            drop: drop_box::<T>,
        });
        let instance = self.empty_instance();
        self.host_envs
            .alloc(HostEnv {
                instance,
                closure: closure.cast(),
            })
            .as_ptr()
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
