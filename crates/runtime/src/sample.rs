//! Samples: where a guest spends its time, for profilers.

use crate::Backtrace;
use crate::store::StorePtr;

/// Where a guest stood when somebody asked ([`InterruptHandle::sample`]).
///
/// [`InterruptHandle::sample`]: crate::InterruptHandle::sample
#[derive(Clone, Debug)]
pub struct Sample {
    backtrace: Backtrace,
    is_cut: bool,
    ticks: u32,
    in_host: bool,
}

/// Tells a function of the samples of a store.
pub(crate) struct StoreSampler<F> {
    store: StorePtr,
    function: F,
}

// SAFETY: the pointer is to the store that owns the sampler; the function is `Send`.
unsafe impl<F: Send> Send for StoreSampler<F> {}

impl<F: FnMut(Sample) + Send> StoreSampler<F> {
    pub(crate) fn new(store: StorePtr, function: F) -> Self {
        Self { store, function }
    }
}

impl<F: FnMut(Sample) + Send> tierra_vm::Sampler for StoreSampler<F> {
    fn take(&mut self, sample: tierra_vm::Sample) {
        (self.function)(Sample::new(self.store, sample));
    }
}

impl Sample {
    fn new(store: StorePtr, sample: tierra_vm::Sample) -> Self {
        Self {
            backtrace: Backtrace::of_frames(store, &sample.frames),
            is_cut: sample.is_cut,
            ticks: sample.ticks,
            in_host: sample.in_host,
        }
    }

    /// The guest's frames: the innermost 500 if there are more. There may be none, if the guest's
    /// first function has just been called.
    pub fn backtrace(&self) -> &Backtrace {
        &self.backtrace
    }

    /// Whether there are more frames than that.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// For how many ticks it stands: more than one if the guest didn't look for longer.
    pub fn ticks(&self) -> u32 {
        self.ticks
    }

    /// Whether the guest was in a host function, called by the innermost frame, or by what that
    /// called since it looked last.
    pub fn in_host(&self) -> bool {
        self.in_host
    }
}
