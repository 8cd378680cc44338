//! Making single instructions out of what is in reach.

use super::{Callable, Config, Rng, SCRATCH_BYTES};
use crate::entity::{Block, Inst, SigRef, Slot, Value};
use crate::function::{Function, Target, Targets};
use crate::inst::{Access, AliasClass, Callee, InstData, MemFlags, RmwOp};
use crate::op::{BinaryOp, UnaryOp};
use crate::types::{CallConv, Type};
use alloc::vec::Vec;

/// A function that is being made.
pub(super) struct Body<'a> {
    pub func: Function,
    pub rng: Rng,
    pub config: &'a Config,
    /// Where instructions are appended; `None` after a terminator.
    pub block: Option<Block>,
    /// By type, what is in reach.
    pools: [Vec<Value>; 6],
    memory: Value,
    slots: Vec<Slot>,
    sigs: Vec<SigRef>,
}

/// What was in reach at some time.
#[derive(Clone, Copy)]
pub(super) struct Mark([usize; 6]);

/// Quarters of the memory are what does not overlap; the last one never changes.
const REGION: usize = SCRATCH_BYTES / 4;
const SLOT_BYTES: u32 = 48;
/// Where in a slot the cell of a call is.
const CELL: i32 = 16;

impl<'a> Body<'a> {
    pub fn new(func: Function, rng: Rng, config: &'a Config) -> Self {
        Self {
            func,
            rng,
            config,
            block: None,
            pools: Default::default(),
            memory: Value(0),
            slots: Vec::new(),
            sigs: Vec::new(),
        }
    }

    /// The entry: parameters, signatures, slots, which are cleared.
    pub fn open(&mut self) {
        let entry = self.func.new_block();
        let params = self.func.signature.params.clone();
        let values: Vec<Value> = params
            .iter()
            .map(|ty| self.func.append_param(entry, *ty))
            .collect();
        self.memory = values[0];
        self.switch_to(entry);
        values[1..].iter().for_each(|value| self.keep(*value));
        for callable in &self.config.callees {
            let sig = self.func.new_signature(callable.signature.clone());
            self.sigs.push(sig);
        }
        for _ in 0..self.rng.below(3) {
            let slot = self.func.new_slot(SLOT_BYTES);
            self.slots.push(slot);
        }
        if self.config.poll.is_some() && self.slots.is_empty() {
            let slot = self.func.new_slot(SLOT_BYTES);
            self.slots.push(slot);
        }
        let zero = self.constant_of(Type::I64, 0);
        for slot in self.slots.clone() {
            let address = self.value(InstData::SlotAddress(slot));
            for offset in (0..SLOT_BYTES as i32).step_by(8) {
                self.push(InstData::Store {
                    access: Access::I64,
                    flags: MemFlags::new(AliasClass::ANY),
                    address,
                    value: zero,
                    offset,
                });
            }
        }
    }

    // Blocks.

    pub fn new_block(&mut self, params: &[Type]) -> Block {
        let block = self.func.new_block();
        for ty in params {
            self.func.append_param(block, *ty);
        }
        block
    }

    pub fn switch_to(&mut self, block: Block) {
        self.func.append_block(block);
        self.block = Some(block);
    }

    pub fn keep_params(&mut self, block: Block) {
        for param in self.func.params(block).to_vec() {
            self.keep(param);
        }
    }

    pub fn mark(&self) -> Mark {
        Mark([0, 1, 2, 3, 4, 5].map(|index| self.pools[index].len()))
    }

    /// Forgets what came into reach since.
    pub fn back_to(&mut self, mark: Mark) {
        for (pool, len) in self.pools.iter_mut().zip(mark.0) {
            pool.truncate(len);
        }
    }

    // Values.

    pub fn push(&mut self, data: InstData) -> Inst {
        let block = self.block.expect("a block is open");
        let location = self.rng.below(1000) as u32;
        let inst = self.func.new_inst(data, location);
        self.func.append(block, inst);
        if data.is_terminator() {
            self.block = None;
        }
        inst
    }

    pub fn value(&mut self, data: InstData) -> Value {
        let inst = self.push(data);
        self.func.result(inst)
    }

    pub fn binary(&mut self, op: BinaryOp, args: [Value; 2]) -> Value {
        self.value(InstData::Binary { op, args })
    }

    /// Brings a value into reach.
    pub fn keep(&mut self, value: Value) {
        self.pools[self.func.ty(value) as usize].push(value);
    }

    pub fn keep_results(&mut self, inst: Inst) {
        self.func.results(inst).for_each(|value| self.keep(value));
    }

    pub fn constant_of(&mut self, ty: Type, bits: u128) -> Value {
        let data = match ty {
            Type::V128 => InstData::V128Const(self.func.constant(bits.to_le_bytes())),
            Type::Ref => InstData::Const { ty, bits: 0 },
            ty => InstData::Const {
                ty,
                bits: bits as u64,
            },
        };
        self.value(data)
    }

    /// A value of a type, mostly a new one among those in reach.
    pub fn any(&mut self, ty: Type) -> Value {
        let count = self.pools[ty as usize].len();
        if count == 0 || self.rng.one_in(8) {
            let bits = self.rng.bits(ty);
            return self.constant_of(ty, bits);
        }
        let back = match self.rng.below(4) {
            0 => self.rng.below(count),
            _ => self.rng.below(count.min(6)),
        };
        self.pools[ty as usize][count - 1 - back]
    }

    pub fn anys(&mut self, types: &[Type]) -> Vec<Value> {
        types.iter().map(|ty| self.any(*ty)).collect()
    }

    pub fn some_type(&mut self) -> Type {
        loop {
            let ty = *self.rng.pick(&Type::ALL);
            if self.config.has(ty) {
                return ty;
            }
        }
    }

    // Memory.

    /// An address of so many bytes in the memory, with an offset and what is known of it.
    fn place(&mut self, bytes: u32, write: bool, aligned: bool) -> (Value, i32, MemFlags) {
        if !aligned && !self.slots.is_empty() && self.rng.one_in(6) {
            let slot = *self.rng.pick(&self.slots);
            let address = self.value(InstData::SlotAddress(slot));
            let offset = self.rng.below((SLOT_BYTES - bytes) as usize + 1) as i32;
            return (address, offset, MemFlags::new(AliasClass::ANY));
        }
        let region = self.rng.below(if write { 3 } else { 4 });
        let mut flags = MemFlags::new(AliasClass::ANY);
        if self.rng.one_in(2) {
            flags.class = AliasClass(region as u16 + 1);
        }
        flags.readonly = region == 3 && self.rng.one_in(2);
        if self.rng.one_in(3) {
            flags.trap = 2;
        }
        flags.anytime = flags.trap == 0 && self.rng.one_in(2);
        let mut offset = (region * REGION + self.rng.below(REGION - 512 - 32)) as i32;
        if aligned {
            offset &= -16;
        }
        let address = match self.rng.below(4) {
            0 => self.memory,
            1 => self.indexed(3, !aligned),
            2 => {
                let shift = self.rng.below(3) as u32;
                self.indexed(shift.max(if aligned { 3 } else { 0 }), !aligned)
            }
            _ => {
                let end = self.constant_of(Type::I64, SCRATCH_BYTES as u128);
                offset -= SCRATCH_BYTES as i32;
                self.binary(BinaryOp::I64Add, [self.memory, end])
            }
        };
        if !aligned {
            return (address, offset, flags);
        }
        let offset = self.constant_of(Type::I64, offset as u64 as u128);
        (self.binary(BinaryOp::I64Add, [address, offset]), 0, flags)
    }

    /// The memory's address and an index below 512, a multiple of a power of two.
    fn indexed(&mut self, shift: u32, wide: bool) -> Value {
        let index = self.any(Type::I32);
        let mask = self.constant_of(Type::I32, u128::from(0x1ff_u32 >> shift));
        let masked = self.binary(BinaryOp::I32And, [index, mask]);
        let op = UnaryOp::I64ExtendI32U;
        let mut index = self.value(InstData::Unary { op, arg: masked });
        if shift > 0 {
            let by = self.constant_of(Type::I64, shift.into());
            index = self.binary(BinaryOp::I64Shl, [index, by]);
        }
        let args = match wide && self.rng.one_in(2) {
            true => [index, self.memory],
            false => [self.memory, index],
        };
        self.binary(BinaryOp::I64Add, args)
    }

    pub fn load(&mut self) {
        let access = *self.rng.pick(&Access::ALL);
        if !self.config.has(access.ty()) {
            return;
        }
        let (address, offset, flags) = self.place(access.bytes(), false, false);
        let value = self.value(InstData::Load {
            access,
            flags,
            address,
            offset,
        });
        self.keep(value);
    }

    pub fn store(&mut self) {
        let access = *self.rng.pick(&Access::ALL);
        if access.is_signed() || !self.config.has(access.ty()) {
            return;
        }
        let value = self.any(access.ty());
        let (address, offset, flags) = self.place(access.bytes(), true, false);
        self.push(InstData::Store {
            access,
            flags,
            address,
            value,
            offset,
        });
    }

    pub fn atomic(&mut self) {
        let access = *self.rng.pick(&Access::ALL);
        if !access.is_atomic() || !self.config.atomics {
            return;
        }
        let (address, _, flags) = self.place(access.bytes(), true, true);
        let [value, expected] = [access.ty(); 2].map(|ty| self.any(ty));
        let data = match self.rng.below(5) {
            0 => InstData::Fence,
            1 => InstData::AtomicLoad {
                access,
                flags,
                address,
            },
            2 => InstData::AtomicStore {
                access,
                flags,
                address,
                value,
            },
            3 => InstData::AtomicRmw {
                op: *self.rng.pick(&RmwOp::ALL),
                access,
                flags,
                address,
                value,
            },
            _ => InstData::AtomicCmpxchg {
                access,
                flags,
                address,
                args: [expected, value],
            },
        };
        let inst = self.push(data);
        self.keep_results(inst);
    }

    pub fn poll(&mut self) {
        let Some(slow) = self.config.poll else {
            return;
        };
        let zero = self.constant_of(Type::I64, 0);
        let slot = self.slots[0];
        let address = self.value(InstData::SlotAddress(slot));
        let (flags, offset) = (MemFlags::new(AliasClass::ANY), 8);
        self.push(InstData::Store {
            access: Access::I64,
            flags,
            address,
            value: zero,
            offset,
        });
        self.push(InstData::Poll {
            address,
            offset,
            slow,
        });
    }

    // Calls.

    /// Something to call: its signature, itself, a way to call it, and arguments. A cell is in a
    /// slot; it is for the caller to clear it by [`Body::clear_cell`].
    pub fn callee(
        &mut self,
        cells: bool,
        fits: impl Fn(&Callable) -> bool,
    ) -> Option<(SigRef, &'a Callable, Callee, Vec<Value>)> {
        let config = self.config;
        if config.callees.is_empty() {
            return None;
        }
        let index = self.rng.below(config.callees.len());
        let callable = &config.callees[index];
        if !fits(callable) {
            return None;
        }
        let symbol = callable.symbol;
        let mut args = self.anys(&callable.signature.params);
        if callable.scratch {
            args[0] = self.memory;
        }
        let builtin = callable.signature.conv == CallConv::Builtin;
        let callee = match self.rng.below(6) {
            0 if !builtin => Callee::Address(self.value(InstData::SymbolAddress(symbol))),
            1 if !builtin && cells && !self.slots.is_empty() => {
                let slot = *self.rng.pick(&self.slots);
                let address = self.value(InstData::SlotAddress(slot));
                let value = self.value(InstData::SymbolAddress(symbol));
                self.store_cell(address, value);
                Callee::Cell(address, CELL)
            }
            _ => Callee::Symbol(symbol),
        };
        Some((self.sigs[index], callable, callee, args))
    }

    fn store_cell(&mut self, address: Value, value: Value) {
        self.push(InstData::Store {
            access: Access::I64,
            flags: MemFlags::new(AliasClass::ANY),
            address,
            value,
            offset: CELL,
        });
    }

    /// Clears the cell of a call, so that nobody sees an address.
    pub fn clear_cell(&mut self, callee: Callee) {
        if let Callee::Cell(address, _) = callee {
            let zero = self.constant_of(Type::I64, 0);
            self.store_cell(address, zero);
        }
    }

    // Jumps.

    pub fn target(&mut self, block: Block, args: &[Value]) -> Target {
        let args = self.func.list(args);
        Target { block, args }
    }

    pub fn targets(&mut self, targets: &[Target]) -> Targets {
        self.func.target_list(targets)
    }

    pub fn jump(&mut self, target: Target) {
        let targets = self.targets(&[target]);
        self.push(InstData::Jump(targets));
    }

    pub fn branch(&mut self, cond: Value, then: Target, or_else: Target) {
        let targets = self.targets(&[then, or_else]);
        self.push(InstData::Branch { cond, targets });
    }
}
