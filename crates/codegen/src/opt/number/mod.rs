//! Simplification and global value numbering, in one walk.
//!
//! *Problem.* Most of what makes code better by looking at single instructions (folding,
//! algebra, common subexpressions, loads of what was just stored, conditions that are decided)
//! makes work for the rest of it. Done as passes they would have to be repeated.
//!
//! *Idea.* Blocks are walked in preorder of the dominator tree. [`Flow`] orders children by the
//! reverse postorder, so that this is a topological order too: all predecessors of a block but
//! those of edges back have been walked before it. Each instruction sees operands that are in
//! their final form, and is
//!
//! 1. folded, put into a canonical form and rewritten by the rules ([`fold`], [`rewrite`]),
//! 2. decided by what is known of ranges and relations where it is ([`facts`]),
//! 3. replaced by an equal one that dominates it ([`table`](super::table)); for loads, "equal" includes the
//!    version of memory ([`memory`]).
//!
//! *Invariants.* The flow of the function is not touched during the walk: which branch is
//! decided is remembered and done in the end, and blocks that nothing leads to any more are not
//! walked. What is inserted goes before the instruction at hand; it is walked before that is
//! looked at again.
//!
//! *Cost.* A constant number of table look-ups for each instruction; the applications of rules
//! are bounded by the size of the function.
//!
//! [`rewrite`]: super::rewrite

mod bits;
mod facts;
mod finish;
mod fold;
mod forward;
mod known;
mod memory;
mod relation;
mod visit;

use super::rewrite::{Graph, Rules};
use super::table::Table;
use alloc::vec::Vec;
use facts::Facts;
use memory::Memory;
use tierra_ir::{Block, Edge, Flow, Function, Inst, InstData, Type, Value};

const NONE: u32 = u32::MAX;

/// The memory of the walk, to be used again.
#[derive(Default)]
pub(super) struct State {
    table: Table,
    facts: Facts,
    memory: Memory,
    /// By value, the bits that may be 1.
    ones: Vec<u64>,
    /// By block, whether anything leads there.
    reached: Vec<bool>,
    /// By block, which target of its terminator is taken, if that is known.
    taken: Vec<u32>,
    /// Conditional traps that happen whenever they are reached.
    cuts: Vec<Inst>,
    operands: Vec<Value>,
}

/// The walk.
struct Walk<'a> {
    func: &'a mut Function,
    flow: &'a Flow,
    rules: &'a Rules,
    state: &'a mut State,
    block: Block,
    /// The instruction at hand.
    inst: Inst,
    /// The first of the instructions that were put before it and not walked yet.
    front: Option<Inst>,
    /// How many more rules may be applied.
    budget: usize,
}

/// Does it. Whether the flow has changed is the result; there may be dead code behind.
pub(super) fn run(func: &mut Function, flow: &Flow, rules: &Rules, state: &mut State) -> bool {
    state.prepare(func, flow);
    let mut walk = Walk {
        budget: func.num_insts() * 3 + 100,
        block: func.entry(),
        inst: Inst(NONE),
        front: None,
        func,
        flow,
        rules,
        state,
    };
    for &block in flow.dominator_preorder() {
        if walk.is_reached(block) {
            walk.block(block);
        }
    }
    walk.finish()
}

impl State {
    fn prepare(&mut self, func: &Function, flow: &Flow) {
        self.table.clear(func.num_insts());
        self.facts.clear(func.num_values());
        self.memory.prepare(func, flow);
        self.ones.clear();
        let values = (0..func.num_values() as u32).map(Value);
        self.ones
            .extend(values.map(|value| bits::all(func.ty(value))));
        self.reached.clear();
        self.reached.resize(func.num_blocks(), false);
        self.reached[func.entry().index()] = true;
        self.taken.clear();
        self.taken.resize(func.num_blocks(), NONE);
        self.cuts.clear();
    }

    fn is_taken(&self, edge: Edge) -> bool {
        let taken = self.taken[edge.from.index()];
        self.reached[edge.from.index()] && (taken == NONE || taken == edge.index)
    }
}

impl Walk<'_> {
    /// Whether anything may lead to a block. Cycles that are entered in the middle are taken as
    /// they come: what leads back there may not have been walked.
    fn is_reached(&mut self, block: Block) -> bool {
        let index = block.index();
        if !self.state.reached[index] {
            let flow = self.flow;
            self.state.reached[index] = flow
                .predecessors(block)
                .iter()
                .any(|e| flow.is_back_edge(e.from, block) && !flow.dominates(block, e.from));
        }
        self.state.reached[index]
    }

    fn block(&mut self, block: Block) {
        self.block = block;
        let Some(first) = self.func.first_inst(block) else {
            return;
        };
        self.inst = first;
        self.front = None;
        let State {
            facts,
            memory,
            reached,
            taken,
            ..
        } = &mut *self.state;
        facts.enter(self.flow, block);
        memory.enter(self.flow, block, |edge| {
            let decided = taken[edge.from.index()];
            reached[edge.from.index()] && (decided == NONE || decided == edge.index)
        });
        self.learn_from_edge(block);
        self.drop_params(block);
        let mut next = Some(self.front.unwrap_or(first));
        while let Some(inst) = next {
            self.inst = inst;
            self.front = None;
            next = self.visit(inst);
        }
        self.state.memory.leave(block);
    }

    /// The only edge on which a block is entered.
    fn only_edge(&self, block: Block) -> Option<Edge> {
        let mut only = None;
        for &edge in self.flow.predecessors(block) {
            if self.flow.is_back_edge(edge.from, block) {
                return None;
            }
            if self.state.is_taken(edge) && only.replace(edge).is_some() {
                return None;
            }
        }
        only
    }

    /// What the branch that leads to a block tells.
    fn learn_from_edge(&mut self, block: Block) {
        let Some(edge) = self.only_edge(block) else {
            return;
        };
        let Some(end) = self.func.last_inst(edge.from) else {
            return;
        };
        match *self.func.data(end) {
            InstData::Branch { cond, .. } => self.assume(cond, edge.index == 0),
            InstData::Switch { index, targets } if edge.index as usize + 1 < targets.len() => {
                self.learn_bits(index, edge.index.into());
            }
            _ => {}
        }
    }

    /// Parameters whose arguments are one value, or equal constants, are that.
    fn drop_params(&mut self, block: Block) {
        for index in 0..self.func.params(block).len() {
            let param = self.func.params(block)[index];
            if self.func.resolve(param) != param {
                continue;
            }
            let Some(value) = self.only_arg(block, index, param) else {
                continue;
            };
            let value = match self.func.as_const(value) {
                Some(bits) if self.func.ty(value) != Type::V128 => {
                    let ty = self.func.ty(value);
                    self.emit(InstData::Const { ty, bits })
                }
                _ => value,
            };
            self.func.alias(param, value);
        }
    }

    fn only_arg(&self, block: Block, index: usize, param: Value) -> Option<Value> {
        let func = &*self.func;
        let mut only: Option<Value> = None;
        for &edge in self.flow.predecessors(block) {
            let back = self.flow.is_back_edge(edge.from, block);
            if !back && !self.state.is_taken(edge) {
                continue;
            }
            let target = func.successors(edge.from)[edge.index as usize];
            // A handler's parameter comes from nowhere.
            let arg = func.resolve(*func.values(target.args).get(index)?);
            if arg == param {
                continue;
            }
            match only {
                None => only = Some(arg),
                Some(value) if value == arg => {}
                Some(value) => {
                    let bits = func.as_const(value)?;
                    if func.as_const(arg) != Some(bits) {
                        return None;
                    }
                }
            }
        }
        only
    }

    fn dominates_here(&self) -> impl Fn(Inst) -> bool + use<'_> {
        let (func, flow, block) = (&*self.func, self.flow, self.block);
        move |inst| {
            func.block_of(inst)
                .is_some_and(|b| flow.dominates(b, block))
        }
    }
}

impl Graph for Walk<'_> {
    fn func(&self) -> &Function {
        self.func
    }

    fn ones(&self, value: Value) -> u64 {
        self.state.ones[value.index()]
    }

    fn max(&self, value: Value) -> u64 {
        self.range(value).max
    }

    /// Constants are looked for at once; anything else is, when the walk comes to it.
    fn emit(&mut self, data: InstData) -> Value {
        let constant = matches!(data, InstData::Const { .. });
        let mut entered = None;
        if constant {
            let table = &self.state.table;
            let found = table.find(self.func, &data, memory::READONLY, self.dominates_here());
            if let Some(inst) = found.inst {
                return self.func.result(inst);
            }
            entered = Some(found);
        }
        let inst = self.func.new_inst(data, self.func.location(self.inst));
        let before = match self.front {
            Some(front) if constant => front,
            _ => self.inst,
        };
        self.func.insert_before(inst, before);
        if !constant {
            self.front.get_or_insert(inst);
        }
        let value = self.func.result(inst);
        let ty = self.func.ty(value);
        let state = &mut *self.state;
        state.ones.resize(self.func.num_values(), bits::all(ty));
        if let Some(found) = entered {
            state.table.enter(found, inst);
            if let InstData::Const { bits, .. } = data {
                state.ones[value.index()] = bits;
            }
        }
        value
    }
}
