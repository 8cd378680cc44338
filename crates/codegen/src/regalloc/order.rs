//! The order in which blocks are looked at, and the loops.
//!
//! The order is a reverse postorder: every edge that goes backward in it enters the header of a
//! loop, and loops are contiguous. (For this, what a loop leaves to is visited before its blocks.)
//! The layout may differ, for instance when cold blocks have been moved to the end. *Positions*
//! number the instructions in this order.

use super::interface::{BlockIx, Function};
use alloc::vec::Vec;

/// No loop, no value.
pub(super) const NONE: u32 = u32::MAX;

/// A natural loop. Inner loops come before those around them.
pub(super) struct Loop {
    /// The block that is entered first.
    pub(super) header: BlockIx,
    /// The position where it begins.
    pub(super) start: u32,
    /// The position of its last instruction.
    pub(super) end: u32,
    /// The loop around it.
    pub(super) parent: u32,
    depth: u32,
    /// A loop further out, so that a search is logarithmic.
    jump: u32,
}

/// The order and the loops.
#[derive(Default)]
pub(super) struct Order {
    /// The blocks that can be reached, in order.
    pub(super) blocks: Vec<BlockIx>,
    /// The place of a block in the order.
    pub(super) index: Vec<u32>,
    /// The position of a block's first instruction.
    pub(super) start: Vec<u32>,
    /// The block of a position.
    pub(super) block_of: Vec<BlockIx>,
    /// The innermost loop of a block.
    pub(super) loop_of: Vec<u32>,
    /// The loops.
    pub(super) loops: Vec<Loop>,
    /// The outermost loop found so far around a loop, with shortcuts.
    outermost: Vec<u32>,
    /// The first way out of each loop, to where ways out of no loop around it lead, and the next.
    first_exit: Vec<u32>,
    exits: Vec<(BlockIx, u32)>,
    stack: Vec<Visit>,
    work: Vec<BlockIx>,
}

/// A block whose successors are being visited.
struct Visit {
    block: BlockIx,
    /// How many successors are left.
    left: u32,
    /// The next way out of the loop, if it is a header.
    exit: u32,
}

impl Order {
    pub(super) fn compute<F: Function>(&mut self, f: &F) {
        self.loops.clear();
        self.visit(f);
        self.find_loops(f);
        self.nest();
        if !self.loops.is_empty() {
            self.find_exits(f);
            self.visit(f);
        }
        self.number(f);
        self.bound_loops(f);
    }

    /// The position of the block's terminator.
    pub(super) fn end<F: Function>(&self, f: &F, block: BlockIx) -> u32 {
        self.start[block as usize] + f.block_insts(block).len() as u32 - 1
    }

    fn visit<F: Function>(&mut self, f: &F) {
        self.blocks.clear();
        self.index.clear();
        self.index.resize(f.num_blocks() as usize, NONE);
        self.stack.clear();
        self.open(f, 0);
        while let Some(visit) = self.stack.last_mut() {
            let next = if visit.exit != NONE {
                let (to, exit) = self.exits[visit.exit as usize];
                visit.exit = exit;
                to
            } else if visit.left != 0 {
                // The first successor last, so that it comes next in the order.
                visit.left -= 1;
                f.successors(visit.block)[visit.left as usize]
            } else {
                self.blocks.push(visit.block);
                self.stack.pop();
                continue;
            };
            if self.index[next as usize] == NONE {
                self.open(f, next);
            }
        }
        self.blocks.reverse();
        for (i, &block) in self.blocks.iter().enumerate() {
            self.index[block as usize] = i as u32;
        }
    }

    fn open<F: Function>(&mut self, f: &F, block: BlockIx) {
        self.index[block as usize] = 0;
        let exit = if self.loops.is_empty() {
            NONE
        } else {
            let inner = self.loop_of[block as usize];
            match self.loops.get(inner as usize) {
                Some(this) if this.header == block => self.first_exit[inner as usize],
                _ => NONE,
            }
        };
        self.stack.push(Visit {
            block,
            left: f.successors(block).len() as u32,
            exit,
        });
    }

    /// Gives each edge that leaves loops to the outermost of them.
    fn find_exits<F: Function>(&mut self, f: &F) {
        self.exits.clear();
        self.first_exit.clear();
        self.first_exit.resize(self.loops.len(), NONE);
        for &block in &self.blocks {
            let inner = self.loop_of[block as usize];
            if inner == NONE {
                continue;
            }
            for &succ in f.successors(block) {
                let mut around = self.loop_of[succ as usize];
                if around == inner {
                    continue;
                }
                // Entering a loop at its header, an edge comes from the one around it, unless it
                // is a jump back to it from a loop inside.
                let is_entry = self.index[succ as usize] > self.index[block as usize];
                if is_entry && around != NONE && self.loops[around as usize].header == succ {
                    around = self.loops[around as usize].parent;
                }
                let depth = match self.loops.get(around as usize) {
                    Some(around) => around.depth + 1,
                    None => 0,
                };
                if depth > self.loops[inner as usize].depth {
                    continue;
                }
                let left = self.ancestor(inner, depth);
                let link = self.exits.len() as u32;
                self.exits.push((succ, self.first_exit[left as usize]));
                self.first_exit[left as usize] = link;
            }
        }
    }

    /// The loop around `inner` that is in `depth` others.
    fn ancestor(&self, mut inner: u32, depth: u32) -> u32 {
        loop {
            let this = &self.loops[inner as usize];
            if this.depth == depth {
                return inner;
            }
            let is_beyond = self.loops[this.jump as usize].depth < depth;
            inner = if is_beyond { this.parent } else { this.jump };
        }
    }

    fn number<F: Function>(&mut self, f: &F) {
        self.start.clear();
        self.start.resize(self.index.len(), NONE);
        self.block_of.clear();
        for &block in &self.blocks {
            self.start[block as usize] = self.block_of.len() as u32;
            let end = self.block_of.len() + f.block_insts(block).len();
            self.block_of.resize(end, block);
        }
    }

    /// Walks backward from the jumps to each header, inner headers first.
    fn find_loops<F: Function>(&mut self, f: &F) {
        self.outermost.clear();
        self.loop_of.clear();
        self.loop_of.resize(self.index.len(), NONE);
        for i in (0..self.blocks.len()).rev() {
            let header = self.blocks[i];
            self.work.clear();
            let jumps = f.predecessors(header).iter();
            let is_behind = |p: &&BlockIx| {
                let place = self.index[**p as usize];
                place != NONE && place as usize >= i
            };
            self.work.extend(jumps.filter(is_behind));
            if self.work.is_empty() {
                continue;
            }
            let id = self.loops.len() as u32;
            self.outermost.push(id);
            self.loops.push(Loop {
                header,
                start: 0,
                end: 0,
                parent: NONE,
                depth: 0,
                jump: id,
            });
            self.loop_of[header as usize] = id;
            while let Some(block) = self.work.pop() {
                let inner = self.loop_of[block as usize];
                let entered = if inner == NONE {
                    self.loop_of[block as usize] = id;
                    block
                } else {
                    let outer = self.find_outermost(inner);
                    if outer == id {
                        continue;
                    }
                    self.outermost[outer as usize] = id;
                    self.loops[outer as usize].parent = id;
                    self.loops[outer as usize].header
                };
                let preds = f.predecessors(entered).iter();
                let index = &self.index;
                self.work
                    .extend(preds.filter(|&&p| index[p as usize] != NONE));
            }
        }
    }

    fn find_outermost(&mut self, mut inner: u32) -> u32 {
        while self.outermost[inner as usize] != inner {
            let next = self.outermost[inner as usize];
            self.outermost[inner as usize] = self.outermost[next as usize];
            inner = next;
        }
        inner
    }

    /// Finds out how loops are nested.
    fn nest(&mut self) {
        for i in (0..self.loops.len()).rev() {
            let parent = self.loops[i].parent;
            if parent == NONE {
                continue;
            }
            // Jumps that double when two equal ones follow each other.
            let outer = &self.loops[parent as usize];
            let middle = &self.loops[outer.jump as usize];
            let far = &self.loops[middle.jump as usize];
            let doubles = outer.depth - middle.depth == middle.depth - far.depth;
            let jump = if doubles { middle.jump } else { parent };
            let depth = outer.depth + 1;
            self.loops[i].jump = jump;
            self.loops[i].depth = depth;
        }
    }

    fn bound_loops<F: Function>(&mut self, f: &F) {
        for &block in &self.blocks {
            let inner = self.loop_of[block as usize];
            if inner != NONE {
                self.loops[inner as usize].end =
                    self.start[block as usize] + f.block_insts(block).len() as u32 - 1;
            }
        }
        for i in 0..self.loops.len() {
            let header = self.loops[i].header;
            self.loops[i].start = self.start[header as usize];
            let Loop { parent, end, .. } = self.loops[i];
            if parent != NONE {
                let outer = &mut self.loops[parent as usize];
                outer.end = outer.end.max(end);
            }
        }
    }

    /// The last position of the outermost loop around `inner` that begins after `position`: a
    /// value that is defined there and used in `inner` lives until then.
    pub(super) fn end_of_loops_after(&self, mut inner: u32, position: u32) -> Option<u32> {
        if inner == NONE || self.loops[inner as usize].start <= position {
            return None;
        }
        loop {
            let this = &self.loops[inner as usize];
            if this.jump != inner && self.loops[this.jump as usize].start > position {
                inner = this.jump;
            } else if this.parent != NONE && self.loops[this.parent as usize].start > position {
                inner = this.parent;
            } else {
                return Some(this.end);
            }
        }
    }
}
