//! Where spilled values are in the frame.
//!
//! What is less than 128 bytes below the frame pointer is reached with one byte, all else with
//! four. In large frames, those slots are there that code names most often.

use super::super::inst::Code64;
use crate::regalloc::interface::{Edit, Location, Output};
use alloc::vec::Vec;

/// Frames up to this size are reached with one byte wherever the slots are.
const SMALL: u32 = 96;

/// The slots of the allocator, as they are in the frame.
#[derive(Default)]
pub(super) struct Spills {
    /// How far below the frame pointer the area starts.
    pub start: i32,
    /// What is moved as one: 16 bytes if there are slots of that size, else 8.
    unit: u32,
    /// By unit, its place; empty if they are as the allocator has them.
    places: Vec<u32>,
    /// How often each unit is named, and which it is.
    uses: Vec<(u32, u32)>,
}

impl Spills {
    /// Decides, for a function.
    pub fn arrange(&mut self, code: &Code64, alloc: &Output) {
        self.places.clear();
        if alloc.frame_size <= SMALL {
            return;
        }
        self.unit = if code.mach.has_wide() { 16 } else { 8 };
        let units = alloc.frame_size.div_ceil(self.unit);
        self.uses.clear();
        self.uses.extend((0..units).map(|unit| (0, unit)));
        let edits = alloc.edits.iter().flat_map(|(_, edit)| match *edit {
            Edit::Move { from, to, .. } => [Some(from), Some(to)],
            _ => [None, None],
        });
        let operands = alloc.locations.iter().copied();
        for location in operands.chain(edits.flatten()) {
            if let Location::Slot(offset) = location {
                self.uses[(offset / self.unit) as usize].0 += 1;
            }
        }
        // The last ones are next to the frame pointer.
        self.uses.sort_unstable();
        self.places.resize(units as usize, 0);
        for (place, (_, unit)) in self.uses.iter().enumerate() {
            self.places[*unit as usize] = place as u32;
        }
    }

    /// The offset in the area of a slot that the allocator has at this offset.
    pub fn place(&self, offset: u32) -> u32 {
        if self.places.is_empty() {
            return offset;
        }
        self.places[(offset / self.unit) as usize] * self.unit + offset % self.unit
    }
}
