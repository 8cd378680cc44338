//! Instructions that ask for certain registers, destroy some, or write results early.
//!
//! Such an instruction knows two moments: *reading*, when its uses must be where they are wanted,
//! and *writing*, when its results appear and clobbered registers are lost. A value that lives on
//! must be in a register at both moments that nobody else wants, or in its slot.
//!
//! What is in registers now is the source of one parallel move to what they hold at reading. The
//! steps only decide where each value goes ([`Value::goes`]); stores come first, then the move,
//! then loads, because they overwrite nothing that is still to be read.
//!
//! [`Value::goes`]: super::value::Value::goes

use super::interface::{Constraint, Function, Location, Operand, Output};
use super::moves::Place;
use super::order::NONE;
use super::value::{NO_REG, flag, preg};
use super::{Allocator, Occupants};
use alloc::vec::Vec;

/// What the instruction needs of a value, apart from fixed registers.
mod need {
    /// A register at reading.
    pub(super) const REGISTER: u8 = 1;
    /// The same register at writing.
    pub(super) const LATE: u8 = 2;
    /// A register or its slot.
    pub(super) const ANY: u8 = 4;
}

/// Working memory.
#[derive(Default)]
pub(super) struct Work {
    /// What fixed uses want in their registers.
    wanted: Occupants,
    /// What is in registers at reading (by `reading`) and survives (by `writing`).
    holds: Occupants,
    /// Registers taken at reading by anything that is not given up.
    reading: u64,
    /// Registers taken at writing.
    writing: u64,
    /// Registers that must stay as they are until the end.
    late: u64,
    /// Registers of results.
    results: u64,
    fixed_uses: u64,
    fixed_results: u64,
    /// Clobbered registers and those of fixed results.
    lost: u64,
    lost_kinds: u8,
    displaced: Vec<u32>,
}

impl Work {
    /// Forgets the values of another function.
    pub(super) fn clear(&mut self) {
        self.holds.fill(NONE);
    }
}

impl Allocator {
    /// Allocates such an instruction. `throws`: whether it ends a block before a handler.
    #[expect(clippy::too_many_arguments, reason = "facts of one instruction")]
    pub(super) fn constrained<F: Function>(
        &mut self,
        f: &F,
        out: &mut Output,
        operands: &[Operand],
        at: usize,
        clobbers: u64,
        is_safepoint: bool,
        throws: bool,
    ) {
        self.constrained_work.lost_kinds = self
            .registers
            .kinds_lost(super::interface::PRegSet(clobbers), is_safepoint);
        self.note_operands(operands, clobbers);
        if throws {
            self.save_for_handlers(f);
        }
        self.settle_residents();
        self.place_displaced();
        self.place_uses(out, operands, at);
        self.place_results(out, operands, at);
        self.locate_others(out, operands, at);
        self.move_in(operands);
        self.commit(operands, out, at);
    }

    fn note_operands(&mut self, operands: &[Operand], clobbers: u64) {
        let work = &mut self.constrained_work;
        (work.reading, work.writing, work.late, work.results) = (0, 0, 0, 0);
        (work.fixed_uses, work.fixed_results, work.lost) = (0, 0, clobbers);
        work.displaced.clear();
        self.moves.clear();
        for operand in operands {
            let vreg = operand.vreg.0;
            if !operand.constraint.is_def() {
                self.pass_use(vreg);
            }
            let work = &mut self.constrained_work;
            let value = &mut self.live.values[vreg as usize];
            match operand.constraint {
                Constraint::UseFixed(reg) => {
                    work.fixed_uses |= 1 << reg.index();
                    work.wanted[reg.index()] = vreg;
                }
                Constraint::DefFixed(reg) => {
                    work.lost |= 1 << reg.index();
                    work.fixed_results |= 1 << reg.index();
                }
                Constraint::Use => value.need |= need::REGISTER,
                Constraint::UseLate => value.need |= need::REGISTER | need::LATE,
                Constraint::UseAny => value.need |= need::ANY,
                Constraint::Def | Constraint::DefEarly | Constraint::DefTied(_) => {}
            }
        }
    }

    /// Whether a value is to stay in a register for what comes.
    fn survives(&self, vreg: u32) -> bool {
        let value = self.value(vreg);
        value.kind_bit() & self.constrained_work.lost_kinds == 0 && self.lives_on(value)
    }

    /// Registers are lost on the way to a handler.
    fn save_for_handlers<F: Function>(&mut self, f: &F) {
        let mut mask = self.occupied;
        while mask != 0 {
            let vreg = self.occupants[mask.trailing_zeros() as usize];
            mask &= mask - 1;
            let value = *self.value(vreg);
            let is_needed = |&to: &u32| {
                f.is_handler(to) && self.live.is_in(&self.live.live_in[to as usize], &value)
            };
            if f.successors(self.block).iter().any(is_needed) {
                self.make_safe(vreg);
            }
        }
    }

    /// Leaves values where they are unless somebody else wants the register.
    fn settle_residents(&mut self) {
        let mut mask = self.occupied;
        while mask != 0 {
            let reg = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let vreg = self.occupants[reg];
            let survives = self.survives(vreg);
            if !survives && self.lives_on(self.value(vreg)) {
                self.make_safe(vreg);
            }
            let needs = self.value(vreg).need;
            let work = &mut self.constrained_work;
            let is_lost = work.lost >> reg & 1 != 0;
            let is_wanted = work.fixed_uses >> reg & 1 != 0 && work.wanted[reg] != vreg;
            let must_leave = is_wanted || is_lost && (survives || needs & need::LATE != 0);
            if needs == 0 && !survives {
                continue;
            }
            if must_leave {
                work.displaced.push(vreg);
            } else {
                self.place(vreg, reg as u8, survives);
            }
        }
    }

    /// Decides that a value is in a register at reading, and whether at writing too.
    fn place(&mut self, vreg: u32, reg: u8, survives: bool) {
        let value = self.value_mut(vreg);
        value.goes = reg;
        let is_late = value.need & need::LATE != 0;
        let work = &mut self.constrained_work;
        work.holds[reg as usize] = vreg;
        work.reading |= 1 << reg;
        if survives || is_late {
            work.writing |= 1 << reg;
        }
        if is_late {
            work.late |= 1 << reg;
        }
    }

    /// Registers that nothing takes at reading; with `survives`, nor at writing.
    fn free_at_reading(&self, class: usize, survives: bool) -> u64 {
        let work = &self.constrained_work;
        let mut taken = work.reading | work.fixed_uses | work.results;
        if survives {
            taken |= work.lost | work.writing;
        }
        self.registers.masks[class] & !taken
    }

    /// The registers of values that the instruction does not need there: they may leave.
    fn bystanders(&self, class: usize) -> u64 {
        let work = &self.constrained_work;
        let taken = work.results | work.fixed_uses;
        let mut mask = work.reading & !taken & self.registers.masks[class];
        let mut all = 0;
        while mask != 0 {
            let reg = mask.trailing_zeros();
            mask &= mask - 1;
            if self.value(work.holds[reg as usize]).need & need::REGISTER == 0 {
                all |= 1 << reg;
            }
        }
        all
    }

    /// Sends the value needed last of some registers away.
    fn send_away(&mut self, mask: u64) -> Option<u8> {
        let reg = self.farthest(mask, &self.constrained_work.holds)?;
        let vreg = self.constrained_work.holds[reg as usize];
        if self.value(vreg).reg != NO_REG {
            self.make_safe(vreg);
        }
        let work = &mut self.constrained_work;
        work.writing &= !(1 << reg);
        // It stays for as long as the instruction reads it.
        let value = &mut self.live.values[vreg as usize];
        if value.need & need::REGISTER == 0 {
            work.reading &= !(1 << reg);
            value.goes = NO_REG;
        }
        Some(reg)
    }

    fn place_displaced(&mut self) {
        for i in 0..self.constrained_work.displaced.len() {
            let vreg = self.constrained_work.displaced[i];
            let survives = self.survives(vreg);
            let value = *self.value(vreg);
            let class = value.class();
            let lasts = survives || value.need & need::LATE != 0;
            let free = self.free_at_reading(class, lasts);
            if free != 0 {
                let reg = self.choose(class, free, vreg);
                self.place(vreg, reg, survives);
                continue;
            }
            if value.need & need::REGISTER == 0 {
                // Whoever is needed last goes to its slot.
                let others = self.bystanders(class) & !self.constrained_work.lost;
                let other = self.farthest(others, &self.constrained_work.holds);
                if let Some(other) = other.filter(|&other| {
                    survives
                        && self.distance(self.constrained_work.holds[other as usize])
                            > self.distance(vreg)
                }) {
                    self.send_away(1 << other);
                    self.place(vreg, other, survives);
                } else {
                    self.make_safe(vreg);
                }
                continue;
            }
            self.place_read(vreg, survives);
        }
    }

    /// Finds a register for a value that must be in one at reading.
    fn place_read(&mut self, vreg: u32, survives: bool) {
        let value = *self.value(vreg);
        let class = value.class();
        let is_late = value.need & need::LATE != 0;
        let free = self.free_at_reading(class, survives || is_late);
        if free != 0 {
            let reg = self.choose(class, free, vreg);
            return self.place(vreg, reg, survives);
        }
        let forbidden = if is_late {
            self.constrained_work.lost
        } else {
            0
        };
        // It does not stay in a register, then.
        if survives && value.reg != NO_REG {
            self.make_safe(vreg);
        }
        let free = self.free_at_reading(class, is_late);
        let reg = if free != 0 {
            self.choose(class, free, vreg)
        } else {
            let others = self.bystanders(class) & !forbidden;
            self.send_away(others)
                .expect("there are enough registers for any one instruction")
        };
        self.place(vreg, reg, false);
    }

    fn place_uses(&mut self, out: &mut Output, operands: &[Operand], at: usize) {
        for (i, operand) in operands.iter().enumerate() {
            let vreg = operand.vreg.0;
            match operand.constraint {
                Constraint::UseFixed(reg) => out.locations[at + i] = Location::Reg(reg),
                Constraint::Use | Constraint::UseLate => {
                    if self.value(vreg).goes == NO_REG {
                        let survives = self.survives(vreg);
                        self.place_read(vreg, survives);
                    }
                    out.locations[at + i] = Location::Reg(preg(self.value(vreg).goes));
                }
                _ => {}
            }
        }
    }

    /// Uses in any place take what has been left to them.
    fn locate_others(&mut self, out: &mut Output, operands: &[Operand], at: usize) {
        for (i, operand) in operands.iter().enumerate() {
            if operand.constraint != Constraint::UseAny {
                continue;
            }
            let value = *self.value(operand.vreg.0);
            let mut goes = value.goes;
            if goes == NO_REG && value.has(flag::REMAT) {
                let free = self.free_at_reading(value.class(), false);
                if free != 0 {
                    goes = self.choose(value.class(), free, operand.vreg.0);
                    self.place(operand.vreg.0, goes, false);
                }
            }
            if goes == NO_REG {
                self.use_slot(at + i, operand.vreg.0);
            } else {
                out.locations[at + i] = Location::Reg(preg(goes));
            }
        }
    }

    fn place_results(&mut self, out: &mut Output, operands: &[Operand], at: usize) {
        for (i, operand) in operands.iter().enumerate() {
            match operand.constraint {
                Constraint::DefFixed(reg) => out.locations[at + i] = Location::Reg(reg),
                Constraint::DefEarly => {
                    let reg = self.early_register(operand.vreg.0);
                    self.take_result(reg);
                    out.locations[at + i] = Location::Reg(preg(reg));
                }
                _ => {}
            }
        }
        for (i, operand) in operands.iter().enumerate() {
            if let Constraint::DefTied(index) = operand.constraint {
                let source = operands[index as usize].vreg.0;
                let reg = self.tied_register(source, operand.vreg.0);
                self.take_result(reg);
                out.locations[at + i] = Location::Reg(preg(reg));
                out.locations[at + index as usize] = Location::Reg(preg(reg));
            }
        }
        for (i, operand) in operands.iter().enumerate() {
            if operand.constraint == Constraint::Def {
                let reg = self.late_register(operand.vreg.0);
                let work = &mut self.constrained_work;
                work.writing |= 1 << reg;
                work.results |= 1 << reg;
                out.locations[at + i] = Location::Reg(preg(reg));
            }
        }
    }

    fn take_result(&mut self, reg: u8) {
        let work = &mut self.constrained_work;
        work.reading |= 1 << reg;
        work.writing |= 1 << reg;
        work.results |= 1 << reg;
    }

    /// A register that nothing else is in at either moment.
    fn early_register(&mut self, vreg: u32) -> u8 {
        let class = self.value(vreg).class();
        let free = self.free_at_reading(class, true);
        if free != 0 {
            return self.choose(class, free, vreg);
        }
        let others = self.bystanders(class) & !self.constrained_work.lost;
        self.send_away(others)
            .expect("there are enough registers for any one instruction")
    }

    /// The register of a tied use, if nobody needs the value there afterwards, or of a copy.
    fn tied_register(&mut self, source: u32, result: u32) -> u8 {
        let reg = self.value(source).goes;
        let work = &self.constrained_work;
        let all = self.registers.masks[0] | self.registers.masks[1];
        let taken = work.writing | work.lost | !all;
        if taken >> reg & 1 == 0 {
            return reg;
        }
        let copy = self.early_register(result);
        // The value may just be on its way into a register.
        let from = self.source_of(source);
        self.moves.push(source, from, Place::reg(copy));
        copy
    }

    fn late_register(&mut self, vreg: u32) -> u8 {
        let class = self.value(vreg).class();
        let work = &self.constrained_work;
        let all = self.registers.masks[class];
        let mut free = all & !(work.writing | work.lost);
        if free == 0 {
            let others = all & work.writing & !(work.results | work.late | work.lost);
            if let Some(reg) = self.send_away(others) {
                return reg;
            }
            // A result may be in a register that the instruction uses in between.
            let work = &self.constrained_work;
            free = all & !(work.writing | work.fixed_results);
        }
        assert!(
            free != 0,
            "there are enough registers for any one instruction"
        );
        self.choose(class, free, vreg)
    }

    /// Where a value is before the instruction.
    fn source_of(&self, vreg: u32) -> Place {
        match self.value(vreg).reg {
            NO_REG => Place::own_slot(self.value(vreg).has(flag::REMAT)),
            reg => Place::reg(reg),
        }
    }

    /// Moves everything to where it is at reading.
    fn move_in(&mut self, operands: &[Operand]) {
        let mut mask = self.constrained_work.reading;
        while mask != 0 {
            let reg = mask.trailing_zeros() as u8;
            mask &= mask - 1;
            let vreg = self.constrained_work.holds[reg as usize];
            let is_placed = vreg != NONE && self.value(vreg).goes == reg;
            if is_placed && self.value(vreg).reg != reg {
                let from = self.source_of(vreg);
                if self.value(vreg).reg == NO_REG {
                    self.value_mut(vreg).flags |= flag::CLEAN;
                }
                self.moves.push(vreg, from, Place::reg(reg));
            }
        }
        for operand in operands {
            if let Constraint::UseFixed(reg) = operand.constraint {
                let reg = reg.index() as u8;
                let value = self.value(operand.vreg.0);
                if value.reg != reg && value.goes != reg {
                    let from = self.source_of(operand.vreg.0);
                    self.moves.push(operand.vreg.0, from, Place::reg(reg));
                }
            }
        }
        let scratch = self.registers.scratch;
        let (inst, acts, values) = (self.inst, &mut self.acts, &self.live.values);
        self.moves.resolve(
            |vreg| values[vreg as usize].class(),
            scratch,
            |mv| acts.push(mv.to_act(inst)),
        );
    }

    /// Makes the moment after the instruction the current one.
    fn commit(&mut self, operands: &[Operand], out: &Output, at: usize) {
        let mut mask = self.occupied;
        self.occupied = 0;
        while mask != 0 {
            let reg = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let vreg = self.occupants[reg];
            let stays = self.stays(vreg);
            let value = self.value_mut(vreg);
            value.reg = NO_REG;
            if !stays {
                value.flags &= !flag::CLEAN;
            }
        }
        let work = &self.constrained_work;
        let mut mask = work.reading & work.writing & !work.results;
        while mask != 0 {
            let reg = mask.trailing_zeros() as u8;
            mask &= mask - 1;
            let vreg = self.constrained_work.holds[reg as usize];
            if self.stays(vreg) {
                self.assign(vreg, reg);
            }
        }
        for operand in operands {
            if !operand.constraint.is_def() {
                let value = self.value_mut(operand.vreg.0);
                value.need = 0;
            }
        }
        self.forget_places();
        for (i, operand) in operands.iter().enumerate() {
            if operand.constraint.is_def() {
                let Location::Reg(reg) = out.locations[at + i] else {
                    unreachable!("results are in registers")
                };
                self.define(operand.vreg.0, reg.index() as u8);
            }
        }
        self.drop_dead_results(operands);
    }

    /// Whether a value is in a register at both moments.
    fn stays(&self, vreg: u32) -> bool {
        let goes = self.value(vreg).goes;
        let work = &self.constrained_work;
        goes != NO_REG && (work.writing & !work.results) >> goes & 1 != 0 && self.survives(vreg)
    }

    fn forget_places(&mut self) {
        let mut mask = self.constrained_work.reading;
        while mask != 0 {
            let reg = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            let vreg = self.constrained_work.holds[reg];
            if vreg == NONE {
                continue;
            }
            let value = self.value_mut(vreg);
            value.goes = NO_REG;
            if value.reg == NO_REG {
                value.flags &= !flag::CLEAN;
            }
        }
    }
}
