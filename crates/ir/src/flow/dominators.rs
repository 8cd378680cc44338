//! Immediate dominators, after Lengauer and Tarjan (1979), the simple version.
//!
//! The iterative algorithms are faster on common graphs and quadratic on others (a chain of
//! blocks that all jump to one exit, nested loops with breaks), which is what an attacker writes.
//! This one is `O(edges · log blocks)` always and within a factor of two of them.
//!
//! Vertices are preorder numbers of the depth-first walk. The *semidominator* of a vertex is the
//! smallest vertex from which a path leads to it over larger vertices only. In decreasing order,
//! semidominators are found with the help of a forest of the vertices done so far: `best(v)` is
//! the vertex of least semidominator on the way from `v` up to the root of its tree. From them
//! follow the immediate dominators.

use super::{NONE, Order, reset};
use crate::entity::Block;
use alloc::vec::Vec;

/// The dominator tree.
#[derive(Default)]
pub(super) struct Dominators {
    /// By block, the immediate dominator's id.
    idom: Vec<u32>,
    /// By block, its number in a preorder of the tree.
    first: Vec<u32>,
    /// By block, how many blocks it dominates, itself included; 0 if it can't be reached.
    size: Vec<u32>,
    preorder: Vec<Block>,
    // By vertex:
    semi: Vec<u32>,
    dom: Vec<u32>,
    ancestor: Vec<u32>,
    label: Vec<u32>,
    /// Vertices whose semidominator is the index, as linked lists.
    bucket: Vec<u32>,
    bucket_next: Vec<u32>,
    path: Vec<u32>,
}

impl Dominators {
    pub(super) fn compute(&mut self, order: &Order) {
        self.find(order);
        self.number(order);
    }

    fn find(&mut self, order: &Order) {
        let count = order.by_preorder.len();
        for table in [&mut self.semi, &mut self.label] {
            table.clear();
            table.extend(0..count as u32);
        }
        for table in [
            &mut self.dom,
            &mut self.ancestor,
            &mut self.bucket,
            &mut self.bucket_next,
        ] {
            reset(table, count, NONE);
        }
        for v in (1..count as u32).rev() {
            let vertex = v as usize;
            for edge in order.predecessors(order.by_preorder[vertex]) {
                let best = self.best(order.preorder[edge.from.index()]);
                self.semi[vertex] = self.semi[vertex].min(self.semi[best as usize]);
            }
            let semi = self.semi[vertex] as usize;
            self.bucket_next[vertex] = self.bucket[semi];
            self.bucket[semi] = v;
            let parent = order.parent[vertex];
            self.ancestor[vertex] = parent;
            let mut waiting = core::mem::replace(&mut self.bucket[parent as usize], NONE);
            while waiting != NONE {
                let best = self.best(waiting);
                let smaller = self.semi[best as usize] < parent;
                self.dom[waiting as usize] = if smaller { best } else { parent };
                waiting = self.bucket_next[waiting as usize];
            }
        }
        for v in 1..count {
            if self.dom[v] != self.semi[v] {
                self.dom[v] = self.dom[self.dom[v] as usize];
            }
        }
    }

    /// The vertex of least semidominator on the way up, with path compression.
    fn best(&mut self, v: u32) -> u32 {
        if self.ancestor[v as usize] == NONE {
            return v;
        }
        self.path.clear();
        let mut at = v;
        while self.ancestor[self.ancestor[at as usize] as usize] != NONE {
            self.path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(below) = self.path.pop() {
            let (below, above) = (below as usize, self.ancestor[below as usize] as usize);
            let (mine, theirs) = (self.label[below], self.label[above]);
            if self.semi[theirs as usize] < self.semi[mine as usize] {
                self.label[below] = theirs;
            }
            self.ancestor[below] = self.ancestor[above];
        }
        self.label[v as usize]
    }

    /// Numbers the tree without walking it: a block comes after its dominator in the reverse
    /// postorder, so sizes add up backwards and places are given out forwards.
    fn number(&mut self, order: &Order) {
        let blocks = order.preorder.len();
        for (table, value) in [
            (&mut self.idom, NONE),
            (&mut self.size, 0),
            (&mut self.first, 0),
        ] {
            reset(table, blocks, value);
        }
        for &block in order.rpo.iter().rev() {
            let index = block.index();
            self.size[index] += 1;
            let dom = self.dom[order.preorder[index] as usize];
            if dom != NONE {
                let dom = order.by_preorder[dom as usize];
                self.idom[index] = dom.0;
                self.size[dom.index()] += self.size[index];
            }
        }
        reset(&mut self.preorder, order.rpo.len(), Block(NONE));
        // `label` has done its work; by vertex, the next place among a block's children.
        let next = &mut self.label;
        for &block in &order.rpo {
            let index = block.index();
            if self.idom[index] != NONE {
                let dom = order.preorder[self.idom[index] as usize] as usize;
                self.first[index] = next[dom];
                next[dom] += self.size[index];
            }
            next[order.preorder[index] as usize] = self.first[index] + 1;
            self.preorder[self.first[index] as usize] = block;
        }
    }

    pub(super) fn idom(&self, block: Block) -> Option<Block> {
        let idom = self.idom[block.index()];
        (idom != NONE).then_some(Block(idom))
    }

    pub(super) fn dominates(&self, a: Block, b: Block) -> bool {
        let (a, b) = (a.index(), b.index());
        self.size[b] != 0 && self.first[b].wrapping_sub(self.first[a]) < self.size[a]
    }

    pub(super) fn preorder(&self) -> &[Block] {
        &self.preorder
    }
}
