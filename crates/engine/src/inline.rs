//! Which calls are replaced by what they call.
//!
//! A call costs about as much as a dozen instructions, and hides from the optimizer what it does.
//! So small functions of the module take the place of calls: the smaller, the sooner, and larger
//! ones where the caller is expected to run often. What a copy calls is looked at in the next
//! round, which inlines chains of calls and a few levels of a recursion. How much a function may
//! grow in all is bounded by its size, so hostile modules gain nothing.
//!
//! What is copied is a function after the cheap passes: its size is told by what is left. It is
//! made by the first thread that wants it and kept for all; as it depends on nothing else, what
//! comes out is the same for any number of threads.

use crate::compiler::Settings;
use crate::worker::Translator;
use std::sync::OnceLock;
use tierra_codegen::OptLevel;
use tierra_codegen::opt::{self, inline};
use tierra_compile::{Feedback, Tables};
use tierra_core::index::FuncIdx;
use tierra_ir::{Callee, Flow, Function, Inst, InstData};
use tierra_module::Module;

/// Bytes of the longest body that is looked at.
const MAX_BODY: usize = 160;
/// Instructions of functions that are smaller than their calls.
const TINY: usize = 8;
/// Instructions of functions that are worth it wherever code is not cold.
const SMALL: usize = 16;
/// Instructions of functions that are worth it in loops.
const MEDIUM: usize = 60;
/// How often a block runs for each call of the function, from which on it counts as a loop's.
const OFTEN: f32 = 4.0;
/// How often a block runs that is worth more than the tiniest functions.
const SELDOM: f32 = 0.25;
/// How deep copies are looked into.
const ROUNDS: usize = 3;
/// Instructions that a function may grow by, whatever its size.
const GROWTH: usize = 60;

/// What is found out about a module while its functions are compiled, once for all of them.
pub struct Known {
    /// What is known of its tables.
    pub tables: Tables,
    /// By function that is not imported; `None` inside for those that are too large.
    functions: Vec<OnceLock<Option<Callable>>>,
}

/// The functions of a module that may be inlined.
#[derive(Clone, Copy)]
pub struct Callees<'a> {
    pub module: &'a Module,
    pub settings: &'a Settings,
    pub known: &'a Known,
    /// What was seen of calls, if anything was.
    pub feedback: Option<&'a dyn Feedback>,
}

/// A function that may be inlined.
struct Callable {
    function: Function,
    size: usize,
}

impl Known {
    /// What there is to know of a module; `quickly` leaves out what takes reading all of it. Functions
    /// are looked at later.
    pub fn new(module: &Module, settings: &Settings, quickly: bool) -> Self {
        let count = match settings.opt_level {
            OptLevel::Full => module.defined_funcs().len(),
            _ => 0,
        };
        Self {
            tables: match settings.opt_level {
                OptLevel::None => Tables::default(),
                _ if quickly => Tables::default(),
                _ => Tables::of(module),
            },
            functions: std::iter::repeat_with(OnceLock::new).take(count).collect(),
        }
    }
}

impl<'a> Callees<'a> {
    /// Those of a module that is compiled as a whole.
    pub fn new(module: &'a Module, settings: &'a Settings, known: &'a Known) -> Self {
        Self {
            module,
            settings,
            known,
            feedback: None,
        }
    }
}

impl Callees<'_> {
    /// A function that is called by its symbol, if it may be inlined.
    fn get(&self, symbol: u32, maker: &mut Maker) -> Option<&Callable> {
        let index = (symbol as usize).checked_sub(self.module.imported_funcs)?;
        let callable = self.known.functions.get(index)?;
        callable
            .get_or_init(|| self.make(FuncIdx(symbol), maker))
            .as_ref()
    }

    fn make(&self, func: FuncIdx, maker: &mut Maker) -> Option<Callable> {
        let body = self.module.body(func)?;
        if body.bytes.len() > MAX_BODY || !self.settings.compiles(func) {
            return None;
        }
        // What exceeds a limit, or shows a bug, is told when the function itself is compiled.
        let translated = maker.translator.translate(self, func);
        let ir = translated.ok().flatten()?;
        opt::run(ir, &mut maker.optimizer, OptLevel::Size);
        let size = size(ir);
        let fits = size <= MEDIUM && inline::can_inline(ir);
        fits.then(|| Callable {
            function: ir.clone(),
            size,
        })
    }
}

/// What makes functions that may be inlined.
#[derive(Default)]
struct Maker {
    translator: Translator,
    optimizer: opt::State,
}

/// The memory of inlining, to be used again.
#[derive(Default)]
pub struct State {
    maker: Maker,
    flow: Flow,
    inliner: inline::Inliner,
}

impl State {
    /// Replaces calls in a function.
    pub fn run(&mut self, callees: &Callees<'_>, func: &mut Function) {
        if callees.known.functions.is_empty() || !has_calls(func) {
            return;
        }
        let mut left = GROWTH + size(func) / 8;
        for round in 0..ROUNDS {
            self.flow.compute(func);
            let count = self.inliner.run(func, |caller, call| {
                let symbol = direct_callee(caller, call)?;
                let block = caller.block_of(call)?;
                let worth = match self.flow.frequency(block) {
                    _ if caller.is_cold(block) => 0,
                    often if often >= OFTEN => MEDIUM,
                    often if often < SELDOM => TINY,
                    // What runs often comes first, as long as there is room.
                    _ if round == 0 => TINY,
                    _ => SMALL,
                };
                if worth == 0 {
                    return None;
                }
                let callable = callees.get(symbol, &mut self.maker)?;
                let cost = callable.size.saturating_sub(TINY);
                let chosen = callable.size <= worth && cost <= left;
                left -= if chosen { cost } else { 0 };
                chosen.then_some(&callable.function)
            });
            if count == 0 && round > 0 {
                break;
            }
        }
    }
}

fn direct_callee(func: &Function, call: Inst) -> Option<u32> {
    let (InstData::Call { callee, .. }
    | InstData::TailCall { callee, .. }
    | InstData::TryCall { callee, .. }) = *func.data(call)
    else {
        return None;
    };
    match callee {
        Callee::Symbol(symbol) => Some(symbol.0),
        _ => None,
    }
}

fn has_calls(func: &Function) -> bool {
    let mut insts = func.layout().iter().flat_map(|block| func.insts(*block));
    insts.any(|inst| direct_callee(func, inst).is_some())
}

/// Instructions, but for constants and jumps that go nowhere else.
fn size(func: &Function) -> usize {
    let insts = func.layout().iter().flat_map(|block| func.insts(*block));
    let counts = |inst: &Inst| {
        !matches!(
            func.data(*inst),
            InstData::Const { .. } | InstData::Jump(_) | InstData::Return(_)
        )
    };
    insts.filter(counts).count()
}
