//! Integer operators.

use crate::compiler::Compiler;
use crate::emit::{frame, size_of};
use crate::regs::Reg;
use crate::value::{Cond, Loc, Operand, Ty};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Arg, Cc, Features, Gpr, Mem, Op, Scale, Size};
use tierra_core::Trap;

/// A constant as the immediate operand of an instruction of some size.
pub(crate) fn immediate(bits: u64, size: Size) -> Option<i64> {
    let value = match size {
        Size::Q => bits as i64,
        _ => i64::from(bits as u32 as i32),
    };
    i32::try_from(value).is_ok().then_some(value)
}

/// The integer type of some size.
fn ty_of(size: Size) -> Ty {
    if size == Size::Q { Ty::I64 } else { Ty::I32 }
}

impl Compiler<'_> {
    /// A popped operand as the second one of an instruction. Constants that don't fit are in the
    /// scratch register.
    pub fn int_arg(&mut self, operand: Operand, size: Size) -> Arg {
        match operand {
            Operand::Reg { r, .. } => Arg::R(r.gpr()),
            Operand::Home(home) => Arg::M(frame(home)),
            Operand::Const(bits) => match immediate(bits, size) {
                Some(value) => Arg::I(value),
                None => {
                    self.load_int(SCRATCH, bits);
                    Arg::R(SCRATCH)
                }
            },
        }
    }

    /// Pops two operands, in an order that suits the instruction if they may change places.
    fn pop_two(&mut self, commutes: bool) -> (Operand, Operand) {
        let b = self.pop();
        let a = self.pop();
        let own = |operand| matches!(operand, Operand::Reg { own: true, .. });
        let better = match a {
            Operand::Const(_) => !matches!(b, Operand::Const(_)),
            _ => own(b) && !own(a),
        };
        if commutes && better { (b, a) } else { (a, b) }
    }

    /// Arithmetic of two operands.
    pub fn arithmetic(&mut self, op: Op, size: Size, commutes: bool) {
        let (a, b) = self.pop_two(commutes);
        let ty = ty_of(size);
        if op == Op::Add
            && let Operand::Reg { r, own: false } = a
            && self.add_apart(r.gpr(), b, size)
        {
            return;
        }
        let d = self.in_own_reg(a, ty).gpr();
        let b = self.int_arg(b, size);
        self.asm.emit(op, size, &[Arg::R(d), b]);
        self.push(d, ty);
    }

    /// A sum in another register than the first operand's, if one instruction can do that.
    fn add_apart(&mut self, a: Gpr, b: Operand, size: Size) -> bool {
        let mem = match b {
            Operand::Const(bits) => match immediate(bits, size) {
                Some(disp) => crate::emit::at(a, disp as i32),
                None => return false,
            },
            Operand::Reg { r, .. } => Mem::Index {
                base: a,
                index: r.gpr(),
                scale: Scale::X1,
                disp: 0,
            },
            Operand::Home(_) => return false,
        };
        let d = self.reuse(b, ty_of(size)).gpr();
        self.rm(Op::Lea, size, d, mem);
        self.push(d, ty_of(size));
        true
    }

    pub fn multiply(&mut self, size: Size) {
        let (a, b) = self.pop_two(true);
        let ty = ty_of(size);
        if let Operand::Const(bits) = b {
            if bits.is_power_of_two() {
                let d = self.in_own_reg(a, ty).gpr();
                self.ri(Op::Shl, size, d, bits.trailing_zeros().into());
                return self.push(d, ty);
            }
            if let Some(value) = immediate(bits, size) {
                let s = self.in_reg(a, ty).gpr();
                let d = self.reuse(a, ty).gpr();
                let args = [Arg::R(d), Arg::R(s), Arg::I(value)];
                self.asm.emit(Op::Imul3, size, &args);
                return self.push(d, ty);
            }
        }
        let d = self.in_own_reg(a, ty).gpr();
        let b = self.int_arg(b, size);
        self.asm.emit(Op::Imul2, size, &[Arg::R(d), b]);
        self.push(d, ty);
    }

    /// A shift or rotation; `apart` is the instruction that takes the count in any register.
    pub fn shift(&mut self, op: Op, apart: Option<Op>, size: Size) {
        let count = self.pop();
        let a = self.pop();
        let ty = ty_of(size);
        let mask = 8 * i64::from(size.bytes()) - 1;
        if let Operand::Const(count) = count {
            let d = self.in_own_reg(a, ty).gpr();
            let count = count as i64 & mask;
            if count != 0 {
                self.ri(op, size, d, count);
            }
            return self.push(d, ty);
        }
        let count = self.in_reg(count, ty).gpr();
        if let Some(apart) = apart.filter(|_| self.has(Features::BMI2)) {
            let s = self.in_reg(a, ty).gpr();
            let d = self.reuse(a, ty).gpr();
            let args = [Arg::R(d), Arg::R(s), Arg::R(count)];
            self.asm.emit(apart, size, &args);
            return self.push(d, ty);
        }
        let rcx = Reg::int(Gpr::RCX);
        let a = self.in_own_reg_but(a, ty, rcx);
        if count != Gpr::RCX {
            self.vacate(rcx);
            self.rr(Op::Mov, Size::D, Gpr::RCX, count);
        }
        self.rr(op, size, a, Gpr::RCX);
        self.push(a, ty);
    }

    /// A popped operand in a register of its own that is not a certain one.
    fn in_own_reg_but(&mut self, operand: Operand, ty: Ty, but: Reg) -> Gpr {
        let r = match operand {
            Operand::Reg { r, own: true } if r != but => return r.gpr(),
            operand => operand,
        };
        self.pinned |= but.bit();
        let d = self.alloc(crate::regs::INTS);
        match r {
            Operand::Reg { r, .. } => self.move_reg(d, r),
            Operand::Const(bits) => self.load_const(d, bits, ty),
            Operand::Home(home) => self.load(d, frame(home), ty),
        }
        d.gpr()
    }

    pub fn divide(&mut self, size: Size, signed: bool, remainder: bool) {
        let ty = ty_of(size);
        let b = self.pop();
        let a = self.pop();
        if let (Operand::Const(bits), false) = (b, signed)
            && bits.is_power_of_two()
        {
            let d = self.in_own_reg(a, ty).gpr();
            if remainder {
                let mask = Operand::Const(bits - 1);
                let mask = self.int_arg(mask, size);
                self.asm.emit(Op::And, size, &[Arg::R(d), mask]);
            } else {
                self.ri(Op::Shr, size, d, bits.trailing_zeros().into());
            }
            return self.push(d, ty);
        }
        let (rax, rdx) = (Reg::int(Gpr::RAX), Reg::int(Gpr::RDX));
        let divisor = match b {
            Operand::Reg { r, .. } if r != rax && r != rdx => r.gpr(),
            b => {
                match self.int_arg(b, Size::Q) {
                    Arg::I(value) => self.load_int(SCRATCH, value as u64),
                    Arg::R(SCRATCH) => {}
                    arg => self.asm.emit(Op::Mov, size, &[Arg::R(SCRATCH), arg]),
                }
                SCRATCH
            }
        };
        // What was in them still is.
        self.vacate(rax);
        self.vacate(rdx);
        match a {
            Operand::Reg { r, .. } if r == rax => {}
            Operand::Reg { r, .. } => self.move_reg(rax, r),
            Operand::Const(bits) => self.load_int(Gpr::RAX, bits),
            Operand::Home(home) => self.load(rax, frame(home), ty),
        }
        let constant = match b {
            Operand::Const(bits) => Some(bits),
            _ => None,
        };
        if constant.is_none_or(|bits| bits == 0) {
            self.rr(Op::Test, size, divisor, divisor);
            self.trap_if(Cc::E, Trap::IntegerDivideByZero);
        }
        if signed {
            let back = self.asm.label();
            let minus_one = if size == Size::Q {
                u64::MAX
            } else {
                u32::MAX.into()
            };
            if constant.is_none_or(|bits| bits == minus_one) {
                self.ri(Op::Cmp, size, divisor, -1);
                let cold = self.cold_minus_one(size, remainder, back);
                self.asm.jcc(Cc::E, cold);
            }
            let extend = if size == Size::Q { Op::Cqo } else { Op::Cdq };
            self.asm.emit(extend, size, &[]);
            self.r(Op::Idiv, size, divisor);
            self.asm.bind(back);
        } else {
            self.rr(Op::Xor, Size::D, Gpr::RDX, Gpr::RDX);
            self.r(Op::Div, size, divisor);
        }
        self.push(if remainder { rdx } else { rax }, ty);
    }

    pub fn compare(&mut self, size: Size, cc: Cc, swapped: Cc) {
        let b = self.pop();
        let a = self.pop();
        let ty = ty_of(size);
        let (a, b, cc) = match (a, b) {
            (Operand::Const(_), Operand::Const(_)) => (a, b, cc),
            (Operand::Const(_), _) => (b, a, swapped),
            _ => (a, b, cc),
        };
        match (a, b) {
            (Operand::Home(home), Operand::Const(bits)) if immediate(bits, size).is_some() => {
                let value = immediate(bits, size).unwrap_or_default();
                self.mi(Op::Cmp, size, frame(home), value);
            }
            _ => {
                let a = self.in_reg(a, ty).gpr();
                match self.int_arg(b, size) {
                    Arg::I(0) => self.rr(Op::Test, size, a, a),
                    b => self.asm.emit(Op::Cmp, size, &[Arg::R(a), b]),
                }
            }
        }
        self.push_flags(Cond::Cc(cc));
    }

    /// Whether a number is zero, or a condition doesn't hold.
    pub fn eqz(&mut self, ty: Ty) {
        if let Some(entry) = self.s.stack.last_mut()
            && let Loc::Flags(cond) = &mut entry.loc
        {
            *cond = cond.invert();
            return;
        }
        let operand = self.pop();
        let r = self.in_reg(operand, ty).gpr();
        self.rr(Op::Test, size_of(ty), r, r);
        self.push_flags(Cond::Cc(Cc::E));
    }

    /// A result of one instruction from a register or memory.
    pub fn int_unary(&mut self, op: Op, size: Size, from: Ty, to: Ty) {
        let a = self.pop();
        let source = match a {
            Operand::Home(home) => Arg::M(frame(home)),
            a => Arg::R(self.in_reg(a, from).gpr()),
        };
        let d = self.reuse(a, to).gpr();
        self.asm.emit(op, size, &[Arg::R(d), source]);
        self.push(d, to);
    }

    /// A number whose upper half is zero already counts as wide.
    pub fn extend_unsigned(&mut self) {
        let r = self.pop_own(Ty::I32);
        self.push(r, Ty::I64);
    }

    pub fn count_zeros(&mut self, leading: bool, size: Size) {
        let ty = ty_of(size);
        let feature = if leading {
            Features::LZCNT
        } else {
            Features::BMI1
        };
        if self.has(feature) {
            let op = if leading { Op::Lzcnt } else { Op::Tzcnt };
            return self.int_unary(op, size, ty, ty);
        }
        let bits = 8 * i64::from(size.bytes());
        let a = self.pop();
        let s = self.in_reg(a, ty).gpr();
        let d = self.alloc_int();
        // What the number is if there is no such bit.
        let none = if leading { 2 * bits - 1 } else { bits };
        self.load_int(SCRATCH, none as u64);
        self.rr(if leading { Op::Bsr } else { Op::Bsf }, size, d, s);
        let args = [Arg::R(d), Arg::R(SCRATCH)];
        self.asm.emit_cc(Op::Cmov, Cc::E, size, &args);
        if leading {
            self.ri(Op::Xor, Size::D, d, bits - 1);
        }
        self.push(d, ty);
    }

    pub fn select(&mut self) {
        let cond = self.pop_cond();
        let ty = self.top_ty();
        let (b, a) = (self.pop(), self.pop());
        if ty.is_vec() {
            let d = self.in_own_reg(b, ty);
            let s = self.in_reg(a, ty);
            let keep = self.asm.label();
            self.jump_if(cond.invert(), keep);
            self.move_reg(d, s);
            self.asm.bind(keep);
            return self.push(d, ty);
        }
        // Both flags must hold for floats to be equal: either of the others chooses the other.
        let (cond, chosen, other) = match cond {
            Cond::Equal => (Cond::NotEqual, b, a),
            cond => (cond, a, b),
        };
        let d = self.in_own_reg(other, ty).gpr();
        let s = match chosen {
            Operand::Home(home) => Arg::M(frame(home)),
            chosen => Arg::R(self.in_reg(chosen, ty).gpr()),
        };
        let size = size_of(ty);
        let mut choose = |cc| self.asm.emit_cc(Op::Cmov, cc, size, &[Arg::R(d), s]);
        match cond {
            Cond::Cc(cc) => choose(cc),
            _ => {
                choose(Cc::NE);
                choose(Cc::P);
            }
        }
        self.push(d, ty);
    }

    // Wide arithmetic.

    /// Sum or difference of numbers of two halves each.
    pub fn wide_add(&mut self, low: Op, high: Op) {
        let b_high = self.pop_gpr(Ty::I64);
        let b_low = self.pop_gpr(Ty::I64);
        let a_high = self.pop_own(Ty::I64).gpr();
        let a_low = self.pop_own(Ty::I64).gpr();
        self.rr(low, Size::Q, a_low, b_low);
        self.rr(high, Size::Q, a_high, b_high);
        self.push(a_low, Ty::I64);
        self.push(a_high, Ty::I64);
    }

    /// The product in two halves.
    pub fn wide_multiply(&mut self, op: Op) {
        let b = self.pop();
        let a = self.pop();
        let (rax, rdx) = (Reg::int(Gpr::RAX), Reg::int(Gpr::RDX));
        match self.int_arg(b, Size::Q) {
            Arg::I(value) => self.load_int(SCRATCH, value as u64),
            Arg::R(SCRATCH) => {}
            arg => self.asm.emit(Op::Mov, Size::Q, &[Arg::R(SCRATCH), arg]),
        }
        self.vacate(rax);
        self.vacate(rdx);
        match a {
            Operand::Reg { r, .. } if r == rax => {}
            Operand::Reg { r, .. } => self.move_reg(rax, r),
            Operand::Const(bits) => self.load_int(Gpr::RAX, bits),
            Operand::Home(home) => self.load(rax, frame(home), Ty::I64),
        }
        self.r(op, Size::Q, SCRATCH);
        self.push(rax, Ty::I64);
        self.push(rdx, Ty::I64);
    }
}
