//! Stopping a guest from another thread.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::Ordering;
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

    /// Makes the guest trap with [`Trap::ProcessEnded`](crate::Trap::ProcessEnded) in the same
    /// way: another thread of its process has ended it.
    pub fn end_process(&self) {
        self.0.interrupt(reason::PROCESS_ENDED);
    }

    /// Lets the guest tell the store's [sampler](crate::Store::set_sampler) where it stands, at its
    /// next loop header or function entry, and go on. `ticks` is for how many periods of the
    /// caller's clock that stands; those that were not answered yet add up.
    pub fn sample(&self, ticks: u32) {
        self.0.request_sample(ticks);
    }

    /// Whether the guest was asked to stop and has not done so yet. Host functions that wait
    /// look at it, and return [`Trap::Interrupted`](crate::Trap::Interrupted).
    pub fn is_pending(&self) -> bool {
        self.0.reasons.load(Ordering::SeqCst) & reason::INTERRUPT != 0
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InterruptHandle")
    }
}
