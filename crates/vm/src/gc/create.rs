//! Making objects.
//!
//! Operands of an allocation may be references, and the allocation may collect. They need no
//! root of their own: when a collection is due, and only then, they are copied to one.

use super::heap::type_of_word;
use super::layout::{FieldLayout, FieldRepr, ObjectLayout, array_size};
use super::{GcRef, ObjectKind};
use crate::{InstanceData, StoreCore};
use alloc::vec::Vec;
use tierra_core::Trap;
use tierra_core::index::{DataIdx, ElemIdx, TypeId};
use tierra_core::types::CompositeType;

impl StoreCore {
    /// Room for an object of `size` bytes. `operands[i]` is a reference into the heap for each
    /// `i` of `heap`, and is up to date again afterwards.
    #[inline]
    pub(super) fn allocate(
        &mut self,
        size: u64,
        operands: &mut [u64],
        heap: impl IntoIterator<Item = usize, IntoIter: Clone>,
    ) -> Result<usize, Trap> {
        match self.gc.bump(size) {
            Some(object) => Ok(object),
            None => self.allocate_slow(size, operands, heap.into_iter()),
        }
    }

    #[cold]
    fn allocate_slow(
        &mut self,
        size: u64,
        operands: &mut [u64],
        heap: impl Iterator<Item = usize> + Clone,
    ) -> Result<usize, Trap> {
        let request = self.gc.check_size(size)?;
        let scope = self.roots.enter();
        for i in heap.clone() {
            self.roots.push(GcRef::from_slot(operands[i]));
        }
        let collected = self.collect_for(request);
        for (n, i) in heap.enumerate() {
            operands[i] = self.roots.at(scope + n).slot();
        }
        self.roots.leave(scope);
        collected?;
        self.gc.bump(size).ok_or(Trap::OutOfMemory)
    }

    pub(super) fn init_header(&mut self, object: usize, word: u32, aux: u32) -> GcRef {
        // SAFETY: the object was just allocated: its header is in the heap.
        unsafe { *self.gc.base().add(object).cast::<[u32; 2]>() = [word, aux] };
        GcRef(object as u32)
    }

    /// # Safety
    /// The reference is to an object of this store and not stale.
    #[inline]
    pub(super) unsafe fn header(&self, reference: GcRef) -> (u32, u32) {
        debug_assert!(
            reference.offset().is_some_and(|o| o < self.gc.top()),
            "a stale reference"
        );
        // SAFETY: the caller's.
        let [word, aux] = unsafe { *self.gc.base().add(reference.0 as usize).cast::<[u32; 2]>() };
        (word, aux)
    }

    /// What a reference refers to.
    ///
    /// # Safety
    /// The reference is one of this store that is not stale.
    pub unsafe fn object_kind(&self, reference: GcRef) -> ObjectKind {
        if let Some(number) = reference.as_i31() {
            return ObjectKind::I31(number);
        }
        if reference.is_null() {
            return ObjectKind::Null;
        }
        // SAFETY: it is an object, by the caller's promise not stale.
        let (word, _) = unsafe { self.header(reference) };
        match type_of_word(word) {
            None if word == super::heap::EXN_WORD => ObjectKind::Exn,
            None => ObjectKind::Extern,
            Some(id) => match self.type_info(id).sub.composite {
                CompositeType::Array(_) => ObjectKind::Array(id),
                _ => ObjectKind::Struct(id),
            },
        }
    }

    /// A structure with these fields, as slots. References among them need no root.
    ///
    /// # Errors
    /// When the heap is full.
    ///
    /// # Safety
    /// `ty` is a structure type that was added; `fields` points to values of its fields.
    pub unsafe fn new_struct(&mut self, ty: TypeId, fields: *const u64) -> Result<GcRef, Trap> {
        let (size, _) = self.struct_layout(ty);
        let mut kept = Vec::new();
        let mut values = fields;
        let object = match self.gc.bump(size.into()) {
            Some(object) => object,
            None => {
                let (_, layout) = self.struct_layout(ty);
                let slots = layout.iter().map(|f| f.repr.slots()).sum();
                // SAFETY: the caller's.
                kept.extend_from_slice(unsafe { operands(fields, slots) });
                let heap: Vec<usize> = heap_positions(layout).collect();
                let object = self.allocate_slow(size.into(), &mut kept, heap.into_iter())?;
                values = kept.as_ptr();
                object
            }
        };
        let reference = self.init_header(object, ty.0, 0);
        for field in self.struct_layout(ty).1 {
            // SAFETY: the field lies within the object, and there is a value for every field.
            unsafe {
                let at = self.gc.base().add(object + field.offset as usize);
                self.store_field(at, field.repr, values);
                values = values.add(field.repr.slots());
            }
        }
        Ok(reference)
    }

    /// A structure whose fields are zero and null.
    ///
    /// # Errors
    /// When the heap is full.
    ///
    /// # Safety
    /// `ty` is a structure type that was added, and its fields have default values.
    pub unsafe fn new_struct_default(&mut self, ty: TypeId) -> Result<GcRef, Trap> {
        let (size, _) = self.struct_layout(ty);
        let object = self.allocate(size.into(), &mut [], [])?;
        // SAFETY: the object was just allocated.
        unsafe { self.gc.base().add(object).write_bytes(0, size as usize) };
        Ok(self.init_header(object, ty.0, 0))
    }

    /// An array all of whose elements have one value. A reference needs no root.
    ///
    /// # Errors
    /// When the array is too large, or the heap is full.
    ///
    /// # Safety
    /// `ty` is an array type that was added; `init` points to a value of its elements.
    pub unsafe fn new_array(
        &mut self,
        ty: TypeId,
        init: *const u64,
        len: u32,
    ) -> Result<GcRef, Trap> {
        let repr = self.element_repr(ty);
        let mut value = [0; 2];
        // SAFETY: the caller's.
        unsafe {
            value
                .as_mut_ptr()
                .copy_from_nonoverlapping(init, repr.slots())
        };
        let heap = (repr == FieldRepr::Heap).then_some(0);
        let object = self.allocate(array_size(repr, len), &mut value, heap)?;
        let array = self.init_header(object, ty.0, len);
        // SAFETY: the elements lie within the object.
        unsafe { self.fill_elements(array, repr, 0, value.as_ptr(), len) };
        Ok(array)
    }

    /// An array whose elements are zero or null.
    ///
    /// # Errors
    /// When the array is too large, or the heap is full.
    ///
    /// # Safety
    /// `ty` is an array type that was added, and its elements have a default value.
    pub unsafe fn new_array_default(&mut self, ty: TypeId, len: u32) -> Result<GcRef, Trap> {
        let size = array_size(self.element_repr(ty), len);
        let object = self.allocate(size, &mut [], [])?;
        // SAFETY: the object was just allocated.
        unsafe { self.gc.base().add(object).write_bytes(0, size as usize) };
        Ok(self.init_header(object, ty.0, len))
    }

    /// An array of these values, as slots. References among them need no root.
    ///
    /// # Errors
    /// When the array is too large, or the heap is full.
    ///
    /// # Safety
    /// `ty` is an array type that was added; `values` points to `len` values of its elements.
    pub unsafe fn new_array_fixed(
        &mut self,
        ty: TypeId,
        values: *const u64,
        len: u32,
    ) -> Result<GcRef, Trap> {
        let repr = self.element_repr(ty);
        let size = array_size(repr, len);
        let mut kept = Vec::new();
        let mut values = values;
        let object = match self.gc.bump(size) {
            Some(object) => object,
            None => {
                let slots = len as usize * repr.slots();
                // SAFETY: the caller's.
                kept.extend_from_slice(unsafe { operands(values, slots) });
                let heap = 0..if repr == FieldRepr::Heap { slots } else { 0 };
                let object = self.allocate_slow(size, &mut kept, heap)?;
                values = kept.as_ptr();
                object
            }
        };
        let array = self.init_header(object, ty.0, len);
        for i in 0..len {
            // SAFETY: the element lies within the object, and there is a value for each.
            unsafe {
                self.store_field(self.element(array, repr, i), repr, values);
                values = values.add(repr.slots());
            }
        }
        Ok(array)
    }

    /// An array of numbers from a data segment.
    ///
    /// # Errors
    /// When the segment is too short, the array too large, or the heap full.
    ///
    /// # Safety
    /// `ty` is an array type of numbers that was added.
    pub unsafe fn new_array_data(
        &mut self,
        ty: TypeId,
        instance: &InstanceData,
        data: DataIdx,
        offset: u32,
        len: u32,
    ) -> Result<GcRef, Trap> {
        let repr = self.element_repr(ty);
        let bytes = super::access::data_range(instance, data, repr, offset, len)?;
        let object = self.allocate(array_size(repr, len), &mut [], [])?;
        let array = self.init_header(object, ty.0, len);
        // SAFETY: the elements lie within the object, and are as large as the bytes.
        unsafe {
            self.element(array, repr, 0)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Ok(array)
    }

    /// An array of references from an element segment.
    ///
    /// # Errors
    /// When the segment is too short, the array too large, or the heap full.
    ///
    /// # Safety
    /// `ty` is an array type that was added, whose elements the segment's match.
    pub unsafe fn new_array_elem(
        &mut self,
        ty: TypeId,
        instance: &InstanceData,
        elem: ElemIdx,
        offset: u32,
        len: u32,
    ) -> Result<GcRef, Trap> {
        let repr = self.element_repr(ty);
        super::access::check_elem(instance, elem, offset, len)?;
        let object = self.allocate(array_size(repr, len), &mut [], [])?;
        let array = self.init_header(object, ty.0, len);
        // SAFETY: both ranges are within bounds.
        unsafe { self.store_elem(array, repr, 0, instance, elem, offset, len) };
        Ok(array)
    }

    /// The representation of an array type's elements.
    #[inline]
    pub(super) fn element_repr(&self, ty: TypeId) -> FieldRepr {
        match self.type_info(ty).layout {
            Some(ObjectLayout::Array(repr)) => repr,
            _ => unreachable!("not an array type"),
        }
    }

    #[inline]
    fn struct_layout(&self, ty: TypeId) -> (u32, &[FieldLayout]) {
        match &self.type_info(ty).layout {
            Some(ObjectLayout::Struct { size, fields, .. }) => (*size, fields),
            _ => unreachable!("not a structure type"),
        }
    }
}

/// Operands as a slice; the pointer may be anything when there is none.
///
/// # Safety
/// The pointer is good for so many slots.
pub(super) unsafe fn operands<'a>(slots: *const u64, len: usize) -> &'a [u64] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's.
    unsafe { core::slice::from_raw_parts(slots, len) }
}

/// The positions, in slots, of the fields that are references into the heap.
fn heap_positions(fields: &[FieldLayout]) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0;
    fields.iter().filter_map(move |field| {
        let position = at;
        at += field.repr.slots();
        (field.repr == FieldRepr::Heap).then_some(position)
    })
}
