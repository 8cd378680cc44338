//! References to what the guest's garbage collector owns, held by the host.
//!
//! **Problem.** The collector moves objects, and the host keeps handles to them in Rust
//! variables that it does not see. **Idea.** A handle is a position in the store's stack of
//! roots, plus the stamp of the entry that was pushed there: it is `Copy` and small, the
//! collector updates the entry, and an entry that is gone (its scope was left) or replaced
//! shows by its stamp. **Invariants.** Scopes are left in the reverse order of entering:
//! [`RootScope`] borrows the store, and every call of a host function is a scope of its own.
//! What must live longer is an [`OwnedRooted`].

mod any;
mod exn;
mod external;
mod owned;
mod scope;

pub use any::{AnyRef, ArrayRef, EqRef, I31, StructRef};
pub use exn::ExnRef;
pub use external::ExternRef;
pub(crate) use owned::OwnedRoot;
pub use owned::OwnedRooted;
pub use scope::RootScope;

use crate::store::{StoreBase, StoreId};
use crate::{Error, Result};
use tierra_vm::GcRef;

/// A position in a store's stack of roots.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rooted {
    store: StoreId,
    position: u32,
    stamp: u64,
}

impl Rooted {
    pub(crate) fn new(store: &mut StoreBase, value: GcRef) -> Self {
        let (position, stamp) = store.push_root(value);
        Self {
            store: store.id,
            position,
            stamp,
        }
    }

    /// An `i31`: it needs no root and belongs to every store.
    pub(crate) fn immediate(value: GcRef) -> Self {
        Self {
            store: StoreId::NONE,
            position: value.0,
            stamp: 0,
        }
    }

    pub(crate) fn get(self, store: &StoreBase) -> Result<GcRef> {
        if self.store == StoreId::NONE {
            return Ok(GcRef(self.position));
        }
        if self.store != store.id {
            return Err(Error::msg(
                "a reference was used with a store that it does not belong to",
            ));
        }
        store.root_at(self.position, self.stamp).ok_or_else(|| {
            Error::msg("a reference was used after the scope that kept it alive (`RootScope`, call) was left")
        })
    }
}

/// A handle type of this module.
pub trait Reference: Copy + sealed::Sealed {
    /// The handle's root.
    #[doc(hidden)]
    fn root(&self) -> Rooted;

    /// A handle of a root that is known to have the type.
    #[doc(hidden)]
    fn from_root(root: Rooted) -> Self;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// A handle is valid in its scope: see [`RootScope`](crate::RootScope).
        #[derive(Clone, Copy)]
        pub struct $name($crate::refs::Rooted);

        impl $crate::refs::sealed::Sealed for $name {}

        impl $crate::refs::Reference for $name {
            fn root(&self) -> $crate::refs::Rooted {
                self.0
            }

            fn from_root(root: $crate::refs::Rooted) -> Self {
                Self(root)
            }
        }

        #[allow(dead_code, reason = "every kind of handle has all of them")]
        impl $name {
            pub(crate) fn check_store(&self, store: &$crate::store::StoreBase) -> $crate::Result<()> {
                self.0.get(store).map(|_| ())
            }

            pub(crate) fn gc_ref(&self, store: &$crate::store::StoreBase) -> $crate::Result<tierra_vm::GcRef> {
                self.0.get(store)
            }

            /// Checked before by `check_store`.
            pub(crate) fn to_slot(self, store: &$crate::store::StoreBase) -> u64 {
                self.0.get(store).expect("the handle was checked before").slot()
            }

            /// # Safety
            /// `slot` holds a reference of this type, or null, of the store.
            pub(crate) unsafe fn from_slot(store: &mut $crate::store::StoreBase, slot: u64) -> Option<Self> {
                let value = tierra_vm::GcRef::from_slot(slot);
                (!value.is_null()).then(|| Self($crate::refs::Rooted::new(store, value)))
            }

            /// Keeps what is referred to alive beyond the scope.
            ///
            /// # Errors
            /// When the handle belongs to another store or its scope was left.
            pub fn to_owned_rooted(
                &self,
                mut store: impl $crate::AsContextMut,
            ) -> $crate::Result<$crate::OwnedRooted<Self>> {
                $crate::OwnedRooted::new(store.as_context_mut().ptr.base_mut(), *self)
            }

            /// Whether both refer to the same object.
            ///
            /// # Errors
            /// When a handle belongs to another store or its scope was left.
            pub fn ref_eq(&self, store: impl $crate::AsContext, other: &Self) -> $crate::Result<bool> {
                let store = store.as_context();
                Ok(self.gc_ref(store.ptr.base())? == other.gc_ref(store.ptr.base())?)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

pub(crate) use handles;
