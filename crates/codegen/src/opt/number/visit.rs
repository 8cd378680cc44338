//! One step of the walk: an instruction.

use super::{NONE, Walk, bits, memory};
use crate::opt::effects::{self, SAFEPOINTS};
use crate::opt::rewrite::{Graph, Outcome};
use tierra_ir::{Inst, InstData, Type, Value};

impl Walk<'_> {
    /// Visits an instruction; the result is the next one to visit, which may be the same again.
    pub(super) fn visit(&mut self, inst: Inst) -> Option<Inst> {
        self.func.resolve_operands(inst);
        self.use_facts(inst);
        let data = *self.func.data(inst);
        match data {
            InstData::Unary { .. }
            | InstData::Binary { .. }
            | InstData::Compare { .. }
            | InstData::Select { .. } => {
                if let Some(outcome) = self.simplify(&data) {
                    return self.replace(inst, outcome);
                }
            }
            InstData::Vector { .. } => {
                if let Some(data) = self.fold_vector(&data) {
                    return self.replace(inst, Outcome::Data(data));
                }
            }
            InstData::Load { .. } | InstData::Store { .. } | InstData::Poll { .. } => {
                self.fold_address(inst);
                return self.access(inst);
            }
            InstData::TrapIf { cond, trap } => return self.trap(inst, cond, trap, true),
            InstData::TrapUnless { cond, trap } => return self.trap(inst, cond, trap, false),
            InstData::Branch { cond, .. } => self.branch(inst, cond),
            InstData::Switch { index, targets } => {
                if let Some(bits) = self.func.as_const(index) {
                    let last = targets.len() as u64 - 1;
                    self.state.taken[self.block.index()] = bits.min(last) as u32;
                }
            }
            _ => {}
        }
        if let Some(version) = self.version(&data) {
            return self.number(inst, version);
        }
        self.effects(&data);
        self.note_bits(inst);
        if data.is_terminator() {
            self.reach(&data);
        }
        self.func.next_inst(inst)
    }

    /// Operands that are known to have one value here are that.
    fn use_facts(&mut self, inst: Inst) {
        loop {
            let mut known = None;
            self.func.for_each_operand(inst, |value| {
                if known.is_none() {
                    known = self.single(value).map(|bits| (value, bits));
                }
            });
            let Some((value, bits)) = known else {
                return;
            };
            let ty = self.func.ty(value);
            let constant = self.emit(InstData::Const { ty, bits });
            let replace = |operand| if operand == value { constant } else { operand };
            self.func.map_operands(inst, replace);
        }
    }

    /// Does what simplification found.
    pub(super) fn replace(&mut self, inst: Inst, outcome: Outcome) -> Option<Inst> {
        let value = match outcome {
            Outcome::Data(data) => {
                self.func.replace(inst, data);
                return Some(self.front.unwrap_or(inst));
            }
            Outcome::Value(value) => value,
            Outcome::Bits(bits) => {
                let ty = self.func.ty(self.func.result(inst));
                self.emit(InstData::Const { ty, bits })
            }
        };
        let next = self.front.or_else(|| self.func.next_inst(inst));
        let result = self.func.result(inst);
        self.func.alias(result, value);
        self.func.remove(inst);
        next
    }

    /// The version of memory of which the results of an instruction depend, if they depend on
    /// that and the operands only and an equal instruction before it makes it needless.
    fn version(&mut self, data: &InstData) -> Option<u32> {
        match data {
            InstData::RefToBits(_) | InstData::BitsToRef(_) => {
                Some(self.state.memory.current(SAFEPOINTS))
            }
            // An equal one that dominates has not trapped.
            InstData::Unary { .. } | InstData::Binary { .. } => Some(memory::READONLY),
            data if effects::is_pure(data) => Some(memory::READONLY),
            _ => None,
        }
    }

    /// Finds an equal instruction, or makes this one known.
    pub(super) fn number(&mut self, inst: Inst, version: u32) -> Option<Inst> {
        let next = self.func.next_inst(inst);
        let data = *self.func.data(inst);
        let table = &self.state.table;
        let found = table.find(self.func, &data, version, self.dominates_here());
        if let Some(equal) = found.inst {
            for (result, other) in self.func.results(inst).zip(self.func.results(equal)) {
                self.func.alias(result, other);
            }
            self.func.remove(inst);
            return next;
        }
        self.state.table.enter(found, inst);
        self.effects(&data);
        self.note_bits(inst);
        next
    }

    /// What the instruction does to memory, and whether it lets others look at it.
    pub(super) fn effects(&mut self, data: &InstData) {
        let memory = &mut self.state.memory;
        if effects::observes(data) {
            memory.observe(None);
        }
        if let InstData::Load { flags, .. } = data {
            let lane = memory.lanes.of(flags.class);
            memory.observe(Some(lane));
        }
        debug_assert!(
            !matches!(data, InstData::Store { .. }),
            "stores are told apart"
        );
        let written = memory.lanes.written(data);
        memory.clobber(written);
    }

    fn note_bits(&mut self, inst: Inst) {
        let mut results = self.func.results(inst);
        let (Some(result), None) = (results.next(), results.next()) else {
            return;
        };
        let ty = self.func.ty(result);
        if matches!(ty, Type::I32 | Type::I64) {
            let ones = bits::ones(self.func, self.func.data(inst), ty, &self.state.ones);
            self.state.ones[result.index()] = ones;
        }
    }

    /// A conditional trap: it may be decided, have a simpler condition, or tell something.
    fn trap(&mut self, inst: Inst, cond: Value, trap: u8, sense: bool) -> Option<Inst> {
        let next = self.func.next_inst(inst);
        let constant = self.func.as_const(cond).map(|bits| bits != 0);
        match constant.or_else(|| self.truth(cond)) {
            Some(truth) if truth == sense => {
                self.state.cuts.push(inst);
                return None;
            }
            Some(_) => {
                self.func.remove(inst);
                return next;
            }
            None => {}
        }
        if let Some((cond, kept)) = self.strip(cond) {
            let data = if kept == sense {
                InstData::TrapIf { cond, trap }
            } else {
                InstData::TrapUnless { cond, trap }
            };
            self.func.replace(inst, data);
            return Some(inst);
        }
        self.state.memory.observe(None);
        self.assume(cond, !sense);
        next
    }

    fn branch(&mut self, inst: Inst, cond: Value) {
        let constant = self.func.as_const(cond).map(|bits| bits != 0);
        if let Some(truth) = constant.or_else(|| self.truth(cond)) {
            self.state.taken[self.block.index()] = if truth { 0 } else { 1 };
            return;
        }
        // A condition that is the opposite of another is done in the end: targets stay where
        // they are while the flow is being looked at.
        if let Some((simpler, true)) = self.strip(cond) {
            if let InstData::Branch { targets, .. } = *self.func.data(inst) {
                let cond = simpler;
                self.func.replace(inst, InstData::Branch { cond, targets });
            }
        }
    }

    fn reach(&mut self, data: &InstData) {
        let taken = self.state.taken[self.block.index()];
        for (index, target) in self.func.targets(data.targets()).iter().enumerate() {
            if taken == NONE || taken == index as u32 {
                self.state.reached[target.block.index()] = true;
            }
        }
    }
}
