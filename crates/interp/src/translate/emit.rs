//! Writing instructions.

use super::stack::Operand;
use super::{Result, Translator};
use crate::code::Header;
use crate::dispatch::{Instr, handler};
use crate::operand::{Args, Op};
use crate::ops::branch::Fuel;
use crate::ops::call::Site;
use crate::ops::numeric::CompareId;

/// What the last instruction was, as far as the next operator can use it. A join of control flow
/// makes it `Other`.
#[derive(Clone, Copy)]
pub(super) enum Last {
    Other,
    /// Made the result in the accumulator, or stored it in its `dst`.
    Result {
        pos: u32,
    },
    /// A comparison whose result, or the opposite of it if `negated`, is in the accumulator only.
    Compare {
        pos: u32,
        op: CompareId,
        a: Operand,
        b: Operand,
        negated: bool,
    },
    /// An `i32.and` whose result is in the accumulator only.
    And {
        pos: u32,
        a: Operand,
        b: Operand,
    },
    /// An `i32.add` whose result is in the accumulator only.
    Add {
        pos: u32,
        a: Operand,
        b: Operand,
    },
}

impl Last {
    /// Where the instruction begins that made the last result.
    pub fn result(self) -> Option<u32> {
        match self {
            Last::Other => None,
            Last::Result { pos }
            | Last::Compare { pos, .. }
            | Last::And { pos, .. }
            | Last::Add { pos, .. } => Some(pos),
        }
    }
}

impl Translator<'_> {
    /// Words since the first instruction.
    pub(super) fn pos(&self) -> u32 {
        (self.words.len() - Header::WORDS) as u32
    }

    pub(super) fn word_at(&mut self, pos: u32) -> &mut u64 {
        &mut self.words[pos as usize + Header::WORDS]
    }

    /// Removes the instructions from a position on.
    pub(super) fn truncate(&mut self, pos: u32) {
        self.words.truncate(pos as usize + Header::WORDS);
        self.last = Last::Other;
    }

    /// Notes the operator's place for the instruction that comes next.
    pub(super) fn mark(&mut self) {
        let pos = self.pos();
        match self.offsets.last_mut() {
            Some((last, offset)) if *last >= pos => (*last, *offset) = (pos, self.offset),
            _ => self.offsets.push((pos, self.offset)),
        }
    }

    pub(super) fn emit(&mut self, op: impl Into<Op>, args: Args) -> u32 {
        self.emit_op(op.into(), args)
    }

    fn emit_op(&mut self, op: Op, args: Args) -> u32 {
        let pos = self.pos();
        self.words.extend([op.word(), args.word()]);
        self.last = Last::Other;
        pos
    }

    pub(super) fn emit_instr<I: Instr>(&mut self, args: Args) -> u32 {
        self.emit(handler::<I>(), args)
    }

    pub(super) fn emit_word(&mut self, word: u64) {
        self.words.push(word);
    }

    /// Ends an instruction from which the stack may be walked. `base` and `params` say where the
    /// arguments of a call are.
    pub(super) fn emit_site(&mut self, base: u16, params: u16) {
        let back = self.pos() + 1;
        let site = Site { base, params, back };
        self.words.push(site.word());
        self.note_refs(back);
    }

    /// Begins a block: from here to the next one, fuel is charged at once.
    pub(super) fn open_fuel(&mut self) {
        if self.owner.config.fuel {
            self.close_fuel();
            self.mark();
            let pos = self.emit_instr::<Fuel>(Args::default());
            self.fuel = Some((pos, 0));
        }
    }

    pub(super) fn close_fuel(&mut self) {
        if let Some((pos, cost)) = self.fuel.take() {
            let word = self.word_at(pos + 1);
            *word = Args {
                b: cost,
                ..Args::of(*word)
            }
            .word();
        }
    }

    /// Counts an operator's fuel.
    pub(super) fn count_fuel(&mut self) {
        if let Some((_, cost)) = &mut self.fuel {
            *cost += 1;
        }
    }

    /// Whether an operator is translated at all; counts its fuel.
    pub(super) fn begin_op(&mut self) -> bool {
        if self.reachable {
            self.count_fuel();
        }
        self.reachable
    }

    /// Keeps the number of slots in range.
    pub(super) fn check_height(&mut self) -> Result {
        if self.height > self.max_height {
            self.max_height = self.height;
            if self.height > u32::from(u16::MAX) - 8 {
                return Err(super::TranslateError::TooManySlots);
            }
        }
        Ok(())
    }
}
