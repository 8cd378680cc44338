//! Integer division. The instruction is the slowest of all, so that by a constant is a
//! multiplication: by the reciprocal, scaled to a whole number, of which the upper half is the
//! quotient (Granlund and Montgomery, "Division by Invariant Integers using Multiplication", 1994).

use super::super::abi;
use super::super::inst::{Cond, Pseudo};
use super::{A, Lower};
use crate::regalloc::interface::{PReg, VReg};
use tierra_asm::x64::{Cc, Gpr, Op, Size};
use tierra_core::Trap;
use tierra_ir::{Type, Value};

const RAX: PReg = abi::int(Gpr::RAX);
const RDX: PReg = abi::int(Gpr::RDX);

/// The number of bits that are needed for numbers below `d`.
fn log2_ceil(d: u64) -> u32 {
    64 - (d - 1).leading_zeros()
}

impl Lower<'_> {
    pub(super) fn div_unsigned(&mut self, size: Size, args: [Value; 2], remainder: bool) {
        let d = self.def();
        let width = 8 * u32::from(size.bytes());
        if let Some(divisor) = self.int_const(args[1]) {
            let divisor = divisor as u64 & (u64::MAX >> (64 - width));
            if divisor.is_power_of_two() && (!remainder || divisor <= 1 << 31) {
                let a = self.reg(args[0]);
                if remainder {
                    let mask = A::Imm(divisor as i64 - 1);
                    self.push(Op::And, size, &[A::Mod(d, a), mask]);
                } else {
                    let count = A::Imm(i64::from(divisor.trailing_zeros()));
                    self.push(Op::Shr, size, &[A::Mod(d, a), count]);
                }
                return;
            }
            if divisor > 1 && !divisor.is_power_of_two() {
                let a = self.reg(args[0]);
                let q = if remainder { self.temp(Type::I64) } else { d };
                match size {
                    Size::Q => self.quotient_u64(q, a, divisor),
                    // Exact for all numbers of 32 bits, which are zero-extended.
                    _ => {
                        let reciprocal = u64::MAX / divisor + 1;
                        self.high_half(Op::Mul1, q, a, reciprocal);
                    }
                }
                if remainder {
                    self.remainder(size, d, a, q, divisor as i64);
                }
                return;
            }
        }
        let (a, b) = (self.reg(args[0]), self.reg(args[1]));
        if self.int_const(args[1]).is_none_or(|b| b == 0) {
            self.push(Op::Test, size, &[A::Use(b), A::Again(0)]);
            self.trap_on(Cond::Cc(Cc::E), Trap::IntegerDivideByZero as u8);
        }
        let high = self.temp(Type::I64);
        self.push(Op::Mov, Size::D, &[A::Def(high), A::Imm(0)]);
        let other = self.temp(Type::I64);
        let (q, r) = if remainder { (other, d) } else { (d, other) };
        self.push(
            Op::Div,
            size,
            &[
                A::UseAny(b),
                A::HiddenUse(a, RAX),
                A::HiddenUse(high, RDX),
                A::HiddenDef(q, RAX),
                A::HiddenDef(r, RDX),
            ],
        );
    }

    pub(super) fn div_signed(&mut self, size: Size, args: [Value; 2], remainder: bool) {
        let d = self.def();
        let min = if size == Size::Q {
            i64::MIN
        } else {
            i32::MIN.into()
        };
        if let Some(divisor) = self.int_const(args[1])
            && !matches!(divisor, -1..=1)
            && divisor != min
        {
            let a = self.reg(args[0]);
            let q = if remainder { self.temp(Type::I64) } else { d };
            self.quotient_signed(size, q, a, divisor);
            if remainder {
                self.remainder(size, d, a, q, divisor);
            }
            return;
        }
        let (a, b) = (self.reg(args[0]), self.reg(args[1]));
        let safe = self.int_const(args[1]).is_some_and(|b| b != 0 && b != -1);
        let other = self.temp(Type::I64);
        let (q, r) = if remainder { (other, d) } else { (d, other) };
        self.code.needs_frame |= !safe;
        self.pseudo(
            Pseudo::DivSigned,
            size,
            None,
            u32::from(remainder) | u32::from(safe) << 1,
            &[
                A::UseLate(b),
                A::HiddenUse(a, RAX),
                A::HiddenDef(q, RAX),
                A::HiddenDef(r, RDX),
            ],
        );
    }

    /// The upper half of a product with a constant.
    fn high_half(&mut self, op: Op, d: VReg, a: VReg, by: u64) {
        let (factor, low) = (self.temp(Type::I64), self.temp(Type::I64));
        self.push(Op::Mov, Size::Q, &[A::Def(factor), A::Imm(by as i64)]);
        self.push(
            op,
            Size::Q,
            &[
                A::UseAny(a),
                A::HiddenUse(factor, RAX),
                A::HiddenDef(low, RAX),
                A::HiddenDef(d, RDX),
            ],
        );
    }

    fn alu_imm(&mut self, op: Op, size: Size, a: VReg, imm: i64) -> VReg {
        let d = self.temp(Type::I64);
        self.push(op, size, &[A::Mod(d, a), A::Imm(imm)]);
        d
    }

    /// The reciprocal has 65 bits: what the highest of them contributes is added without
    /// overflow.
    fn quotient_u64(&mut self, q: VReg, a: VReg, divisor: u64) {
        let bits = log2_ceil(divisor);
        let scaled = ((1u128 << bits) - u128::from(divisor)) << 64;
        let reciprocal = (scaled / u128::from(divisor) + 1) as u64;
        let high = self.temp(Type::I64);
        self.high_half(Op::Mul1, high, a, reciprocal);
        let rest = self.temp(Type::I64);
        self.push(Op::Sub, Size::Q, &[A::Mod(rest, a), A::UseAny(high)]);
        let half = self.alu_imm(Op::Shr, Size::Q, rest, 1);
        let sum = self.temp(Type::I64);
        self.push(Op::Add, Size::Q, &[A::Mod(sum, half), A::UseAny(high)]);
        let count = A::Imm(i64::from(bits) - 1);
        self.push(Op::Shr, Size::Q, &[A::Mod(q, sum), count]);
    }

    /// Rounded down, then up by one if the dividend is negative.
    fn quotient_signed(&mut self, size: Size, q: VReg, a: VReg, divisor: i64) {
        let magnitude = divisor.unsigned_abs();
        let bits = log2_ceil(magnitude);
        let width = 8 * u32::from(size.bytes());
        let reciprocal = (1u128 << (width + bits - 1)) / u128::from(magnitude) + 1;
        let down = if size == Size::Q {
            // The reciprocal has 65 bits; without the highest it is negative.
            let (high, sum) = (self.temp(Type::I64), self.temp(Type::I64));
            self.high_half(Op::Imul1, high, a, reciprocal as u64);
            self.push(Op::Add, Size::Q, &[A::Mod(sum, high), A::UseAny(a)]);
            self.alu_imm(Op::Sar, Size::Q, sum, i64::from(bits) - 1)
        } else {
            let (wide, product) = (self.temp(Type::I64), self.temp(Type::I64));
            self.push(Op::Movsxd, Size::Q, &[A::Def(wide), A::UseAny(a)]);
            let factor = reciprocal as i64;
            if i32::try_from(factor).is_ok() {
                let args = [A::Def(product), A::UseAny(wide), A::Imm(factor)];
                self.push(Op::Imul3, Size::Q, &args);
            } else {
                let by = self.temp(Type::I64);
                self.push(Op::Mov, Size::Q, &[A::Def(by), A::Imm(factor)]);
                self.push(Op::Imul2, Size::Q, &[A::Mod(product, wide), A::UseAny(by)]);
            }
            self.alu_imm(Op::Sar, Size::Q, product, i64::from(32 + bits - 1))
        };
        let sign = self.alu_imm(Op::Sar, size, a, i64::from(width) - 1);
        let (from, less) = if divisor < 0 {
            (sign, down)
        } else {
            (down, sign)
        };
        self.push(Op::Sub, size, &[A::Mod(q, from), A::UseAny(less)]);
    }

    /// What is left of the dividend.
    fn remainder(&mut self, size: Size, d: VReg, a: VReg, q: VReg, divisor: i64) {
        let product = self.temp(Type::I64);
        let imm = if size == Size::Q {
            divisor
        } else {
            i64::from(divisor as i32)
        };
        if i32::try_from(imm).is_ok() {
            self.push(
                Op::Imul3,
                size,
                &[A::Def(product), A::UseAny(q), A::Imm(imm)],
            );
        } else {
            let by = self.temp(Type::I64);
            self.push(Op::Mov, Size::Q, &[A::Def(by), A::Imm(imm)]);
            self.push(Op::Imul2, size, &[A::Mod(product, q), A::UseAny(by)]);
        }
        self.push(Op::Sub, size, &[A::Mod(d, a), A::UseAny(product)]);
    }
}
