//! What a store is apart from the host's data.

use super::StoreId;
use crate::func::host::HostFuncDef;
use crate::refs::{OwnedRoot, OwnedRooted};
use crate::types::{TypeSource, ValKind};
use crate::{Engine, Error, Func, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ptr::NonNull;
use hashbrown::HashMap;
use tierra_core::index::TypeId;
use tierra_core::types::{HeapType, RefKind, ValType};
use tierra_vm::{ExecContext, GcRef, ModuleTypes, OwnedStore, StoreCore};

/// What a store is apart from the host's data.
pub struct StoreBase {
    pub(crate) id: StoreId,
    pub(crate) engine: Engine,
    pub(super) core: OwnedStore,
    pub(crate) exec: Arc<ExecContext>,
    pub(crate) max_host_depth: u32,
    /// The stamp of every entry in the stack of roots.
    pub(super) stamps: Vec<u64>,
    pub(super) next_stamp: u64,
    pub(super) owned: Vec<(Weak<OwnedRoot>, tierra_vm::RootId)>,
    pub(super) owned_sweep_at: usize,
    /// Host functions of linkers that have an entry in this store, by address.
    pub(super) host_funcs: HashMap<usize, Func>,
    pub(super) kept: Vec<Arc<HostFuncDef>>,
    /// The module of every instance.
    pub(super) modules: HashMap<usize, crate::Module>,
    /// The types of everything that was created here.
    pub(super) types: Vec<Arc<ModuleTypes>>,
    #[cfg(feature = "std")]
    pub(super) deadline: Option<crate::deadline::Deadline>,
    /// Freed after everything that may run on it.
    pub(super) _stack: tierra_interp::Stack,
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
