//! The space that objects lie in.

use super::host::HostValues;
use crate::sys::Region;
use tierra_core::Trap;
use tierra_core::index::TypeId;

/// The type word of a box of the host; the aux word is the index of the value.
pub(super) const EXTERN_WORD: u32 = 0xffff_fffe;
/// The type word of an exception; the aux word is the number of slots of its payload.
pub(super) const EXN_WORD: u32 = 0xffff_fffd;
/// The type word of an object that has moved; the aux word is where to.
pub(super) const FORWARDED: u32 = 0xffff_fffc;

/// Where an exception's tag lies, and where its payload begins.
pub(super) const EXN_TAG_OFFSET: usize = 8;
pub(super) const EXN_DATA_OFFSET: usize = 16;

/// Offset 0 is null.
pub(super) const FIRST_OBJECT: usize = 8;
/// The smallest space.
const MIN_SPACE: usize = if cfg!(feature = "std") {
    256 << 10
} else {
    4 << 10
};
/// The largest space that is kept for the next collection.
const LARGEST_SPARE: usize = 32 << 20;

/// Counters of a heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcStats {
    /// Collections so far.
    pub collections: u64,
    /// Bytes that the last collection found alive.
    pub live_bytes: u64,
    /// Bytes in use now, garbage included.
    pub used_bytes: u64,
    /// Values of the host in use now, garbage included.
    pub host_values: u64,
}

/// The heap of a store.
pub struct GcHeap {
    space: Option<Space>,
    spare: Option<Space>,
    /// The first free byte.
    top: usize,
    /// Where the next collection is due.
    end: usize,
    limit: usize,
    stress: bool,
    pub(super) hosts: HostValues,
    collections: u64,
    live: usize,
}

pub(super) struct Space {
    region: Region,
    capacity: usize,
}

impl Space {
    pub(super) fn base(&self) -> *mut u8 {
        self.region.base()
    }
}

impl GcHeap {
    pub(crate) fn new(limit: u64, stress: bool) -> Self {
        Self {
            space: None,
            spare: None,
            top: FIRST_OBJECT,
            end: 0,
            limit: heap_limit(limit),
            stress,
            hosts: HostValues::default(),
            collections: 0,
            live: 0,
        }
    }

    /// Whether every allocation collects.
    pub fn stress(&self) -> bool {
        self.stress
    }

    /// Switches stress mode.
    pub fn set_stress(&mut self, stress: bool) {
        self.stress = stress;
        if stress {
            self.end = 0;
        }
    }

    /// Sets how many bytes the heap may take. What is in use stays.
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = heap_limit(limit).max(self.top);
        self.end = self.end.min(self.limit);
    }

    /// Counters.
    pub fn stats(&self) -> GcStats {
        GcStats {
            collections: self.collections,
            live_bytes: self.live as u64,
            used_bytes: (self.top - FIRST_OBJECT) as u64,
            host_values: self.hosts.len() as u64,
        }
    }

    /// The first byte of the heap; offsets count from there.
    pub(super) fn base(&self) -> *mut u8 {
        self.space
            .as_ref()
            .map_or(core::ptr::null_mut(), Space::base)
    }

    /// The bytes in use, from the base.
    pub(super) fn top(&self) -> usize {
        self.top
    }

    /// Takes `size` bytes (a multiple of 8), if there is room without a collection.
    #[inline]
    pub(super) fn bump(&mut self, size: u64) -> Option<usize> {
        let start = self.top;
        let end = start as u64 + size;
        if end > self.end as u64 {
            return None;
        }
        self.top = end as usize;
        if self.stress {
            self.end = 0;
        }
        Some(start)
    }

    /// Whether an object of this size could exist at all.
    pub(super) fn check_size(&self, size: u64) -> Result<usize, Trap> {
        match usize::try_from(size) {
            Ok(bytes) if bytes <= self.limit.saturating_sub(FIRST_OBJECT) => Ok(bytes),
            _ => Err(Trap::AllocationTooLarge),
        }
    }

    /// A space that everything alive can be copied to, with room for `request` bytes more.
    pub(super) fn take_to_space(&mut self, request: usize) -> Result<Space, Trap> {
        let most = |n: usize| n.clamp(MIN_SPACE.min(self.limit), self.limit);
        let needed = most(self.top.saturating_add(request));
        // Twice what is in use is room enough for the threshold to be set by what turns out to
        // be alive. It is only address space until it is touched.
        let wanted = most(self.top.saturating_mul(2).saturating_add(request));
        if let Some(spare) = self.spare.take()
            && !self.stress
            && (wanted..=wanted.saturating_mul(4)).contains(&spare.capacity)
        {
            return Ok(spare);
        }
        let space = |capacity| {
            Some(Space {
                region: Region::new(capacity, capacity, true)?,
                capacity,
            })
        };
        space(wanted)
            .or_else(|| space(needed))
            .ok_or(Trap::OutOfMemory)
    }

    /// Objects live in `space` from now on, up to `top`. Sets when to collect next.
    pub(super) fn replace(&mut self, space: Space, top: usize, request: usize) {
        let used = self.top;
        let threshold = (top * 2).saturating_add(request).max(MIN_SPACE);
        self.end = if self.stress {
            top + request
        } else {
            threshold
        }
        .min(space.capacity)
        .min(self.limit);
        self.top = top;
        self.live = top - FIRST_OBJECT;
        self.collections += 1;
        if let Some(mut old) = self.space.replace(space) {
            if self.stress {
                old.region.spoil(used);
            } else if old.capacity <= LARGEST_SPARE {
                self.spare = Some(old);
            }
        }
    }

    /// Whether `request` bytes fit after a collection. A heap in which next to nothing is free
    /// counts as full: it would collect at almost every allocation.
    pub(super) fn check_room(&self, request: usize) -> Result<(), Trap> {
        let nearly_all = self.limit - self.limit / 32;
        let all = self.top.saturating_add(request);
        if request > 0 && (all > self.end || self.top > nearly_all) {
            Err(Trap::OutOfMemory)
        } else {
            Ok(())
        }
    }
}

/// Offsets have 32 bits.
fn heap_limit(bytes: u64) -> usize {
    usize::try_from(bytes.min(1 << 32)).unwrap_or(isize::MAX as usize)
}

/// The type of an object with this type word, if it is a structure or an array.
#[inline]
pub(super) fn type_of_word(word: u32) -> Option<TypeId> {
    (word < FORWARDED).then_some(TypeId(word))
}
