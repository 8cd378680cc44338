//! Numeric operators: every one is an instruction of the same name.

use super::Translator;
use tierra_ir::{InstData, Type, UnaryOp, Value, WideOp};

impl Translator<'_> {
    pub(super) fn constant(&mut self, ty: Type, bits: u64) {
        let value = self.b.value(InstData::Const { ty, bits });
        self.push(value);
    }

    pub(super) fn visit_unary_op(&mut self, op: UnaryOp) {
        let arg = self.pop();
        let value = self.unary(op, arg);
        self.push(value);
    }

    /// An operator of two operands.
    pub(super) fn visit_two(&mut self, make: impl FnOnce([Value; 2]) -> InstData) {
        let b = self.pop();
        let a = self.pop();
        let value = self.b.value(make([a, b]));
        self.push(value);
    }

    pub(super) fn visit_wide_op(&mut self, op: WideOp) {
        let count = op.args().len();
        let len = self.s.stack.len();
        let args = self.b.func.list(&self.s.stack[len - count..]);
        self.pop_many(count);
        let inst = self.b.push(InstData::Wide { op, args });
        let results = self.b.func.results(inst);
        self.s.stack.extend(results);
    }

    pub(super) fn select(&mut self) {
        let cond = self.pop();
        self.visit_two(|args| InstData::Select { cond, args });
    }
}
