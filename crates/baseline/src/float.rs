//! Scalar floats.

use crate::compiler::Compiler;
use crate::emit::frame;
use crate::value::{Cond, Operand, Ty};
use tierra_asm::x64::abi::SCRATCH_XMM;
use tierra_asm::x64::{Arg, Cc, Op, Size, Xmm};

/// The immediate of `roundss` and its kin: the mode, and silence about inexact results.
pub(crate) mod rounding {
    pub const NEAREST: i64 = 8;
    pub const FLOOR: i64 = 9;
    pub const CEIL: i64 = 10;
    pub const TRUNC: i64 = 11;
}

pub(crate) fn float_ty(double: bool) -> Ty {
    if double { Ty::F64 } else { Ty::F32 }
}

const SCRATCH_ARG: Arg = Arg::X(SCRATCH_XMM);

impl Compiler<'_> {
    /// A popped operand as the second one of an instruction.
    fn float_arg(&mut self, operand: Operand, ty: Ty) -> Arg {
        match operand {
            Operand::Home(home) => Arg::M(frame(home)),
            operand => Arg::X(self.in_reg(operand, ty).xmm()),
        }
    }

    pub fn float_arithmetic(&mut self, op: Op, double: bool) {
        let ty = float_ty(double);
        let b = self.pop();
        let a = self.pop();
        let b = self.float_arg(b, ty);
        let s = self.in_reg(a, ty).xmm();
        let d = self.reuse(a, ty).xmm();
        self.xxx(op, d, s, b);
        self.push(d, ty);
    }

    /// Of one operand. The instructions keep the upper part of a register: its own.
    pub fn float_unary(&mut self, op: Op, double: bool, mode: Option<i64>) {
        let ty = float_ty(double);
        let a = self.pop();
        let s = self.in_reg(a, ty).xmm();
        let d = self.reuse(a, ty).xmm();
        match mode {
            Some(mode) => self.xxxi(op, d, s, Arg::X(s), mode),
            None => self.xxx(op, d, s, Arg::X(s)),
        }
        self.push(d, ty);
    }

    /// From one kind of float to the other.
    pub fn float_convert(&mut self, op: Op, from: Ty, to: Ty) {
        let s = self.pop_xmm(from);
        let d = self.alloc_vec();
        self.zero_xmm(d);
        self.xxx(op, d, d, Arg::X(s));
        self.push(d, to);
    }

    /// The scratch register gets the sign bits of all lanes, or all others.
    pub fn sign_mask(&mut self, double: bool, others: bool) {
        let (left, right, count) = if double {
            (Op::Psllq, Op::Psrlq, 63)
        } else {
            (Op::Pslld, Op::Psrld, 31)
        };
        let mask = SCRATCH_ARG;
        self.asm.emit(Op::Pcmpeqd, Size::Q, &[mask, mask, mask]);
        let (op, count) = if others { (right, 1) } else { (left, count) };
        self.asm.emit(op, Size::Q, &[mask, mask, Arg::I(count)]);
    }

    /// Absolute values and negatives, also of all lanes of a vector.
    pub fn float_sign(&mut self, op: Op, double: bool, others: bool, ty: Ty) {
        let a = self.pop();
        let s = self.in_reg(a, ty).xmm();
        let d = self.reuse(a, ty).xmm();
        self.sign_mask(double, others);
        self.xxx(op, d, s, SCRATCH_ARG);
        self.push(d, ty);
    }

    pub fn copysign(&mut self, double: bool) {
        let ty = float_ty(double);
        let b = self.pop_own(ty).xmm();
        let a = self.pop_own(ty).xmm();
        self.sign_mask(double, false);
        self.xxx(Op::Andps, b, b, SCRATCH_ARG);
        self.sign_mask(double, true);
        self.xxx(Op::Andps, a, a, SCRATCH_ARG);
        self.xxx(Op::Orps, a, a, Arg::X(b));
        self.push(a, ty);
    }

    /// Different numbers are ordered by the instruction; equal ones may be zeros of different
    /// sign, of which the bits are united or intersected.
    pub fn min_max(&mut self, double: bool, max: bool) {
        let ty = float_ty(double);
        let b = self.pop_xmm(ty);
        let d = self.pop_own(ty).xmm();
        let (compare, order, zeros) = match (double, max) {
            (false, false) => (Op::Ucomiss, Op::Minss, Op::Orps),
            (false, true) => (Op::Ucomiss, Op::Maxss, Op::Andps),
            (true, false) => (Op::Ucomisd, Op::Minsd, Op::Orps),
            (true, true) => (Op::Ucomisd, Op::Maxsd, Op::Andps),
        };
        let (different, back) = (self.asm.label(), self.asm.label());
        let nan = self.cold_nan(double, d, b, back);
        self.xx(compare, d, b);
        self.asm.jcc_short(Cc::NE, different);
        self.asm.jcc(Cc::P, nan);
        self.xxx(zeros, d, d, Arg::X(b));
        self.asm.jmp_short(back);
        self.asm.bind(different);
        self.xxx(order, d, d, Arg::X(b));
        self.asm.bind(back);
        self.push(d, ty);
    }

    /// Compares by the instruction whose carry and zero flags tell; less is greater with the
    /// operands exchanged, so that a NaN is neither.
    pub fn float_compare(&mut self, double: bool, cond: Cond, swap: bool) {
        let ty = float_ty(double);
        let b = self.pop();
        let a = self.pop();
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let b = self.float_arg(b, ty);
        let a: Xmm = self.in_reg(a, ty).xmm();
        let op = if double { Op::Ucomisd } else { Op::Ucomiss };
        self.asm.emit(op, Size::Q, &[Arg::X(a), b]);
        self.push_flags(cond);
    }
}
