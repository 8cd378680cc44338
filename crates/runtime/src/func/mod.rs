//! Functions: of guests and of the host, called with types known or not.

mod closure;
pub(crate) mod host;
mod typed;
pub(crate) mod values;

pub use closure::IntoFunc;
pub use typed::TypedFunc;
pub use values::{WasmRet, WasmTy, WasmValues};

use crate::store::{StoreBase, StoreId};
use crate::types::{DefinedType, FuncType};
use crate::{AsContext, AsContextMut, Caller, Error, Result, Val};
use alloc::format;
use core::ptr::NonNull;
use host::HostFunc;
use tierra_core::index::TypeId;
use tierra_vm::FuncRef;

/// A function of a store: a guest's or the host's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Func {
    store: StoreId,
    ptr: NonNull<FuncRef>,
}

// SAFETY: the pointer is only followed by whoever has the store with the same id, which keeps
// what it points to.
unsafe impl Send for Func {}
// SAFETY: as above.
unsafe impl Sync for Func {}

impl Func {
    pub(crate) fn from_raw(store: &StoreBase, ptr: NonNull<FuncRef>) -> Self {
        Self {
            store: store.id,
            ptr,
        }
    }

    /// # Safety
    /// `slot` holds a function reference, or null, of the store.
    pub(crate) unsafe fn from_slot(store: &mut StoreBase, slot: u64) -> Option<Self> {
        NonNull::new(slot as usize as *mut FuncRef).map(|ptr| Self {
            store: store.id,
            ptr,
        })
    }

    pub(crate) fn to_slot(self, store: &StoreBase) -> u64 {
        store.own(self.store, "function");
        self.ptr.as_ptr() as usize as u64
    }

    pub(crate) fn check_store(&self, store: &StoreBase) -> Result<()> {
        if self.store == store.id {
            return Ok(());
        }
        Err(Error::msg(
            "a function was used with a store that it does not belong to",
        ))
    }

    #[inline(always)]
    pub(crate) fn raw(self, store: &StoreBase) -> NonNull<FuncRef> {
        store.own(self.store, "function");
        self.ptr
    }

    /// The canonical type. The caller has checked the store.
    pub(crate) fn type_id(self) -> TypeId {
        // SAFETY: function references live as long as their store.
        unsafe { self.ptr.as_ref() }.type_id
    }

    /// A host function from a closure of Rust types: see [`IntoFunc`].
    pub fn wrap<T: 'static, P, R>(
        mut store: impl AsContextMut<Data = T>,
        closure: impl IntoFunc<T, P, R>,
    ) -> Func {
        store
            .as_context_mut()
            .ptr
            .host_func(&HostFunc::wrap(closure).def)
    }

    /// A host function whose type is known only at run time. Results are to be written over the
    /// values that the closure finds there; they are checked against the type.
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        closure: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        store
            .as_context_mut()
            .ptr
            .host_func(&HostFunc::dynamic(ty, closure).def)
    }

    /// The type.
    ///
    /// # Panics
    /// When the function belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let store = store.as_context();
        let base = store.ptr.base();
        base.own(self.store, "function");
        DefinedType::new(base, self.type_id())
            .as_func()
            .expect("functions have function types")
    }

    /// Calls the function with values that are checked against its type. `results` must have as
    /// many places as the function has results.
    ///
    /// # Errors
    /// When parameters do not fit, and when the function traps, throws, exits or fails.
    ///
    /// # Panics
    /// When the function belongs to another store; when a host function that it calls panics.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut ptr = store.as_context_mut().ptr;
        let func = self.raw(ptr.base());
        let base = ptr.base_mut();
        let info = base
            .core()
            .type_table()
            .get(self.type_id())
            .expect("the store knows its types")
            .clone();
        let ty = info.as_func().expect("functions have function types");
        if ty.params.len() != params.len() {
            let (wanted, given) = (ty.params.len(), params.len());
            return Err(Error::msg(format!(
                "expected {wanted} parameters, got {given}"
            )));
        }
        if ty.results.len() != results.len() {
            let (wanted, given) = (ty.results.len(), results.len());
            return Err(Error::msg(format!(
                "expected room for {wanted} results, got {given}"
            )));
        }
        for (value, ty) in params.iter().zip(&ty.params) {
            value.check(base, *ty)?;
        }
        let param_slots = tierra_core::types::slots_of(&ty.params);
        let result_slots = tierra_core::types::slots_of(&ty.results);
        let slots = ptr.room(param_slots.max(result_slots))?;
        let base = ptr.base_mut();
        let mut at = 0;
        for value in params {
            // SAFETY: there is room for all parameters.
            at += unsafe { value.write(base, slots.add(at)) };
        }
        // SAFETY: the function belongs to the store, its parameters are of its type.
        unsafe { ptr.invoke(func.as_ptr())? };
        let base = ptr.base_mut();
        let mut at = 0;
        for (result, ty) in results.iter_mut().zip(&ty.results) {
            let kind = base.kind_of(*ty);
            // SAFETY: the function has written its results there.
            *result = unsafe { Val::read(base, kind, slots.add(at)) };
            at += ty.slots();
        }
        Ok(())
    }

    /// The function with parameters and results of Rust types, which are checked once, here.
    ///
    /// # Errors
    /// When the types do not fit the function's.
    ///
    /// # Panics
    /// When the function belongs to another store.
    pub fn typed<P: WasmValues, R: WasmValues>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<P, R>> {
        let store = store.as_context();
        let base = store.ptr.base();
        base.own(self.store, "function");
        TypedFunc::new(base, *self)
    }
}

impl core::fmt::Debug for Func {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Func")
    }
}
