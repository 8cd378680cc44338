//! Atomic accesses: in bounds first, then aligned. Plain loads are as ordered as they must be; a
//! store is an exchange, which orders it before the loads after it.

use crate::builtin::imm;
use crate::compiler::{Compiler, Result};
use crate::memory::{Address, memory_of};
use crate::regs::Reg;
use crate::value::{Loc, Operand, Ty};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Arg, Cc, Gpr, Op, Size};
use tierra_vm::builtins::Builtin;
use wasmparser::MemArg;

/// What a read-modify-write operator does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rmw {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Exchange,
}

fn bytes(size: Size) -> u32 {
    size.bytes().into()
}

/// What reads a number of some size with zeros above it.
fn load_of(size: Size) -> Op {
    match size {
        Size::B => Op::Movzx8,
        Size::W => Op::Movzx16,
        _ => Op::Mov,
    }
}

/// The size of operations on a number of some size in a register.
fn at_least_word(size: Size) -> Size {
    if size == Size::Q { Size::Q } else { Size::D }
}

impl Compiler<'_> {
    /// Traps if `index + offset` is no multiple of the size, or out of bounds.
    fn check_alignment(&mut self, index: Gpr, memarg: MemArg, size: Size) {
        if size == Size::B {
            return;
        }
        // Carries only go up, so the low bits of the sum are those of the sum of the low bits.
        let mask = u64::from(bytes(size) - 1);
        let (low, memory) = (memarg.offset & mask, memory_of(memarg));
        let tested = if low == 0 {
            index
        } else {
            let sum = crate::emit::at(index, low as i32);
            self.rm(Op::Lea, Size::D, SCRATCH, sum);
            SCRATCH
        };
        self.ri(Op::Test, Size::D, tested, mask as i64);
        let cold = self.cold_misaligned(memory, index, memarg.offset, bytes(size));
        self.asm.jcc(Cc::NE, cold);
    }

    /// Where an atomic access at a popped index is.
    fn atomic_address(&mut self, index: Operand, memarg: MemArg, size: Size) -> Address {
        let ty = self.memory_index_ty(memory_of(memarg));
        let r = self.in_reg(index, ty);
        self.check_alignment(r.gpr(), memarg, size);
        self.address(Operand::Reg { r, own: false }, memarg, bytes(size))
    }

    pub fn atomic_load(&mut self, size: Size, ty: Ty, memarg: MemArg) {
        let index = self.pop();
        let address = self.atomic_address(index, memarg, size);
        let d = self.reuse(index, ty).gpr();
        let mem = self.access(address);
        self.rm(load_of(size), at_least_word(size), d, mem);
        self.push(d, ty);
    }

    pub fn atomic_store(&mut self, size: Size, ty: Ty, memarg: MemArg) {
        let value = self.pop_own(ty).gpr();
        let index = self.pop();
        let address = self.atomic_address(index, memarg, size);
        let mem = self.access(address);
        self.mr(Op::Xchg, size, mem, value);
    }

    /// Clears what an exchange of a narrow number left above it.
    fn narrow(&mut self, d: Gpr, size: Size) {
        match size {
            Size::B | Size::W => self.rr(load_of(size), Size::D, d, d),
            // The instruction has cleared the upper half.
            _ => {}
        }
    }

    pub fn atomic_rmw(&mut self, op: Rmw, size: Size, ty: Ty, memarg: MemArg) {
        let rax = Reg::int(Gpr::RAX);
        let by_loop = matches!(op, Rmw::And | Rmw::Or | Rmw::Xor);
        let value = self.pop();
        let value = self.in_own_reg(value, ty).gpr();
        let index = self.pop();
        let address = self.atomic_address(index, memarg, size);
        if !by_loop {
            let exchange = match op {
                Rmw::Exchange => Op::Xchg,
                _ => Op::LockXadd,
            };
            if op == Rmw::Sub {
                self.r(Op::Neg, at_least_word(size), value);
            }
            let mem = self.access(address);
            self.mr(exchange, size, mem, value);
            self.narrow(value, size);
            return self.push(value, ty);
        }
        let op = match op {
            Rmw::And => Op::And,
            Rmw::Or => Op::Or,
            _ => Op::Xor,
        };
        // The address must not be made of what the loop writes.
        let place = self.fixed_address(address);
        self.vacate(rax);
        let mut value = value;
        if value == Gpr::RAX {
            value = self.alloc_int();
            self.rr(Op::Mov, Size::Q, value, Gpr::RAX);
        }
        let next = self.alloc_int();
        let mem = self.access(place);
        self.rm(load_of(size), at_least_word(size), Gpr::RAX, mem);
        let again = self.asm.label();
        self.asm.bind(again);
        self.rr(Op::Mov, Size::Q, next, Gpr::RAX);
        self.rr(op, Size::Q, next, value);
        self.mr(Op::LockCmpxchg, size, place.mem, next);
        self.asm.jcc(Cc::NE, again);
        self.narrow(Gpr::RAX, size);
        self.push(rax, ty);
    }

    /// The same address, in the scratch register: a fault there still is one.
    fn fixed_address(&mut self, address: Address) -> Address {
        self.rm(Op::Lea, Size::Q, SCRATCH, address.mem);
        address.in_register(SCRATCH)
    }

    pub fn atomic_cmpxchg(&mut self, size: Size, ty: Ty, memarg: MemArg) {
        let rax = Reg::int(Gpr::RAX);
        let new = self.pop_own(ty);
        let expected = self.pop_own(ty);
        let index = self.pop();
        let address = self.atomic_address(index, memarg, size);
        let place = self.fixed_address(address);
        self.vacate(rax);
        let mut new = new.gpr();
        if new == Gpr::RAX {
            new = self.alloc_int();
            self.rr(Op::Mov, Size::Q, new, Gpr::RAX);
        }
        if expected != rax {
            self.move_reg(rax, expected);
        }
        self.compare_exchange(size, place, new);
        self.push(rax, ty);
    }

    /// Expects what is in RAX, as much of it as there is in memory.
    fn compare_exchange(&mut self, size: Size, place: Address, new: Gpr) {
        let mem = self.access(place);
        self.mr(Op::LockCmpxchg, size, mem, new);
        match size {
            // Equal or not, the upper half may not have been written.
            Size::D => self.rr(Op::Mov, Size::D, Gpr::RAX, Gpr::RAX),
            size => self.narrow(Gpr::RAX, size),
        }
    }

    /// `memory.atomic.wait` and `notify`: builtins, which take the whole address. `size` is that
    /// of the number there.
    pub fn atomic_builtin(
        &mut self,
        builtin: Builtin,
        memarg: MemArg,
        size: Size,
        count: usize,
    ) -> Result {
        let memory = memory_of(memarg);
        let place = self.s.stack.len() - count;
        let ty = self.memory_index_ty(memory);
        let index = self.own_entry(place, ty);
        let temp = self.alloc_int();
        self.load_memory_def(memory);
        self.check_bounds(index, memarg.offset, bytes(size), temp);
        // A misaligned access is in bounds here: the cold code finds nothing else wrong.
        self.check_alignment(index, memarg, size);
        self.load_int(temp, memarg.offset);
        self.rr(Op::Add, Size::Q, index, temp);
        self.s.stack[place].ty = Ty::I64;
        self.builtin(builtin, count, imm(0u32, memory.0, 0u32), Some(Ty::I32))
    }

    /// A register of its own for an operand in the middle of the stack.
    fn own_entry(&mut self, place: usize, ty: Ty) -> Gpr {
        let entry = self.s.stack[place];
        if let Loc::Reg(r) = entry.loc {
            self.pinned |= r.bit();
            self.regs.dirty |= r.bit();
            return r.gpr();
        }
        if let Loc::Local(i) = entry.loc {
            let r = self.local_reg(i);
            self.s.locals[i as usize].unread -= 1;
            let d = self.alloc_int();
            self.move_reg(d.into(), r);
            self.hold(d.into(), crate::regs::Holder::Operand(place as u32), true);
            return d;
        }
        let d = self.alloc_int();
        match entry.loc {
            Loc::Const(bits) => self.load_int(d, bits),
            _ => self.load(d.into(), crate::emit::frame(entry.home), ty),
        }
        self.hold(d.into(), crate::regs::Holder::Operand(place as u32), true);
        d
    }

    pub fn fence(&mut self) {
        self.asm.emit(Op::Mfence, Size::Q, &[] as &[Arg]);
    }
}
