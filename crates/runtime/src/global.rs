//! Globals.

use crate::externs::handle;
use crate::store::StoreId;
use crate::types::GlobalType;
use crate::{AsContext, AsContextMut, Error, Result, Val};
use core::ptr::NonNull;

/// A global of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Global {
    store: StoreId,
    ptr: NonNull<tierra_vm::Global>,
}

handle!(Global tierra_vm::Global, "global");

impl Global {
    /// A global with this value.
    ///
    /// # Errors
    /// When the value is not of the type.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Self> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        ty.content.keep_in(base);
        value.check(base, ty.content.to_core())?;
        let slots = value.slots(base);
        let ptr = base.core_mut().new_global(ty.to_core(), slots);
        Ok(Self::from_ptr(base, ptr))
    }

    /// The type.
    ///
    /// # Panics
    /// When the global belongs to another store; so do all methods.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let store = store.as_context();
        let base = store.ptr.base();
        GlobalType::from_core(base, self.raw(base).ty())
    }

    /// The value.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let global = self.raw(base);
        let (slots, kind) = (global.get(), base.kind_of(global.ty().content));
        // SAFETY: a global holds a value of its type.
        unsafe { Val::read(base, kind, slots.as_ptr()) }
    }

    /// Sets the value.
    ///
    /// # Errors
    /// When the global is immutable, or the value is not of its type.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<()> {
        let store = store.as_context_mut();
        let base = store.ptr.base();
        let global = self.raw(base);
        if !global.ty().mutable {
            return Err(Error::msg("an immutable global cannot be set"));
        }
        value.check(base, global.ty().content)?;
        global.set(value.slots(base));
        Ok(())
    }
}
