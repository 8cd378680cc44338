//! A module whose functions are compiled one by one.

use super::event::{Compiled, Counters, Event};
use super::feedback::Sites;
use super::persist::{self, Kept};
use super::policy::{self, Tiering};
use super::queue::Job;
use super::rise::LoopStage;
use crate::adapters::{Adapters, Shape, Way};
use crate::artifact::names;
use crate::chunks::Chunks;
use crate::code::NearData;
use crate::compiler::{Compiler, Settings};
use crate::image::shape;
use crate::inline::Known;
use crate::one_pass::OnePass;
use crate::tables::{Function, Kind};
use crate::worker::Worker;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tierra_asm::code::{CompiledFunction, RECORD_SYMBOLS, SITE_SYMBOL};
use tierra_baseline::LoopEntry;
use tierra_core::index::FuncIdx;
use tierra_interp::{LazyTier, LoopExit, ModuleCode};
use tierra_module::Module;
use tierra_vm::{FuncRecord, MachineTier};

/// The functions of a module, each in the tier that it has come to.
pub struct TieredModule {
    pub(super) this: Weak<Self>,
    pub(super) compiler: Arc<Compiler>,
    pub(super) tiering: Tiering,
    module: Arc<Module>,
    /// Where the functions' records are, which code reaches relative to itself.
    records: NearData,
    known: OnceLock<Known>,
    names: OnceLock<HashMap<u32, String>>,
    state: Mutex<State>,
}

pub(super) struct State {
    one_pass: Box<OnePass>,
    pub(super) chunks: Chunks,
    adapters: Adapters,
    /// By function that is not imported.
    pub(super) functions: Vec<Stage>,
    pub(super) loops: HashMap<(FuncIdx, u32), LoopStage>,
    /// The ways from the interpreter to code of one pass; `None` where there can't be one.
    pub(super) exits: HashMap<(FuncIdx, u32), Option<Arc<LoopExit>>>,
    /// For how many loops a function was compiled for them.
    pub(super) copies: HashMap<FuncIdx, u32>,
    /// Of large functions, how many loops are around each loop.
    pub(super) depths: HashMap<FuncIdx, HashMap<u32, u32>>,
    sites: Sites,
    pub(super) kept: Kept,
    /// How many choices there were so far, for tests.
    pub(super) choices: u64,
}

/// What became of a function so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// It was never called.
    New,
    /// The interpreter runs it, until it has run for long enough to be compiled.
    Beginning,
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

/// The tier in which a function begins.
enum First {
    /// It is interpreted, for good or not.
    Interpreter(Stage),
    OnePass,
    Optimizing,
}

/// What there was to compile and what came of it.
pub(super) struct Done<'a> {
    pub(super) by: Compiled,
    pub(super) func: FuncIdx,
    pub(super) code: &'a CompiledFunction,
    pub(super) time: Duration,
}

/// Code, or why there is none.
pub(super) type Outcome<T> = Result<T, String>;

impl TieredModule {
    /// The functions of a module, none of them compiled.
    ///
    /// `None` when there is no memory near to machine code for their records: the interpreter, which
    /// has its records anywhere, can run the module.
    ///
    /// # Errors
    /// When code would be for another processor.
    pub fn new(compiler: &Arc<Compiler>, module: Arc<Module>) -> Outcome<Option<Arc<Self>>> {
        crate::cpu::check(compiler.settings().cpu_features())?;
        let tiering = compiler.settings().tiering.clone();
        let tiering = tiering.expect("the configuration is of an engine whose functions rise");
        let count = module.defined_funcs().len();
        let Ok(records) = NearData::new(count * size_of::<FuncRecord>()) else {
            return Ok(None);
        };
        let counters = compiler.counters();
        counters.modules.fetch_add(1, Ordering::Relaxed);
        counters
            .functions
            .fetch_add(count as u64, Ordering::Relaxed);
        let module = Arc::new_cyclic(|this| Self {
            this: this.clone(),
            tiering,
            module,
            records,
            known: OnceLock::new(),
            names: OnceLock::new(),
            state: Mutex::new(State {
                one_pass: Box::new(OnePass::counting(compiler.settings())),
                chunks: Chunks::new(compiler.settings().debugger),
                adapters: Adapters::default(),
                functions: vec![Stage::New; count],
                loops: HashMap::new(),
                exits: HashMap::new(),
                copies: HashMap::new(),
                depths: HashMap::new(),
                sites: Sites::default(),
                kept: Kept::default(),
                choices: 0,
            }),
            compiler: compiler.clone(),
        });
        Ok(Some(module))
    }

    /// Looks in the cache, once the records are there.
    pub fn begin(&self) {
        if self.cache().is_none() {
            return;
        }
        if self.module.bytes().len() < persist::LARGE || self.tiering.stress.synchronous {
            self.load_cached();
        } else {
            self.enqueue(Job::Cached);
        }
    }

    /// Counts an instance for [`TierStats`](super::TierStats).
    pub fn count_instance(&self) {
        self.counters().instances.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls `f` with every function that was compiled, and the address that its offsets count from.
    pub(crate) fn each_function(&self, f: impl FnMut(usize, Function)) {
        self.lock().chunks.each_function(f);
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
        self.known.get_or_init(|| {
            let is_large = self.module.code_size() > policy::LARGE_CODE;
            Known::new(&self.module, self.settings(), is_large)
        })
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
        self.module.body_len(func)
    }

    pub(super) fn tell(&self, event: &Event) {
        self.compiler.counters().count(event);
        if let Some(sink) = &self.tiering.sink {
            // There is nobody above to whom a panic could go: neither a guest nor a thread of ours.
            let _ = catch_unwind(AssertUnwindSafe(|| (sink.0)(event)));
        }
    }

    pub(super) fn tell_stays(&self, func: FuncIdx, why: String) {
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
            First::Interpreter(stage) => return self.interpret(&mut state, func, stage),
            First::Optimizing => {
                drop(state);
                let mut worker = Worker::new(self.settings());
                self.optimize(&mut worker, Job::Function(func));
                state = self.lock();
                if state.functions[self.place(func)] != Stage::New {
                    return Ok(());
                }
                // Nothing better than what follows will come.
            }
            First::OnePass => {}
        }
        if let Err(why) = self.compile_first(&mut state, func) {
            self.interpret(&mut state, func, Stage::Interpreted)?;
            drop(state);
            self.tell_stays(func, why);
        }
        Ok(())
    }

    fn first_tier(&self, state: &mut State) -> First {
        let first = match self.tiering.interpreted {
            Some(_) => First::Interpreter(Stage::Beginning),
            None => First::OnePass,
        };
        let Some(seed) = self.tiering.stress.random else {
            return first;
        };
        state.choices += 1;
        match self.tiering.chance(seed, state.choices, 6) {
            0 => First::Interpreter(Stage::Interpreted),
            1 | 2 => First::Interpreter(Stage::Beginning),
            3 => First::Optimizing,
            _ => First::OnePass,
        }
    }

    fn interpret(&self, state: &mut State, func: FuncIdx, stage: Stage) -> Outcome<()> {
        let adapter = self.adapter(state, Way::Slots, shape(&self.module, func))?;
        let counters = self.compiler.counters();
        counters.interpreted.fetch_add(1, Ordering::Relaxed);
        state.functions[self.place(func)] = stage;
        let record = self.record(func);
        if stage == Stage::Beginning {
            let budget = self.tiering.interpreted_budget(self.body_len(func));
            record.budget.store(budget, Ordering::Relaxed);
        }
        let entry = &record.machine_entry;
        entry.store(adapter as *mut u8, Ordering::Release);
        Ok(())
    }

    /// Gives a function code of one pass.
    pub(super) fn compile_first(&self, state: &mut State, func: FuncIdx) -> Outcome<()> {
        let (code, _) = self.compile_in_one_pass(state, func, None)?;
        self.count(state, func, code);
        Ok(())
    }

    /// Lets a function run in code of one pass.
    pub(super) fn count(&self, state: &mut State, func: FuncIdx, code: usize) {
        state.functions[self.place(func)] = Stage::Counting;
        let entry = &self.record(func).machine_entry;
        entry.store(code as *mut u8, Ordering::Release);
    }

    /// Makes code in one pass. Gives its address, and where its entry at the loop is.
    pub(super) fn compile_in_one_pass(
        &self,
        state: &mut State,
        func: FuncIdx,
        at: Option<u32>,
    ) -> Outcome<(usize, Option<LoopEntry>)> {
        if !self.settings().compiles(func) {
            return Err("the configuration says so".into());
        }
        let renew = |state: &mut State| *state.one_pass = OnePass::counting(self.settings());
        caught(state, renew, |state| {
            let start = Instant::now();
            let State {
                one_pass,
                chunks,
                sites,
                ..
            } = state;
            let (code, entry) = one_pass.compile_from(&self.module, func, at)?;
            let cells = sites.add(&code.sites)?;
            let address = self.add(chunks, func, code, cells)?;
            self.tell(&self.compiled(&Done {
                by: Compiled::Baseline,
                func,
                code,
                time: start.elapsed(),
            }));
            Ok((address, entry))
        })
    }

    pub(super) fn compiled(&self, done: &Done<'_>) -> Event {
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

    /// What debuggers are told, if they are.
    fn names(&self) -> &HashMap<u32, String> {
        self.names.get_or_init(|| match self.settings().debugger {
            true => names(&self.module),
            false => HashMap::new(),
        })
    }

    /// Puts code of a function into memory; `cells` is where its calls note whom they call. Returns
    /// its address.
    pub(super) fn add(
        &self,
        chunks: &mut Chunks,
        func: FuncIdx,
        code: &CompiledFunction,
        cells: usize,
    ) -> Outcome<usize> {
        self.check_room(chunks, chunks.wanted_for(code))?;
        let resolve = |symbol: u32| match symbol.checked_sub(RECORD_SYMBOLS) {
            Some(func) => self.record_address(FuncIdx(func)),
            None if symbol == SITE_SYMBOL => cells,
            // What is called directly has the best code, which it keeps.
            None => self
                .record(FuncIdx(symbol))
                .machine_entry
                .load(Ordering::Acquire) as usize,
        };
        self.counting_memory(chunks, |chunks| {
            chunks.add(Kind::Function(func), code, self.names(), resolve)
        })
    }

    /// The code by which Rust calls a function, or machine code calls one that the interpreter runs. It
    /// is not much for all types of most modules together, and nothing works without: so a little may
    /// be taken beyond [`Tiering::code_memory`].
    pub(super) fn adapter(&self, state: &mut State, way: Way, shape: Shape) -> Outcome<usize> {
        let State {
            chunks, adapters, ..
        } = state;
        let most = self.tiering.code_memory.max(policy::ADAPTERS);
        self.counting_memory(chunks, |chunks| adapters.get(way, shape, chunks, most))
    }

    fn counting_memory<T>(&self, chunks: &mut Chunks, add: impl FnOnce(&mut Chunks) -> T) -> T {
        let before = chunks.capacity();
        let added = add(chunks);
        let taken = (chunks.capacity() - before) as u64;
        let counters = self.compiler.counters();
        counters.code_memory.fetch_add(taken, Ordering::Relaxed);
        added
    }
}

/// What comes of a compiler, also if it panics: a bug of ours must not end the host's program. What
/// it works with is as new then.
pub(crate) fn caught<W, T>(
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

impl LazyTier for TieredModule {
    fn records(&self) -> NonNull<FuncRecord> {
        self.records.start().cast()
    }

    fn first_entry(&self) -> NonNull<u8> {
        self.compiler.first_entry()
    }

    fn budget(&self, func: FuncIdx) -> i32 {
        self.tiering.budget(self.body_len(func))
    }

    fn prepare(&self, code: &ModuleCode, func: FuncIdx) -> bool {
        if self.first_call(func).is_err() {
            return false;
        }
        let mut state = self.lock();
        self.call_machine_code(&mut state, code, func).is_ok()
    }

    fn is_counted(&self, func: FuncIdx) -> bool {
        // The cache may just have had machine code for it.
        let stage = self.lock().functions[self.place(func)];
        !matches!(stage, Stage::New | Stage::Interpreted)
    }

    fn used_up(&self, code: &ModuleCode, func: FuncIdx, at: Option<u32>) -> Option<Arc<LoopExit>> {
        self.leave_interpreter(code, func, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tierra_core::Features;
    use tierra_interp::CodeConfig;
    use tierra_module::Sequential;

    fn leb(mut number: usize, to: &mut Vec<u8>) {
        while number >= 0x80 {
            to.push(number as u8 | 0x80);
            number >>= 7;
        }
        to.push(number as u8);
    }

    /// A module with a function, which does nothing, of each of so many types.
    fn types(count: usize) -> Arc<Module> {
        let section = |id: u8, row: &dyn Fn(usize, &mut Vec<u8>), to: &mut Vec<u8>| {
            let mut rows = Vec::new();
            leb(count, &mut rows);
            (0..count).for_each(|number| row(number, &mut rows));
            to.push(id);
            leb(rows.len(), to);
            to.extend(rows);
        };
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        let ty = |number: usize, to: &mut Vec<u8>| {
            to.extend([0x60, 10]);
            to.extend((0..10).map(|bit| [0x7e, 0x7c][number >> bit & 1]));
            to.push(0);
        };
        section(1, &ty, &mut bytes);
        section(3, &leb, &mut bytes);
        section(10, &|_, to| to.extend([2, 0, 0x0b]), &mut bytes);
        let module = Module::new(Arc::new(bytes), Features::default(), &Sequential);
        Arc::new(module.unwrap())
    }

    #[test]
    fn adapters_of_functions_go_with_their_module() {
        let compiler = Compiler::new(Settings {
            tiering: Some(Tiering::default()),
            ..Settings::default()
        })
        .unwrap();
        let wasm = types(800);
        let before = compiler.adapter_bytes();
        let module = TieredModule::new(&compiler, wasm.clone()).unwrap().unwrap();
        let config = CodeConfig::default();
        let code = ModuleCode::new(wasm.clone(), config, Some(module.clone()));
        for func in wasm.defined_funcs() {
            assert!(module.prepare(&code, func));
            let stage = Stage::Interpreted;
            module.interpret(&mut module.lock(), func, stage).unwrap();
        }
        assert_eq!(compiler.adapter_bytes(), before);
        let taken = module.lock().chunks.capacity() as u64;
        assert_eq!(compiler.tier_stats().code_memory, taken);
    }
}
