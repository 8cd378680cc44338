//! Stopping a guest from another thread.

use alloc::sync::Arc;
use core::fmt;
use tierra_vm::{ExecContext, reason};

/// Stops the guest that runs in a store. Any thread may hold one.
#[derive(Clone)]
pub struct InterruptHandle(pub(crate) Arc<ExecContext>);

impl InterruptHandle {
    /// Makes the guest trap with [`Trap::Interrupted`](crate::Trap::Interrupted) at its next
    /// loop header or function entry, or while it waits. If none runs, the next one traps.
    pub fn interrupt(&self) {
        self.0.interrupt(reason::INTERRUPT);
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InterruptHandle")
    }
}
