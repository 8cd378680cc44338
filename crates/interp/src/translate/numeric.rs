//! Numeric operators: constants folded, operands placed, comparisons kept for a branch to take.

use super::emit::Last;
use super::stack::{Kind, Operand};
use super::{Result, Translator, Ty};
use crate::dispatch::{Handler, handler};
use crate::operand::{Args, Op};
use crate::ops::numeric::*;
use crate::ops::variable::{CLASS, SelectVector};

/// Whether a constant, as a slot holds it, fits the 32 bits of an operand of this type.
fn narrow(ty: Ty, value: u64) -> Option<u32> {
    match ty {
        Ty::I32 | Ty::F32 => Some(value as u32),
        Ty::F64 => {
            let single = f64::from_bits(value) as f32;
            (f64::from(single).to_bits() == value && !single.is_nan()).then(|| single.to_bits())
        }
        _ => (i64::from(value as i32) as u64 == value).then_some(value as u32),
    }
}

/// The mode of a binary instruction, its arguments, and its third word if it has one.
pub(super) fn place(a: Operand, b: Operand, ty: Ty) -> (Mode, Args, Option<u64>) {
    let args = |a: u16, b: u32| Args { dst: 0, a, b };
    match (a, b) {
        (Operand::Slot(a), Operand::Slot(b)) => (Mode::SlotSlot, args(a, b.into()), None),
        (Operand::Acc, Operand::Slot(b)) => (Mode::AccSlot, args(0, b.into()), None),
        (Operand::Slot(a), Operand::Acc) => (Mode::SlotAcc, args(a, 0), None),
        (Operand::Slot(a), Operand::Const(c)) => match narrow(ty, c) {
            Some(b) => (Mode::SlotImm, args(a, b), None),
            None => (Mode::SlotWide, args(a, 0), Some(c)),
        },
        (Operand::Acc, Operand::Const(c)) => match narrow(ty, c) {
            Some(b) => (Mode::AccImm, args(0, b), None),
            None => (Mode::AccWide, args(0, 0), Some(c)),
        },
        (Operand::Const(c), Operand::Slot(a)) => match narrow(ty, c) {
            Some(b) => (Mode::ImmSlot, args(a, b), None),
            None => (Mode::WideSlot, args(a, 0), Some(c)),
        },
        (Operand::Const(c), Operand::Acc) => match narrow(ty, c) {
            Some(b) => (Mode::ImmAcc, args(0, b), None),
            None => (Mode::WideAcc, args(0, 0), Some(c)),
        },
        (Operand::Acc, Operand::Acc) | (Operand::Const(_), Operand::Const(_)) => {
            unreachable!("operands were told apart")
        }
    }
}

impl Translator<'_> {
    pub(super) fn constant(&mut self, value: u64, ty: Ty) -> Result {
        if self.begin_op() {
            self.push(Kind::Const(value), ty)?;
        }
        Ok(())
    }

    pub(super) fn unary(&mut self, id: UnaryId, ty: Ty) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        if id == UnaryId::I32Eqz && self.negate_last() {
            return Ok(());
        }
        let row = &UNARY[id as usize];
        let fallible = (UnaryId::I32TruncF32S as u8..=UnaryId::I32TruncF64U as u8)
            .contains(&(id as u8))
            || (UnaryId::I64TruncF32S as u8..=UnaryId::I64TruncF64U as u8).contains(&(id as u8));
        let before = self.last;
        let Some((pos, a)) = self.unary_row(row.ops(), Some(row.fold), ty, fallible)? else {
            return Ok(());
        };
        match (id, before, a) {
            // Comparisons of floats have no opposite, but branches can be taken when they fail.
            (
                UnaryId::I32Eqz,
                Last::Compare {
                    pos,
                    op,
                    a,
                    b,
                    negated,
                },
                Operand::Acc,
            ) => {
                let negated = !negated;
                self.last = Last::Compare {
                    pos,
                    op,
                    a,
                    b,
                    negated,
                };
            }
            (UnaryId::I32Eqz, ..) => self.note_test(pos, CompareId::I32Eq, a),
            (UnaryId::I64Eqz, ..) => self.note_test(pos, CompareId::I64Eq, a),
            _ => {}
        }
        Ok(())
    }

    /// The instruction at `pos` compares its operand with zero.
    pub(super) fn note_test(&mut self, pos: u32, op: CompareId, a: Operand) {
        let b = Operand::Const(0);
        self.last = Last::Compare {
            pos,
            op,
            a,
            b,
            negated: false,
        };
    }

    /// Instructions by operand (slot, accumulator), then destination. Gives the instruction and its
    /// operand, unless the result was folded.
    pub(super) fn unary_row(
        &mut self,
        ops: [[Op; 2]; 2],
        fold: Option<fn(u64) -> Option<u64>>,
        ty: Ty,
        may_trap: bool,
    ) -> Result<Option<(u32, Operand)>> {
        let mut entry = self.pop();
        if let Kind::Const(value) = entry.kind {
            if let Some(result) = fold.and_then(|fold| fold(value)) {
                self.push(Kind::Const(result), ty)?;
                return Ok(None);
            }
            self.emit_copy(entry.slot, Operand::Const(value), entry.ty);
            entry.kind = Kind::Slot;
        }
        if may_trap {
            self.mark();
        }
        let operand = self.operand(entry);
        let pos = match operand {
            Operand::Slot(a) => self.emit_result(
                ops[0],
                Args {
                    a,
                    ..Args::default()
                },
                ty,
            )?,
            _ => self.emit_result(ops[1], Args::default(), ty)?,
        };
        Ok(Some((pos, operand)))
    }

    /// Pops two operands that an instruction can name: not both constants, not both the
    /// accumulator. `Err` is the result of folding.
    pub(super) fn two_operands(
        &mut self,
        fold: fn(u64, u64) -> Option<u64>,
    ) -> core::result::Result<(Operand, Operand, Ty), u64> {
        let b = self.pop();
        let mut a = self.pop();
        if let (Kind::Const(x), Kind::Const(y)) = (a.kind, b.kind) {
            if let Some(result) = fold(x, y) {
                return Err(result);
            }
            self.emit_copy(a.slot, Operand::Const(x), a.ty);
            a.kind = Kind::Slot;
        }
        let (mut left, right) = (self.operand(a), self.operand(b));
        if (left, right) == (Operand::Acc, Operand::Acc) {
            let class = a.ty.class().expect("scalars");
            let slot = self
                .cached_slot(class)
                .expect("one value can't be pending twice");
            left = Operand::Slot(slot);
        }
        Ok((left, right, a.ty))
    }

    pub(super) fn binary(&mut self, id: BinaryId, ty: Ty) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let row = &BINARY[id as usize];
        let (mut a, mut b, operand_ty) = match self.two_operands(row.fold) {
            Ok(operands) => operands,
            Err(result) => return self.push(Kind::Const(result), ty),
        };
        if row.commutes && matches!(a, Operand::Const(_)) {
            core::mem::swap(&mut a, &mut b);
        }
        use BinaryId::*;
        if matches!(
            id,
            I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU
        ) {
            self.mark();
        }
        let (mode, args, word) = place(a, b, operand_ty);
        let pos = self.emit_result(row.ops(mode), args, ty)?;
        if let Some(word) = word {
            self.emit_word(word);
        }
        match id {
            I32And => self.last = Last::And { pos, a, b },
            I32Add => self.last = Last::Add { pos, a, b },
            _ => {}
        }
        Ok(())
    }

    pub(super) fn compare(&mut self, op: CompareId) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let row = &COMPARE[op as usize];
        match self.two_operands(row.fold) {
            Ok((a, b, ty)) => self.emit_compare(op, a, b, ty),
            Err(result) => self.push(Kind::Const(result), Ty::I32),
        }
    }

    pub(super) fn emit_compare(&mut self, op: CompareId, a: Operand, b: Operand, ty: Ty) -> Result {
        let (op, a, b) = if matches!(a, Operand::Const(_)) {
            (op.swap(), b, a)
        } else {
            (op, a, b)
        };
        let (mode, args, word) = place(a, b, ty);
        let pos = self.emit_result(COMPARE[op as usize].ops(mode), args, Ty::I32)?;
        if let Some(word) = word {
            self.emit_word(word);
        }
        self.last = Last::Compare {
            pos,
            op,
            a,
            b,
            negated: false,
        };
        Ok(())
    }

    /// `i32.eqz` behind a comparison is the opposite comparison.
    fn negate_last(&mut self) -> bool {
        let Last::Compare {
            pos,
            op,
            a,
            b,
            negated: false,
        } = self.last
        else {
            return false;
        };
        let pending = self
            .stack
            .last()
            .is_some_and(|e| e.kind == Kind::Acc && e.ty == Ty::I32);
        let Some(negated) = op.negate().filter(|_| pending) else {
            return false;
        };
        self.pop();
        self.truncate(pos);
        self.forget(0);
        self.emit_compare(negated, a, b, compare_ty(op)).is_ok()
    }

    /// `select`; the result has the type of the operands.
    pub(super) fn select(&mut self) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let ty = self.stack[self.stack.len() - 2].ty;
        let Some(class) = ty.class() else {
            let condition = self.pop_slot();
            let b = self.pop_slot().into();
            let a = self.pop_slot();
            self.emit_slot_result(handler::<SelectVector>(), Args { dst: 0, a, b }, ty)?;
            self.emit_word(condition.into());
            return Ok(());
        };
        if matches!(self.stack[self.stack.len() - 1].kind, Kind::Const(_)) {
            self.flush_top(1);
        }
        let condition = self.pop();
        let condition = self.operand(condition);
        let b = self.pop_slot().into();
        let a = self.pop_slot();
        let args = Args { dst: 0, a, b };
        match condition {
            Operand::Slot(slot) => {
                self.emit_result(CLASS[class].select[0], args, ty)?;
                self.emit_word(slot.into());
            }
            _ => {
                self.emit_result(CLASS[class].select[1], args, ty)?;
            }
        }
        Ok(())
    }

    /// The operators of 128-bit arithmetic: operands and results in canonical slots.
    pub(super) fn wide(&mut self, handler: Handler, operands: usize) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        self.flush_top(operands);
        for _ in 0..operands {
            self.pop();
        }
        let dst = self.height as u16;
        self.emit(
            handler,
            Args {
                dst,
                ..Args::default()
            },
        );
        self.written(dst, 2);
        self.push(Kind::Slot, Ty::I64)?;
        self.push(Kind::Slot, Ty::I64)
    }
}

/// The type of a comparison's operands.
pub(super) fn compare_ty(op: CompareId) -> Ty {
    macro_rules! table {
        ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident,
            swap $swap:ident $swap_f:ident, negate $negate:ident $negate_f:ident;)*) => {
            match op { $(CompareId::$op => Ty::$a,)* }
        };
    }
    tierra_core::for_each_compare!(table)
}
