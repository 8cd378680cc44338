//! Where control flows: order of blocks, predecessors, dominators, loops, frequencies.
//!
//! Everything is a table by block, filled by [`Flow::compute`] and valid until a block, a jump or
//! the marks of cold blocks change. Nothing here is recursive, and nothing takes more than
//! `O(edges · log blocks)` on any graph: a function may be a chain of a million blocks, a million
//! nested loops or a switch to all of them.
//!
//! Blocks that can't be reached are in no table: they have no number in the order, no
//! predecessors count that come from them, nothing dominates them, and their frequency is 0.

mod dominators;
mod frequency;
mod loops;

use crate::entity::{Block, Loop};
use crate::function::Function;
use alloc::vec::Vec;
use dominators::Dominators;
use loops::Loops;

/// A number that no block, edge or loop has.
const NONE: u32 = u32::MAX;

/// An edge into a block: where it starts, and which target of the terminator there it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The block that is left.
    pub from: Block,
    /// Which of its targets.
    pub index: u32,
}

/// What is known of a function's flow.
#[derive(Default)]
pub struct Flow {
    order: Order,
    dominators: Dominators,
    loops: Loops,
    frequency: Vec<f32>,
    scratch: frequency::Scratch,
}

/// A depth-first walk, and the edges into each block.
///
/// `rpo` is the reverse postorder; the `number` of a block is its place there. The walk's tree is
/// told in preorder numbers, which is what the dominators want.
#[derive(Default)]
pub(crate) struct Order {
    rpo: Vec<Block>,
    number: Vec<u32>,
    /// By block.
    preorder: Vec<u32>,
    /// By preorder number.
    by_preorder: Vec<Block>,
    /// By preorder number, the preorder number of the parent.
    parent: Vec<u32>,
    /// Where in `edges` those into a block start; one more than there are blocks.
    edge_start: Vec<u32>,
    edges: Vec<Edge>,
    stack: Vec<(Block, u32)>,
}

impl Order {
    pub(crate) fn compute(&mut self, func: &Function) {
        self.walk(func);
        self.find_edges(func);
    }

    /// Targets are visited last to first, so that the first one follows its block in the order.
    fn walk(&mut self, func: &Function) {
        let count = func.num_blocks();
        reset(&mut self.number, count, NONE);
        reset(&mut self.preorder, count, NONE);
        self.rpo.clear();
        self.by_preorder.clear();
        self.parent.clear();
        self.stack.clear();
        if func.layout().is_empty() {
            return;
        }
        self.visit(func, func.entry(), 0);
        while let Some((block, left)) = self.stack.last_mut() {
            let block = *block;
            if *left == 0 {
                self.stack.pop();
                self.rpo.push(block);
                continue;
            }
            *left -= 1;
            let target = func.successors(block)[*left as usize].block;
            if self.preorder[target.index()] == NONE {
                let parent = self.preorder[block.index()];
                self.visit(func, target, parent);
            }
        }
        self.rpo.reverse();
        for (number, block) in self.rpo.iter().enumerate() {
            self.number[block.index()] = number as u32;
        }
    }

    fn visit(&mut self, func: &Function, block: Block, parent: u32) {
        self.preorder[block.index()] = self.by_preorder.len() as u32;
        self.by_preorder.push(block);
        self.parent.push(parent);
        self.stack
            .push((block, func.successors(block).len() as u32));
    }

    /// A counting sort of all edges by where they lead.
    fn find_edges(&mut self, func: &Function) {
        let count = func.num_blocks();
        reset(&mut self.edge_start, count + 1, 0);
        for block in &self.rpo {
            for target in func.successors(*block) {
                self.edge_start[target.block.index()] += 1;
            }
        }
        let mut end = 0;
        for start in &mut self.edge_start {
            end += *start;
            *start = end;
        }
        let placeholder = Edge {
            from: Block(NONE),
            index: 0,
        };
        reset(&mut self.edges, end as usize, placeholder);
        // From the last one on, so that the edges of a block are in the order of their sources.
        for &from in self.rpo.iter().rev() {
            for (index, target) in func.successors(from).iter().enumerate().rev() {
                let place = &mut self.edge_start[target.block.index()];
                *place -= 1;
                let index = index as u32;
                self.edges[*place as usize] = Edge { from, index };
            }
        }
    }

    pub(crate) fn rpo(&self) -> &[Block] {
        &self.rpo
    }

    pub(crate) fn is_reachable(&self, block: Block) -> bool {
        self.number[block.index()] != NONE
    }

    pub(crate) fn predecessors(&self, block: Block) -> &[Edge] {
        let start = self.edge_start[block.index()] as usize;
        let end = self.edge_start[block.index() + 1] as usize;
        &self.edges[start..end]
    }
}

/// Makes a table of `len` equal elements out of old memory.
fn reset<T: Clone>(table: &mut Vec<T>, len: usize, value: T) {
    table.clear();
    table.resize(len, value);
}

impl Flow {
    /// An empty one, without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds out about a function. What was known of another is forgotten, its memory reused.
    pub fn compute(&mut self, func: &Function) {
        self.order.compute(func);
        self.dominators.compute(&self.order);
        self.loops.compute(&self.order, &self.dominators);
        frequency::compute(
            func,
            &self.order,
            &self.loops,
            &mut self.scratch,
            &mut self.frequency,
        );
    }

    // Order.

    /// The blocks that can be reached, in reverse postorder: a block comes after all its
    /// predecessors but those of edges that go back.
    pub fn rpo(&self) -> &[Block] {
        &self.order.rpo
    }

    /// The place of a block in [`Flow::rpo`], if it can be reached.
    pub fn rpo_number(&self, block: Block) -> Option<u32> {
        let number = self.order.number[block.index()];
        (number != NONE).then_some(number)
    }

    /// Whether a block can be reached.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.order.is_reachable(block)
    }

    /// The edges into a block, in the reverse postorder of their sources. Two targets of one
    /// terminator are two edges.
    pub fn predecessors(&self, block: Block) -> &[Edge] {
        self.order.predecessors(block)
    }

    /// Whether an edge goes back in the order: into a loop's header from inside, or around in a
    /// loop that has no header. Both blocks can be reached.
    pub fn is_back_edge(&self, from: Block, to: Block) -> bool {
        self.order.number[from.index()] >= self.order.number[to.index()]
    }

    // Dominators.

    /// The immediate dominator; the entry has none.
    pub fn idom(&self, block: Block) -> Option<Block> {
        self.dominators.idom(block)
    }

    /// Whether all ways to `b` lead through `a`. A block dominates itself. Takes constant time.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        self.dominators.dominates(a, b)
    }

    /// The reachable blocks in a preorder of the dominator tree: each is followed by all that it
    /// dominates.
    pub fn dominator_preorder(&self) -> &[Block] {
        self.dominators.preorder()
    }

    // Loops.

    /// The number of loops. Their ids count from 0, and outer ones come before inner ones.
    pub fn num_loops(&self) -> usize {
        self.loops.len()
    }

    /// All loops, outer ones before inner ones.
    pub fn loops(&self) -> impl DoubleEndedIterator<Item = Loop> + use<> {
        (0..self.loops.len() as u32).map(Loop)
    }

    /// The innermost loop that a block is in.
    pub fn loop_of(&self, block: Block) -> Option<Loop> {
        self.loops.of(block)
    }

    /// The block through which a loop is entered: it dominates all of it.
    pub fn header(&self, l: Loop) -> Block {
        self.loops.header(l)
    }

    /// Whether a block is the header of a loop.
    pub fn is_header(&self, block: Block) -> bool {
        self.loops
            .of(block)
            .is_some_and(|l| self.header(l) == block)
    }

    /// The loop around a loop.
    pub fn loop_parent(&self, l: Loop) -> Option<Loop> {
        self.loops.parent(l)
    }

    /// How many loops a loop is in, itself included.
    pub fn loop_depth(&self, l: Loop) -> u32 {
        self.loops.depth(Some(l))
    }

    /// How many loops a block is in.
    pub fn depth(&self, block: Block) -> u32 {
        self.loops.depth(self.loops.of(block))
    }

    /// Whether a block is in a loop, or in one inside of it. Takes constant time.
    pub fn in_loop(&self, block: Block, l: Loop) -> bool {
        self.loops.contains(l, self.loops.of(block))
    }

    /// The blocks where cycles without a header are entered against the order. If there are
    /// none, every cycle is a [`Loop`] or goes through the header of one.
    pub fn irreducible(&self) -> &[Block] {
        self.loops.irreducible()
    }

    // Frequencies.

    /// How often a block runs for each time that the function is called: a guess.
    pub fn frequency(&self, block: Block) -> f32 {
        self.frequency[block.index()]
    }
}
