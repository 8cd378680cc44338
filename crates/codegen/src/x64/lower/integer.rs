//! Integers.

use super::super::abi;
use super::super::inst::Pseudo;
use super::address::{Address, Start};
use super::compare::size_of;
use super::{A, Lower};
use tierra_asm::x64::{Features, Gpr, Op, Scale, Size};
use tierra_ir::{BinaryOp, InstData, UnaryOp, Value, ValueList, WideOp};

const RAX: crate::regalloc::interface::PReg = abi::int(Gpr::RAX);
const RCX: crate::regalloc::interface::PReg = abi::int(Gpr::RCX);
const RDX: crate::regalloc::interface::PReg = abi::int(Gpr::RDX);

impl Lower<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, arg: Value) {
        use UnaryOp::*;
        let size = size_of(op.args()[0]);
        match op {
            I32Eqz | I64Eqz => self.is_zero(arg),
            I32Clz | I64Clz => {
                self.count_bits(Features::LZCNT, Op::Lzcnt, Pseudo::LeadingZeros, size, arg);
            }
            I32Ctz | I64Ctz => {
                self.count_bits(Features::BMI1, Op::Tzcnt, Pseudo::TrailingZeros, size, arg);
            }
            I32Popcnt | I64Popcnt => self.unary_rm(Op::Popcnt, size, arg),
            I32WrapI64 => {
                let (d, a) = (self.def(), self.reg(arg));
                self.push(Op::Mov, Size::D, &[A::Def(d), A::UseAny(a)]);
            }
            I64ExtendI32S => self.unary_rm(Op::Movsxd, Size::Q, arg),
            I32Extend8S => self.unary_reg(Op::Movsx8, Size::D, arg),
            I32Extend16S => self.unary_reg(Op::Movsx16, Size::D, arg),
            I64Extend8S => self.unary_reg(Op::Movsx8, Size::Q, arg),
            I64Extend16S => self.unary_reg(Op::Movsx16, Size::Q, arg),
            I64Extend32S => self.unary_reg(Op::Movsxd, Size::Q, arg),
            // The value has the register of its operand.
            I64ExtendI32U => {}
            _ => self.float_unary(op, arg),
        }
    }

    fn unary_rm(&mut self, op: Op, size: Size, arg: Value) {
        let d = self.def();
        let a = self.rm(arg);
        self.push(op, size, &[A::Def(d), a]);
    }

    fn unary_reg(&mut self, op: Op, size: Size, arg: Value) {
        let (d, a) = (self.def(), self.reg(arg));
        self.push(op, size, &[A::Def(d), A::UseAny(a)]);
    }

    fn count_bits(&mut self, feature: Features, op: Op, old: Pseudo, size: Size, arg: Value) {
        if self.features.contains(feature) {
            self.unary_rm(op, size, arg);
        } else {
            let (d, a) = (self.def(), self.reg(arg));
            self.pseudo(old, size, None, 0, &[A::Def(d), A::Use(a)]);
        }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, args: [Value; 2]) {
        use BinaryOp::*;
        let size = size_of(op.result());
        match op {
            I32Add | I64Add => self.add(size, args),
            I32Sub | I64Sub => self.sub(size, args),
            I32Mul | I64Mul => self.mul(size, args),
            I32And | I64And => self.and(size, args),
            I32Or | I64Or => self.alu(Op::Or, size, args),
            I32Xor | I64Xor => self.xor(size, args),
            I32Shl | I64Shl => self.shift(Op::Shl, Some(Op::Shlx), size, args),
            I32ShrS | I64ShrS => self.shift(Op::Sar, Some(Op::Sarx), size, args),
            I32ShrU | I64ShrU => self.shift(Op::Shr, Some(Op::Shrx), size, args),
            I32Rotl | I64Rotl => self.shift(Op::Rol, None, size, args),
            I32Rotr | I64Rotr => self.shift(Op::Ror, None, size, args),
            I32DivS | I64DivS => self.div_signed(size, args, false),
            I32RemS | I64RemS => self.div_signed(size, args, true),
            I32DivU | I64DivU => self.div_unsigned(size, args, false),
            I32RemU | I64RemU => self.div_unsigned(size, args, true),
            _ => self.float_binary(op, args),
        }
    }

    /// Constants to the right.
    fn ordered(&self, args: [Value; 2]) -> [Value; 2] {
        match args {
            [a, b] if self.imm(a).is_some() => [b, a],
            args => args,
        }
    }

    fn alu(&mut self, op: Op, size: Size, args: [Value; 2]) {
        let [a, b] = if op == Op::Sub {
            args
        } else {
            self.ordered(args)
        };
        let d = self.def();
        // A load is worth more as the second operand; it may be the first of one that commutes.
        let b_is_free = op != Op::Sub && self.imm(b).is_none();
        if b_is_free && let Some(memory) = self.memory_operand(a) {
            let b = self.reg(b);
            self.push(op, size, &[A::Mod(d, b), memory]);
            return;
        }
        // What was kept in memory over a call is better read than loaded first.
        let (a, b) = if b_is_free && self.crosses_call(a) && !self.crosses_call(b) {
            (b, a)
        } else {
            (a, b)
        };
        let b = self.rmi(b);
        let a = self.reg(a);
        self.push(op, size, &[A::Mod(d, a), b]);
    }

    fn add(&mut self, size: Size, args: [Value; 2]) {
        let [a, b] = self.ordered(args);
        if let Some(imm) = self.imm(b) {
            if self.lives_on(a) {
                let (d, base) = (self.def(), self.reg(a));
                let address = A::Mem(Address::reg(base, imm as i32));
                self.push(Op::Lea, size, &[A::Def(d), address]);
                return;
            }
        } else {
            for (base, other) in [(a, b), (b, a)] {
                if let Some((index, scale)) = self.scaled(size, other) {
                    let d = self.def();
                    let address = Address {
                        start: Start::Reg(self.reg(base)),
                        index: Some((self.reg(index), scale)),
                        ..Address::NONE
                    };
                    self.push(Op::Lea, size, &[A::Def(d), A::Mem(address)]);
                    return;
                }
            }
            if self.lives_on(a) && self.lives_on(b) {
                let d = self.def();
                let address = Address {
                    start: Start::Reg(self.reg(a)),
                    index: Some((self.reg(b), Scale::X1)),
                    ..Address::NONE
                };
                self.push(Op::Lea, size, &[A::Def(d), A::Mem(address)]);
                return;
            }
            // The operand that dies here becomes the result.
            if self.lives_on(a) {
                self.alu(Op::Add, size, [b, a]);
                return;
            }
        }
        self.alu(Op::Add, size, [a, b]);
    }

    /// A shift by 1 to 3 that is used here only, as an index.
    fn scaled(&self, size: Size, value: Value) -> Option<(Value, Scale)> {
        let (inst, data) = self.near(value)?;
        let InstData::Binary {
            op: BinaryOp::I32Shl | BinaryOp::I64Shl,
            args,
        } = data
        else {
            return None;
        };
        let result = self.func.result(inst);
        if self.state.uses[result.index()] != 1 || size_of(self.ty(result)) != size {
            return None;
        }
        let scale = match self.int_const(args[1])? {
            1 => Scale::X2,
            2 => Scale::X4,
            3 => Scale::X8,
            _ => return None,
        };
        Some((args[0], scale))
    }

    fn sub(&mut self, size: Size, args: [Value; 2]) {
        if self.int_const(args[0]) == Some(0) {
            let (d, a) = (self.def(), self.reg(args[1]));
            self.push(Op::Neg, size, &[A::Mod(d, a)]);
        } else if let Some(disp) = self.imm(args[1]).and_then(|imm| i32::try_from(-imm).ok())
            && self.lives_on(args[0])
        {
            let (d, base) = (self.def(), self.reg(args[0]));
            let address = A::Mem(Address::reg(base, disp));
            self.push(Op::Lea, size, &[A::Def(d), address]);
        } else {
            self.alu(Op::Sub, size, args);
        }
    }

    /// Whether a value has other uses: it probably is needed after this one.
    fn lives_on(&self, value: Value) -> bool {
        self.state.uses[self.func.resolve(value).index()] > 1
    }

    fn xor(&mut self, size: Size, args: [Value; 2]) {
        let [a, b] = self.ordered(args);
        if self.int_const(b) == Some(-1) {
            let (d, a) = (self.def(), self.reg(a));
            self.push(Op::Not, size, &[A::Mod(d, a)]);
        } else {
            self.alu(Op::Xor, size, args);
        }
    }

    fn and(&mut self, size: Size, args: [Value; 2]) {
        let [a, b] = if self.int_const(args[0]).is_some() {
            [args[1], args[0]]
        } else {
            args
        };
        let (op, width) = match (self.int_const(b), size) {
            (Some(0xff), _) => (Op::Movzx8, Size::D),
            (Some(0xffff), _) => (Op::Movzx16, Size::D),
            (Some(0xffff_ffff), Size::Q) => (Op::Mov, Size::D),
            _ => return self.alu(Op::And, size, args),
        };
        self.unary_reg(op, width, a);
    }

    fn mul(&mut self, size: Size, args: [Value; 2]) {
        let [a, b] = self.ordered(args);
        let Some(imm) = self.imm(b) else {
            return self.alu(Op::Imul2, size, [a, b]);
        };
        let d = self.def();
        match imm {
            3 | 5 | 9 => {
                let v = self.reg(a);
                let scale = [Scale::X2, Scale::X4, Scale::X8][imm as usize / 4];
                let address = Address {
                    start: Start::Reg(v),
                    index: Some((v, scale)),
                    ..Address::NONE
                };
                self.push(Op::Lea, size, &[A::Def(d), A::Mem(address)]);
            }
            2.. if imm.count_ones() == 1 => {
                let a = self.reg(a);
                let count = A::Imm(i64::from(imm.trailing_zeros()));
                self.push(Op::Shl, size, &[A::Mod(d, a), count]);
            }
            _ => {
                let a = self.rm(a);
                self.push(Op::Imul3, size, &[A::Def(d), a, A::Imm(imm)]);
            }
        }
    }

    fn shift(&mut self, op: Op, three: Option<Op>, size: Size, args: [Value; 2]) {
        let d = self.def();
        let bits = i64::from(size.bytes()) * 8;
        if let Some(count) = self.int_const(args[1]) {
            let a = self.reg(args[0]);
            let count = count & (bits - 1);
            let rotates = matches!(op, Op::Rol | Op::Ror);
            if rotates && self.features.contains(Features::BMI2) {
                let count = if op == Op::Rol {
                    (bits - count) & (bits - 1)
                } else {
                    count
                };
                self.push(Op::Rorx, size, &[A::Def(d), A::UseAny(a), A::Imm(count)]);
            } else if op == Op::Shl && (1..=3).contains(&count) && self.lives_on(args[0]) {
                let scale = [Scale::X2, Scale::X4, Scale::X8][count as usize - 1];
                let (start, scale) = match scale {
                    Scale::X2 => (Start::Reg(a), Scale::X1),
                    scale => (Start::None, scale),
                };
                let address = Address {
                    start,
                    index: Some((a, scale)),
                    ..Address::NONE
                };
                self.push(Op::Lea, size, &[A::Def(d), A::Mem(address)]);
            } else {
                self.push(op, size, &[A::Mod(d, a), A::Imm(count)]);
            }
            return;
        }
        let count = self.reg(args[1]);
        match three {
            Some(op) if self.features.contains(Features::BMI2) => {
                let a = self.rm(args[0]);
                self.push(op, size, &[A::Def(d), a, A::Use(count)]);
            }
            _ => {
                let a = self.reg(args[0]);
                self.push(op, size, &[A::Mod(d, a), A::UseAt(count, RCX)]);
            }
        }
    }

    pub(super) fn wide(&mut self, op: WideOp, args: ValueList) {
        let (low, high) = (self.result(0), self.result(1));
        let args = self.func.values(args);
        match op {
            WideOp::I64Add128 | WideOp::I64Sub128 => {
                let (first, second) = match op {
                    WideOp::I64Add128 => (Op::Add, Op::Adc),
                    _ => (Op::Sub, Op::Sbb),
                };
                let [a, b, c, e] = [args[0], args[1], args[2], args[3]].map(|v| self.reg(v));
                self.push(first, Size::Q, &[A::Mod(low, a), A::UseAny(c)]);
                self.push(second, Size::Q, &[A::Mod(high, b), A::UseAny(e)]);
            }
            WideOp::I64MulWideS | WideOp::I64MulWideU => {
                let op = if op == WideOp::I64MulWideS {
                    Op::Imul1
                } else {
                    Op::Mul1
                };
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                self.push(
                    op,
                    Size::Q,
                    &[
                        A::UseAny(b),
                        A::HiddenUse(a, RAX),
                        A::HiddenDef(low, RAX),
                        A::HiddenDef(high, RDX),
                    ],
                );
            }
        }
    }
}
