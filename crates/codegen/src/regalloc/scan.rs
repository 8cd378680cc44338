//! The walk forward: which values are in which registers, and what leaves when there are too few.
//!
//! At each point the state is the set of occupied registers. A value that is live and in no
//! register is in its slot, or can be made anew. A use loads what is missing; when no register is
//! free, the value whose next use is farthest leaves (Belady), where farther means: in a colder
//! block, or only after the loop.
//!
//! A value that leaves must be in its slot. It is stored right after its definition, once and for
//! all ([`flag::STORED`]), unless it leaves where less is executed, as on a slow path: then it is
//! stored there, and where paths meet its slot is valid if it is on all of them
//! ([`flag::CLEAN`]). When such stores cost as much as the one after the definition, that is
//! made instead.

use super::interface::{BlockIx, Constraint, Function, InstIx, Location, Operand, Output};
use super::liveness::is_constrained;
use super::order::NONE;
use super::value::{KINDS, NO_REG, Value, flag, preg};
use super::{Act, Action, Allocator, Held};

/// How much rarer a block must be for its uses to count as far away.
const COLD: f32 = 1.0 / 8.0;
/// Distances of uses in cold blocks begin here, those of uses behind the loop at twice as much.
pub(super) const FAR: u32 = 1 << 30;

impl Allocator {
    pub(super) fn scan<F: Function>(&mut self, f: &F, out: &mut Output) {
        for i in 0..self.order.blocks.len() {
            let block = self.order.blocks[i];
            self.begin_block(f, block);
            let first_act = self.acts.len() as u32;
            let insts = f.block_insts(block);
            for inst in insts.clone() {
                self.inst = inst;
                self.position = self.order.start[block as usize] + (inst - insts.start);
                self.one(f, out, inst, inst + 1 == insts.end);
            }
            self.act_ranges[block as usize] = (first_act, self.acts.len() as u32);
            self.end_block(f, block);
        }
        self.clear_registers();
    }

    fn one<F: Function>(&mut self, f: &F, out: &mut Output, inst: InstIx, is_last: bool) {
        let operands = f.operands(inst);
        let (clobbers, is_safepoint) = (f.clobbers(inst), f.is_safepoint(inst));
        let at = out.starts[inst as usize] as usize;
        let throws = is_last && f.successors(self.block).iter().any(|&to| f.is_handler(to));
        if throws || is_constrained(operands, clobbers, is_safepoint) {
            self.pass_disturbances(operands, clobbers);
            self.constrained(f, out, operands, at, clobbers.0, is_safepoint, throws);
        } else {
            let is_move = operands.len() == 2 && f.is_move(inst);
            self.simple(out, operands, at, is_move);
        }
    }

    fn begin_block<F: Function>(&mut self, f: &F, block: BlockIx) {
        let before = self.block;
        self.block = block;
        self.position = self.order.start[block as usize];
        self.block_end = self.order.end(f, block);
        self.inst = f.block_insts(block).start;
        let inner = self.order.loop_of[block as usize];
        self.loop_range = match self.order.loops.get(inner as usize) {
            Some(this) => (this.start, this.end),
            None => (0, NONE - 1),
        };
        self.enter(f, block, before);
        self.loop_homes = match self.order.loops.get(inner as usize) {
            Some(this) if this.header == block => {
                self.homes_by_loop[inner as usize] = self.occupied;
                self.occupied
            }
            Some(_) => self.homes_by_loop[inner as usize],
            None => 0,
        };
    }

    fn end_block<F: Function>(&mut self, f: &F, block: BlockIx) {
        if let &[_] = f.successors(block) {
            for &arg in f.branch_args(block) {
                self.pass_use(arg.0);
            }
        }
        let first = self.exits.len() as u32;
        let mut mask = self.occupied;
        while mask != 0 {
            let reg = mask.trailing_zeros() as u8;
            mask &= mask - 1;
            let vreg = self.occupants[reg as usize];
            let is_clean = self.value(vreg).is_safe();
            self.exits.push(Held {
                vreg,
                reg,
                is_clean,
            });
        }
        self.exit_ranges[block as usize] = (first, self.exits.len() as u32);
    }

    /// Empties the registers.
    pub(super) fn clear_registers(&mut self) {
        while self.occupied != 0 {
            let reg = self.occupied.trailing_zeros();
            self.release(self.occupants[reg as usize]);
        }
    }

    /// Keeps of the block before what is live here.
    pub(super) fn filter_registers(&mut self, block: BlockIx) {
        let mut mask = self.occupied;
        while mask != 0 {
            let vreg = self.occupants[mask.trailing_zeros() as usize];
            mask &= mask - 1;
            let live_in = &self.live.live_in[block as usize];
            if !self.live.is_in(live_in, self.value(vreg)) {
                self.release(vreg);
            }
        }
    }

    #[inline]
    pub(super) fn value(&self, vreg: u32) -> &Value {
        &self.live.values[vreg as usize]
    }

    #[inline]
    pub(super) fn value_mut(&mut self, vreg: u32) -> &mut Value {
        &mut self.live.values[vreg as usize]
    }

    /// Counts a use as passed.
    #[inline]
    pub(super) fn pass_use(&mut self, vreg: u32) {
        let next = self
            .live
            .next_uses
            .pop()
            .expect("both walks meet the same uses");
        let position = self.position;
        let value = self.value_mut(vreg);
        value.next = next;
        value.recent = position;
    }

    fn pass_disturbances(&mut self, operands: &[Operand], clobbers: super::interface::PRegSet) {
        let mut mask = self.registers.disturbed(operands, clobbers);
        while mask != 0 {
            let reg = 63 - mask.leading_zeros();
            mask &= !(1 << reg);
            let next = self.live.disturbances.pop();
            self.live.disturbance[reg as usize] = next.expect("both walks meet the same registers");
        }
    }

    /// Whether the value is needed after the current instruction.
    #[inline]
    pub(super) fn lives_on(&self, value: &Value) -> bool {
        value.next <= self.block_end
            || self
                .live
                .is_in(&self.live.live_out[self.block as usize], value)
    }

    #[inline]
    pub(super) fn act(&mut self, action: Action, vreg: u32, from: u8, to: u8) {
        self.acts.push(Act {
            inst: self.inst,
            vreg,
            action,
            from,
            to,
        });
    }

    /// Puts a value into a free register.
    #[inline]
    pub(super) fn assign(&mut self, vreg: u32, reg: u8) {
        self.occupants[reg as usize] = vreg;
        self.occupied |= 1 << reg;
        let value = self.value_mut(vreg);
        value.reg = reg;
        value.home = reg;
        let param = value.param;
        if param != NONE && self.value(param).home == NO_REG {
            self.value_mut(param).home = reg;
        }
    }

    /// Puts a new value into a free register.
    #[inline]
    pub(super) fn define(&mut self, vreg: u32, reg: u8) {
        self.assign(vreg, reg);
        self.value_mut(vreg).def_reg = reg;
    }

    /// Takes a value out of its register.
    #[inline]
    pub(super) fn release(&mut self, vreg: u32) {
        let value = self.value_mut(vreg);
        let reg = value.reg;
        value.reg = NO_REG;
        value.flags &= !flag::CLEAN;
        self.occupied &= !(1 << reg);
    }

    /// Decides where to store a value that is needed in its slot in a block: whether there, or
    /// else after its definition.
    pub(super) fn stores_here(&mut self, vreg: u32, block: BlockIx) -> bool {
        let here = self.frequency[block as usize];
        let def = self.value(vreg).def;
        let at_def = self.frequency[self.order.block_of[def as usize] as usize];
        let value = self.value_mut(vreg);
        value.stores += here;
        let is_cheaper = value.stores < at_def;
        if !is_cheaper {
            value.flags |= flag::STORED;
        }
        self.want_slot(vreg);
        is_cheaper
    }

    pub(super) fn want_slot(&mut self, vreg: u32) {
        let value = self.value_mut(vreg);
        if !value.has(flag::SLOT) {
            value.flags |= flag::SLOT;
            self.spilled.push(vreg);
        }
    }

    /// Sees to it that a value, which is in a register before the current instruction, is in its
    /// slot as well.
    pub(super) fn make_safe(&mut self, vreg: u32) {
        let value = self.value(vreg);
        if value.is_safe() {
            return;
        }
        let reg = value.reg;
        if self.stores_here(vreg, self.block) {
            self.act(Action::Store, vreg, reg, 0);
            self.value_mut(vreg).flags |= flag::CLEAN;
        }
    }

    /// How far away the next use is.
    pub(super) fn distance(&self, vreg: u32) -> u32 {
        let value = self.value(vreg);
        let (start, end) = self.loop_range;
        if value.next <= end {
            let near = value.next - self.position;
            if value.next <= self.block_end {
                return near;
            }
            let user = self.order.block_of[value.next as usize];
            if self.frequency[user as usize] < COLD * self.frequency[self.block as usize] {
                return FAR + near;
            }
            return near;
        }
        if value.def < start && value.recent >= start {
            // It is used again in the next round.
            return end - self.position + 1;
        }
        2 * FAR + value.next.min(FAR - 1)
    }

    /// The register, of some that are occupied, whose value is needed last.
    pub(super) fn farthest(&self, mut mask: u64, occupants: &[u32; 64]) -> Option<u8> {
        let mut best = None;
        let mut most = 0;
        while mask != 0 {
            let reg = mask.trailing_zeros() as u8;
            mask &= mask - 1;
            let vreg = occupants[reg as usize];
            // What is in its slot already leaves more cheaply.
            let distance =
                2 * u64::from(self.distance(vreg)) + u64::from(self.value(vreg).is_safe());
            if best.is_none() || distance > most {
                (best, most) = (Some(reg), distance);
            }
        }
        best
    }

    /// The best one of some free registers for a value.
    #[inline]
    pub(super) fn choose(&self, class: usize, free: u64, vreg: u32) -> u8 {
        let value = self.value(vreg);
        let is_free = |reg: u8| reg != NO_REG && free >> reg & 1 != 0;
        let disturbance = &self.live.disturbance;
        if is_free(value.wanted) && disturbance[value.wanted as usize] >= value.wanted_at {
            // A wish for behind the loop does not take what comes back to the loop's header.
            let is_inside = value.wanted_at <= self.loop_range.1;
            if is_inside || self.loop_homes >> value.wanted & 1 == 0 {
                return value.wanted;
            }
        }
        if value.param != NONE {
            let home = self.value(value.param).home;
            if is_free(home) {
                return home;
            }
        }
        if is_free(value.home) {
            return value.home;
        }
        // What is in a register at the header of the loop comes back to it.
        let free = match free & !self.loop_homes {
            0 => free,
            others => others,
        };
        let is_free = |reg: u8| free >> reg & 1 != 0;
        let mut best = NO_REG;
        let mut latest = 0;
        for &reg in &self.registers.preferred[class] {
            if !is_free(reg) {
                continue;
            }
            let until = disturbance[reg as usize];
            if until > value.last || until == NONE {
                return reg;
            }
            if best == NO_REG || until > latest {
                (best, latest) = (reg, until);
            }
        }
        best
    }

    /// A register that is free, or becomes so because what is in it leaves.
    #[inline]
    pub(super) fn obtain(&mut self, class: usize, avoid: u64, vreg: u32) -> u8 {
        let usable = self.registers.masks[class] & !avoid;
        let free = usable & !self.occupied;
        if free != 0 {
            return self.choose(class, free, vreg);
        }
        let reg = self
            .farthest(usable, &self.occupants)
            .expect("there are enough registers for any one instruction");
        let leaving = self.occupants[reg as usize];
        self.make_safe(leaving);
        self.release(leaving);
        reg
    }

    /// Brings a value into a register before the current instruction.
    pub(super) fn fetch(&mut self, vreg: u32, reg: u8) {
        self.assign(vreg, reg);
        let value = self.value_mut(vreg);
        value.flags |= flag::CLEAN;
        let action = if value.has(flag::REMAT) {
            Action::Remat
        } else {
            Action::Load
        };
        self.act(action, vreg, 0, reg);
    }

    /// Leaves a value in its slot for a use; one that is not stored is made there.
    pub(super) fn use_slot(&mut self, at: usize, vreg: u32) {
        self.want_slot(vreg);
        if self.value(vreg).has(flag::REMAT) {
            let scratch = self.registers.scratch[self.value(vreg).class()];
            self.act(Action::Remat, vreg, 0, scratch);
            self.act(Action::Store, vreg, scratch, 0);
        }
        self.slot_uses.push((at as u32, vreg));
    }

    /// An instruction that asks for registers, but not for certain ones.
    fn simple(&mut self, out: &mut Output, operands: &[Operand], at: usize, is_move: bool) {
        let mut pinned = 0u64;
        let mut is_missing = false;
        for (i, operand) in operands.iter().enumerate() {
            if operand.constraint.is_def() {
                continue;
            }
            self.pass_use(operand.vreg.0);
            let reg = self.value(operand.vreg.0).reg;
            if reg == NO_REG {
                is_missing = true;
            } else {
                pinned |= 1 << reg;
                out.locations[at + i] = Location::Reg(preg(reg));
            }
        }
        if is_missing {
            self.fetch_missing(out, operands, at, &mut pinned);
        }
        for operand in operands {
            if operand.constraint.is_def() {
                continue;
            }
            let value = self.value(operand.vreg.0);
            if value.reg != NO_REG && !self.lives_on(value) {
                self.release(operand.vreg.0);
            }
        }
        let mut results = 0u64;
        for (i, operand) in operands.iter().enumerate() {
            let Constraint::DefTied(index) = operand.constraint else {
                continue;
            };
            let source = operands[index as usize].vreg.0;
            let Location::Reg(reg) = out.locations[at + index as usize] else {
                unreachable!("a tied use is in a register")
            };
            let mut reg = reg.index() as u8;
            if !self.is_free(reg) {
                let class = self.value(source).class();
                let copy = self.obtain(class, pinned | results, operand.vreg.0);
                self.act(Action::Move, source, reg, copy);
                out.locations[at + index as usize] = Location::Reg(preg(copy));
                pinned |= 1 << copy;
                reg = copy;
            }
            results |= 1 << reg;
            self.define(operand.vreg.0, reg);
            out.locations[at + i] = Location::Reg(preg(reg));
        }
        for (i, operand) in operands.iter().enumerate() {
            if operand.constraint != Constraint::Def {
                continue;
            }
            let reg = match out.locations[at] {
                Location::Reg(from) if is_move && self.is_free(from.index() as u8) => {
                    from.index() as u8
                }
                _ => {
                    let class = self.value(operand.vreg.0).class();
                    self.obtain(class, results, operand.vreg.0)
                }
            };
            results |= 1 << reg;
            self.define(operand.vreg.0, reg);
            out.locations[at + i] = Location::Reg(preg(reg));
        }
        self.drop_dead_results(operands);
    }

    fn is_free(&self, reg: u8) -> bool {
        self.registers.is_allocatable(reg) && self.occupied >> reg & 1 == 0
    }

    pub(super) fn drop_dead_results(&mut self, operands: &[Operand]) {
        for operand in operands {
            if operand.constraint.is_def() {
                let value = self.value(operand.vreg.0);
                if !self.lives_on(value) {
                    self.release(operand.vreg.0);
                }
            }
        }
    }

    #[cold]
    fn fetch_missing(
        &mut self,
        out: &mut Output,
        operands: &[Operand],
        at: usize,
        pinned: &mut u64,
    ) {
        // Those that need a register come first.
        for wants_register in [true, false] {
            for (i, operand) in operands.iter().enumerate() {
                let is_any = operand.constraint == Constraint::UseAny;
                if operand.constraint.is_def() || is_any == wants_register {
                    continue;
                }
                let vreg = operand.vreg.0;
                let mut reg = self.value(vreg).reg;
                if reg == NO_REG {
                    let class = self.value(vreg).class();
                    let free = self.registers.masks[class] & !*pinned & !self.occupied;
                    if is_any && (free == 0 || !self.is_wanted_soon(vreg)) {
                        self.use_slot(at + i, vreg);
                        continue;
                    }
                    reg = self.obtain(class, *pinned, vreg);
                    self.fetch(vreg, reg);
                }
                *pinned |= 1 << reg;
                out.locations[at + i] = Location::Reg(preg(reg));
            }
        }
    }

    /// Whether it pays to load a value, though the slot would do for the current use.
    fn is_wanted_soon(&self, vreg: u32) -> bool {
        let value = self.value(vreg);
        if value.has(flag::REMAT) {
            return true;
        }
        let next = value.next;
        self.lives_on(value)
            && next <= self.loop_range.1
            && next > self.position
            && self.barriers_after(self.position, next - 1, 0.0)[value.kind as usize] == NONE
    }

    /// The next instruction behind a position and up to another one that no value of each kind
    /// survives in a register, among those in blocks that run at least so often.
    pub(super) fn barriers_after(&self, after: u32, until: u32, frequency: f32) -> [u32; KINDS] {
        /// Further barriers are not looked at.
        const MOST: usize = 32;
        let barriers = &self.live.barriers;
        let first = barriers.partition_point(|barrier| barrier.position <= after);
        let mut found = [NONE; KINDS];
        for barrier in barriers[first..].iter().take(MOST) {
            if barrier.position > until || found.iter().all(|&at| at != NONE) {
                break;
            }
            let block = self.order.block_of[barrier.position as usize];
            if self.frequency[block as usize] < frequency {
                continue;
            }
            for (kind, at) in found.iter_mut().enumerate() {
                if barrier.kinds >> kind & 1 != 0 && *at == NONE {
                    *at = barrier.position;
                }
            }
        }
        found
    }
}
