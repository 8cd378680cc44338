//! Fuel: one unit per operator, charged where a block begins.
//!
//! Blocks begin where the interpreter's do: at the start of the function, behind every operator
//! that opens or closes a control frame, and behind every branch that may not be taken. What a
//! block costs is known at its end; until then its charge is a constant to be replaced. A charge
//! that can't be paid traps before anything is written.

use super::Translator;
use crate::layout::{EXEC_FUEL, class, plain};
use tierra_core::Trap;
use tierra_ir::{Access, BinaryOp, CompareOp, Inst, InstData, Type};

fn cost(bits: u32) -> InstData {
    InstData::Const {
        ty: Type::I64,
        bits: bits.into(),
    }
}

impl Translator<'_> {
    /// Begins a block: from here to the next one, fuel is charged at once.
    pub(super) fn open_fuel(&mut self) {
        if !self.options.fuel {
            return;
        }
        self.close_fuel();
        let exec = self.exec();
        let before = self.load(Access::I64, plain(class::FUEL), exec, EXEC_FUEL);
        let charge: Inst = self.b.push(cost(0));
        let charged = self.b.func.result(charge);
        let left = self.binary(BinaryOp::I64Sub, before, charged);
        let zero = self.i64(0);
        let exhausted = self.compare(CompareOp::I64LtS, left, zero);
        self.trap_if(exhausted, Trap::OutOfFuel);
        self.store(Access::I64, plain(class::FUEL), exec, EXEC_FUEL, left);
        self.fuel = Some((charge, 0));
    }

    /// Ends a block.
    pub(super) fn close_fuel(&mut self) {
        if let Some((charge, units)) = self.fuel.take() {
            self.b.func.replace(charge, cost(units));
        }
    }

    /// Counts an operator.
    #[inline]
    pub(super) fn count_fuel(&mut self) {
        if let Some((_, units)) = &mut self.fuel {
            *units += 1;
        }
    }
}
