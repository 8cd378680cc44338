//! The operand stack of translation, and the accumulators.
//!
//! # Results and the accumulator
//!
//! Every instruction with a result leaves it in the accumulator of its class; its second form
//! stores it in a slot too. A result is emitted in the first form and its entry is `Acc`:
//! *pending*. Either its consumer takes it from the accumulator, or something else is about to
//! change the accumulator, or needs the value in its slot: then the instruction that made it is
//! patched into its second form. Nothing can have read the canonical slot in between, since the
//! slot belongs to this entry alone.
//!
//! An accumulator is also a cache: while it holds what a slot holds, that slot is read from it.

use super::emit::Last;
use super::{Class, NO_ENTRY, Result, Translator, Ty};
use crate::code::NO_NODE;
use crate::dispatch::{Handler, handler};
use crate::operand::{Args, Op};
use crate::ops::variable::{CLASS, Const32, Const64, Copy1, CopySpan};

/// An entry of the operand stack.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub kind: Kind,
    pub ty: Ty,
    /// The canonical slot.
    pub slot: u16,
    /// The next entry below that stands for the same local.
    pub link: u32,
}

/// Where the value of an entry is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In its canonical slot.
    Slot,
    /// In a local.
    Local(u32),
    /// A constant, as a slot holds it.
    Const(u64),
    /// In the accumulator only.
    Acc,
}

/// What an instruction takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operand {
    Slot(u16),
    Acc,
    Const(u64),
}

/// What is known of an accumulator.
#[derive(Clone, Copy, Default)]
pub(super) struct Accumulator {
    /// The slot that holds the same value.
    slot: Option<u16>,
    /// The entry whose value is nowhere else.
    pending: Option<Pending>,
}

#[derive(Clone, Copy)]
struct Pending {
    entry: u32,
    /// The instruction that made it.
    pos: u32,
    /// Its handler that stores the value as well.
    to_slot: Op,
}

impl Translator<'_> {
    /// Pushes an entry of the next canonical slot.
    pub(super) fn push(&mut self, kind: Kind, ty: Ty) -> Result {
        let index = self.stack.len() as u32;
        let mut link = NO_ENTRY;
        if let Kind::Local(local) = kind {
            link = core::mem::replace(&mut self.locals[local as usize].alias, index);
        }
        if ty == Ty::HeapRef {
            self.refs.push((index, None));
        }
        self.stack.push(Entry {
            kind,
            ty,
            slot: self.height as u16,
            link,
        });
        self.height += ty.slots();
        self.check_height()
    }

    /// Removes the top entry. A pending result stays in the accumulator until that changes.
    pub(super) fn pop(&mut self) -> Entry {
        let entry = self.stack.pop().expect("validation balances the stack");
        let index = self.stack.len();
        self.height -= entry.ty.slots();
        self.flushed = self.flushed.min(index);
        if let Kind::Local(local) = entry.kind {
            self.locals[local as usize].alias = entry.link;
        }
        if entry.ty == Ty::HeapRef {
            self.refs.pop();
        }
        if entry.kind == Kind::Acc {
            self.accumulator(entry.ty).pending = None;
        }
        entry
    }

    /// Drops entries down to a number of them.
    pub(super) fn drop_to(&mut self, len: usize) {
        while self.stack.len() > len {
            self.pop();
        }
    }

    fn accumulator(&mut self, ty: Ty) -> &mut Accumulator {
        &mut self.accumulators[ty.class().expect("vectors have no accumulator")]
    }

    /// Where an instruction finds the value of an entry that was popped.
    pub(super) fn operand(&self, entry: Entry) -> Operand {
        let slot = match entry.kind {
            Kind::Const(value) => return Operand::Const(value),
            Kind::Acc => return Operand::Acc,
            Kind::Slot => entry.slot,
            Kind::Local(local) => self.locals[local as usize].slot,
        };
        match entry.ty.class() {
            Some(class) if self.accumulators[class].slot == Some(slot) => Operand::Acc,
            _ => Operand::Slot(slot),
        }
    }

    /// A slot was filled with what the accumulator of a class holds.
    pub(super) fn cache(&mut self, class: Class, slot: u16) {
        self.accumulators[class].slot = Some(slot);
    }

    /// The instruction that filled the accumulator is gone; what it held before isn't known.
    pub(super) fn forget(&mut self, class: Class) {
        self.accumulators[class] = Accumulator::default();
    }

    /// The slot of a value that the accumulator caches.
    pub(super) fn cached_slot(&self, class: Class) -> Option<u16> {
        self.accumulators[class].slot
    }

    /// Stores the pending result of a class: nothing else has it.
    pub(super) fn spill(&mut self, class: Class) {
        if let Some(pending) = self.accumulators[class].pending.take() {
            let entry = &mut self.stack[pending.entry as usize];
            entry.kind = Kind::Slot;
            let slot = entry.slot;
            self.patch(pending.pos, pending.to_slot, slot);
            self.accumulators[class].slot = Some(slot);
        }
    }

    /// Makes an instruction store its result.
    fn patch(&mut self, pos: u32, to_slot: Op, slot: u16) {
        *self.word_at(pos) = to_slot.word();
        let args = self.word_at(pos + 1);
        *args = Args {
            dst: slot,
            ..Args::of(*args)
        }
        .word();
        // A comparison and what negates it begin before the last instruction.
        if self.last.result().is_some_and(|first| first <= pos) {
            self.last = Last::Result { pos };
        }
    }

    /// Something is about to change all accumulators.
    pub(super) fn clobber(&mut self) {
        for class in 0..3 {
            self.spill(class);
            self.accumulators[class].slot = None;
        }
    }

    /// Control flow joins here: nothing is known of the accumulators or of the instruction
    /// before. Entries have been flushed.
    pub(super) fn join(&mut self) {
        self.accumulators = Default::default();
        self.last = Last::Other;
    }

    /// A slot was written: accumulators no longer hold what it holds.
    pub(super) fn written(&mut self, slot: u16, slots: u32) {
        for accumulator in &mut self.accumulators {
            if accumulator
                .slot
                .is_some_and(|s| s >= slot && u32::from(s - slot) < slots)
            {
                accumulator.slot = None;
            }
        }
    }

    /// Emits an instruction with a scalar result, by destination: accumulator, slot. What it
    /// takes has been popped.
    pub(super) fn emit_result(
        &mut self,
        ops: [impl Into<Op>; 2],
        args: Args,
        ty: Ty,
    ) -> Result<u32> {
        self.emit_result_op(ops.map(Into::into), args, ty)
    }

    fn emit_result_op(&mut self, ops: [Op; 2], args: Args, ty: Ty) -> Result<u32> {
        let class = ty.class().expect("vectors have results of their own");
        self.spill(class);
        let pos = self.emit(ops[0], args);
        let entry = self.stack.len() as u32;
        self.accumulators[class] = Accumulator {
            slot: None,
            pending: Some(Pending {
                entry,
                pos,
                to_slot: ops[1],
            }),
        };
        self.push(Kind::Acc, ty)?;
        self.last = Last::Result { pos };
        Ok(pos)
    }

    /// Emits an instruction whose result goes to a slot only. `accumulates` tells that it leaves
    /// a scalar in the accumulator as well.
    pub(super) fn emit_slot_result(&mut self, handler: Handler, args: Args, ty: Ty) -> Result<u32> {
        if let Some(class) = ty.class() {
            self.spill(class);
        }
        let dst = self.height as u16;
        let pos = self.emit(handler, Args { dst, ..args });
        self.written(dst, ty.slots());
        if let Some(class) = ty.class() {
            self.accumulators[class] = Accumulator {
                slot: Some(dst),
                pending: None,
            };
        }
        self.push(Kind::Slot, ty)?;
        self.last = Last::Result { pos };
        Ok(pos)
    }

    /// `dst` = an operand; nothing if it is there. Accumulators keep their values.
    pub(super) fn emit_copy(&mut self, dst: u16, from: Operand, ty: Ty) {
        match from {
            Operand::Slot(a) if a == dst => return,
            Operand::Slot(a) if ty == Ty::V128 => {
                self.emit(handler::<CopySpan>(), Args { dst, a, b: 2 });
            }
            Operand::Slot(a) => {
                self.emit(handler::<Copy1>(), Args { dst, a, b: 0 });
            }
            Operand::Acc => {
                let class = ty.class().expect("vectors are in slots");
                if self.accumulators[class].slot == Some(dst) {
                    return;
                }
                self.emit(
                    CLASS[class].copy_acc,
                    Args {
                        dst,
                        ..Args::default()
                    },
                );
            }
            Operand::Const(value) => match u32::try_from(value) {
                Ok(b) => {
                    self.emit(handler::<Const32>(), Args { dst, a: 0, b });
                }
                Err(_) => {
                    self.emit(
                        handler::<Const64>(),
                        Args {
                            dst,
                            ..Args::default()
                        },
                    );
                    self.emit_word(value);
                }
            },
        }
        self.written(dst, ty.slots());
    }

    /// Puts an entry of the stack into its canonical slot. Entries are flushed from the top
    /// down, so that one that stands for a local is the first in its chain.
    pub(super) fn flush_entry(&mut self, index: usize) {
        let entry = self.stack[index];
        match entry.kind {
            Kind::Slot => return,
            Kind::Acc => {
                let class = entry.ty.class().expect("vectors are in slots");
                return self.spill(class);
            }
            Kind::Local(local) => {
                let local = &mut self.locals[local as usize];
                debug_assert_eq!(local.alias, index as u32);
                local.alias = entry.link;
            }
            Kind::Const(_) => {}
        }
        let from = self.operand(entry);
        self.stack[index].kind = Kind::Slot;
        self.emit_copy(entry.slot, from, entry.ty);
    }

    /// Puts the top entries into their canonical slots, constants too.
    pub(super) fn flush_top(&mut self, count: usize) {
        for index in (self.stack.len() - count..self.stack.len()).rev() {
            self.flush_entry(index);
        }
    }

    /// Puts every entry that isn't a number into its canonical slot: before control flow forks,
    /// since what follows on one way must not be undone by the other. A null reference, too: a
    /// site behind the fork would otherwise store it on its own way only.
    pub(super) fn flush_all(&mut self) {
        for index in (self.flushed..self.stack.len()).rev() {
            let entry = self.stack[index];
            if entry.ty == Ty::HeapRef || !matches!(entry.kind, Kind::Const(_)) {
                self.flush_entry(index);
            }
        }
        self.flushed = self.stack.len();
    }

    /// Removes the top entry and gives the slot that holds it.
    pub(super) fn pop_slot(&mut self) -> u16 {
        let index = self.stack.len() - 1;
        if !matches!(self.stack[index].kind, Kind::Local(_)) {
            self.flush_entry(index);
        }
        let entry = self.pop();
        match entry.kind {
            Kind::Local(local) => self.locals[local as usize].slot,
            _ => entry.slot,
        }
    }

    /// A value is about to be put into a local: entries that stand for it get their own copy.
    fn preserve(&mut self, local: u32) -> bool {
        let Local { slot, ty, alias } = self.locals[local as usize];
        let mut index = core::mem::replace(&mut self.locals[local as usize].alias, NO_ENTRY);
        let any = alias != NO_ENTRY;
        while index != NO_ENTRY {
            let entry = &mut self.stack[index as usize];
            entry.kind = Kind::Slot;
            let dst = entry.slot;
            index = entry.link;
            let class = ty.class();
            let cached = class.is_some_and(|c| self.accumulators[c].slot == Some(slot));
            self.emit_copy(
                dst,
                if cached {
                    Operand::Acc
                } else {
                    Operand::Slot(slot)
                },
                ty,
            );
        }
        any
    }

    /// `local.set`
    pub(super) fn local_set(&mut self, index: u32) {
        let entry = self.stack[self.stack.len() - 1];
        let pending = entry.ty.class().and_then(|c| self.accumulators[c].pending);
        let last = self.last.result();
        let entry_index = self.stack.len() as u32 - 1;
        let value = self.pop();
        if entry.kind == Kind::Local(index) {
            return;
        }
        let preserved = self.preserve(index);
        let Local { slot, ty, .. } = self.locals[index as usize];
        match (entry.kind, pending) {
            // The instruction just emitted made the value: it can put it here.
            (Kind::Acc, Some(p)) if p.entry == entry_index && last == Some(p.pos) && !preserved => {
                self.patch(p.pos, p.to_slot, slot);
                self.written(slot, 1);
                self.accumulator(ty).slot = Some(slot);
            }
            (Kind::Slot, _) if last.is_some() && !preserved && self.makes(last, entry.slot) => {
                let args = self.word_at(last.expect("checked") + 1);
                *args = Args {
                    dst: slot,
                    ..Args::of(*args)
                }
                .word();
                let class = ty.class();
                let cached = class.is_some_and(|c| self.accumulators[c].slot == Some(entry.slot));
                self.written(slot, ty.slots());
                if cached {
                    self.accumulator(ty).slot = Some(slot);
                }
            }
            _ => {
                let from = self.operand(value);
                self.emit_copy(slot, from, ty);
                if from == Operand::Acc {
                    self.accumulator(ty).slot = Some(slot);
                }
            }
        }
        self.last = Last::Other;
    }

    /// Whether the last instruction is one that stored its result in this slot.
    fn makes(&mut self, last: Option<u32>, slot: u16) -> bool {
        last.is_some_and(|pos| {
            matches!(self.last, Last::Result { .. }) && Args::of(*self.word_at(pos + 1)).dst == slot
        })
    }

    /// `local.get`
    pub(super) fn local_get(&mut self, index: u32) -> Result {
        let ty = self.locals[index as usize].ty;
        self.push(Kind::Local(index), ty)
    }

    /// `local.tee`
    pub(super) fn local_tee(&mut self, index: u32) -> Result {
        let kind = self.stack[self.stack.len() - 1].kind;
        self.local_set(index);
        match kind {
            Kind::Const(_) => {
                let ty = self.locals[index as usize].ty;
                self.push(kind, ty)
            }
            _ => self.local_get(index),
        }
    }

    /// Heap references among the operands must be found at a site: all go to their slots.
    pub(super) fn flush_refs(&mut self) {
        if self.refs.last().is_some_and(|(_, node)| node.is_none()) {
            self.flush_all();
        }
    }

    /// Notes which operand slots hold heap references at a site.
    pub(super) fn note_refs(&mut self, site: u32) {
        let Some((_, top)) = self.refs.last() else {
            return;
        };
        if top.is_none() {
            let known = self.refs.iter().rposition(|(_, node)| node.is_some());
            let mut below = known.map_or(NO_NODE, |i| self.refs[i].1.expect("it has one"));
            for i in known.map_or(0, |i| i + 1)..self.refs.len() {
                let entry = self.stack[self.refs[i].0 as usize];
                debug_assert!(entry.kind == Kind::Slot);
                let node = self.ref_nodes.len() as u32;
                self.ref_nodes.push((entry.slot, below));
                self.refs[i].1 = Some(node);
                below = node;
            }
        }
        let (_, top) = self.refs[self.refs.len() - 1];
        self.ref_sites
            .push((site, top.expect("every reference has a node by now")));
    }
}

use super::Local;
