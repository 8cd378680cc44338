//! Exceptions.

use super::{Rooted, handles};
use crate::{AsContext, AsContextMut, Error, Result, Tag, Val};
use alloc::format;
use alloc::vec::Vec;
use tierra_core::types::slots_of;

handles! {
    /// A reference to an exception: a tag, and values of the types that the tag has as
    /// parameters.
    ExnRef
}

impl ExnRef {
    /// An exception with a tag and its payload. [`Caller::throw`](crate::Caller::throw) throws
    /// it.
    ///
    /// # Errors
    /// When the values do not fit the tag's type, or the heap is full.
    pub fn new(mut store: impl AsContextMut, tag: Tag, payload: &[Val]) -> Result<Self> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let info = base.core().type_table().get(tag.type_id(base)).cloned();
        let info = info.expect("the store knows the types of its tags");
        let types = &info.as_func().expect("tags have function types").params;
        if types.len() != payload.len() {
            let (wanted, given) = (types.len(), payload.len());
            return Err(Error::msg(format!(
                "expected {wanted} values for the tag, got {given}"
            )));
        }
        let mut slots = Vec::with_capacity(slots_of(types));
        for (value, ty) in payload.iter().zip(types) {
            value.check(base, *ty)?;
            slots.extend_from_slice(&value.slots(base)[..ty.slots()]);
        }
        // SAFETY: the tag belongs to the store, and the payload was checked.
        let made = unsafe { base.core_mut().new_exn(tag.as_ptr(), slots.as_ptr()) }?;
        Ok(Self(Rooted::new(base, made)))
    }

    /// The tag.
    ///
    /// # Errors
    /// When the handle belongs to another store or its scope was left.
    pub fn tag(&self, store: impl AsContext) -> Result<Tag> {
        let store = store.as_context();
        let base = store.ptr.base();
        let value = self.gc_ref(base)?;
        // SAFETY: a rooted reference is not stale.
        Ok(Tag::from_ptr(base, unsafe { base.core().exn_tag(value) }))
    }

    /// The payload.
    ///
    /// # Errors
    /// When the handle belongs to another store or its scope was left.
    pub fn payload(&self, mut store: impl AsContextMut) -> Result<Vec<Val>> {
        let tag = self.tag(&store)?;
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let info = base.core().type_table().get(tag.type_id(base)).cloned();
        let info = info.expect("the store knows the types of its tags");
        let types = &info.as_func().expect("tags have function types").params;
        let mut slots = alloc::vec![0; slots_of(types).max(1)];
        let value = self.gc_ref(base)?;
        // SAFETY: a rooted reference is not stale; there is room for the payload.
        unsafe { base.core().exn_fields(value, slots.as_mut_ptr()) };
        let mut at = 0;
        let values = types.iter().map(|ty| {
            let kind = base.kind_of(*ty);
            // SAFETY: the payload has values of the tag's types.
            let value = unsafe { Val::read(base, kind, slots.as_ptr().add(at)) };
            at += ty.slots();
            value
        });
        Ok(values.collect())
    }
}
