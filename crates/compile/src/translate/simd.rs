//! Vectors. Loads that widen or repeat are a load and an operator.

use super::Translator;
use tierra_ir::{Access, InstData, LaneOp, VectorOp};
use wasmparser::MemArg;

macro_rules! vector_loads {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {
        /// The loads of whole vectors.
        #[derive(Clone, Copy)]
        pub(super) enum VectorLoad { $($op),* }
    };
}
tierra_core::for_each_vector_load!(vector_loads);

impl VectorLoad {
    /// What is read, and what makes a vector of it.
    fn parts(self) -> (Access, Option<VectorOp>) {
        use VectorLoad::*;
        match self {
            V128Load => (Access::V128, None),
            V128Load8x8S => (Access::V128Low64, Some(VectorOp::I16x8ExtendLowI8x16S)),
            V128Load8x8U => (Access::V128Low64, Some(VectorOp::I16x8ExtendLowI8x16U)),
            V128Load16x4S => (Access::V128Low64, Some(VectorOp::I32x4ExtendLowI16x8S)),
            V128Load16x4U => (Access::V128Low64, Some(VectorOp::I32x4ExtendLowI16x8U)),
            V128Load32x2S => (Access::V128Low64, Some(VectorOp::I64x2ExtendLowI32x4S)),
            V128Load32x2U => (Access::V128Low64, Some(VectorOp::I64x2ExtendLowI32x4U)),
            V128Load8Splat => (Access::U8I32, Some(VectorOp::I8x16Splat)),
            V128Load16Splat => (Access::U16I32, Some(VectorOp::I16x8Splat)),
            V128Load32Splat => (Access::I32, Some(VectorOp::I32x4Splat)),
            V128Load64Splat => (Access::I64, Some(VectorOp::I64x2Splat)),
            V128Load32Zero => (Access::V128Low32, None),
            V128Load64Zero => (Access::V128Low64, None),
        }
    }
}

/// Access to a lane of some bytes: what is accessed, and what replaces and reads the lane.
fn lane_parts(bytes: u32) -> (Access, LaneOp, LaneOp) {
    match bytes {
        1 => (
            Access::U8I32,
            LaneOp::I8x16ReplaceLane,
            LaneOp::I8x16ExtractLaneU,
        ),
        2 => (
            Access::U16I32,
            LaneOp::I16x8ReplaceLane,
            LaneOp::I16x8ExtractLaneU,
        ),
        4 => (
            Access::I32,
            LaneOp::I32x4ReplaceLane,
            LaneOp::I32x4ExtractLane,
        ),
        _ => (
            Access::I64,
            LaneOp::I64x2ReplaceLane,
            LaneOp::I64x2ExtractLane,
        ),
    }
}

impl Translator<'_> {
    pub(super) fn visit_vector_op(&mut self, op: VectorOp) {
        let count = op.args().len();
        let len = self.s.stack.len();
        let args = self.b.func.list(&self.s.stack[len - count..]);
        self.pop_many(count);
        let value = self.b.value(InstData::Vector { op, args });
        self.push(value);
    }

    pub(super) fn visit_lane_op(&mut self, op: LaneOp, lane: u8) {
        let count = op.args().len();
        let len = self.s.stack.len();
        let args = self.b.func.list(&self.s.stack[len - count..]);
        self.pop_many(count);
        let value = self.b.value(InstData::Lane { op, lane, args });
        self.push(value);
    }

    pub(super) fn vector_constant(&mut self, bytes: [u8; 16]) {
        let constant = self.b.func.constant(bytes);
        let value = self.b.value(InstData::V128Const(constant));
        self.push(value);
    }

    pub(super) fn shuffle(&mut self, lanes: [u8; 16]) {
        let mask = self.b.func.constant(lanes);
        self.visit_two(|args| InstData::Shuffle { args, mask });
    }

    pub(super) fn vector_load(&mut self, load: VectorLoad, memarg: MemArg) {
        let (access, op) = load.parts();
        self.visit_load(access, memarg);
        if let Some(op) = op {
            self.visit_vector_op(op);
        }
    }

    pub(super) fn lane_load(&mut self, bytes: u32, memarg: MemArg, lane: u8) {
        let (access, replace, _) = lane_parts(bytes);
        let vector = self.pop();
        let number = self.read(access, memarg);
        self.push(vector);
        self.push(number);
        self.visit_lane_op(replace, lane);
    }

    pub(super) fn lane_store(&mut self, bytes: u32, memarg: MemArg, lane: u8) {
        let (access, _, extract) = lane_parts(bytes);
        self.visit_lane_op(extract, lane);
        self.visit_store(access, memarg);
    }
}
