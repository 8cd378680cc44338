//! Memory of a Unix system: address space is reserved first, pages are made accessible later.

use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// Zeroed memory that grows.
pub(crate) struct Region {
    base: NonNull<u8>,
    /// Bytes of address space, whole pages.
    reserved: usize,
    /// Bytes that are accessible, whole pages.
    committed: usize,
}

// SAFETY: a region owns its mapping; what is in it is reached through raw pointers only.
unsafe impl Send for Region {}
// SAFETY: as above; `&self` gives out nothing but the address.
unsafe impl Sync for Region {}

fn page_round(len: usize) -> Option<usize> {
    len.checked_next_multiple_of(rustix::param::page_size())
}

impl Region {
    pub(crate) fn new(len: usize, reserve: usize, fixed: bool) -> Option<Self> {
        let committed = page_round(len)?;
        let reserved = page_round(reserve)?.max(committed);
        Self::map(committed, reserved).or_else(|| {
            if fixed || reserved == committed {
                None
            } else {
                Self::map(committed, committed)
            }
        })
    }

    fn map(committed: usize, reserved: usize) -> Option<Self> {
        if reserved == 0 {
            return Some(Self {
                base: NonNull::dangling(),
                reserved,
                committed,
            });
        }
        let all = committed == reserved;
        let access = if all {
            ProtFlags::READ | ProtFlags::WRITE
        } else {
            ProtFlags::empty()
        };
        let flags = MapFlags::PRIVATE;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let flags = flags | MapFlags::NORESERVE;
        // SAFETY: a new anonymous mapping at an address of the system's choice.
        let base = unsafe { mmap_anonymous(null_mut(), reserved, access, flags) }.ok()?;
        let base = NonNull::new(base.cast::<u8>())?;
        let mut region = Self {
            base,
            reserved,
            committed: if all { committed } else { 0 },
        };
        region.commit(committed).then_some(region)
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    pub(crate) fn commit(&mut self, len: usize) -> bool {
        let Some(wanted) = page_round(len).filter(|l| *l <= self.reserved) else {
            return false;
        };
        if wanted > self.committed {
            // SAFETY: the range lies within the mapping.
            let start = unsafe { self.base.add(self.committed) }
                .as_ptr()
                .cast::<c_void>();
            let access = MprotectFlags::READ | MprotectFlags::WRITE;
            // SAFETY: as above; these pages become accessible for the first time.
            if unsafe { mprotect(start, wanted - self.committed, access) }.is_err() {
                return false;
            }
            self.committed = wanted;
        }
        true
    }

    pub(crate) fn grow(&mut self, len: usize) -> bool {
        if self.commit(len) {
            return true;
        }
        if len <= self.reserved {
            return false;
        }
        // Address space for twice as much: many small steps move seldom.
        let Some(mut new) = Self::new(len, len.saturating_mul(2), false) else {
            return false;
        };
        // SAFETY: both mappings are at least `committed` long and accessible, and apart.
        unsafe {
            new.base()
                .copy_from_nonoverlapping(self.base(), self.committed)
        };
        core::mem::swap(self, &mut new);
        true
    }

    pub(crate) fn spoil(&mut self, used: usize) {
        // SAFETY: the pages are accessible.
        unsafe { self.base().write_bytes(0xdb, used.min(self.committed)) };
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if self.reserved > 0 {
            // SAFETY: the mapping is ours and nobody uses it any more. An error could only leak it.
            let _ = unsafe { munmap(self.base().cast(), self.reserved) };
        }
    }
}
