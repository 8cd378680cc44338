//! Edges that a code generator can put something on.
//!
//! What happens on an edge (moves into parameters, above all) is done at the end of the block
//! where it starts or at the start of the block where it ends. The first is possible if nothing
//! else starts there, the second if nothing else ends there. An edge of which neither is true is
//! *critical* and gets a block of its own. So does every edge with arguments that does not start
//! with a jump: whoever looks for moves finds them at jumps only.

use crate::entity::Block;
use crate::function::{Function, Target, Targets, ValueList};
use crate::inst::InstData;
use alloc::{vec, vec::Vec};

/// Gives blocks to critical edges and to those with arguments; a new one follows the block where
/// its edge starts in the layout. The function must have no blocks that can't be reached.
/// Afterwards:
///
/// - no block with several successors has a successor with several predecessors, two targets of
///   one terminator being two of each;
/// - only jumps have arguments.
///
/// Whether the function has changed is the result.
pub fn split_critical_edges(func: &mut Function) -> bool {
    let mut predecessors = vec![0u32; func.num_blocks()];
    for block in func.layout() {
        for target in func.successors(*block) {
            predecessors[target.block.index()] += 1;
        }
    }
    let old = func.layout().to_vec();
    let mut layout = Vec::with_capacity(old.len());
    for &block in &old {
        layout.push(block);
        let end = func.last_inst(block).expect("a block has a terminator");
        let targets = func.data(end).targets();
        if matches!(func.data(end), InstData::Jump(_)) {
            continue;
        }
        for index in 0..targets.len() {
            let target = func.targets(targets)[index];
            let several = targets.len() > 1 && predecessors[target.block.index()] > 1;
            if several || !target.args.is_empty() {
                layout.push(split(func, block, targets, index));
            }
        }
    }
    let changed = layout.len() > old.len();
    func.set_layout(layout);
    changed
}

/// A block for one edge.
fn split(func: &mut Function, from: Block, targets: Targets, index: usize) -> Block {
    let edge = func.new_block();
    let end = func.last_inst(from).expect("a block has a terminator");
    let location = func.location(end);
    let target = &mut func.targets_mut(targets)[index];
    let old = *target;
    *target = Target {
        block: edge,
        args: ValueList::EMPTY,
    };
    if func.is_cold(from) || func.is_cold(old.block) {
        func.set_cold(edge);
    }
    let targets = func.target_list(&[old]);
    let jump = func.new_inst(InstData::Jump(targets), location);
    func.append(edge, jump);
    edge
}
