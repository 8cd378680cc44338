//! Where a guest spends its time.
//!
//! Somebody with a clock asks at every tick, from another thread. The guest answers where it looks
//! for interruptions: it walks its stack, tells a function of the store, and goes on. So a sample is
//! of the next such place: a loop's head or a function's entry. In a host function the guest does
//! not look, so whoever asks notes how deep in those it is: the answer then tells of time that the
//! host took.

use crate::layout::{ExecContext, reason};
use crate::walk::{RawFrame, visit_frames};
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

/// The most frames of a sample: a walk of deeper stacks would be most of what there is to see.
const MAX_FRAMES: usize = 500;

/// Where a guest stood.
#[derive(Default, Debug)]
pub struct Sample {
    /// The innermost frames, at most 500.
    pub frames: Vec<RawFrame>,
    /// Whether that is not all.
    pub is_cut: bool,
    /// How many ticks it stands for.
    pub ticks: u32,
    /// Whether the time was that of a host function, which the innermost frame or one of its calls
    /// had called.
    pub in_host: bool,
}

/// Who is told.
pub trait Sampler: Send {
    /// Takes a sample. It is called between instructions of the guest, so it must not panic.
    fn take(&mut self, sample: Sample);
}

impl ExecContext {
    /// Asks where the guest stands, at a tick of a clock; `ticks` is more than 1 if some were
    /// missed. Any thread may call it.
    pub fn request_sample(&self, ticks: u32) {
        let depth = self.host_depth.load(Ordering::Relaxed);
        self.sample_depth.store(depth, Ordering::Relaxed);
        self.sample_ticks.fetch_add(ticks, Ordering::Relaxed);
        self.interrupt(reason::SAMPLE);
    }

    /// Forgets what was asked and not answered yet.
    pub fn forget_samples(&self) {
        self.sample_ticks.store(0, Ordering::Relaxed);
        self.reasons.fetch_and(!reason::SAMPLE, Ordering::SeqCst);
        self.install_limits();
    }
}

/// Answers for the guest that runs.
///
/// # Safety
/// The context's store is used by this thread, and guest code has left to Rust.
#[cold]
pub unsafe fn sample(exec: &ExecContext) {
    let ticks = exec.sample_ticks.swap(0, Ordering::Relaxed);
    // SAFETY: the caller's; the borrow ends before the function is called.
    let Some(mut sampler) = (unsafe { exec.store().as_mut().sampler.take() }) else {
        return;
    };
    if ticks > 0 {
        let depth = exec.host_depth.load(Ordering::Relaxed);
        let mut sample = Sample {
            ticks,
            in_host: exec.sample_depth.load(Ordering::Relaxed) > depth,
            ..Sample::default()
        };
        let mut visit = |frame| {
            sample.is_cut = sample.frames.len() == MAX_FRAMES;
            if !sample.is_cut {
                sample.frames.push(frame);
            }
            !sample.is_cut
        };
        // SAFETY: the caller's.
        unsafe { visit_frames(exec, &mut visit) };
        sampler.take(sample);
    }
    // SAFETY: as above.
    unsafe { exec.store().as_mut().sampler = Some(sampler) };
}
