//! Branches that are cheaper without branching.
//!
//! - A branch to a block that only traps is a conditional trap.
//! - A branch around a little computation, or between two, whose ways meet again at once, does both
//!   computations and chooses between the results.
//!
//! ```text
//! b0: branch c, b1, b2(x)          b0: y = x + 1
//! b1: y = x + 1; jump b2(y)   =>       z = select c, y, x
//! b2(z):                               jump b2(z)
//! ```
//!
//! What may be computed for nothing are [`MAX_INSTS`] instructions on integers that cost a cycle
//! each; what is chosen are [`MAX_CHOICES`] integers. A branch that is predicted well is cheaper
//! than a long dependency, so this stays small. Blocks are taken in postorder, inner branches before
//! outer ones.

use alloc::vec::Vec;
use tierra_ir::{BinaryOp, Block, Flow, Function, Inst, InstData, Target, Type, Value};

/// Instructions done for nothing at most, constants not counted.
const MAX_INSTS: usize = 2;
/// Choices at most.
const MAX_CHOICES: usize = 2;

/// Memory of the pass.
#[derive(Default)]
pub(super) struct State {
    /// By block, the edges into it.
    preds: Vec<u32>,
    args: Vec<Value>,
}

/// One of the two ways.
#[derive(Clone, Copy)]
struct Way {
    /// The block on the way, if it is more than an edge.
    arm: Option<Block>,
    to: Target,
}

impl State {
    /// Does it. Whether something has changed is the result.
    pub(super) fn run(&mut self, func: &mut Function, flow: &Flow) -> bool {
        self.preds.clear();
        self.preds.resize(func.num_blocks(), 0);
        for &block in flow.rpo() {
            self.preds[block.index()] = flow.predecessors(block).len() as u32;
        }
        let mut changed = false;
        for &block in flow.rpo().iter().rev() {
            let Some(end) = func.last_inst(block) else {
                continue;
            };
            let InstData::Branch { cond, targets } = *func.data(end) else {
                continue;
            };
            let targets = [func.targets(targets)[0], func.targets(targets)[1]];
            changed |=
                self.trap(func, end, cond, targets) || self.choose(func, flow, end, cond, targets);
        }
        changed
    }

    fn trap(&mut self, func: &mut Function, end: Inst, cond: Value, targets: [Target; 2]) -> bool {
        let only_trap = |target: Target| {
            let first = func.first_inst(target.block)?;
            match *func.data(first) {
                InstData::Trap(trap) => Some((trap, func.location(first))),
                _ => None,
            }
        };
        let (trap, location, rest) = match targets.map(only_trap) {
            [Some((trap, at)), _] => (InstData::TrapIf { cond, trap }, at, targets[1]),
            [None, Some((trap, at))] => (InstData::TrapUnless { cond, trap }, at, targets[0]),
            [None, None] => return false,
        };
        let trap = func.new_inst(trap, location);
        func.insert_before(trap, end);
        self.jump(func, end, targets, rest);
        true
    }

    /// Makes a branch a jump.
    fn jump(&mut self, func: &mut Function, end: Inst, old: [Target; 2], to: Target) {
        for target in old {
            self.preds[target.block.index()] -= 1;
        }
        self.preds[to.block.index()] += 1;
        let targets = func.target_list(&[to]);
        func.replace(end, InstData::Jump(targets));
    }

    fn choose(
        &mut self,
        func: &mut Function,
        flow: &Flow,
        end: Inst,
        cond: Value,
        targets: [Target; 2],
    ) -> bool {
        let ways = targets.map(|target| self.way(func, target));
        let Some(ways) = meet(targets, ways) else {
            return false;
        };
        let [yes, no] = ways;
        // A loop's header is where dependencies are longest.
        let cold = |way: Way| way.arm.is_some_and(|arm| func.is_cold(arm));
        if flow.is_header(yes.to.block) || cold(yes) || cold(no) {
            return false;
        }
        let pairs = func.values(yes.to.args).iter().zip(func.values(no.to.args));
        let mut choices = 0;
        for (yes, no) in pairs {
            if yes != no {
                choices += 1;
                if !matches!(func.ty(*yes), Type::I32 | Type::I64) {
                    return false;
                }
            }
        }
        if choices > MAX_CHOICES {
            return false;
        }
        for arm in [yes.arm, no.arm].into_iter().flatten() {
            while let Some(inst) = func.first_inst(arm) {
                if func.data(inst).is_terminator() {
                    break;
                }
                func.remove(inst);
                func.insert_before(inst, end);
            }
        }
        self.args.clear();
        for index in 0..yes.to.args.len() {
            let args = [yes, no].map(|way| func.values(way.to.args)[index]);
            let arg = if args[0] == args[1] {
                args[0]
            } else {
                let select = func.new_inst(InstData::Select { cond, args }, func.location(end));
                func.insert_before(select, end);
                func.result(select)
            };
            self.args.push(arg);
        }
        let args = func.list(&self.args);
        let block = yes.to.block;
        for arm in [yes.arm, no.arm].into_iter().flatten() {
            // Nothing leads to it any more, and its jump with it.
            debug_assert_eq!(self.preds[arm.index()], 1);
            self.preds[block.index()] -= 1;
        }
        self.jump(func, end, targets, Target { block, args });
        true
    }

    /// The way that a target is: a small block that jumps on, or an edge.
    fn way(&self, func: &Function, target: Target) -> Way {
        let edge = Way {
            arm: None,
            to: target,
        };
        let block = target.block;
        if self.preds[block.index()] != 1 || !func.params(block).is_empty() {
            return edge;
        }
        let mut count = 0;
        for inst in func.insts(block) {
            match *func.data(inst) {
                InstData::Jump(targets) => {
                    return Way {
                        arm: Some(block),
                        to: func.targets(targets)[0],
                    };
                }
                InstData::Const { .. } => {}
                ref data if is_cheap(data) && count < MAX_INSTS => count += 1,
                _ => return edge,
            }
        }
        edge
    }
}

/// Both ways, if they meet: each target may be where the other one leads.
fn meet(targets: [Target; 2], ways: [Way; 2]) -> Option<[Way; 2]> {
    let edge = |index: usize| Way {
        arm: None,
        to: targets[index],
    };
    let candidates = [
        ways,
        [ways[0], edge(1)],
        [edge(0), ways[1]],
        [edge(0), edge(1)],
    ];
    candidates
        .into_iter()
        .find(|[yes, no]| yes.to.block == no.to.block)
}

fn is_cheap(data: &InstData) -> bool {
    use BinaryOp::*;
    match data {
        InstData::Binary { op, .. } => {
            op.result().is_int() && !op.can_trap() && !matches!(op, I32Mul | I64Mul)
        }
        InstData::Unary { op, .. } => {
            op.result().is_int() && op.args()[0].is_int() && !op.can_trap()
        }
        InstData::Compare { op, .. } => op.args()[0].is_int(),
        _ => false,
    }
}
