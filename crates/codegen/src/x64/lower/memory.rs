//! Loads and stores.

use super::address::Address;
use super::{A, FOLDED, Lower, ends_moment};
use crate::regalloc::interface::VReg;
use tierra_asm::x64::{Op, Size};
use tierra_ir::{Access, BinaryOp, InstData, MemFlags, Type, Value};

/// The instruction that loads.
fn load_op(access: Access) -> (Op, Size) {
    use Access::*;
    match access {
        I32 | Ref | U32I64 => (Op::Mov, Size::D),
        I64 => (Op::Mov, Size::Q),
        F32 | V128Low32 => (Op::Movss, Size::Q),
        F64 | V128Low64 => (Op::Movsd, Size::Q),
        V128 => (Op::Movups, Size::Q),
        U8I32 | U8I64 => (Op::Movzx8, Size::D),
        U16I32 | U16I64 => (Op::Movzx16, Size::D),
        S8I32 => (Op::Movsx8, Size::D),
        S16I32 => (Op::Movsx16, Size::D),
        S8I64 => (Op::Movsx8, Size::Q),
        S16I64 => (Op::Movsx16, Size::Q),
        S32I64 => (Op::Movsxd, Size::Q),
    }
}

/// The instruction that stores.
fn store_op(access: Access) -> (Op, Size) {
    use Access::*;
    match access {
        F32 | V128Low32 => (Op::Movss, Size::Q),
        F64 | V128Low64 => (Op::Movsd, Size::Q),
        V128 => (Op::Movups, Size::Q),
        other => (Op::Mov, int_size(other)),
    }
}

/// The size of an access to integers.
pub(super) fn int_size(access: Access) -> Size {
    match access.bytes() {
        1 => Size::B,
        2 => Size::W,
        4 => Size::D,
        _ => Size::Q,
    }
}

impl Lower<'_> {
    pub(super) fn load(&mut self, access: Access, flags: MemFlags, address: Value, offset: i32) {
        let d = self.def();
        let address = self.address(address, offset, flags);
        self.load_to(d, access, address);
    }

    pub(super) fn load_to(&mut self, d: VReg, access: Access, address: Address) {
        let (op, size) = load_op(access);
        self.push(op, size, &[A::Def(d), A::Mem(address)]);
    }

    pub(super) fn store(
        &mut self,
        access: Access,
        flags: MemFlags,
        address: Value,
        value: Value,
        offset: i32,
    ) {
        if self.update(access, flags, address, value, offset) {
            return;
        }
        let address = self.address(address, offset, flags);
        self.store_at(access, address, value);
    }

    pub(super) fn store_at(&mut self, access: Access, address: Address, value: Value) {
        let (op, size) = store_op(access);
        let value = match self.imm(value) {
            Some(imm) if op == Op::Mov => A::Imm(truncate(imm, size)),
            _ => A::Use(self.reg(value)),
        };
        self.push(op, size, &[A::Mem(address), value]);
    }

    /// A load, an operation on it and a store to the same place, as one instruction.
    fn update(
        &mut self,
        access: Access,
        flags: MemFlags,
        address: Value,
        value: Value,
        offset: i32,
    ) -> bool {
        let size = match access {
            Access::I32 => Size::D,
            Access::I64 => Size::Q,
            _ => return false,
        };
        let value = self.func.resolve(value);
        let Some((_, InstData::Binary { op, args })) = self.near(value) else {
            return false;
        };
        let instruction = match op {
            BinaryOp::I32Add | BinaryOp::I64Add => Op::Add,
            BinaryOp::I32Sub | BinaryOp::I64Sub => Op::Sub,
            BinaryOp::I32And | BinaryOp::I64And => Op::And,
            BinaryOp::I32Or | BinaryOp::I64Or => Op::Or,
            BinaryOp::I32Xor | BinaryOp::I64Xor => Op::Xor,
            _ => return false,
        };
        if self.state.uses[value.index()] != 1 || self.vreg_of(value).is_some() {
            return false;
        }
        let same_place = |lower: &Self, arg: Value| {
            let Some((
                _,
                InstData::Load {
                    access: a,
                    flags: f,
                    address: p,
                    offset: o,
                },
            )) = lower.near(arg)
            else {
                return false;
            };
            (a, f, o) == (access, flags, offset)
                && lower.func.resolve(p) == lower.func.resolve(address)
        };
        let pairs = [(args[0], args[1]), (args[1], args[0])];
        let count = if op.commutes() { 2 } else { 1 };
        for (loaded, other) in &pairs[..count] {
            let loaded = self.func.resolve(*loaded);
            if same_place(self, loaded) && self.can_fold_load(loaded) {
                self.state.vregs[loaded.index()] = FOLDED;
                let address = self.address(address, offset, flags);
                let other = match self.imm(*other) {
                    Some(imm) => A::Imm(imm),
                    None => A::Use(self.reg(*other)),
                };
                self.push(instruction, size, &[A::Mem(address), other]);
                return true;
            }
        }
        false
    }

    /// Whether a load may be part of the instruction at hand: it has no other use, and nothing
    /// that can be observed is between.
    fn can_fold_load(&self, value: Value) -> bool {
        let Some((inst, data)) = self.near(value) else {
            return false;
        };
        let after = self.state.moments[inst.index()] + u32::from(ends_moment(&data));
        !self.no_loads
            && self.state.uses[value.index()] == 1
            && self.vreg_of(value).is_none()
            && after == self.state.moments[self.inst.index()]
    }

    /// A value as an operand in memory, if it is a load that can be folded or a constant of the
    /// pool. The memory is as large as the value.
    pub(super) fn memory_operand(&mut self, value: Value) -> Option<A> {
        let value = self.func.resolve(value);
        let inst = self.func.def_inst(value)?;
        match *self.func.data(inst) {
            InstData::Const {
                ty: Type::F32,
                bits,
            } if bits != 0 => Some(self.pool(&(bits as u32).to_le_bytes())),
            InstData::Const {
                ty: Type::F64,
                bits,
            } if bits != 0 => Some(self.pool(&bits.to_le_bytes())),
            InstData::V128Const(constant) => {
                let bytes = self.func.constant_bytes(constant);
                (bytes != [0; 16] && bytes != [0xff; 16]).then(|| self.pool(&bytes))
            }
            InstData::Load {
                access,
                flags,
                address,
                offset,
            } => {
                // Without AVX, vectors in memory have to be aligned.
                let fits = match access {
                    Access::I32 | Access::I64 | Access::F32 | Access::F64 => true,
                    Access::V128 => self.avx,
                    _ => false,
                };
                if !fits {
                    return None;
                }
                self.fold_load(inst, flags, address, offset)
            }
            _ => None,
        }
    }

    /// A value as a byte in memory, if it is one, zero-extended, and can be folded.
    pub(super) fn byte_load(&mut self, value: Value) -> Option<A> {
        let inst = self.func.def_inst(value)?;
        match *self.func.data(inst) {
            InstData::Load {
                access: Access::U8I32 | Access::U8I64,
                flags,
                address,
                offset,
            } => self.fold_load(inst, flags, address, offset),
            _ => None,
        }
    }

    /// The address of a load that becomes part of the instruction at hand, if it can.
    fn fold_load(
        &mut self,
        inst: tierra_ir::Inst,
        flags: MemFlags,
        address: Value,
        offset: i32,
    ) -> Option<A> {
        let value = self.func.result(inst);
        if !self.can_fold_load(value) {
            return None;
        }
        self.state.vregs[value.index()] = FOLDED;
        let here = self.location;
        self.location = self.func.location(inst);
        let address = self.address(address, offset, flags);
        self.location = here;
        Some(A::Mem(address))
    }

    /// A vector as a second operand: memory only where it may be.
    pub(super) fn vec_rm(&mut self, value: Value) -> A {
        match self.memory_operand(value) {
            Some(memory) => memory,
            None if self.avx => A::UseAny(self.reg(value)),
            None => A::Use(self.reg(value)),
        }
    }
}

/// An immediate operand of an operation of this size.
fn truncate(imm: i64, size: Size) -> i64 {
    match size {
        Size::B => i64::from(imm as i8),
        Size::W => i64::from(imm as i16),
        _ => imm,
    }
}
