//! An allocator that keeps everything in slots: what instructions need is loaded before them,
//! what they make is stored after them. Simple enough to be right, it tells the bugs of the real
//! allocator from those of instruction selection.
//!
//! Every value has a slot, every block parameter a second one, to which predecessors copy, so
//! that parameters may be each other's arguments.

use crate::regalloc::interface::*;
use alloc::vec::Vec;

struct Naive<'a, F> {
    func: &'a F,
    machine: &'a Machine,
    out: &'a mut Output,
    slots: Vec<u32>,
    /// By value, the slot for arguments.
    incoming: Vec<u32>,
}

/// Allocates registers.
pub fn allocate<F: Function>(func: &F, machine: &Machine, out: &mut Output) {
    out.locations.clear();
    out.starts.clear();
    out.edits.clear();
    out.safepoint_slots.clear();
    let count = func.num_vregs();
    let mut size = 0u32;
    let mut slots = |_: u32| {
        let slot = size;
        size += 16;
        slot
    };
    let own: Vec<u32> = (0..count).map(&mut slots).collect();
    let incoming: Vec<u32> = (0..count).map(&mut slots).collect();
    out.frame_size = size;
    let mut naive = Naive {
        func,
        machine,
        out,
        slots: own,
        incoming,
    };
    let live = naive.live_refs();
    for block in 0..func.num_blocks() {
        naive.block(block);
    }
    let end = naive.out.locations.len() as u32;
    naive.out.starts.push(end);
    naive.out.safepoint_slots = live;
}

impl<F: Function> Naive<'_, F> {
    fn block(&mut self, block: BlockIx) {
        let insts = self.func.block_insts(block);
        let first = insts.start;
        for &param in self.func.block_params(block) {
            let scratch = self.scratch(param);
            self.load(first, self.incoming[param.0 as usize], scratch, param);
            self.store(first, scratch, self.slots[param.0 as usize], param);
        }
        if let [pred] = *self.func.predecessors(block)
            && self.func.successors(pred).first() == Some(&block)
        {
            let last = self.func.block_insts(pred).end - 1;
            self.store_results(last, first);
        }
        for inst in insts.clone() {
            if inst + 1 == insts.end {
                self.pass(block, inst);
            }
            self.inst(inst);
            if inst + 1 != insts.end {
                self.store_results(inst, inst + 1);
            }
        }
    }

    fn scratch(&self, vreg: VReg) -> PReg {
        self.machine.scratch[self.func.vreg(vreg).class as usize]
    }

    fn load(&mut self, before: InstIx, slot: u32, to: PReg, vreg: VReg) {
        let (from, to) = (Location::Slot(slot), Location::Reg(to));
        self.out.edits.push((before, Edit::Move { from, to, vreg }));
    }

    fn store(&mut self, before: InstIx, from: PReg, slot: u32, vreg: VReg) {
        let (from, to) = (Location::Reg(from), Location::Slot(slot));
        self.out.edits.push((before, Edit::Move { from, to, vreg }));
    }

    /// Copies arguments to where the successor expects them.
    fn pass(&mut self, block: BlockIx, inst: InstIx) {
        let [next] = *self.func.successors(block) else {
            return;
        };
        for (index, &arg) in self.func.branch_args(block).iter().enumerate() {
            let param = self.func.block_params(next)[index];
            let scratch = self.scratch(arg);
            self.load(inst, self.slots[arg.0 as usize], scratch, arg);
            self.store(inst, scratch, self.incoming[param.0 as usize], param);
        }
    }

    fn inst(&mut self, inst: InstIx) {
        let operands = self.func.operands(inst);
        let start = self.out.locations.len();
        self.out.starts.push(start as u32);
        let mut taken = PRegSet::EMPTY;
        for operand in operands {
            if let Constraint::UseFixed(r) | Constraint::DefFixed(r) = operand.constraint {
                taken = taken.with(r);
            }
        }
        for (index, operand) in operands.iter().enumerate() {
            let class = self.func.vreg(operand.vreg).class;
            let slot = self.slots[operand.vreg.0 as usize];
            let location = match operand.constraint {
                Constraint::UseAny => Location::Slot(slot),
                Constraint::UseFixed(r) | Constraint::DefFixed(r) => Location::Reg(r),
                Constraint::DefTied(to) => self.out.locations[start + to as usize],
                // Many results, but few operands otherwise: each has a register of its own.
                _ => {
                    let free = self.machine.allocatable[class as usize]
                        .iter()
                        .copied()
                        .find(|r| !taken.contains(*r))
                        .expect("there are more registers than operands");
                    taken = taken.with(free);
                    Location::Reg(free)
                }
            };
            if let (false, Location::Reg(r)) = (operand.constraint.is_def(), location) {
                self.load(inst, slot, r, operand.vreg);
            }
            self.out.locations.push(location);
            debug_assert_eq!(self.out.locations.len(), start + index + 1);
        }
    }

    fn store_results(&mut self, inst: InstIx, before: InstIx) {
        let start = self.out.starts[inst as usize] as usize;
        for (index, operand) in self.func.operands(inst).iter().enumerate() {
            if operand.constraint.is_def()
                && let Location::Reg(r) = self.out.locations[start + index]
            {
                self.store(before, r, self.slots[operand.vreg.0 as usize], operand.vreg);
            }
        }
    }

    /// The references that are alive after each safepoint.
    fn live_refs(&self) -> Vec<(InstIx, u32)> {
        let blocks = self.func.num_blocks();
        let words = self.func.num_vregs().div_ceil(64) as usize;
        let mut live_in: Vec<Vec<u64>> = (0..blocks).map(|_| alloc::vec![0; words]).collect();
        let mut found = Vec::new();
        let mut changed = true;
        while changed {
            changed = false;
            found.clear();
            for block in (0..blocks).rev() {
                let mut live = alloc::vec![0u64; words];
                for &next in self.func.successors(block) {
                    for (word, other) in live.iter_mut().zip(&live_in[next as usize]) {
                        *word |= other;
                    }
                }
                let set = |live: &mut Vec<u64>, v: VReg, on: bool| {
                    if self.func.vreg(v).is_ref {
                        let bit = 1 << (v.0 % 64);
                        let word = &mut live[v.0 as usize / 64];
                        *word = if on { *word | bit } else { *word & !bit };
                    }
                };
                for &arg in self.func.branch_args(block) {
                    set(&mut live, arg, true);
                }
                for inst in self.func.block_insts(block).rev() {
                    for operand in self.func.operands(inst) {
                        if operand.constraint.is_def() {
                            set(&mut live, operand.vreg, false);
                        }
                    }
                    if self.func.is_safepoint(inst) {
                        for v in (0..self.func.num_vregs())
                            .filter(|v| live[*v as usize / 64] >> (v % 64) & 1 != 0)
                        {
                            found.push((inst, self.slots[v as usize]));
                        }
                    }
                    for operand in self.func.operands(inst) {
                        if !operand.constraint.is_def() {
                            set(&mut live, operand.vreg, true);
                        }
                    }
                }
                for &param in self.func.block_params(block) {
                    set(&mut live, param, false);
                }
                if live != live_in[block as usize] {
                    live_in[block as usize] = live;
                    changed = true;
                }
            }
        }
        found.sort_unstable();
        found
    }
}
