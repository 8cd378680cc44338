//! A module whose functions are compiled one by one.

use super::event::{Compiled, Counters, Event};
use super::feedback::Sites;
use super::persist::{self, Kept};
use super::policy::{self, Tiering};
use super::queue::Job;
use super::transfer::Transfer;
use crate::artifact::names;
use crate::chunks::Chunks;
use crate::code::NearData;
use crate::compiler::{Compiler, OSR_BUFFER, Settings};
use crate::inline::Known;
use crate::one_pass::OnePass;
use crate::tables::Kind;
use crate::worker::Worker;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tierra_asm::code::{CompiledFunction, RECORD_SYMBOLS, SITE_SYMBOL};
use tierra_baseline::LoopState;
use tierra_core::FrameState;
use tierra_core::index::FuncIdx;
use tierra_interp::{LazyTier, ModuleCode};
use tierra_module::Module;
use tierra_vm::FuncRecord;

/// The functions of a module, each in the tier that it has come to.
pub struct TieredModule {
    this: Weak<Self>,
    compiler: Arc<Compiler>,
    tiering: Tiering,
    module: Arc<Module>,
    /// Where the functions' records are, which code reaches relative to itself.
    records: NearData,
    known: OnceLock<Known>,
    state: Mutex<State>,
}

pub(super) struct State {
    one_pass: Box<OnePass>,
    pub(super) chunks: Chunks,
    /// By function that is not imported.
    pub(super) functions: Vec<Stage>,
    loops: HashMap<(FuncIdx, u32), LoopStage>,
    sites: Sites,
    pub(super) kept: Kept,
    /// How many choices there were so far, for tests.
    choices: u64,
}

/// What became of a function so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// It was never called.
    New,
    /// The interpreter runs it.
    Interpreted,
    /// It runs in code of one pass.
    Counting,
    /// The same, and better code is to be made.
    Queued,
    /// It runs in the best code.
    Optimized,
    /// It stays in code of one pass.
    Stays,
}

/// What became of a loop that somebody wants to leave.
enum LoopStage {
    /// Somebody asked for better code, once.
    Asked,
    /// It is to be made: since when, and when somebody asked last.
    Queued {
        since: Duration,
        asked: Duration,
    },
    Stays,
    Ready(Arc<Transfer>),
}

/// What there was to compile and what came of it.
struct Done<'a> {
    by: Compiled,
    func: FuncIdx,
    code: &'a CompiledFunction,
    time: Duration,
}

/// Code, or why there is none.
pub(super) type Outcome<T> = Result<T, String>;

impl TieredModule {
    /// The functions of a module, none of them compiled.
    ///
    /// # Errors
    /// When there is no memory for what they share.
    pub fn new(compiler: &Arc<Compiler>, module: Arc<Module>) -> Outcome<Arc<Self>> {
        crate::cpu::check(compiler.settings().cpu_features())?;
        let tiering = compiler.settings().tiering.clone();
        let tiering = tiering.expect("the configuration is of an engine whose functions rise");
        let count = module.defined_funcs().len();
        let records = NearData::new(count * size_of::<FuncRecord>())?;
        let counters = compiler.counters();
        counters.modules.fetch_add(1, Ordering::Relaxed);
        counters
            .functions
            .fetch_add(count as u64, Ordering::Relaxed);
        compiler.lazy_stub()?;
        Ok(Arc::new_cyclic(|this| Self {
            this: this.clone(),
            tiering,
            module,
            records,
            known: OnceLock::new(),
            state: Mutex::new(State {
                one_pass: Box::new(OnePass::counting(compiler.settings())),
                chunks: Chunks::new(compiler.settings().debugger),
                functions: vec![Stage::New; count],
                loops: HashMap::new(),
                sites: Sites::default(),
                kept: Kept::default(),
                choices: 0,
            }),
            compiler: compiler.clone(),
        }))
    }

    /// Looks in the cache, once the records are there.
    pub fn begin(&self) {
        if self.tiering.cache.is_none() {
            return;
        }
        if self.module.bytes().len() < persist::LARGE || self.tiering.stress.synchronous {
            self.load_cached();
        } else {
            self.enqueue(Job::Cached);
        }
    }

    pub(super) fn tiering(&self) -> &Tiering {
        &self.tiering
    }

    pub(super) fn counters(&self) -> &Counters {
        self.compiler.counters()
    }

    /// What the compilers are told.
    pub fn settings(&self) -> &Settings {
        self.compiler.settings()
    }

    /// The module.
    pub fn wasm(&self) -> &Module {
        &self.module
    }

    /// What is found out about the module while it is compiled.
    pub fn known(&self) -> &Known {
        self.known
            .get_or_init(|| Known::new(&self.module, self.settings()))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn place(&self, func: FuncIdx) -> usize {
        func.index() - self.module.imported_funcs
    }

    fn record_address(&self, func: FuncIdx) -> usize {
        let start = self.records.start().as_ptr() as usize;
        start + self.place(func) * size_of::<FuncRecord>()
    }

    pub(super) fn record(&self, func: FuncIdx) -> &FuncRecord {
        let address = self.record_address(func) as *const FuncRecord;
        // SAFETY: the module's code has written all records before any function of it runs.
        unsafe { &*address }
    }

    pub(super) fn body_len(&self, func: FuncIdx) -> usize {
        self.module.body(func).map_or(0, |body| body.bytes.len())
    }

    pub(super) fn tell(&self, event: &Event) {
        self.compiler.counters().count(event);
        if let Some(sink) = &self.tiering.sink {
            // There is nobody above to whom a panic could go: neither a guest nor a thread of ours.
            let _ = catch_unwind(AssertUnwindSafe(|| (sink.0)(event)));
        }
    }

    fn tell_stays(&self, func: FuncIdx, why: String) {
        self.tell(&Event::Stays { func: func.0, why });
    }

    // The first call.

    /// Gives a function its first code.
    ///
    /// # Errors
    /// When there is no memory even for the code by which the interpreter is called; the interpreter
    /// can run the function, and the next call tries again.
    pub fn first_call(&self, func: FuncIdx) -> Outcome<()> {
        let mut state = self.lock();
        // Another thread may have been faster.
        if state.functions[self.place(func)] != Stage::New {
            return Ok(());
        }
        match self.first_tier(&mut state) {
            Some(0) => return self.interpret(&mut state, func),
            Some(1) => {
                drop(state);
                let mut worker = Worker::new(self.settings());
                self.optimize(&mut worker, Job::Function(func));
                state = self.lock();
                if state.functions[self.place(func)] != Stage::New {
                    return Ok(());
                }
                // Nothing better than what follows will come.
            }
            _ => {}
        }
        let renew = |state: &mut State| *state.one_pass = OnePass::counting(self.settings());
        let work = |state: &mut State| self.compile_in_one_pass(state, func);
        if let Err(why) = caught(&mut *state, renew, work) {
            self.interpret(&mut state, func)?;
            drop(state);
            self.tell_stays(func, why);
        }
        Ok(())
    }

    /// In tests, which tier is the first: 0 for the interpreter, 1 for the best.
    fn first_tier(&self, state: &mut State) -> Option<u64> {
        let seed = self.tiering.stress.random?;
        state.choices += 1;
        Some(self.tiering.chance(seed, state.choices, 4))
    }

    fn interpret(&self, state: &mut State, func: FuncIdx) -> Outcome<()> {
        let adapter = self.compiler.slot_adapter_of(&self.module, func)?;
        let counters = self.compiler.counters();
        counters.interpreted.fetch_add(1, Ordering::Relaxed);
        state.functions[self.place(func)] = Stage::Interpreted;
        let entry = &self.record(func).machine_entry;
        entry.store(adapter as *mut u8, Ordering::Release);
        Ok(())
    }

    fn compile_in_one_pass(&self, state: &mut State, func: FuncIdx) -> Outcome<()> {
        if !self.settings().compiles(func) {
            return Err("the configuration says so".into());
        }
        let start = Instant::now();
        let State {
            one_pass,
            chunks,
            sites,
            ..
        } = state;
        let code = one_pass.compile_to(&self.module, func)?;
        let code = code.ok_or("the function is too large for the compiler")?;
        let cells = sites.add(&code.sites)?;
        let entry = self.add(chunks, func, code, cells)?;
        self.tell(&self.compiled(&Done {
            by: Compiled::Baseline,
            func,
            code,
            time: start.elapsed(),
        }));
        state.functions[self.place(func)] = Stage::Counting;
        let record = self.record(func);
        record
            .machine_entry
            .store(entry as *mut u8, Ordering::Release);
        Ok(())
    }

    fn compiled(&self, done: &Done<'_>) -> Event {
        Event::Compiled {
            by: done.by,
            func: done.func.0,
            bytes: self.body_len(done.func),
            code: done.code.code.len(),
            time: done.time,
        }
    }

    /// Whether so many bytes may be taken for code.
    pub(super) fn check_room(&self, chunks: &Chunks, wanted: usize) -> Outcome<()> {
        if chunks.capacity() + wanted > self.tiering.code_memory {
            return Err("the memory for machine code is used up".into());
        }
        Ok(())
    }

    /// The function that a call has called so far, by the place of the call in the module.
    pub(super) fn seen_callee(&self, at: u32) -> Option<FuncIdx> {
        let records = self.records.start().as_ptr() as usize;
        let state = self.lock();
        let place = state.sites.callee(at, records, state.functions.len())?;
        Some(FuncIdx::from_index(self.module.imported_funcs + place))
    }

    /// Puts code of a function into memory. Returns its address.
    /// `cells` is where its calls note whom they call.
    fn add(
        &self,
        chunks: &mut Chunks,
        func: FuncIdx,
        code: &CompiledFunction,
        cells: usize,
    ) -> Outcome<usize> {
        self.check_room(chunks, chunks.wanted(code.code.len() + 64))?;
        let names = match self.settings().debugger {
            true => names(&self.module),
            false => HashMap::new(),
        };
        let before = chunks.capacity();
        let resolve = |symbol: u32| match symbol.checked_sub(RECORD_SYMBOLS) {
            Some(func) => self.record_address(FuncIdx(func)),
            None if symbol == SITE_SYMBOL => cells,
            // What is called directly has the best code, which it keeps.
            None => self
                .record(FuncIdx(symbol))
                .machine_entry
                .load(Ordering::Acquire) as usize,
        };
        let entry = chunks.add(Kind::Function(func), code, &names, resolve);
        let taken = (chunks.capacity() - before) as u64;
        let counters = self.compiler.counters();
        counters.code_memory.fetch_add(taken, Ordering::Relaxed);
        entry
    }

    // Better code.

    /// A function has used up its budget, at its entry or at the head of a loop. Tells how to go on
    /// in better code, if there is some for the loop.
    pub fn used_up(&self, func: FuncIdx, at: Option<u32>) -> Option<Arc<Transfer>> {
        let stress = &self.tiering.stress;
        let record = self.record(func);
        let mut state = self.lock();
        if let Some(seed) = stress.random {
            state.choices += 1;
            if self.tiering.chance(seed, state.choices, 3) != 0 {
                record.budget.store(0, Ordering::Relaxed);
                return None;
            }
        }
        let (job, mut pause) = self.wanted(&mut state, func, at);
        if let Some(job) = job {
            if stress.synchronous {
                drop(state);
                self.optimize(&mut Worker::new(self.settings()), job);
                state = self.lock();
            } else {
                self.enqueue(job);
            }
        }
        let ready = at.and_then(|at| match state.loops.get(&(func, at))? {
            LoopStage::Ready(transfer) => Some(transfer.clone()),
            LoopStage::Stays => {
                pause = policy::ASK_ELSEWHERE;
                None
            }
            LoopStage::Asked | LoopStage::Queued { .. } => None,
        });
        drop(state);
        record.budget.store(pause, Ordering::Relaxed);
        if let (Some(_), Some(at)) = (&ready, at) {
            self.tell(&Event::Moved { func: func.0, at });
        }
        ready
    }

    fn enqueue(&self, job: Job) {
        let bytes = match job {
            Job::Function(func) | Job::Loop(func, _) => self.body_len(func),
            Job::Cached => 0,
        };
        let now = self.compiler.age().as_micros() as u64;
        let cost = (now, bytes);
        let threads = self.tiering.thread_count();
        let queue = self.compiler.queue();
        queue.push(self.this.clone(), job, cost, threads);
    }

    /// What is to be compiled now, and how much the function may do until it looks again.
    fn wanted(&self, state: &mut State, func: FuncIdx, at: Option<u32>) -> (Option<Job>, i32) {
        let place = self.place(func);
        let stage = state.functions[place];
        let pause = self.tiering.pause();
        if let Some(at) = at {
            let calls = self.record(func).calls.load(Ordering::Relaxed);
            let done = matches!(stage, Stage::Optimized | Stage::Stays);
            if done || calls <= policy::FEW_CALLS || self.tiering.stress.eager {
                return (self.wanted_loop(state, func, at), pause);
            }
        }
        match stage {
            Stage::Counting => {
                state.functions[place] = Stage::Queued;
                (Some(Job::Function(func)), pause)
            }
            Stage::Queued => (None, pause),
            // Whoever still counts does so in a loop, or in vain.
            Stage::Optimized if at.is_some() => (None, pause),
            _ => (None, policy::NEVER),
        }
    }

    /// A loop is worth code of its own if it still runs when it is asked about once more.
    fn wanted_loop(&self, state: &mut State, func: FuncIdx, at: u32) -> Option<Job> {
        let eager = self.tiering.stress.eager;
        let now = self.compiler.age();
        match state.loops.get_mut(&(func, at)) {
            None if !eager => {
                state.loops.insert((func, at), LoopStage::Asked);
                None
            }
            None | Some(LoopStage::Asked) => {
                let queued = LoopStage::Queued {
                    since: now,
                    asked: now,
                };
                state.loops.insert((func, at), queued);
                Some(Job::Loop(func, at))
            }
            Some(LoopStage::Queued { asked, .. }) => {
                *asked = now;
                None
            }
            Some(LoopStage::Stays | LoopStage::Ready(_)) => None,
        }
    }

    /// Whether a loop whose code is to be made now has ended in the meantime: one that runs keeps
    /// asking. If it hasn't after all, it will ask again.
    fn has_ended(&self, func: FuncIdx, at: u32) -> bool {
        if self.tiering.stress.eager {
            return false;
        }
        let mut state = self.lock();
        let is_best = state.functions[self.place(func)] == Stage::Optimized;
        let Some(LoopStage::Queued { since, asked }) = state.loops.get(&(func, at)) else {
            return false;
        };
        let is_silent = self.compiler.age().saturating_sub(*asked) > policy::SILENCE;
        let ended = is_silent || is_best && since == asked;
        if ended {
            state.loops.remove(&(func, at));
        }
        ended
    }

    /// Makes better code.
    pub fn optimize(&self, worker: &mut Worker, job: Job) {
        let stress = &self.tiering.stress;
        if !stress.delay.is_zero() {
            std::thread::sleep(stress.delay);
        }
        let renew = |worker: &mut Worker| *worker = Worker::new(self.settings());
        match job {
            Job::Cached => return self.load_cached(),
            Job::Function(func) if self.is_best(func) => {}
            Job::Function(func) => {
                let work = |worker: &mut Worker| self.optimize_function(worker, func);
                if let Err(why) = caught(worker, renew, work) {
                    let stage = &mut self.lock().functions[self.place(func)];
                    // The cache may have had it; in tests, it may have no code yet.
                    if *stage == Stage::Queued {
                        *stage = Stage::Stays;
                    }
                    self.tell_stays(func, why);
                }
            }
            Job::Loop(func, at) if self.has_ended(func, at) => {}
            Job::Loop(func, at) => {
                let work = |worker: &mut Worker| self.optimize_loop(worker, func, at);
                let stage = match caught(worker, renew, work) {
                    Ok(transfer) => LoopStage::Ready(Arc::new(transfer)),
                    Err(why) => {
                        self.tell_stays(func, format!("its loop at {at:#x}: {why}"));
                        LoopStage::Stays
                    }
                };
                let mut state = self.lock();
                state.loops.insert((func, at), stage);
                // The next run is to begin with it.
                let place = self.place(func);
                if self.tiering.cache.is_some() && state.functions[place] == Stage::Counting {
                    state.functions[place] = Stage::Queued;
                    drop(state);
                    self.enqueue(Job::Function(func));
                }
            }
        }
        self.compiler.counters().warm(self.compiler.age());
    }

    /// Whether a function has the best code already.
    fn is_best(&self, func: FuncIdx) -> bool {
        self.lock().functions[self.place(func)] == Stage::Optimized
    }

    /// For tests: fails now and then.
    fn fail_sometimes(&self) -> Outcome<()> {
        let stress = &self.tiering.stress;
        if stress.fail == 0 {
            return Ok(());
        }
        let mut state = self.lock();
        state.choices += 1;
        match state.choices % u64::from(stress.fail) {
            0 => Err("the configuration says so".into()),
            _ => Ok(()),
        }
    }

    fn optimize_function(&self, worker: &mut Worker, func: FuncIdx) -> Outcome<()> {
        self.fail_sometimes()?;
        let start = Instant::now();
        let code = worker.compile(&self.callees(), func)?;
        let code = code.ok_or("the function is too large for the compiler")?;
        let time = start.elapsed();
        let mut state = self.lock();
        let entry = self.publish(&mut state, func, &code, None)?;
        state.functions[self.place(func)] = Stage::Optimized;
        let record = self.record(func);
        record
            .machine_entry
            .store(entry as *mut u8, Ordering::Release);
        drop(state);
        self.tell(&self.compiled(&Done {
            by: Compiled::Optimizing,
            func,
            code: &code,
            time,
        }));
        if self.tiering.cache.is_some() {
            self.lock().kept.add(func, code);
        }
        Ok(())
    }

    fn optimize_loop(&self, worker: &mut Worker, func: FuncIdx, at: u32) -> Outcome<Transfer> {
        self.fail_sometimes()?;
        let start = Instant::now();
        let from = self.state_at(func, at)?;
        let code = worker.compile_loop(&self.callees(), func, at)?;
        let (code, state) = code.ok_or("it is too large for the compiler")?;
        check_states(&from.state, &state)?;
        let time = start.elapsed();
        let entry = self.publish(&mut self.lock(), func, &code, Some(at))?;
        self.tell(&self.compiled(&Done {
            by: Compiled::Loop(at),
            func,
            code: &code,
            time,
        }));
        Ok(Transfer::new(from, entry))
    }

    /// Where the values are at the head of a loop, in code of one pass.
    fn state_at(&self, func: FuncIdx, at: u32) -> Outcome<LoopState> {
        let mut one_pass = OnePass::counting(self.settings());
        let found = one_pass.loop_state(&self.module, func, at)?;
        let found = found.ok_or("there is no such loop")?;
        if found.state.slots() * size_of::<u64>() > OSR_BUFFER {
            return Err("its state is too large".into());
        }
        Ok(found)
    }

    /// Puts the best code of a function into memory. Functions that have no such code yet are called
    /// by detours through their records.
    fn publish(
        &self,
        state: &mut State,
        func: FuncIdx,
        code: &CompiledFunction,
        at: Option<u32>,
    ) -> Outcome<usize> {
        let State {
            chunks, functions, ..
        } = state;
        let is_best = |symbol: u32| functions[self.place(FuncIdx(symbol))] == Stage::Optimized;
        let own = at.is_none().then_some(func);
        let code = crate::detours::with_detours(code, own, is_best);
        self.add(chunks, func, &code, 0)
    }
}

/// What comes of a compiler, also if it panics: a bug of ours must not end the host's program. What
/// it works with is as new then.
pub(super) fn caught<W, T>(
    with: &mut W,
    renew: impl FnOnce(&mut W),
    work: impl FnOnce(&mut W) -> Outcome<T>,
) -> Outcome<T> {
    let done = catch_unwind(AssertUnwindSafe(|| work(with)));
    done.unwrap_or_else(|_| {
        renew(with);
        Err("the compiler has a bug".into())
    })
}

/// What one compiler writes must be what the other one reads.
fn check_states(written: &FrameState, read: &FrameState) -> Outcome<()> {
    if written == read {
        return Ok(());
    }
    debug_assert_eq!(written, read);
    Err("the compilers disagree about the state of the loop".into())
}

impl LazyTier for TieredModule {
    fn records(&self) -> NonNull<FuncRecord> {
        self.records.start().cast()
    }

    fn first_entry(&self) -> NonNull<u8> {
        let stub = self.compiler.lazy_stub();
        stub.expect("it was made before the module was")
    }

    fn budget(&self, func: FuncIdx) -> i32 {
        self.tiering.budget(self.body_len(func))
    }

    fn prepare(&self, code: &ModuleCode, func: FuncIdx) -> bool {
        if self.first_call(func).is_err() {
            return false;
        }
        let state = self.lock();
        if state.functions[self.place(func)] == Stage::Interpreted {
            return false;
        }
        let Ok(adapter) = self.compiler.entry_adapter_of(&self.module, func) else {
            return false;
        };
        let entry = self.record(func).machine_entry.load(Ordering::Acquire);
        // SAFETY: both are of the function's type, and live as long as the module; nobody changes
        // the entry while the state is locked.
        unsafe { code.set_machine_code(func, entry, adapter as *mut u8) };
        true
    }
}
