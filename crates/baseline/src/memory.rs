//! Loads, stores and the other operators on memories.
//!
//! A *guarded* memory never moves, and an access out of its bounds faults if the address is below
//! 6 GiB: an index of 32 bits needs no check then, nor does an offset below 2 GiB. The base of
//! memory 0 is in the frame, and mostly in a register, if it is guarded. Bounds of all other
//! memories are checked against their size, which is read at every access.

use crate::builtin::imm;
use crate::compiler::{Compiler, Result};
use crate::emit::{at, frame, size_of};
use crate::frame::INSTANCE;
use crate::regs::{Holder, INTS, Reg, class};
use crate::value::{Operand, Ty};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Arg, Cc, Gpr, Mem, Op, Scale, Size};
use tierra_core::Trap;
use tierra_core::index::MemoryIdx;
use tierra_vm::builtins::Builtin;
use tierra_vm::offsets::*;
use wasmparser::{MemArg, MemArgTarget};

/// The memory that an access names.
pub(crate) fn memory_of(memarg: MemArg) -> MemoryIdx {
    match memarg.target {
        MemArgTarget::Memory(memory) => MemoryIdx(memory),
        _ => unreachable!("validation refuses multibyte access to arrays"),
    }
}

/// An access that was checked, or that faults where a check would fail.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    pub mem: Mem,
    faults: bool,
}

impl Address {
    /// The same address, if a register holds it.
    pub fn in_register(self, r: Gpr) -> Address {
        Address {
            mem: at(r, 0),
            ..self
        }
    }
}

impl Compiler<'_> {
    pub fn memory_is_64(&self, memory: MemoryIdx) -> bool {
        self.module.memories[memory.index()].limits.is_64
    }

    pub fn memory_index_ty(&self, memory: MemoryIdx) -> Ty {
        if self.memory_is_64(memory) {
            Ty::I64
        } else {
            Ty::I32
        }
    }

    pub fn is_guarded(&self, memory: MemoryIdx) -> bool {
        if memory.0 == 0 {
            return self.has_base;
        }
        let ty = &self.module.memories[memory.index()];
        !ty.limits.is_64 && (self.options.is_guarded)(ty)
    }

    /// The register of the base of memory 0.
    #[inline]
    pub fn base_reg(&mut self) -> Gpr {
        if self.base == Reg::NONE {
            let r = self.alloc(INTS);
            self.rm(Op::Mov, Size::Q, r.gpr(), frame(self.base_home()));
            self.hold(r, Holder::Base, false);
        }
        self.pinned |= self.base.bit();
        self.base.gpr()
    }

    /// Loads the address of a memory's base and size into the scratch register.
    pub fn load_memory_def(&mut self, memory: MemoryIdx) {
        if memory.0 == 0 {
            self.rm(Op::Mov, Size::Q, SCRATCH, frame(INSTANCE));
            self.rm(Op::Mov, Size::Q, SCRATCH, at(SCRATCH, INSTANCE_MEMORY0));
        } else {
            self.load_element(SCRATCH, INSTANCE_MEMORIES, memory.0);
        }
    }

    /// Traps unless `size` bytes at `index + offset` are in the memory whose definition's address
    /// is in the scratch register. `temp` is overwritten.
    pub fn check_bounds(&mut self, index: Gpr, offset: u64, size: u32, temp: Gpr) {
        let reach = offset.checked_add(size.into());
        let outside = self.trap_label(Trap::MemoryOutOfBounds);
        let Some(reach) = reach else {
            return self.asm.jmp(outside);
        };
        let len = Arg::M(at(SCRATCH, MEMORY_LEN));
        if let Ok(reach) = i32::try_from(reach) {
            self.asm.emit(Op::Mov, Size::Q, &[Arg::R(temp), len]);
            self.ri(Op::Sub, Size::Q, temp, reach.into());
        } else {
            // The difference the other way round, negated: the carry says the opposite.
            self.load_int(temp, reach);
            self.asm.emit(Op::Sub, Size::Q, &[Arg::R(temp), len]);
            self.asm.jcc(Cc::A, outside);
            self.r(Op::Neg, Size::Q, temp);
            self.rr(Op::Cmp, Size::Q, index, temp);
            return self.asm.jcc(Cc::A, outside);
        }
        self.asm.jcc(Cc::B, outside);
        self.rr(Op::Cmp, Size::Q, index, temp);
        self.asm.jcc(Cc::A, outside);
    }

    /// Where `size` bytes at a popped index plus an offset are.
    pub fn address(&mut self, index: Operand, memarg: MemArg, size: u32) -> Address {
        let memory = memory_of(memarg);
        let offset = memarg.offset;
        if offset >= 1 << 31 || !self.is_guarded(memory) {
            return self.checked_address(index, memarg, size);
        }
        let disp = offset as i32;
        if memory.0 != 0 {
            let index = self.in_reg(index, Ty::I32).gpr();
            self.load_element(SCRATCH, INSTANCE_MEMORIES, memory.0);
            self.rm(Op::Mov, Size::Q, SCRATCH, at(SCRATCH, MEMORY_BASE));
            return Address {
                mem: sum(SCRATCH, index, disp),
                faults: true,
            };
        }
        if let Operand::Const(bits) = index
            && let Ok(disp) = i32::try_from(bits + offset)
        {
            let base = self.base_reg();
            return Address {
                mem: at(base, disp),
                faults: true,
            };
        }
        let index = self.in_reg(index, Ty::I32).gpr();
        let base = self.base_reg();
        Address {
            mem: sum(base, index, disp),
            faults: true,
        }
    }

    fn checked_address(&mut self, index: Operand, memarg: MemArg, size: u32) -> Address {
        let memory = memory_of(memarg);
        let index = self.in_reg(index, self.memory_index_ty(memory)).gpr();
        let temp = self.alloc_int();
        self.load_memory_def(memory);
        self.check_bounds(index, memarg.offset, size, temp);
        self.rm(Op::Mov, Size::Q, SCRATCH, at(SCRATCH, MEMORY_BASE));
        let faults = false;
        self.pinned &= !Reg::int(temp).bit();
        match i32::try_from(memarg.offset) {
            Ok(disp) => Address {
                mem: sum(SCRATCH, index, disp),
                faults,
            },
            Err(_) => {
                self.load_int(temp, memarg.offset);
                self.rr(Op::Add, Size::Q, SCRATCH, temp);
                Address {
                    mem: sum(SCRATCH, index, 0),
                    faults,
                }
            }
        }
    }

    /// The next instruction is the access.
    #[inline]
    pub fn access(&mut self, address: Address) -> Mem {
        if address.faults {
            self.locate();
            let trap = Trap::MemoryOutOfBounds as u8;
            self.out.traps.push((self.asm.offset(), trap));
        }
        address.mem
    }

    /// A load by one instruction.
    pub fn load_op(&mut self, op: Op, size: Size, bytes: u32, ty: Ty, memarg: MemArg) {
        let index = self.pop();
        let address = self.address(index, memarg, bytes);
        let d = self.reuse(index, ty);
        let mem = self.access(address);
        if ty.is_vec() {
            self.xm(op, d.xmm(), mem);
        } else {
            self.rm(op, size, d.gpr(), mem);
        }
        self.push(d, ty);
    }

    /// A store by one instruction.
    pub fn store_op(&mut self, op: Op, size: Size, bytes: u32, ty: Ty, memarg: MemArg) {
        let value = self.pop();
        let index = self.pop();
        let value = match value {
            Operand::Const(bits) if !ty.is_vec() => match crate::integer::immediate(bits, size) {
                Some(value) => Arg::I(match size {
                    Size::B => i64::from(value as u8),
                    Size::W => i64::from(value as u16),
                    _ => value,
                }),
                None => Arg::R(self.in_reg(Operand::Const(bits), ty).gpr()),
            },
            value => match self.in_reg(value, ty) {
                r if r.is_vec() => Arg::X(r.xmm()),
                r => Arg::R(r.gpr()),
            },
        };
        let address = self.address(index, memarg, bytes);
        let mem = self.access(address);
        match value {
            Arg::R(s) => self.mr(op, size, mem, s),
            Arg::I(imm) => self.mi(op, size, mem, imm),
            value => self.asm.emit(op, size, &[Arg::M(mem), value]),
        }
    }

    pub fn memory_size(&mut self, memory: u32) {
        let memory = MemoryIdx(memory);
        let ty = self.memory_index_ty(memory);
        let shift = self.module.memories[memory.index()].page_size_log2;
        let d = self.alloc(class(ty)).gpr();
        self.load_memory_def(memory);
        self.rm(Op::Mov, Size::Q, d, at(SCRATCH, MEMORY_LEN));
        if shift > 0 {
            self.ri(Op::Shr, Size::Q, d, shift.into());
        }
        if size_of(ty) == Size::D {
            self.rr(Op::Mov, Size::D, d, d);
        }
        self.push(d, ty);
    }

    pub fn memory_grow(&mut self, memory: u32) -> Result {
        let is_64 = self.memory_is_64(MemoryIdx(memory));
        let ty = self.memory_index_ty(MemoryIdx(memory));
        self.builtin(Builtin::MemoryGrow, 1, imm(is_64, memory, 0u32), Some(ty))
    }
}

fn sum(base: Gpr, index: Gpr, disp: i32) -> Mem {
    Mem::Index {
        base,
        index,
        scale: Scale::X1,
        disp,
    }
}
