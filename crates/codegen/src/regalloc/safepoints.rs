//! Where references are while the collector runs: all that live on are in slots.

use super::Allocator;
use super::interface::{BlockIx, Function, Output};
use super::order::NONE;
use super::value::{Barrier, flag, kind};
use alloc::vec::Vec;

/// Working memory.
#[derive(Default)]
pub(super) struct Work {
    /// The references that are live; each knows its place here by [`super::value::Value::mark`].
    live: Vec<u32>,
    found: Vec<(u32, u32)>,
}

impl Allocator {
    pub(super) fn list_safepoints<F: Function>(&mut self, f: &F, out: &mut Output) {
        let is_ref = |barrier: &Barrier| barrier.kinds >> kind::REF & 1 != 0;
        let has_refs = self.live.values.iter().any(|value| value.kind == kind::REF);
        if !has_refs || !self.live.barriers.iter().any(is_ref) {
            return;
        }
        for value in &mut self.live.values {
            value.mark = NONE;
        }
        for block in 0..f.num_blocks() {
            if self.order.index[block as usize] != NONE
                && f.block_insts(block).any(|inst| f.is_safepoint(inst))
            {
                self.list_in_block(f, out, block);
            }
        }
    }

    fn list_in_block<F: Function>(&mut self, f: &F, out: &mut Output, block: BlockIx) {
        let work = &mut self.safepoint_work;
        work.live.clear();
        work.found.clear();
        let all = self.live.live_out[block as usize][kind::REF as usize];
        let (values, members) = (&mut self.live.values, &self.live.members);
        self.live.sets.for_each(all, |member| {
            let vreg = members[kind::REF as usize][member as usize];
            values[vreg as usize].mark = work.live.len() as u32;
            work.live.push(vreg);
        });
        if let [_] = f.successors(block) {
            for arg in f.branch_args(block) {
                self.revive(arg.0);
            }
        }
        for inst in f.block_insts(block).rev() {
            let operands = f.operands(inst);
            for operand in operands {
                if operand.constraint.is_def() {
                    self.bury(operand.vreg.0);
                }
            }
            if f.is_safepoint(inst) {
                let work = &mut self.safepoint_work;
                for &vreg in work.live.iter().rev() {
                    if !self.live.values[vreg as usize].has(flag::REMAT) {
                        work.found.push((inst, self.slots.of[vreg as usize]));
                    }
                }
            }
            for operand in operands {
                if !operand.constraint.is_def() {
                    self.revive(operand.vreg.0);
                }
            }
        }
        let work = &mut self.safepoint_work;
        out.safepoint_slots.extend(work.found.iter().rev());
        for &vreg in &work.live {
            self.live.values[vreg as usize].mark = NONE;
        }
    }

    fn revive(&mut self, vreg: u32) {
        let live = &mut self.safepoint_work.live;
        let value = &mut self.live.values[vreg as usize];
        if value.kind == kind::REF && value.mark == NONE {
            value.mark = live.len() as u32;
            live.push(vreg);
        }
    }

    fn bury(&mut self, vreg: u32) {
        let mark = self.value(vreg).mark;
        if mark == NONE {
            return;
        }
        let live = &mut self.safepoint_work.live;
        live.swap_remove(mark as usize);
        if let Some(&moved) = live.get(mark as usize) {
            self.live.values[moved as usize].mark = mark;
        }
        self.value_mut(vreg).mark = NONE;
    }
}
