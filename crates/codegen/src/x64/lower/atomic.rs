//! Atomic accesses. Plain loads are as ordered as they must be; a store is an exchange, which
//! orders it before the loads after it.

use super::super::abi;
use super::super::inst::Pseudo;
use super::memory::int_size;
use super::{A, Lower};
use crate::regalloc::interface::VReg;
use tierra_asm::x64::{Gpr, Op, Size};
use tierra_ir::{Access, MemFlags, RmwOp, Value};

const RAX: crate::regalloc::interface::PReg = abi::int(Gpr::RAX);

impl Lower<'_> {
    pub(super) fn atomic_store(
        &mut self,
        access: Access,
        flags: MemFlags,
        address: Value,
        value: Value,
    ) {
        let memory = A::Mem(self.address(address, 0, flags));
        let value_type = self.ty(value);
        let (v, old) = (self.reg(value), self.temp(value_type));
        self.push(Op::Xchg, int_size(access), &[memory, A::Mod(old, v)]);
    }

    pub(super) fn atomic_rmw(
        &mut self,
        op: RmwOp,
        access: Access,
        flags: MemFlags,
        address: Value,
        value: Value,
    ) {
        let size = int_size(access);
        let address = self.address(address, 0, flags);
        let wanted = self.vreg_of(self.func.result(self.inst)).is_some();
        let locked = match op {
            RmwOp::Add => Some(Op::LockAdd),
            RmwOp::Sub => Some(Op::LockSub),
            RmwOp::And => Some(Op::LockAnd),
            RmwOp::Or => Some(Op::LockOr),
            RmwOp::Xor => Some(Op::LockXor),
            RmwOp::Exchange => None,
        };
        if let Some(locked) = locked.filter(|_| !wanted) {
            let value = A::Use(self.reg(value));
            return self.push(locked, size, &[A::Mem(address), value]);
        }
        let (d, v) = (self.def(), self.reg(value));
        let ty = access.ty();
        let old = self.temp(ty);
        match op {
            RmwOp::Exchange => {
                self.push(Op::Xchg, size, &[A::Mem(address), A::Mod(old, v)]);
            }
            RmwOp::Add => self.push(Op::LockXadd, size, &[A::Mem(address), A::Mod(old, v)]),
            RmwOp::Sub => {
                let negative = self.temp(ty);
                self.push(Op::Neg, Size::Q, &[A::Mod(negative, v)]);
                self.push(
                    Op::LockXadd,
                    size,
                    &[A::Mem(address), A::Mod(old, negative)],
                );
            }
            RmwOp::And | RmwOp::Or | RmwOp::Xor => {
                let operands = [
                    A::Mem(address.late()),
                    A::UseLate(v),
                    A::HiddenDef(old, RAX),
                ];
                self.pseudo(Pseudo::RmwLoop, size, None, op as u32, &operands);
            }
        }
        self.zero_extend(access, d, old);
    }

    pub(super) fn atomic_cmpxchg(
        &mut self,
        access: Access,
        flags: MemFlags,
        address: Value,
        args: [Value; 2],
    ) {
        let memory = A::Mem(self.address(address, 0, flags));
        let [expected, new] = args.map(|arg| self.reg(arg));
        let d = self.def();
        let old = self.temp(access.ty());
        self.push(
            Op::LockCmpxchg,
            int_size(access),
            &[
                memory,
                A::Use(new),
                A::HiddenUse(expected, RAX),
                A::HiddenDef(old, RAX),
            ],
        );
        self.zero_extend(access, d, old);
    }

    /// What was read into a part of a register, as a whole value.
    fn zero_extend(&mut self, access: Access, d: VReg, old: VReg) {
        match access.bytes() {
            1 => self.push(Op::Movzx8, Size::D, &[A::Def(d), A::Use(old)]),
            2 => self.push(Op::Movzx16, Size::D, &[A::Def(d), A::Use(old)]),
            4 => self.push(Op::Mov, Size::D, &[A::Def(d), A::Use(old)]),
            _ => self.copy(d, old),
        }
    }
}
