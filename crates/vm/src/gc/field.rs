//! Single fields and elements: between slots and the bytes of objects.

use super::GcRef;
use super::layout::{ARRAY_DATA_OFFSET, FieldRepr};
use crate::layout::FuncRef;
use crate::{InstanceData, StoreCore};
use tierra_core::index::ElemIdx;

/// In this block, arrays are those of this store that are not null and not stale; indices are
/// within bounds.
impl StoreCore {
    /// Where an element lies.
    ///
    /// # Safety
    /// The array is not null; see the block.
    #[inline]
    pub(super) unsafe fn element(&self, array: GcRef, repr: FieldRepr, index: u32) -> *mut u8 {
        let offset = ARRAY_DATA_OFFSET as usize + index as usize * repr.size() as usize;
        // SAFETY: within the array or at its end.
        unsafe { self.gc.base().add(array.0 as usize + offset) }
    }

    /// # Safety
    /// The elements lie within the array; see the block.
    pub(super) unsafe fn fill_elements(
        &self,
        array: GcRef,
        repr: FieldRepr,
        index: u32,
        value: *const u64,
        len: u32,
    ) {
        if len == 0 {
            return;
        }
        let size = repr.size() as usize;
        // SAFETY: the first element is stored, then copied to the others by doubling.
        unsafe {
            let first = self.element(array, repr, index);
            self.store_field(first, repr, value);
            if repr == FieldRepr::I8 {
                return first.write_bytes(*first, len as usize);
            }
            let (mut done, all) = (size, len as usize * size);
            while done < all {
                let step = done.min(all - done);
                first.add(done).copy_from_nonoverlapping(first, step);
                done += step;
            }
        }
    }

    /// # Safety
    /// Both ranges are within bounds; see the block.
    #[allow(clippy::too_many_arguments, reason = "the instruction's operands")]
    pub(super) unsafe fn store_elem(
        &self,
        array: GcRef,
        repr: FieldRepr,
        index: u32,
        instance: &InstanceData,
        elem: ElemIdx,
        offset: u32,
        len: u32,
    ) {
        for i in 0..len {
            let value = instance.elem(elem, (offset + i) as usize);
            // SAFETY: within the array; segments are roots, so the value is up to date.
            unsafe { self.store_field(self.element(array, repr, index + i), repr, &value) };
        }
    }

    /// # Safety
    /// `at` is a field of this representation; `out` has room for its value.
    #[inline]
    pub(super) unsafe fn load_field(
        &self,
        at: *const u8,
        repr: FieldRepr,
        signed: bool,
        out: *mut u64,
    ) {
        // SAFETY: the caller's. Unaligned reads, since vectors are only aligned to 8.
        unsafe {
            *out = match (repr, signed) {
                (FieldRepr::I8, false) => (*at).into(),
                (FieldRepr::I8, true) => ((*at).cast_signed() as i32 as u32).into(),
                (FieldRepr::I16, false) => u16::from_le(at.cast::<u16>().read()).into(),
                (FieldRepr::I16, true) => {
                    (u16::from_le(at.cast::<u16>().read()).cast_signed() as i32 as u32).into()
                }
                (FieldRepr::Bits32 | FieldRepr::Heap, _) => {
                    u32::from_le(at.cast::<u32>().read()).into()
                }
                (FieldRepr::Func, _) => self.func_at(u32::from_le(at.cast::<u32>().read())) as u64,
                (FieldRepr::Bits64, _) => u64::from_le(at.cast::<u64>().read()),
                (FieldRepr::V128, _) => {
                    let [low, high] = at.cast::<[u64; 2]>().read_unaligned();
                    *out.add(1) = u64::from_le(high);
                    u64::from_le(low)
                }
            };
        }
    }

    /// # Safety
    /// `at` is a field of this representation; `value` is one for it.
    #[inline]
    pub(super) unsafe fn store_field(&self, at: *mut u8, repr: FieldRepr, value: *const u64) {
        // SAFETY: the caller's. Unaligned writes, since vectors are only aligned to 8.
        unsafe {
            match repr {
                FieldRepr::I8 => *at = *value as u8,
                FieldRepr::I16 => at.cast::<u16>().write((*value as u16).to_le()),
                FieldRepr::Bits32 | FieldRepr::Heap => {
                    at.cast::<u32>().write((*value as u32).to_le())
                }
                FieldRepr::Func => {
                    let index = self.func_index(*value as *const FuncRef);
                    at.cast::<u32>().write(index.to_le());
                }
                FieldRepr::Bits64 => at.cast::<u64>().write((*value).to_le()),
                FieldRepr::V128 => at
                    .cast::<[u64; 2]>()
                    .write_unaligned([(*value).to_le(), (*value.add(1)).to_le()]),
            }
        }
    }
}
