//! Which slots spilled values are in.
//!
//! The life of a value is taken as one interval of positions, from its definition to its last use
//! or the end of the outermost loop that it is carried around in. Intervals are looked at in the
//! order of their beginnings, and a slot is free again when the interval in it has ended. A block
//! parameter and what is passed to it ask for the same slot, so that nothing is moved.

use super::interface::{Location, Output};
use super::order::NONE;
use super::value::flag;
use super::{Allocator, Held};
use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// Working memory, and the slots.
#[derive(Default)]
pub(super) struct Slots {
    /// The offset of each value's slot.
    pub(super) of: Vec<u32>,
    spilled: Vec<(u32, u32)>,
    ends: BinaryHeap<Reverse<(u32, u32)>>,
    /// Whether the slot with this offset / 8 is free.
    is_free: Vec<bool>,
    /// Slots that were free when they were put here, by size.
    free: [Vec<u32>; 2],
}

impl Allocator {
    pub(super) fn assign_slots(&mut self, out: &mut Output) {
        let slots = &mut self.slots;
        slots.of.clear();
        slots.of.resize(self.live.values.len(), NONE);
        slots.spilled.clear();
        slots.ends.clear();
        slots.is_free.clear();
        slots.free.iter_mut().for_each(Vec::clear);
        for &vreg in &self.spilled {
            let value = &self.live.values[vreg as usize];
            // An instruction's result appears after what it has read is gone.
            let start = 2 * value.def + u32::from(!value.has(flag::PARAM));
            slots.spilled.push((start, vreg));
        }
        slots.spilled.sort_unstable();
        let mut size = 0;
        for i in 0..self.slots.spilled.len() {
            let (start, vreg) = self.slots.spilled[i];
            while let Some(&Reverse((end, slot))) = self.slots.ends.peek() {
                if end >= start {
                    break;
                }
                self.slots.ends.pop();
                self.slots.is_free[slot as usize / 8] = true;
                let is_wide = slot & 1;
                self.slots.free[is_wide as usize].push(slot & !1);
            }
            let slot = self.pick_slot(vreg, &mut size);
            self.slots.of[vreg as usize] = slot;
            self.slots.is_free[slot as usize / 8] = false;
            let is_wide = u32::from(self.value(vreg).has(flag::WIDE));
            let end = self.end_of_life(vreg, start);
            self.slots.ends.push(Reverse((end, slot | is_wide)));
        }
        for &(at, vreg) in &self.slot_uses {
            out.locations[at as usize] = Location::Slot(self.slots.of[vreg as usize]);
        }
        self.moves.frame_size = size;
        self.moves.spare = None;
    }

    /// Loops being contiguous, those around the last use reach as far as any.
    fn end_of_life(&self, vreg: u32, start: u32) -> u32 {
        let value = self.value(vreg);
        if value.last == NONE {
            return start;
        }
        let user = self.order.block_of[value.last as usize];
        let inner = self.order.loop_of[user as usize];
        match self.order.end_of_loops_after(inner, value.def) {
            Some(end) => 2 * end + 1,
            None => 2 * value.last,
        }
    }

    fn pick_slot(&mut self, vreg: u32, size: &mut u32) -> u32 {
        let value = *self.value(vreg);
        let wide = value.has(flag::WIDE);
        let is_free = |slots: &Slots, slot: u32| slot != NONE && slots.is_free[slot as usize / 8];
        let mut wish = value.mark;
        if value.param != NONE && self.value(value.param).has(flag::WIDE) == wide {
            let param = self.slots.of[value.param as usize];
            let other = self.value(value.param).mark;
            if is_free(&self.slots, param) {
                wish = param;
            } else if wish == NONE {
                wish = other;
            }
        }
        let slot = if is_free(&self.slots, wish) {
            wish
        } else {
            loop {
                match self.slots.free[usize::from(wide)].pop() {
                    Some(slot) if is_free(&self.slots, slot) => break slot,
                    Some(_) => {}
                    None => break self.new_slot(wide, size),
                }
            }
        };
        if value.param != NONE {
            let param = self.value_mut(value.param);
            if param.mark == NONE && param.has(flag::WIDE) == wide {
                param.mark = slot;
            }
        }
        slot
    }

    fn new_slot(&mut self, wide: bool, size: &mut u32) -> u32 {
        let bytes = if wide { 16 } else { 8 };
        let slot = size.next_multiple_of(bytes);
        if slot > *size {
            // The gap serves the smaller ones.
            self.slots.is_free.push(true);
            self.slots.free[0].push(*size);
        }
        *size = slot + bytes;
        self.slots.is_free.resize(*size as usize / 8, false);
        slot
    }
}

impl Held {
    /// Whether nothing has to be stored when the register is lost.
    pub(super) fn is_safe(self, flags: u8) -> bool {
        self.is_clean || flags & flag::STORED != 0
    }
}
