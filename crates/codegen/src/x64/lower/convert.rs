//! Conversions between scalar types.

use super::super::inst::{FloatToInt, Pseudo};
use super::compare::size_of;
use super::{A, Lower};
use tierra_asm::x64::{Features, Op, Size};
use tierra_ir::{Type, UnaryOp, Value};

impl Lower<'_> {
    pub(super) fn convert(&mut self, op: UnaryOp, arg: Value) {
        use UnaryOp::*;
        let double = op.result() == Type::F64;
        match op {
            F32ConvertI32S | F64ConvertI32S => self.int_to_float(double, Size::D, arg),
            // The upper half of the register is zero.
            F32ConvertI32U | F64ConvertI32U => {
                let a = A::Use(self.reg(arg));
                self.int_to_float_from(double, Size::Q, a);
            }
            F32ConvertI64S | F64ConvertI64S => self.int_to_float(double, Size::Q, arg),
            F32ConvertI64U | F64ConvertI64U => self.unsigned_to_float(double, arg),
            F32DemoteF64 => {
                let (d, a) = (self.def(), self.reg(arg));
                self.vec_self(Op::Cvtsd2ss, Size::Q, d, a, None);
            }
            F64PromoteF32 => {
                let (d, a) = (self.def(), self.reg(arg));
                self.vec_self(Op::Cvtss2sd, Size::Q, d, a, None);
            }
            I32ReinterpretF32 => self.between(Op::Movd, arg),
            I64ReinterpretF64 => self.between(Op::Movq, arg),
            F32ReinterpretI32 => self.between(Op::Movd, arg),
            F64ReinterpretI64 => self.between(Op::Movq, arg),
            _ => self.float_to_int(op, arg),
        }
    }

    fn between(&mut self, op: Op, arg: Value) {
        let (d, a) = (self.def(), self.reg(arg));
        self.push(op, Size::Q, &[A::Def(d), A::Use(a)]);
    }

    fn int_to_float(&mut self, double: bool, size: Size, arg: Value) {
        let a = self.rm(arg);
        self.int_to_float_from(double, size, a);
    }

    /// The conversion leaves the rest of the register as it was, and so would wait for whatever
    /// made that: it is given zero.
    fn int_to_float_from(&mut self, double: bool, size: Size, arg: A) {
        let (d, op) = (self.def(), if double { Op::Cvtsi2sd } else { Op::Cvtsi2ss });
        let ty = if double { Type::F64 } else { Type::F32 };
        let zero = self.zero(ty);
        self.push(op, size, &[A::Mod(d, zero), A::Again(0), arg]);
    }

    fn unsigned_to_float(&mut self, double: bool, arg: Value) {
        let (d, a) = (self.def(), self.reg(arg));
        let ty = if double { Type::F64 } else { Type::F32 };
        let zero = self.zero(ty);
        if self.features.contains(Features::AVX512F) {
            let op = if double {
                Op::Vcvtusi2sd
            } else {
                Op::Vcvtusi2ss
            };
            self.push(op, Size::Q, &[A::Mod(d, zero), A::Again(0), A::Use(a)]);
        } else {
            let pseudo = Pseudo::UnsignedToFloat { double };
            self.pseudo(pseudo, Size::Q, None, 0, &[A::Mod(d, zero), A::Use(a)]);
        }
    }

    fn float_to_int(&mut self, op: UnaryOp, arg: Value) {
        use UnaryOp::*;
        let signed = matches!(
            op,
            I32TruncF32S
                | I32TruncF64S
                | I64TruncF32S
                | I64TruncF64S
                | I32TruncSatF32S
                | I32TruncSatF64S
                | I64TruncSatF32S
                | I64TruncSatF64S
        );
        let kind = FloatToInt {
            double: op.args()[0] == Type::F64,
            signed,
            saturating: !op.can_trap(),
        };
        let (d, a) = (self.def(), self.reg(arg));
        self.code.needs_frame |= op.can_trap();
        let size = size_of(op.result());
        self.pseudo(
            Pseudo::FloatToInt(kind),
            size,
            None,
            0,
            &[A::Def(d), A::Use(a)],
        );
    }
}
