//! Lists in the tables of a function.

use crate::entity::Block;

/// A list of values in the function's pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ValueList {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl ValueList {
    /// No values.
    pub const EMPTY: Self = Self { start: 0, len: 0 };

    /// The number of values.
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(super) const fn range(self) -> core::ops::Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

/// Where a terminator goes, with what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// The block.
    pub block: Block,
    /// The arguments for its parameters.
    pub args: ValueList,
}

/// The targets of a terminator, in the function's table of targets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Targets {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl Targets {
    /// No targets.
    pub const EMPTY: Self = Self { start: 0, len: 0 };

    /// The number of targets.
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(super) const fn range(self) -> core::ops::Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}
