//! Values of the host that the guest passes around.

use super::{AnyRef, Reference, Rooted, handles};
use crate::{AsContext, AsContextMut, Error, Result};
use alloc::sync::Arc;
use core::any::Any;

handles! {
    /// A reference to something outside of the guest: a value of the host, or a guest's own
    /// reference that was made external.
    ExternRef
}

impl ExternRef {
    /// A reference to a value of the host. The value is dropped when the collector finds that
    /// nothing refers to it any more, or with the store.
    ///
    /// # Errors
    /// When the store's heap is full.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<Self> {
        let mut store = store.as_context_mut();
        let made = store.ptr.core_mut().new_extern(Arc::new(value));
        let made = made.map_err(Error::from)?;
        Ok(Self(Rooted::new(store.ptr.base_mut(), made)))
    }

    /// The host's value; `None` if it refers to something of the guest.
    ///
    /// # Errors
    /// When the handle belongs to another store or its scope was left.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<crate::StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into();
        // SAFETY: the store is borrowed for `'a`, and collects only when borrowed exclusively.
        let base = unsafe { &*store.ptr.as_ptr() };
        let value = self.gc_ref(base)?;
        // SAFETY: a rooted reference is not stale.
        Ok(unsafe { base.core().extern_value(value) }.map(|v| &**v))
    }

    /// `extern.convert_any`
    pub fn convert_any(any: AnyRef) -> Self {
        Self(any.root())
    }

    /// `any.convert_extern`
    pub fn to_any(self) -> AnyRef {
        AnyRef::from_root(self.0)
    }
}

impl AnyRef {
    /// The host's value, if the guest got it as an external reference and made it internal.
    ///
    /// # Errors
    /// When the handle belongs to another store or its scope was left.
    pub fn is_extern(&self, store: impl AsContext) -> Result<bool> {
        let store = store.as_context();
        let value = self.gc_ref(store.ptr.base())?;
        // SAFETY: a rooted reference is not stale.
        Ok(unsafe { store.ptr.base().core().extern_value(value) }.is_some())
    }
}
