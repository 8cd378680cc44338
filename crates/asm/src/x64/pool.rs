//! Constants and jump tables, which stand behind the code.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::assembler::Label;

/// A constant: the large ones first, so that all are aligned without gaps.
type Key = (Reverse<u8>, [u8; 32]);

/// What is to be placed behind the code.
#[derive(Default)]
pub(super) struct Pool {
    constants: BTreeMap<Key, Label>,
    /// Labels, and where their targets end in `targets`.
    tables: Vec<(Label, usize)>,
    targets: Vec<Label>,
}

fn key(bytes: &[u8]) -> Key {
    assert!(
        matches!(bytes.len(), 4 | 8 | 16 | 32),
        "a constant of {} bytes",
        bytes.len()
    );
    let mut padded = [0; 32];
    padded[..bytes.len()].copy_from_slice(bytes);
    (Reverse(bytes.len() as u8), padded)
}

impl Pool {
    pub fn clear(&mut self) {
        self.constants.clear();
        self.tables.clear();
        self.targets.clear();
    }

    /// The label of an equal constant.
    pub fn find(&self, bytes: &[u8]) -> Option<Label> {
        self.constants.get(&key(bytes)).copied()
    }

    /// Adds a constant.
    pub fn insert(&mut self, bytes: &[u8], label: Label) {
        self.constants.insert(key(bytes), label);
    }

    /// Adds a table.
    pub fn insert_table(&mut self, label: Label, targets: &[Label]) {
        self.targets.extend_from_slice(targets);
        self.tables.push((label, self.targets.len()));
    }

    /// The constants in the order of their places.
    pub fn constants(&self) -> impl Iterator<Item = (&[u8], Label)> {
        self.constants
            .iter()
            .map(|((len, bytes), label)| (&bytes[..usize::from(len.0)], *label))
    }

    /// The tables and their targets.
    pub fn tables(&self) -> impl Iterator<Item = (Label, &[Label])> {
        let mut start = 0;
        self.tables.iter().map(move |&(label, end)| {
            let targets = &self.targets[start..end];
            start = end;
            (label, targets)
        })
    }

    /// No more bytes than this.
    pub fn max_len(&self) -> usize {
        32 * (self.constants.len() + 1) + 4 * self.targets.len()
    }
}
