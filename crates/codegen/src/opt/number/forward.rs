//! Loads and stores: addresses, loads of what is known, stores that nobody needs.

use super::Walk;
use super::memory::{self, Place};
use crate::opt::rewrite::Outcome;
use tierra_ir::{Access, BinaryOp, Inst, InstData, UnaryOp, Value};

impl Walk<'_> {
    /// Constants that are added to an address become part of the offset. Both sums are modulo
    /// 2^64, so that this is always right.
    pub(super) fn fold_address(&mut self, inst: Inst) {
        let mut data = *self.func.data(inst);
        let (InstData::Load {
            address, offset, ..
        }
        | InstData::Store {
            address, offset, ..
        }
        | InstData::Poll {
            address, offset, ..
        }) = &mut data
        else {
            return;
        };
        let mut changed = false;
        while let Some((base, sum)) = self.base_and_offset(*address, *offset) {
            (*address, *offset) = (base, sum);
            changed = true;
        }
        if changed {
            self.func.replace(inst, data);
        }
    }

    fn base_and_offset(&self, address: Value, offset: i32) -> Option<(Value, i32)> {
        match *self.func.data(self.func.def_inst(address)?) {
            InstData::Binary {
                op: BinaryOp::I64Add,
                args,
            } => {
                let added = self.func.as_const(args[1])? as i64;
                let sum = added.checked_add(offset.into())?;
                Some((self.func.resolve(args[0]), i32::try_from(sum).ok()?))
            }
            _ => None,
        }
    }

    /// A load, a store or a poll.
    pub(super) fn access(&mut self, inst: Inst) -> Option<Inst> {
        match *self.func.data(inst) {
            InstData::Load { .. } => self.load(inst),
            InstData::Store { .. } => self.store(inst),
            data => {
                self.effects(&data);
                self.func.next_inst(inst)
            }
        }
    }

    fn load(&mut self, inst: Inst) -> Option<Inst> {
        let data = *self.func.data(inst);
        let InstData::Load { flags, access, .. } = data else {
            unreachable!("it is a load");
        };
        if flags.readonly {
            return self.number(inst, memory::READONLY);
        }
        let place = Place::of(&data).expect("it is a load");
        let lane = self.state.memory.lanes.of(flags.class);
        let version = self.state.memory.version(self.func, lane, place);
        if let Some(store) = self.state.memory.store_of(version)
            && let InstData::Store {
                access: stored,
                value,
                ..
            } = *self.func.data(store)
            && Place::of(self.func.data(store)).is_some_and(|other| other.starts_like(place))
            && let Some(outcome) = self.convert(stored, value, access)
        {
            return self.replace(inst, outcome);
        }
        self.number(inst, version)
    }

    fn store(&mut self, inst: Inst) -> Option<Inst> {
        let next = self.func.next_inst(inst);
        let data = *self.func.data(inst);
        let InstData::Store {
            access,
            flags,
            address,
            value,
            offset,
        } = data
        else {
            unreachable!("it is a store");
        };
        let place = Place::of(&data).expect("it is a store");
        let lane = self.state.memory.lanes.of(flags.class);
        let version = self.state.memory.version(self.func, lane, place);
        if self.holds(access, flags, address, offset, value, version) {
            self.func.remove(inst);
            return next;
        }
        if flags.trap != 0 {
            self.state.memory.observe(None);
        }
        if let Some(dead) = self.state.memory.overwrite(self.func, lane, inst) {
            self.func.remove(dead);
        }
        let written = self.state.memory.lanes.written(&data);
        self.state.memory.store(lane, inst, written);
        next
    }

    /// Whether memory is known to hold already what is stored.
    fn holds(
        &self,
        access: Access,
        flags: tierra_ir::MemFlags,
        address: Value,
        offset: i32,
        value: Value,
        version: u32,
    ) -> bool {
        let load = InstData::Load {
            access,
            flags,
            address,
            offset,
        };
        let table = &self.state.table;
        let found = table.find(self.func, &load, version, self.dominates_here());
        if found
            .inst
            .is_some_and(|inst| self.func.result(inst) == value)
        {
            return true;
        }
        let Some(store) = self.state.memory.store_of(version) else {
            return false;
        };
        matches!(*self.func.data(store), InstData::Store {
            access: a, address: x, offset: o, value: v, ..
        } if (a, x, o, v) == (access, address, offset, value))
    }

    /// What a load gets of a value that was stored at the same address.
    fn convert(&mut self, stored: Access, value: Value, loaded: Access) -> Option<Outcome> {
        use Access::*;
        let unary = |op| Outcome::Data(InstData::Unary { op, arg: value });
        let mask = |walk: &mut Self, op: BinaryOp, bits: u64| {
            use crate::opt::rewrite::Graph;
            let ty = op.args()[1];
            let mask = walk.emit(InstData::Const { ty, bits });
            let args = [value, mask];
            Outcome::Data(InstData::Binary { op, args })
        };
        if loaded.bytes() > stored.bytes() {
            return None;
        }
        Some(match (stored, loaded) {
            (V128Low32 | V128Low64, _) => return None,
            (F32, I32) => unary(UnaryOp::I32ReinterpretF32),
            (I32, F32) => unary(UnaryOp::F32ReinterpretI32),
            (F64, I64) => unary(UnaryOp::I64ReinterpretF64),
            (I64, F64) => unary(UnaryOp::F64ReinterpretI64),
            (I32 | F32 | I64 | F64 | V128 | Ref, _) if stored == loaded => Outcome::Value(value),
            (I32 | U8I32 | U16I32, U8I32) => mask(self, BinaryOp::I32And, 0xff),
            (I32 | U8I32 | U16I32, S8I32) => unary(UnaryOp::I32Extend8S),
            (I32 | U16I32, U16I32) => mask(self, BinaryOp::I32And, 0xffff),
            (I32 | U16I32, S16I32) => unary(UnaryOp::I32Extend16S),
            (I32, U32I64) => unary(UnaryOp::I64ExtendI32U),
            (I32, S32I64) => unary(UnaryOp::I64ExtendI32S),
            (I64 | U8I64 | U16I64 | U32I64, U8I64) => mask(self, BinaryOp::I64And, 0xff),
            (I64 | U8I64 | U16I64 | U32I64, S8I64) => unary(UnaryOp::I64Extend8S),
            (I64 | U16I64 | U32I64, U16I64) => mask(self, BinaryOp::I64And, 0xffff),
            (I64 | U16I64 | U32I64, S16I64) => unary(UnaryOp::I64Extend16S),
            (I64 | U32I64, U32I64) => mask(self, BinaryOp::I64And, 0xffff_ffff),
            (I64 | U32I64, S32I64) => unary(UnaryOp::I64Extend32S),
            (I64 | U32I64, I32) => unary(UnaryOp::I32WrapI64),
            _ => return None,
        })
    }
}
