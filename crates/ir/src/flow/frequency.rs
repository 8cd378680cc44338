//! How often blocks run: a guess without a profile.
//!
//! A loop runs its header [`TRIPS`] times for each time it is entered, down to a depth. What
//! comes to a block is divided among its targets, cold ones getting [`COLD`] of what others get.
//! What comes into a loop goes out of it through the edges that leave it, whatever happens
//! inside; so frequencies never grow but by nesting, and after a loop they are what they were
//! before it.
//!
//! Cold is what the producer marked, handlers of exceptions, what ends in a trap, and what leads
//! to nothing else.

use super::loops::Loops;
use super::{NONE, Order, reset};
use crate::entity::Block;
use crate::function::Function;
use crate::inst::InstData;
use alloc::vec::Vec;

const TRIPS: f32 = 8.0;
/// Loops deeper than this count as their parents do.
const DEEPEST: u32 = 6;
const COLD: f32 = 0.01;

#[derive(Default)]
pub(super) struct Scratch {
    cold: Vec<bool>,
    /// By loop, the frequency of being entered, and the weights of all edges out.
    entered: Vec<f32>,
    exits: Vec<f32>,
    /// By target of the block at hand, its weight and the loop that it leaves.
    weights: Vec<(f32, u32)>,
}

pub(super) fn compute(
    func: &Function,
    order: &Order,
    loops: &Loops,
    scratch: &mut Scratch,
    frequency: &mut Vec<f32>,
) {
    reset(frequency, func.num_blocks(), 0.0);
    find_cold(func, order, &mut scratch.cold);
    reset(&mut scratch.entered, loops.len(), 0.0);
    reset(&mut scratch.exits, loops.len(), 0.0);
    for &block in &order.rpo {
        scratch.weigh(func, loops, block);
        for &(weight, left) in &scratch.weights {
            if left != NONE {
                scratch.exits[left as usize] += weight;
            }
        }
    }
    for (number, &block) in order.rpo.iter().enumerate() {
        if number == 0 {
            frequency[block.index()] = 1.0;
        }
        if let Some(l) = loops.of(block).filter(|l| loops.header(*l) == block) {
            scratch.entered[l.index()] = frequency[block.index()];
            if loops.depth(Some(l)) <= DEEPEST {
                frequency[block.index()] *= TRIPS;
            }
        }
        scratch.weigh(func, loops, block);
        let inside = scratch.weights.iter().filter(|(_, left)| *left == NONE);
        let total: f32 = inside.map(|(weight, _)| weight).sum();
        for (target, &(weight, left)) in func.successors(block).iter().zip(&scratch.weights) {
            if order.number[target.block.index()] <= number as u32 {
                continue;
            }
            frequency[target.block.index()] += if left == NONE {
                frequency[block.index()] * weight / total
            } else {
                scratch.entered[left as usize] * weight / scratch.exits[left as usize]
            };
        }
    }
}

impl Scratch {
    fn weigh(&mut self, func: &Function, loops: &Loops, block: Block) {
        self.weights.clear();
        for target in func.successors(block) {
            let weight = if self.cold[target.block.index()] {
                COLD
            } else {
                1.0
            };
            let left = loops.outermost_left(block, target.block);
            self.weights.push((weight, left.map_or(NONE, |l| l.0)));
        }
    }
}

fn find_cold(func: &Function, order: &Order, cold: &mut Vec<bool>) {
    reset(cold, func.num_blocks(), false);
    for &block in order.rpo.iter().rev() {
        let successors = func.successors(block);
        let end = func.last_inst(block).map(|inst| func.data(inst));
        if func.is_try(block) {
            for handler in &successors[1..] {
                cold[handler.block.index()] = true;
            }
        }
        let nothing_else =
            !successors.is_empty() && successors.iter().all(|t| cold[t.block.index()]);
        cold[block.index()] |=
            func.is_cold(block) || matches!(end, Some(InstData::Trap(_))) || nothing_else;
    }
}
