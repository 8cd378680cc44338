//! Making what a store owns, and growing it within its limits.

use super::{Closure, StoreCore};
use crate::layout::*;
use crate::memory::grown;
use crate::*;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::{null, null_mut};
use core::sync::atomic::Ordering;
use tierra_core::index::TypeId;
use tierra_core::types::{GlobalType, MemoryType, RefKind, TableType, ValType};

impl StoreCore {
    /// Sets what the store may use. What is in use stays.
    pub fn set_limits(&mut self, limits: StoreLimits) {
        self.gc.set_limit(limits.gc_heap_bytes);
        self.limits = limits;
    }

    /// A memory of its type's minimal size.
    ///
    /// # Errors
    /// When a limit or the system forbids it.
    pub fn new_memory(&mut self, ty: MemoryType) -> Result<*mut Memory, LimitError> {
        let bytes = ty.limits.min.checked_mul(1 << ty.page_size_log2);
        self.check_memory_count()?;
        if !self.may_have_memory(0, bytes.unwrap_or(u64::MAX), &ty) {
            return Err(LimitError::MemorySize);
        }
        let guarded = self.machine.as_ref().is_some_and(|m| m.memory_guards());
        if ty.shared {
            let shared = SharedMemory::new(ty, guarded).ok_or(LimitError::OutOfMemory)?;
            return self.import_shared(shared);
        }
        let memory = Memory::new(ty, guarded).ok_or(LimitError::OutOfMemory)?;
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
        let (_, desired) = grown(&ty, current, delta)?;
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
        // SAFETY: the caller's.
        unsafe { table.grow(delta, value) }
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
    ///
    /// # Safety
    /// The record lives as long as the store, which knows the type.
    pub unsafe fn new_funcref(
        &mut self,
        record: *const FuncRecord,
        instance: *mut Instance,
        type_id: TypeId,
    ) -> *const FuncRef {
        if let Some(machine) = &self.machine {
            // SAFETY: the caller's.
            let entry = unsafe { &(*record).machine_entry };
            // A compiler may have been faster.
            let _ = entry.compare_exchange(
                null_mut(),
                machine.first_entry().as_ptr(),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
        }
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

    /// Gives a function that has no machine code of its own the code by which machine code calls
    /// it. That is done when machine code first does, so that a function that it never calls needs
    /// none, and that a lack of memory ends a call, for which there is a way.
    ///
    /// # Errors
    /// When there is no memory for it; the next call may try again.
    ///
    /// # Safety
    /// A function reference of this store, which has a tier that makes machine code, names the
    /// record and is of the type.
    pub unsafe fn make_adapter(
        &self,
        record: *const FuncRecord,
        type_id: TypeId,
    ) -> Result<(), String> {
        // SAFETY: the caller's.
        let record = unsafe { &*record };
        let machine = self.machine.as_ref();
        let machine = machine.expect("the store has a tier that makes machine code");
        let ty = self.table.info(type_id).as_func();
        let ty = ty.expect("functions have function types");
        let slots = |types: &[ValType<TypeId>]| -> Vec<_> {
            types.iter().map(|t| self.table.slot_type(*t)).collect()
        };
        let (params, results) = (slots(&ty.params), slots(&ty.results));
        let to = match (record.host, record.host_direct) {
            (_, Some(_)) => Codeless::HostDirect,
            (Some(_), None) => Codeless::Host,
            (None, None) => Codeless::Guest,
        };
        let adapter = machine.adapter(to, &params, &results);
        // A compiler may have been faster.
        let _ = record.machine_entry.compare_exchange(
            machine.first_entry().as_ptr(),
            adapter?.as_ptr(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        Ok(())
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
            // SAFETY: the caller's; the types were just added.
            funcs.push(unsafe { self.new_funcref((parts.record)(func), place, type_id) });
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

    /// What a host function of a type runs in; the closure is dropped with the store.
    pub fn new_host_env<T: Send + 'static>(&mut self, closure: T, type_id: TypeId) -> *mut HostEnv {
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
                type_id,
            })
            .as_ptr()
    }
}
