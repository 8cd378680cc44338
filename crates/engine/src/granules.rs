//! Handing out parts of a range of numbers: granules of code, pages of data.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// What is free of a range that starts at 0. The first part that is large enough is given.
pub struct Granules(Mutex<BTreeMap<usize, usize>>);

impl Granules {
    /// All of them are free.
    pub fn new(count: usize) -> Self {
        Self(Mutex::new(BTreeMap::from([(0, count)])))
    }

    /// Takes so many, one behind the other; `None` if there are not.
    pub fn take(&self, count: usize) -> Option<Range<usize>> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (&start, &room) = free.iter().find(|(_, room)| **room >= count)?;
        free.remove(&start);
        if room > count {
            free.insert(start + count, room - count);
        }
        Some(start..start + count)
    }

    /// Gives some back.
    pub fn give(&self, range: Range<usize>) {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut start, mut count) = (range.start, range.len());
        if let Some((&before, &room)) = free.range(..start).next_back()
            && before + room == start
        {
            free.remove(&before);
            start = before;
            count += room;
        }
        if let Some(after) = free.remove(&range.end) {
            count += after;
        }
        free.insert(start, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_becomes_one_part_again() {
        let granules = Granules::new(10);
        let parts: Vec<_> = [3, 4, 3].map(|count| granules.take(count).unwrap()).into();
        assert_eq!(granules.take(1), None);
        for i in [0, 2, 1] {
            granules.give(parts[i].clone());
        }
        assert_eq!(granules.take(10), Some(0..10));
    }
}
