//! References that live as long as the host wants.

use super::{Reference, Rooted};
use crate::store::{StoreBase, StoreId};
use crate::{AsContextMut, Error, Result};
use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use tierra_vm::RootId;

/// The entry that an [`OwnedRooted`] keeps. The store holds a weak pointer to it: once all
/// owners are gone, which may happen on any thread, the store gives the entry back when it next
/// looks.
pub(crate) struct OwnedRoot {
    pub(crate) store: StoreId,
    pub(crate) id: RootId,
}

/// A reference of type `R` that keeps its object alive until it is dropped. Any thread may hold
/// one; it is of use only with its store.
pub struct OwnedRooted<R> {
    pub(crate) root: Arc<OwnedRoot>,
    kind: PhantomData<fn() -> R>,
}

impl<R> Clone for OwnedRooted<R> {
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
            kind: PhantomData,
        }
    }
}

impl<R: Reference> OwnedRooted<R> {
    pub(crate) fn new(store: &mut StoreBase, reference: R) -> Result<Self> {
        let value = reference.root().get(store)?;
        Ok(Self {
            root: store.add_owned_root(value),
            kind: PhantomData,
        })
    }

    /// A handle in the current scope.
    ///
    /// # Errors
    /// When the reference belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Result<R> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        if self.root.store != base.id {
            return Err(Error::msg(
                "a reference was used with a store that it does not belong to",
            ));
        }
        let value = base.core().roots.get(self.root.id);
        Ok(R::from_root(Rooted::new(base, value)))
    }
}

impl<R> fmt::Debug for OwnedRooted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnedRooted")
    }
}
