//! Lanes of vectors: reading and replacing them, and bytes of two vectors by a constant.

use crate::compiler::Compiler;
use crate::simd::HIGH_HALF;
use crate::value::Ty;
use tierra_asm::x64::abi::SCRATCH_XMM;
use tierra_asm::x64::{Arg, Mem, Op, Size};
use wasmparser::MemArg;

const SCRATCH_ARG: Arg = Arg::X(SCRATCH_XMM);

macro_rules! lanes {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, lanes $lanes:literal;)*) => {
        /// The operators on one lane.
        #[derive(Clone, Copy)]
        pub(crate) enum LaneOperator { $($op),* }
    };
}
tierra_core::for_each_lane!(lanes);

impl Compiler<'_> {
    pub fn lane(&mut self, op: LaneOperator, lane: u8, result: Ty) {
        use LaneOperator::*;
        match op {
            I8x16ExtractLaneU => self.extract(Op::Pextrb, None, lane, result),
            I8x16ExtractLaneS => self.extract(Op::Pextrb, Some(Op::Movsx8), lane, result),
            I16x8ExtractLaneU => self.extract(Op::Pextrw, None, lane, result),
            I16x8ExtractLaneS => self.extract(Op::Pextrw, Some(Op::Movsx16), lane, result),
            I32x4ExtractLane => self.extract(Op::Pextrd, None, lane, result),
            I64x2ExtractLane => self.extract(Op::Pextrq, None, lane, result),
            F32x4ExtractLane | F64x2ExtractLane => {
                let (d, a) = (self.alloc_vec(), self.pop_xmm(Ty::V128));
                let lanes = match (op, lane) {
                    (F32x4ExtractLane, lane) => i64::from(lane),
                    (_, 0) => 0x44,
                    _ => HIGH_HALF,
                };
                self.shuffle_dwords(d, a, lanes);
                self.push(d, result);
            }
            I8x16ReplaceLane => self.insert(Op::Pinsrb, Ty::I32, lane),
            I16x8ReplaceLane => self.insert(Op::Pinsrw, Ty::I32, lane),
            I32x4ReplaceLane => self.insert(Op::Pinsrd, Ty::I32, lane),
            I64x2ReplaceLane => self.insert(Op::Pinsrq, Ty::I64, lane),
            F32x4ReplaceLane => self.insert(Op::Insertps, Ty::F32, lane << 4),
            F64x2ReplaceLane if lane == 0 => self.insert(Op::Blendpd, Ty::F64, 1),
            F64x2ReplaceLane => {
                let b = self.pop_xmm(Ty::F64);
                let d = self.pop_own(Ty::V128).xmm();
                self.xxx(Op::Movlhps, d, d, Arg::X(b));
                self.push(d, Ty::V128);
            }
        }
    }

    fn extract(&mut self, op: Op, extend: Option<Op>, lane: u8, result: Ty) {
        let a = self.pop_xmm(Ty::V128);
        let d = self.alloc_int();
        let args = [Arg::R(d), Arg::X(a), Arg::I(lane.into())];
        self.asm.emit(op, Size::D, &args);
        if let Some(extend) = extend {
            self.rr(extend, Size::D, d, d);
        }
        self.push(d, result);
    }

    fn insert(&mut self, op: Op, ty: Ty, lane: u8) {
        let value = match self.pop_reg(ty) {
            r if r.is_vec() => Arg::X(r.xmm()),
            r => Arg::R(r.gpr()),
        };
        let d = self.pop_own(Ty::V128).xmm();
        let args = [Arg::X(d), Arg::X(d), value, Arg::I(lane.into())];
        self.asm.emit(op, Size::Q, &args);
        self.push(d, Ty::V128);
    }

    /// Bytes of two vectors: looked up in both, and united.
    pub fn shuffle(&mut self, lanes: [u8; 16]) {
        let b = self.pop_xmm(Ty::V128);
        let a = self.pop_xmm(Ty::V128);
        let d = self.alloc_vec();
        let mut mask = lanes;
        if a == b {
            mask = mask.map(|lane| lane & 15);
        }
        let of_a = mask.map(|lane| if lane < 16 { lane } else { 0x80 });
        let of_b = mask.map(|lane| if lane < 16 { 0x80 } else { lane & 15 });
        let constant = |c: &mut Self, bytes: [u8; 16]| {
            let label = c.asm.constant(&bytes);
            Arg::M(Mem::Label { label, disp: 0 })
        };
        let second = of_b != [0x80; 16];
        if second {
            let of_b = constant(self, of_b);
            self.xxx(Op::Pshufb, SCRATCH_XMM, b, of_b);
        }
        if of_a == [0x80; 16] {
            self.xx(Op::Movaps, d, SCRATCH_XMM);
        } else {
            let of_a = constant(self, of_a);
            self.xxx(Op::Pshufb, d, a, of_a);
            if second {
                self.xxx(Op::Por, d, d, SCRATCH_ARG);
            }
        }
        self.push(d, Ty::V128);
    }

    /// What puts a number of so many bytes into a lane, and reads one.
    fn lane_ops(bytes: u32) -> (Op, Op) {
        match bytes {
            1 => (Op::Pinsrb, Op::Pextrb),
            2 => (Op::Pinsrw, Op::Pextrw),
            4 => (Op::Pinsrd, Op::Pextrd),
            _ => (Op::Pinsrq, Op::Pextrq),
        }
    }

    pub fn lane_load(&mut self, bytes: u32, memarg: MemArg, lane: u8) {
        let vector = self.pop_own(Ty::V128).xmm();
        let index = self.pop();
        let address = self.address(index, memarg, bytes);
        let mem = self.access(address);
        let (insert, _) = Self::lane_ops(bytes);
        let args = [
            Arg::X(vector),
            Arg::X(vector),
            Arg::M(mem),
            Arg::I(lane.into()),
        ];
        self.asm.emit(insert, Size::Q, &args);
        self.push(vector, Ty::V128);
    }

    pub fn lane_store(&mut self, bytes: u32, memarg: MemArg, lane: u8) {
        let vector = self.pop_xmm(Ty::V128);
        let index = self.pop();
        let address = self.address(index, memarg, bytes);
        let mem = self.access(address);
        let (_, extract) = Self::lane_ops(bytes);
        let args = [Arg::M(mem), Arg::X(vector), Arg::I(lane.into())];
        self.asm.emit(extract, Size::Q, &args);
    }
}
