//! The optimizing passes.
//!
//! [`PASSES`] is the list, in the order of execution. Each pass is a function of the [`Function`]
//! and the [`State`]; what it needs and keeps is in its row. Between any two, debug builds run the
//! verifier. Time is linear in the size of the function for each of them, or linear with a cap.

mod copy;
mod effects;
pub mod inline;
mod invert;
mod licm;
mod number;
mod preheader;
pub mod rewrite;
pub mod rules;
mod straighten;
mod table;

use alloc::boxed::Box;
use rewrite::Rules;
use tierra_ir::clean::Cleaner;
use tierra_ir::{Flow, Function};

/// How much is done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Level {
    /// Nothing.
    None,
    /// What makes code small, and compiling fast: there is less to compile.
    Size,
    /// Everything: what makes code fast although it grows, too.
    #[default]
    Full,
}

/// A row of the list.
pub struct Pass {
    /// The name.
    pub name: &'static str,
    /// From which level on it runs.
    pub from: Level,
    /// Whether it looks at [`State::flow`], which is computed before it if it isn't valid.
    needs_flow: bool,
    /// Does it; the result is whether blocks or jumps have changed.
    run: fn(&mut Function, &mut State) -> bool,
}

macro_rules! passes {
    ($($name:literal from $level:ident, flow $needs:literal: $run:expr;)*) => {
        &[$(Pass { name: $name, from: Level::$level, needs_flow: $needs, run: $run }),*]
    };
}

/// The passes in their order.
pub const PASSES: &[Pass] = passes! {
    // Without blocks that can't be reached, and with fewer in all, the rest has less to do.
    "clean"    from Size, flow false: clean;
    // Before `simplify`, which decides the copied tests and merges what they have in common.
    "invert"   from Full, flow true: invert;
    // Before `simplify`, which simplifies what is chosen.
    "straighten" from Full, flow true: straighten;
    "simplify" from Size, flow true: simplify;
    "licm"     from Full, flow true: licm;
    "tidy"     from Size, flow false: clean;
};

/// What is told of passes, and of the stages around them, while they run.
pub enum Event<'a> {
    /// One begins.
    Start(&'static str),
    /// It has ended, and the function looks like this.
    End(&'static str, &'a Function),
}

/// Who wants to know: for times and dumps.
pub type Observer = Box<dyn FnMut(Event<'_>) + Send>;

/// The memory of the passes, to be used again for the next function.
#[derive(Default)]
pub struct State {
    flow: Flow,
    rules: Option<Rules>,
    cleaner: Cleaner,
    invert: invert::State,
    straighten: straighten::State,
    number: number::State,
    preheaders: preheader::State,
    licm: licm::State,
    /// Told before and after each pass and stage.
    pub observer: Option<Observer>,
}

impl State {
    /// One without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the observer, if there is one: front ends may have stages of their own.
    pub fn tell(&mut self, event: Event<'_>) {
        if let Some(observer) = &mut self.observer {
            observer(event);
        }
    }
}

/// Optimizes a function.
pub fn run(func: &mut Function, state: &mut State, level: Level) {
    let mut flow_is_valid = false;
    for pass in PASSES.iter().filter(|pass| level >= pass.from) {
        state.tell(Event::Start(pass.name));
        if pass.needs_flow && !flow_is_valid {
            state.flow.compute(func);
            flow_is_valid = true;
        }
        if (pass.run)(func, state) {
            flow_is_valid = false;
        }
        state.tell(Event::End(pass.name, func));
        #[cfg(debug_assertions)]
        if let Err(error) = tierra_ir::verify::verify(func) {
            panic!("after {}: {error}", pass.name);
        }
    }
}

fn simplify(func: &mut Function, state: &mut State) -> bool {
    let rules = state
        .rules
        .get_or_insert_with(|| Rules::parse(rules::RULES));
    let changed = number::run(func, &state.flow, rules, &mut state.number);
    state.cleaner.dead_code(func);
    changed
}

fn invert(func: &mut Function, state: &mut State) -> bool {
    state.invert.run(func, &mut state.flow)
}

fn straighten(func: &mut Function, state: &mut State) -> bool {
    state.straighten.run(func, &state.flow)
}

fn licm(func: &mut Function, state: &mut State) -> bool {
    state.preheaders.run(func, &mut state.flow);
    state.licm.run(func, &state.flow, &state.preheaders);
    false
}

fn clean(func: &mut Function, state: &mut State) -> bool {
    state.cleaner.flow(func);
    true
}
