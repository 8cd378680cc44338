//! What is known where the walk is: ranges of values and relations between two of them.
//!
//! Facts come from edges of branches and from traps that did not happen. They hold in what the
//! place dominates; the walk goes through the dominator tree in preorder, so that facts are a stack
//! from which those of a subtree are taken when it is left.

use super::relation::{Range, Relation};
use alloc::vec::Vec;
use tierra_ir::{Block, Flow, Function, Type, Value};

const NONE: u32 = u32::MAX;

/// The facts.
#[derive(Default)]
pub(super) struct Facts {
    /// By value, its newest range in `ranges`.
    range_of: Vec<u32>,
    /// Each with the value and what was known of it before.
    ranges: Vec<(Value, u32, Range)>,
    /// An open hash table of relations; `undo` tells what was there before.
    pairs: Vec<Pair>,
    undo: Vec<(u32, Pair)>,
    /// The blocks in which facts were found, with the lengths of `ranges` and `undo` before.
    scopes: Vec<(Block, u32, u32)>,
}

#[derive(Clone, Copy)]
struct Pair {
    a: Value,
    b: Value,
    relation: Relation,
}

const NO_PAIR: Pair = Pair {
    a: Value(NONE),
    b: Value(NONE),
    relation: Relation::ANY,
};

/// The table of relations is a cache: what finds no place is not known.
const PAIRS: usize = 256;
const PROBES: usize = 4;

impl Facts {
    pub(super) fn clear(&mut self, values: usize) {
        self.range_of.clear();
        self.range_of.resize(values, NONE);
        self.ranges.clear();
        self.pairs.clear();
        self.pairs.resize(PAIRS, NO_PAIR);
        self.undo.clear();
        self.scopes.clear();
    }

    /// Forgets what does not hold in a block that is entered.
    pub(super) fn enter(&mut self, flow: &Flow, block: Block) {
        while let Some(&(scope, ranges, undo)) = self.scopes.last() {
            if flow.dominates(scope, block) {
                break;
            }
            self.scopes.pop();
            while self.ranges.len() > ranges as usize {
                let (value, before, _) = self.ranges.pop().expect("there are more");
                self.range_of[value.index()] = before;
            }
            while self.undo.len() > undo as usize {
                let (place, pair) = self.undo.pop().expect("there are more");
                self.pairs[place as usize] = pair;
            }
        }
        self.scopes
            .push((block, self.ranges.len() as u32, self.undo.len() as u32));
    }

    /// The range of a value, as far as facts tell.
    pub(super) fn range(&self, value: Value) -> Option<Range> {
        match self.range_of.get(value.index()) {
            None | Some(&NONE) => None,
            Some(&index) => Some(self.ranges[index as usize].2),
        }
    }

    /// Learns the range of a value.
    pub(super) fn learn(&mut self, value: Value, range: Range) {
        if value.index() >= self.range_of.len() {
            self.range_of.resize(value.index() + 1, NONE);
        }
        let before = self.range_of[value.index()];
        self.range_of[value.index()] = self.ranges.len() as u32;
        self.ranges.push((value, before, range));
    }

    /// How two values compare.
    pub(super) fn relation(&self, a: Value, b: Value) -> Relation {
        let (low, high) = (a.min(b), a.max(b));
        let found = places(low, high)
            .map(|place| self.pairs[place])
            .find(|pair| (pair.a, pair.b) == (low, high))
            .map_or(Relation::ANY, |pair| pair.relation);
        if a == low { found } else { found.swap() }
    }

    /// Learns how two values compare.
    pub(super) fn relate(&mut self, a: Value, b: Value, relation: Relation) {
        let (low, high) = (a.min(b), a.max(b));
        let relation = if a == low { relation } else { relation.swap() };
        let is = |pair: Pair| (pair.a, pair.b) == (low, high);
        let place = places(low, high)
            .find(|place| is(self.pairs[*place]))
            .or_else(|| places(low, high).find(|place| self.pairs[*place].a.0 == NONE))
            .unwrap_or_else(|| places(low, high).next().expect("there are some"));
        let old = self.pairs[place];
        self.undo.push((place as u32, old));
        let known = if is(old) {
            old.relation.and(relation)
        } else {
            relation
        };
        self.pairs[place] = Pair {
            a: low,
            b: high,
            relation: known,
        };
    }
}

fn places(a: Value, b: Value) -> impl Iterator<Item = usize> {
    let hash = (u64::from(a.0) << 32 | u64::from(b.0)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let start = (hash >> 40) as usize;
    (start..start + PROBES).map(|place| place % PAIRS)
}

/// The range of an integer by its type and the bits that may be 1.
pub(super) fn range_of_bits(func: &Function, value: Value, ones: u64) -> Range {
    let ty = func.ty(value);
    match func.as_const(value) {
        Some(bits) if matches!(ty, Type::I32 | Type::I64) => Range::one(ty, bits),
        _ => Range::up_to(ty, ones.min(Range::all(ty).max)),
    }
}
