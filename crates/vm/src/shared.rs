//! Shared memories: several threads read, write, grow and wait on them.

use crate::layout::{ExecContext, MemoryDef, reason};
use crate::memory::{GUARDED_BYTES, OutOfBounds, check, grown, is_guarded, reservation};
use crate::sync::{AtomicU64, Lock};
use crate::sys::{Clock, Parker, Region};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use core::time::Duration;
use hashbrown::HashMap;
use tierra_core::Trap;
use tierra_core::types::MemoryType;

/// A memory that threads share. It never moves: all that it can grow to is reserved.
pub struct SharedMemory {
    ty: MemoryType,
    def: UnsafeCell<MemoryDef>,
    region: Lock<Region>,
    waiters: Lock<HashMap<u64, VecDeque<Arc<Waiter>>>>,
}

// SAFETY: the base of the definition never changes, its length is atomic, the rest is locked.
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

/// A thread in `memory.atomic.wait`.
struct Waiter {
    parker: Parker,
    notified: AtomicBool,
}

/// How long a waiting thread sleeps before it looks whether it shall stop.
const POLL: Duration = Duration::from_millis(10);

/// How a wait ended, as the instruction's result.
const NOTIFIED: u32 = 0;
const NOT_EQUAL: u32 = 1;
const TIMED_OUT: u32 = 2;

impl SharedMemory {
    /// A shared memory of the type's minimal size, zeroed; `None` if there is no room.
    /// `guarded` is for use by stores with a machine tier.
    pub fn new(ty: MemoryType, guarded: bool) -> Option<Arc<Self>> {
        let (_, len) = grown(&ty, 0, ty.limits.min)?;
        let reserve = if guarded && is_guarded(&ty) {
            GUARDED_BYTES as usize
        } else {
            reservation(&ty, len)
        };
        let region = Region::new(len, reserve, true)?;
        let def = MemoryDef {
            base: region.base(),
            len: AtomicUsize::new(len),
        };
        Some(Arc::new(Self {
            ty,
            def: UnsafeCell::new(def),
            region: Lock::new(region),
            waiters: Lock::default(),
        }))
    }

    /// What guest code sees.
    #[inline]
    pub fn def(&self) -> NonNull<MemoryDef> {
        NonNull::from(&self.def).cast()
    }

    /// The declared type.
    pub fn ty(&self) -> MemoryType {
        self.ty
    }

    /// The size in bytes; other threads may have grown it by now.
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: nobody writes the definition but for its atomic length.
        unsafe { (*self.def.get()).len.load(Ordering::Acquire) }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size in pages.
    pub fn pages(&self) -> u64 {
        self.len() as u64 >> self.ty.page_size_log2
    }

    /// The first byte.
    ///
    /// # Safety
    /// The pointer is good for [`SharedMemory::len`] bytes as long as the memory lives. Other
    /// threads may write there at any time: no reference to it may exist while they can.
    #[inline]
    pub unsafe fn data_ptr(&self) -> *mut u8 {
        // SAFETY: the base never changes.
        unsafe { (*self.def.get()).base }
    }

    /// Copies bytes out. Concurrent writes may be seen in part.
    ///
    /// # Errors
    /// When they are not all within the memory; then nothing is copied.
    pub fn read(&self, address: u64, out: &mut [u8]) -> Result<(), OutOfBounds> {
        let at = check(self.len(), address, out.len() as u64)?;
        // SAFETY: within bounds as just checked; `out` is apart from guest memory.
        unsafe {
            self.data_ptr()
                .add(at)
                .copy_to_nonoverlapping(out.as_mut_ptr(), out.len())
        };
        Ok(())
    }

    /// Copies bytes in. Concurrent reads may see a part of it.
    ///
    /// # Errors
    /// When they would not all be within the memory; then nothing is copied.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let at = check(self.len(), address, bytes.len() as u64)?;
        // SAFETY: within bounds as just checked; `bytes` is apart from guest memory.
        unsafe {
            self.data_ptr()
                .add(at)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
        };
        Ok(())
    }

    /// Grows by `delta` pages. Returns the pages before, or `None` if that is not possible.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        let mut region = self.region.lock();
        let (old_pages, bytes) = grown(&self.ty, self.len(), delta)?;
        if !region.commit(bytes) {
            return None;
        }
        // SAFETY: nobody writes the definition but for its atomic length.
        unsafe { (*self.def.get()).len.store(bytes, Ordering::Release) };
        Some(old_pages)
    }

    /// `memory.atomic.wait32`: see [`SharedMemory::wait64`].
    ///
    /// # Errors
    /// As [`SharedMemory::wait64`].
    pub fn wait32(
        &self,
        exec: &ExecContext,
        address: u64,
        expected: u32,
        timeout_ns: i64,
    ) -> Result<u32, Trap> {
        let at = self.check_atomic(address, 4)?;
        self.wait(exec, address, timeout_ns, || {
            // SAFETY: in bounds and aligned, as just checked.
            let cell = unsafe { AtomicU32::from_ptr(at.cast()) };
            u32::from_le(cell.load(Ordering::SeqCst)) == expected
        })
    }

    /// `memory.atomic.wait64`: waits for a notification while the value is the expected one. A
    /// negative timeout never ends. Returns 0 when notified, 1 when the value was another, 2
    /// after the timeout.
    ///
    /// Without `std` nobody can wait: a wait with a timeout ends at once, one without traps.
    ///
    /// # Errors
    /// When the address is not good, or when the context is told to stop while it waits; the
    /// reason stays for the caller to take.
    pub fn wait64(
        &self,
        exec: &ExecContext,
        address: u64,
        expected: u64,
        timeout_ns: i64,
    ) -> Result<u32, Trap> {
        let at = self.check_atomic(address, 8)?;
        self.wait(exec, address, timeout_ns, || {
            // SAFETY: in bounds and aligned, as just checked.
            let cell = unsafe { AtomicU64::from_ptr(at.cast()) };
            u64::from_le(cell.load(Ordering::SeqCst)) == expected
        })
    }

    /// `memory.atomic.notify`: wakes at most `count` waiters, the longest waiting first, and
    /// tells how many.
    ///
    /// # Errors
    /// When the address is not good.
    pub fn notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        self.check_atomic(address, 4)?;
        let mut waiters = self.waiters.lock();
        let Some(queue) = waiters.get_mut(&address) else {
            return Ok(0);
        };
        let woken = queue.len().min(count as usize);
        for waiter in queue.drain(..woken) {
            waiter.notified.store(true, Ordering::Release);
            waiter.parker.unpark();
        }
        if queue.is_empty() {
            waiters.remove(&address);
        }
        Ok(woken as u32)
    }

    /// Where an atomic access of `size` bytes goes.
    fn check_atomic(&self, address: u64, size: u64) -> Result<*mut u8, Trap> {
        check_atomic(self.len(), address, size)?;
        // SAFETY: in bounds as just checked.
        Ok(unsafe { self.data_ptr().add(address as usize) })
    }

    fn wait(
        &self,
        exec: &ExecContext,
        address: u64,
        timeout_ns: i64,
        is_expected: impl FnOnce() -> bool,
    ) -> Result<u32, Trap> {
        let timeout = u64::try_from(timeout_ns).ok().map(Duration::from_nanos);
        let clock = Clock::start();
        let waiter = Arc::new(Waiter {
            parker: Parker::new(),
            notified: AtomicBool::new(false),
        });
        {
            // Whoever notifies takes the lock too: no notification falls between the two steps.
            let mut waiters = self.waiters.lock();
            if !is_expected() {
                return Ok(NOT_EQUAL);
            }
            waiters
                .entry(address)
                .or_default()
                .push_back(waiter.clone());
        }
        let end = loop {
            if waiter.notified.load(Ordering::Acquire) {
                return Ok(NOTIFIED);
            }
            if let Some(trap) = stop(exec) {
                break Err(trap);
            }
            let left = timeout.map(|t| t.saturating_sub(clock.elapsed()));
            if left.is_some_and(|l| l.is_zero() || !Parker::WORKS) {
                break Ok(TIMED_OUT);
            }
            if !Parker::WORKS {
                break Err(Trap::Interrupted);
            }
            waiter.parker.park(left.map_or(POLL, |l| l.min(POLL)));
        };
        if self.forget(address, &waiter) {
            end
        } else {
            Ok(NOTIFIED)
        }
    }

    /// Takes a waiter out of its queue; `false` if it was notified before.
    fn forget(&self, address: u64, waiter: &Arc<Waiter>) -> bool {
        let mut waiters = self.waiters.lock();
        let Some(queue) = waiters.get_mut(&address) else {
            return false;
        };
        let Some(at) = queue.iter().position(|w| Arc::ptr_eq(w, waiter)) else {
            return false;
        };
        queue.remove(at);
        if queue.is_empty() {
            waiters.remove(&address);
        }
        true
    }
}

/// Checks the address of an atomic access.
pub(crate) fn check_atomic(len: usize, address: u64, size: u64) -> Result<(), Trap> {
    if !address.is_multiple_of(size) {
        return Err(Trap::UnalignedAtomic);
    }
    check(len, address, size)?;
    Ok(())
}

/// Why a context has to stop, if it has.
fn stop(exec: &ExecContext) -> Option<Trap> {
    let reasons = exec.reasons.load(Ordering::SeqCst);
    if reasons & reason::PROCESS_ENDED != 0 {
        Some(Trap::ProcessEnded)
    } else if reasons & reason::INTERRUPT != 0 {
        Some(Trap::Interrupted)
    } else {
        None
    }
}
