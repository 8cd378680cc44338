//! Structures, arrays and small integers of the guest.

use super::{Reference, Rooted, handles};
use crate::store::StoreBase;
use crate::types::{DefinedType, FieldType, StorageType};
use crate::{AsContext, AsContextMut, Error, Result, Val};
use alloc::format;
use alloc::vec::Vec;
use tierra_core::index::TypeId;
use tierra_core::types::{self as core_types, CompositeType};
use tierra_vm::GcRef;
use tierra_vm::gc::ObjectKind;

handles! {
    /// A reference of the `any` hierarchy: a structure, an array, an [`I31`], or a value of the
    /// host that was made internal.
    AnyRef
    /// A reference that can be compared: a structure, an array, or an [`I31`].
    EqRef
    /// A reference to a structure.
    StructRef
    /// A reference to an array.
    ArrayRef
}

/// A number of 31 bits as a reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct I31(u32);

impl I31 {
    /// The lower 31 bits of a number.
    pub fn wrapping(value: u32) -> Self {
        Self(value & (u32::MAX >> 1))
    }

    /// The number, if it fits 31 bits as an unsigned one.
    pub fn new_u32(value: u32) -> Option<Self> {
        (value >> 31 == 0).then_some(Self(value))
    }

    /// The number, if it fits 31 bits as a signed one.
    pub fn new_i32(value: i32) -> Option<Self> {
        let this = Self::wrapping(value as u32);
        (this.get_i32() == value).then_some(this)
    }

    /// The number, zero-extended.
    pub fn get_u32(self) -> u32 {
        self.0
    }

    /// The number, sign-extended.
    pub fn get_i32(self) -> i32 {
        ((self.0 << 1) as i32) >> 1
    }

    pub(crate) fn check_store(&self, _: &StoreBase) -> Result<()> {
        Ok(())
    }

    pub(crate) fn to_slot(self, _: &StoreBase) -> u64 {
        GcRef::i31(self.0).slot()
    }

    /// # Safety
    /// None: the signature is that of the other references.
    pub(crate) unsafe fn from_slot(_: &mut StoreBase, slot: u64) -> Option<Self> {
        GcRef::from_slot(slot).as_i31().map(I31)
    }
}

impl AnyRef {
    /// The reference of a small integer. It belongs to every store and scope.
    pub fn from_i31(value: I31) -> Self {
        Self(Rooted::immediate(GcRef::i31(value.0)))
    }

    fn object(&self, store: &StoreBase) -> Result<ObjectKind> {
        let value = self.gc_ref(store)?;
        // SAFETY: a rooted reference is not stale.
        Ok(unsafe { store.core().object_kind(value) })
    }

    /// The small integer, if it is one.
    ///
    /// # Errors
    /// When the handle belongs to another store or its scope was left; so do all methods.
    pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
        Ok(self
            .gc_ref(store.as_context().ptr.base())?
            .as_i31()
            .map(I31))
    }

    /// The structure, if it is one.
    ///
    /// # Errors
    /// See [`AnyRef::as_i31`].
    pub fn as_struct(&self, store: impl AsContext) -> Result<Option<StructRef>> {
        let object = self.object(store.as_context().ptr.base())?;
        Ok(matches!(object, ObjectKind::Struct(_)).then_some(StructRef(self.0)))
    }

    /// The array, if it is one.
    ///
    /// # Errors
    /// See [`AnyRef::as_i31`].
    pub fn as_array(&self, store: impl AsContext) -> Result<Option<ArrayRef>> {
        let object = self.object(store.as_context().ptr.base())?;
        Ok(matches!(object, ObjectKind::Array(_)).then_some(ArrayRef(self.0)))
    }

    /// The same as something that can be compared, if it can.
    ///
    /// # Errors
    /// See [`AnyRef::as_i31`].
    pub fn as_eq(&self, store: impl AsContext) -> Result<Option<EqRef>> {
        let object = self.object(store.as_context().ptr.base())?;
        let eq = matches!(
            object,
            ObjectKind::Struct(_) | ObjectKind::Array(_) | ObjectKind::I31(_)
        );
        Ok(eq.then_some(EqRef(self.0)))
    }
}

macro_rules! upcasts {
    ($($from:ident $to:ident;)*) => {$(
        impl From<$from> for $to {
            fn from(reference: $from) -> $to {
                $to::from_root(reference.root())
            }
        }
    )*};
}

upcasts! {
    EqRef AnyRef;
    StructRef AnyRef;
    ArrayRef AnyRef;
    StructRef EqRef;
    ArrayRef EqRef;
}

impl From<I31> for AnyRef {
    fn from(value: I31) -> Self {
        AnyRef::from_i31(value)
    }
}

/// The canonical type of a structure or array.
fn type_of(store: &StoreBase, value: GcRef) -> TypeId {
    // SAFETY: a rooted reference is not stale.
    unsafe { store.core().object_type(value) }.expect("a structure or array has a type")
}

/// Values of fields as slots, once they are checked.
fn field_slots(
    store: &StoreBase,
    fields: &[core_types::FieldType],
    values: &[Val],
) -> Result<Vec<u64>> {
    if fields.len() != values.len() {
        let (wanted, given) = (fields.len(), values.len());
        return Err(Error::msg(format!("expected {wanted} fields, got {given}")));
    }
    for (field, value) in fields.iter().zip(values) {
        value.check(store, field.storage.unpacked())?;
    }
    let slots = fields.iter().zip(values).flat_map(|(field, value)| {
        value
            .slots(store)
            .into_iter()
            .take(field.storage.unpacked().slots())
    });
    Ok(slots.collect())
}

fn check_mutable(mutable: bool) -> Result<()> {
    if mutable {
        Ok(())
    } else {
        Err(Error::msg("an immutable field cannot be set"))
    }
}

/// What a field's value becomes: whether it is signed matters to the guest only.
fn read(
    store: &mut StoreBase,
    ty: core_types::ValType,
    get: impl FnOnce(&StoreBase, *mut u64) -> core::result::Result<(), tierra_core::Trap>,
) -> Result<Val> {
    let mut slots = [0; 2];
    get(store, slots.as_mut_ptr())?;
    let kind = store.kind_of(ty);
    // SAFETY: the field has a value of its type.
    Ok(unsafe { Val::read(store, kind, slots.as_ptr()) })
}

impl StructRef {
    /// A structure of a type, with these values as its fields.
    ///
    /// # Errors
    /// When the type is not a structure type, the values do not fit, or the heap is full.
    pub fn new(mut store: impl AsContextMut, ty: &DefinedType, fields: &[Val]) -> Result<Self> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let CompositeType::Struct(types) = &ty.info().sub.composite else {
            return Err(Error::msg(format!("{ty} is not a structure type")));
        };
        base.keep_types(ty.owner());
        let slots = field_slots(base, types, fields)?;
        // SAFETY: the slots are those of the fields, and were checked.
        let made = unsafe { base.core_mut().new_struct(ty.id(), slots.as_ptr()) }?;
        Ok(Self(Rooted::new(base, made)))
    }

    /// The type.
    ///
    /// # Errors
    /// When the handle belongs to another store or its scope was left; so do all methods.
    pub fn ty(&self, store: impl AsContext) -> Result<DefinedType> {
        let store = store.as_context();
        let base = store.ptr.base();
        Ok(DefinedType::new(base, type_of(base, self.gc_ref(base)?)))
    }

    fn field_type(base: &StoreBase, ty: TypeId, field: usize) -> Result<core_types::FieldType> {
        let CompositeType::Struct(fields) = &base.core().type_info(ty).sub.composite else {
            unreachable!("a structure has a structure type")
        };
        fields
            .get(field)
            .copied()
            .ok_or_else(|| Error::msg(format!("the structure has no field {field}")))
    }

    /// A field; packed fields are zero-extended.
    ///
    /// # Errors
    /// When there is no such field; see [`StructRef::ty`].
    pub fn field(&self, mut store: impl AsContextMut, field: usize) -> Result<Val> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let value = self.gc_ref(base)?;
        let ty = type_of(base, value);
        let field_type = Self::field_type(base, ty, field)?.storage.unpacked();
        read(base, field_type, |base, out| {
            // SAFETY: the structure is rooted and has the field.
            unsafe { base.core().struct_get(ty, field as u32, false, value, out) }
        })
    }

    /// Sets a field.
    ///
    /// # Errors
    /// When there is no such field, it is immutable, or the value does not fit; see
    /// [`StructRef::ty`].
    pub fn set_field(&self, mut store: impl AsContextMut, field: usize, value: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let object = self.gc_ref(base)?;
        let ty = type_of(base, object);
        let field_type = Self::field_type(base, ty, field)?;
        check_mutable(field_type.mutable)?;
        value.check(base, field_type.storage.unpacked())?;
        let slots = value.slots(base);
        // SAFETY: the structure is rooted and has the field; the value was checked.
        unsafe {
            base.core_mut()
                .struct_set(ty, field as u32, object, slots.as_ptr())
        }?;
        Ok(())
    }
}

impl ArrayRef {
    /// An array of a type, with these elements.
    ///
    /// # Errors
    /// When the type is not an array type, the values do not fit, or the heap is full.
    pub fn new(mut store: impl AsContextMut, ty: &DefinedType, elements: &[Val]) -> Result<Self> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let CompositeType::Array(element) = &ty.info().sub.composite else {
            return Err(Error::msg(format!("{ty} is not an array type")));
        };
        base.keep_types(ty.owner());
        let slots = field_slots(base, &alloc::vec![*element; elements.len()], elements)?;
        let len =
            u32::try_from(elements.len()).map_err(|_| tierra_core::Trap::AllocationTooLarge)?;
        // SAFETY: the slots are those of the elements, and were checked.
        let made = unsafe {
            base.core_mut()
                .new_array_fixed(ty.id(), slots.as_ptr(), len)
        }?;
        Ok(Self(Rooted::new(base, made)))
    }

    /// The type.
    ///
    /// # Errors
    /// When the handle belongs to another store or its scope was left; so do all methods.
    pub fn ty(&self, store: impl AsContext) -> Result<DefinedType> {
        let store = store.as_context();
        let base = store.ptr.base();
        Ok(DefinedType::new(base, type_of(base, self.gc_ref(base)?)))
    }

    /// The number of elements.
    ///
    /// # Errors
    /// See [`ArrayRef::ty`].
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        let store = store.as_context();
        let base = store.ptr.base();
        let value = self.gc_ref(base)?;
        // SAFETY: the array is rooted.
        Ok(unsafe { base.core().array_len(value) }?)
    }

    fn element_type(base: &StoreBase, ty: TypeId) -> core_types::FieldType {
        match &base.core().type_info(ty).sub.composite {
            CompositeType::Array(field) => *field,
            _ => unreachable!("an array has an array type"),
        }
    }

    /// An element; packed ones are zero-extended.
    ///
    /// # Errors
    /// When there is no such element; see [`ArrayRef::ty`].
    pub fn get(&self, mut store: impl AsContextMut, index: u32) -> Result<Val> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let value = self.gc_ref(base)?;
        let ty = type_of(base, value);
        let element = Self::element_type(base, ty).storage.unpacked();
        read(base, element, |base, out| {
            // SAFETY: the array is rooted; the index is checked there.
            unsafe { base.core().array_get(ty, false, value, index, out) }
        })
    }

    /// Sets an element.
    ///
    /// # Errors
    /// When there is no such element, elements are immutable, or the value does not fit; see
    /// [`ArrayRef::ty`].
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let array = self.gc_ref(base)?;
        let ty = type_of(base, array);
        let element = Self::element_type(base, ty);
        check_mutable(element.mutable)?;
        value.check(base, element.storage.unpacked())?;
        let slots = value.slots(base);
        // SAFETY: the array is rooted; the index is checked there; the value was checked.
        unsafe { base.core_mut().array_set(ty, array, index, slots.as_ptr()) }?;
        Ok(())
    }
}

impl FieldType {
    /// Whether values are stored in fewer bits than they have elsewhere.
    pub fn is_packed(&self) -> bool {
        !matches!(self.storage, StorageType::Val(_))
    }
}
