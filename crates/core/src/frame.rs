//! The state in which a running function changes tiers (on-stack replacement).
//!
//! At the head of a loop, before the poll and before the fuel of its first block is charged, all
//! that a function still needs is, in this order:
//!
//! 1. its locals, parameters first;
//! 2. its operand stack from the bottom up, the loop's own parameters included. The exception that
//!    a legacy `catch` caught counts as an operand, below the operands of its block.
//!
//! Each value takes the slots that it takes everywhere: one of 8 bytes, two if it is a `v128`;
//! `i32` and `f32` are zero-extended. Where results go that don't fit in registers belongs to the
//! frame, not to the state, and fuel to the execution context.
//!
//! Whoever writes the state and whoever reads it find out by themselves what it consists of; both
//! must come to the same [`FrameState`].

use alloc::vec::Vec;

/// What a slot holds, as far as passing it is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SlotType {
    /// 32 bits.
    I32,
    /// 64 bits, or a reference to a function.
    I64,
    /// A single.
    F32,
    /// A double.
    F64,
    /// Two slots.
    V128,
    /// A reference into the heap.
    Ref,
}

impl SlotType {
    /// The number of slots that a value takes.
    pub fn slots(self) -> usize {
        match self {
            SlotType::V128 => 2,
            _ => 1,
        }
    }
}

/// The types of the values at the head of a loop, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FrameState {
    /// Locals, then operands.
    pub values: Vec<SlotType>,
}

impl FrameState {
    /// The number of slots that the state takes.
    pub fn slots(&self) -> usize {
        self.values.iter().map(|ty| ty.slots()).sum()
    }
}
