//! Loads, stores and the other operators on memories.

use super::emit::Last;
use super::stack::{Kind, Operand};
use super::{Result, Translator, Ty};
use crate::dispatch::Handler;
use crate::operand::Args;
use crate::ops::memory::*;
use wasmparser::{MemArg, MemArgTarget};

/// The memory that an access names.
fn memory_of(memarg: MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(memory) => memory,
        _ => unreachable!("validation refuses multibyte access to arrays"),
    }
}

/// The form of an access: memory 0 with 32-bit addresses and a 32-bit offset, or any.
enum Form {
    Short {
        offset: u32,
    },
    General {
        is_64: bool,
        memory: u32,
        offset: u64,
    },
}

/// Where a short access finds its address.
struct Place {
    address: Address,
    a: u16,
    offset: u32,
    /// The third word.
    word: Option<u64>,
}

impl Translator<'_> {
    pub(super) fn memory_is_64(&self, memory: u32) -> bool {
        self.module.memories[memory as usize].limits.is_64
    }

    fn form(&self, memarg: MemArg) -> Form {
        let is_64 = self.memory_is_64(memory_of(memarg));
        match u32::try_from(memarg.offset) {
            Ok(offset) if memory_of(memarg) == 0 && !is_64 => Form::Short { offset },
            _ => Form::General {
                is_64,
                memory: memory_of(memarg),
                offset: memarg.offset,
            },
        }
    }

    /// An address and an offset, both constant, as one offset.
    fn constant_address(&self, index: usize, offset: u32) -> Option<u32> {
        match self.stack[index].kind {
            Kind::Const(address) => (address as u32).checked_add(offset),
            _ => None,
        }
    }

    pub(super) fn load(&mut self, id: LoadId, memarg: MemArg, ty: Ty) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let row = &LOAD[id as usize];
        match self.form(memarg) {
            Form::Short { offset } => {
                let place = self.take_address(offset);
                self.mark();
                let args = Args {
                    dst: 0,
                    a: place.a,
                    b: place.offset,
                };
                self.emit_result(row.short(place.address), args, ty)?;
                if let Some(word) = place.word {
                    self.emit_word(word);
                }
            }
            Form::General {
                is_64,
                memory,
                offset,
            } => {
                let a = self.pop_slot();
                self.mark();
                let args = Args {
                    dst: 0,
                    a,
                    b: memory,
                };
                self.emit_result(row.general(is_64), args, ty)?;
                self.emit_word(offset);
            }
        }
        Ok(())
    }

    /// Pops the address of a short access. A sum that was just made for it becomes part of the
    /// access.
    fn take_address(&mut self, offset: u32) -> Place {
        let index = self.stack.len() - 1;
        if let Some(offset) = self.constant_address(index, offset) {
            self.pop();
            return Place {
                address: Address::Constant,
                a: 0,
                offset,
                word: None,
            };
        }
        if let (Kind::Acc, Last::Add { pos, a, b }) = (self.stack[index].kind, self.last) {
            let (address, a, word) = match (a, b) {
                (Operand::Slot(a), Operand::Const(c)) => (Address::SlotImm, a, c),
                (Operand::Slot(a), Operand::Slot(b)) => (Address::SlotSlot, a, b.into()),
                (Operand::Acc, Operand::Const(c)) => (Address::AccImm, 0, c),
                (Operand::Acc, Operand::Slot(b)) | (Operand::Slot(b), Operand::Acc) => {
                    (Address::AccSlot, 0, b.into())
                }
                _ => unreachable!("constants come second, and two constants are folded"),
            };
            self.pop();
            self.truncate(pos);
            self.forget(0);
            return Place {
                address,
                a,
                offset,
                word: Some(word),
            };
        }
        match self.pop_slot_or_acc() {
            Operand::Slot(a) => Place {
                address: Address::Slot,
                a,
                offset,
                word: None,
            },
            _ => Place {
                address: Address::Acc,
                a: 0,
                offset,
                word: None,
            },
        }
    }

    /// Pops an operand; a constant is put into its slot.
    pub(super) fn pop_slot_or_acc(&mut self) -> Operand {
        let index = self.stack.len() - 1;
        if matches!(self.stack[index].kind, Kind::Const(_)) {
            self.flush_entry(index);
        }
        let entry = self.pop();
        self.operand(entry)
    }

    pub(super) fn store(&mut self, id: StoreId, memarg: MemArg) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let row = &STORE[id as usize];
        match self.form(memarg) {
            Form::Short { offset } => {
                let value_entry = self.pop();
                let mut value = self.operand(value_entry);
                let place = self.take_address(offset);
                let from_acc = matches!(
                    place.address,
                    Address::Acc | Address::AccImm | Address::AccSlot
                );
                if from_acc && value == Operand::Acc && value_entry.ty.class() == Some(0) {
                    // The same number: one of the two is read from where it is stored.
                    let slot = self
                        .cached_slot(0)
                        .expect("one value can't be pending twice");
                    value = Operand::Slot(slot);
                }
                let ops = row.short(place.address);
                let (op, dst) = match value {
                    Operand::Slot(v) => (ops[0], v),
                    Operand::Acc => (ops[1], 0),
                    Operand::Const(_) => (ops[2], 0),
                };
                self.mark();
                self.emit(
                    op,
                    Args {
                        dst,
                        a: place.a,
                        b: place.offset,
                    },
                );
                if let Some(word) = place.word {
                    self.emit_word(word);
                }
                if let Operand::Const(value) = value {
                    self.emit_word(value);
                }
            }
            Form::General {
                is_64,
                memory,
                offset,
            } => {
                let dst = self.pop_slot();
                let a = self.pop_slot();
                self.mark();
                self.emit(row.general(is_64), Args { dst, a, b: memory });
                self.emit_word(offset);
            }
        }
        Ok(())
    }

    /// An atomic operator: operands and result in canonical slots.
    pub(super) fn atomic(
        &mut self,
        handler: Handler,
        memarg: MemArg,
        operands: usize,
        result: Option<Ty>,
    ) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        self.flush_top(operands);
        for _ in 0..operands {
            self.pop();
        }
        let dst = self.height as u16;
        // Waiting takes time in which other threads run, but nothing here moves.
        self.mark();
        let a = self.memory_is_64(memory_of(memarg)).into();
        self.emit(
            handler,
            Args {
                dst,
                a,
                b: memory_of(memarg),
            },
        );
        self.emit_word(memarg.offset);
        if let Some(ty) = result {
            self.written(dst, 1);
            self.push(Kind::Slot, ty)?;
        }
        Ok(())
    }
}

#[cfg(feature = "simd")]
mod vector {
    use super::*;
    use crate::ops::simd::VectorMemoryRow;

    impl Translator<'_> {
        pub(in super::super) fn vector_load(
            &mut self,
            row: &VectorMemoryRow,
            memarg: MemArg,
        ) -> Result {
            if !self.begin_op() {
                return Ok(());
            }
            let form = self.form(memarg);
            let a = self.pop_slot();
            self.mark();
            match form {
                Form::Short { offset } => {
                    self.emit_slot_result(
                        row[0],
                        Args {
                            dst: 0,
                            a,
                            b: offset,
                        },
                        Ty::V128,
                    )?;
                }
                Form::General {
                    is_64,
                    memory,
                    offset,
                } => {
                    let args = Args {
                        dst: 0,
                        a,
                        b: memory,
                    };
                    self.emit_slot_result(row[1 + usize::from(is_64)], args, Ty::V128)?;
                    self.emit_word(offset);
                }
            }
            Ok(())
        }

        pub(in super::super) fn vector_store(
            &mut self,
            row: &VectorMemoryRow,
            memarg: MemArg,
        ) -> Result {
            if !self.begin_op() {
                return Ok(());
            }
            let form = self.form(memarg);
            let dst = self.pop_slot();
            let a = self.pop_slot();
            self.mark();
            match form {
                Form::Short { offset } => {
                    self.emit(row[0], Args { dst, a, b: offset });
                }
                Form::General {
                    is_64,
                    memory,
                    offset,
                } => {
                    self.emit(row[1 + usize::from(is_64)], Args { dst, a, b: memory });
                    self.emit_word(offset);
                }
            }
            Ok(())
        }

        /// Access to one lane. `result` tells a load from a store.
        pub(in super::super) fn lane_memory(
            &mut self,
            handlers: [Handler; 2],
            memarg: MemArg,
            lane: u8,
            result: bool,
        ) -> Result {
            if !self.begin_op() {
                return Ok(());
            }
            let vector = self.pop_slot();
            let a = self.pop_slot();
            let handler = handlers[usize::from(self.memory_is_64(memory_of(memarg)))];
            let args = Args {
                dst: 0,
                a,
                b: memory_of(memarg),
            };
            self.mark();
            if result {
                self.emit_slot_result(handler, args, Ty::V128)?;
            } else {
                self.emit(handler, args);
            }
            self.emit_word(memarg.offset);
            self.emit_word(u64::from(vector) | u64::from(lane) << 16);
            Ok(())
        }

        /// An operator on vectors: operands in slots.
        pub(in super::super) fn vector(
            &mut self,
            handler: Handler,
            operands: usize,
            lane: Option<u8>,
            ty: Ty,
        ) -> Result {
            if !self.begin_op() {
                return Ok(());
            }
            let mut slots = [0; 3];
            for slot in slots[..operands].iter_mut().rev() {
                *slot = self.pop_slot();
            }
            let [a, b, c] = slots;
            let high = lane.map_or(c, u16::from);
            let args = Args {
                dst: 0,
                a,
                b: u32::from(b) | u32::from(high) << 16,
            };
            self.emit_slot_result(handler, args, ty)?;
            Ok(())
        }
    }
}
