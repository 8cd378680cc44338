//! Exceptions: objects with a tag and a payload of slots. Function references in a payload are
//! pointers, as in any slot.

use super::GcRef;
use super::create::operands;
use super::heap::{EXN_DATA_OFFSET, EXN_TAG_OFFSET, EXN_WORD};
use crate::StoreCore;
use crate::layout::TagDef;
use alloc::boxed::Box;
use alloc::vec::Vec;
use tierra_core::Trap;
use tierra_core::types::slots_of;

impl StoreCore {
    /// An exception with this payload, as slots. References among it need no root.
    ///
    /// # Errors
    /// When the heap is full.
    ///
    /// # Safety
    /// The tag is one of this store; `args` points to values of its type's parameters.
    pub unsafe fn new_exn(&mut self, tag: *const TagDef, args: *const u64) -> Result<GcRef, Trap> {
        // SAFETY: tags live as long as the store.
        let info = self.type_info(unsafe { (*tag).type_id });
        let slots = slots_of(
            &info
                .as_func()
                .expect("the type of a tag is a function type")
                .params,
        );
        let heap: Box<[u32]> = info.heap_params.clone();
        // SAFETY: the caller's.
        let mut args: Vec<u64> = unsafe { operands(args, slots) }.to_vec();
        let size = (EXN_DATA_OFFSET + 8 * slots) as u64;
        let object = self.allocate(size, &mut args, heap.iter().map(|i| *i as usize))?;
        // SAFETY: the object was just allocated, with room for all of this.
        unsafe {
            let base = self.gc.base().add(object);
            base.add(EXN_TAG_OFFSET).cast::<*const TagDef>().write(tag);
            base.add(EXN_DATA_OFFSET)
                .cast::<u64>()
                .copy_from_nonoverlapping(args.as_ptr(), slots);
        }
        Ok(self.init_header(object, EXN_WORD, slots as u32))
    }

    /// The tag of an exception.
    ///
    /// # Safety
    /// The reference is to an exception of this store and not stale.
    pub unsafe fn exn_tag(&self, exception: GcRef) -> *const TagDef {
        // SAFETY: the caller's.
        unsafe {
            *self
                .gc
                .base()
                .add(exception.0 as usize + EXN_TAG_OFFSET)
                .cast()
        }
    }

    /// Writes the payload of an exception to `out`; tells how many slots that were.
    ///
    /// # Safety
    /// As for [`StoreCore::exn_tag`]; `out` has room for the payload.
    pub unsafe fn exn_fields(&self, exception: GcRef, out: *mut u64) -> u32 {
        // SAFETY: the caller's.
        let (_, slots) = unsafe { self.header(exception) };
        // SAFETY: the payload lies within the object.
        unsafe {
            let payload = self
                .gc
                .base()
                .add(exception.0 as usize + EXN_DATA_OFFSET)
                .cast::<u64>();
            payload.copy_to_nonoverlapping(out, slots as usize);
        }
        slots
    }
}
