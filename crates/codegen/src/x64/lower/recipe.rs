//! Vector operators that take more than a few instructions.

use super::super::inst::Pseudo;
use super::{A, Lower};
use crate::regalloc::interface::VReg;
use tierra_asm::x64::{Features, Op, Size};
use tierra_ir::{Type, Value, VectorOp};

/// Both lanes of a constant vector of doubles.
fn doubles(value: f64) -> [u8; 8] {
    value.to_bits().to_le_bytes()
}

/// All lanes of a constant vector of singles.
fn singles(value: f32) -> [u8; 4] {
    value.to_bits().to_le_bytes()
}

/// Which half of a vector, as the immediate of `pshufd` that brings it down.
const HIGH_HALF: i64 = 0xee;

impl Lower<'_> {
    pub(super) fn recipe(&mut self, op: VectorOp, d: VReg, args: &[Value]) {
        use VectorOp::*;
        match op {
            I8x16Swizzle | I8x16RelaxedSwizzle => self.swizzle(d, args),
            I8x16Splat | I16x8Splat | I32x4Splat | I64x2Splat | F32x4Splat | F64x2Splat => {
                self.splat(op, d, args[0]);
            }
            I64x2GeS => {
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                let less = self.vec(Op::Pcmpgtq, b, a);
                self.not(d, less);
            }
            V128Not => {
                let a = self.reg(args[0]);
                self.not(d, a);
            }
            V128Bitselect
            | I8x16RelaxedLaneselect
            | I16x8RelaxedLaneselect
            | I32x4RelaxedLaneselect
            | I64x2RelaxedLaneselect => {
                let [a, b, mask] = [args[0], args[1], args[2]].map(|v| self.reg(v));
                if self.has(Features::AVX512VL) {
                    // The mask's bit chooses: the truth table of `mask ? a : b`.
                    let operands = [A::Mod(d, mask), A::Use(a), A::Use(b), A::Imm(0xca)];
                    return self.push(Op::Vpternlogd, Size::Q, &operands);
                }
                let chosen = self.vec(Op::Pand, a, mask);
                let other = self.vec(Op::Pandn, mask, b);
                self.vec3(Op::Por, d, chosen, A::Use(other));
            }
            V128AnyTrue => {
                let cond = self.any_true(args[0]);
                self.pseudo(Pseudo::SetCond, Size::D, Some(cond), 0, &[A::Def(d)]);
            }
            I8x16Popcnt => self.popcnt(d, args[0]),
            I8x16Bitmask | I16x8Bitmask | I32x4Bitmask | I64x2Bitmask => {
                self.bitmask(op, d, args[0]);
            }
            I8x16Shl | I8x16ShrS | I8x16ShrU => self.shift_bytes(op, d, args),
            I64x2ShrS if !self.has(Features::AVX512VL) => self.shift_quads(d, args),
            I16x8Shl | I16x8ShrS | I16x8ShrU | I32x4Shl | I32x4ShrS | I32x4ShrU | I64x2Shl
            | I64x2ShrS | I64x2ShrU => self.shift_lanes(op, d, args),
            I64x2Abs => self.abs_quads(d, args[0]),
            I64x2Mul => self.mul_quads(d, args),
            I16x8Q15MulrSatS | I16x8RelaxedQ15mulrS => {
                // Only the product of two minima is wrong, and it is the minimum.
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                let product = self.vec(Op::Pmulhrsw, a, b);
                let wrong = self.vec_const(Op::Pcmpeqw, product, &[0, 0x80]);
                self.vec3(Op::Pxor, d, product, A::Use(wrong));
            }
            I16x8ExtAddPairwiseI8x16S => {
                let a = self.reg(args[0]);
                let ones = self.pool_reg([1; 16]);
                self.vec3(Op::Pmaddubsw, d, ones, A::Use(a));
            }
            I16x8ExtAddPairwiseI8x16U => {
                let a = self.reg(args[0]);
                let ones = self.splat_pool(&[1]);
                self.vec3(Op::Pmaddubsw, d, a, ones);
            }
            I32x4ExtAddPairwiseI16x8S => {
                let a = self.reg(args[0]);
                let ones = self.splat_pool(&[1, 0]);
                self.vec3(Op::Pmaddwd, d, a, ones);
            }
            I32x4ExtAddPairwiseI16x8U => {
                // As signed numbers, less by 2^15 each.
                let a = self.reg(args[0]);
                let less = self.vec_const(Op::Pxor, a, &[0, 0x80]);
                let sum = self.vec_const(Op::Pmaddwd, less, &[1, 0]);
                let back = self.splat_pool(&[0, 0, 1, 0]);
                self.vec3(Op::Paddd, d, sum, back);
            }
            I16x8ExtendHighI8x16S => self.extend_high(Op::Pmovsxbw, d, args[0]),
            I16x8ExtendHighI8x16U => self.extend_high(Op::Pmovzxbw, d, args[0]),
            I32x4ExtendHighI16x8S => self.extend_high(Op::Pmovsxwd, d, args[0]),
            I32x4ExtendHighI16x8U => self.extend_high(Op::Pmovzxwd, d, args[0]),
            I64x2ExtendHighI32x4S => self.extend_high(Op::Pmovsxdq, d, args[0]),
            I64x2ExtendHighI32x4U => self.extend_high(Op::Pmovzxdq, d, args[0]),
            I16x8ExtMulLowI8x16S => self.extmul_bytes(Op::Pmovsxbw, false, d, args),
            I16x8ExtMulHighI8x16S => self.extmul_bytes(Op::Pmovsxbw, true, d, args),
            I16x8ExtMulLowI8x16U => self.extmul_bytes(Op::Pmovzxbw, false, d, args),
            I16x8ExtMulHighI8x16U => self.extmul_bytes(Op::Pmovzxbw, true, d, args),
            I32x4ExtMulLowI16x8S => self.extmul_words(Op::Pmulhw, Op::Punpcklwd, d, args),
            I32x4ExtMulHighI16x8S => self.extmul_words(Op::Pmulhw, Op::Punpckhwd, d, args),
            I32x4ExtMulLowI16x8U => self.extmul_words(Op::Pmulhuw, Op::Punpcklwd, d, args),
            I32x4ExtMulHighI16x8U => self.extmul_words(Op::Pmulhuw, Op::Punpckhwd, d, args),
            I64x2ExtMulLowI32x4S => self.extmul_dwords(Op::Pmuldq, 0x50, d, args),
            I64x2ExtMulHighI32x4S => self.extmul_dwords(Op::Pmuldq, 0xfa, d, args),
            I64x2ExtMulLowI32x4U => self.extmul_dwords(Op::Pmuludq, 0x50, d, args),
            I64x2ExtMulHighI32x4U => self.extmul_dwords(Op::Pmuludq, 0xfa, d, args),
            F32x4Min | F32x4RelaxedMin => self.min_max(false, false, d, args),
            F32x4Max | F32x4RelaxedMax => self.min_max(false, true, d, args),
            F64x2Min | F64x2RelaxedMin => self.min_max(true, false, d, args),
            F64x2Max | F64x2RelaxedMax => self.min_max(true, true, d, args),
            F32x4RelaxedMadd => self.fused(Op::Vfmadd231ps, d, args),
            F32x4RelaxedNmadd => self.fused(Op::Vfnmadd231ps, d, args),
            F64x2RelaxedMadd => self.fused(Op::Vfmadd231pd, d, args),
            F64x2RelaxedNmadd => self.fused(Op::Vfnmadd231pd, d, args),
            I16x8RelaxedDotI8x16I7x16S => {
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                self.dot_bytes(d, a, b);
            }
            I32x4RelaxedDotI8x16I7x16AddS => {
                let [a, b, c] = [args[0], args[1], args[2]].map(|v| self.reg(v));
                let dot = self.vec_temp();
                self.dot_bytes(dot, a, b);
                let sum = self.vec_const(Op::Pmaddwd, dot, &[1, 0]);
                self.vec3(Op::Paddd, d, sum, A::Use(c));
            }
            _ => self.vector_convert(op, d, args[0]),
        }
    }

    fn swizzle(&mut self, d: VReg, args: &[Value]) {
        // A number of 16 or more must select zero, which the instruction does from 128 on.
        let (a, b) = (self.reg(args[0]), self.reg(args[1]));
        let numbers = self.vec_const(Op::Paddusb, b, &[0x70]);
        self.vec3(Op::Pshufb, d, a, A::Use(numbers));
    }

    fn splat(&mut self, op: VectorOp, d: VReg, arg: Value) {
        use VectorOp::*;
        let a = self.reg(arg);
        match op {
            F32x4Splat if self.avx => return self.vec1i(Op::Vpermilps, d, a, 0),
            F32x4Splat => return self.vec1i(Op::Pshufd, d, a, 0),
            F64x2Splat => return self.vec1(Op::Movddup, d, a),
            _ => {}
        }
        let low = self.vec_temp();
        self.vec1(if op == I64x2Splat { Op::Movq } else { Op::Movd }, low, a);
        match op {
            I8x16Splat if self.has(Features::AVX2) => self.vec1(Op::Vpbroadcastb, d, low),
            I8x16Splat => {
                let zero = self.zero(Type::V128);
                self.vec3(Op::Pshufb, d, low, A::Use(zero));
            }
            I16x8Splat if self.has(Features::AVX2) => self.vec1(Op::Vpbroadcastw, d, low),
            I16x8Splat => {
                let half = self.vec_temp();
                self.vec1i(Op::Pshuflw, half, low, 0);
                self.vec1i(Op::Pshufd, d, half, 0);
            }
            I32x4Splat => self.vec1i(Op::Pshufd, d, low, 0),
            _ => self.vec1i(Op::Pshufd, d, low, 0x44),
        }
    }

    /// Four bits at a time, by a table.
    fn popcnt(&mut self, d: VReg, arg: Value) {
        let a = self.reg(arg);
        let low = self.vec_const(Op::Pand, a, &[0x0f]);
        let shifted = self.vec_imm(Op::Psrlw, a, 4);
        let high = self.vec_const(Op::Pand, shifted, &[0x0f]);
        let table = self.pool_reg([0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]);
        let low = self.vec(Op::Pshufb, table, low);
        let high = self.vec(Op::Pshufb, table, high);
        self.vec3(Op::Paddb, d, low, A::Use(high));
    }

    fn bitmask(&mut self, op: VectorOp, d: VReg, arg: Value) {
        let a = self.reg(arg);
        match op {
            VectorOp::I8x16Bitmask => self.vec1(Op::Pmovmskb, d, a),
            VectorOp::I32x4Bitmask => self.vec1(Op::Movmskps, d, a),
            VectorOp::I64x2Bitmask => self.vec1(Op::Movmskpd, d, a),
            _ => {
                let zero = self.zero(Type::V128);
                let bytes = self.vec(Op::Packsswb, a, zero);
                self.vec1(Op::Pmovmskb, d, bytes);
            }
        }
    }

    /// The count of a shift, masked and plus a number, as the low half of a vector.
    fn count(&mut self, value: Value, mask: i64, plus: i64) -> VReg {
        let count = self.reg(value);
        let mut masked = self.temp(Type::I32);
        self.push(Op::And, Size::D, &[A::Mod(masked, count), A::Imm(mask)]);
        if plus != 0 {
            let sum = self.temp(Type::I32);
            self.push(Op::Add, Size::D, &[A::Mod(sum, masked), A::Imm(plus)]);
            masked = sum;
        }
        let v = self.vec_temp();
        self.vec1(Op::Movd, v, masked);
        v
    }

    fn shift_lanes(&mut self, op: VectorOp, d: VReg, args: &[Value]) {
        use VectorOp::*;
        let (op, bits) = match op {
            I16x8Shl => (Op::Psllw, 16),
            I16x8ShrS => (Op::Psraw, 16),
            I16x8ShrU => (Op::Psrlw, 16),
            I32x4Shl => (Op::Pslld, 32),
            I32x4ShrS => (Op::Psrad, 32),
            I32x4ShrU => (Op::Psrld, 32),
            I64x2Shl => (Op::Psllq, 64),
            I64x2ShrS => (Op::Vpsraq, 64),
            _ => (Op::Psrlq, 64),
        };
        let a = self.reg(args[0]);
        match self.int_const(args[1]) {
            Some(count) => self.vec_shift_imm(op, d, a, count & (bits - 1)),
            None => {
                let count = self.count(args[1], bits - 1, 0);
                self.vec3(op, d, a, A::Use(count));
            }
        }
    }

    /// There are no shifts of bytes: each becomes a word whose halves are both the byte, or of
    /// which it is the low half.
    fn shift_bytes(&mut self, op: VectorOp, d: VReg, args: &[Value]) {
        let a = self.reg(args[0]);
        let (shift, pack, plus) = match op {
            VectorOp::I8x16Shl => (Op::Psllw, Op::Packuswb, 0),
            VectorOp::I8x16ShrS => (Op::Psraw, Op::Packsswb, 8),
            _ => (Op::Psrlw, Op::Packuswb, 8),
        };
        let other = if plus == 0 { self.zero(Type::V128) } else { a };
        let mut halves = [
            self.vec(Op::Punpcklbw, a, other),
            self.vec(Op::Punpckhbw, a, other),
        ];
        let constant = self.int_const(args[1]);
        let count = match constant {
            Some(_) => None,
            None => Some(self.count(args[1], 7, plus)),
        };
        for half in &mut halves {
            *half = match count {
                None => {
                    let count = constant.map_or(0, |count| count & 7);
                    self.vec_imm(shift, *half, count + plus)
                }
                Some(count) => self.vec(shift, *half, count),
            };
            if plus == 0 {
                *half = self.vec_const(Op::Pand, *half, &[0xff, 0]);
            }
        }
        self.vec3(pack, d, halves[0], A::Use(halves[1]));
    }

    /// An arithmetic shift is a logical one whose sign bit, wherever it got to, is spread by
    /// `(x ^ sign) - sign`.
    fn shift_quads(&mut self, d: VReg, args: &[Value]) {
        let a = self.reg(args[0]);
        let sign = self.pool_reg([0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80]);
        let [a, sign] = match self.int_const(args[1]) {
            Some(count) => [a, sign].map(|v| self.vec_imm(Op::Psrlq, v, count & 63)),
            None => {
                let count = self.count(args[1], 63, 0);
                [a, sign].map(|v| self.vec(Op::Psrlq, v, count))
            }
        };
        let flipped = self.vec(Op::Pxor, a, sign);
        self.vec3(Op::Psubq, d, flipped, A::Use(sign));
    }

    fn abs_quads(&mut self, d: VReg, arg: Value) {
        let a = self.reg(arg);
        if self.has(Features::AVX512VL) {
            return self.vec1(Op::Vpabsq, d, a);
        }
        let zero = self.zero(Type::V128);
        let negative = self.vec(Op::Pcmpgtq, zero, a);
        let flipped = self.vec(Op::Pxor, a, negative);
        self.vec3(Op::Psubq, d, flipped, A::Use(negative));
    }

    fn mul_quads(&mut self, d: VReg, args: &[Value]) {
        let (a, b) = (self.reg(args[0]), self.reg(args[1]));
        if self.has(Features::AVX512VL) && self.has(Features::AVX512DQ) {
            return self.vec3(Op::Vpmullq, d, a, A::Use(b));
        }
        let a_high = self.vec_imm(Op::Psrlq, a, 32);
        let b_high = self.vec_imm(Op::Psrlq, b, 32);
        let one = self.vec(Op::Pmuludq, a_high, b);
        let other = self.vec(Op::Pmuludq, b_high, a);
        let cross = self.vec(Op::Paddq, one, other);
        let cross = self.vec_imm(Op::Psllq, cross, 32);
        let low = self.vec(Op::Pmuludq, a, b);
        self.vec3(Op::Paddq, d, low, A::Use(cross));
    }

    fn extend_high(&mut self, op: Op, d: VReg, arg: Value) {
        let a = self.reg(arg);
        let high = self.vec_temp();
        self.vec1i(Op::Pshufd, high, a, HIGH_HALF);
        self.vec1(op, d, high);
    }

    fn extmul_bytes(&mut self, extend: Op, high: bool, d: VReg, args: &[Value]) {
        let wide = [args[0], args[1]].map(|v| {
            let mut v = self.reg(v);
            if high {
                let moved = self.vec_temp();
                self.vec1i(Op::Pshufd, moved, v, HIGH_HALF);
                v = moved;
            }
            let wide = self.vec_temp();
            self.vec1(extend, wide, v);
            wide
        });
        self.vec3(Op::Pmullw, d, wide[0], A::Use(wide[1]));
    }

    fn extmul_words(&mut self, high_half: Op, interleave: Op, d: VReg, args: &[Value]) {
        let (a, b) = (self.reg(args[0]), self.reg(args[1]));
        let low = self.vec(Op::Pmullw, a, b);
        let high = self.vec(high_half, a, b);
        self.vec3(interleave, d, low, A::Use(high));
    }

    fn extmul_dwords(&mut self, mul: Op, lanes: i64, d: VReg, args: &[Value]) {
        let spread = [args[0], args[1]].map(|v| {
            let (v, spread) = (self.reg(v), self.vec_temp());
            self.vec1i(Op::Pshufd, spread, v, lanes);
            spread
        });
        self.vec3(mul, d, spread[0], A::Use(spread[1]));
    }

    /// The instruction gives its second operand if there is a NaN or both are zeros, so it is
    /// done both ways. For the minimum the union of both results is right but for the payload of
    /// a NaN; for the maximum the difference, which is the zeros' sign, is taken off.
    fn min_max(&mut self, double: bool, max: bool, d: VReg, args: &[Value]) {
        let (a, b) = (self.reg(args[0]), self.reg(args[1]));
        let (op, compare, shift, payload) = match (double, max) {
            (false, false) => (Op::Minps, Op::Cmpps, Op::Psrld, 10),
            (false, true) => (Op::Maxps, Op::Cmpps, Op::Psrld, 10),
            (true, false) => (Op::Minpd, Op::Cmppd, Op::Psrlq, 13),
            (true, true) => (Op::Maxpd, Op::Cmppd, Op::Psrlq, 13),
        };
        let one = self.vec(op, a, b);
        let other = self.vec(op, b, a);
        let result = if max {
            let difference = self.vec(Op::Xorps, one, other);
            let union = self.vec(Op::Orps, one, difference);
            self.vec(
                if double { Op::Subpd } else { Op::Subps },
                union,
                difference,
            )
        } else {
            self.vec(Op::Orps, one, other)
        };
        // NaNs become the canonical one.
        let nan = self.vec_temp();
        self.vec3i(compare, nan, result, A::Use(result), 3);
        let result = self.vec(Op::Orps, result, nan);
        let extra = self.vec_imm(shift, nan, payload);
        self.vec3(Op::Andnps, d, extra, A::Use(result));
    }

    fn fused(&mut self, op: Op, d: VReg, args: &[Value]) {
        if !self.has(Features::FMA) {
            return self.unsupported("a relaxed multiply-add without FMA");
        }
        let [a, b, c] = [args[0], args[1], args[2]].map(|v| self.reg(v));
        self.push(op, Size::Q, &[A::Mod(d, c), A::Use(a), A::Use(b)]);
    }

    /// Products of signed bytes, neighbors added with saturation.
    fn dot_bytes(&mut self, d: VReg, a: VReg, b: VReg) {
        let mut sums = [a; 2];
        for (half, sum) in sums.iter_mut().enumerate() {
            let wide = [a, b].map(|v| {
                let mut v = v;
                if half == 1 {
                    let high = self.vec_temp();
                    self.vec1i(Op::Pshufd, high, v, HIGH_HALF);
                    v = high;
                }
                let wide = self.vec_temp();
                self.vec1(Op::Pmovsxbw, wide, v);
                wide
            });
            *sum = self.vec(Op::Pmaddwd, wide[0], wide[1]);
        }
        self.vec3(Op::Packssdw, d, sums[0], A::Use(sums[1]));
    }

    fn vector_convert(&mut self, op: VectorOp, d: VReg, arg: Value) {
        use VectorOp::*;
        let a = self.reg(arg);
        match op {
            I32x4TruncSatF32x4S | I32x4RelaxedTruncF32x4S => {
                let ordered = self.vec_temp();
                self.vec3i(Op::Cmpps, ordered, a, A::Use(a), 0);
                let number = self.vec(Op::Andps, a, ordered);
                // What is too large becomes the minimum, and its complement is the maximum.
                let limit = self.splat_pool(&singles(2147483648.0));
                let limit_reg = self.vec_temp();
                self.push(Op::Movaps, Size::Q, &[A::Def(limit_reg), limit]);
                let large = self.vec_temp();
                self.vec3i(Op::Cmpps, large, limit_reg, A::Use(number), 2);
                let converted = self.vec_temp();
                self.vec1(Op::Cvttps2dq, converted, number);
                self.vec3(Op::Pxor, d, converted, A::Use(large));
            }
            I32x4TruncSatF32x4U | I32x4RelaxedTruncF32x4U => self.trunc_singles_unsigned(d, a),
            F32x4ConvertI32x4U => self.convert_unsigned(d, a),
            I32x4TruncSatF64x2SZero | I32x4RelaxedTruncF64x2SZero => {
                // A NaN becomes 0: the minimum gives its second operand then.
                let ordered = self.vec_temp();
                self.vec3i(Op::Cmppd, ordered, a, A::Use(a), 0);
                let limit = self.vec_const(Op::Andpd, ordered, &doubles(2147483647.0));
                let number = self.vec(Op::Minpd, a, limit);
                self.vec1(Op::Cvttpd2dq, d, number);
            }
            I32x4TruncSatF64x2UZero | I32x4RelaxedTruncF64x2UZero => {
                let zero = self.zero(Type::V128);
                let positive = self.vec(Op::Maxpd, a, zero);
                if self.has(Features::AVX512VL) {
                    return self.vec1(Op::Vcvttpd2udq, d, positive);
                }
                // The integer is in the low bits of the sum with 2^52.
                let number = self.vec_const(Op::Minpd, positive, &doubles(4294967295.0));
                let whole = self.vec_temp();
                self.vec1i(Op::Roundpd, whole, number, 11);
                let sum = self.vec_const(Op::Addpd, whole, &doubles(4503599627370496.0));
                self.vec3i(Op::Shufps, d, sum, A::Use(zero), 0x88);
            }
            F64x2ConvertLowI32x4U => {
                if self.has(Features::AVX512VL) {
                    return self.vec1(Op::Vcvtudq2pd, d, a);
                }
                // With this upper half, the lower half counts from 2^52.
                let exponent = 0x4330_0000u32.to_le_bytes();
                let pairs = self.vec_const(Op::Punpckldq, a, &exponent);
                let base = self.splat_pool(&doubles(4503599627370496.0));
                self.vec3(Op::Subpd, d, pairs, base);
            }
            _ => unreachable!("{} has a plan", op.name()),
        }
    }

    fn trunc_singles_unsigned(&mut self, d: VReg, a: VReg) {
        let zero = self.zero(Type::V128);
        let positive = self.vec(Op::Maxps, a, zero);
        if self.has(Features::AVX512VL) {
            return self.vec1(Op::Vcvttps2udq, d, positive);
        }
        // The part above 2^31 is converted apart. It is negative where there is none, and
        // saturates by turning round.
        let limit = self.splat_pool(&singles(2147483648.0));
        let limit_reg = self.vec_temp();
        self.push(Op::Movaps, Size::Q, &[A::Def(limit_reg), limit]);
        let above = self.vec(Op::Subps, positive, limit_reg);
        let large = self.vec_temp();
        self.vec3i(Op::Cmpps, large, limit_reg, A::Use(above), 2);
        let above_int = self.vec_temp();
        self.vec1(Op::Cvttps2dq, above_int, above);
        let above_int = self.vec(Op::Pxor, above_int, large);
        let above_int = self.vec(Op::Pmaxsd, above_int, zero);
        let low = self.vec_temp();
        self.vec1(Op::Cvttps2dq, low, positive);
        self.vec3(Op::Paddd, d, low, A::Use(above_int));
    }

    /// The low 16 bits and half of the rest convert exactly; only the last addition rounds.
    fn convert_unsigned(&mut self, d: VReg, a: VReg) {
        if self.has(Features::AVX512VL) {
            return self.vec1(Op::Vcvtudq2ps, d, a);
        }
        let low = self.vec_const(Op::Pand, a, &[0xff, 0xff, 0, 0]);
        let high = self.vec(Op::Psubd, a, low);
        let half = self.vec_imm(Op::Psrld, high, 1);
        let (low_float, half_float) = (self.vec_temp(), self.vec_temp());
        self.vec1(Op::Cvtdq2ps, low_float, low);
        self.vec1(Op::Cvtdq2ps, half_float, half);
        let high_float = self.vec(Op::Addps, half_float, half_float);
        self.vec3(Op::Addps, d, high_float, A::Use(low_float));
    }
}
