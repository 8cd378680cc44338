//! Conditions: comparisons, and what is done by them.

use super::super::inst::{Cond, Pseudo};
use super::{A, Lower};
use tierra_asm::x64::{Cc, Op, Size};
use tierra_ir::{BinaryOp, CompareOp, InstData, Type, UnaryOp, Value, VectorOp};

/// What a comparison is to the machine.
#[derive(Clone, Copy)]
enum Kind {
    Int(Size, Cc),
    /// The comparison instruction, and whether the operands change places.
    Float(Op, Cond, bool),
}

fn kind(op: CompareOp) -> Kind {
    use CompareOp::*;
    let cc = match op {
        I32Eq | I64Eq => Cc::E,
        I32Ne | I64Ne => Cc::NE,
        I32LtS | I64LtS => Cc::L,
        I32LtU | I64LtU => Cc::B,
        I32GtS | I64GtS => Cc::G,
        I32GtU | I64GtU => Cc::A,
        I32LeS | I64LeS => Cc::LE,
        I32LeU | I64LeU => Cc::BE,
        I32GeS | I64GeS => Cc::GE,
        I32GeU | I64GeU => Cc::AE,
        // Unordered operands set the carry: "above" is false for them, and "below" true, so
        // only the former are used.
        F32Eq | F64Eq => return float(op, Cond::Equal, false),
        F32Ne | F64Ne => return float(op, Cond::NotEqual, false),
        F32Gt | F64Gt => return float(op, Cond::Cc(Cc::A), false),
        F32Ge | F64Ge => return float(op, Cond::Cc(Cc::AE), false),
        F32Lt | F64Lt => return float(op, Cond::Cc(Cc::A), true),
        F32Le | F64Le => return float(op, Cond::Cc(Cc::AE), true),
    };
    Kind::Int(size_of(op.args()[0]), cc)
}

fn float(op: CompareOp, cond: Cond, swap: bool) -> Kind {
    let instruction = if op.args()[0] == Type::F64 {
        Op::Ucomisd
    } else {
        Op::Ucomiss
    };
    Kind::Float(instruction, cond, swap)
}

/// The size of an operation on values of a type.
pub(super) fn size_of(ty: Type) -> Size {
    if ty == Type::I64 { Size::Q } else { Size::D }
}

impl Lower<'_> {
    /// A comparison whose result is wanted as a number.
    pub(super) fn compare(&mut self, op: CompareOp, args: [Value; 2]) {
        let d = self.def();
        let cond = self.flags(op, args);
        self.pseudo(Pseudo::SetCond, Size::D, Some(cond), 0, &[A::Def(d)]);
    }

    /// Whether a value is zero, as a number.
    pub(super) fn is_zero(&mut self, value: Value) {
        let d = self.def();
        let cond = self.cond(value).invert();
        self.pseudo(Pseudo::SetCond, Size::D, Some(cond), 0, &[A::Def(d)]);
    }

    /// Sets the flags so that the condition tells whether the comparison holds.
    fn flags(&mut self, mut op: CompareOp, args: [Value; 2]) -> Cond {
        let [mut a, mut b] = args;
        match kind(op) {
            Kind::Float(instruction, cond, swap) => {
                let (a, b) = if swap { (b, a) } else { (a, b) };
                let a = A::Use(self.reg(a));
                let b = self.rm(b);
                self.push(instruction, Size::Q, &[a, b]);
                cond
            }
            Kind::Int(size, _) => {
                if self.int_const(a).is_some() && self.int_const(b).is_none() {
                    (a, b) = (b, a);
                    op = op.swap();
                }
                let Kind::Int(_, cc) = kind(op) else {
                    unreachable!("exchanging operands keeps the type")
                };
                if self.int_const(b) == Some(0) && matches!(cc, Cc::E | Cc::NE | Cc::L | Cc::GE) {
                    return self.test(a, size, cc);
                }
                match self.imm(b) {
                    Some(imm) => {
                        if let Some(memory) = self.byte_operand(a, cc, imm) {
                            self.push(Op::Cmp, Size::B, &[memory, A::Imm(i64::from(imm as i8))]);
                            return Cond::Cc(cc);
                        }
                        let a = self.rm(a);
                        self.push(Op::Cmp, size, &[a, A::Imm(imm)]);
                    }
                    None => {
                        let a = A::Use(self.reg(a));
                        let b = self.rm(b);
                        self.push(Op::Cmp, size, &[a, b]);
                    }
                }
                Cond::Cc(cc)
            }
        }
    }

    /// Compares a value with zero. The carry and the overflow are clear, so that `L` and `GE`
    /// tell the sign.
    fn test(&mut self, value: Value, size: Size, cc: Cc) -> Cond {
        if let Some((inst, InstData::Binary { op, args })) = self.near(value)
            && matches!(op, BinaryOp::I32And | BinaryOp::I64And)
            && matches!(cc, Cc::E | Cc::NE)
            && self.state.uses[self.func.result(inst).index()] == 1
        {
            let a = self.reg(args[0]);
            match self.imm(args[1]) {
                Some(imm) => self.push(Op::Test, size, &[A::UseAny(a), A::Imm(imm)]),
                None => {
                    let b = self.reg(args[1]);
                    self.push(Op::Test, size, &[A::UseAny(a), A::Use(b)]);
                }
            }
            return Cond::Cc(cc);
        }
        if let Some(memory) = self.memory_operand(value) {
            self.push(Op::Cmp, size, &[memory, A::Imm(0)]);
            return Cond::Cc(cc);
        }
        if let Some(memory) = self.byte_operand(value, cc, 0) {
            self.push(Op::Cmp, Size::B, &[memory, A::Imm(0)]);
            return Cond::Cc(cc);
        }
        let a = self.reg(value);
        self.push(Op::Test, size, &[A::Use(a), A::Again(0)]);
        Cond::Cc(cc)
    }

    /// A byte in memory, if comparing it as such with a constant tells the same.
    fn byte_operand(&mut self, value: Value, cc: Cc, imm: i64) -> Option<A> {
        let unsigned = matches!(cc, Cc::E | Cc::NE | Cc::B | Cc::AE | Cc::BE | Cc::A);
        if unsigned && (0..256).contains(&imm) {
            self.byte_load(value)
        } else {
            None
        }
    }

    /// Sets the flags so that the condition tells whether a value is not 0.
    pub(super) fn cond(&mut self, value: Value) -> Cond {
        let mut value = self.func.resolve(value);
        let mut inverted = false;
        let before = self.no_loads;
        let cond = loop {
            let near = self.near(value);
            if let Some((inst, _)) = near {
                self.no_loads |= self.state.uses[self.func.result(inst).index()] > 1;
            }
            match near {
                Some((
                    _,
                    InstData::Unary {
                        op: UnaryOp::I32Eqz,
                        arg,
                    },
                )) => {
                    value = self.func.resolve(arg);
                    inverted = !inverted;
                }
                Some((
                    _,
                    InstData::Unary {
                        op: UnaryOp::I64Eqz,
                        arg,
                    },
                )) => {
                    break self.test(arg, Size::Q, Cc::E);
                }
                Some((_, InstData::Compare { op, args })) => break self.flags(op, args),
                Some((
                    _,
                    InstData::Vector {
                        op: VectorOp::V128AnyTrue,
                        args,
                    },
                )) => {
                    let a = self.func.values(args)[0];
                    break self.any_true(a);
                }
                _ => break self.test(value, size_of(self.ty(value)), Cc::NE),
            }
        };
        self.no_loads = before;
        if inverted { cond.invert() } else { cond }
    }

    /// One of two values.
    pub(super) fn select(&mut self, cond: Value, args: [Value; 2]) {
        let d = self.def();
        let ty = self.ty(args[0]);
        // Registers first: nothing may come between the comparison and what depends on it.
        let [mut a, mut b] = args.map(|arg| self.reg(arg));
        let mut cond = self.cond(cond);
        if cond == Cond::Equal {
            core::mem::swap(&mut a, &mut b);
            cond = Cond::NotEqual;
        }
        if !ty.is_int() {
            self.pseudo(
                Pseudo::SelectVec,
                Size::Q,
                Some(cond),
                0,
                &[A::Mod(d, a), A::Use(b)],
            );
        } else if let Cond::Cc(_) = cond {
            let size = size_of(ty);
            self.push_cc(Op::Cmov, cond, size, &[A::Mod(d, b), A::UseAny(a)]);
        } else {
            let size = size_of(ty);
            self.pseudo(
                Pseudo::CmovCond,
                size,
                Some(cond),
                0,
                &[A::Mod(d, b), A::UseAny(a)],
            );
        }
    }

    /// A trap on a condition, or on its opposite.
    pub(super) fn trap_if(&mut self, cond: Value, trap: u8, unless: bool) {
        let cond = self.cond(cond);
        let cond = if unless { cond.invert() } else { cond };
        self.trap_on(cond, trap);
    }

    /// A trap on a condition of the flags.
    pub(super) fn trap_on(&mut self, cond: Cond, trap: u8) {
        self.pseudo(Pseudo::TrapIf, Size::Q, Some(cond), u32::from(trap), &[]);
        self.code.needs_frame = true;
    }
}
