//! Random operators.

use super::body::Body;
use crate::entity::Value;
use crate::inst::InstData;
use crate::op::{BinaryOp, CompareOp, LaneOp, UnaryOp, VectorOp, WideOp};
use crate::types::Type;

impl Body<'_> {
    /// Some operator on values in reach.
    pub fn operator(&mut self) {
        let vectors = self.config.vectors;
        match self.rng.below(20) {
            0..3 => self.unary(),
            3..9 => self.binary_operator(),
            9..11 => self.compare(),
            11 => self.wide(),
            12..15 if vectors => self.vector(),
            15 if vectors => self.lane(),
            16 if vectors => self.shuffle(),
            17 | 18 => self.select(),
            _ => self.reference(),
        }
    }

    fn allows(&self, name: &str) -> bool {
        (self.config.operators)(name)
    }

    fn unary(&mut self) {
        let op = *self.rng.pick(UnaryOp::ALL);
        if !self.allows(op.name()) || op.can_trap() && !self.config.traps {
            return;
        }
        let mut arg = self.any(op.args()[0]);
        if op.can_trap() && !self.rng.one_in(8) {
            arg = self.convertible(op.args()[0]);
        }
        let value = self.value(InstData::Unary { op, arg });
        self.keep_canonical(value, op.args()[0]);
    }

    /// A float that every integer type has.
    fn convertible(&mut self, ty: Type) -> Value {
        let any = self.any(Type::I32);
        let mask = self.constant_of(Type::I32, 0xffff);
        let arg = self.binary(BinaryOp::I32And, [any, mask]);
        let op = match ty {
            Type::F32 => UnaryOp::F32ConvertI32U,
            _ => UnaryOp::F64ConvertI32U,
        };
        self.value(InstData::Unary { op, arg })
    }

    fn binary_operator(&mut self) {
        let op = *self.rng.pick(BinaryOp::ALL);
        if !self.allows(op.name()) || op.can_trap() && !self.config.traps {
            return;
        }
        let [a, mut b] = [0, 1].map(|index| self.any(op.args()[index]));
        if op.can_trap() && !self.rng.one_in(8) {
            let ty = op.args()[1];
            let one = self.constant_of(ty, 1);
            let or = match ty {
                Type::I32 => BinaryOp::I32Or,
                _ => BinaryOp::I64Or,
            };
            b = self.binary(or, [b, one]);
        }
        let value = self.binary(op, [a, b]);
        self.keep_canonical(value, op.args()[0]);
    }

    fn compare(&mut self) {
        let op = *self.rng.pick(CompareOp::ALL);
        if self.allows(op.name()) {
            let args = [0, 1].map(|index| self.any(op.args()[index]));
            let value = self.value(InstData::Compare { op, args });
            self.keep(value);
        }
    }

    fn wide(&mut self) {
        let op = *self.rng.pick(WideOp::ALL);
        if self.allows(op.name()) {
            let args = self.anys(op.args());
            let args = self.func.list(&args);
            let inst = self.push(InstData::Wide { op, args });
            self.keep_results(inst);
        }
    }

    fn vector(&mut self) {
        let op = *self.rng.pick(VectorOp::ALL);
        if self.allows(op.name()) {
            let args = self.anys(op.args());
            let args = self.func.list(&args);
            let value = self.value(InstData::Vector { op, args });
            self.keep_canonical_vector(value, op.name());
        }
    }

    fn lane(&mut self) {
        let op = *self.rng.pick(LaneOp::ALL);
        if self.allows(op.name()) {
            let args = self.anys(op.args());
            let args = self.func.list(&args);
            let lane = self.rng.below(op.lanes().into()) as u8;
            let value = self.value(InstData::Lane { op, lane, args });
            self.keep(value);
        }
    }

    fn shuffle(&mut self) {
        if self.allows("i8x16.shuffle") {
            let args = [Type::V128; 2].map(|ty| self.any(ty));
            let mask = [(); 16].map(|()| self.rng.below(32) as u8);
            let mask = self.func.constant(mask);
            let value = self.value(InstData::Shuffle { args, mask });
            self.keep(value);
        }
    }

    fn select(&mut self) {
        let ty = self.some_type();
        let args = [ty; 2].map(|ty| self.any(ty));
        let cond = self.condition();
        let value = self.value(InstData::Select { cond, args });
        self.keep(value);
    }

    fn reference(&mut self) {
        if !self.config.refs {
            return;
        }
        let value = if self.rng.one_in(2) {
            let value = self.any(Type::I32);
            self.value(InstData::BitsToRef(value))
        } else {
            let value = self.any(Type::Ref);
            self.value(InstData::RefToBits(value))
        };
        self.keep(value);
    }

    /// An `i32` that is likely to be either: half the time a comparison.
    pub fn condition(&mut self) -> Value {
        let op = *self.rng.pick(CompareOp::ALL);
        if self.rng.one_in(2) || !self.allows(op.name()) {
            return self.any(Type::I32);
        }
        let args = [0, 1].map(|index| self.any(op.args()[index]));
        self.value(InstData::Compare { op, args })
    }

    /// Keeps a result, without what is not determined in it.
    fn keep_canonical(&mut self, value: Value, arg: Type) {
        let (eq, nan) = match self.func.ty(value) {
            Type::F32 => (CompareOp::F32Eq, 0x7fc0_0000),
            Type::F64 => (CompareOp::F64Eq, 0x7ff8_0000_0000_0000),
            _ => return self.keep(value),
        };
        let float = matches!(arg, Type::F32 | Type::F64);
        if !float || !self.config.canonical_nans {
            return self.keep(value);
        }
        let args = [value; 2];
        let cond = self.value(InstData::Compare { op: eq, args });
        let nan = self.constant_of(self.func.ty(value), nan);
        let args = [value, nan];
        let value = self.value(InstData::Select { cond, args });
        self.keep(value);
    }

    fn keep_canonical_vector(&mut self, value: Value, name: &str) {
        let (eq, nan) = match name.split_once('.') {
            Some(("f32x4", _)) => (VectorOp::F32x4Eq, 0x7fc0_0000_7fc0_0000_u128),
            Some(("f64x2", _)) => (VectorOp::F64x2Eq, 0x7ff8_0000_0000_0000),
            _ => return self.keep(value),
        };
        if self.func.ty(value) != Type::V128 || !self.config.canonical_nans {
            return self.keep(value);
        }
        let nan = self.constant_of(Type::V128, nan << 64 | nan);
        let args = self.func.list(&[value, value]);
        let mask = self.value(InstData::Vector { op: eq, args });
        let args = self.func.list(&[value, nan, mask]);
        let op = VectorOp::V128Bitselect;
        let value = self.value(InstData::Vector { op, args });
        self.keep(value);
    }
}
