//! Tags of exceptions.

use crate::externs::handle;
use crate::store::{StoreBase, StoreId};
use crate::types::{DefinedType, FuncType};
use crate::{AsContext, AsContextMut, Error, Result};
use core::ptr::NonNull;
use tierra_core::index::TypeId;
use tierra_vm::TagDef;

/// A tag of a store: what kind of exception it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    store: StoreId,
    ptr: NonNull<TagDef>,
}

handle!(Tag TagDef, "tag");

impl Tag {
    /// A tag whose exceptions carry the parameters of a function type without results.
    ///
    /// # Errors
    /// When the type has results.
    pub fn new(mut store: impl AsContextMut, ty: &FuncType) -> Result<Self> {
        if !ty.results().is_empty() {
            return Err(Error::msg("the type of a tag has no results"));
        }
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let types = base.engine.types().register_func(&ty.to_core());
        base.keep_types(&types);
        let ptr = base.core_mut().new_tag(types.ids[0]);
        Ok(Self::from_ptr(base, ptr))
    }

    /// The type.
    ///
    /// # Panics
    /// When the tag belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let store = store.as_context();
        let base = store.ptr.base();
        DefinedType::new(base, self.type_id(base))
            .as_func()
            .expect("tags have function types")
    }

    pub(crate) fn type_id(self, store: &StoreBase) -> TypeId {
        self.raw(store).type_id
    }
}
