//! Instructions and parameters that nothing needs.

use super::Cleaner;
use crate::entity::{Inst, Value};
use crate::flow::Order;
use crate::function::{Function, ValueDef};
use alloc::vec::Vec;

/// What is needed so far.
#[derive(Default)]
pub(super) struct Live {
    values: Vec<bool>,
    insts: Vec<bool>,
    work: Vec<Value>,
}

impl Cleaner {
    /// Takes away instructions and parameters that nothing needs, and blocks that can't be
    /// reached.
    pub fn dead_code(&mut self, func: &mut Function) {
        self.remove_unreachable(func);
        func.resolve_all();
        self.live.find(func, &self.order);
        for index in 0..func.layout().len() {
            let block = func.layout()[index];
            let mut next = func.first_inst(block);
            while let Some(inst) = next {
                next = func.next_inst(inst);
                if !self.live.insts[inst.index()] {
                    func.remove(inst);
                }
            }
            if self.order.predecessors(block).is_empty() {
                continue;
            }
            let live = &self.live.values;
            let dead = |value: &Value| !live[value.index()];
            if !func.params(block).iter().any(dead) {
                continue;
            }
            let old = func.take_params(block);
            for edge in self.order.predecessors(block) {
                let end = func.last_inst(edge.from).expect("a block has a terminator");
                let targets = func.data(end).targets();
                func.retain_args(targets, edge.index as usize, |index| !dead(&old[index]));
            }
            let new = old.into_iter().filter(|value| !dead(value)).collect();
            func.set_params(block, new);
        }
    }
}

impl Live {
    fn find(&mut self, func: &Function, order: &Order) {
        self.values.clear();
        self.values.resize(func.num_values(), false);
        self.insts.clear();
        self.insts.resize(func.num_insts(), false);
        for &block in order.rpo() {
            for inst in func.insts(block) {
                if !func.data(inst).is_removable() {
                    self.inst(func, inst);
                }
            }
            // A handler's exception stays, needed or not.
            for (index, target) in func.successors(block).iter().enumerate() {
                if index > 0 && func.is_try(block) {
                    self.values[func.params(target.block)[0].index()] = true;
                }
            }
        }
        while let Some(value) = self.work.pop() {
            match func.def(value) {
                ValueDef::Result(inst, _) => self.inst(func, inst),
                ValueDef::Param(block, index) => {
                    for edge in order.predecessors(block) {
                        let target = func.successors(edge.from)[edge.index as usize];
                        if let Some(&arg) = func.values(target.args).get(index as usize) {
                            self.value(arg);
                        }
                    }
                }
                ValueDef::Alias(_) => unreachable!("operands were resolved"),
            }
        }
    }

    fn inst(&mut self, func: &Function, inst: Inst) {
        if !core::mem::replace(&mut self.insts[inst.index()], true) {
            func.for_each_own_operand(inst, |value| self.value(value));
        }
    }

    fn value(&mut self, value: Value) {
        if !core::mem::replace(&mut self.values[value.index()], true) {
            self.work.push(value);
        }
    }
}
