//! Counting towards machine code, and what there is at the head of a loop where it begins.

use super::stack::Kind;
use super::{Translator, Ty};
use crate::operand::Args;
use crate::ops::count::Count;
use crate::osr::{LoopState, Source};
use tierra_core::SlotType;

/// What an entry costs at most, in bytes: a long function hardly ever runs all of it.
const MAX_ENTRY: usize = 256;

impl Translator<'_> {
    /// Counts an entry of the function.
    pub(super) fn count_entry(&mut self) {
        if self.counts {
            let cost = self.body.bytes.len().min(MAX_ENTRY);
            self.emit_count(cost as u32, 0);
        }
    }

    /// Counts a round of the loop whose operator is at hand, if they are counted: gives where to write
    /// what one costs.
    pub(super) fn count_round(&mut self) -> Option<u32> {
        let at = self.body.offset as u32 + self.offset;
        if self.watched == Some(at) {
            self.found = Some(self.describe_state());
        }
        self.counts.then(|| self.emit_count(1, at))
    }

    fn emit_count(&mut self, cost: u32, at: u32) -> u32 {
        let args = Args {
            b: cost,
            ..Args::default()
        };
        let place = self.emit_instr::<Count>(args);
        self.emit_word(self.owner.record(self.func) as u64);
        self.emit_word(at.into());
        place
    }

    /// Fills in what a round of a loop costs that began at an offset in the body and ends here.
    pub(super) fn finish_round(&mut self, place: u32, start: u32) {
        let cost = (self.offset - start).max(1);
        let word = self.word_at(place + 1);
        *word = Args {
            b: cost,
            ..Args::of(*word)
        }
        .word();
    }

    /// What there is at the head of a loop, where the stack has been flushed.
    fn describe_state(&self) -> LoopState {
        let mut found = LoopState::default();
        let mut add = |ty, source| {
            found.state.values.push(slot_type(ty));
            found.sources.push(source);
        };
        for local in &self.locals {
            add(local.ty, Source::Slot(local.slot));
        }
        for entry in &self.stack {
            let source = match entry.kind {
                Kind::Slot => Source::Slot(entry.slot),
                Kind::Const(value) => Source::Const(value),
                Kind::Local(_) | Kind::Acc => unreachable!("the stack was flushed"),
            };
            add(entry.ty, source);
        }
        found
    }
}

fn slot_type(ty: Ty) -> SlotType {
    match ty {
        Ty::I32 => SlotType::I32,
        Ty::I64 | Ty::FuncRef => SlotType::I64,
        Ty::F32 => SlotType::F32,
        Ty::F64 => SlotType::F64,
        Ty::V128 => SlotType::V128,
        Ty::HeapRef => SlotType::Ref,
    }
}
