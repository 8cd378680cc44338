//! The operands of instructions, whatever their shape.

use super::{Function, ValueDef, ValueList};
use crate::entity::{Inst, Value};
use crate::inst::{Callee, InstData};
use crate::types::Type;

impl Function {
    /// Calls a function with each operand of an instruction: its own first, then the arguments to
    /// its targets.
    pub fn for_each_operand(&self, inst: Inst, mut f: impl FnMut(Value)) {
        self.for_each_own_operand(inst, &mut f);
        for target in self.targets(self.data(inst).targets()) {
            self.values(target.args).iter().for_each(|v| f(*v));
        }
    }

    /// Calls a function with each operand of an instruction, but not with the arguments to its
    /// targets.
    pub fn for_each_own_operand(&self, inst: Inst, mut f: impl FnMut(Value)) {
        use InstData::*;
        let mut list = |list: ValueList| self.values(list).iter().for_each(|v| f(*v));
        match *self.data(inst) {
            Const { .. }
            | V128Const(_)
            | Fence
            | SlotAddress(_)
            | SymbolAddress(_)
            | CalleeCell
            | Trap(_)
            | Jump(_) => {}
            Unary { arg, .. } | RefToBits(arg) | BitsToRef(arg) => f(arg),
            Binary { args, .. } | Compare { args, .. } | Shuffle { args, .. } => {
                args.into_iter().for_each(&mut f);
            }
            Wide { args, .. } | Vector { args, .. } | Lane { args, .. } | Return(args) => {
                list(args)
            }
            Select { cond, args } => [cond, args[0], args[1]].into_iter().for_each(&mut f),
            Load { address, .. } | AtomicLoad { address, .. } => f(address),
            Store { address, value, .. }
            | AtomicStore { address, value, .. }
            | AtomicRmw { address, value, .. } => [address, value].into_iter().for_each(&mut f),
            AtomicCmpxchg { address, args, .. } => {
                [address, args[0], args[1]].into_iter().for_each(&mut f);
            }
            Poll { address, .. } => f(address),
            TrapIf { cond, .. } | TrapUnless { cond, .. } | Branch { cond, .. } => f(cond),
            Switch { index, .. } => f(index),
            Call { callee, args, .. }
            | TailCall { callee, args, .. }
            | TryCall { callee, args, .. } => {
                if let Callee::Address(address) | Callee::Cell(address, _) = callee {
                    f(address);
                }
                self.values(args).iter().for_each(|v| f(*v));
            }
        }
    }

    /// Replaces all operands that are aliases by what they stand for.
    pub fn resolve_all(&mut self) {
        for index in 0..self.layout.len() {
            let mut next = self.first_inst(self.layout[index]);
            while let Some(inst) = next {
                next = self.next_inst(inst);
                self.resolve_operands(inst);
            }
        }
    }

    /// Replaces operands that are aliases by what they stand for.
    pub fn resolve_operands(&mut self, inst: Inst) {
        let mut values = core::mem::take(&mut self.values);
        self.map_operands(inst, |value| resolve(&mut values, value));
        self.values = values;
    }

    /// Replaces each operand of an instruction by what a function makes of it.
    pub fn map_operands(&mut self, inst: Inst, mut f: impl FnMut(Value) -> Value) {
        use InstData::*;
        let node = &mut self.insts[inst.index()];
        let mut list = None;
        match &mut node.data {
            Const { .. }
            | V128Const(_)
            | Fence
            | SlotAddress(_)
            | SymbolAddress(_)
            | CalleeCell
            | Trap(_)
            | Jump(_) => {}
            Unary { arg, .. } | RefToBits(arg) | BitsToRef(arg) => *arg = f(*arg),
            Binary { args, .. } | Compare { args, .. } | Shuffle { args, .. } => {
                args.iter_mut().for_each(|v| *v = f(*v));
            }
            Wide { args, .. } | Vector { args, .. } | Lane { args, .. } | Return(args) => {
                list = Some(*args);
            }
            Select { cond, args } => {
                *cond = f(*cond);
                args.iter_mut().for_each(|v| *v = f(*v));
            }
            Load { address, .. } | AtomicLoad { address, .. } => *address = f(*address),
            Store { address, value, .. }
            | AtomicStore { address, value, .. }
            | AtomicRmw { address, value, .. } => {
                *address = f(*address);
                *value = f(*value);
            }
            AtomicCmpxchg { address, args, .. } => {
                *address = f(*address);
                args.iter_mut().for_each(|v| *v = f(*v));
            }
            Poll { address, .. } => *address = f(*address),
            TrapIf { cond, .. } | TrapUnless { cond, .. } | Branch { cond, .. } => {
                *cond = f(*cond);
            }
            Switch { index, .. } => *index = f(*index),
            Call { callee, args, .. }
            | TailCall { callee, args, .. }
            | TryCall { callee, args, .. } => {
                if let Callee::Address(address) | Callee::Cell(address, _) = callee {
                    *address = f(*address);
                }
                list = Some(*args);
            }
        }
        let targets = node.data.targets();
        if let Some(args) = list {
            self.pool[args.range()].iter_mut().for_each(|v| *v = f(*v));
        }
        for target in targets.range() {
            let args = self.targets[target].args;
            self.pool[args.range()].iter_mut().for_each(|v| *v = f(*v));
        }
    }
}

/// What is behind aliases, with path halving.
pub(super) fn resolve(values: &mut [(Type, ValueDef)], mut value: Value) -> Value {
    while let ValueDef::Alias(to) = values[value.index()].1 {
        if let ValueDef::Alias(next) = values[to.index()].1 {
            values[value.index()].1 = ValueDef::Alias(next);
        }
        value = to;
    }
    value
}
