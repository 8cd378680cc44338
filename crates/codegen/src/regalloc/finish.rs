//! The answer: edits with slots, in order, and those on edges.

use super::interface::{BlockIx, Edit, Function, Location, Output, VReg};
use super::moves::{Move, Place, PlaceKind};
use super::order::NONE;
use super::value::{NO_REG, flag, preg};
use super::{Act, Action, Allocator};
use alloc::vec::Vec;

/// Working memory.
#[derive(Default)]
pub(super) struct Work {
    /// The values to be stored after their definitions, and before which instructions.
    stores: Vec<(u32, u32)>,
}

impl Allocator {
    pub(super) fn finish<F: Function>(&mut self, f: &F, out: &mut Output) {
        self.collect_stores(f);
        let mut next = 0;
        for block in 0..f.num_blocks() {
            if self.order.index[block as usize] == NONE {
                continue;
            }
            let (first, end) = self.act_ranges[block as usize];
            for i in first..end {
                let act = self.acts[i as usize];
                self.put_stores(out, &mut next, act.inst);
                self.put_act(out, act);
            }
            let last = f.block_insts(block).end - 1;
            self.put_stores(out, &mut next, last);
            if let &[succ] = f.successors(block) {
                self.edge(f, out, block, succ);
            }
        }
        out.frame_size = self.moves.frame_size.next_multiple_of(16);
    }

    fn collect_stores<F: Function>(&mut self, f: &F) {
        let stores = &mut self.finish_work.stores;
        stores.clear();
        for &vreg in &self.spilled {
            let value = &self.live.values[vreg as usize];
            if !value.has(flag::STORED) || value.has(flag::BORN) {
                continue;
            }
            let block = self.order.block_of[value.def as usize];
            let insts = f.block_insts(block);
            let inst = insts.start + (value.def - self.order.start[block as usize]);
            let before = if value.has(flag::PARAM) {
                insts.start
            } else if inst + 1 == insts.end {
                f.block_insts(f.successors(block)[0]).start
            } else {
                inst + 1
            };
            stores.push((before, vreg));
        }
        stores.sort_unstable();
    }

    /// Stores what is defined before an instruction.
    fn put_stores(&self, out: &mut Output, next: &mut usize, until: u32) {
        while let Some(&(inst, vreg)) = self.finish_work.stores.get(*next) {
            if inst > until {
                break;
            }
            *next += 1;
            let edit = Edit::Move {
                from: Location::Reg(preg(self.value(vreg).def_reg)),
                to: self.slot_of(vreg),
                vreg: VReg(vreg),
            };
            out.edits.push((inst, edit));
        }
    }

    fn slot_of(&self, vreg: u32) -> Location {
        Location::Slot(self.slots.of[vreg as usize])
    }

    fn put_act(&self, out: &mut Output, act: Act) {
        let vreg = VReg(act.vreg);
        let reg = |index: u8| Location::Reg(preg(index));
        let (from, to) = match act.action {
            Action::Move => (reg(act.from), reg(act.to)),
            Action::Load => (self.slot_of(act.vreg), reg(act.to)),
            Action::Store if self.value(act.vreg).has(flag::STORED) => return,
            Action::Store => (reg(act.from), self.slot_of(act.vreg)),
            Action::Remat => {
                let to = preg(act.to);
                out.edits.push((act.inst, Edit::Remat { vreg, to }));
                return;
            }
        };
        out.edits.push((act.inst, Edit::Move { from, to, vreg }));
    }

    /// Brings everything to where the successor expects it.
    fn edge<F: Function>(&mut self, f: &F, out: &mut Output, block: BlockIx, succ: BlockIx) {
        let params = f.block_params(succ);
        if f.predecessors(succ).len() == 1 && params.is_empty() {
            return;
        }
        let inst = f.block_insts(block).end - 1;
        assert!(
            f.operands(inst).is_empty(),
            "a jump to a block with several predecessors reads nothing"
        );
        let (first, end) = self.entry_ranges[succ as usize];
        for i in first..end {
            let held = self.entries[i as usize];
            self.value_mut(held.vreg).goes = held.reg;
        }
        for i in self.exits_of(block) {
            let held = self.exits[i];
            self.value_mut(held.vreg).reg = held.reg;
            let value = self.value(held.vreg);
            let is_stored = value.goes != NO_REG || held.is_safe(value.flags);
            if !is_stored && self.live.is_in(&self.live.live_in[succ as usize], value) {
                let edit = Edit::Move {
                    from: Location::Reg(preg(held.reg)),
                    to: self.slot_of(held.vreg),
                    vreg: VReg(held.vreg),
                };
                out.edits.push((inst, edit));
            }
        }
        self.moves.clear();
        for i in first..end {
            let held = self.entries[i as usize];
            self.value_mut(held.vreg).goes = NO_REG;
            let from = self.place_of(held.vreg);
            self.moves.push(held.vreg, from, Place::reg(held.reg));
        }
        for (param, arg) in params.iter().zip(f.branch_args(block)) {
            let value = self.value(param.0);
            if value.last == NONE {
                continue;
            }
            let to = if value.has(flag::BORN) {
                Place::slot(self.slots.of[param.0 as usize])
            } else {
                Place::reg(value.def_reg)
            };
            let from = self.place_of(arg.0);
            self.moves.push(arg.0, from, to);
        }
        for i in self.exits_of(block) {
            let held = self.exits[i];
            self.value_mut(held.vreg).reg = NO_REG;
        }
        let values = &self.live.values;
        self.moves.resolve(
            |vreg| values[vreg as usize].class(),
            self.registers.scratch,
            |mv| out.edits.push((inst, mv.to_edit())),
        );
    }

    fn place_of(&self, vreg: u32) -> Place {
        let value = self.value(vreg);
        if value.reg != NO_REG {
            Place::reg(value.reg)
        } else if value.has(flag::REMAT) {
            Place::ANEW
        } else {
            Place::slot(self.slots.of[vreg as usize])
        }
    }
}

impl Move {
    fn to_edit(self) -> Edit {
        let vreg = VReg(self.vreg);
        let location = |place: Place| match place.kind() {
            PlaceKind::Reg(reg) => Location::Reg(preg(reg)),
            PlaceKind::Slot(offset) => Location::Slot(offset),
            PlaceKind::OwnSlot | PlaceKind::Anew => unreachable!("slots are known on edges"),
        };
        match (self.from.kind(), self.to.kind()) {
            (PlaceKind::Anew, PlaceKind::Reg(reg)) => Edit::Remat {
                vreg,
                to: preg(reg),
            },
            _ => Edit::Move {
                from: location(self.from),
                to: location(self.to),
                vreg,
            },
        }
    }
}
