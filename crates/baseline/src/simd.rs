//! Vectors. Most operators are one instruction, by the table that all compilers share; some are a
//! few; and the rest are computed by a builtin, from operands in slots.

use crate::builtin::imm;
use crate::compiler::{Compiler, Result};
use crate::emit::frame;
use crate::value::{Cond, Operand, Ty};
use tierra_asm::x64::abi::{SCRATCH, SCRATCH_XMM};
use tierra_asm::x64::{Arg, Cc, Features, Gpr, Mem, Op, Plan, Size, Xmm};
use tierra_vm::builtins::{Builtin, VectorOperator};
use wasmparser::MemArg;

/// Which half of a vector, as the immediate of `pshufd` that brings it down.
pub(crate) const HIGH_HALF: i64 = 0xee;
const SCRATCH_ARG: Arg = Arg::X(SCRATCH_XMM);

macro_rules! plans {
    ($($op:ident => $plan:expr;)*) => {
        fn plan(op: VectorOperator) -> Plan {
            use Plan::*;
            match op {
                $(VectorOperator::$op => $plan,)*
                _ => Recipe,
            }
        }
    };
}
tierra_asm::for_each_vector_plan!(plans);

macro_rules! vector_loads {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {
        /// The loads of whole vectors.
        #[derive(Clone, Copy)]
        pub(crate) enum VectorLoad { $($op),* }
    };
}
tierra_core::for_each_vector_load!(vector_loads);

impl Compiler<'_> {
    /// A popped vector as the second operand of an instruction. Without AVX, vectors in memory
    /// would have to be aligned.
    fn vector_arg(&mut self, operand: Operand) -> Arg {
        match operand {
            Operand::Home(home) if self.avx => Arg::M(frame(home)),
            operand => Arg::X(self.in_reg(operand, Ty::V128).xmm()),
        }
    }

    /// The register for the result of an operator on these two, which is not the second one.
    fn vector_result(&mut self, a: Operand) -> Xmm {
        self.reuse(a, Ty::V128).xmm()
    }

    pub fn vector(&mut self, op: VectorOperator, count: usize, result: Ty) -> Result {
        match plan(op) {
            Plan::Direct(op) => self.vector_two(op, false, None),
            Plan::Swapped(op) => self.vector_two(op, true, None),
            Plan::Compare(op, predicate, swap) => self.vector_two(op, swap, Some(predicate)),
            Plan::Unary(op) => self.vector_one(op, None),
            Plan::Rounded(op, mode) => self.vector_one(op, Some(mode)),
            Plan::Not(op) => {
                self.vector_two(op, false, None);
                self.vector_not();
            }
            Plan::EqualTo(choice, equal) => self.vector_order(choice, equal),
            Plan::NotEqualTo(choice, equal) => {
                self.vector_order(choice, equal);
                self.vector_not();
            }
            Plan::FromZero(op) => {
                let b = self.pop();
                let b = self.vector_arg(b);
                let d = self.alloc_vec();
                self.zero_xmm(d);
                self.xxx(op, d, d, b);
                self.push(d, Ty::V128);
            }
            Plan::Sign(op, double, others) => self.float_sign(op, double, others, Ty::V128),
            Plan::AllTrue(equal) => {
                let a = self.pop_xmm(Ty::V128);
                self.zero_xmm(SCRATCH_XMM);
                self.xxx(equal, SCRATCH_XMM, SCRATCH_XMM, Arg::X(a));
                self.xx(Op::Ptest, SCRATCH_XMM, SCRATCH_XMM);
                self.push_flags(Cond::Cc(Cc::E));
            }
            Plan::Recipe => return self.recipe(op, count, result),
        }
        Ok(())
    }

    fn vector_two(&mut self, op: Op, swap: bool, predicate: Option<i64>) {
        let b = self.pop();
        let a = self.pop();
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let s = self.in_reg(a, Ty::V128).xmm();
        let b = self.vector_arg(b);
        let d = self.vector_result(a);
        match predicate {
            Some(predicate) => self.xxxi(op, d, s, b, predicate),
            None => self.xxx(op, d, s, b),
        }
        self.push(d, Ty::V128);
    }

    fn vector_one(&mut self, op: Op, mode: Option<i64>) {
        let a = self.pop();
        let s = self.in_reg(a, Ty::V128).xmm();
        let d = self.vector_result(a);
        match mode {
            Some(mode) => {
                let args = [Arg::X(d), Arg::X(s), Arg::I(mode)];
                self.asm.emit(op, Size::Q, &args);
            }
            None => self.xx(op, d, s),
        }
        self.push(d, Ty::V128);
    }

    /// The complement of the topmost vector.
    fn vector_not(&mut self) {
        let a = self.pop();
        let s = self.in_reg(a, Ty::V128).xmm();
        let d = self.vector_result(a);
        let ones = SCRATCH_ARG;
        self.asm.emit(Op::Pcmpeqd, Size::Q, &[ones, ones, ones]);
        self.xxx(Op::Pxor, d, s, ones);
        self.push(d, Ty::V128);
    }

    /// Whether the one that is chosen is the first.
    fn vector_order(&mut self, choice: Op, equal: Op) {
        let b = self.pop();
        let a = self.pop_xmm(Ty::V128);
        let b = self.vector_arg(b);
        self.xxx(choice, SCRATCH_XMM, a, b);
        let d = self.alloc_vec();
        self.xxx(equal, d, SCRATCH_XMM, Arg::X(a));
        self.push(d, Ty::V128);
    }

    /// Operators of a few instructions; all others are left to the builtin.
    fn recipe(&mut self, op: VectorOperator, count: usize, result: Ty) -> Result {
        use VectorOperator::*;
        match op {
            I8x16Splat | I16x8Splat | I32x4Splat | I64x2Splat => self.int_splat(op),
            F32x4Splat => {
                let (d, a) = (self.alloc_vec(), self.pop_xmm(Ty::F32));
                self.shuffle_dwords(d, a, 0);
                self.push(d, Ty::V128);
            }
            F64x2Splat => {
                let (d, a) = (self.alloc_vec(), self.pop_xmm(Ty::F64));
                self.xx(Op::Movddup, d, a);
                self.push(d, Ty::V128);
            }
            V128Not => self.vector_not(),
            V128Bitselect
            | I8x16RelaxedLaneselect
            | I16x8RelaxedLaneselect
            | I32x4RelaxedLaneselect
            | I64x2RelaxedLaneselect => self.bitselect(),
            V128AnyTrue => {
                let a = self.pop_xmm(Ty::V128);
                self.xx(Op::Ptest, a, a);
                self.push_flags(Cond::Cc(Cc::NE));
            }
            I8x16Bitmask => self.bitmask(Op::Pmovmskb),
            I32x4Bitmask => self.bitmask(Op::Movmskps),
            I64x2Bitmask => self.bitmask(Op::Movmskpd),
            I64x2GeS => {
                let b = self.pop();
                let a = self.pop_xmm(Ty::V128);
                let s = self.in_reg(b, Ty::V128).xmm();
                let d = self.vector_result(b);
                self.xxx(Op::Pcmpgtq, d, s, Arg::X(a));
                self.push(d, Ty::V128);
                self.vector_not();
            }
            I16x8Shl => self.vector_shift(Op::Psllw, 15),
            I16x8ShrS => self.vector_shift(Op::Psraw, 15),
            I16x8ShrU => self.vector_shift(Op::Psrlw, 15),
            I32x4Shl => self.vector_shift(Op::Pslld, 31),
            I32x4ShrS => self.vector_shift(Op::Psrad, 31),
            I32x4ShrU => self.vector_shift(Op::Psrld, 31),
            I64x2Shl => self.vector_shift(Op::Psllq, 63),
            I64x2ShrU => self.vector_shift(Op::Psrlq, 63),
            I8x16Swizzle | I8x16RelaxedSwizzle => {
                // A number of 16 or more must select zero, which the instruction does from 128 on.
                let b = self.pop_xmm(Ty::V128);
                let a = self.pop();
                let s = self.in_reg(a, Ty::V128).xmm();
                let d = self.vector_result(a);
                self.load_vector(SCRATCH_XMM, [0x70; 16]);
                self.xxx(Op::Paddusb, SCRATCH_XMM, SCRATCH_XMM, Arg::X(b));
                self.xxx(Op::Pshufb, d, s, SCRATCH_ARG);
                self.push(d, Ty::V128);
            }
            I16x8ExtendHighI8x16S => self.extend_high(Op::Pmovsxbw),
            I16x8ExtendHighI8x16U => self.extend_high(Op::Pmovzxbw),
            I32x4ExtendHighI16x8S => self.extend_high(Op::Pmovsxwd),
            I32x4ExtendHighI16x8U => self.extend_high(Op::Pmovzxwd),
            I64x2ExtendHighI32x4S => self.extend_high(Op::Pmovsxdq),
            I64x2ExtendHighI32x4U => self.extend_high(Op::Pmovzxdq),
            I16x8ExtMulLowI8x16S => self.extmul_bytes(Op::Pmovsxbw, false),
            I16x8ExtMulHighI8x16S => self.extmul_bytes(Op::Pmovsxbw, true),
            I16x8ExtMulLowI8x16U => self.extmul_bytes(Op::Pmovzxbw, false),
            I16x8ExtMulHighI8x16U => self.extmul_bytes(Op::Pmovzxbw, true),
            I32x4ExtMulLowI16x8S => self.extmul_words(Op::Pmulhw, Op::Punpcklwd),
            I32x4ExtMulHighI16x8S => self.extmul_words(Op::Pmulhw, Op::Punpckhwd),
            I32x4ExtMulLowI16x8U => self.extmul_words(Op::Pmulhuw, Op::Punpcklwd),
            I32x4ExtMulHighI16x8U => self.extmul_words(Op::Pmulhuw, Op::Punpckhwd),
            I64x2ExtMulLowI32x4S => self.extmul_dwords(Op::Pmuldq, 0x50),
            I64x2ExtMulHighI32x4S => self.extmul_dwords(Op::Pmuldq, 0xfa),
            I64x2ExtMulLowI32x4U => self.extmul_dwords(Op::Pmuludq, 0x50),
            I64x2ExtMulHighI32x4U => self.extmul_dwords(Op::Pmuludq, 0xfa),
            I64x2Mul => self.mul_quads(),
            F32x4RelaxedMadd if self.has(Features::FMA) => self.fused(Op::Vfmadd231ps),
            F32x4RelaxedNmadd if self.has(Features::FMA) => self.fused(Op::Vfnmadd231ps),
            F64x2RelaxedMadd if self.has(Features::FMA) => self.fused(Op::Vfmadd231pd),
            F64x2RelaxedNmadd if self.has(Features::FMA) => self.fused(Op::Vfnmadd231pd),
            _ => {
                let immediates = imm(0u32, op as u32, 0u32);
                return self.builtin(Builtin::NumericVector, count, immediates, Some(result));
            }
        }
        Ok(())
    }

    /// A constant vector in a register.
    fn load_vector(&mut self, d: Xmm, bytes: [u8; 16]) {
        let label = self.asm.constant(&bytes);
        self.xm(Op::Movaps, d, Mem::Label { label, disp: 0 });
    }

    pub fn shuffle_dwords(&mut self, d: Xmm, a: Xmm, lanes: i64) {
        let args = [Arg::X(d), Arg::X(a), Arg::I(lanes)];
        self.asm.emit(Op::Pshufd, Size::Q, &args);
    }

    fn int_splat(&mut self, op: VectorOperator) {
        use VectorOperator::*;
        let d = self.alloc_vec();
        let (ty, op_move) = match op {
            I64x2Splat => (Ty::I64, Op::Movq),
            _ => (Ty::I32, Op::Movd),
        };
        let a: Gpr = self.pop_gpr(ty);
        let args = [Arg::X(d), Arg::R(a)];
        self.asm.emit(op_move, Size::Q, &args);
        match op {
            I8x16Splat => {
                self.zero_xmm(SCRATCH_XMM);
                self.xxx(Op::Pshufb, d, d, SCRATCH_ARG);
            }
            I16x8Splat => {
                let args = [Arg::X(d), Arg::X(d), Arg::I(0)];
                self.asm.emit(Op::Pshuflw, Size::Q, &args);
                self.shuffle_dwords(d, d, 0);
            }
            I32x4Splat => self.shuffle_dwords(d, d, 0),
            _ => self.shuffle_dwords(d, d, 0x44),
        }
        self.push(d, Ty::V128);
    }

    fn bitselect(&mut self) {
        let mask = self.pop_own(Ty::V128).xmm();
        let b = self.pop_xmm(Ty::V128);
        let a = self.pop_xmm(Ty::V128);
        self.xxx(Op::Pand, SCRATCH_XMM, mask, Arg::X(a));
        self.xxx(Op::Pandn, mask, mask, Arg::X(b));
        self.xxx(Op::Por, mask, mask, SCRATCH_ARG);
        self.push(mask, Ty::V128);
    }

    fn bitmask(&mut self, op: Op) {
        let a = self.pop_xmm(Ty::V128);
        let d = self.alloc_int();
        let args = [Arg::R(d), Arg::X(a)];
        self.asm.emit(op, Size::D, &args);
        self.push(d, Ty::I32);
    }

    fn vector_shift(&mut self, op: Op, mask: i64) {
        let count = self.pop();
        let a = self.pop();
        if let Operand::Const(count) = count {
            let d = self.in_own_reg(a, Ty::V128).xmm();
            let args = [Arg::X(d), Arg::X(d), Arg::I(count as i64 & mask)];
            self.asm.emit(op, Size::Q, &args);
            return self.push(d, Ty::V128);
        }
        let count = self.in_reg(count, Ty::I32).gpr();
        let s = self.in_reg(a, Ty::V128).xmm();
        let d = self.vector_result(a);
        self.rr(Op::Mov, Size::D, SCRATCH, count);
        self.ri(Op::And, Size::D, SCRATCH, mask);
        let args = [SCRATCH_ARG, Arg::R(SCRATCH)];
        self.asm.emit(Op::Movd, Size::Q, &args);
        self.xxx(op, d, s, SCRATCH_ARG);
        self.push(d, Ty::V128);
    }

    fn extend_high(&mut self, op: Op) {
        let a = self.pop();
        let s = self.in_reg(a, Ty::V128).xmm();
        let d = self.vector_result(a);
        self.shuffle_dwords(d, s, HIGH_HALF);
        self.xx(op, d, d);
        self.push(d, Ty::V128);
    }

    fn extmul_bytes(&mut self, extend: Op, high: bool) {
        let b = self.pop_xmm(Ty::V128);
        let a = self.pop_xmm(Ty::V128);
        let d = self.alloc_vec();
        for (to, from) in [(d, a), (SCRATCH_XMM, b)] {
            let from = if high {
                self.shuffle_dwords(to, from, HIGH_HALF);
                to
            } else {
                from
            };
            self.xx(extend, to, from);
        }
        self.xxx(Op::Pmullw, d, d, SCRATCH_ARG);
        self.push(d, Ty::V128);
    }

    fn extmul_words(&mut self, high_half: Op, interleave: Op) {
        let b = self.pop_xmm(Ty::V128);
        let a = self.pop_xmm(Ty::V128);
        let d = self.alloc_vec();
        self.xxx(Op::Pmullw, d, a, Arg::X(b));
        self.xxx(high_half, SCRATCH_XMM, a, Arg::X(b));
        self.xxx(interleave, d, d, SCRATCH_ARG);
        self.push(d, Ty::V128);
    }

    fn extmul_dwords(&mut self, mul: Op, lanes: i64) {
        let b = self.pop_xmm(Ty::V128);
        let a = self.pop_xmm(Ty::V128);
        let d = self.alloc_vec();
        self.shuffle_dwords(d, a, lanes);
        self.shuffle_dwords(SCRATCH_XMM, b, lanes);
        self.xxx(mul, d, d, SCRATCH_ARG);
        self.push(d, Ty::V128);
    }

    /// The products of the halves that count.
    fn mul_quads(&mut self) {
        let b = self.pop_xmm(Ty::V128);
        let a = self.pop_xmm(Ty::V128);
        let d = self.alloc_vec();
        let shift = |c: &mut Self, op, d: Xmm, s: Xmm| {
            if d != s && !c.avx {
                c.xx(Op::Movaps, d, s);
            }
            let s = if c.avx { s } else { d };
            c.asm.emit(op, Size::Q, &[Arg::X(d), Arg::X(s), Arg::I(32)]);
        };
        shift(self, Op::Psrlq, d, a);
        self.xxx(Op::Pmuludq, d, d, Arg::X(b));
        shift(self, Op::Psrlq, SCRATCH_XMM, b);
        self.xxx(Op::Pmuludq, SCRATCH_XMM, SCRATCH_XMM, Arg::X(a));
        self.xxx(Op::Paddq, d, d, SCRATCH_ARG);
        shift(self, Op::Psllq, d, d);
        self.xxx(Op::Pmuludq, SCRATCH_XMM, a, Arg::X(b));
        self.xxx(Op::Paddq, d, d, SCRATCH_ARG);
        self.push(d, Ty::V128);
    }

    fn fused(&mut self, op: Op) {
        let c = self.pop_own(Ty::V128).xmm();
        let b = self.pop_xmm(Ty::V128);
        let a = self.pop_xmm(Ty::V128);
        let args = [Arg::X(c), Arg::X(a), Arg::X(b)];
        self.asm.emit(op, Size::Q, &args);
        self.push(c, Ty::V128);
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
}
