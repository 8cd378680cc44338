//! Memory and addresses.

use super::{Machine, Stop, World, slot_size};
use crate::entity::Value;
use crate::inst::{Access, InstData, MemFlags, RmwOp};
use crate::types::Type;

/// What a load makes of the bytes.
fn extend(access: Access, bits: u128) -> u128 {
    if !access.is_signed() {
        return bits;
    }
    let unused = 128 - 8 * access.bytes();
    let extended = ((bits << unused) as i128 >> unused) as u128;
    narrow(access.ty(), extended)
}

fn narrow(ty: Type, bits: u128) -> u128 {
    bits & (u128::MAX >> (128 - 8 * ty.bytes()))
}

/// The low bytes that a store writes.
fn stored(access: Access, bits: u128) -> u128 {
    bits & (u128::MAX >> (128 - 8 * access.bytes()))
}

fn rmw(op: RmwOp, old: u128, value: u128) -> u128 {
    match op {
        RmwOp::Add => old.wrapping_add(value),
        RmwOp::Sub => old.wrapping_sub(value),
        RmwOp::And => old & value,
        RmwOp::Or => old | value,
        RmwOp::Xor => old ^ value,
        RmwOp::Exchange => value,
    }
}

impl<'f, W: World<'f>> Machine<'_, 'f, W> {
    pub(super) fn place(&self, address: Value, offset: i32) -> u64 {
        (self.get(address) as u64).wrapping_add_signed(offset.into())
    }

    /// Does what is neither pure nor a matter of flow. The result, if there is one.
    pub(super) fn access(&mut self, data: InstData) -> Result<Option<u128>, Stop> {
        use InstData::*;
        Ok(match data {
            Load {
                access,
                flags,
                address,
                offset,
            } => Some(self.load(access, flags, self.place(address, offset))?),
            Store {
                access,
                flags,
                address,
                value,
                offset,
            } => {
                let (place, value) = (self.place(address, offset), self.get(value));
                self.store(access, flags, place, value)?;
                None
            }
            AtomicLoad {
                access,
                flags,
                address,
            } => Some(self.load(access, flags, self.place(address, 0))?),
            AtomicStore {
                access,
                flags,
                address,
                value,
            } => {
                let (place, value) = (self.place(address, 0), self.get(value));
                self.store(access, flags, place, value)?;
                None
            }
            AtomicRmw {
                op,
                access,
                flags,
                address,
                value,
            } => {
                let place = self.place(address, 0);
                let old = self.load(access, flags, place)?;
                let new = rmw(op, old, self.get(value));
                self.store(access, flags, place, new)?;
                Some(old)
            }
            AtomicCmpxchg {
                access,
                flags,
                address,
                args,
            } => {
                let place = self.place(address, 0);
                let old = self.load(access, flags, place)?;
                if old == stored(access, self.get(args[0])) {
                    self.store(access, flags, place, self.get(args[1]))?;
                }
                Some(old)
            }
            SlotAddress(slot) => {
                let frame = self.frame();
                let before = &frame.func.slots[..slot.index()];
                let offset: u64 = before.iter().map(|bytes| slot_size(*bytes)).sum();
                Some((frame.slots + offset).into())
            }
            SymbolAddress(symbol) => Some(self.world.symbol_address(symbol).into()),
            CalleeCell => Some(self.frame().cell.into()),
            // Traps that do not trap, and fences.
            _ => None,
        })
    }

    fn load(&mut self, access: Access, flags: MemFlags, place: u64) -> Result<u128, Stop> {
        let bits = self.world.load(place, access.bytes());
        bits.map(|bits| extend(access, bits))
            .ok_or(fault(flags, place))
    }

    fn store(
        &mut self,
        access: Access,
        flags: MemFlags,
        place: u64,
        bits: u128,
    ) -> Result<(), Stop> {
        let bits = stored(access, bits);
        self.world
            .store(place, access.bytes(), bits)
            .ok_or(fault(flags, place))
    }
}

fn fault(flags: MemFlags, place: u64) -> Stop {
    match flags.trap {
        0 => Stop::Fault(place),
        trap => Stop::Trap(trap),
    }
}
