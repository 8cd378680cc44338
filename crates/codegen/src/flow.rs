//! The order of blocks in machine code, and what is known of their edges, by place in it.
//!
//! It is the reverse postorder, but with the blocks of each loop together, so that what runs
//! together lies together and the numbers of a loop are a range. Unreachable blocks are left out.

use alloc::vec::Vec;
use tierra_ir::flow::Flow;
use tierra_ir::{Block, Function, InstData};

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Order {
    flow: Flow,
    blocks: Vec<Block>,
    number: Vec<u32>,
    succs: Vec<u32>,
    succ_ranges: Vec<(u32, u32)>,
    preds: Vec<u32>,
    pred_ranges: Vec<(u32, u32)>,
    idom: Vec<u32>,
    depth: Vec<u32>,
    frequency: Vec<f32>,
    handler: Vec<bool>,
    /// By block, the last one found to lead to it.
    seen: Vec<u32>,
    /// By loop, and one more for what is in none: what is directly in it, in order.
    parts: Vec<Vec<Part>>,
    stack: Vec<(u32, u32)>,
}

/// What a loop consists of.
#[derive(Clone, Copy)]
enum Part {
    Block(Block),
    Loop(u32),
}

const NONE: u32 = u32::MAX;

impl Order {
    /// Finds the order of a function whose edges are split. Whether it is reducible is the
    /// result; if it is not, nothing else is.
    pub fn compute(&mut self, func: &Function) -> bool {
        self.flow.compute(func);
        if !self.flow.irreducible().is_empty() {
            return false;
        }
        self.arrange();
        self.number.clear();
        self.number.resize(func.num_blocks(), NONE);
        for (index, block) in self.blocks.iter().enumerate() {
            self.number[block.index()] = index as u32;
        }
        let count = self.blocks.len();
        self.handler.clear();
        self.handler.resize(count, false);
        self.seen.clear();
        self.seen.resize(count, NONE);
        for table in [
            &mut self.succs,
            &mut self.preds,
            &mut self.idom,
            &mut self.depth,
        ] {
            table.clear();
        }
        self.succ_ranges.clear();
        self.pred_ranges.clear();
        self.frequency.clear();
        for index in 0..count {
            self.describe(func, index);
        }
        true
    }

    fn describe(&mut self, func: &Function, index: usize) {
        let block = self.blocks[index];
        let start = self.succs.len();
        for target in func.successors(block) {
            let number = self.number[target.block.index()];
            // A jump table may name a block often; it is one edge.
            if core::mem::replace(&mut self.seen[number as usize], index as u32) != index as u32 {
                self.succs.push(number);
            }
        }
        self.succ_ranges
            .push((start as u32, self.succs.len() as u32));
        let last = func.last_inst(block).map(|inst| func.data(inst));
        if let Some(InstData::TryCall { targets, .. }) = last {
            for target in &func.targets(*targets)[1..] {
                self.handler[self.number[target.block.index()] as usize] = true;
            }
        }
        let start = self.preds.len();
        for edge in self.flow.predecessors(block) {
            let number = self.number[edge.from.index()];
            if self.preds[start..].last() != Some(&number) {
                self.preds.push(number);
            }
        }
        self.pred_ranges
            .push((start as u32, self.preds.len() as u32));
        let idom = self.flow.idom(block).map_or(0, |b| self.number[b.index()]);
        self.idom.push(idom);
        self.depth.push(self.flow.depth(block));
        self.frequency.push(self.flow.frequency(block).max(1e-6));
    }

    /// Puts the blocks of loops together.
    fn arrange(&mut self) {
        let flow = &self.flow;
        let outside = flow.num_loops();
        for part in &mut self.parts {
            part.clear();
        }
        if self.parts.len() <= outside {
            self.parts.resize_with(outside + 1, Vec::new);
        }
        for &block in flow.rpo() {
            let place = flow.loop_of(block);
            if let Some(l) = place.filter(|l| flow.header(*l) == block) {
                let parent = flow.loop_parent(l).map_or(outside, |p| p.index());
                self.parts[parent].push(Part::Loop(l.0));
            }
            self.parts[place.map_or(outside, |l| l.index())].push(Part::Block(block));
        }
        self.blocks.clear();
        self.stack.clear();
        self.stack.push((outside as u32, 0));
        while let Some((part, next)) = self.stack.last_mut() {
            match self.parts[*part as usize].get(*next as usize) {
                None => {
                    self.stack.pop();
                }
                Some(found) => {
                    *next += 1;
                    match *found {
                        Part::Block(block) => self.blocks.push(block),
                        Part::Loop(l) => self.stack.push((l, 0)),
                    }
                }
            }
        }
    }

    /// The number of blocks.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The block at a place.
    pub fn block(&self, index: u32) -> Block {
        self.blocks[index as usize]
    }

    /// The place of a block that can be reached.
    pub fn number(&self, block: Block) -> u32 {
        self.number[block.index()]
    }

    /// The successors of a block, each once.
    pub fn successors(&self, index: u32) -> &[u32] {
        let (start, end) = self.succ_ranges[index as usize];
        &self.succs[start as usize..end as usize]
    }

    /// The predecessors of a block, each once.
    pub fn predecessors(&self, index: u32) -> &[u32] {
        let (start, end) = self.pred_ranges[index as usize];
        &self.preds[start as usize..end as usize]
    }

    /// The immediate dominator; of the entry, the entry.
    pub fn idom(&self, index: u32) -> u32 {
        self.idom[index as usize]
    }

    /// How many loops a block is in.
    pub fn loop_depth(&self, index: u32) -> u32 {
        self.depth[index as usize]
    }

    /// How often a block runs, for each time the function does.
    pub fn frequency(&self, index: u32) -> f32 {
        self.frequency[index as usize]
    }

    /// Whether a block is reached by an exception.
    pub fn is_handler(&self, index: u32) -> bool {
        self.handler[index as usize]
    }
}
