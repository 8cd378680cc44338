//! Vectors. Most operators are one instruction, by the table; the rest are short recipes.

use super::super::inst::{Cond, Pseudo};
use super::float::sign;
use super::{A, Lower};
use crate::regalloc::interface::VReg;
use tierra_asm::x64::{Cc, Features, Op, Plan, Size};
use tierra_ir::{Type, Value, ValueList, VectorOp};

macro_rules! plans {
    ($($op:ident => $plan:expr;)*) => {
        fn plan(op: VectorOp) -> Plan {
            use Plan::*;
            match op {
                $(VectorOp::$op => $plan,)*
                _ => Recipe,
            }
        }
    };
}
tierra_asm::for_each_vector_plan!(plans);

impl Lower<'_> {
    pub(super) fn vector(&mut self, op: VectorOp, args: ValueList) {
        let args = self.func.values(args);
        let d = self.def();
        match plan(op) {
            Plan::Direct(op) => {
                let b = self.vec_rm(args[1]);
                let a = self.reg(args[0]);
                self.vec3(op, d, a, b);
            }
            Plan::Swapped(op) => {
                let b = self.vec_rm(args[0]);
                let a = self.reg(args[1]);
                self.vec3(op, d, a, b);
            }
            Plan::Unary(op) => {
                let a = self.reg(args[0]);
                self.vec1(op, d, a);
            }
            Plan::Not(op) => {
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                let t = self.vec_temp();
                self.vec3(op, t, a, A::Use(b));
                self.not(d, t);
            }
            Plan::EqualTo(choice, equal) => {
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                let t = self.vec_temp();
                self.vec3(choice, t, a, A::Use(b));
                self.vec3(equal, d, t, A::Use(a));
            }
            Plan::NotEqualTo(choice, equal) => {
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                let (t, u) = (self.vec_temp(), self.vec_temp());
                self.vec3(choice, t, a, A::Use(b));
                self.vec3(equal, u, t, A::Use(a));
                self.not(d, u);
            }
            Plan::Compare(op, predicate, swap) => {
                let (a, b) = if swap {
                    (args[1], args[0])
                } else {
                    (args[0], args[1])
                };
                let b = self.vec_rm(b);
                let a = self.reg(a);
                self.vec3i(op, d, a, b, predicate);
            }
            Plan::Rounded(op, mode) => {
                let a = self.reg(args[0]);
                self.vec1i(op, d, a, mode);
            }
            Plan::FromZero(op) => {
                let a = self.reg(args[0]);
                let zero = self.zero(Type::V128);
                self.vec3(op, d, zero, A::Use(a));
            }
            Plan::Sign(op, double, inverted) => self.bits(op, args[0], sign(double, inverted)),
            Plan::AllTrue(equal) => {
                let a = self.reg(args[0]);
                let (zero, t) = (self.zero(Type::V128), self.vec_temp());
                self.vec3(equal, t, zero, A::Use(a));
                self.push(Op::Ptest, Size::Q, &[A::Use(t), A::Again(0)]);
                let cond = Some(Cond::Cc(Cc::E));
                self.pseudo(Pseudo::SetCond, Size::D, cond, 0, &[A::Def(d)]);
            }
            Plan::Recipe => self.recipe(op, d, args),
        }
    }

    pub(super) fn vec_temp(&mut self) -> VReg {
        self.temp(Type::V128)
    }

    pub(super) fn vec1(&mut self, op: Op, d: VReg, a: VReg) {
        self.push(op, Size::Q, &[A::Def(d), A::Use(a)]);
    }

    pub(super) fn vec1i(&mut self, op: Op, d: VReg, a: VReg, imm: i64) {
        self.push(op, Size::Q, &[A::Def(d), A::Use(a), A::Imm(imm)]);
    }

    /// `t = op(a, b)` in a new register.
    pub(super) fn vec(&mut self, op: Op, a: VReg, b: VReg) -> VReg {
        let t = self.vec_temp();
        self.vec3(op, t, a, A::Use(b));
        t
    }

    /// `t = op(a, constant)` in a new register.
    pub(super) fn vec_const(&mut self, op: Op, a: VReg, pattern: &[u8]) -> VReg {
        let t = self.vec_temp();
        let constant = self.splat_pool(pattern);
        self.vec3(op, t, a, constant);
        t
    }

    /// `t = op(a, imm)` in a new register, for shifts.
    pub(super) fn vec_imm(&mut self, op: Op, a: VReg, imm: i64) -> VReg {
        let t = self.vec_temp();
        self.vec_shift_imm(op, t, a, imm);
        t
    }

    /// A shift by a constant, which has a destination of its own with AVX only.
    pub(super) fn vec_shift_imm(&mut self, op: Op, d: VReg, a: VReg, imm: i64) {
        if self.avx {
            self.push(op, Size::Q, &[A::Def(d), A::Use(a), A::Imm(imm)]);
        } else {
            self.push(op, Size::Q, &[A::Mod(d, a), A::Again(0), A::Imm(imm)]);
        }
    }

    pub(super) fn not(&mut self, d: VReg, a: VReg) {
        let ones = self.pool_reg([0xff; 16]);
        self.vec3(Op::Pxor, d, a, A::Use(ones));
    }

    /// Sets the flags so that the condition tells whether any bit is set.
    pub(super) fn any_true(&mut self, value: Value) -> Cond {
        let a = self.reg(value);
        self.push(Op::Ptest, Size::Q, &[A::Use(a), A::Again(0)]);
        Cond::Cc(Cc::NE)
    }

    pub(super) fn has(&self, features: Features) -> bool {
        self.features.contains(features)
    }
}
