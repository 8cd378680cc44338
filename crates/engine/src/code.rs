//! Code memory, and from an address to what is known of the code there.
//!
//! **Problem.** Signal handlers, walks of the stack and unwinding ask of an address which code it
//! is in, at any time and without a lock; code is written while other threads run code beside it;
//! and no page may ever be writable and executable. **Idea.** One region of address space for
//! all machine code of the process, backed by a memory file that is mapped twice: executable, and
//! writable elsewhere. It is handed out in granules; a table with one pointer per granule says
//! whose code is there. Code that is in a file already is not copied: the file is mapped over the
//! executable addresses, until the code is dropped. What is known of code that grows comes in
//! pieces, which are only ever added. Behind the region is memory for data that code reaches
//! relative to itself ([`NearData`]). **Cost.** A lookup is a subtraction and a load; in code that
//! grows, a binary search for the piece.

use crate::granules::Granules;
use crate::sys::{self, CodeFile};
use crate::tables::Tables;
use std::ops::Range;
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Code is handed out in multiples of this.
pub const GRANULE: usize = 64 << 10;
/// All code together: what direct calls reach.
const REGION: usize = 1 << 30;
const GRANULES: usize = REGION / GRANULE;
/// What is said when there is no more.
const USED_UP: &str = "the memory for machine code is used up: drop modules, or engines, or use the \
     tier `interp`";
/// All data near to code.
const NEAR: usize = 512 << 20;
/// Near data is handed out in multiples of this.
const PAGE: usize = 4 << 10;
/// Pieces of code that grows begin at multiples of this.
pub const PIECE_ALIGN: usize = 32;

/// Code in the region.
pub struct CodeObject {
    range: Range<usize>,
    known: Known,
    /// The stub to which a fault goes on; 0 if its code doesn't fault.
    pub trap_stub: usize,
}

/// What is known of code.
enum Known {
    /// Nothing yet: it is not published.
    Nothing,
    /// All that there will ever be.
    Whole(Tables),
    /// What was added so far.
    Pieces(Pieces),
}

/// Pieces of code by where they begin: each is written once, and counted then.
struct Pieces {
    places: Box<[AtomicPtr<Piece>]>,
    len: AtomicUsize,
}

struct Piece {
    start: u32,
    tables: Tables,
}

impl Pieces {
    fn new(bytes: usize) -> Self {
        let places = std::iter::repeat_with(|| AtomicPtr::new(null_mut()));
        Self {
            places: places.take(bytes / PIECE_ALIGN).collect(),
            len: AtomicUsize::new(0),
        }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &Piece> {
        self.counted().iter().map(piece)
    }

    fn counted(&self) -> &[AtomicPtr<Piece>] {
        &self.places[..self.len.load(Ordering::Acquire)]
    }

    fn at(&self, offset: u32) -> Option<&Tables> {
        let counted = self.counted();
        let index = counted.partition_point(|place| piece(place).start <= offset);
        Some(&piece(&counted[index.checked_sub(1)?]).tables)
    }

    /// Adds a piece behind all others. One thread at a time does.
    fn push(&self, start: u32, tables: Tables) {
        let len = self.len.load(Ordering::Relaxed);
        debug_assert!(
            self.iter()
                .next_back()
                .is_none_or(|last| last.start < start)
        );
        let piece = Box::into_raw(Box::new(Piece { start, tables }));
        self.places[len].store(piece, Ordering::Relaxed);
        self.len.store(len + 1, Ordering::Release);
    }
}

fn piece(place: &AtomicPtr<Piece>) -> &Piece {
    // SAFETY: a place that is counted was written before, with what lives as long as the places.
    unsafe { &*place.load(Ordering::Relaxed) }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        for place in self.counted() {
            // SAFETY: made from a box in `push`.
            drop(unsafe { Box::from_raw(place.load(Ordering::Relaxed)) });
        }
    }
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

    /// What is known of the code around an offset. Safe in signal handlers.
    pub fn tables_at(&self, offset: u32) -> Option<&Tables> {
        match &self.known {
            Known::Nothing => None,
            Known::Whole(tables) => Some(tables),
            Known::Pieces(pieces) => pieces.at(offset),
        }
    }

    /// Whether an address that faulted is one that traps. Safe in signal handlers.
    pub fn faults_at(&self, pc: usize) -> bool {
        let offset = (pc - self.range.start) as u32;
        let tables = self.tables_at(offset);
        tables.is_some_and(|tables| tables.trap(offset).is_some())
    }
}

struct Region {
    execute: usize,
    write: usize,
    file: sys::MemoryFile,
    granules: Granules,
    pages: Granules,
}

static REGION_OF_PROCESS: OnceLock<Result<Region, String>> = OnceLock::new();
static OWNERS: [AtomicPtr<CodeObject>; GRANULES] =
    [const { AtomicPtr::new(core::ptr::null_mut()) }; GRANULES];

fn region() -> Result<&'static Region, String> {
    let region = REGION_OF_PROCESS.get_or_init(|| {
        let file = sys::MemoryFile::new(REGION)?;
        let (execute, write) = (file.map_executable(NEAR)?, file.map_writable()?);
        Ok(Region {
            execute,
            write,
            file,
            granules: Granules::new(GRANULES),
            pages: Granules::new(NEAR / PAGE),
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
        let granules = region.granules.take(count);
        let granules = granules.ok_or(USED_UP)?;
        let base = region.execute + granules.start * GRANULE;
        let object = Box::into_raw(Box::new(CodeObject {
            range: base..base + count * GRANULE,
            known: Known::Nothing,
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
        self.publish_as(Known::Whole(tables), trap_stub);
    }

    /// The same of code that will grow, by [`CodeMemory::add`].
    pub fn publish_growing(&mut self, trap_stub: usize) {
        let pieces = Pieces::new(self.object().capacity());
        self.publish_as(Known::Pieces(pieces), trap_stub);
    }

    fn publish_as(&mut self, known: Known, trap_stub: usize) {
        // SAFETY: owned, and not published yet.
        let object = unsafe { &mut *self.object };
        object.known = known;
        object.trap_stub = trap_stub;
        for granule in self.granules.clone() {
            OWNERS[granule].store(self.object, Ordering::Release);
        }
    }

    /// Lets walks and signal handlers find a further piece of code, written at an offset behind
    /// all others; its tables count from the start of the memory.
    ///
    /// # Panics
    /// When the code doesn't grow.
    pub fn add(&mut self, start: u32, tables: Tables) {
        let Known::Pieces(pieces) = &self.object().known else {
            panic!("code was published as a whole");
        };
        pieces.push(start, tables);
    }

    /// All that is known of the code so far, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Tables> {
        let known = &self.object().known;
        let (whole, pieces) = match known {
            Known::Nothing => (None, None),
            Known::Whole(tables) => (Some(tables), None),
            Known::Pieces(pieces) => (None, Some(pieces)),
        };
        let pieces = pieces.into_iter().flat_map(Pieces::iter);
        whole.into_iter().chain(pieces.map(|piece| &piece.tables))
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
        region.granules.give(self.granules.clone());
    }
}

/// Memory for data that machine code reaches relative to itself. It begins as zeros or as what an
/// earlier owner left.
pub struct NearData {
    pages: Range<usize>,
    start: NonNull<u8>,
}

// SAFETY: it is memory, and hands out nothing but its address.
unsafe impl Send for NearData {}
// SAFETY: as above.
unsafe impl Sync for NearData {}

impl NearData {
    /// Room for so many bytes, aligned to 64.
    ///
    /// # Errors
    /// When it is used up, or the system has no memory that can be executed.
    pub fn new(bytes: usize) -> Result<Self, String> {
        let region = region()?;
        let pages = region.pages.take(bytes.div_ceil(PAGE).max(1));
        let pages = pages.ok_or("the memory for data near to machine code is used up")?;
        let start = (region.execute + REGION + pages.start * PAGE) as *mut u8;
        let start = NonNull::new(start).expect("memory is not at address 0");
        Ok(Self { pages, start })
    }

    /// The first byte.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for NearData {
    fn drop(&mut self) {
        // SAFETY: the pages are ours, and whoever used them is gone.
        unsafe { sys::forget(self.start.as_ptr() as usize, self.pages.len() * PAGE) };
        if let Ok(region) = region() {
            region.pages.give(self.pages.clone());
        }
    }
}
