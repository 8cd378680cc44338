//! The table of what is computed already.
//!
//! It is hashed by what an instruction does, its operands and the version of memory it depends on.
//! An entry that does not dominate the place of the walk never will again, for the walk goes through
//! the dominator tree: a new one takes its place. So there are no scopes to leave. Keys that find no
//! place within a few steps push an older one out, which bounds what hostile keys can cost.

use alloc::vec::Vec;
use tierra_ir::{Callee, Function, Inst, InstData, Value, ValueList};

const NO_INST: Inst = Inst(u32::MAX);
const PROBES: usize = 12;

#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    version: u32,
    inst: Inst,
}

const EMPTY: Entry = Entry {
    hash: 0,
    version: 0,
    inst: NO_INST,
};

/// The table.
#[derive(Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
}

/// Where a key is, or would be.
pub(super) struct Found {
    place: usize,
    entry: Entry,
    /// The instruction, if there is an equal one that dominates.
    pub(super) inst: Option<Inst>,
}

impl Table {
    pub(super) fn clear(&mut self, insts: usize) {
        let size = (insts + insts / 2 + 16).next_power_of_two();
        self.entries.clear();
        self.entries.resize(size, EMPTY);
    }

    /// Looks for an instruction that does the same.
    pub(super) fn find(
        &self,
        func: &Function,
        data: &InstData,
        version: u32,
        dominates: impl Fn(Inst) -> bool,
    ) -> Found {
        let hash = hash(func, data, version);
        let mask = self.entries.len() - 1;
        let home = hash as usize & mask;
        let mut place = None;
        for step in 0..PROBES {
            let at = (home + step) & mask;
            let entry = self.entries[at];
            if entry.inst == NO_INST {
                place = place.or(Some(at));
                break;
            }
            if entry.hash == hash
                && entry.version == version
                && same(func, func.data(entry.inst), data)
            {
                place = Some(at);
                if dominates(entry.inst) {
                    return Found {
                        place: at,
                        entry,
                        inst: Some(entry.inst),
                    };
                }
                break;
            }
            if place.is_none() && !dominates(entry.inst) {
                place = Some(at);
            }
        }
        Found {
            place: place.unwrap_or(home),
            entry: Entry {
                hash,
                version,
                inst: NO_INST,
            },
            inst: None,
        }
    }

    /// Enters an instruction where its key was looked for.
    pub(super) fn enter(&mut self, found: Found, inst: Inst) {
        self.entries[found.place] = Entry {
            inst,
            ..found.entry
        };
    }
}

/// A hash of what an instruction does.
fn hash(func: &Function, data: &InstData, version: u32) -> u32 {
    let mut hash = u64::from(version).wrapping_add(0x243f_6a88_85a3_08d3);
    let mut mix = |word: u64| {
        hash = (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    };
    let pair = |args: [Value; 2]| u64::from(args[0].0) << 32 | u64::from(args[1].0);
    let tag = |kind: u64, op: u8| kind << 8 | u64::from(op);
    let list = |mix: &mut dyn FnMut(u64), list: ValueList| {
        func.values(list).iter().for_each(|v| mix(v.0.into()));
    };
    let bytes = |mix: &mut dyn FnMut(u64), bytes: [u8; 16]| {
        let bits = u128::from_le_bytes(bytes);
        mix(bits as u64);
        mix((bits >> 64) as u64);
    };
    match *data {
        InstData::Const { ty, bits } => {
            mix(tag(1, ty as u8));
            mix(bits);
        }
        InstData::V128Const(constant) => bytes(&mut mix, func.constant_bytes(constant)),
        InstData::Unary { op, arg } => mix(tag(2, op as u8) << 32 | u64::from(arg.0)),
        InstData::Binary { op, args } => {
            mix(tag(3, op as u8));
            mix(pair(args));
        }
        InstData::Compare { op, args } => {
            mix(tag(4, op as u8));
            mix(pair(args));
        }
        InstData::Wide { op, args } => {
            mix(tag(5, op as u8));
            list(&mut mix, args);
        }
        InstData::Vector { op, args } => {
            mix(tag(6, op as u8));
            list(&mut mix, args);
        }
        InstData::Lane { op, lane, args } => {
            mix(tag(7, op as u8) << 8 | u64::from(lane));
            list(&mut mix, args);
        }
        InstData::Shuffle { args, mask } => {
            mix(pair(args));
            bytes(&mut mix, func.constant_bytes(mask));
        }
        InstData::Select { cond, args } => {
            mix(tag(8, 0) << 32 | u64::from(cond.0));
            mix(pair(args));
        }
        InstData::Load {
            access,
            address,
            offset,
            ..
        } => {
            mix(tag(9, access as u8) << 32 | u64::from(offset as u32));
            mix(address.0.into());
        }
        InstData::RefToBits(value) => mix(tag(10, 0) << 32 | u64::from(value.0)),
        InstData::BitsToRef(value) => mix(tag(11, 0) << 32 | u64::from(value.0)),
        InstData::SlotAddress(slot) => mix(tag(12, 0) << 32 | u64::from(slot.0)),
        InstData::SymbolAddress(symbol) => mix(tag(13, 0) << 32 | u64::from(symbol.0)),
        InstData::Call {
            sig, callee, args, ..
        } => {
            mix(tag(14, 0) << 32 | u64::from(sig.0));
            mix(match callee {
                Callee::Symbol(symbol) => symbol.0.into(),
                Callee::Address(value) | Callee::Cell(value, _) => value.0.into(),
            });
            list(&mut mix, args);
        }
        _ => {}
    }
    // Multiplication leaves the best bits at the top.
    (hash >> 32) as u32
}

/// Whether two instructions of one version of memory do the same.
fn same(func: &Function, a: &InstData, b: &InstData) -> bool {
    use InstData::*;
    let lists = |a: ValueList, b: ValueList| func.values(a) == func.values(b);
    match (a, b) {
        (V128Const(a), V128Const(b)) => func.constant_bytes(*a) == func.constant_bytes(*b),
        (Wide { op: a, args: x }, Wide { op: b, args: y }) => a == b && lists(*x, *y),
        (Vector { op: a, args: x }, Vector { op: b, args: y }) => a == b && lists(*x, *y),
        (
            Lane {
                op: a,
                lane: i,
                args: x,
            },
            Lane {
                op: b,
                lane: j,
                args: y,
            },
        ) => a == b && i == j && lists(*x, *y),
        (Shuffle { args: x, mask: a }, Shuffle { args: y, mask: b }) => {
            x == y && func.constant_bytes(*a) == func.constant_bytes(*b)
        }
        (
            Load {
                access: a,
                flags: f,
                address: x,
                offset: i,
            },
            Load {
                access: b,
                flags: g,
                address: y,
                offset: j,
            },
        ) => (a, f.class, f.readonly, x, i) == (b, g.class, g.readonly, y, j),
        (
            Call {
                sig: a,
                effects: e,
                callee: x,
                args: v,
            },
            Call {
                sig: b,
                effects: f,
                callee: y,
                args: w,
            },
        ) => a == b && e == f && x == y && lists(*v, *w),
        (a, b) => a == b,
    }
}
