//! Instances: what the host keeps behind the [`Instance`] that guest code sees.

use crate::global::Global;
use crate::layout::*;
use crate::memory::Memory;
use crate::table::Table;
use crate::types::{ModuleTypes, TypeTable};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::cell::{Cell, UnsafeCell};
use tierra_core::index::*;
use tierra_core::types::RefKind;
use tierra_module::{ElemItems, Module};

/// What an instance is made of. Every vector holds its whole index space, imports first, but for
/// functions: those that are not imported are made from their records.
pub struct InstanceParts<'a> {
    /// The module.
    pub module: Arc<Module>,
    /// The module's types in this engine.
    pub types: Arc<ModuleTypes>,
    /// The functions that are imported.
    pub imported_funcs: Vec<*const FuncRef>,
    /// The code of a function that is not imported.
    pub record: &'a mut dyn FnMut(FuncIdx) -> *const FuncRecord,
    /// All memories.
    pub memories: Vec<*mut Memory>,
    /// All tables.
    pub tables: Vec<*mut Table>,
    /// All globals.
    pub globals: Vec<*mut Global>,
    /// All tags.
    pub tags: Vec<*mut TagDef>,
    /// Kept as long as the instance: the tier's code, what the embedder wants to find again.
    pub host: Box<dyn Any + Send + Sync>,
}

/// What the host keeps for an instance.
pub struct InstanceData {
    /// The module.
    pub module: Arc<Module>,
    /// The module's types in this engine.
    pub types: Arc<ModuleTypes>,
    /// All memories.
    pub memories: Box<[*mut Memory]>,
    /// All tables.
    pub tables: Box<[*mut Table]>,
    /// All globals.
    pub globals: Box<[*mut Global]>,
    /// All functions.
    pub funcs: Box<[*const FuncRef]>,
    /// All tags.
    pub tags: Box<[*mut TagDef]>,
    /// What the embedder keeps.
    pub host: Box<dyn Any + Send + Sync>,
    memory_defs: Box<[*mut MemoryDef]>,
    elems: Box<[Elem]>,
    dropped_data: Box<[Cell<bool>]>,
}

/// An element segment of an instance.
struct Elem {
    kind: RefKind,
    state: UnsafeCell<ElemState>,
}

enum ElemState {
    /// Functions by their index in the module's segment.
    Funcs,
    /// Evaluated; empty before that.
    Slots(Box<[u64]>),
    Dropped,
}

impl InstanceData {
    pub(crate) fn new(
        parts: InstanceParts<'_>,
        funcs: Vec<*const FuncRef>,
        table: &TypeTable,
    ) -> Self {
        let InstanceParts {
            module,
            types,
            memories,
            tables,
            globals,
            tags,
            host,
            ..
        } = parts;
        debug_assert_eq!(memories.len(), module.memories.len());
        debug_assert_eq!(tables.len(), module.tables.len());
        debug_assert_eq!(globals.len(), module.globals.len());
        debug_assert_eq!(tags.len(), module.tags.len());
        let memory_defs = memories
            .iter()
            // SAFETY: the memories belong to the store that makes the instance.
            .map(|m| unsafe { (**m).def().as_ptr() })
            .collect();
        let elems = module
            .elems
            .iter()
            .map(|segment| Elem {
                kind: table.ref_kind(segment.ty.heap.map(&mut |ty| types.id(ty))),
                state: UnsafeCell::new(match segment.items {
                    ElemItems::Funcs(_) => ElemState::Funcs,
                    ElemItems::Exprs(_) => ElemState::Slots(Box::default()),
                }),
            })
            .collect();
        let dropped_data = module.datas.iter().map(|_| Cell::new(false)).collect();
        Self {
            module,
            types,
            memories: memories.into(),
            tables: tables.into(),
            globals: globals.into(),
            funcs: funcs.into(),
            tags: tags.into(),
            host,
            memory_defs,
            elems,
            dropped_data,
        }
    }

    /// The instance that guest code sees: pointers to what lies here. `data` is `self` in its
    /// final place.
    pub(crate) fn instance(data: *const InstanceData, exec: *const ExecContext) -> Instance {
        // SAFETY: the caller just put it there.
        let this = unsafe { &*data };
        Instance {
            exec,
            memory0: this
                .memory_defs
                .first()
                .copied()
                .unwrap_or(crate::EMPTY_MEMORY.def()),
            memories: this.memory_defs.as_ptr(),
            // Tables and globals begin with what guest code sees of them.
            globals: this.globals.as_ptr().cast(),
            tables: this.tables.as_ptr().cast(),
            funcs: this.funcs.as_ptr(),
            tags: this.tags.as_ptr(),
            type_ids: this.types.ids.as_ptr(),
            data,
        }
    }

    /// A memory.
    #[inline]
    pub fn memory(&self, memory: MemoryIdx) -> &Memory {
        // SAFETY: memories live as long as the store, and so longer than this.
        unsafe { &*self.memories[memory.index()] }
    }

    /// A table.
    #[inline]
    pub fn table(&self, table: TableIdx) -> &Table {
        // SAFETY: tables live as long as the store, and so longer than this.
        unsafe { &*self.tables[table.index()] }
    }

    /// A global.
    #[inline]
    pub fn global(&self, global: GlobalIdx) -> &Global {
        // SAFETY: globals live as long as the store, and so longer than this.
        unsafe { &*self.globals[global.index()] }
    }

    /// A function.
    #[inline]
    pub fn func(&self, func: FuncIdx) -> *const FuncRef {
        self.funcs[func.index()]
    }

    /// The bytes of a data segment; none once it was dropped.
    pub fn data(&self, data: DataIdx) -> &[u8] {
        if self.dropped_data[data.index()].get() {
            &[]
        } else {
            self.module.data(data)
        }
    }

    /// `data.drop`
    pub fn drop_data(&self, data: DataIdx) {
        self.dropped_data[data.index()].set(true);
    }

    /// Gives a segment of expressions its values, evaluated at instantiation. Segments of
    /// functions need none.
    pub fn set_elem(&self, elem: ElemIdx, values: Box<[u64]>) {
        // SAFETY: the store belongs to this thread; no reference into the state is kept.
        unsafe { *self.elems[elem.index()].state.get() = ElemState::Slots(values) };
    }

    /// `elem.drop`
    pub fn drop_elem(&self, elem: ElemIdx) {
        // SAFETY: as above.
        unsafe { *self.elems[elem.index()].state.get() = ElemState::Dropped };
    }

    /// The number of elements of a segment; none once it was dropped.
    pub fn elem_len(&self, elem: ElemIdx) -> u64 {
        // SAFETY: as above.
        match unsafe { &*self.elems[elem.index()].state.get() } {
            ElemState::Funcs => self.module.elems[elem.index()].items.len() as u64,
            ElemState::Slots(slots) => slots.len() as u64,
            ElemState::Dropped => 0,
        }
    }

    /// An element of a segment, as a slot.
    ///
    /// # Panics
    /// When it is not below [`InstanceData::elem_len`].
    #[inline]
    pub fn elem(&self, elem: ElemIdx, index: usize) -> u64 {
        // SAFETY: as above.
        match unsafe { &*self.elems[elem.index()].state.get() } {
            ElemState::Funcs => match &self.module.elems[elem.index()].items {
                ElemItems::Funcs(funcs) => self.func(funcs[index]) as u64,
                ElemItems::Exprs(_) => unreachable!("the state is of a segment of functions"),
            },
            ElemState::Slots(slots) => slots[index],
            ElemState::Dropped => panic!("an element of a dropped segment"),
        }
    }

    /// Whether the collector has anything to visit here.
    pub(crate) fn has_heap_elems(&self) -> bool {
        self.elems.iter().any(|e| e.kind == RefKind::Heap)
    }

    /// Every slot of a segment of heap references.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(*mut u64)) {
        for elem in self.elems.iter().filter(|e| e.kind == RefKind::Heap) {
            // SAFETY: as above.
            if let ElemState::Slots(slots) = unsafe { &mut *elem.state.get() } {
                slots.iter_mut().for_each(|slot| visit(slot));
            }
        }
    }
}
