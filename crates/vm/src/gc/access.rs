//! Reading and writing objects.

use super::heap::type_of_word;
use super::layout::{FieldLayout, FieldRepr, ObjectLayout};
use super::{GcRef, ObjectKind};
use crate::layout::FuncRef;
use crate::{InstanceData, StoreCore};
use tierra_core::Trap;
use tierra_core::index::{DataIdx, ElemIdx, TypeId};
use tierra_core::types::{HeapType, RefKind, RefType};

/// In this block, a reference that is passed is one of this store that is not stale and of the
/// type that is passed with it; values are slots of the type of the field or element.
impl StoreCore {
    /// `struct.get`: the value is written to `out`.
    ///
    /// # Errors
    /// When the reference is null.
    ///
    /// # Safety
    /// See the block; `out` has room for the value.
    pub unsafe fn struct_get(
        &self,
        ty: TypeId,
        field: u32,
        signed: bool,
        object: GcRef,
        out: *mut u64,
    ) -> Result<(), Trap> {
        let object = object.offset().ok_or(Trap::NullStructReference)?;
        let FieldLayout { offset, repr } = self.field(ty, field);
        // SAFETY: the field lies within the object.
        unsafe {
            self.load_field(
                self.gc.base().add(object + offset as usize),
                repr,
                signed,
                out,
            )
        };
        Ok(())
    }

    /// `struct.set`
    ///
    /// # Errors
    /// When the reference is null.
    ///
    /// # Safety
    /// See the block.
    pub unsafe fn struct_set(
        &mut self,
        ty: TypeId,
        field: u32,
        object: GcRef,
        value: *const u64,
    ) -> Result<(), Trap> {
        let object = object.offset().ok_or(Trap::NullStructReference)?;
        let FieldLayout { offset, repr } = self.field(ty, field);
        // SAFETY: the field lies within the object.
        unsafe { self.store_field(self.gc.base().add(object + offset as usize), repr, value) };
        Ok(())
    }

    /// `array.len`
    ///
    /// # Errors
    /// When the reference is null.
    ///
    /// # Safety
    /// See the block.
    #[inline]
    pub unsafe fn array_len(&self, array: GcRef) -> Result<u32, Trap> {
        array.offset().ok_or(Trap::NullArrayReference)?;
        // SAFETY: the caller's.
        Ok(unsafe { self.header(array) }.1)
    }

    /// `array.get`: the value is written to `out`.
    ///
    /// # Errors
    /// When the reference is null or the index out of bounds.
    ///
    /// # Safety
    /// See the block; `out` has room for the value.
    pub unsafe fn array_get(
        &self,
        ty: TypeId,
        signed: bool,
        array: GcRef,
        index: u32,
        out: *mut u64,
    ) -> Result<(), Trap> {
        // SAFETY: the caller's.
        unsafe { self.check_elements(array, index, 1)? };
        let repr = self.element_repr(ty);
        // SAFETY: the element lies within the array.
        unsafe { self.load_field(self.element(array, repr, index), repr, signed, out) };
        Ok(())
    }

    /// `array.set`
    ///
    /// # Errors
    /// When the reference is null or the index out of bounds.
    ///
    /// # Safety
    /// See the block.
    pub unsafe fn array_set(
        &mut self,
        ty: TypeId,
        array: GcRef,
        index: u32,
        value: *const u64,
    ) -> Result<(), Trap> {
        // SAFETY: the caller's.
        unsafe { self.array_fill(ty, array, index, value, 1) }
    }

    /// `array.fill`
    ///
    /// # Errors
    /// When the reference is null or the range out of bounds.
    ///
    /// # Safety
    /// See the block.
    pub unsafe fn array_fill(
        &mut self,
        ty: TypeId,
        array: GcRef,
        index: u32,
        value: *const u64,
        len: u32,
    ) -> Result<(), Trap> {
        // SAFETY: the caller's.
        unsafe { self.check_elements(array, index, len)? };
        // SAFETY: the elements lie within the array.
        unsafe { self.fill_elements(array, self.element_repr(ty), index, value, len) };
        Ok(())
    }

    /// `array.copy`, between arrays of the same representation.
    ///
    /// # Errors
    /// When a reference is null or a range out of bounds.
    ///
    /// # Safety
    /// See the block: `ty` is the type of `to`, and the elements of `from` match its.
    pub unsafe fn array_copy(
        &mut self,
        ty: TypeId,
        to: GcRef,
        to_index: u32,
        from: GcRef,
        from_index: u32,
        len: u32,
    ) -> Result<(), Trap> {
        let repr = self.element_repr(ty);
        // SAFETY: both ranges lie within their arrays; they may overlap.
        unsafe {
            self.check_elements(to, to_index, len)?;
            self.check_elements(from, from_index, len)?;
            let source = self.element(from, repr, from_index);
            source.copy_to(
                self.element(to, repr, to_index),
                len as usize * repr.size() as usize,
            );
        }
        Ok(())
    }

    /// `array.init_data`
    ///
    /// # Errors
    /// When the reference is null or a range out of bounds.
    ///
    /// # Safety
    /// See the block.
    #[allow(clippy::too_many_arguments, reason = "the instruction's operands")]
    pub unsafe fn array_init_data(
        &mut self,
        ty: TypeId,
        instance: &InstanceData,
        data: DataIdx,
        array: GcRef,
        index: u32,
        offset: u32,
        len: u32,
    ) -> Result<(), Trap> {
        let repr = self.element_repr(ty);
        // SAFETY: the range lies within the array, and is as large as the bytes.
        unsafe {
            self.check_elements(array, index, len)?;
            let bytes = data_range(instance, data, repr, offset, len)?;
            let target = self.element(array, repr, index);
            target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Ok(())
    }

    /// `array.init_elem`
    ///
    /// # Errors
    /// When the reference is null or a range out of bounds.
    ///
    /// # Safety
    /// See the block.
    #[allow(clippy::too_many_arguments, reason = "the instruction's operands")]
    pub unsafe fn array_init_elem(
        &mut self,
        ty: TypeId,
        instance: &InstanceData,
        elem: ElemIdx,
        array: GcRef,
        index: u32,
        offset: u32,
        len: u32,
    ) -> Result<(), Trap> {
        let repr = self.element_repr(ty);
        // SAFETY: both ranges are within bounds.
        unsafe {
            self.check_elements(array, index, len)?;
            check_elem(instance, elem, offset, len)?;
            self.store_elem(array, repr, index, instance, elem, offset, len);
        }
        Ok(())
    }

    /// Whether a reference, as a slot, is of a type in its own hierarchy.
    ///
    /// # Safety
    /// The slot holds a reference of this store and this kind that is not stale.
    pub unsafe fn ref_matches(&self, slot: u64, to: RefType, kind: RefKind) -> bool {
        if slot == 0 {
            return to.nullable;
        }
        if kind == RefKind::Func {
            return match to.heap {
                // SAFETY: a function reference that is not null.
                HeapType::Concrete(id) => unsafe {
                    self.table
                        .is_subtype((*(slot as *const FuncRef)).type_id, id)
                },
                heap => heap == HeapType::Func,
            };
        }
        // SAFETY: the caller's.
        let object = unsafe { self.object_kind(GcRef::from_slot(slot)) };
        match (to.heap, object) {
            (HeapType::Any | HeapType::Extern | HeapType::Exn, _) => true,
            (HeapType::I31, ObjectKind::I31(_)) => true,
            (HeapType::Eq, o) => !matches!(o, ObjectKind::Extern | ObjectKind::Exn),
            (HeapType::Struct, ObjectKind::Struct(_)) => true,
            (HeapType::Array, ObjectKind::Array(_)) => true,
            (HeapType::Concrete(id), ObjectKind::Struct(own) | ObjectKind::Array(own)) => {
                self.table.is_subtype(own, id)
            }
            _ => false,
        }
    }

    fn field(&self, ty: TypeId, field: u32) -> FieldLayout {
        match &self.type_info(ty).layout {
            Some(ObjectLayout::Struct { fields, .. }) => fields[field as usize],
            _ => unreachable!("not a structure type"),
        }
    }

    /// # Safety
    /// See the block.
    unsafe fn check_elements(&self, array: GcRef, index: u32, len: u32) -> Result<(), Trap> {
        // SAFETY: the caller's.
        let all = unsafe { self.array_len(array)? };
        match index.checked_add(len) {
            Some(end) if end <= all => Ok(()),
            _ => Err(Trap::ArrayOutOfBounds),
        }
    }

    /// The type of a structure or an array.
    ///
    /// # Safety
    /// See the block; the reference may be of any type.
    pub unsafe fn object_type(&self, object: GcRef) -> Option<TypeId> {
        object.offset()?;
        // SAFETY: the caller's.
        type_of_word(unsafe { self.header(object) }.0)
    }
}

/// The bytes of a data segment for these elements.
pub(super) fn data_range(
    instance: &InstanceData,
    data: DataIdx,
    repr: FieldRepr,
    offset: u32,
    len: u32,
) -> Result<&[u8], Trap> {
    let bytes = instance.data(data);
    let size = u64::from(len) * u64::from(repr.size());
    let at = crate::memory::check(bytes.len(), offset.into(), size)?;
    Ok(&bytes[at..at + size as usize])
}

/// Whether an element segment has these elements.
pub(super) fn check_elem(
    instance: &InstanceData,
    elem: ElemIdx,
    offset: u32,
    len: u32,
) -> Result<(), Trap> {
    if u64::from(offset) + u64::from(len) <= instance.elem_len(elem) {
        Ok(())
    } else {
        Err(Trap::TableOutOfBounds)
    }
}
