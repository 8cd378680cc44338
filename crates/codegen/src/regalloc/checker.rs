//! A verifier of answers, which knows nothing of how they were found.
//!
//! It runs the function on sets: each register and each slot holds the set of values that are
//! known to be there on every way to this point. A definition makes its register hold that value
//! alone (and nobody else any longer: in the next round of a loop it is another one), an edit
//! copies sets, a block parameter is added wherever its argument is, clobbers empty registers, a
//! collection spoils every reference that is not in a listed slot. Where ways meet, sets are
//! intersected until nothing changes. Then each use must find its value in its place.
//!
//! It is for tests and debug builds: its cost is blocks times slots.

use super::interface::{
    BlockIx, Constraint, Edit, Function, InstIx, Location, Machine, Operand, Output, PReg, PRegSet,
    RegClass, VReg,
};
use alloc::collections::{BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// At which instruction, or before it.
    pub inst: InstIx,
    /// In words.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}: {}", self.inst, self.problem)
    }
}

impl core::error::Error for Violation {}

/// Checks that an answer keeps every promise of [`super::interface`].
pub fn check<F: Function>(f: &F, machine: &Machine, out: &Output) -> Result<(), Violation> {
    let checker = Checker { f, machine, out };
    checker.shape()?;
    let live_out = checker.live_refs();
    let entries = checker.fixpoint();
    for block in 0..f.num_blocks() {
        if let Some(entry) = &entries[block as usize] {
            checker.verify_block(block, entry.clone(), &live_out[block as usize])?;
        }
    }
    Ok(())
}

/// The values in each place: registers by index, then each 8 bytes of the frame.
type State = Vec<Vec<VReg>>;

const REGISTERS: usize = 64;

struct Checker<'a, F> {
    f: &'a F,
    machine: &'a Machine,
    out: &'a Output,
}

fn fail<T>(inst: InstIx, problem: String) -> Result<T, Violation> {
    Err(Violation { inst, problem })
}

impl<F: Function> Checker<'_, F> {
    /// Sizes and order of the tables.
    fn shape(&self) -> Result<(), Violation> {
        let mut count = 0;
        for inst in 0..self.f.num_insts() {
            if self.out.starts.get(inst as usize) != Some(&count) {
                return fail(inst, "its operands begin elsewhere".into());
            }
            count += self.f.operands(inst).len() as u32;
        }
        if self.out.locations.len() != count as usize {
            return fail(0, "there are too many or too few locations".into());
        }
        if !self.out.frame_size.is_multiple_of(16) {
            return fail(0, "the frame is not a multiple of 16 bytes".into());
        }
        for pair in self.out.edits.windows(2) {
            if pair[0].0 > pair[1].0 {
                return fail(pair[1].0, "edits are out of order".into());
            }
        }
        for pair in self.out.safepoint_slots.windows(2) {
            if pair[0].0 > pair[1].0 {
                return fail(pair[1].0, "slots of safepoints are out of order".into());
            }
        }
        Ok(())
    }

    fn is_exact_ref(&self, vreg: VReg) -> bool {
        self.f.vreg(vreg).is_ref && !self.f.remat(vreg)
    }

    /// The references that live out of each block.
    fn live_refs(&self) -> Vec<BTreeSet<VReg>> {
        let f = self.f;
        let count = f.num_blocks();
        let mut live_in = vec![BTreeSet::new(); count as usize];
        let mut live_out = vec![BTreeSet::new(); count as usize];
        let mut work: VecDeque<BlockIx> = (0..count).rev().collect();
        while let Some(block) = work.pop_front() {
            let mut live = BTreeSet::new();
            for &succ in f.successors(block) {
                live.extend(live_in[succ as usize].iter().copied());
            }
            if let [_] = f.successors(block) {
                live.extend(f.branch_args(block).iter().copied());
            }
            live.retain(|&vreg| self.is_exact_ref(vreg));
            live_out[block as usize] = live.clone();
            for inst in f.block_insts(block).rev() {
                self.step_back(inst, &mut live);
            }
            for param in f.block_params(block) {
                live.remove(param);
            }
            if live != live_in[block as usize] {
                live_in[block as usize] = live;
                work.extend(f.predecessors(block));
            }
        }
        live_out
    }

    fn step_back(&self, inst: InstIx, live: &mut BTreeSet<VReg>) {
        let operands = self.f.operands(inst);
        for operand in operands {
            if operand.constraint.is_def() {
                live.remove(&operand.vreg);
            }
        }
        for operand in operands {
            if !operand.constraint.is_def() && self.is_exact_ref(operand.vreg) {
                live.insert(operand.vreg);
            }
        }
    }

    /// What is known where each block begins; nothing for a block that is not reached.
    fn fixpoint(&self) -> Vec<Option<State>> {
        let f = self.f;
        let places = REGISTERS + self.out.frame_size as usize / 8 + 2;
        let mut entries: Vec<Option<State>> = vec![None; f.num_blocks() as usize];
        entries[0] = Some(vec![Vec::new(); places]);
        let mut work = VecDeque::from([0]);
        while let Some(block) = work.pop_front() {
            let mut state = entries[block as usize]
                .clone()
                .expect("only blocks that have been reached are looked at");
            for inst in f.block_insts(block) {
                for &(_, edit) in self.edits(inst) {
                    self.apply_edit(edit, &mut state);
                }
                self.apply_inst(inst, &mut state);
            }
            for (i, &succ) in f.successors(block).iter().enumerate() {
                let mut passed = state.clone();
                self.pass(block, succ, i == 0, &mut passed);
                let changed = match &mut entries[succ as usize] {
                    Some(known) => meet(known, &passed),
                    unknown => {
                        *unknown = Some(passed);
                        true
                    }
                };
                if changed {
                    work.push_back(succ);
                }
            }
        }
        entries
    }

    fn edits(&self, inst: InstIx) -> &[(InstIx, Edit)] {
        let edits = &self.out.edits;
        let first = edits.partition_point(|&(at, _)| at < inst);
        let end = edits.partition_point(|&(at, _)| at <= inst);
        &edits[first..end]
    }

    fn listed(&self, inst: InstIx) -> &[(InstIx, u32)] {
        let slots = &self.out.safepoint_slots;
        let first = slots.partition_point(|&(at, _)| at < inst);
        let end = slots.partition_point(|&(at, _)| at <= inst);
        &slots[first..end]
    }

    fn locations(&self, inst: InstIx) -> &[Location] {
        let starts = &self.out.starts;
        let (first, end) = (starts[inst as usize], starts[inst as usize + 1]);
        &self.out.locations[first as usize..end as usize]
    }

    /// What changes on the way from block to block.
    fn pass(&self, block: BlockIx, succ: BlockIx, is_first: bool, state: &mut State) {
        let f = self.f;
        if f.is_handler(succ) {
            state[..REGISTERS].iter_mut().for_each(Vec::clear);
        }
        if !is_first {
            for operand in f.operands(f.block_insts(block).end - 1) {
                if operand.constraint.is_def() {
                    forget(operand.vreg, state);
                }
            }
        }
        let params = f.block_params(succ);
        let args = f.branch_args(block);
        for place in state.iter_mut() {
            let mut added = Vec::new();
            for (&param, arg) in params.iter().zip(args) {
                if place.contains(arg) {
                    added.push(param);
                }
            }
            place.retain(|vreg| !params.contains(vreg));
            place.extend(added);
        }
    }

    fn write(&self, location: Location, values: Vec<VReg>, size: u8, state: &mut State) {
        let place = place(location);
        if place >= state.len() {
            return;
        }
        if let Location::Slot(_) = location {
            if place > REGISTERS {
                state[place - 1].retain(|&vreg| self.f.vreg(vreg).size <= 8);
            }
            if size > 8 && place + 1 < state.len() {
                state[place + 1].clear();
            }
        }
        state[place] = values;
        state[place].retain(|&vreg| self.f.vreg(vreg).size <= size);
    }

    fn apply_edit(&self, edit: Edit, state: &mut State) {
        match edit {
            Edit::Move { from, to, vreg } => {
                let values = state.get(place(from)).cloned().unwrap_or_default();
                let size = match (from, to) {
                    (Location::Reg(_), Location::Reg(_)) => 16,
                    _ => self.f.vreg(vreg).size,
                };
                self.write(to, values, size, state);
            }
            Edit::Swap(a, b) => state.swap(a.index(), b.index()),
            Edit::Remat { vreg, to } => state[to.index()] = vec![vreg],
        }
    }

    fn apply_inst(&self, inst: InstIx, state: &mut State) {
        let f = self.f;
        for reg in self.machine.scratch {
            state[reg.index()].clear();
        }
        for (index, place) in state[..REGISTERS].iter_mut().enumerate() {
            if f.clobbers(inst).0 >> index & 1 != 0 {
                place.clear();
            }
        }
        if f.is_safepoint(inst) {
            let listed = self.listed(inst);
            for (index, place) in state.iter_mut().enumerate() {
                let is_slot =
                    |&(_, slot): &(InstIx, u32)| self::place(Location::Slot(slot)) == index;
                if !listed.iter().any(is_slot) {
                    place.retain(|&vreg| !self.is_exact_ref(vreg));
                }
            }
        }
        let operands = f.operands(inst).iter().zip(self.locations(inst));
        for (operand, &location) in operands {
            if operand.constraint.is_def() {
                forget(operand.vreg, state);
                state[place(location)] = vec![operand.vreg];
            }
        }
    }

    fn verify_block(
        &self,
        block: BlockIx,
        mut state: State,
        live_out: &BTreeSet<VReg>,
    ) -> Result<(), Violation> {
        let insts = self.f.block_insts(block);
        let mut live_after = Vec::new();
        let mut live = live_out.clone();
        for inst in insts.clone().rev() {
            live_after.push(live.clone());
            self.step_back(inst, &mut live);
        }
        for inst in insts {
            for &(_, edit) in self.edits(inst) {
                self.verify_edit(inst, edit, &state)?;
                self.apply_edit(edit, &mut state);
            }
            self.verify_places(inst)?;
            self.verify_uses(inst, &state)?;
            let live = live_after.pop().expect("there is one for each instruction");
            self.verify_safepoint(inst, &live, &state)?;
            self.apply_inst(inst, &mut state);
        }
        Ok(())
    }

    fn verify_edit(&self, inst: InstIx, edit: Edit, state: &State) -> Result<(), Violation> {
        let may_write = |reg: PReg| {
            let all = &self.machine.allocatable[reg.class() as usize];
            let is_named = |operand: &Operand| operand.constraint == Constraint::UseFixed(reg);
            all.contains(&reg)
                || self.machine.scratch.contains(&reg)
                || self.f.operands(inst).iter().any(is_named)
        };
        match edit {
            Edit::Move { from, to, vreg } => {
                let info = self.f.vreg(vreg);
                for location in [from, to] {
                    match location {
                        Location::Reg(reg) if reg.class() != info.class => {
                            return fail(inst, format!("{vreg:?} moves through {reg:?}"));
                        }
                        Location::Slot(slot)
                            if !slot.is_multiple_of(u32::from(info.size))
                                || slot + u32::from(info.size) > self.out.frame_size =>
                        {
                            return fail(inst, format!("{vreg:?} can't be in slot {slot}"));
                        }
                        _ => {}
                    }
                }
                match (from, to) {
                    (Location::Slot(_), Location::Slot(_)) => {
                        return fail(inst, "a move from slot to slot".into());
                    }
                    (_, Location::Reg(reg)) if !may_write(reg) => {
                        return fail(inst, format!("a move to {reg:?}"));
                    }
                    _ => {}
                }
                if !state[place(from)].contains(&vreg) {
                    return fail(inst, format!("a move of {vreg:?} that is not in {from:?}"));
                }
            }
            Edit::Swap(a, b) => {
                if a.class() != RegClass::Int || b.class() != RegClass::Int {
                    return fail(inst, "a swap of vectors".into());
                }
                if !may_write(a) || !may_write(b) {
                    return fail(inst, format!("a swap of {a:?} and {b:?}"));
                }
            }
            Edit::Remat { vreg, to } => {
                if !self.f.remat(vreg) || self.f.vreg(vreg).class != to.class() || !may_write(to) {
                    return fail(inst, format!("{vreg:?} can't be made anew in {to:?}"));
                }
            }
        }
        Ok(())
    }

    /// The constraints, whatever the values.
    fn verify_places(&self, inst: InstIx) -> Result<(), Violation> {
        let operands = self.f.operands(inst);
        let locations = self.locations(inst);
        let clobbers = self.f.clobbers(inst);
        let mut results = PRegSet::EMPTY;
        let mut early = PRegSet::EMPTY;
        for (operand, &location) in operands.iter().zip(locations) {
            let vreg = operand.vreg;
            let bad = |why: &str| fail(inst, format!("{vreg:?} is in {location:?}: {why}"));
            let Location::Reg(reg) = location else {
                if operand.constraint != Constraint::UseAny {
                    return bad("not a register");
                }
                continue;
            };
            if reg.class() != self.f.vreg(vreg).class {
                return bad("the wrong class");
            }
            let wanted = match operand.constraint {
                Constraint::UseFixed(wanted) | Constraint::DefFixed(wanted) => Some(wanted),
                _ => None,
            };
            if wanted.is_some_and(|wanted| wanted != reg) {
                return bad("not the one that is asked for");
            }
            if wanted.is_none() && self.machine.scratch.contains(&reg) {
                return bad("the scratch register");
            }
            if !operand.constraint.is_def() {
                continue;
            }
            let all = &self.machine.allocatable[reg.class() as usize];
            if wanted.is_none() && !all.contains(&reg) {
                return bad("not to be allocated");
            }
            if results.contains(reg) {
                return bad("another result is there");
            }
            results = results.with(reg);
            match operand.constraint {
                Constraint::DefEarly => {
                    early = early.with(reg);
                    if clobbers.contains(reg) {
                        return bad("clobbered");
                    }
                }
                Constraint::DefTied(index) if locations[index as usize] != location => {
                    return bad("not with the operand it is tied to");
                }
                _ => {}
            }
        }
        for (operand, &location) in operands.iter().zip(locations) {
            let Location::Reg(reg) = location else {
                continue;
            };
            let vreg = operand.vreg;
            let bad = |why: &str| fail(inst, format!("{vreg:?} is in {location:?}: {why}"));
            if !operand.constraint.is_def() && early.contains(reg) {
                return bad("overwritten early");
            }
            let is_late = operand.constraint == Constraint::UseLate;
            if is_late && (results.contains(reg) || clobbers.contains(reg)) {
                return bad("overwritten before the end");
            }
        }
        Ok(())
    }

    fn verify_uses(&self, inst: InstIx, state: &State) -> Result<(), Violation> {
        let operands = self.f.operands(inst).iter().zip(self.locations(inst));
        for (operand, &location) in operands {
            if operand.constraint.is_def() {
                continue;
            }
            let vreg = operand.vreg;
            let holds = state.get(place(location));
            if !holds.is_some_and(|values| values.contains(&vreg)) {
                return fail(
                    inst,
                    format!("{vreg:?} is not in {location:?}: {holds:?} is"),
                );
            }
        }
        Ok(())
    }

    /// The listed slots hold live references, and all of them.
    fn verify_safepoint(
        &self,
        inst: InstIx,
        live: &BTreeSet<VReg>,
        state: &State,
    ) -> Result<(), Violation> {
        let listed = self.listed(inst);
        if !self.f.is_safepoint(inst) {
            return if listed.is_empty() {
                Ok(())
            } else {
                fail(inst, "slots are listed though it is no safepoint".into())
            };
        }
        let results: Vec<VReg> = self
            .f
            .operands(inst)
            .iter()
            .filter(|operand| operand.constraint.is_def())
            .map(|operand| operand.vreg)
            .collect();
        let lives_on = |vreg: &VReg| live.contains(vreg) && !results.contains(vreg);
        let mut found = BTreeSet::new();
        for &(_, slot) in listed {
            let holds = state.get(place(Location::Slot(slot))).into_iter().flatten();
            let mut living = holds.copied().filter(|vreg| lives_on(vreg)).peekable();
            if living.peek().is_none() {
                return fail(inst, format!("slot {slot} holds no live reference"));
            }
            if listed.iter().filter(|&&(_, other)| other == slot).count() > 1 {
                return fail(inst, format!("slot {slot} is listed twice"));
            }
            found.extend(living);
        }
        for vreg in live.iter().filter(|vreg| lives_on(vreg)) {
            if !found.contains(vreg) {
                return fail(inst, format!("the reference {vreg:?} is in no listed slot"));
            }
        }
        Ok(())
    }
}

fn place(location: Location) -> usize {
    match location {
        Location::Reg(reg) => reg.index(),
        Location::Slot(offset) => REGISTERS + offset as usize / 8,
    }
}

fn forget(vreg: VReg, state: &mut State) {
    for place in state {
        place.retain(|&other| other != vreg);
    }
}

/// Keeps what is known on both ways.
fn meet(known: &mut State, other: &State) -> bool {
    let mut changed = false;
    for (place, other) in known.iter_mut().zip(other) {
        let before = place.len();
        place.retain(|vreg| other.contains(vreg));
        changed |= place.len() != before;
    }
    changed
}
