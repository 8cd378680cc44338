//! What the walk found out about the flow is done.

use super::{NONE, Walk};
use tierra_ir::{Block, Inst, InstData};

impl Walk<'_> {
    /// Cuts blocks off behind a trap, makes decided branches jumps, turns branches on the
    /// opposite of a condition round. Whether there were any is the result.
    pub(super) fn finish(mut self) -> bool {
        let mut changed = !self.state.cuts.is_empty();
        for cut in core::mem::take(&mut self.state.cuts) {
            self.cut(cut);
        }
        for &block in self.flow.rpo() {
            let taken = self.state.taken[block.index()];
            let Some(end) = self
                .func
                .last_inst(block)
                .filter(|_| self.state.reached[block.index()])
            else {
                continue;
            };
            if taken != NONE && self.func.data(end).targets().len() > 1 {
                self.take(end, taken as usize);
                changed = true;
            } else {
                changed |= self.turn(end);
            }
        }
        changed
    }

    fn cut(&mut self, inst: Inst) {
        let (InstData::TrapIf { trap, .. } | InstData::TrapUnless { trap, .. }) =
            *self.func.data(inst)
        else {
            unreachable!("only conditional traps are cut");
        };
        let block: Block = self.func.block_of(inst).expect("it is in its block");
        let location = self.func.location(inst);
        let mut next = Some(inst);
        while let Some(inst) = next {
            next = self.func.next_inst(inst);
            self.func.remove(inst);
        }
        let trap = self.func.new_inst(InstData::Trap(trap), location);
        self.func.append(block, trap);
    }

    fn take(&mut self, end: Inst, taken: usize) {
        let target = self.func.targets(self.func.data(end).targets())[taken];
        let targets = self.func.target_list(&[target]);
        self.func.replace(end, InstData::Jump(targets));
    }

    fn turn(&mut self, end: Inst) -> bool {
        let mut changed = false;
        while let InstData::Branch { cond, targets } = *self.func.data(end)
            && let Some((cond, kept)) = self.strip(cond)
        {
            if !kept {
                self.func.targets_mut(targets).swap(0, 1);
            }
            self.func.replace(end, InstData::Branch { cond, targets });
            changed = true;
        }
        changed
    }
}
