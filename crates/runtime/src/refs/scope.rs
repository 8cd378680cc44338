//! Scopes that handles live in.

use crate::{AsContext, AsContextMut, StoreContext, StoreContextMut};

/// A scope for references: those that were made through it end with it, and the collector may
/// take what they referred to. Without a scope, handles that the host makes outside of any call
/// live as long as their store.
pub struct RootScope<C: AsContextMut> {
    store: C,
    mark: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// Opens a scope. The store is used through it.
    pub fn new(mut store: C) -> Self {
        let mark = store.as_context_mut().ptr.base_mut().roots_mark();
        Self { store, mark }
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        self.store
            .as_context_mut()
            .ptr
            .base_mut()
            .roots_release(self.mark);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}
