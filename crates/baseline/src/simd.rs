//! Vectors.

use crate::builtin::imm;
use crate::compiler::{Compiler, Result};
use crate::value::Ty;
use tierra_asm::x64::{Arg, Op, Size};
use tierra_vm::builtins::{Builtin, LaneOperator, VectorOperator};
use wasmparser::MemArg;

macro_rules! vector_loads {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {
        /// The loads of whole vectors.
        #[derive(Clone, Copy)]
        pub(crate) enum VectorLoad { $($op),* }
    };
}
tierra_core::for_each_vector_load!(vector_loads);

impl Compiler<'_> {
    /// An operator that a builtin computes, by the function of the same name.
    pub fn vector(&mut self, op: VectorOperator, count: usize, result: Ty) -> Result {
        let immediates = imm(0u32, op as u32, 0u32);
        self.builtin(Builtin::NumericVector, count, immediates, Some(result))
    }

    pub fn lane(&mut self, op: LaneOperator, lane: u8, count: usize, result: Ty) -> Result {
        let immediates = imm(0u32, op as u32, lane);
        self.builtin(Builtin::NumericLane, count, immediates, Some(result))
    }

    pub fn shuffle(&mut self, lanes: [u8; 16]) -> Result {
        self.vector_constant(lanes);
        self.builtin(
            Builtin::NumericShuffle,
            3,
            imm(0u32, 0, 0u32),
            Some(Ty::V128),
        )
    }

    pub fn vector_load(&mut self, load: VectorLoad, memarg: MemArg) -> Result {
        use VectorLoad::*;
        let (op, bytes) = match load {
            V128Load => (Op::Movups, 16),
            V128Load8x8S => (Op::Pmovsxbw, 8),
            V128Load8x8U => (Op::Pmovzxbw, 8),
            V128Load16x4S => (Op::Pmovsxwd, 8),
            V128Load16x4U => (Op::Pmovzxwd, 8),
            V128Load32x2S => (Op::Pmovsxdq, 8),
            V128Load32x2U => (Op::Pmovzxdq, 8),
            V128Load32Zero => (Op::Movss, 4),
            V128Load64Zero => (Op::Movsd, 8),
            V128Load8Splat => {
                self.load_op(Op::Movzx8, Size::D, 1, Ty::I32, memarg);
                return self.vector(VectorOperator::I8x16Splat, 1, Ty::V128);
            }
            V128Load16Splat => {
                self.load_op(Op::Movzx16, Size::D, 2, Ty::I32, memarg);
                return self.vector(VectorOperator::I16x8Splat, 1, Ty::V128);
            }
            V128Load32Splat => {
                self.load_op(Op::Mov, Size::D, 4, Ty::I32, memarg);
                return self.vector(VectorOperator::I32x4Splat, 1, Ty::V128);
            }
            V128Load64Splat => {
                self.load_op(Op::Mov, Size::Q, 8, Ty::I64, memarg);
                return self.vector(VectorOperator::I64x2Splat, 1, Ty::V128);
            }
        };
        self.load_op(op, Size::Q, bytes, Ty::V128, memarg);
        Ok(())
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
