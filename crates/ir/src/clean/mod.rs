//! Taking away what has no effect.
//!
//! A [`Cleaner`] is for after passes that leave things behind. [`Cleaner::flow`] takes away
//! blocks: those that nothing leads to, those that only jump on, and the borders between a block
//! and the only one before it. [`Cleaner::dead_code`] takes away instructions, and parameters of
//! blocks with their arguments, that nothing needs; parameters around a loop that need only each
//! other are among them.
//!
//! Each takes linear time. Neither makes a block that several others had in common into copies,
//! and handlers of exceptions stay as they are.

mod dead;

use crate::entity::{Block, Inst};
use crate::flow::Order;
use crate::function::{Function, Target, Targets};
use crate::inst::InstData;
use alloc::vec::Vec;

/// Memory of the cleaning passes, to be used again.
#[derive(Default)]
pub struct Cleaner {
    order: Order,
    /// By block, where an empty block leads in the end.
    through: Vec<Through>,
    path: Vec<Block>,
    live: dead::Live,
}

/// A block that only jumps on, or any other.
#[derive(Clone, Copy)]
enum Through {
    Unknown,
    /// It is on the path at hand: a cycle of empty blocks ends here.
    Busy,
    /// It does something.
    No,
    /// It leads to this target; `cold` if the way there is seldom taken.
    To {
        target: Target,
        cold: bool,
    },
}

/// Arguments that a jump past an empty block may copy. More would add up in hostile functions.
const MAX_COPIED_ARGS: usize = 8;

impl Cleaner {
    /// One without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes away branches that are decided, blocks that can't be reached, blocks that only jump
    /// on, and borders between blocks.
    pub fn flow(&mut self, func: &mut Function) {
        decide_branches(func);
        self.skip_empty_blocks(func);
        self.remove_unreachable(func);
        self.merge(func);
    }

    /// Takes away blocks that can't be reached. Their instructions are still in them, but in no
    /// block of the layout.
    pub fn remove_unreachable(&mut self, func: &mut Function) {
        self.order.compute(func);
        let mut layout = core::mem::take(&mut self.path);
        layout.clear();
        let reachable = |block: &&Block| self.order.is_reachable(**block);
        layout.extend(func.layout().iter().filter(reachable));
        self.path = func.replace_layout(layout);
    }

    /// Lets jumps to blocks that only jump on go where those go.
    fn skip_empty_blocks(&mut self, func: &mut Function) {
        self.through.clear();
        self.through.resize(func.num_blocks(), Through::Unknown);
        for index in 0..func.layout().len() {
            let block = func.layout()[index];
            let end = func.last_inst(block).expect("a block has a terminator");
            let targets = func.data(end).targets();
            let jump = matches!(func.data(end), InstData::Jump(_));
            // Results of a call that may throw are there from its own block on.
            let from = usize::from(func.results(end).len() > 0);
            for index in from..targets.len() {
                let first = func.targets(targets)[index].block;
                let Through::To { target, cold } = self.follow(func, first) else {
                    continue;
                };
                // Edges with arguments or of another temperature need a block of their own,
                // unless they are jumps.
                if jump && target.args.len() <= MAX_COPIED_ARGS || target.args.is_empty() && !cold {
                    let args = func.copy_list(target.args);
                    let block = target.block;
                    func.targets_mut(targets)[index] = Target { block, args };
                }
            }
            join_equal_targets(func, end);
        }
    }

    /// Where a block leads if it is empty.
    fn follow(&mut self, func: &Function, start: Block) -> Through {
        self.path.clear();
        let mut block = start;
        let mut found = loop {
            match self.through[block.index()] {
                Through::Unknown => {}
                Through::Busy | Through::No => break Through::No,
                known => break known,
            }
            let Some(target) = only_jump(func, block) else {
                self.through[block.index()] = Through::No;
                break Through::No;
            };
            self.through[block.index()] = Through::Busy;
            self.path.push(block);
            block = target.block;
        };
        while let Some(block) = self.path.pop() {
            let target = only_jump(func, block).expect("it is on the path because it is empty");
            let cold = func.is_cold(block);
            found = match found {
                // What comes after has no parameters, so that its arguments are what counts.
                Through::To { target, cold: more } => Through::To {
                    target,
                    cold: cold || more,
                },
                _ => Through::To { target, cold },
            };
            self.through[block.index()] = found;
        }
        self.through[start.index()]
    }

    /// Appends blocks to the only one that leads to them, where that is a jump.
    fn merge(&mut self, func: &mut Function) {
        self.order.compute(func);
        // Heads first: so each instruction is moved once, whatever the layout.
        for index in 0..self.order.rpo().len() {
            let head = self.order.rpo()[index];
            if self.absorber(func, head).is_some() {
                continue;
            }
            while let Some((jump, target)) = self.absorbed(func, head) {
                let params = func.take_params(target.block);
                for (index, param) in params.into_iter().enumerate() {
                    let arg = func.values(target.args)[index];
                    func.alias(param, func.resolve(arg));
                }
                if func.is_cold(target.block) {
                    func.set_cold(head);
                }
                func.remove(jump);
                func.move_insts(target.block, head);
            }
        }
        self.resolve_and_drop(func);
    }

    /// The block that can take this one in.
    fn absorber(&self, func: &Function, block: Block) -> Option<Block> {
        let [edge] = self.order.predecessors(block) else {
            return None;
        };
        let end = func.last_inst(edge.from)?;
        let jump = matches!(func.data(end), InstData::Jump(_));
        (jump && block != func.entry() && edge.from != block).then_some(edge.from)
    }

    /// The jump at the end of a block and what it can take in.
    fn absorbed(&self, func: &Function, head: Block) -> Option<(Inst, Target)> {
        let jump = func.last_inst(head)?;
        let InstData::Jump(targets) = *func.data(jump) else {
            return None;
        };
        let target = func.targets(targets)[0];
        let [_] = self.order.predecessors(target.block) else {
            return None;
        };
        (target.block != head && target.block != func.entry()).then_some((jump, target))
    }

    /// Takes blocks that were emptied out of the layout, and aliases out of operands.
    fn resolve_and_drop(&mut self, func: &mut Function) {
        let mut layout = core::mem::take(&mut self.path);
        layout.clear();
        layout.extend(
            func.layout()
                .iter()
                .filter(|block| func.first_inst(**block).is_some()),
        );
        self.path = func.replace_layout(layout);
        func.resolve_all();
    }
}

/// The target of a block without parameters that does nothing but jump.
fn only_jump(func: &Function, block: Block) -> Option<Target> {
    let first = func.first_inst(block)?;
    match *func.data(first) {
        InstData::Jump(targets) if func.params(block).is_empty() => Some(func.targets(targets)[0]),
        _ => None,
    }
}

/// Makes branches and switches on constants jumps.
fn decide_branches(func: &mut Function) {
    for index in 0..func.layout().len() {
        let block = func.layout()[index];
        let end = func.last_inst(block).expect("a block has a terminator");
        let (chosen, targets) = match *func.data(end) {
            InstData::Branch { cond, targets } => (
                func.as_const(cond).map(|bits| usize::from(bits == 0)),
                targets,
            ),
            InstData::Switch { index, targets } => {
                let last = targets.len() - 1;
                let chosen = func.as_const(index).map(|bits| last.min(bits as usize));
                (if last == 0 { Some(0) } else { chosen }, targets)
            }
            _ => continue,
        };
        if let Some(chosen) = chosen {
            make_jump(func, end, targets, chosen);
        }
    }
}

/// Makes a branch whose ways are one a jump.
fn join_equal_targets(func: &mut Function, end: Inst) {
    let InstData::Branch { targets, .. } = *func.data(end) else {
        return;
    };
    let [a, b] = [0, 1].map(|index| func.targets(targets)[index]);
    if a.block == b.block && func.values(a.args) == func.values(b.args) {
        make_jump(func, end, targets, 0);
    }
}

fn make_jump(func: &mut Function, end: Inst, targets: Targets, chosen: usize) {
    let target = func.targets(targets)[chosen];
    let targets = func.target_list(&[target]);
    func.replace(end, InstData::Jump(targets));
}
