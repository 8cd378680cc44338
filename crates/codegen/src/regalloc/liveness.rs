//! One walk backward over the function: what is live, where it is used next, where it wants to be.
//!
//! Live sets hold only values that are used outside of the block of their definition. They are
//! found in two steps: first as if there were no jumps backward; then whatever is live into a
//! header of a loop is live everywhere in the loop (Boissinot and others, for reducible graphs).
//!
//! The next use of every value is kept by a stack: the walk backward pushes the one that it
//! replaces, and the walk forward, which meets the same uses the other way round, pops it. The
//! same is done with the instructions that ask for a certain register.

use super::interface::{BlockIx, Constraint, Function, InstIx, Operand, PReg, PRegSet, VReg};
use super::order::{NONE, Order};
use super::sets::{Set, Sets};
use super::value::{Barrier, KINDS, NO_REG, Value, class_of_kind, flag, kind};
use alloc::vec::Vec;

/// The registers, as masks by class.
#[derive(Default)]
pub(super) struct Registers {
    pub(super) masks: [u64; 2],
    pub(super) preferred: [Vec<u8>; 2],
    pub(super) scratch: [u8; 2],
}

impl Registers {
    pub(super) fn is_allocatable(&self, reg: u8) -> bool {
        (self.masks[0] | self.masks[1]) >> reg & 1 != 0
    }

    /// The kinds of which nothing survives an instruction in a register.
    #[inline]
    pub(super) fn kinds_lost(&self, clobbers: PRegSet, is_safepoint: bool) -> u8 {
        let mut lost = 0;
        if self.masks[0] & !clobbers.0 == 0 {
            lost |= 1 << kind::INT | 1 << kind::REF;
        }
        if self.masks[1] & !clobbers.0 == 0 {
            lost |= 1 << kind::VEC;
        }
        if is_safepoint {
            lost |= 1 << kind::REF;
        }
        lost
    }

    /// The registers that values had better not be in before an instruction.
    pub(super) fn disturbed(&self, operands: &[Operand], clobbers: PRegSet) -> u64 {
        let lost = self.kinds_lost(clobbers, false);
        let is_lost = |reg: PReg| lost >> (reg.class() as u8) & 1 != 0;
        let mut mask = clobbers.0;
        for (class, all) in self.masks.iter().enumerate() {
            if lost >> class & 1 != 0 {
                mask &= !all;
            }
        }
        for operand in operands {
            match operand.constraint {
                Constraint::UseFixed(reg) => mask |= 1 << reg.index(),
                Constraint::DefFixed(reg) if !is_lost(reg) => mask |= 1 << reg.index(),
                _ => {}
            }
        }
        mask & (self.masks[0] | self.masks[1])
    }
}

/// Whether an instruction is more than uses and definitions in any registers.
#[inline]
pub(super) fn is_constrained(operands: &[Operand], clobbers: PRegSet, is_safepoint: bool) -> bool {
    use Constraint::{Def, DefTied, Use, UseAny};
    let is_plain =
        |operand: &Operand| matches!(operand.constraint, Use | UseAny | Def | DefTied(_));
    clobbers != PRegSet::EMPTY || is_safepoint || !operands.iter().all(is_plain)
}

/// What the walk finds.
#[derive(Default)]
pub(super) struct Liveness {
    pub(super) values: Vec<Value>,
    /// The next uses, to be popped.
    pub(super) next_uses: Vec<u32>,
    /// The next disturbances of each register, and those after them, to be popped.
    pub(super) disturbance: Vec<u32>,
    pub(super) disturbances: Vec<u32>,
    pub(super) barriers: Vec<Barrier>,
    pub(super) sets: Sets,
    pub(super) live_in: Vec<[Set; KINDS]>,
    pub(super) live_out: Vec<[Set; KINDS]>,
    /// The values by kind and number.
    pub(super) members: [Vec<u32>; KINDS],
    /// How many values are live at once, at most, by loop and class.
    pub(super) loop_pressure: Vec<[u32; 2]>,
    block_pressure: Vec<[u32; 2]>,
    exposed: Vec<u32>,
}

impl Liveness {
    pub(super) fn compute<F: Function>(&mut self, f: &F, order: &Order, registers: &Registers) {
        self.reset(f.num_vregs() as usize, f.num_blocks() as usize);
        for &block in order.blocks.iter().rev() {
            self.block(f, order, registers, block);
        }
        self.barriers.reverse();
        self.extend_over_loops(order);
    }

    fn reset(&mut self, vregs: usize, blocks: usize) {
        self.values.clear();
        self.values.resize(vregs, Value::UNKNOWN);
        self.next_uses.clear();
        self.disturbances.clear();
        self.disturbance.clear();
        self.disturbance.resize(64, NONE);
        self.barriers.clear();
        self.sets.clear();
        for sets in [&mut self.live_in, &mut self.live_out] {
            sets.clear();
            sets.resize(blocks, [Set::default(); KINDS]);
        }
        self.members.iter_mut().for_each(Vec::clear);
        self.block_pressure.clear();
        self.block_pressure.resize(blocks, [0; 2]);
    }

    fn class_counts(&self, sets: &[Set; KINDS]) -> [u32; 2] {
        let mut counts = [0; 2];
        for kind in 0..KINDS {
            counts[class_of_kind(kind as u8)] += self.sets.len(sets[kind]);
        }
        counts
    }

    #[inline]
    pub(super) fn is_in(&self, sets: &[Set; KINDS], value: &Value) -> bool {
        value.member != NONE && self.sets.contains(sets[value.kind as usize], value.member)
    }

    fn block<F: Function>(&mut self, f: &F, order: &Order, registers: &Registers, block: BlockIx) {
        self.sets.freeze();
        let mut live = [Set::default(); KINDS];
        for &succ in f.successors(block) {
            let succ = self.live_in[succ as usize];
            for (all, one) in live.iter_mut().zip(succ) {
                *all = self.sets.union(*all, one);
            }
        }
        self.live_out[block as usize] = live;
        self.sets.freeze();

        let mut walk = Walk {
            live,
            position: order.end(f, block),
            end: order.end(f, block),
            pressure: self.class_counts(&live),
            most: [0; 2],
        };
        walk.most = walk.pressure;
        self.exposed.clear();
        if let &[succ] = f.successors(block) {
            let params = f.block_params(succ).iter();
            for (&arg, param) in f.branch_args(block).iter().zip(params).rev() {
                self.use_(f, &mut walk, arg);
                self.values[arg.0 as usize].param = param.0;
            }
        }
        let insts = f.block_insts(block);
        let start = order.start[block as usize];
        for inst in insts.clone().rev() {
            walk.position = start + (inst - insts.start);
            self.inst(f, registers, &mut walk, inst);
        }
        walk.position = start;
        for &param in f.block_params(block) {
            self.def(f, &mut walk, param);
            self.values[param.0 as usize].flags |= flag::PARAM;
        }

        for i in 0..self.exposed.len() {
            let vreg = self.exposed[i];
            let value = &mut self.values[vreg as usize];
            if value.def != NONE {
                continue;
            }
            let kind = value.kind as usize;
            if value.member == NONE {
                value.member = self.members[kind].len() as u32;
                self.members[kind].push(vreg);
            }
            self.sets.insert(&mut walk.live[kind], value.member);
        }
        self.live_in[block as usize] = walk.live;
        self.block_pressure[block as usize] = walk.most;
    }

    fn inst<F: Function>(&mut self, f: &F, registers: &Registers, walk: &mut Walk, inst: InstIx) {
        let operands = f.operands(inst);
        let (clobbers, is_safepoint) = (f.clobbers(inst), f.is_safepoint(inst));
        let is_constrained = is_constrained(operands, clobbers, is_safepoint);
        if is_constrained {
            let kinds = registers.kinds_lost(clobbers, is_safepoint);
            if kinds != 0 {
                let position = walk.position;
                self.barriers.push(Barrier { position, kinds });
            }
            let mut mask = registers.disturbed(operands, clobbers);
            while mask != 0 {
                let next = &mut self.disturbance[mask.trailing_zeros() as usize];
                self.disturbances.push(*next);
                *next = walk.position;
                mask &= mask - 1;
            }
        }
        for operand in operands {
            if operand.constraint.is_def() {
                self.def(f, walk, operand.vreg);
            }
        }
        for operand in operands.iter().rev() {
            if !operand.constraint.is_def() {
                self.use_(f, walk, operand.vreg);
            }
        }
        for operand in operands {
            match operand.constraint {
                Constraint::UseFixed(reg) => {
                    let value = &mut self.values[operand.vreg.0 as usize];
                    value.wanted = reg.index() as u8;
                    value.wanted_at = walk.position;
                }
                Constraint::DefTied(index) => {
                    let result = self.values[operand.vreg.0 as usize];
                    let source = &mut self.values[operands[index as usize].vreg.0 as usize];
                    if source.wanted == NO_REG && source.last == walk.position {
                        source.wanted = result.wanted;
                        source.wanted_at = result.wanted_at;
                        source.param = result.param;
                    }
                }
                _ => {}
            }
        }
    }

    #[inline]
    fn use_<F: Function>(&mut self, f: &F, walk: &mut Walk, vreg: VReg) {
        let value = &mut self.values[vreg.0 as usize];
        value.learn(f, vreg);
        self.next_uses.push(value.next);
        if value.next > walk.end {
            self.exposed.push(vreg.0);
            if value.last == NONE {
                value.last = walk.position;
            }
            let value = &self.values[vreg.0 as usize];
            if !self.is_in(&walk.live, value) {
                walk.grow(value.class());
            }
        }
        self.values[vreg.0 as usize].next = walk.position;
    }

    #[inline]
    fn def<F: Function>(&mut self, f: &F, walk: &mut Walk, vreg: VReg) {
        let value = &mut self.values[vreg.0 as usize];
        value.learn(f, vreg);
        value.def = walk.position;
        let (class, kind) = (value.class(), value.kind as usize);
        if value.next > walk.end
            && !{
                let value = &self.values[vreg.0 as usize];
                self.is_in(&walk.live, value)
            }
        {
            walk.grow(class);
        }
        walk.pressure[class] -= 1;
        let member = self.values[vreg.0 as usize].member;
        if member != NONE {
            self.sets.remove(&mut walk.live[kind], member);
        }
    }

    fn extend_over_loops(&mut self, order: &Order) {
        self.loop_pressure.clear();
        self.loop_pressure.resize(order.loops.len(), [0; 2]);
        self.sets.freeze();
        for &block in &order.blocks {
            let inner = order.loop_of[block as usize];
            if inner == NONE {
                continue;
            }
            let this = &order.loops[inner as usize];
            let around = if this.header == block {
                this.parent
            } else {
                inner
            };
            if around != NONE {
                let through = self.live_in[order.loops[around as usize].header as usize];
                let mut live = self.live_in[block as usize];
                for (all, one) in live.iter_mut().zip(through) {
                    *all = self.sets.union(*all, one);
                }
                self.live_in[block as usize] = live;
            }
            let through = self.live_in[this.header as usize];
            let before = self.live_out[block as usize];
            let mut live = before;
            for (all, one) in live.iter_mut().zip(through) {
                *all = self.sets.union(*all, one);
            }
            self.live_out[block as usize] = live;
            let (old, new) = (self.class_counts(&before), self.class_counts(&live));
            for class in 0..2 {
                let most = self.block_pressure[block as usize][class] + new[class] - old[class];
                let all = &mut self.loop_pressure[inner as usize][class];
                *all = (*all).max(most);
            }
        }
        for (i, this) in order.loops.iter().enumerate() {
            if this.parent != NONE {
                for class in 0..2 {
                    let inner = self.loop_pressure[i][class];
                    let outer = &mut self.loop_pressure[this.parent as usize][class];
                    *outer = (*outer).max(inner);
                }
            }
        }
    }
}

/// The state of the walk through one block.
struct Walk {
    /// What is live behind the block, less what is defined in the part walked through.
    live: [Set; KINDS],
    position: u32,
    end: u32,
    /// How many values are live here, by class.
    pressure: [u32; 2],
    /// The most so far.
    most: [u32; 2],
}

impl Walk {
    #[inline]
    fn grow(&mut self, class: usize) {
        self.pressure[class] += 1;
        self.most[class] = self.most[class].max(self.pressure[class]);
    }
}
