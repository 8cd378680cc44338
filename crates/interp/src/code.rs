//! Translated code: what the translator makes of a function, and where it is kept.
//!
//! The code of a function is one allocation of words: a [`Header`], then instructions. Frames
//! keep addresses within it; the [`Code`] beside it says what they mean.

use crate::dispatch::handler;
use crate::ops::call::{Exit, HostCall, Site};
use crate::osr::LoopExit;
use crate::translate::{self, TranslateError};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::ptr::{NonNull, null, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering};
use tierra_core::index::{FuncIdx, TagIdx, TypeIdx};
use tierra_core::types::{CompositeType, SubType, slots_of};
use tierra_module::Module;
use tierra_vm::sync::Lock;
use tierra_vm::{FuncRecord, HostFn};

/// Slots of a frame's header: return address, caller's frame, caller's instance.
pub(crate) const FRAME_HEADER: usize = 3;

/// What stands before the first instruction of a function's code.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Header {
    /// Bytes of the frame. `u32::MAX`, which fits on no stack, marks code that isn't there yet.
    pub frame_bytes: u32,
    /// Slots behind the frame's header that start as zero.
    pub zeroed_slots: u32,
    /// The description; null for host functions.
    pub code: *const Code,
    /// The rest of the second word.
    #[cfg(target_pointer_width = "32")]
    _rest: u32,
}

impl Header {
    /// Words that a header takes, whatever the width of pointers.
    pub const WORDS: usize = 2;

    /// A header without a description and without locals.
    const fn new(frame_bytes: u32) -> Self {
        Self {
            frame_bytes,
            zeroed_slots: 0,
            code: null(),
            #[cfg(target_pointer_width = "32")]
            _rest: 0,
        }
    }
}

// Words are written as numbers and read as what they are made of.
const _: () = assert!(cfg!(target_endian = "little"));
const _: () = assert!(size_of::<Header>() == Header::WORDS * 8);
const _: () = assert!(core::mem::offset_of!(Header, code) == 8);

/// The code of every function that was not translated yet.
#[repr(C, align(8))]
struct Stub(Header, [u64; 2]);
// SAFETY: never written; the pointer is null.
unsafe impl Sync for Stub {}
static UNTRANSLATED: Stub = Stub(Header::new(u32::MAX), [0; 2]);

pub(crate) fn untranslated() -> *mut u64 {
    (&raw const UNTRANSLATED).cast::<u64>().cast_mut()
}

/// The code to which the frame of an entry from Rust returns.
#[repr(C)]
pub(crate) struct ExitCode(Header, [u64; 1]);

impl ExitCode {
    /// The address of its only instruction.
    pub fn ip(&self) -> *const u64 {
        self.1.as_ptr()
    }

    /// For keeping beside a stack: code must stay where it is.
    pub fn new() -> Box<Self> {
        Box::new(Self(Header::new(0), [handler::<Exit>() as usize as u64]))
    }
}

/// A function's translated code.
pub(crate) struct Code {
    /// Header and instructions.
    pub words: Box<[u64]>,
    /// The function.
    pub func: FuncIdx,
    /// Where its body begins in the module.
    pub body_offset: u32,
    /// Slots of the parameters: the frame's header lies there.
    pub param_slots: u16,
    /// Slots of parameters and locals that hold heap references.
    pub ref_locals: Box<[u16]>,
    /// The sites at which operand slots hold heap references: (words behind the first
    /// instruction, the topmost such slot as an index into `ref_nodes`). Sorted.
    pub ref_sites: Box<[(u32, u32)]>,
    /// Operand slots, each with the next one below it ([`NO_NODE`] if none): stacks that share
    /// their lower parts, so that the size stays linear in the code.
    pub ref_nodes: Box<[(u16, u32)]>,
    /// Exception handlers, inner ones first.
    pub handlers: Box<[TryRange]>,
    /// (words behind the first instruction at which an instruction begins, offset in the
    /// function's body). Sorted; only of instructions that may trap or leave.
    pub offsets: Box<[(u32, u32)]>,
}

/// The end of a stack of [`Code::ref_nodes`].
pub(crate) const NO_NODE: u32 = u32::MAX;

/// The instructions that an exception handler covers.
pub(crate) struct TryRange {
    /// Sites that lie behind `start`, up to `end`, are covered (words).
    pub start: u32,
    pub end: u32,
    /// How many control frames enclose the handler's: `delegate` goes by it.
    pub depth: u32,
    pub catches: Vec<Catch>,
}

/// What a handler catches, and where it goes on.
pub(crate) struct Catch {
    /// What is caught.
    pub what: Caught,
    /// Where the handler's code begins, in words.
    pub target: u32,
    /// The first slot of the payload; the exception itself, if wanted, comes behind it.
    pub slot: u16,
    /// Where the exception itself goes, if it is wanted.
    pub exn_slot: Option<u16>,
}

/// What a handler catches.
#[derive(Clone, Copy)]
pub(crate) enum Caught {
    Tag(TagIdx),
    All,
    /// Nothing here: the search goes on with the handlers of at most this depth.
    Delegate(u32),
}

impl Code {
    /// The address of the first instruction.
    pub fn entry(&self) -> *const u64 {
        self.words[Header::WORDS..].as_ptr()
    }

    /// The offset in the module of the instruction that begins at, or ends before, a
    /// word (counted from the first instruction).
    pub fn offset_at(&self, word: u32) -> u32 {
        let i = self.offsets.partition_point(|(w, _)| *w <= word);
        self.body_offset + i.checked_sub(1).map_or(0, |i| self.offsets[i].1)
    }

    /// Operand slots with heap references while the stack is walked at a site.
    pub fn refs_at(&self, site: u32) -> impl Iterator<Item = u16> + '_ {
        let mut node = match self
            .ref_sites
            .binary_search_by_key(&site, |(word, _)| *word)
        {
            Ok(i) => self.ref_sites[i].1,
            Err(_) => NO_NODE,
        };
        core::iter::from_fn(move || {
            let (slot, below) = *self.ref_nodes.get(node as usize)?;
            node = below;
            Some(slot)
        })
    }
}

/// The code to which the address behind a site belongs, and the site's word offset.
///
/// # Safety
/// `ip` is the address behind a site of live code, not of an [`ExitCode`].
pub(crate) unsafe fn code_of_site<'a>(ip: *const u64) -> (&'a Code, u32) {
    // SAFETY: the caller's; the header precedes the first instruction.
    unsafe {
        let site = &*ip.sub(1).cast::<Site>();
        let header = &*ip.sub(site.back as usize + Header::WORDS).cast::<Header>();
        (&*header.code, site.back)
    }
}

/// What gives the functions of a module machine code one by one, when they are first called.
pub trait LazyTier: Any + Send + Sync {
    /// Where the records of the functions that the module defines are to be: room for all of them,
    /// in order, which lives as long as this does.
    fn records(&self) -> NonNull<FuncRecord>;

    /// What the records are to begin with as [`FuncRecord::machine_entry`]: code that makes code.
    fn first_entry(&self) -> NonNull<u8>;

    /// How much a function may do before it is looked at.
    fn budget(&self, func: FuncIdx) -> i32;

    /// Gives a function machine code with an adapter, by [`ModuleCode::set_machine_code`], unless
    /// the interpreter is to run it. Returns whether it did.
    fn prepare(&self, code: &ModuleCode, func: FuncIdx) -> bool;

    /// Whether a function that the interpreter is about to translate is to have machine code later, so
    /// that it counts what it does.
    fn is_counted(&self, func: FuncIdx) -> bool;

    /// A function that the interpreter runs has used up its budget, at its entry or at the head of a
    /// loop, by the place of its operator in the module. Gives the way out of the loop to machine code,
    /// if there is one, which lives as long as `code`.
    fn used_up(&self, code: &ModuleCode, func: FuncIdx, at: Option<u32>) -> Option<Arc<LoopExit>>;
}

/// The records of a module's functions.
struct Records {
    start: NonNull<FuncRecord>,
    len: usize,
    /// Who owns the memory; a box if nobody does.
    owner: Option<Arc<dyn LazyTier>>,
}

// SAFETY: records are `Sync`; the memory is owned, or kept by the owner.
unsafe impl Send for Records {}
// SAFETY: as above.
unsafe impl Sync for Records {}

impl Records {
    fn new(
        records: impl ExactSizeIterator<Item = FuncRecord>,
        owner: Option<Arc<dyn LazyTier>>,
    ) -> Self {
        let len = records.len();
        let start = match &owner {
            None => {
                let records: Box<[FuncRecord]> = records.collect();
                let start = Box::into_raw(records).cast();
                NonNull::new(start).expect("a box is somewhere")
            }
            Some(owner) => {
                let start = owner.records();
                for (i, record) in records.enumerate() {
                    // SAFETY: there is room for all of them, which nobody else uses.
                    unsafe { start.add(i).write(record) };
                }
                start
            }
        };
        Self { start, len, owner }
    }
}

impl core::ops::Deref for Records {
    type Target = [FuncRecord];

    fn deref(&self) -> &[FuncRecord] {
        // SAFETY: written when this was made.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        if self.owner.is_none() {
            let records = core::ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.len);
            // SAFETY: made from such a box.
            drop(unsafe { Box::from_raw(records) });
        }
    }
}

/// How code is translated: part of an engine's configuration.
#[derive(Clone, Copy, Default, Debug)]
pub struct CodeConfig {
    /// Count fuel.
    pub fuel: bool,
}

/// The interpreter's code for a module, shared by all of its instances. Functions are translated
/// when they are first called.
pub struct ModuleCode {
    pub(crate) module: Arc<Module>,
    pub(crate) config: CodeConfig,
    records: Records,
    /// Translated code by the address of its words. Code is never dropped before the module's:
    /// frames and records point to it.
    codes: Lock<BTreeMap<usize, Box<Code>>>,
    /// Code of functions that have machine code. Boxed: records point to it.
    #[allow(clippy::vec_box, reason = "its place is known while the list grows")]
    calls: Lock<Vec<Box<CallCode>>>,
}

impl ModuleCode {
    /// Records for all functions of a module, nothing translated. `lazy` gives functions machine
    /// code when they are first called.
    pub fn new(
        module: Arc<Module>,
        config: CodeConfig,
        lazy: Option<Arc<dyn LazyTier>>,
    ) -> Arc<Self> {
        let entry = lazy
            .as_ref()
            .map_or(null_mut(), |l| l.first_entry().as_ptr());
        let slots = |ty: &SubType<TypeIdx>| match &ty.composite {
            CompositeType::Func(ty) => [&ty.params, &ty.results].map(|ty| slots_of(ty) as u32),
            _ => [0; 2],
        };
        let slots: Vec<[u32; 2]> = module.types.iter().map(slots).collect();
        Arc::new_cyclic(|this: &alloc::sync::Weak<Self>| {
            let record = |index: FuncIdx| {
                let [param_slots, result_slots] = slots[module.funcs[index.index()].index()];
                FuncRecord {
                    interp_code: AtomicPtr::new(untranslated()),
                    machine_entry: AtomicPtr::new(entry),
                    machine_adapter: AtomicPtr::new(null_mut()),
                    budget: AtomicI32::new(lazy.as_ref().map_or(0, |l| l.budget(index))),
                    calls: AtomicU32::new(0),
                    index,
                    param_slots,
                    result_slots,
                    host: None,
                    host_direct: None,
                    owner: this.as_ptr().cast(),
                }
            };
            let records = Records::new(module.defined_funcs().map(record), lazy.clone());
            Self {
                module,
                config,
                records,
                codes: Lock::new(BTreeMap::new()),
                calls: Lock::new(Vec::new()),
            }
        })
    }

    /// The module.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// The record of a function.
    ///
    /// # Panics
    /// When the function is an import.
    pub fn record(&self, func: FuncIdx) -> *const FuncRecord {
        &self.records[func.index() - self.module.imported_funcs]
    }

    /// What gives the functions machine code, if something does.
    pub fn lazy(&self) -> Option<&Arc<dyn LazyTier>> {
        self.records.owner.as_ref()
    }

    /// Whether a function that was never run gets machine code.
    #[cold]
    pub(crate) fn prepare_machine_code(&self, record: &FuncRecord) -> bool {
        record.interp_code.load(Ordering::Acquire) == untranslated()
            && self
                .lazy()
                .is_some_and(|lazy| lazy.prepare(self, record.index))
    }

    /// Translates a function unless that was done or it has machine code.
    pub(crate) fn prepare(&self, func: FuncIdx) -> Result<(), TranslateError> {
        let record = &self.records[func.index() - self.module.imported_funcs];
        if record.interp_code.load(Ordering::Acquire) != untranslated() {
            return Ok(());
        }
        let has_machine_code = !record.machine_adapter.load(Ordering::Acquire).is_null();
        if has_machine_code || self.prepare_machine_code(record) {
            self.call_machine_code(record);
            return Ok(());
        }
        let counts = self.lazy().is_some_and(|lazy| lazy.is_counted(func));
        let mut code = Box::new(translate::function(self, func, counts)?);
        let description: *const Code = &*code;
        code.words[1] = description as usize as u64;
        let mut codes = self.codes.lock();
        // Another thread may have been faster; its code may be running, so it stays.
        if record.interp_code.load(Ordering::Acquire) == untranslated() {
            let words = code.words.as_ptr();
            codes.insert(words as usize, code);
            record.interp_code.store(words.cast_mut(), Ordering::SeqCst);
            // A compiler may have been about as fast: one of the two sees what the other did.
            if !record.machine_adapter.load(Ordering::SeqCst).is_null() {
                drop(codes);
                self.call_machine_code(record);
            }
        }
        Ok(())
    }

    /// Translates every function: for measuring throughput.
    ///
    /// # Errors
    /// With a message, when a function exceeds a limit of the interpreter.
    pub fn prepare_all(&self) -> Result<usize, alloc::string::String> {
        let mut words = 0;
        for func in self.module.defined_funcs() {
            self.prepare(func)
                .map_err(|e| alloc::format!("function {func}: {e}"))?;
        }
        for code in self.codes.lock().values() {
            words += code.words.len();
        }
        Ok(words * 8)
    }

    /// Gives a function machine code: the interpreter calls that from now on. The code by which
    /// it does so is made when it is first needed, so that this is two stores.
    ///
    /// # Safety
    /// `entry` and `adapter` are as [`FuncRecord`] says, and live as long as the record.
    pub unsafe fn set_machine_code(&self, func: FuncIdx, entry: *mut u8, adapter: *mut u8) {
        let record = &self.records[func.index() - self.module.imported_funcs];
        record.machine_entry.store(entry, Ordering::Release);
        record.machine_adapter.store(adapter, Ordering::SeqCst);
        if record.interp_code.load(Ordering::SeqCst) != untranslated() {
            self.call_machine_code(record);
        }
    }

    /// Lets the interpreter call a function's machine code instead of translating it.
    fn call_machine_code(&self, record: &FuncRecord) {
        let code = call_code(record);
        let words = code.0.as_ptr().cast_mut();
        self.calls.lock().push(code);
        record.interp_code.store(words, Ordering::Release);
    }

    /// The code in which an address lies.
    pub(crate) fn find(&self, ip: *const u64) -> Option<*const Code> {
        let codes = self.codes.lock();
        let (start, code) = codes.range(..=ip as usize).next_back()?;
        let within = ip as usize - start <= code.words.len() * 8;
        within.then_some(&raw const **code)
    }
}

/// Interpreter code that is nothing but a call out of the interpreter.
struct CallCode([u64; 5]);

fn call_code(record: &FuncRecord) -> Box<CallCode> {
    let params = record.param_slots as usize + FRAME_HEADER;
    let frame = params.max(record.result_slots as usize);
    // The header's words: sizes, then no description.
    Box::new(CallCode([
        frame as u64 * 8,
        0,
        handler::<HostCall>() as usize as u64,
        core::ptr::from_ref(record) as u64,
        0,
    ]))
}

/// The record of a host function and the interpreter code by which the guest calls it.
pub struct HostCode {
    record: FuncRecord,
    /// Points to `record`; the record points to it.
    code: Option<Box<CallCode>>,
}

impl HostCode {
    /// Code that calls `func` with parameters and results in this many slots; `direct` is what
    /// machine code calls, as [`FuncRecord::host_direct`] says. It must stay where it is while a
    /// store uses it.
    pub fn new(
        func: HostFn,
        direct: Option<NonNull<()>>,
        param_slots: u32,
        result_slots: u32,
    ) -> Box<Self> {
        let mut this = Box::new(Self {
            record: FuncRecord {
                interp_code: AtomicPtr::new(null_mut()),
                machine_entry: AtomicPtr::new(null_mut()),
                machine_adapter: AtomicPtr::new(null_mut()),
                budget: AtomicI32::new(0),
                calls: AtomicU32::new(0),
                index: FuncIdx(0),
                param_slots,
                result_slots,
                host: Some(func),
                host_direct: direct,
                owner: null(),
            },
            code: None,
        });
        let code = call_code(&this.record);
        let words = code.0.as_ptr().cast_mut();
        this.record.interp_code.store(words, Ordering::Release);
        this.code = Some(code);
        this
    }

    /// The record.
    pub fn record(&self) -> *const FuncRecord {
        &self.record
    }
}
