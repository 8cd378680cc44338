//! Atomic accesses: in bounds first, then aligned.

use super::builtin::imm;
use super::memory::memory_of;
use super::{Result, Translator};
use tierra_core::Trap;
use tierra_ir::{Access, BinaryOp, InstData, MemFlags, RmwOp, Type, UnaryOp, Value};
use tierra_vm::builtins::Builtin;
use wasmparser::MemArg;

impl Translator<'_> {
    /// Whether `index + offset` is no multiple of the size, as a condition.
    fn misaligned(&mut self, index: Value, offset: u64, size: u32) -> Value {
        // Carries only go up, so the low bits of the sum are those of the sum of the low bits.
        let sum = self.add_const(index, offset & u64::from(size - 1));
        let mask = self.i64(u64::from(size - 1));
        let low = self.binary(BinaryOp::I64And, sum, mask);
        self.unary(UnaryOp::I32WrapI64, low)
    }

    /// Pops the index of an access; gives the address.
    fn atomic_place(&mut self, memarg: MemArg, size: u32) -> (Value, MemFlags) {
        let memory = memory_of(memarg);
        let index = self.pop();
        let index = self.wide_index(index);
        let guarded = self.is_guarded(memory);
        if size > 1 && guarded {
            // The access itself is the check of bounds, and it is too late for that of alignment.
            let cond = self.misaligned(index, memarg.offset, size);
            let (bad, good) = (self.cold_block(), self.new_block());
            self.branch(cond, bad, good);
            self.enter(bad);
            self.check_bounds(memory, index, memarg.offset, size);
            self.b.push(InstData::Trap(Trap::UnalignedAtomic as u8));
            self.enter(good);
        }
        let place = self.place(memory, index, memarg.offset, size);
        if size > 1 && !guarded {
            let cond = self.misaligned(index, memarg.offset, size);
            self.trap_if(cond, Trap::UnalignedAtomic);
        }
        let address = self.add_const(place.address, place.offset as u64);
        (address, place.flags)
    }

    pub(super) fn atomic_load(&mut self, access: Access, memarg: MemArg) {
        let (address, flags) = self.atomic_place(memarg, access.bytes());
        let value = self.b.value(InstData::AtomicLoad {
            access,
            flags,
            address,
        });
        self.push(value);
    }

    pub(super) fn atomic_store(&mut self, access: Access, memarg: MemArg) {
        let value = self.pop();
        let (address, flags) = self.atomic_place(memarg, access.bytes());
        self.b.push(InstData::AtomicStore {
            access,
            flags,
            address,
            value,
        });
    }

    pub(super) fn atomic_rmw(&mut self, op: RmwOp, access: Access, memarg: MemArg) {
        let value = self.pop();
        let (address, flags) = self.atomic_place(memarg, access.bytes());
        let old = self.b.value(InstData::AtomicRmw {
            op,
            access,
            flags,
            address,
            value,
        });
        self.push(old);
    }

    pub(super) fn atomic_cmpxchg(&mut self, access: Access, memarg: MemArg) {
        let new = self.pop();
        let expected = self.pop();
        let (address, flags) = self.atomic_place(memarg, access.bytes());
        let old = self.b.value(InstData::AtomicCmpxchg {
            access,
            flags,
            address,
            args: [expected, new],
        });
        self.push(old);
    }

    /// `memory.atomic.wait` and `notify`: builtins, which take the whole address. `size` is that
    /// of the number there.
    pub(super) fn atomic_builtin(
        &mut self,
        builtin: Builtin,
        memarg: MemArg,
        size: u32,
        count: usize,
    ) -> Result {
        let memory = memory_of(memarg);
        let at = self.s.stack.len() - count;
        let index = self.s.stack[at];
        let index = self.wide_index(index);
        self.check_bounds(memory, index, memarg.offset, size);
        let cond = self.misaligned(index, memarg.offset, size);
        self.trap_if(cond, Trap::UnalignedAtomic);
        self.s.stack[at] = self.add_const(index, memarg.offset);
        self.builtin(builtin, count, imm(0u32, memory.0, 0u32), Some(Type::I32));
        Ok(())
    }
}
