//! The collector: Cheney's algorithm. Objects are copied to a new space as they are found; the
//! copies are scanned in order, so the space itself is the queue.

use super::heap::*;
use super::host::HostValues;
use super::layout::{ARRAY_DATA_OFFSET, FieldRepr, ObjectLayout, array_size};
use crate::gc::GcRef;
use crate::layout::TagDef;
use crate::types::TypeTable;
use crate::{Pending, StoreCore};
use tierra_core::Trap;

impl StoreCore {
    /// Collects garbage. Every reference that is not in a root is stale afterwards.
    ///
    /// # Errors
    /// When the system has no memory for it: [`Trap::OutOfMemory`], and nothing happened.
    pub fn collect(&mut self) -> Result<(), Trap> {
        self.collect_for(0)
    }

    /// Collects, then makes sure that `request` bytes can be allocated.
    pub(super) fn collect_for(&mut self, request: usize) -> Result<(), Trap> {
        let space = self.gc.take_to_space(request)?;
        let from = self.gc.base();
        let used = self.gc.top();
        let mut copier = Copier {
            from,
            used,
            to: space.base(),
            top: FIRST_OBJECT,
            table: &self.table,
            hosts: &mut self.gc.hosts,
        };
        let mut visit = |slot: *mut u64| {
            // SAFETY: roots are slots that hold references into this heap.
            unsafe { *slot = copier.forward(GcRef::from_slot(*slot)).slot() };
        };
        // SAFETY: an allocation is a call from guest code into Rust, or guest code does not run
        // at all.
        unsafe { crate::walk::visit_roots(&self.exec, &mut visit) };
        self.roots.visit(&mut visit);
        if let Pending::Throw(exception) = &mut self.pending {
            let mut slot = exception.slot();
            visit(&mut slot);
            *exception = GcRef::from_slot(slot);
        }
        for global in &self.heap_globals {
            // SAFETY: globals live as long as the store.
            visit(unsafe { global.as_ref() }.cell().as_ptr().cast());
        }
        for table in &self.heap_tables {
            // SAFETY: tables live as long as the store.
            unsafe { table.as_ref() }.visit(&mut visit);
        }
        for instance in &self.heap_instances {
            // SAFETY: instances live as long as the store.
            unsafe { instance.as_ref() }.visit(&mut visit);
        }
        // SAFETY: the space holds nothing but the copies.
        unsafe { copier.scan() };
        let top = copier.top;
        let dead = self.gc.hosts.sweep();
        self.exec.heap_base.set(space.base());
        self.gc.replace(space, top, request);
        drop(dead);
        self.gc.check_room(request)
    }
}

struct Copier<'a> {
    from: *mut u8,
    used: usize,
    to: *mut u8,
    top: usize,
    table: &'a TypeTable,
    hosts: &'a mut HostValues,
}

impl Copier<'_> {
    /// Where the referent is now; it is copied if it was not yet.
    ///
    /// # Safety
    /// The reference is one into the old space.
    unsafe fn forward(&mut self, reference: GcRef) -> GcRef {
        let Some(offset) = reference.offset() else {
            return reference;
        };
        assert!(
            offset < self.used && offset.is_multiple_of(8),
            "a root holds a stale reference"
        );
        // SAFETY: the header of an object of the old space.
        let header = unsafe { self.from.add(offset).cast::<[u32; 2]>() };
        // SAFETY: as above.
        let [word, aux] = unsafe { *header };
        if word == FORWARDED {
            return GcRef(aux);
        }
        if word == EXTERN_WORD {
            self.hosts.mark(aux);
        }
        let size = self.size(word, aux);
        let new = self.top;
        self.top += size;
        // SAFETY: the new space is as large as all that is in use in the old one, and every
        // object is copied once.
        unsafe {
            self.to
                .add(new)
                .copy_from_nonoverlapping(header.cast(), size);
            *header = [FORWARDED, new as u32];
        }
        GcRef(new as u32)
    }

    fn size(&self, word: u32, aux: u32) -> usize {
        match type_of_word(word) {
            None if word == EXTERN_WORD => 8,
            None => EXN_DATA_OFFSET + 8 * aux as usize,
            Some(id) => match self.table.info(id).layout {
                Some(ObjectLayout::Struct { size, .. }) => size as usize,
                Some(ObjectLayout::Array(element)) => array_size(element, aux) as usize,
                None => unreachable!("an object of a function type"),
            },
        }
    }

    /// Forwards every reference in the copies.
    ///
    /// # Safety
    /// The new space holds copies from its first object up to `top`.
    unsafe fn scan(&mut self) {
        let table = self.table;
        let mut at = FIRST_OBJECT;
        while at < self.top {
            // SAFETY: `at` is where a copy begins.
            let object = unsafe { self.to.add(at) };
            // SAFETY: as above.
            let [word, aux] = unsafe { *object.cast::<[u32; 2]>() };
            at += self.size(word, aux);
            match type_of_word(word).map(|id| table.info(id)) {
                Some(info) => match &info.layout {
                    Some(ObjectLayout::Struct { heap_refs, .. }) => {
                        for offset in heap_refs {
                            // SAFETY: a field that is a reference into the heap.
                            unsafe { self.update(object.add(*offset as usize).cast()) };
                        }
                    }
                    Some(ObjectLayout::Array(FieldRepr::Heap)) => {
                        for i in 0..aux as usize {
                            // SAFETY: an element that is a reference into the heap.
                            unsafe {
                                self.update(object.add(ARRAY_DATA_OFFSET as usize + 4 * i).cast());
                            }
                        }
                    }
                    _ => {}
                },
                None if word == EXN_WORD => {
                    // SAFETY: an exception begins with its tag, which lives as long as the store.
                    let tag = unsafe { &**object.add(EXN_TAG_OFFSET).cast::<*const TagDef>() };
                    for slot in &table.info(tag.type_id).heap_params {
                        // SAFETY: a slot of the payload that is a reference into the heap; its
                        // lower half holds it.
                        unsafe {
                            let slot = object
                                .add(EXN_DATA_OFFSET)
                                .cast::<u64>()
                                .add(*slot as usize);
                            *slot = self.forward(GcRef::from_slot(*slot)).slot();
                        }
                    }
                }
                None => {}
            }
        }
    }

    /// Forwards a field or an element.
    ///
    /// # Safety
    /// `field` lies in a copy and holds a reference into the old space.
    unsafe fn update(&mut self, field: *mut u32) {
        // SAFETY: the caller's; references are aligned to their size.
        unsafe { *field = self.forward(GcRef(u32::from_le(*field))).0.to_le() };
    }
}
