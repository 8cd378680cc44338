//! Sets of small numbers that share what they have in common.
//!
//! Liveness keeps two sets per block, and neighbouring blocks have nearly the same ones. A set is
//! a tree over leaves of 256 bits with sixteen children per inner node; nodes are immutable once
//! frozen, an operation copies the path that it changes, and a union stops at equal nodes. So a
//! block costs what it changes, and at worst one bit per value.

use alloc::vec::Vec;

const LEAF_SHIFT: u32 = 8;
const FAN_SHIFT: u32 = 4;
const FAN: usize = 1 << FAN_SHIFT;

type Leaf = [u64; 1 << (LEAF_SHIFT - 6)];

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Inner {
    children: [u32; FAN],
    len: u32,
}

/// A set in [`Sets`]; the default is empty.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Set {
    /// Node 0 is empty at every height.
    node: u32,
    height: u32,
}

/// The nodes of all sets.
#[derive(Default)]
pub(super) struct Sets {
    leaves: Vec<Leaf>,
    inners: Vec<Inner>,
    /// Nodes from here on belong to the set under construction and may change.
    own_leaves: usize,
    own_inners: usize,
}

const fn capacity(height: u32) -> u64 {
    1 << (LEAF_SHIFT + FAN_SHIFT * height)
}

/// Which child of a node at `height` leads to `number`.
const fn child_index(height: u32, number: u32) -> usize {
    (number >> (LEAF_SHIFT + FAN_SHIFT * (height - 1))) as usize & (FAN - 1)
}

impl Sets {
    /// Forgets all sets.
    pub(super) fn clear(&mut self) {
        self.leaves.clear();
        self.inners.clear();
        self.leaves.push(Leaf::default());
        self.inners.push(Inner::default());
        self.freeze();
    }

    /// Makes all sets immutable; without it, the last results share what changes next.
    pub(super) fn freeze(&mut self) {
        self.own_leaves = self.leaves.len();
        self.own_inners = self.inners.len();
    }

    pub(super) fn contains(&self, set: Set, number: u32) -> bool {
        if u64::from(number) >= capacity(set.height) {
            return false;
        }
        let mut node = set.node;
        for height in (1..=set.height).rev() {
            node = self.inners[node as usize].children[child_index(height, number)];
        }
        let word = self.leaves[node as usize][number as usize >> 6 & 3];
        word >> (number & 63) & 1 != 0
    }

    pub(super) fn len(&self, set: Set) -> u32 {
        self.len_at(set.height, set.node)
    }

    fn len_at(&self, height: u32, node: u32) -> u32 {
        if height == 0 {
            let leaf = &self.leaves[node as usize];
            leaf.iter().map(|word| word.count_ones()).sum()
        } else {
            self.inners[node as usize].len
        }
    }

    pub(super) fn insert(&mut self, set: &mut Set, number: u32) {
        if self.contains(*set, number) {
            return;
        }
        while u64::from(number) >= capacity(set.height) {
            *set = self.promote(*set);
        }
        set.node = self.flip(set.height, set.node, number, 1);
    }

    pub(super) fn remove(&mut self, set: &mut Set, number: u32) {
        if self.contains(*set, number) {
            set.node = self.flip(set.height, set.node, number, u32::MAX);
        }
    }

    /// Changes whether `number` is a member; `change` is added to the lengths.
    fn flip(&mut self, height: u32, node: u32, number: u32, change: u32) -> u32 {
        if height == 0 {
            let mut node = node;
            if (node as usize) < self.own_leaves {
                let copy = self.leaves[node as usize];
                node = self.leaves.len() as u32;
                self.leaves.push(copy);
            }
            self.leaves[node as usize][number as usize >> 6 & 3] ^= 1 << (number & 63);
            return node;
        }
        let mut node = node;
        if (node as usize) < self.own_inners {
            let copy = self.inners[node as usize];
            node = self.inners.len() as u32;
            self.inners.push(copy);
        }
        let index = child_index(height, number);
        let child = self.inners[node as usize].children[index];
        let child = self.flip(height - 1, child, number, change);
        let inner = &mut self.inners[node as usize];
        inner.children[index] = child;
        inner.len = inner.len.wrapping_add(change);
        node
    }

    fn promote(&mut self, set: Set) -> Set {
        let height = set.height + 1;
        if set.node == 0 {
            return Set { node: 0, height };
        }
        let mut inner = Inner {
            len: self.len(set),
            ..Inner::default()
        };
        inner.children[0] = set.node;
        let node = self.push_inner(inner);
        Set { node, height }
    }

    fn push_inner(&mut self, inner: Inner) -> u32 {
        self.inners.push(inner);
        self.inners.len() as u32 - 1
    }

    /// The members of both. The result may be one of the operands.
    pub(super) fn union(&mut self, mut a: Set, mut b: Set) -> Set {
        if a == b || b.node == 0 {
            return a;
        }
        if a.node == 0 {
            return b;
        }
        while a.height < b.height {
            a = self.promote(a);
        }
        while b.height < a.height {
            b = self.promote(b);
        }
        Set {
            node: self.union_at(a.height, a.node, b.node),
            height: a.height,
        }
    }

    fn union_at(&mut self, height: u32, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        }
        if a == 0 {
            return b;
        }
        if height == 0 {
            let (x, y) = (self.leaves[a as usize], self.leaves[b as usize]);
            let both: Leaf = core::array::from_fn(|i| x[i] | y[i]);
            if both == x {
                return a;
            }
            if both == y {
                return b;
            }
            self.leaves.push(both);
            return self.leaves.len() as u32 - 1;
        }
        let (x, y) = (self.inners[a as usize], self.inners[b as usize]);
        let mut both = x;
        for i in 0..FAN {
            let (old, other) = (x.children[i], y.children[i]);
            if old == other || other == 0 {
                continue;
            }
            let new = self.union_at(height - 1, old, other);
            if new != old {
                both.children[i] = new;
                both.len += self.len_at(height - 1, new) - self.len_at(height - 1, old);
            }
        }
        if both.children == x.children {
            a
        } else if both.children == y.children {
            b
        } else {
            self.push_inner(both)
        }
    }

    /// Calls `f` with the members in ascending order.
    pub(super) fn for_each(&self, set: Set, mut f: impl FnMut(u32)) {
        self.each_at(set.height, set.node, 0, &mut f);
    }

    fn each_at(&self, height: u32, node: u32, base: u32, f: &mut impl FnMut(u32)) {
        if node == 0 {
            return;
        }
        if height == 0 {
            for (i, &word) in self.leaves[node as usize].iter().enumerate() {
                let mut word = word;
                while word != 0 {
                    f(base + i as u32 * 64 + word.trailing_zeros());
                    word &= word - 1;
                }
            }
            return;
        }
        for (i, &child) in self.inners[node as usize].children.iter().enumerate() {
            let below = base + (i as u32) * capacity(height - 1) as u32;
            self.each_at(height - 1, child, below, f);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_list() {
        let mut sets = Sets::default();
        sets.clear();
        let mut made = alloc::vec![(Set::default(), alloc::collections::BTreeSet::new())];
        let mut seed = 1u32;
        let mut next = |bound: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % bound
        };
        for round in 0..300u32 {
            let (a, mut members) = made[next(made.len() as u32) as usize].clone();
            let (b, others) = made[next(made.len() as u32) as usize].clone();
            let mut set = sets.union(a, b);
            members.extend(others);
            sets.freeze();
            let range = [200, 5000, 100_000][round as usize % 3];
            for _ in 0..20 {
                let number = next(range);
                sets.insert(&mut set, number);
                members.insert(number);
                if let Some(&gone) = members.iter().nth(next(members.len() as u32) as usize) {
                    sets.remove(&mut set, gone);
                    members.remove(&gone);
                }
            }
            sets.freeze();
            made.push((set, members));
        }
        for (set, members) in &made {
            let mut found = alloc::vec![];
            sets.for_each(*set, |number| found.push(number));
            assert!(members.iter().eq(&found));
            assert_eq!(sets.len(*set) as usize, members.len());
            assert!(found.iter().all(|&number| sets.contains(*set, number)));
        }
    }
}
