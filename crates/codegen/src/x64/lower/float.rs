//! Scalar floats.

use super::super::inst::Pseudo;
use super::{A, Lower};
use tierra_asm::x64::{Op, Size};
use tierra_ir::{BinaryOp, Type, UnaryOp, Value};

/// The immediate of `roundss` and its kin: the mode, and silence about inexact results.
pub(super) mod rounding {
    pub const NEAREST: i64 = 8;
    pub const FLOOR: i64 = 9;
    pub const CEIL: i64 = 10;
    pub const TRUNC: i64 = 11;
}

/// The sign bit of a lane, or everything but it, as bytes of a pattern.
pub(super) fn sign(double: bool, inverted: bool) -> &'static [u8] {
    match (double, inverted) {
        (false, false) => &[0, 0, 0, 0x80],
        (false, true) => &[0xff, 0xff, 0xff, 0x7f],
        (true, false) => &[0, 0, 0, 0, 0, 0, 0, 0x80],
        (true, true) => &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    }
}

impl Lower<'_> {
    pub(super) fn float_unary(&mut self, op: UnaryOp, arg: Value) {
        use UnaryOp::*;
        let double = op.result() == Type::F64;
        let mode = match op {
            F32Ceil | F64Ceil => rounding::CEIL,
            F32Floor | F64Floor => rounding::FLOOR,
            F32Trunc | F64Trunc => rounding::TRUNC,
            F32Nearest | F64Nearest => rounding::NEAREST,
            F32Sqrt | F64Sqrt => {
                let (d, a) = (self.def(), self.reg(arg));
                let op = if double { Op::Sqrtsd } else { Op::Sqrtss };
                return self.vec_self(op, Size::Q, d, a, None);
            }
            F32Abs | F64Abs => return self.bits(Op::Andps, arg, sign(double, true)),
            F32Neg | F64Neg => return self.bits(Op::Xorps, arg, sign(double, false)),
            _ => return self.convert(op, arg),
        };
        let (d, a) = (self.def(), self.reg(arg));
        let op = if double { Op::Roundsd } else { Op::Roundss };
        self.vec_self(op, Size::Q, d, a, Some(mode));
    }

    /// The operand with a pattern of bits.
    pub(super) fn bits(&mut self, op: Op, arg: Value, pattern: &[u8]) {
        let (d, a) = (self.def(), self.reg(arg));
        let pattern = self.splat_pool(pattern);
        self.vec3(op, d, a, pattern);
    }

    pub(super) fn float_binary(&mut self, op: BinaryOp, args: [Value; 2]) {
        use BinaryOp::*;
        let instruction = match op {
            F32Add => Op::Addss,
            F64Add => Op::Addsd,
            F32Sub => Op::Subss,
            F64Sub => Op::Subsd,
            F32Mul => Op::Mulss,
            F64Mul => Op::Mulsd,
            F32Div => Op::Divss,
            F64Div => Op::Divsd,
            F32Copysign => return self.copysign(false, args),
            F64Copysign => return self.copysign(true, args),
            F32Min | F64Min | F32Max | F64Max => {
                let double = op.result() == Type::F64;
                let aux = u32::from(matches!(op, F32Max | F64Max));
                let (d, a, b) = (self.def(), self.reg(args[0]), self.reg(args[1]));
                let operands = [A::Mod(d, a), A::UseLate(b)];
                return self.pseudo(Pseudo::MinMax { double }, Size::Q, None, aux, &operands);
            }
            _ => unreachable!("{} is no operator of floats", op.name()),
        };
        let d = self.def();
        let (mut a, mut b) = (args[0], args[1]);
        if op.commutes()
            && self.state.uses[self.func.resolve(b).index()] == 1
            && {
                let first = self.func.resolve(a);
                self.state.uses[first.index()] > 1 || self.func.as_const(first).is_some()
            }
            && self.func.as_const(b).is_none()
        {
            // The operand that dies here becomes the result.
            core::mem::swap(&mut a, &mut b);
        }
        let b = self.rm(b);
        let a = self.reg(a);
        self.vec3(instruction, d, a, b);
    }

    fn copysign(&mut self, double: bool, args: [Value; 2]) {
        let ty = if double { Type::F64 } else { Type::F32 };
        let (d, a, b) = (self.def(), self.reg(args[0]), self.reg(args[1]));
        let (magnitude, signed) = (self.temp(ty), self.temp(ty));
        let mask = self.splat_pool(sign(double, true));
        self.vec3(Op::Andps, magnitude, a, mask);
        let mask = self.splat_pool(sign(double, false));
        self.vec3(Op::Andps, signed, b, mask);
        self.vec3(Op::Orps, d, magnitude, A::Use(signed));
    }
}
