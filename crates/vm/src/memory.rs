//! Memories of one store, and what all memories have in common.

use crate::layout::MemoryDef;
use crate::shared::SharedMemory;
use crate::sys::Region;
use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use tierra_core::types::MemoryType;

/// The definition that instances without memories have. It is empty and never written.
pub static EMPTY_MEMORY: EmptyMemory = EmptyMemory(UnsafeCell::new(MemoryDef {
    base: NonNull::dangling().as_ptr(),
    len: AtomicUsize::new(0),
}));

/// See [`EMPTY_MEMORY`].
pub struct EmptyMemory(UnsafeCell<MemoryDef>);

// SAFETY: it is only ever read: its size is zero, and no instance has an index for it.
unsafe impl Sync for EmptyMemory {}

impl EmptyMemory {
    /// The definition.
    pub const fn def(&self) -> *mut MemoryDef {
        self.0.get()
    }
}

/// An access outside of a memory's bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfBounds;

impl fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of bounds memory access")
    }
}

impl core::error::Error for OutOfBounds {}

impl From<OutOfBounds> for tierra_core::Trap {
    fn from(_: OutOfBounds) -> Self {
        tierra_core::Trap::MemoryOutOfBounds
    }
}

/// A memory in a store: the store's own, or a shared one that it imported.
pub struct Memory {
    kind: Kind,
}

enum Kind {
    Own(OwnMemory),
    Shared(Arc<SharedMemory>),
}

struct OwnMemory {
    ty: MemoryType,
    def: UnsafeCell<MemoryDef>,
    region: UnsafeCell<Region>,
}

/// The address space of a guarded memory: what a 32-bit index and an offset below 2 GiB can
/// reach. All of it that is beyond the memory's end faults.
pub const GUARDED_BYTES: u64 = (6 << 30) + (64 << 10);

/// Whether memories of this type are guarded in stores with a machine tier: then they never move,
/// and compiled code does not check bounds that the address space checks.
pub const fn is_guarded(ty: &MemoryType) -> bool {
    cfg!(all(unix, feature = "std", target_pointer_width = "64"))
        && !ty.limits.is_64
        && ty.page_size_log2 == 16
}

/// Address space to reserve for a memory: all that it can grow to, if that is reasonable.
pub(crate) fn reservation(ty: &MemoryType, initial: usize) -> usize {
    /// Beyond the addressable part, so that an access there faults instead of hitting others.
    const SLACK: u64 = if cfg!(all(unix, feature = "std")) {
        64 << 10
    } else {
        0
    };
    const LARGEST: u64 = 64 << 30;
    let max = ty.max_bytes();
    let wanted = match ty.limits.max {
        _ if max <= 4 << 30 => max + SLACK,
        Some(_) if max <= LARGEST => max,
        _ => 0,
    };
    usize::try_from(wanted).unwrap_or(0).max(initial)
}

/// The sizes in pages and bytes of a memory of `bytes` after it grew by `delta` pages, if its
/// type admits it.
pub(crate) fn grown(ty: &MemoryType, bytes: usize, delta: u64) -> Option<(u64, usize)> {
    let pages = bytes as u64 >> ty.page_size_log2;
    let new_pages = pages.checked_add(delta)?;
    if new_pages > ty.limits.max.unwrap_or(u64::MAX)
        || (!ty.limits.is_64 && new_pages > u64::from(u32::MAX))
    {
        return None;
    }
    let new_bytes = new_pages.checked_mul(1 << ty.page_size_log2)?;
    if new_bytes > ty.max_bytes() {
        return None;
    }
    Some((
        pages,
        usize::try_from(new_bytes)
            .ok()
            .filter(|b| isize::try_from(*b).is_ok())?,
    ))
}

impl Memory {
    /// A memory of the type's minimal size, zeroed; `None` if there is no room.
    /// With `guarded`, address space for [`GUARDED_BYTES`] if its type [is guarded](is_guarded).
    pub(crate) fn new(ty: MemoryType, guarded: bool) -> Option<Self> {
        let (_, len) = grown(&ty, 0, ty.limits.min)?;
        let region = if guarded && is_guarded(&ty) {
            Region::new(len, GUARDED_BYTES as usize, true)?
        } else {
            Region::new(len, reservation(&ty, len), false)?
        };
        let def = MemoryDef {
            base: region.base(),
            len: AtomicUsize::new(len),
        };
        let (def, region) = (UnsafeCell::new(def), UnsafeCell::new(region));
        Some(Self {
            kind: Kind::Own(OwnMemory { ty, def, region }),
        })
    }

    pub(crate) fn from_shared(shared: Arc<SharedMemory>) -> Self {
        Self {
            kind: Kind::Shared(shared),
        }
    }

    /// What guest code sees.
    #[inline]
    pub fn def(&self) -> NonNull<MemoryDef> {
        match &self.kind {
            Kind::Own(own) => NonNull::from(&own.def).cast(),
            Kind::Shared(shared) => shared.def(),
        }
    }

    /// The shared memory that it stands for, if it does.
    pub fn as_shared(&self) -> Option<&Arc<SharedMemory>> {
        match &self.kind {
            Kind::Own(_) => None,
            Kind::Shared(shared) => Some(shared),
        }
    }

    /// The declared type.
    pub fn ty(&self) -> MemoryType {
        match &self.kind {
            Kind::Own(own) => own.ty,
            Kind::Shared(shared) => shared.ty(),
        }
    }

    /// The type with the current size as its minimum: what imports are matched against.
    pub fn current_type(&self) -> MemoryType {
        let mut ty = self.ty();
        ty.limits.min = self.pages();
        ty
    }

    /// The size in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: the definition lives as long as `self`; its length is atomic.
        unsafe { (*self.def().as_ptr()).len.load(Ordering::Acquire) }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size in pages.
    pub fn pages(&self) -> u64 {
        self.len() as u64 >> self.ty().page_size_log2
    }

    /// The first byte.
    ///
    /// # Safety
    /// The pointer is good for [`Memory::len`] bytes until the memory grows. Guest code, and for
    /// a shared memory other threads, may write there at any time: no reference to it may exist
    /// while they can.
    #[inline]
    pub unsafe fn data_ptr(&self) -> *mut u8 {
        // SAFETY: only growth writes the base, on this thread.
        unsafe { (*self.def().as_ptr()).base }
    }

    /// Copies bytes out.
    ///
    /// # Errors
    /// When they are not all within the memory; then nothing is copied.
    pub fn read(&self, address: u64, out: &mut [u8]) -> Result<(), OutOfBounds> {
        let at = self.check(address, out.len())?;
        // SAFETY: within bounds as just checked; `out` is apart from guest memory.
        unsafe {
            self.data_ptr()
                .add(at)
                .copy_to_nonoverlapping(out.as_mut_ptr(), out.len())
        };
        Ok(())
    }

    /// Copies bytes in.
    ///
    /// # Errors
    /// When they would not all be within the memory; then nothing is copied.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let at = self.check(address, bytes.len())?;
        // SAFETY: within bounds as just checked; `bytes` is apart from guest memory.
        unsafe {
            self.data_ptr()
                .add(at)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
        };
        Ok(())
    }

    /// The position of a range that must be within bounds.
    #[inline]
    pub(crate) fn check(&self, address: u64, len: usize) -> Result<usize, OutOfBounds> {
        check(self.len(), address, len as u64)
    }

    /// As [`Memory::check`]; the length of a range within bounds is one of the host's.
    #[inline]
    pub(crate) fn check_u64(&self, address: u64, len: u64) -> Result<usize, OutOfBounds> {
        check(self.len(), address, len)
    }

    /// Grows by `delta` pages as far as the type and the system admit; the limits of the store
    /// have been asked. Returns the pages before.
    pub(crate) fn grow(&self, delta: u64) -> Option<u64> {
        let own = match &self.kind {
            Kind::Own(own) => own,
            Kind::Shared(shared) => return shared.grow(delta),
        };
        let (old_pages, bytes) = grown(&own.ty, self.len(), delta)?;
        // SAFETY: the store belongs to this thread and nobody else holds a reference to these
        // cells: they are only borrowed within this function.
        let (region, def) = unsafe { (&mut *own.region.get(), own.def.get()) };
        if !region.grow(bytes) {
            return None;
        }
        // SAFETY: as above; guest code reads the definition again after a call.
        unsafe {
            (*def).base = region.base();
            (*def).len.store(bytes, Ordering::Release);
        }
        Some(old_pages)
    }
}

/// The position of a range that must be within `bound` bytes.
#[inline]
pub(crate) fn check(bound: usize, address: u64, len: u64) -> Result<usize, OutOfBounds> {
    match address.checked_add(len) {
        Some(end) if end <= bound as u64 => Ok(address as usize),
        _ => Err(OutOfBounds),
    }
}
