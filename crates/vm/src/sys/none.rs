//! Memory from the allocator: nothing is reserved but what must not move.

use alloc::alloc::{Layout, alloc_zeroed, dealloc, realloc};
use core::ptr::NonNull;

/// Zeroed memory that grows.
pub(crate) struct Region {
    base: NonNull<u8>,
    capacity: usize,
}

// SAFETY: a region owns its memory; what is in it is reached through raw pointers only.
unsafe impl Send for Region {}
// SAFETY: as above; `&self` gives out nothing but the address.
unsafe impl Sync for Region {}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size, 16).ok()
}

impl Region {
    pub(crate) fn new(len: usize, reserve: usize, fixed: bool) -> Option<Self> {
        let capacity = if fixed { reserve.max(len) } else { len };
        if capacity == 0 {
            return Some(Self {
                base: NonNull::dangling(),
                capacity,
            });
        }
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(layout(capacity)?) })?;
        Some(Self { base, capacity })
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    pub(crate) fn commit(&mut self, len: usize) -> bool {
        len <= self.capacity
    }

    pub(crate) fn grow(&mut self, len: usize) -> bool {
        if len <= self.capacity {
            return true;
        }
        if self.capacity == 0 {
            let Some(new) = Self::new(len, len, true) else {
                return false;
            };
            *self = new;
            return true;
        }
        let (Some(old), Some(_)) = (layout(self.capacity), layout(len)) else {
            return false;
        };
        // SAFETY: the memory came from this allocator with this layout; the new size is valid.
        let Some(base) = NonNull::new(unsafe { realloc(self.base(), old, len) }) else {
            return false;
        };
        // SAFETY: the new part lies within the allocation.
        unsafe { base.add(self.capacity).write_bytes(0, len - self.capacity) };
        *self = {
            let new = Self {
                base,
                capacity: len,
            };
            core::mem::forget(core::mem::replace(
                self,
                Self {
                    base: NonNull::dangling(),
                    capacity: 0,
                },
            ));
            new
        };
        true
    }

    pub(crate) fn spoil(&mut self, used: usize) {
        // SAFETY: all of the memory is ours.
        unsafe { self.base().write_bytes(0xdb, used.min(self.capacity)) };
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if let (Some(layout), true) = (layout(self.capacity), self.capacity > 0) {
            // SAFETY: the memory came from this allocator with this layout.
            unsafe { dealloc(self.base(), layout) };
        }
    }
}
