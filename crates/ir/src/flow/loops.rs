//! Natural loops.
//!
//! An edge back to a dominator makes its target the header of a loop: of all that reaches the
//! edge without passing the header. Headers are looked at from the last in the order to the
//! first, inner loops before outer ones. From the edges back a walk goes against the flow; blocks
//! that are in an inner loop already stand for all of it, and the walk goes on before its header.
//! So each edge is followed once, and finding the outermost loop known so far is a union-find.

use super::dominators::Dominators;
use super::{NONE, Order, reset};
use crate::entity::{Block, Loop};
use alloc::vec::Vec;

/// The loops of a function, outer ones first.
#[derive(Default)]
pub(super) struct Loops {
    nodes: Vec<Node>,
    /// By block.
    of: Vec<u32>,
    irreducible: Vec<Block>,
    work: Vec<Block>,
}

#[derive(Clone, Copy)]
struct Node {
    header: Block,
    parent: u32,
    depth: u32,
    /// A shortcut towards the outermost loop: while loops are found, of the union-find; then to
    /// an ancestor such that any ancestor is found in logarithmic time ([`Loops::ancestor`]).
    jump: u32,
    /// The place in a preorder of the tree of loops, and the number of loops inside.
    first: u32,
    size: u32,
}

impl Loops {
    pub(super) fn compute(&mut self, order: &Order, dominators: &Dominators) {
        self.find_headers(order, dominators);
        for l in (0..self.nodes.len() as u32).rev() {
            self.find_blocks(l, order, dominators);
        }
        self.number();
    }

    fn find_headers(&mut self, order: &Order, dominators: &Dominators) {
        self.nodes.clear();
        self.irreducible.clear();
        reset(&mut self.of, order.number.len(), NONE);
        for &block in &order.rpo {
            let number = order.number[block.index()];
            let (mut natural, mut irreducible) = (false, false);
            for edge in order.predecessors(block) {
                if order.number[edge.from.index()] >= number {
                    let dominated = dominators.dominates(block, edge.from);
                    natural |= dominated;
                    irreducible |= !dominated;
                }
            }
            if irreducible {
                self.irreducible.push(block);
            }
            if natural {
                self.nodes.push(Node {
                    header: block,
                    parent: NONE,
                    depth: 0,
                    jump: NONE,
                    first: 0,
                    size: 1,
                });
            }
        }
    }

    fn find_blocks(&mut self, l: u32, order: &Order, dominators: &Dominators) {
        let header = self.nodes[l as usize].header;
        self.of[header.index()] = l;
        let mut work = core::mem::take(&mut self.work);
        let back = order.predecessors(header).iter().map(|edge| edge.from);
        work.extend(back.filter(|from| dominators.dominates(header, *from)));
        while let Some(block) = work.pop() {
            let inner = self.of[block.index()];
            let before = if inner == NONE {
                self.of[block.index()] = l;
                block
            } else {
                let outermost = self.outermost(inner);
                if outermost == l {
                    continue;
                }
                let node = &mut self.nodes[outermost as usize];
                (node.parent, node.jump) = (l, l);
                node.header
            };
            work.extend(order.predecessors(before).iter().map(|edge| edge.from));
        }
        self.work = work;
    }

    /// The outermost loop known so far around a loop, with path halving.
    fn outermost(&mut self, mut l: u32) -> u32 {
        while self.nodes[l as usize].jump != NONE {
            let next = self.nodes[l as usize].jump;
            let after = self.nodes[next as usize].jump;
            if after == NONE {
                return next;
            }
            self.nodes[l as usize].jump = after;
            l = after;
        }
        l
    }

    /// Depths, shortcuts and a preorder. Parents come before their children.
    fn number(&mut self) {
        for l in (0..self.nodes.len()).rev() {
            let node = self.nodes[l];
            if node.parent != NONE {
                self.nodes[node.parent as usize].size += node.size;
            }
        }
        let mut next_root = 0;
        // While a node waits for its children, `work` keeps the next place among them.
        self.work.clear();
        for l in 0..self.nodes.len() {
            let node = self.nodes[l];
            let first = if node.parent == NONE {
                &mut next_root
            } else {
                &mut self.work[node.parent as usize].0
            };
            let place = *first;
            *first += node.size;
            self.work.push(Block(place + 1));
            let (depth, jump) = self.above(l as u32);
            let node = &mut self.nodes[l];
            (node.first, node.depth, node.jump) = (place, depth, jump);
        }
        self.work.clear();
    }

    /// The depth and the shortcut of a loop whose parent has them: jumps are as long as the two
    /// before them together, if those are equally long.
    fn above(&self, l: u32) -> (u32, u32) {
        let parent = self.nodes[l as usize].parent;
        if parent == NONE {
            return (1, l);
        }
        let up = self.nodes[parent as usize];
        let far = self.nodes[up.jump as usize];
        let farther = self.nodes[far.jump as usize];
        let equal = up.depth - far.depth == far.depth - farther.depth;
        (up.depth + 1, if equal { far.jump } else { parent })
    }

    /// The loop around this one that is `depth` deep.
    fn ancestor(&self, mut l: u32, depth: u32) -> u32 {
        while self.nodes[l as usize].depth > depth {
            let node = self.nodes[l as usize];
            let far = self.nodes[node.jump as usize].depth >= depth;
            l = if far { node.jump } else { node.parent };
        }
        l
    }

    /// The outermost loop that an edge leaves.
    pub(super) fn outermost_left(&self, from: Block, to: Block) -> Option<Loop> {
        let left = self.of(from)?;
        // A loop is entered at its header only: if `to` is in a loop that `from` is not in, then
        // it is the header, and both are in what is around that loop.
        let mut common = self.of(to);
        if let Some(l) = common.filter(|l| !self.contains(*l, Some(left))) {
            common = self.parent(l);
        }
        let depth = self.depth(common);
        (self.depth(Some(left)) > depth).then(|| Loop(self.ancestor(left.0, depth + 1)))
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn of(&self, block: Block) -> Option<Loop> {
        let l = self.of[block.index()];
        (l != NONE).then_some(Loop(l))
    }

    pub(super) fn header(&self, l: Loop) -> Block {
        self.nodes[l.index()].header
    }

    pub(super) fn parent(&self, l: Loop) -> Option<Loop> {
        let parent = self.nodes[l.index()].parent;
        (parent != NONE).then_some(Loop(parent))
    }

    pub(super) fn depth(&self, l: Option<Loop>) -> u32 {
        l.map_or(0, |l| self.nodes[l.index()].depth)
    }

    pub(super) fn contains(&self, outer: Loop, inner: Option<Loop>) -> bool {
        let outer = self.nodes[outer.index()];
        inner.is_some_and(|inner| {
            self.nodes[inner.index()].first.wrapping_sub(outer.first) < outer.size
        })
    }

    pub(super) fn irreducible(&self) -> &[Block] {
        &self.irreducible
    }
}
