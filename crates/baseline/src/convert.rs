//! Conversions between floats and integers: instructions do the common case, and cold code the
//! rest.

use crate::compiler::Compiler;
use crate::float::float_ty;
use crate::value::{Operand, Ty};
use tierra_asm::x64::abi::{SCRATCH, SCRATCH_XMM};
use tierra_asm::x64::{Arg, Cc, Gpr, Label, Op, Size, Xmm};
use tierra_core::Trap;

/// What is converted to what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FloatToInt {
    pub double: bool,
    pub size: Size,
    pub signed: bool,
    pub saturating: bool,
}

impl FloatToInt {
    fn convert(self) -> Op {
        if self.double {
            Op::Cvttsd2si
        } else {
            Op::Cvttss2si
        }
    }

    fn compare(self) -> Op {
        if self.double {
            Op::Ucomisd
        } else {
            Op::Ucomiss
        }
    }
}

impl Compiler<'_> {
    /// From integers: the upper part of the register is zeroed first, since the instruction keeps
    /// it and would wait for it.
    pub fn int_to_float(&mut self, double: bool, size: Size, from: Ty) {
        let a = self.pop();
        let a = self.in_reg(a, from).gpr();
        let d = self.alloc_vec();
        self.zero_xmm(d);
        let op = if double { Op::Cvtsi2sd } else { Op::Cvtsi2ss };
        let args = [Arg::X(d), Arg::X(d), Arg::R(a)];
        self.asm.emit(op, size, &args);
        self.push(d, float_ty(double));
    }

    pub fn unsigned_to_float(&mut self, double: bool) {
        let a = self.pop_gpr(Ty::I64);
        let d = self.alloc_vec();
        let back = self.asm.label();
        let cold = self.cold_large_unsigned(double, d, a, back);
        self.zero_xmm(d);
        self.rr(Op::Test, Size::Q, a, a);
        self.asm.jcc(Cc::S, cold);
        let op = if double { Op::Cvtsi2sd } else { Op::Cvtsi2ss };
        let args = [Arg::X(d), Arg::X(d), Arg::R(a)];
        self.asm.emit(op, Size::Q, &args);
        self.asm.bind(back);
        self.push(d, float_ty(double));
    }

    /// Half of the number is converted and doubled. The lowest bit, which is lost, is kept in
    /// the one above, where it decides the rounding as it should.
    pub fn large_unsigned(&mut self, double: bool, d: Xmm, a: Gpr) {
        let (convert, add) = if double {
            (Op::Cvtsi2sd, Op::Addsd)
        } else {
            (Op::Cvtsi2ss, Op::Addss)
        };
        let even = self.asm.label();
        self.rr(Op::Mov, Size::Q, SCRATCH, a);
        self.ri(Op::Shr, Size::Q, SCRATCH, 1);
        self.asm.jcc_short(Cc::AE, even);
        self.ri(Op::Or, Size::Q, SCRATCH, 1);
        self.asm.bind(even);
        let args = [Arg::X(d), Arg::X(d), Arg::R(SCRATCH)];
        self.asm.emit(convert, Size::Q, &args);
        self.xxx(add, d, d, Arg::X(d));
    }

    /// Numbers of 32 bits are converted to 64, where all of them fit; what doesn't fit 64 signed
    /// bits becomes the minimum there.
    pub fn float_to_int(&mut self, kind: FloatToInt) {
        let a = self.pop_xmm(float_ty(kind.double));
        let d = self.alloc_int();
        let back = self.asm.label();
        let cold = self.cold_float_to_int(kind, d, a, back);
        let args = [Arg::R(d), Arg::X(a)];
        self.asm.emit(kind.convert(), Size::Q, &args);
        match (kind.size, kind.signed) {
            (Size::Q, true) => {
                // The minimum is the only number less than itself minus 1.
                self.ri(Op::Cmp, Size::Q, d, 1);
                self.asm.jcc(Cc::O, cold);
            }
            (Size::Q, false) => {
                self.rr(Op::Test, Size::Q, d, d);
                self.asm.jcc(Cc::S, cold);
            }
            (_, true) => {
                self.rr(Op::Movsxd, Size::Q, SCRATCH, d);
                self.rr(Op::Cmp, Size::Q, SCRATCH, d);
                self.asm.jcc(Cc::NE, cold);
                self.rr(Op::Mov, Size::D, d, d);
            }
            (_, false) => {
                self.rr(Op::Mov, Size::D, SCRATCH, d);
                self.rr(Op::Cmp, Size::Q, SCRATCH, d);
                self.asm.jcc(Cc::NE, cold);
            }
        }
        self.asm.bind(back);
        let ty = if kind.size == Size::Q {
            Ty::I64
        } else {
            Ty::I32
        };
        self.push(d, ty);
    }

    /// The rest of a conversion, up to where it goes back.
    pub fn float_to_int_cold(&mut self, kind: FloatToInt, d: Gpr, a: Xmm, back: Label) {
        if kind.saturating {
            return self.saturate(kind, d, a, back);
        }
        let invalid = self.trap_label(Trap::InvalidConversionToInteger);
        let overflow = self.trap_label(Trap::IntegerOverflow);
        self.xx(kind.compare(), a, a);
        self.asm.jcc(Cc::P, invalid);
        match (kind.size, kind.signed) {
            (Size::Q, true) => {
                // The minimum itself is right if it is what was converted.
                self.load_float(kind.double, -9223372036854775808.0);
                self.xx(kind.compare(), a, SCRATCH_XMM);
                self.asm.jcc(Cc::NE, overflow);
            }
            (Size::Q, false) => self.upper_half(kind, d, a, overflow),
            _ => self.asm.jmp(overflow),
        }
    }

    /// The scratch register gets a number.
    fn load_float(&mut self, double: bool, value: f64) {
        let (bits, op) = if double {
            (value.to_bits(), Op::Movq)
        } else {
            (u64::from((value as f32).to_bits()), Op::Movd)
        };
        self.load_int(SCRATCH, bits);
        let args = [Arg::X(SCRATCH_XMM), Arg::R(SCRATCH)];
        self.asm.emit(op, Size::Q, &args);
    }

    /// A NaN is 0; what is too small is the minimum, what is too large the maximum.
    fn saturate(&mut self, kind: FloatToInt, d: Gpr, a: Xmm, back: Label) {
        let (min, max) = match (kind.size, kind.signed) {
            (Size::Q, true) => (i64::MIN as u64, i64::MAX as u64),
            (Size::Q, false) => (0, u64::MAX),
            (_, true) => (i32::MIN as u32 as u64, i32::MAX as u64),
            (_, false) => (0, u64::from(u32::MAX)),
        };
        let large = self.asm.label();
        if (kind.size, kind.signed) == (Size::Q, false) {
            let small = self.asm.label();
            self.zero_xmm(SCRATCH_XMM);
            self.xx(kind.compare(), a, SCRATCH_XMM);
            self.asm.jcc(Cc::BE, small);
            self.upper_half(kind, d, a, large);
            self.asm.jmp(back);
            self.asm.bind(small);
            self.load_int(d, 0);
            self.asm.jmp(back);
            self.asm.bind(large);
            return self.load_int(d, max);
        }
        self.zero_xmm(SCRATCH_XMM);
        self.xx(kind.compare(), a, SCRATCH_XMM);
        self.asm.jcc(Cc::A, large);
        self.load_int(d, 0);
        self.asm.jcc(Cc::P, back);
        self.load_int(d, min);
        self.asm.jmp(back);
        self.asm.bind(large);
        self.load_int(d, max);
    }

    /// A number of at least 2^63 as an unsigned integer; what is none goes to `wrong`.
    fn upper_half(&mut self, kind: FloatToInt, d: Gpr, a: Xmm, wrong: Label) {
        let add = if kind.double { Op::Addsd } else { Op::Addss };
        self.load_float(kind.double, -9223372036854775808.0);
        self.xxx(add, SCRATCH_XMM, SCRATCH_XMM, Arg::X(a));
        let args = [Arg::R(d), Arg::X(SCRATCH_XMM)];
        self.asm.emit(kind.convert(), Size::Q, &args);
        self.rr(Op::Test, Size::Q, d, d);
        self.asm.jcc(Cc::S, wrong);
        self.asm.emit(Op::Btc, Size::Q, &[Arg::R(d), Arg::I(63)]);
    }

    /// The bits of a number as one of the other kind.
    pub fn reinterpret(&mut self, from: Ty, to: Ty) {
        let a = self.pop();
        if let Operand::Home(home) = a {
            let d = self.alloc(crate::regs::class(to));
            self.load(d, crate::emit::frame(home), to);
            return self.push(d, to);
        }
        if let Operand::Const(bits) = a {
            return self.push_const(bits, to);
        }
        let s = self.in_reg(a, from);
        let d = self.alloc(crate::regs::class(to));
        let op = match from {
            Ty::I32 | Ty::F32 => Op::Movd,
            _ => Op::Movq,
        };
        let arg = |r: crate::regs::Reg| {
            if r.is_vec() {
                Arg::X(r.xmm())
            } else {
                Arg::R(r.gpr())
            }
        };
        self.asm.emit(op, Size::Q, &[arg(d), arg(s)]);
        self.push(d, to);
    }
}
