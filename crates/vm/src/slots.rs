//! Memory for the stack of an interpreter.

use crate::sys::Region;

/// Zeroed slots. Where the operating system allows it, only those that are used take memory, and
/// making them costs the same whatever their number.
pub struct Slots {
    region: Region,
    len: usize,
}

// SAFETY: the region is owned, and only raw pointers into it are given out.
unsafe impl Send for Slots {}

impl Slots {
    /// This many slots, or fewer if there isn't memory for them.
    ///
    /// # Panics
    /// When there isn't memory for 64.
    pub fn new(len: usize) -> Self {
        let mut len = len.max(64);
        loop {
            match Region::new(len * size_of::<u64>(), 0, false) {
                Some(region) => return Self { region, len },
                None if len > 64 => len = (len / 2).max(64),
                None => panic!("no memory for the smallest of stacks"),
            }
        }
    }

    /// The first slot and the end.
    pub fn range(&self) -> (*mut u64, *mut u64) {
        let start = self.region.base().cast::<u64>();
        (start, start.wrapping_add(self.len))
    }
}
