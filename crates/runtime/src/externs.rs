//! What is imported and exported.

use crate::store::StoreBase;
use crate::types::ExternType;
use crate::{AsContext, Func, Global, Memory, Result, Table, Tag};
use tierra_core::index::TypeId;
use tierra_core::types as core_types;

/// Something that an instance exports, or that is given for an import.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Extern {
    Func(Func),
    Table(Table),
    Memory(Memory),
    Global(Global),
    Tag(Tag),
}

macro_rules! externs {
    ($($variant:ident $into:ident;)*) => {
        impl Extern {
            $(
                #[doc = concat!("The ", stringify!($into), ", if it is one.")]
                pub fn $into(self) -> Option<$variant> {
                    match self { Extern::$variant(v) => Some(v), _ => None }
                }
            )*
        }

        $(
            impl From<$variant> for Extern {
                fn from(v: $variant) -> Self {
                    Extern::$variant(v)
                }
            }
        )*
    };
}

externs! {
    Func into_func;
    Table into_table;
    Memory into_memory;
    Global into_global;
    Tag into_tag;
}

impl Extern {
    /// The type. For a memory or a table, the minimum is the size now.
    ///
    /// # Panics
    /// When it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        let store = store.as_context();
        let base = store.ptr.base();
        ExternType::from_core(base, self.core_type(base))
    }

    /// The type by which it is matched with an import.
    pub(crate) fn core_type(&self, store: &StoreBase) -> core_types::ExternType<TypeId> {
        match self {
            Extern::Func(f) => {
                f.raw(store);
                core_types::ExternType::Func(f.type_id())
            }
            Extern::Table(t) => core_types::ExternType::Table(t.raw(store).current_type()),
            Extern::Memory(m) => core_types::ExternType::Memory(m.raw(store).current_type()),
            Extern::Global(g) => core_types::ExternType::Global(g.raw(store).ty()),
            Extern::Tag(t) => core_types::ExternType::Tag(t.type_id(store)),
        }
    }

    pub(crate) fn check_store(&self, store: &StoreBase) -> Result<()> {
        match self {
            Extern::Func(f) => f.check_store(store),
            Extern::Table(t) => t.check_store(store),
            Extern::Memory(m) => m.check_store(store),
            Extern::Global(g) => g.check_store(store),
            Extern::Tag(t) => t.check_store(store),
        }
    }
}

/// A handle to something that lives in an arena of its store: a pointer and the store's id.
macro_rules! handle {
    ($name:ident $target:ty, $what:literal) => {
        // SAFETY: the pointer is only followed by whoever has the store with the same id, which
        // keeps what it points to.
        unsafe impl Send for $name {}
        // SAFETY: as above.
        unsafe impl Sync for $name {}

        #[allow(dead_code, reason = "every kind of handle has all of them")]
        impl $name {
            pub(crate) fn from_raw(
                store: &$crate::store::StoreBase,
                ptr: core::ptr::NonNull<$target>,
            ) -> Self {
                Self {
                    store: store.id,
                    ptr,
                }
            }

            pub(crate) fn from_ptr(store: &$crate::store::StoreBase, ptr: *const $target) -> Self {
                let ptr = core::ptr::NonNull::new(ptr.cast_mut()).expect("arenas give no null");
                Self::from_raw(store, ptr)
            }

            pub(crate) fn check_store(
                &self,
                store: &$crate::store::StoreBase,
            ) -> $crate::Result<()> {
                if self.store == store.id {
                    return Ok(());
                }
                Err($crate::Error::msg(concat!(
                    "a ",
                    $what,
                    " was used with a store that it does not belong to"
                )))
            }

            pub(crate) fn as_ptr(self) -> *mut $target {
                self.ptr.as_ptr()
            }

            /// What it points to.
            ///
            /// # Panics
            /// When it belongs to another store.
            #[inline(always)]
            pub(crate) fn raw(self, store: &$crate::store::StoreBase) -> &$target {
                store.own(self.store, $what);
                // SAFETY: the store is the one that keeps it.
                unsafe { &*self.ptr.as_ptr() }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

pub(crate) use handle;
