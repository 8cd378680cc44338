//! Without an operating system nobody can wait, and no time passes.

use core::time::Duration;

/// Stands for a thread that can't wait.
pub(crate) struct Parker;

impl Parker {
    /// Whether waiting is possible at all.
    pub(crate) const WORKS: bool = false;

    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn park(&self, _at_most: Duration) {}

    pub(crate) fn unpark(&self) {}
}

/// A clock that stands still.
pub(crate) struct Clock;

impl Clock {
    pub(crate) fn start() -> Self {
        Self
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}
