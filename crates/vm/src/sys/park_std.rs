//! Waiting, by the standard library.

use std::thread::Thread;
use std::time::{Duration, Instant};

/// Lets one thread wait until another one wakes it.
pub(crate) struct Parker(Thread);

impl Parker {
    /// Whether waiting is possible at all.
    pub(crate) const WORKS: bool = true;

    /// For the calling thread.
    pub(crate) fn new() -> Self {
        Self(std::thread::current())
    }

    /// Waits at most so long; may return early. Only the thread that made it may call it.
    pub(crate) fn park(&self, at_most: Duration) {
        std::thread::park_timeout(at_most);
    }

    /// Ends the wait.
    pub(crate) fn unpark(&self) {
        self.0.unpark();
    }
}

/// Measures the time since it was made.
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
