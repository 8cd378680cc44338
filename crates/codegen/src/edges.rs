//! Splitting edges, so that code can be put on them.
//!
//! Afterwards no block with several successors has a successor with several predecessors, and
//! only jumps pass arguments. Targets of one terminator that go to the same place with the same
//! arguments share a block: a jump table stays as small as it was.

use alloc::vec::Vec;
use tierra_ir::function::Target;
use tierra_ir::{Block, Function, InstData, ValueList};

/// The memory of the pass.
#[derive(Default)]
pub(crate) struct Edges {
    counts: Vec<u32>,
    /// By target block: the last edge block that leads there, with the block it comes from.
    made: Vec<Option<(Block, ValueList, Block)>>,
    layout: Vec<Block>,
}

impl Edges {
    /// Splits the edges of a function.
    pub fn split(&mut self, func: &mut Function) {
        self.counts.clear();
        self.counts.resize(func.num_blocks(), 0);
        self.made.clear();
        self.made.resize(func.num_blocks(), None);
        for &block in func.layout() {
            for target in func.successors(block) {
                self.counts[target.block.index()] += 1;
            }
        }
        self.layout.clear();
        for index in 0..func.layout().len() {
            let block = func.layout()[index];
            self.layout.push(block);
            self.split_block(func, block);
        }
        func.set_layout(self.layout.clone());
    }

    fn split_block(&mut self, func: &mut Function, block: Block) {
        let Some(last) = func.last_inst(block) else {
            return;
        };
        let data = *func.data(last);
        let targets = data.targets();
        if matches!(data, InstData::Jump(_)) || targets.is_empty() {
            return;
        }
        let location = func.location(last);
        let split = match data {
            InstData::TryCall { .. } => 1,
            _ => targets.len(),
        };
        for index in 0..split {
            let target = func.targets(targets)[index];
            if target.args.is_empty() && self.counts[target.block.index()] == 1 {
                continue;
            }
            let shared = self.made[target.block.index()].filter(|(from, args, _)| {
                *from == block && func.values(*args) == func.values(target.args)
            });
            let edge = match shared {
                Some((_, _, edge)) => edge,
                None => {
                    let edge = func.new_block();
                    let list = func.target_list(&[target]);
                    let jump = func.new_inst(InstData::Jump(list), location);
                    func.append(edge, jump);
                    if func.is_cold(target.block) {
                        func.set_cold(edge);
                    }
                    self.made[target.block.index()] = Some((block, target.args, edge));
                    self.layout.push(edge);
                    edge
                }
            };
            func.targets_mut(targets)[index] = Target {
                block: edge,
                args: ValueList::EMPTY,
            };
        }
    }
}
