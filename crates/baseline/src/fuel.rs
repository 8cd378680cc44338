//! Fuel: one unit per operator, charged where a block begins.
//!
//! Blocks begin where the interpreter's do: at the start of the function, behind every operator
//! that opens or closes a control frame, and behind every branch that may not be taken. What a
//! block costs is known at its end; until then its charge is a constant to be filled in. A charge
//! that can't be paid is taken back and traps.

use crate::compiler::Compiler;
use crate::emit::at;
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Cc, Op, Size};
use tierra_vm::offsets::EXEC_FUEL;

/// A charge whose amount isn't known yet.
#[derive(Clone, Copy)]
pub(crate) struct Charge {
    /// Where the amount is to be written.
    at: u32,
    /// The number of the cold code that takes it back.
    cold: usize,
    units: u32,
}

impl Compiler<'_> {
    /// Begins a block: from here to the next one, fuel is charged at once.
    pub fn open_fuel(&mut self) {
        if !self.options.fuel {
            return;
        }
        self.close_fuel();
        self.load_exec();
        // A number of four bytes, which are the instruction's last.
        self.mi(Op::Sub, Size::Q, at(SCRATCH, EXEC_FUEL), 0x7fff_ffff);
        let place = self.asm.offset() - 4;
        let (label, cold) = self.cold_fuel();
        self.asm.jcc(Cc::S, label);
        let units = 0;
        self.fuel = Some(Charge {
            at: place,
            cold,
            units,
        });
    }

    /// Ends a block.
    pub fn close_fuel(&mut self) {
        if let Some(Charge { at, cold, units }) = self.fuel.take() {
            self.asm.overwrite(at, units);
            self.set_cold_fuel(cold, units);
        }
    }

    /// Counts an operator.
    #[inline(always)]
    pub fn count_fuel(&mut self) {
        if let Some(charge) = &mut self.fuel {
            charge.units += 1;
        }
    }
}
