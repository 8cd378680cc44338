//! Writing a function.
//!
//! [`Variable`]s are what front ends call locals: assigned and read anywhere, turned into values
//! and block parameters, after Braun et al., "Simple and Efficient Construction of Static Single
//! Assignment Form" (2013), in two steps. While the function is written, a variable that is read
//! where its value may depend on the way there becomes a parameter of the block. A block is
//! *sealed* when all jumps to it are written: one that is sealed before it is begun takes a
//! parameter only if its predecessors disagree. [`Builder::finish`] asks the predecessors for the arguments, which may make more
//! parameters, and then removes those whose arguments are all the same value. In a reducible
//! function that leaves the fewest parameters possible.
//!
//! Nothing here is recursive: functions are as deep as their authors like. Memory is proportional
//! to blocks × variables in the worst case; a front end that faces hostile input bounds the
//! product.

use crate::entity::{Block, Inst, Value};
use crate::function::{Function, Target};
use crate::inst::InstData;
use crate::types::Type;
use alloc::vec::Vec;

/// A variable of the function that is being written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Variable(pub u32);

/// Writes a function.
pub struct Builder<'a> {
    /// The function.
    pub func: &'a mut Function,
    block: Option<Block>,
    location: u32,
    state: &'a mut State,
}

/// The memory of a [`Builder`], to be used again for the next function.
#[derive(Default)]
pub struct State {
    types: Vec<Type>,
    blocks: Vec<BlockState>,
    phis: Vec<Phi>,
    /// The arguments of all `phis`, one for each jump to the block.
    args: Vec<Value>,
    /// Blocks on the way to a value, and joins among them of which a predecessor is being asked.
    path: Vec<Block>,
    forks: Vec<Fork>,
}

/// A join that asks its predecessors for a variable's value.
struct Fork {
    /// The length of the path up to the join, which is its last block.
    path: usize,
    /// Which predecessor is being asked.
    pred: usize,
    /// What the ones before it said, all of them.
    same: Option<Value>,
}

#[derive(Default)]
struct BlockState {
    sealed: bool,
    filled: bool,
    /// Whether there may be jumps from further down: it was begun before it was sealed.
    is_header: bool,
    /// The jumps to this block: from where, and which target of the terminator.
    preds: Vec<(Block, u32)>,
    /// By variable, its value at the end of the block so far.
    defs: Vec<u32>,
}

/// A parameter that stands for a variable.
#[derive(Clone, Copy)]
struct Phi {
    block: Block,
    variable: Variable,
    param: Value,
    /// Its arguments in [`State::args`], as many as the block has predecessors.
    args: u32,
}

const UNDEFINED: u32 = u32::MAX;

impl<'a> Builder<'a> {
    /// Starts to write a function that has no blocks yet.
    pub fn new(func: &'a mut Function, state: &'a mut State) -> Self {
        state.types.clear();
        state.blocks.clear();
        state.phis.clear();
        state.args.clear();
        Self {
            func,
            block: None,
            location: 0,
            state,
        }
    }

    /// A new variable. Reading it where it was never assigned gives zero.
    pub fn variable(&mut self, ty: Type) -> Variable {
        let variable = Variable(self.state.types.len() as u32);
        self.state.types.push(ty);
        variable
    }

    /// The type of a variable.
    pub fn variable_type(&self, variable: Variable) -> Type {
        self.state.types[variable.0 as usize]
    }

    /// A new block, which is nowhere yet. Parameters of its own ([`Function::append_param`]) are
    /// given to it before anything jumps there.
    pub fn block(&mut self) -> Block {
        self.state.blocks.push(BlockState::default());
        self.func.new_block()
    }

    /// Puts a block at the end of the layout and goes on writing there. The block before it is
    /// complete.
    pub fn switch_to(&mut self, block: Block) {
        debug_assert!(self.current().is_none(), "the block before is complete");
        self.func.append_block(block);
        let state = &mut self.state.blocks[block.index()];
        state.is_header = !state.sealed;
        self.block = Some(block);
    }

    /// The block that is being written; `None` after a terminator.
    pub fn current(&self) -> Option<Block> {
        self.block.filter(|b| !self.state.blocks[b.index()].filled)
    }

    /// Says where in the source the next instructions come from.
    pub fn at(&mut self, location: u32) {
        self.location = location;
    }

    /// Where in the source the next instructions come from.
    pub fn location(&self) -> u32 {
        self.location
    }

    /// Appends an instruction. After a terminator the block is complete.
    ///
    /// # Panics
    /// When no block is being written.
    pub fn push(&mut self, data: InstData) -> Inst {
        let block = self.current().expect("a block is being written");
        let inst = self.func.new_inst(data, self.location);
        self.func.append(block, inst);
        if data.is_terminator() {
            self.state.blocks[block.index()].filled = true;
            let targets = self.func.targets(data.targets());
            for (index, target) in targets.iter().enumerate() {
                let to = &mut self.state.blocks[target.block.index()];
                debug_assert!(!to.sealed, "{} is sealed", target.block);
                to.preds.push((block, index as u32));
            }
        }
        inst
    }

    /// Appends an instruction with one result.
    pub fn value(&mut self, data: InstData) -> Value {
        let inst = self.push(data);
        self.func.result(inst)
    }

    /// Jumps to a block.
    pub fn jump(&mut self, block: Block, args: &[Value]) {
        let args = self.func.list(args);
        let targets = self.func.target_list(&[Target { block, args }]);
        self.push(InstData::Jump(targets));
    }

    /// Jumps to the first block if the condition is not 0, else to the second.
    pub fn branch(&mut self, cond: Value, then: (Block, &[Value]), or_else: (Block, &[Value])) {
        let targets = [then, or_else].map(|(block, args)| Target {
            block,
            args: self.func.list(args),
        });
        let targets = self.func.target_list(&targets);
        self.push(InstData::Branch { cond, targets });
    }

    /// Says that all jumps to a block are written. The entry is sealed at once.
    pub fn seal(&mut self, block: Block) {
        self.state.blocks[block.index()].sealed = true;
    }

    /// Whether anything jumps to a block so far.
    pub fn is_reached(&self, block: Block) -> bool {
        !self.state.blocks[block.index()].preds.is_empty()
    }

    /// Assigns a variable.
    pub fn set(&mut self, variable: Variable, value: Value) {
        let block = self.current().expect("a block is being written");
        self.define(block, variable, value);
    }

    /// Reads a variable.
    pub fn get(&mut self, variable: Variable) -> Value {
        let block = self.current().expect("a block is being written");
        self.read(block, variable)
    }

    /// Completes the function: all parameters get their arguments, and needless ones go.
    pub fn finish(mut self) {
        for state in &mut self.state.blocks {
            state.sealed = true;
        }
        self.find_arguments();
        self.remove_needless();
        self.write_arguments();
        self.func.resolve_all();
    }

    fn define(&mut self, block: Block, variable: Variable, value: Value) {
        let count = self.state.types.len();
        let defs = &mut self.state.blocks[block.index()].defs;
        if defs.len() < count {
            defs.resize(count, UNDEFINED);
        }
        defs[variable.0 as usize] = value.0;
    }

    fn defined(&self, block: Block, variable: Variable) -> Option<Value> {
        let defs = &self.state.blocks[block.index()].defs;
        let value = *defs.get(variable.0 as usize)?;
        (value != UNDEFINED).then_some(Value(value))
    }

    /// The value of a variable at the end of a block: up through predecessors to assignments or to
    /// blocks that take it as a parameter. Where ways come together that were all written before,
    /// each is asked: it takes a parameter only if they differ.
    fn read(&mut self, start: Block, variable: Variable) -> Value {
        if let Some(value) = self.defined(start, variable) {
            return value;
        }
        let mut forks = core::mem::take(&mut self.state.forks);
        let mut path = core::mem::take(&mut self.state.path);
        let mut block = start;
        let value = 'found: loop {
            let mut value = match self.defined(block, variable) {
                Some(value) => value,
                None => {
                    path.push(block);
                    let state = &self.state.blocks[block.index()];
                    match state.preds.as_slice() {
                        [] if state.sealed || block == self.func.entry() => {
                            self.zero(block, self.state.types[variable.0 as usize])
                        }
                        _ if state.is_header || !state.sealed => self.param(block, variable),
                        [(pred, _)] => {
                            block = *pred;
                            continue;
                        }
                        preds => {
                            block = preds[0].0;
                            forks.push(Fork {
                                path: path.len(),
                                pred: 0,
                                same: None,
                            });
                            continue;
                        }
                    }
                }
            };
            // The value goes down to the last fork, which asks its next predecessor or is done.
            loop {
                let since = forks.last().map_or(0, |fork| fork.path);
                for block in path.drain(since..) {
                    self.define(block, variable, value);
                }
                let Some(fork) = forks.last_mut() else {
                    break 'found value;
                };
                let join = path[path.len() - 1];
                let differs = *fork.same.get_or_insert(value) != value;
                fork.pred += 1;
                let next = self.state.blocks[join.index()].preds.get(fork.pred);
                if let (Some((pred, _)), false) = (next, differs) {
                    block = *pred;
                    continue 'found;
                }
                forks.pop();
                if differs {
                    value = self.param(join, variable);
                }
            }
        };
        (self.state.forks, self.state.path) = (forks, path);
        value
    }

    /// A parameter of a block for a variable. Its arguments come in the end.
    fn param(&mut self, block: Block, variable: Variable) -> Value {
        let ty = self.state.types[variable.0 as usize];
        let param = self.func.append_param(block, ty);
        self.state.phis.push(Phi {
            block,
            variable,
            param,
            args: 0,
        });
        param
    }

    /// A variable that was never assigned.
    fn zero(&mut self, block: Block, ty: Type) -> Value {
        let data = match ty {
            Type::V128 => InstData::V128Const(self.func.constant([0; 16])),
            ty => InstData::Const { ty, bits: 0 },
        };
        let inst = self.func.new_inst(data, self.location);
        self.func.prepend(block, inst);
        self.func.result(inst)
    }

    fn find_arguments(&mut self) {
        let mut next = 0;
        while next < self.state.phis.len() {
            let Phi {
                block, variable, ..
            } = self.state.phis[next];
            self.state.phis[next].args = self.state.args.len() as u32;
            for pred in 0..self.state.blocks[block.index()].preds.len() {
                let (from, _) = self.state.blocks[block.index()].preds[pred];
                let value = self.read(from, variable);
                self.state.args.push(value);
            }
            next += 1;
        }
    }

    fn phi_args(&self, phi: &Phi) -> &[Value] {
        let count = self.state.blocks[phi.block.index()].preds.len();
        &self.state.args[phi.args as usize..phi.args as usize + count]
    }

    /// Makes parameters whose arguments are one value, besides themselves, aliases of it.
    /// Whoever has such a parameter as argument is looked at again, and once more when the value
    /// behind it turns out to be needless. Lists of users grow by that: the work is bounded, at
    /// the price of needless parameters in functions that nobody writes.
    fn remove_needless(&mut self) {
        let mut phi_of = Vec::new();
        phi_of.resize(self.func.num_values(), UNDEFINED);
        for (index, phi) in self.state.phis.iter().enumerate() {
            phi_of[phi.param.index()] = index as u32;
        }
        let mut users = Users::new(self.state.phis.len());
        for (user, phi) in self.state.phis.iter().enumerate() {
            for arg in self.phi_args(phi) {
                let used = phi_of[arg.index()];
                if used != UNDEFINED && used != user as u32 {
                    users.add(used, user as u32);
                }
            }
        }
        let mut budget = EFFORT * (self.state.phis.len() + users.links.len());
        let mut work: Vec<u32> = (0..self.state.phis.len() as u32).rev().collect();
        while let Some(index) = work.pop() {
            let phi = self.state.phis[index as usize];
            let cost = 1 + self.phi_args(&phi).len();
            if self.func.resolve_mut(phi.param) != phi.param || budget < cost {
                continue;
            }
            budget -= cost;
            let Some(value) = self.only_argument(&phi) else {
                continue;
            };
            self.func.alias(phi.param, value);
            let waiting = work.len();
            work.extend(users.of(index).take(budget));
            budget -= work.len() - waiting;
            if let Some(&behind) = phi_of.get(value.index())
                && behind != UNDEFINED
            {
                users.join(behind, index);
            }
        }
    }

    /// The value that all arguments are, besides the parameter itself.
    fn only_argument(&mut self, phi: &Phi) -> Option<Value> {
        let mut only = None;
        for index in 0..self.phi_args(phi).len() {
            let arg = self.func.resolve_mut(self.phi_args(phi)[index]);
            if arg != phi.param && *only.get_or_insert(arg) != arg {
                return None;
            }
        }
        only
    }

    /// Gives blocks the parameters that are left and jumps their arguments.
    fn write_arguments(&mut self) {
        let mut by_block: Vec<Vec<Phi>> = Vec::new();
        by_block.resize_with(self.state.blocks.len(), Vec::new);
        for phi in &self.state.phis {
            by_block[phi.block.index()].push(*phi);
        }
        let mut args = Vec::new();
        for (index, phis) in by_block
            .iter()
            .enumerate()
            .filter(|(_, phis)| !phis.is_empty())
        {
            let block = Block::from_index(index);
            let kept = |func: &Function, value: Value| func.resolve(value) == value;
            let mut params = self.func.params(block).to_vec();
            params.retain(|param| kept(self.func, *param));
            self.func.set_params(block, params);
            for pred in 0..self.state.blocks[index].preds.len() {
                let (from, target) = self.state.blocks[index].preds[pred];
                let inst = self.func.last_inst(from).expect("it ends with the jump");
                let targets = self.func.data(inst).targets();
                let old = self.func.targets(targets)[target as usize].args;
                args.clear();
                args.extend_from_slice(self.func.values(old));
                for phi in phis.iter().filter(|phi| kept(self.func, phi.param)) {
                    args.push(self.func.resolve(self.state.args[phi.args as usize + pred]));
                }
                let list = self.func.list(&args);
                self.func.targets_mut(targets)[target as usize].args = list;
            }
        }
    }
}

/// How often, on average, a parameter may be looked at.
const EFFORT: usize = 16;

/// For each parameter, those that have it as an argument, as linked lists.
struct Users {
    /// By parameter, its first and last link.
    ends: Vec<(u32, u32)>,
    /// A user and the next link.
    links: Vec<(u32, u32)>,
}

impl Users {
    fn new(count: usize) -> Self {
        let mut ends = Vec::new();
        ends.resize(count, (UNDEFINED, UNDEFINED));
        Self {
            ends,
            links: Vec::new(),
        }
    }

    fn add(&mut self, used: u32, user: u32) {
        let (first, last) = &mut self.ends[used as usize];
        let link = self.links.len() as u32;
        self.links.push((user, *first));
        if *first == UNDEFINED {
            *last = link;
        }
        *first = link;
    }

    fn of(&self, used: u32) -> impl Iterator<Item = u32> + '_ {
        let mut link = self.ends[used as usize].0;
        core::iter::from_fn(move || {
            let (user, next) = *self.links.get(link as usize)?;
            link = next;
            Some(user)
        })
    }

    /// Gives the users of one to another.
    fn join(&mut self, to: u32, from: u32) {
        let none = (UNDEFINED, UNDEFINED);
        let (first, last) = core::mem::replace(&mut self.ends[from as usize], none);
        if first == UNDEFINED {
            return;
        }
        let (old, end) = self.ends[to as usize];
        self.links[last as usize].1 = old;
        self.ends[to as usize] = (first, if old == UNDEFINED { last } else { end });
    }
}
