//! Calls of builtins. Their operands are in a piece of the frame, one for the whole function, as
//! slots of 8 bytes; so are their results.

use super::Translator;
use crate::layout::{EXEC_BUILTINS, class, plain};
use tierra_ir::{
    Access, CallConv, Callee, Effects, InstData, SigRef, Signature, Type, UnaryOp, Value,
};
use tierra_vm::builtins::Builtin;

/// The immediate operands of a builtin.
#[derive(Clone, Copy, Default)]
pub(super) struct Immediates {
    pub a: u32,
    pub b: u32,
    pub c: u64,
}

/// Immediate operands.
pub(super) fn imm(a: impl Into<u32>, b: u32, c: impl Into<u64>) -> Immediates {
    Immediates {
        a: a.into(),
        b,
        c: c.into(),
    }
}

/// The bytes of a value's slots.
fn slot_bytes(ty: Type) -> u32 {
    if ty == Type::V128 { 16 } else { 8 }
}

impl Translator<'_> {
    /// The address of the operands.
    pub(super) fn operands(&mut self) -> Value {
        let slot = match self.slot {
            Some(slot) => slot,
            None => *self.slot.insert(self.b.func.new_slot(0)),
        };
        self.b.value(InstData::SlotAddress(slot))
    }

    /// Writes values to consecutive slots from `offset` bytes on; gives the bytes then in use.
    pub(super) fn put_operand(&mut self, at: Value, offset: u32, value: Value) -> u32 {
        let ty = self.b.func.ty(value);
        let wide = match ty {
            Type::I64 | Type::F64 | Type::V128 => value,
            Type::I32 => self.unary(UnaryOp::I64ExtendI32U, value),
            Type::F32 => {
                let bits = self.unary(UnaryOp::I32ReinterpretF32, value);
                self.unary(UnaryOp::I64ExtendI32U, bits)
            }
            Type::Ref => {
                let bits = self.b.value(InstData::RefToBits(value));
                self.unary(UnaryOp::I64ExtendI32U, bits)
            }
        };
        let access = Access::of(self.b.func.ty(wide));
        self.store(access, plain(class::SLOT), at, offset as i32, wide);
        let end = offset + slot_bytes(ty);
        self.slot_bytes = self.slot_bytes.max(end);
        end
    }

    /// Reads a value from the slot at an offset; gives it and the offset of the next one.
    pub(super) fn get_operand(&mut self, at: Value, offset: u32, ty: Type) -> (Value, u32) {
        let value = self.load(Access::of(ty), plain(class::SLOT), at, offset as i32);
        let end = offset + slot_bytes(ty);
        self.slot_bytes = self.slot_bytes.max(end);
        (value, end)
    }

    fn builtin_signature(&mut self) -> SigRef {
        if let Some(sig) = self.builtin_sig {
            return sig;
        }
        let sig = self.b.func.new_signature(Signature {
            params: vec![Type::I64, Type::I64, Type::I32, Type::I32, Type::I64],
            results: Vec::new(),
            conv: CallConv::Builtin,
        });
        *self.builtin_sig.insert(sig)
    }

    /// The pieces of a call of a builtin whose operands are in their slots.
    fn builtin_call(
        &mut self,
        builtin: Builtin,
        at: Value,
        immediates: Immediates,
    ) -> (SigRef, Callee, tierra_ir::ValueList) {
        let exec = self.exec();
        let table = self.constant_address(exec, EXEC_BUILTINS);
        let callee = self.constant_address(table, builtin as i32 * 8);
        let Immediates { a, b, c } = immediates;
        let (a, b, c) = (self.i32(a), self.i32(b), self.i64(c));
        let args = self.b.func.list(&[self.context, at, a, b, c]);
        // Builtins without results still write their slots: there is at least one.
        self.slot_bytes = self.slot_bytes.max(8);
        (self.builtin_signature(), Callee::Address(callee), args)
    }

    /// Calls a builtin with these operands; gives the address of its results.
    pub(super) fn call_builtin(
        &mut self,
        builtin: Builtin,
        immediates: Immediates,
        operands: &[Value],
    ) -> Value {
        let at = self.operands();
        let mut offset = 0;
        for value in operands {
            offset = self.put_operand(at, offset, *value);
        }
        let (sig, callee, args) = self.builtin_call(builtin, at, immediates);
        self.b.push(InstData::Call {
            sig,
            effects: Effects::All,
            callee,
            args,
        });
        at
    }

    /// Throws the exception that is the first operand already.
    pub(super) fn throw_operand(&mut self, at: Value) -> super::Result {
        let (sig, callee, args) = self.builtin_call(Builtin::Throw, at, Immediates::default());
        self.call_throwing(sig, callee, args)?;
        self.trap_here(tierra_core::Trap::Unreachable);
        Ok(())
    }

    /// An operator that a builtin does: operands from the stack, the result onto it.
    pub(super) fn builtin(
        &mut self,
        builtin: Builtin,
        count: usize,
        immediates: Immediates,
        result: Option<Type>,
    ) {
        let mut operands = core::mem::take(&mut self.s.values);
        operands.clear();
        operands.extend_from_slice(self.top(count));
        self.pop_many(count);
        let at = self.call_builtin(builtin, immediates, &operands);
        self.s.values = operands;
        if let Some(ty) = result {
            let (value, _) = self.get_operand(at, 0, ty);
            self.push(value);
        }
    }
}
