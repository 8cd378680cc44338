//! Counting towards the next tier.
//!
//! Every function has a budget in its record. Its entry and the heads of its loops take from it what
//! they are about to cost, in bytes of the body; when it is used up, a stub is called, which decides
//! what is to become of the function and grants more. Several threads may count at once: what gets
//! lost by that doesn't matter.
//!
//! A call through a table or a reference has a cell beside the code. It holds the record of the
//! function that is called; if there was another one, too, its lowest bit is set.

use crate::compiler::Compiler;
use tierra_asm::code::{RECORD_SYMBOLS, SITE_SYMBOL};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Arg, Cc, Mem, Op, Size};
use tierra_core::index::FuncIdx;
use tierra_vm::offsets::{RECORD_BUDGET, RECORD_CALLS};

/// What an entry costs at most: a long function hardly ever runs all of it.
const MAX_ENTRY: usize = 256;
/// What a call costs besides what is called.
const CALL: usize = 8;

/// A field of the record of a function.
pub(crate) const fn record_field(func: FuncIdx, offset: i32) -> Mem {
    Mem::Symbol {
        symbol: RECORD_SYMBOLS + func.0,
        addend: offset,
    }
}

/// The cell of a call.
fn site_cell(index: usize) -> Mem {
    Mem::Symbol {
        symbol: SITE_SYMBOL,
        addend: index as i32 * 8,
    }
}

/// A loop whose rounds are counted, if they are.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    /// Where it begins in the body.
    start: usize,
    /// Where to write what a round costs.
    place: Option<u32>,
    /// [`Compiler::cases`] of the loop around it, so far.
    cases_outside: u32,
}

impl Compiler<'_> {
    /// Counts an entry. The registers of the parameters are in use.
    pub fn count_entry(&mut self) {
        if let Some(counting) = self.options.counting {
            let calls = Arg::M(record_field(self.func, RECORD_CALLS));
            self.asm.emit(Op::Add, Size::D, &[calls, Arg::I(1)]);
            let cost = self.body.len().min(MAX_ENTRY) + CALL;
            self.count(cost as u32, counting.entry);
        }
    }

    /// Counts a round of a loop. What it costs is known at its end.
    pub fn count_round(&mut self, start: usize) -> Round {
        let place = self.options.counting.map(|counting| counting.loop_head);
        Round {
            start,
            place: place.map(|stub| self.count(0x7fff_ffff, stub)),
            cases_outside: core::mem::take(&mut self.cases),
        }
    }

    /// Notes whom a call through a record calls, which is in the scratch register.
    pub fn note_callee(&mut self) {
        if self.options.counting.is_none() {
            return;
        }
        let cell = site_cell(self.out.sites.len());
        self.out.sites.push(self.position);
        self.mr(Op::Cmp, Size::Q, cell, SCRATCH);
        let back = self.asm.label();
        let other = self.cold_callee(cell, back);
        self.asm.jcc(Cc::NE, other);
        self.asm.bind(back);
    }

    fn count(&mut self, cost: u32, stub: u32) -> u32 {
        let budget = record_field(self.func, RECORD_BUDGET);
        self.mi(Op::Sub, Size::D, budget, cost.into());
        let place = self.asm.offset() - 4;
        let back = self.asm.label();
        let label = self.cold_call(stub, back);
        self.asm.jcc(Cc::S, label);
        self.asm.bind(back);
        place
    }

    /// Fills in what a round of a loop costs. One around the cases of an interpreter runs one of them.
    pub fn finish_count(&mut self, round: &Round) {
        if let Some(place) = round.place {
            let cost = (self.at - round.start) as u32 / self.cases.max(1);
            self.asm.overwrite(place, cost.max(1));
        }
        self.cases = self.cases.max(round.cases_outside);
    }
}
