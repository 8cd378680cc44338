//! Code memory, and from an address to what is known of the code there.
//!
//! **Problem.** Signal handlers, walks of the stack and unwinding ask of an address which code it
//! is in, at any time and without a lock; code is written while other threads run code beside it;
//! and no page may ever be writable and executable. **Idea.** One region of address space for
//! all machine code of the process, backed by a memory file that is mapped twice: executable, and
//! writable elsewhere. It is handed out in granules; a table with one pointer per granule says
//! whose code is there. Code that is in a file already is not copied: the file is mapped over the
//! executable addresses, until the code is dropped. **Cost.** A lookup is a subtraction and a
//! load.

use crate::sys::{self, CodeFile};
use crate::tables::Tables;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

/// Code is handed out in multiples of this.
pub const GRANULE: usize = 64 << 10;
/// All code together: what direct calls reach.
const REGION: usize = 1 << 30;
const GRANULES: usize = REGION / GRANULE;

/// Code in the region.
pub struct CodeObject {
    range: Range<usize>,
    /// What is known of it. It grows only where adapters are added one by one, which no signal
    /// handler asks about.
    pub tables: RwLock<Tables>,
    /// The stub to which a fault goes on; 0 if its code doesn't fault.
    pub trap_stub: usize,
}

impl CodeObject {
    /// The address of the first byte.
    pub fn start(&self) -> usize {
        self.range.start
    }

    /// The bytes that it may have.
    pub fn capacity(&self) -> usize {
        self.range.len()
    }

    /// Whether an address that faulted is one that traps.
    ///
    /// It is asked by a signal handler: the thread that faulted runs this code, so nobody writes
    /// its tables.
    pub fn faults_at(&self, pc: usize) -> bool {
        let tables = self.tables.try_read();
        tables.is_ok_and(|tables| tables.trap((pc - self.range.start) as u32).is_some())
    }
}

struct Region {
    execute: usize,
    write: usize,
    file: sys::MemoryFile,
    /// Free granules: start and number.
    free: Mutex<BTreeMap<usize, usize>>,
}

static REGION_OF_PROCESS: OnceLock<Result<Region, String>> = OnceLock::new();
static OWNERS: [AtomicPtr<CodeObject>; GRANULES] =
    [const { AtomicPtr::new(core::ptr::null_mut()) }; GRANULES];

fn region() -> Result<&'static Region, String> {
    let region = REGION_OF_PROCESS.get_or_init(|| {
        let file = sys::MemoryFile::new(REGION)?;
        let (execute, write) = (file.map_executable()?, file.map_writable()?);
        Ok(Region {
            execute,
            write,
            file,
            free: Mutex::new(BTreeMap::from([(0, GRANULES)])),
        })
    });
    region.as_ref().map_err(Clone::clone)
}

/// The code object around an address. Safe in signal handlers.
pub fn find(address: usize) -> Option<&'static CodeObject> {
    let region = REGION_OF_PROCESS.get()?.as_ref().ok()?;
    let granule = address.checked_sub(region.execute)? / GRANULE;
    // SAFETY: an object is taken out of the table before it is dropped, and whoever asks for an
    // address has code there running, which keeps it.
    unsafe { OWNERS.get(granule)?.load(Ordering::Acquire).as_ref() }
}

/// Code that is kept in the region until this is dropped.
pub struct CodeMemory {
    object: *mut CodeObject,
    granules: Range<usize>,
    /// Bytes at the start over which a file is mapped.
    mapped: usize,
}

// SAFETY: the object is immutable but for its lock; the memory is written through `&mut`.
unsafe impl Send for CodeMemory {}
// SAFETY: as above.
unsafe impl Sync for CodeMemory {}

impl CodeMemory {
    /// Room for code.
    ///
    /// # Errors
    /// When the region is full, or the system has no memory that can be executed.
    pub fn new(bytes: usize) -> Result<Self, String> {
        let region = region()?;
        let count = bytes.div_ceil(GRANULE).max(1);
        let mut free = region.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (&start, &room) = free
            .iter()
            .find(|(_, room)| **room >= count)
            .ok_or("the memory for machine code is used up")?;
        free.remove(&start);
        if room > count {
            free.insert(start + count, room - count);
        }
        let granules = start..start + count;
        let base = region.execute + start * GRANULE;
        let object = Box::into_raw(Box::new(CodeObject {
            range: base..base + count * GRANULE,
            tables: RwLock::default(),
            trap_stub: 0,
        }));
        Ok(Self {
            object,
            granules,
            mapped: 0,
        })
    }

    /// What is known of the code.
    pub fn object(&self) -> &CodeObject {
        // SAFETY: owned.
        unsafe { &*self.object }
    }

    /// All of it, zeros behind what was written.
    pub fn code(&self) -> &[u8] {
        let object = self.object();
        // SAFETY: mapped for ever; after publication nobody writes it.
        unsafe { core::slice::from_raw_parts(object.start() as *const u8, object.capacity()) }
    }

    /// Writes code at an offset. It becomes known by [`CodeMemory::publish`].
    ///
    /// # Panics
    /// When it does not fit.
    pub fn write(&mut self, offset: usize, code: &[u8]) {
        assert!(offset + code.len() <= self.object().capacity());
        let region = region().expect("it exists");
        let at = self.granules.start * GRANULE + offset;
        // Large code is given to the system in one go: a fault for every page takes longer.
        if code.len() >= GRANULE && region.file.write(at, code) {
            return;
        }
        let to = region.write + at;
        // SAFETY: within the granules, which are ours; nothing executes there yet.
        unsafe { (to as *mut u8).copy_from_nonoverlapping(code.as_ptr(), code.len()) };
    }

    /// Maps code that a file has at an offset, to stand at the start. Returns whether the system
    /// did: it refuses offsets within pages, and files that must not be executed.
    ///
    /// # Panics
    /// When it does not fit.
    ///
    /// # Safety
    /// Nobody changes or shortens the file while this exists.
    pub unsafe fn map(&mut self, file: &CodeFile, offset: u64, bytes: usize) -> bool {
        assert!(bytes <= self.object().capacity());
        // SAFETY: the granules are ours; nothing executes there yet.
        let mapped = unsafe { file.map_executable(self.object().start(), offset, bytes) };
        if mapped {
            self.mapped = bytes;
        }
        mapped
    }

    /// Lets walks and signal handlers find the code. Before that nobody may run it.
    pub fn publish(&mut self, tables: Tables, trap_stub: usize) {
        // SAFETY: owned, and not published yet.
        let object = unsafe { &mut *self.object };
        object.tables = RwLock::new(tables);
        object.trap_stub = trap_stub;
        for granule in self.granules.clone() {
            OWNERS[granule].store(self.object, Ordering::Release);
        }
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        for granule in self.granules.clone() {
            OWNERS[granule].store(core::ptr::null_mut(), Ordering::Release);
        }
        // SAFETY: made from a box in `new`; nobody runs the code any more.
        drop(unsafe { Box::from_raw(self.object) });
        let Ok(region) = region() else { return };
        let (start, count) = (self.granules.start, self.granules.len());
        if self.mapped == 0 {
            region.file.release(start * GRANULE, count * GRANULE);
        } else {
            let (at, offset) = (region.execute + start * GRANULE, start * GRANULE);
            // SAFETY: the granules are ours, and nobody runs code there.
            if !unsafe { region.file.map_again(at, offset, self.mapped) } {
                // The file stays there: these addresses are lost.
                return;
            }
        }
        let mut free = region.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut merged = (start, count);
        if let Some((&before, &room)) = free.range(..start).next_back()
            && before + room == start
        {
            free.remove(&before);
            merged = (before, room + count);
        }
        if let Some(after) = free.remove(&(start + count)) {
            merged.1 += after;
        }
        free.insert(merged.0, merged.1);
    }
}
