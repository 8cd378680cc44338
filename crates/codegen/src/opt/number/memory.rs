//! Versions of memory: two loads of a place give the same if no write lies between them.
//!
//! Each lane ([`effects`](crate::opt::effects)) has a version, a number that every write to it
//! replaces by a new one. Where ways meet, lanes on whose version all agree keep it; the header of
//! a loop keeps the versions of lanes that the loop doesn't write. A load is a pure operation on
//! its address and the version, so that value numbering finds equal ones, and a store is one whose
//! result is known.
//!
//! A version that a store made remembers the store and the version before: a load of another part
//! of the same object looks through it, a bounded number of times.

use crate::opt::effects::{ANY, LaneSet, Lanes, LoopWrites};
use alloc::vec::Vec;
use tierra_ir::{Block, Edge, Flow, Function, Inst, InstData, Value};

const NO_STORE: Inst = Inst(u32::MAX);
/// The version of memory that never changes.
pub(super) const READONLY: u32 = 0;
/// Stores that are looked through for one load.
const LOOK_BACK: usize = 12;

/// The versions.
#[derive(Default)]
pub(super) struct Memory {
    pub lanes: Lanes,
    pub loops: LoopWrites,
    /// By version, the store that made it and the version before, if it was one.
    versions: Vec<(Inst, u32)>,
    /// By lane, where the walk is.
    now: Vec<u32>,
    /// By block and lane, at its end.
    out: Vec<u32>,
    /// By lane, the last store, as long as nobody can have seen it.
    unseen: Vec<Inst>,
}

impl Memory {
    pub(super) fn prepare(&mut self, func: &Function, flow: &Flow) {
        self.lanes.clear();
        self.loops.compute(func, flow, &mut self.lanes);
        let count = self.lanes.count();
        self.versions.clear();
        self.versions.push((NO_STORE, 0));
        self.now.clear();
        self.now.resize(count, 0);
        self.out.clear();
        self.out.resize(func.num_blocks() * count, 0);
        self.unseen.clear();
        self.unseen.resize(count, NO_STORE);
        self.renew(LaneSet::MAX);
    }

    fn fresh(&mut self, store: Inst, before: u32) -> u32 {
        self.versions.push((store, before));
        self.versions.len() as u32 - 1
    }

    /// Gives lanes a version that nothing is known of.
    fn renew(&mut self, lanes: LaneSet) {
        let version = self.fresh(NO_STORE, 0);
        for (lane, now) in self.now.iter_mut().enumerate() {
            if lanes >> lane & 1 != 0 {
                *now = version;
            }
        }
    }

    /// The versions at the start of a block, from those edges into it that are taken.
    pub(super) fn enter(&mut self, flow: &Flow, block: Block, mut taken: impl FnMut(Edge) -> bool) {
        self.unseen.fill(NO_STORE);
        let count = self.now.len();
        let mut lost: LaneSet = 0;
        let mut first = true;
        for &edge in flow.predecessors(block) {
            if flow.is_back_edge(edge.from, block) {
                let inside = flow
                    .loop_of(block)
                    .filter(|_| flow.dominates(block, edge.from));
                lost |= inside.map_or(LaneSet::MAX, |l| self.loops.of(l));
                continue;
            }
            if !taken(edge) {
                continue;
            }
            let out = &self.out[edge.from.index() * count..][..count];
            if first {
                self.now.copy_from_slice(out);
                first = false;
                continue;
            }
            for (lane, (now, out)) in self.now.iter().zip(out).enumerate() {
                lost |= LaneSet::from(now != out) << lane;
            }
        }
        if first || lost != 0 {
            self.renew(if first { LaneSet::MAX } else { lost });
        }
    }

    pub(super) fn leave(&mut self, block: Block) {
        let count = self.now.len();
        self.out[block.index() * count..][..count].copy_from_slice(&self.now);
    }

    /// The version on which a load from a place depends.
    pub(super) fn version(&self, func: &Function, lane: u8, place: Place) -> u32 {
        let mut version = self.now[usize::from(lane)];
        for _ in 0..LOOK_BACK {
            let (store, before) = self.versions[version as usize];
            if store == NO_STORE {
                break;
            }
            let other = Place::of(func.data(store)).expect("it is a store");
            if !place.is_apart(other) {
                break;
            }
            version = before;
        }
        version
    }

    /// The version of a lane that is no memory, or is of a place that nothing is known of.
    pub(super) fn current(&self, lane: u8) -> u32 {
        self.now[usize::from(lane)]
    }

    /// The store that made a version.
    pub(super) fn store_of(&self, version: u32) -> Option<Inst> {
        let (store, _) = self.versions[version as usize];
        (store != NO_STORE).then_some(store)
    }

    /// Takes note of a store.
    pub(super) fn store(&mut self, lane: u8, store: Inst, written: LaneSet) {
        if lane == ANY {
            self.renew(written);
            return;
        }
        let version = self.fresh(store, self.now[usize::from(lane)]);
        self.now[usize::from(lane)] = version;
        // Loads of anything look through stores to a lane as well as loads of that lane do.
        let version = self.fresh(store, self.now[usize::from(ANY)]);
        self.now[usize::from(ANY)] = version;
    }

    /// Takes note of anything else that writes.
    pub(super) fn clobber(&mut self, written: LaneSet) {
        if written != 0 {
            self.renew(written);
        }
    }

    /// Makes a store the last one to its lane. The one before is the result, if it wrote no more
    /// than this one does and nobody can have seen it.
    pub(super) fn overwrite(&mut self, func: &Function, lane: u8, store: Inst) -> Option<Inst> {
        let place = Place::of(func.data(store)).expect("it is a store");
        let last = core::mem::replace(&mut self.unseen[usize::from(lane)], store);
        if last == NO_STORE || lane == ANY {
            return None;
        }
        let other = Place::of(func.data(last)).expect("it is a store");
        // One that may trap stays: where it traps is seen.
        let silent = !crate::opt::effects::may_leave(func.data(last));
        (silent && place.contains(other)).then_some(last)
    }

    /// Takes note that somebody may look at all memory, or at a lane.
    pub(super) fn observe(&mut self, lane: Option<u8>) {
        match lane {
            None | Some(ANY) => self.unseen.fill(NO_STORE),
            Some(lane) => self.unseen[usize::from(lane)] = NO_STORE,
        }
    }
}

/// Bytes at an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    address: Value,
    offset: i64,
    bytes: i64,
}

impl Place {
    pub(super) fn of(data: &InstData) -> Option<Place> {
        match *data {
            InstData::Load {
                access,
                address,
                offset,
                ..
            }
            | InstData::Store {
                access,
                address,
                offset,
                ..
            } => Some(Place {
                address,
                offset: offset.into(),
                bytes: access.bytes().into(),
            }),
            _ => None,
        }
    }

    /// Whether they have no byte in common, as far as one can tell.
    fn is_apart(self, other: Place) -> bool {
        self.address == other.address
            && (self.offset + self.bytes <= other.offset
                || other.offset + other.bytes <= self.offset)
    }

    /// Whether they start at one address.
    pub(super) fn starts_like(self, other: Place) -> bool {
        self.address == other.address && self.offset == other.offset
    }

    fn contains(self, other: Place) -> bool {
        self.address == other.address
            && self.offset <= other.offset
            && self.offset + self.bytes >= other.offset + other.bytes
    }
}
