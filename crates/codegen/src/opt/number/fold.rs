//! Folding of constants, and the forms in which operands stand.

use super::Walk;
use super::relation::Relation;
use crate::opt::rewrite::{Graph, Outcome};
use tierra_ir::{CompareOp, InstData, Type, UnaryOp, Value, VectorOp};

/// Whether the bits are those of a NaN.
fn is_nan(ty: Type, bits: u64) -> bool {
    match ty {
        Type::F32 => f32::from_bits(bits as u32).is_nan(),
        Type::F64 => f64::from_bits(bits).is_nan(),
        _ => false,
    }
}

/// Operators that say what bits a NaN has.
const fn keeps_nan(op: UnaryOp) -> bool {
    use UnaryOp::*;
    matches!(
        op,
        F32ReinterpretI32 | F64ReinterpretI64 | F32Neg | F64Neg | F32Abs | F64Abs
    )
}

impl Walk<'_> {
    /// What a pure instruction can be replaced by, if anything. One step: the result is offered
    /// again.
    pub(super) fn simplify(&mut self, data: &InstData) -> Option<Outcome> {
        self.canonical(data)
            .or_else(|| self.fold(data))
            .or_else(|| self.decide(data))
            .or_else(|| {
                let rules = self.rules;
                self.budget = self.budget.checked_sub(1)?;
                rules.apply(self, data)
            })
    }

    /// The order of operands that may change places: constants last, else older values first.
    fn canonical(&self, data: &InstData) -> Option<Outcome> {
        let is_const = |value: Value| self.func.as_const(value).is_some();
        let swap = |[a, b]: [Value; 2]| match (is_const(a), is_const(b)) {
            (true, false) => true,
            (false, true) => false,
            _ => a > b,
        };
        match *data {
            InstData::Binary { op, args } if op.commutes() && swap(args) => {
                Some(Outcome::Data(InstData::Binary {
                    op,
                    args: [args[1], args[0]],
                }))
            }
            InstData::Compare { op, args } if swap(args) => {
                Some(Outcome::Data(InstData::Compare {
                    op: op.swap(),
                    args: [args[1], args[0]],
                }))
            }
            _ => None,
        }
    }

    fn fold(&self, data: &InstData) -> Option<Outcome> {
        let bits = |value: Value| self.func.as_const(value).map(u128::from);
        let result = match *data {
            InstData::Unary { op, arg } => {
                let result = op.eval(bits(arg)?).ok()? as u64;
                (!is_nan(op.result(), result) || keeps_nan(op)).then_some(result)
            }
            InstData::Binary { op, args } => {
                let result = op.eval(bits(args[0])?, bits(args[1])?).ok()? as u64;
                (!is_nan(op.result(), result)).then_some(result)
            }
            InstData::Compare { op, args } => Some(op.eval(bits(args[0])?, bits(args[1])?) as u64),
            _ => None,
        };
        result.map(Outcome::Bits)
    }

    /// What ranges and relations decide, and what holds of choices whatever their type.
    fn decide(&mut self, data: &InstData) -> Option<Outcome> {
        match *data {
            InstData::Compare { op, args } => {
                let truth = self.relation(args).decides(Relation::of(op)?)?;
                Some(Outcome::Bits(truth.into()))
            }
            InstData::Unary {
                op: op @ (UnaryOp::I32Eqz | UnaryOp::I64Eqz),
                arg,
            } => {
                if let Some(truth) = self.truth(arg) {
                    return Some(Outcome::Bits((!truth).into()));
                }
                match *self.func.data(self.func.def_inst(arg)?) {
                    InstData::Compare { op: inner, args } if op == UnaryOp::I32Eqz => {
                        let op = inner.negate()?;
                        Some(Outcome::Data(InstData::Compare { op, args }))
                    }
                    _ => None,
                }
            }
            InstData::Select { cond, args } => {
                if args[0] == args[1] {
                    return Some(Outcome::Value(args[0]));
                }
                if let Some(truth) = self.truth(cond) {
                    return Some(Outcome::Value(if truth { args[0] } else { args[1] }));
                }
                let (simpler, kept) = self.strip(cond)?;
                let args = if kept { args } else { [args[1], args[0]] };
                let cond = simpler;
                Some(Outcome::Data(InstData::Select { cond, args }))
            }
            _ => None,
        }
    }

    /// A simpler condition than this one, and whether it holds when this one does.
    pub(super) fn strip(&self, cond: Value) -> Option<(Value, bool)> {
        match *self.func.data(self.func.def_inst(cond)?) {
            InstData::Unary {
                op: UnaryOp::I32Eqz,
                arg,
            } => Some((arg, false)),
            InstData::Compare {
                op: CompareOp::I32Ne,
                args,
            } if self.func.as_const(args[1]) == Some(0) => Some((args[0], true)),
            _ => None,
        }
    }

    /// A vector whose lanes are one constant is a constant.
    pub(super) fn fold_vector(&mut self, data: &InstData) -> Option<InstData> {
        use VectorOp::*;
        let InstData::Vector {
            op: op @ (I8x16Splat | I16x8Splat | I32x4Splat | I64x2Splat | F32x4Splat | F64x2Splat),
            args,
        } = *data
        else {
            return None;
        };
        let bits = self.func().as_const(self.func.values(args)[0])?;
        let bytes = op.eval(&[bits.into()]).to_le_bytes();
        Some(InstData::V128Const(self.func.constant(bytes)))
    }
}
