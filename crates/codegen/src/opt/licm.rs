//! Loop-invariant code motion.
//!
//! What gives the same each time around a loop is moved to its preheader. There are three kinds:
//!
//! - *Pure* instructions, and loads of what the loop doesn't write from the context or from
//!   memory that is there at any time, may run even if the loop wouldn't have run them. They leave
//!   a loop if they are run often there.
//! - *Loads* that can't fault may only be so because of a check before them. They leave from the
//!   loop's *prefix*, the instructions that run each time the loop is entered, if nothing before
//!   them that is still inside may leave the function.
//! - *Traps*: loads that may fault, divisions, checks. They leave from the prefix if nothing before
//!   them that is still inside can be seen from outside. So everything happens in the old order.
//!
//! Polls are no obstacle: when they notice something is not determined.
//!
//! Blocks are taken in reverse postorder, so that operands are moved before their users, and an
//! instruction goes out of as many loops as it can at once ([`CLIMB`] at most). A loop takes in a
//! bounded number of values, as many as there are registers to keep them.

use super::effects::{self, LaneSet, Lanes, LoopWrites, SAFEPOINTS};
use super::preheader;
use super::table::Table;
use alloc::vec::Vec;
use tierra_ir::{Block, Flow, Function, Inst, InstData, Loop, Type, UnaryOp};

/// How many loops an instruction leaves at most.
const CLIMB: usize = 8;
/// How many values are moved out of a loop, of integers and of floats: cheap ones as long as there
/// are few.
const CHEAP: u32 = 8;
const DEAR: u32 = 11;

/// Memory of the pass.
#[derive(Default)]
pub(super) struct State {
    lanes: Lanes,
    writes: LoopWrites,
    loops: Vec<Around>,
    /// By block, whether it is in the prefix of the loop that it is in.
    in_prefix: Vec<bool>,
    along: Vec<Inst>,
    /// Pure instructions that were moved.
    table: Table,
    /// Whether some turned out to be equal.
    merged: bool,
}

/// What is known of a loop so far.
#[derive(Clone, Copy, Default)]
struct Around {
    /// Something in the prefix may leave the function.
    left: bool,
    /// Something in the prefix can be seen.
    seen: bool,
    /// How many values it keeps in registers already: integers, floats.
    kept: [u32; 2],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pure,
    Load,
    Trap,
}

impl State {
    /// Moves what can be moved.
    pub(super) fn run(&mut self, func: &mut Function, flow: &Flow, preheaders: &preheader::State) {
        if flow.num_loops() == 0 {
            return;
        }
        self.lanes.clear();
        self.writes.compute(func, flow, &mut self.lanes);
        self.find_prefixes(func, flow);
        self.loops.clear();
        for l in flow.loops() {
            let mut around = Around::default();
            for &param in func.params(flow.header(l)) {
                around.kept[bank(func.ty(param))] += 1;
            }
            self.loops.push(around);
        }
        self.table.clear(func.num_insts() / 4);
        self.merged = false;
        for &block in flow.rpo() {
            let Some(l) = flow.loop_of(block) else {
                continue;
            };
            let mut next = func.first_inst(block);
            while let Some(inst) = next {
                next = func.next_inst(inst);
                if self.merged {
                    func.resolve_operands(inst);
                }
                self.inst(func, flow, preheaders, inst, (block, l));
            }
        }
        if self.merged {
            func.resolve_all();
        }
    }

    /// From each header on, blocks that nothing but a jump separates.
    fn find_prefixes(&mut self, func: &Function, flow: &Flow) {
        self.in_prefix.clear();
        self.in_prefix.resize(func.num_blocks(), false);
        for l in flow.loops() {
            let mut block = flow.header(l);
            loop {
                self.in_prefix[block.index()] = true;
                match func.successors(block) {
                    [next]
                        if flow.loop_of(next.block) == Some(l)
                            && flow.predecessors(next.block).len() == 1 =>
                    {
                        block = next.block;
                    }
                    _ => break,
                }
            }
        }
    }

    fn inst(
        &mut self,
        func: &mut Function,
        flow: &Flow,
        preheaders: &preheader::State,
        inst: Inst,
        (block, l): (Block, Loop),
    ) {
        let data = *func.data(inst);
        let (mut place, mut around) = (block, Some(l));
        if let Some((kind, lanes)) = self.kind(func, inst, &data) {
            let mut target = None;
            for _ in 0..CLIMB {
                let Some(l) = around else {
                    break;
                };
                let Some(preheader) = preheaders.of(l) else {
                    break;
                };
                let frequent = flow.frequency(place) >= flow.frequency(preheader) * 0.5;
                if !frequent
                    || self.writes.of(l) & lanes != 0
                    || !self.may_leave(kind, place, l)
                    || !self.has_room(func, inst, &data, l)
                    || !is_invariant(func, flow, inst, l)
                {
                    break;
                }
                for result in func.results(inst) {
                    self.loops[l.index()].kept[bank(func.ty(result))] += 1;
                }
                target = Some(preheader);
                place = preheader;
                around = flow.loop_parent(l);
            }
            if let Some(preheader) = target {
                if self.is_there(func, flow, inst, preheader) {
                    return;
                }
                self.take_along(func, flow, inst, preheader);
                func.remove(inst);
                let end = func.last_inst(preheader).expect("it ends with a jump");
                func.insert_before(inst, end);
            }
        }
        // Wherever it is now, it is before what comes later.
        if let Some(l) = around.filter(|_| self.in_prefix[place.index()])
            && !matches!(data, InstData::Poll { .. })
        {
            let around = &mut self.loops[l.index()];
            around.left |= effects::may_leave(&data);
            around.seen |= effects::is_side_effect(&data);
        }
    }

    /// Whether an equal instruction was moved to where this one goes, or before: then this one is
    /// gone.
    fn is_there(&mut self, func: &mut Function, flow: &Flow, inst: Inst, to: Block) -> bool {
        let data = *func.data(inst);
        if !effects::is_pure(&data) {
            return false;
        }
        let dominates = |other: Inst| func.block_of(other).is_some_and(|b| flow.dominates(b, to));
        let found = self.table.find(func, &data, 0, dominates);
        let Some(equal) = found.inst else {
            self.table.enter(found, inst);
            return false;
        };
        for (result, other) in func.results(inst).zip(func.results(equal)) {
            func.alias(result, other);
        }
        func.remove(inst);
        self.merged = true;
        true
    }

    /// Moves constants that an instruction uses before it.
    fn take_along(&mut self, func: &mut Function, flow: &Flow, inst: Inst, preheader: Block) {
        self.along.clear();
        func.for_each_operand(inst, |value| {
            let here = |inst: &Inst| {
                is_free(func.data(*inst))
                    && func
                        .block_of(*inst)
                        .is_some_and(|block| !flow.dominates(block, preheader))
            };
            self.along.extend(func.def_inst(value).filter(here));
        });
        for &constant in &self.along {
            func.remove(constant);
            let end = func.last_inst(preheader).expect("it ends with a jump");
            func.insert_before(constant, end);
        }
    }

    /// How an instruction may be moved, and the lanes that it reads.
    fn kind(&mut self, func: &Function, inst: Inst, data: &InstData) -> Option<(Kind, LaneSet)> {
        match *data {
            _ if is_free(data) => None,
            // A comparison is part of the branch that it is for. A trap may leave with it.
            InstData::Compare { .. }
            | InstData::Unary {
                op: UnaryOp::I32Eqz | UnaryOp::I64Eqz,
                ..
            } if !is_for_trap(func, inst) => None,
            InstData::RefToBits(_) | InstData::BitsToRef(_) => Some((Kind::Pure, 1 << SAFEPOINTS)),
            InstData::Load { flags, address, .. } => {
                let lanes = if flags.readonly {
                    0
                } else {
                    1 << self.lanes.of(flags.class)
                };
                let context = func.context_param.is_some_and(|index| {
                    func.params(func.entry()).get(index as usize) == Some(&address)
                });
                let anytime = flags.readonly || flags.anytime || context;
                let kind = match (flags.trap, anytime) {
                    (0, true) => Kind::Pure,
                    (0, false) => Kind::Load,
                    _ => Kind::Trap,
                };
                Some((kind, lanes))
            }
            InstData::TrapIf { .. } | InstData::TrapUnless { .. } => Some((Kind::Trap, 0)),
            InstData::Unary { op, .. } if op.can_trap() => Some((Kind::Trap, 0)),
            InstData::Binary { op, .. } if op.can_trap() => Some((Kind::Trap, 0)),
            _ if effects::is_pure(data) => Some((Kind::Pure, 0)),
            _ => None,
        }
    }

    /// Whether the order of what can be seen allows it.
    fn may_leave(&self, kind: Kind, place: Block, l: Loop) -> bool {
        let around = self.loops[l.index()];
        match kind {
            Kind::Pure => true,
            Kind::Load => self.in_prefix[place.index()] && !around.left,
            Kind::Trap => self.in_prefix[place.index()] && !around.left && !around.seen,
        }
    }

    /// Whether there are registers left for the results.
    fn has_room(&self, func: &Function, inst: Inst, data: &InstData, l: Loop) -> bool {
        let limit = match data {
            InstData::Binary { op, .. } if op.result().is_int() && !is_dear(*op) => CHEAP,
            InstData::Unary { op, .. } if op.result().is_int() => CHEAP,
            InstData::Compare { .. } | InstData::Select { .. } => CHEAP,
            _ => DEAR,
        };
        let kept = self.loops[l.index()].kept;
        func.results(inst)
            .all(|result| kept[bank(func.ty(result))] < limit)
    }
}

/// Whether an instruction has no operands and costs nothing where it is.
fn is_free(data: &InstData) -> bool {
    matches!(
        data,
        InstData::Const { .. }
            | InstData::V128Const(_)
            | InstData::SlotAddress(_)
            | InstData::SymbolAddress(_)
    )
}

/// Whether the next instruction is a trap on the result of this one.
fn is_for_trap(func: &Function, inst: Inst) -> bool {
    match func.next_inst(inst).map(|next| func.data(next)) {
        Some(InstData::TrapIf { cond, .. } | InstData::TrapUnless { cond, .. }) => {
            *cond == func.result(inst)
        }
        _ => false,
    }
}

fn is_dear(op: tierra_ir::BinaryOp) -> bool {
    use tierra_ir::BinaryOp::*;
    op.can_trap() || matches!(op, I32Mul | I64Mul)
}

fn bank(ty: Type) -> usize {
    usize::from(!ty.is_int())
}

/// Whether all operands come from outside of a loop.
fn is_invariant(func: &Function, flow: &Flow, inst: Inst, l: Loop) -> bool {
    let mut invariant = true;
    func.for_each_operand(inst, |value| {
        let block = match func.def(value) {
            tierra_ir::ValueDef::Result(inst, _) => func.block_of(inst),
            tierra_ir::ValueDef::Param(block, _) => Some(block),
            tierra_ir::ValueDef::Alias(_) => None,
        };
        // A constant goes along.
        let free = func
            .def_inst(value)
            .is_some_and(|inst| is_free(func.data(inst)));
        invariant &= free || block.is_some_and(|block| !flow.in_loop(block, l));
    });
    invariant
}
