//! Lanes of vectors.

use super::{A, Lower};
use tierra_asm::x64::{Op, Size};
use tierra_ir::{LaneOp, Type, Value, ValueList};

impl Lower<'_> {
    pub(super) fn lane(&mut self, op: LaneOp, lane: u8, args: ValueList) {
        use LaneOp::*;
        let args = self.func.values(args);
        let imm = A::Imm(i64::from(lane));
        match op {
            I8x16ExtractLaneU => self.extract(Op::Pextrb, args[0], lane),
            I16x8ExtractLaneU => self.extract(Op::Pextrw, args[0], lane),
            I32x4ExtractLane if lane == 0 => self.low(Op::Movd, args[0]),
            I64x2ExtractLane if lane == 0 => self.low(Op::Movq, args[0]),
            I32x4ExtractLane => self.extract(Op::Pextrd, args[0], lane),
            I64x2ExtractLane => self.extract(Op::Pextrq, args[0], lane),
            I8x16ExtractLaneS | I16x8ExtractLaneS => {
                let (d, a, raw) = (self.def(), self.reg(args[0]), self.temp(Type::I32));
                let (extract, extend) = match op {
                    I8x16ExtractLaneS => (Op::Pextrb, Op::Movsx8),
                    _ => (Op::Pextrw, Op::Movsx16),
                };
                self.push(extract, Size::D, &[A::Def(raw), A::Use(a), imm]);
                self.push(extend, Size::D, &[A::Def(d), A::Use(raw)]);
            }
            F32x4ExtractLane | F64x2ExtractLane if lane == 0 => {
                let (d, a) = (self.def(), self.reg(args[0]));
                self.push(Op::Movaps, Size::Q, &[A::Def(d), A::Use(a)]);
            }
            F32x4ExtractLane => self.extract(Op::Pshufd, args[0], lane),
            F64x2ExtractLane => self.extract(Op::Pshufd, args[0], 0xee),
            I8x16ReplaceLane => self.insert(Op::Pinsrb, args, lane),
            I16x8ReplaceLane => self.insert(Op::Pinsrw, args, lane),
            I32x4ReplaceLane => self.insert(Op::Pinsrd, args, lane),
            I64x2ReplaceLane => self.insert(Op::Pinsrq, args, lane),
            F32x4ReplaceLane => self.insert(Op::Insertps, args, lane << 4),
            F64x2ReplaceLane if lane == 0 => self.insert(Op::Blendpd, args, 1),
            F64x2ReplaceLane => {
                let (d, a, b) = (self.def(), self.reg(args[0]), self.reg(args[1]));
                self.vec3(Op::Movlhps, d, a, A::Use(b));
            }
        }
    }

    fn low(&mut self, op: Op, arg: Value) {
        let (d, a) = (self.def(), self.reg(arg));
        self.push(op, Size::Q, &[A::Def(d), A::Use(a)]);
    }

    fn extract(&mut self, op: Op, arg: Value, imm: u8) {
        let (d, a) = (self.def(), self.reg(arg));
        self.push(op, Size::D, &[A::Def(d), A::Use(a), A::Imm(i64::from(imm))]);
    }

    fn insert(&mut self, op: Op, args: &[Value], imm: u8) {
        let (d, a, b) = (self.def(), self.reg(args[0]), self.reg(args[1]));
        self.vec3i(op, d, a, A::Use(b), i64::from(imm));
    }
}
