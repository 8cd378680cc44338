//! Code memory, and from an address to what is known of the code there.
//!
//! **Problem.** Signal handlers, walks of the stack and unwinding ask of an address which code it
//! is in, at any time and without a lock; code is written while other threads run code beside it;
//! and no page may ever be writable and executable. **Idea.** One region of address space for
//! all machine code of the process, backed by a memory file that is mapped twice: executable, and
//! writable elsewhere. It is handed out in granules; a table with one pointer per granule says
//! whose code is there. **Cost.** A lookup is a subtraction and a load.

use crate::sys;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};
use tierra_core::index::FuncIdx;
use tierra_ir::Inlined;
use tierra_module::Bytes;

/// Code is handed out in multiples of this.
pub const GRANULE: usize = 64 << 10;
/// All code together: what direct calls reach.
const REGION: usize = 1 << 30;
const GRANULES: usize = REGION / GRANULE;

/// What is at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A function of a module.
    Function(FuncIdx),
    /// The code by which Rust enters guest code.
    Entry,
    /// The code by which guest code calls what has no machine code.
    Slots,
    /// Stubs that have no frame of their own.
    Stub,
}

/// A function in machine code. Offsets count from the start of the object.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Where it begins.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// The bytes between the frame pointer and the stack pointer.
    pub frame_size: u32,
    /// What it is.
    pub kind: Kind,
}

/// A call that the collector or an exception may come through: ranges of the tables.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The return address.
    pub return_pc: u32,
    /// Slots with references.
    pub map: (u32, u32),
    /// Handlers, inner ones first.
    pub handlers: (u32, u32),
}

/// Rows of two words: made in this process, or in place in an artifact. The large tables are of
/// this kind, so that loading does not touch them.
#[derive(Clone)]
pub enum Pairs {
    /// Made here.
    Own(Vec<[u32; 2]>),
    /// The bytes at a range of an artifact, which are aligned.
    InPlace(Bytes, Range<usize>),
}

impl Default for Pairs {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Pairs {
    /// The rows in a part of bytes, in place if they are aligned. A remainder is none.
    pub fn of(bytes: &Bytes, range: Range<usize>) -> Self {
        let part = &(**bytes).as_ref()[range.clone()];
        let row = |row: &[u8; 8]| {
            let [low, high] = [0, 4].map(|at| row[at..].first_chunk().expect("of 8 bytes"));
            [low, high].map(|word| u32::from_le_bytes(*word))
        };
        let aligned = part.as_ptr().cast::<[u32; 2]>().is_aligned();
        if aligned && cfg!(target_endian = "little") {
            return Self::InPlace(bytes.clone(), range);
        }
        Self::Own(part.as_chunks().0.iter().map(row).collect())
    }

    fn push(&mut self, row: [u32; 2]) {
        if let Self::InPlace(..) = self {
            *self = Self::Own(self.to_vec());
        }
        match self {
            Self::Own(rows) => rows.push(row),
            Self::InPlace(..) => unreachable!("replaced above"),
        }
    }
}

impl core::ops::Deref for Pairs {
    type Target = [[u32; 2]];

    fn deref(&self) -> &[[u32; 2]] {
        match self {
            Self::Own(rows) => rows,
            Self::InPlace(bytes, range) => {
                let part = &(**bytes).as_ref()[range.clone()];
                // SAFETY: whoever made this checked the alignment; all bits are words.
                unsafe { core::slice::from_raw_parts(part.as_ptr().cast(), part.len() / 8) }
            }
        }
    }
}

/// What is known of code, by offsets from its start, sorted.
#[derive(Clone, Default)]
pub struct Tables {
    /// The functions.
    pub functions: Vec<Function>,
    /// Places that trap, with the codes.
    pub traps: Pairs,
    /// Offsets in the module, each from a place on; or indices of `inlined`, with the highest bit.
    pub locations: Pairs,
    /// Offsets in the module of what was inlined, each with the location of the call, which comes
    /// before; `u32::MAX` if that call was in place of its function.
    pub inlined: Pairs,
    /// Calls.
    pub calls: Vec<Call>,
    /// Slots with references, by offset from the frame pointer.
    pub stack_map: Vec<i32>,
    /// Handlers: the tag, and where to go on.
    pub handlers: Vec<(Option<u32>, u32)>,
}

impl Tables {
    /// The function around an offset.
    pub fn function(&self, offset: u32) -> Option<&Function> {
        let index = self.functions.partition_point(|f| f.start <= offset);
        let function = &self.functions[index.checked_sub(1)?];
        (offset < function.end).then_some(function)
    }

    /// The trap of a place.
    pub fn trap(&self, offset: u32) -> Option<u8> {
        let index = self.traps.binary_search_by_key(&offset, |t| t[0]).ok()?;
        Some(self.traps[index][1] as u8)
    }

    /// The location of a place: its offset in the module, or an index of `inlined`.
    pub fn location(&self, offset: u32) -> u32 {
        let index = self.locations.partition_point(|l| l[0] <= offset);
        index.checked_sub(1).map_or(0, |i| self.locations[i][1])
    }

    /// The offsets in the module of a location: that of the function inlined there, of the call
    /// of it, and so on outwards.
    pub fn places(&self, location: u32) -> impl Iterator<Item = u32> {
        let mut next = Some(location);
        core::iter::from_fn(move || {
            let location = next.take()?;
            let Some(index) = Inlined::index(location) else {
                return Some(location);
            };
            let [place, caller] = *self.inlined.get(index)?;
            // Artifacts are not trusted to lead outwards.
            next = (caller < location).then_some(caller);
            Some(place)
        })
    }

    /// The call with this return address.
    pub fn call(&self, return_pc: u32) -> Option<&Call> {
        let index = self
            .calls
            .binary_search_by_key(&return_pc, |c| c.return_pc)
            .ok()?;
        Some(&self.calls[index])
    }

    /// Appends a function's tables, which begin at `base`.
    pub fn append(&mut self, kind: Kind, base: u32, code: &tierra_asm::code::CompiledFunction) {
        self.functions.push(Function {
            start: base,
            end: base + code.code_len,
            frame_size: code.frame_size,
            kind,
        });
        let at = |offset: u32| base + offset;
        for (pc, code) in &code.traps {
            self.traps.push([at(*pc), u32::from(*code)]);
        }
        let inlined = self.inlined.len() as u32;
        let rebased = |location: u32| match Inlined::index(location) {
            Some(_) if location != u32::MAX => location + inlined,
            _ => location,
        };
        for (pc, location) in &code.locations {
            self.locations.push([at(*pc), rebased(*location)]);
        }
        for (place, caller) in &code.inlined {
            self.inlined.push([*place, rebased(*caller)]);
        }
        let (maps, handlers) = (self.stack_map.len() as u32, self.handlers.len() as u32);
        self.calls.extend(code.calls.iter().map(|call| Call {
            return_pc: at(call.return_pc),
            map: (call.map.0 + maps, call.map.1 + maps),
            handlers: (call.handlers.0 + handlers, call.handlers.1 + handlers),
        }));
        self.stack_map.extend_from_slice(&code.stack_map);
        self.handlers
            .extend(code.handlers.iter().map(|h| (h.tag, at(h.landing_pc))));
    }
}

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
        Ok(Self { object, granules })
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
        region.file.release(start * GRANULE, count * GRANULE);
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
