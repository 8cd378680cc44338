//! Loads, stores and the other operators on memories.
//!
//! A *guarded* memory never moves, and an access out of its bounds faults if the address is below
//! 6 GiB: an index of 32 bits needs no check then, nor does an offset below 2 GiB. Bounds of all
//! other memories are checked against their size, which is read at every access; that of a shared
//! memory, which other threads may grow, is read atomically.

use super::builtin::imm;
use super::{Loaded, Translator};
use crate::layout::{self, class, memory_class, of_instance, plain};
use tierra_core::Trap;
use tierra_core::index::MemoryIdx;
use tierra_ir::{Access, BinaryOp, CompareOp, InstData, MemFlags, Type, UnaryOp, Value};
use tierra_vm::builtins::Builtin;
use wasmparser::{MemArg, MemArgTarget};

/// The memory that an access names.
pub(super) fn memory_of(memarg: MemArg) -> MemoryIdx {
    match memarg.target {
        MemArgTarget::Memory(memory) => MemoryIdx(memory),
        _ => unreachable!("validation refuses multibyte access to arrays"),
    }
}

/// An access that has been checked, or that faults where a check would fail.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub address: Value,
    pub offset: i32,
    pub flags: MemFlags,
}

impl Translator<'_> {
    pub(super) fn memory_is_64(&self, memory: MemoryIdx) -> bool {
        self.module.memories[memory.index()].limits.is_64
    }

    pub(super) fn memory_index_ty(&self, memory: u32) -> Type {
        if self.memory_is_64(MemoryIdx(memory)) {
            Type::I64
        } else {
            Type::I32
        }
    }

    /// Whether a memory is guarded.
    pub(super) fn is_guarded(&self, memory: MemoryIdx) -> bool {
        let ty = &self.module.memories[memory.index()];
        (self.options.memory)(ty).guarded && !ty.limits.is_64
    }

    /// The address of a memory's base and size.
    pub(super) fn memory_def(&mut self, memory: MemoryIdx) -> Value {
        if memory.0 == 0 {
            self.loaded(Loaded::MemoryDef)
        } else {
            self.element_of(layout::INSTANCE_MEMORIES, memory.0)
        }
    }

    fn memory_base(&mut self, memory: MemoryIdx) -> Value {
        let guarded = self.is_guarded(memory);
        if guarded && memory.0 == 0 {
            return self.loaded(Loaded::MemoryBase);
        }
        let def = self.memory_def(memory);
        // A shared memory never moves either.
        if guarded || self.module.memories[memory.index()].shared {
            self.constant_address(def, layout::MEMORY_BASE)
        } else {
            let flags = of_instance(class::MEMORY_DEF);
            self.load(Access::I64, flags, def, layout::MEMORY_BASE)
        }
    }

    /// What a memory's size in bytes never falls below.
    fn least_len(&self, memory: MemoryIdx) -> u64 {
        let ty = &self.module.memories[memory.index()];
        let pages = u128::from(ty.limits.min);
        u64::try_from(pages << ty.page_size_log2).unwrap_or(u64::MAX)
    }

    /// The size in bytes.
    fn memory_len(&mut self, memory: MemoryIdx) -> Value {
        let ty = &self.module.memories[memory.index()];
        let max = ty.limits.max.filter(|max| *max == ty.limits.min);
        if let Some(len) = max.and_then(|max| max.checked_shl(ty.page_size_log2.into()))
            && max == Some(len >> ty.page_size_log2)
        {
            return self.i64(len);
        }
        let def = self.memory_def(memory);
        let flags = of_instance(class::MEMORY_DEF);
        if self.module.memories[memory.index()].shared {
            let address = self.add_const(def, layout::MEMORY_LEN as u64);
            self.b.value(InstData::AtomicLoad {
                access: Access::I64,
                flags,
                address,
            })
        } else {
            self.load(Access::I64, flags, def, layout::MEMORY_LEN)
        }
    }

    /// An index of a memory or table as 64 bits.
    pub(super) fn wide_index(&mut self, index: Value) -> Value {
        match self.b.func.ty(index) {
            Type::I32 => self.unary(UnaryOp::I64ExtendI32U, index),
            _ => index,
        }
    }

    /// Traps unless `size` bytes at `index + offset` are in the memory.
    pub(super) fn check_bounds(&mut self, memory: MemoryIdx, index: Value, offset: u64, size: u32) {
        let len = self.memory_len(memory);
        let Some(reach) = offset.checked_add(size.into()) else {
            let always = self.i32(1);
            return self.trap_if(always, Trap::MemoryOutOfBounds);
        };
        // The last index is the same each time around a loop.
        let always = self.least_len(memory) >= reach;
        if always || self.memory_is_64(memory) {
            let reach = self.i64(reach);
            if !always {
                let too_far = self.compare(CompareOp::I64LtU, len, reach);
                self.trap_if(too_far, Trap::MemoryOutOfBounds);
            }
            let last = self.binary(BinaryOp::I64Sub, len, reach);
            let outside = self.compare(CompareOp::I64GtU, index, last);
            self.trap_if(outside, Trap::MemoryOutOfBounds);
        } else {
            // 32 bits and an offset of 32 bits: the sum doesn't overflow.
            let end = self.add_const(index, reach);
            let outside = self.compare(CompareOp::I64GtU, end, len);
            self.trap_if(outside, Trap::MemoryOutOfBounds);
        }
    }

    /// Whether an access to a guarded memory needs no check.
    fn faults(&self, memory: MemoryIdx, offset: u64) -> bool {
        offset < 1 << 31 && self.is_guarded(memory)
    }

    /// Where `size` bytes at an index, as 64 bits, plus an offset are.
    pub(super) fn place(
        &mut self,
        memory: MemoryIdx,
        index: Value,
        offset: u64,
        size: u32,
    ) -> Place {
        let mut flags = plain(memory_class(self.module, memory.0));
        if self.faults(memory, offset) {
            flags = flags.trapping(Trap::MemoryOutOfBounds as u8);
        } else {
            self.check_bounds(memory, index, offset, size);
        }
        let base = self.memory_base(memory);
        let mut address = self.binary(BinaryOp::I64Add, base, index);
        let offset = i32::try_from(offset).unwrap_or_else(|_| {
            address = self.add_const(address, offset);
            0
        });
        Place {
            address,
            offset,
            flags,
        }
    }

    /// Pops the index of an access.
    pub(super) fn pop_place(&mut self, memarg: MemArg, size: u32) -> Place {
        let index = self.pop();
        let index = self.wide_index(index);
        self.place(memory_of(memarg), index, memarg.offset, size)
    }

    /// Pops the index and reads what is there.
    pub(super) fn read(&mut self, access: Access, memarg: MemArg) -> Value {
        let Place {
            address,
            offset,
            flags,
        } = self.pop_place(memarg, access.bytes());
        self.load(access, flags, address, offset)
    }

    pub(super) fn visit_load(&mut self, access: Access, memarg: MemArg) {
        let value = self.read(access, memarg);
        self.push(value);
    }

    /// Pops the index and writes a value.
    pub(super) fn write(&mut self, access: Access, memarg: MemArg, value: Value) {
        let Place {
            address,
            offset,
            flags,
        } = self.pop_place(memarg, access.bytes());
        self.store(access, flags, address, offset, value);
    }

    pub(super) fn visit_store(&mut self, access: Access, memarg: MemArg) {
        let value = self.pop();
        self.write(access, memarg, value);
    }

    pub(super) fn memory_size(&mut self, memory: u32) {
        let memory = MemoryIdx(memory);
        let len = self.memory_len(memory);
        let shift = self.module.memories[memory.index()].page_size_log2;
        let mut pages = len;
        if shift > 0 {
            let shift = self.i64(shift.into());
            pages = self.binary(BinaryOp::I64ShrU, len, shift);
        }
        if !self.memory_is_64(memory) {
            pages = self.unary(UnaryOp::I32WrapI64, pages);
        }
        self.push(pages);
    }

    pub(super) fn memory_grow(&mut self, memory: u32) {
        let (is_64, ty) = (
            self.memory_is_64(MemoryIdx(memory)),
            self.memory_index_ty(memory),
        );
        self.builtin(Builtin::MemoryGrow, 1, imm(is_64, memory, 0u32), Some(ty));
    }
}
