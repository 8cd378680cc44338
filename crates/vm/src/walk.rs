//! Walking the stack: from activation to activation, each by the tier whose frames it has.

use crate::layout::{Activation, ExecContext, Instance, MachineExit};
use alloc::vec::Vec;
use core::ptr::null_mut;
use tierra_core::index::FuncIdx;

/// What executes a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FrameTier {
    /// The interpreter.
    Interp,
    /// Code that was made in one pass.
    Baseline,
    /// Optimized code.
    Optimizing,
}

/// A frame of a backtrace.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame {
    /// The instance.
    pub instance: *mut Instance,
    /// The function in the instance's module; if it was inlined, the one around the offset.
    pub func: Option<FuncIdx>,
    /// The byte offset of the instruction in the module.
    pub offset: u32,
    /// What executes it; if it was inlined, the code that it is in.
    pub tier: FrameTier,
}

/// The frames of one activation, as somebody who walks wants them.
pub struct Frames<'a> {
    /// The context.
    pub exec: &'a ExecContext,
    /// The activation.
    pub activation: &'a Activation,
    /// Whether it is the innermost one.
    pub innermost: bool,
    /// Where it stands, if it is machine code.
    pub machine_exit: MachineExit,
}

/// What a tier knows of its frames.
pub trait Walk: Sync {
    /// Calls `visit` once with every slot that holds a reference into the heap. The slot may be
    /// written; its upper half is zero.
    ///
    /// # Safety
    /// The context belongs to this thread, and its guest code stands at a call into Rust.
    unsafe fn visit_roots(&self, frames: Frames<'_>, visit: &mut dyn FnMut(*mut u64));

    /// Calls `visit` with every frame, innermost first, until it returns `false`.
    ///
    /// # Safety
    /// As above; the innermost frame may also stand at a trap.
    unsafe fn visit_frames(&self, frames: Frames<'_>, visit: &mut dyn FnMut(RawFrame) -> bool);

    /// The instance that the innermost frame runs in; null if there is no frame.
    ///
    /// # Safety
    /// As [`Walk::visit_roots`].
    unsafe fn instance(&self, frames: Frames<'_>) -> *mut Instance;
}

/// Calls a function with the frames of every activation, innermost first, until it returns
/// `false`.
///
/// # Safety
/// The context belongs to this thread.
unsafe fn for_each_activation(
    exec: &ExecContext,
    mut f: impl FnMut(&'static dyn Walk, Frames<'_>) -> bool,
) {
    let mut machine_exit = exec.machine_exit.get();
    let mut next = exec.activation.get();
    let mut innermost = true;
    // SAFETY: activations in the list are alive.
    while let Some(activation) = unsafe { next.as_ref() } {
        let frames = Frames {
            exec,
            activation,
            innermost,
            machine_exit,
        };
        if !f(activation.tier, frames) {
            return;
        }
        innermost = false;
        machine_exit = activation.outer_exit;
        next = activation.previous;
    }
}

/// Every slot of a frame that holds a reference into the heap.
///
/// # Safety
/// The context belongs to this thread, and its guest code stands at a call into Rust.
pub(crate) unsafe fn visit_roots(exec: &ExecContext, visit: &mut dyn FnMut(*mut u64)) {
    // SAFETY: the caller's.
    unsafe {
        for_each_activation(exec, |tier, frames| {
            tier.visit_roots(frames, visit);
            true
        });
    }
}

/// The most frames that a backtrace holds.
const MAX_TRACE: usize = 100;

/// The frames of guest code.
#[derive(Default, Debug)]
pub struct Trace {
    /// The innermost ones, at most 100.
    pub frames: Vec<RawFrame>,
    /// How many there are.
    pub depth: usize,
}

/// The frames of the guest below the running host function, or where a trap happened.
///
/// # Safety
/// The context's store is used by this thread, and guest code has left to Rust.
pub unsafe fn backtrace(exec: &ExecContext) -> Trace {
    let mut trace = Trace::default();
    // SAFETY: the caller's.
    unsafe {
        visit_frames(exec, &mut |frame| {
            if trace.frames.len() < MAX_TRACE {
                trace.frames.push(frame);
            }
            trace.depth += 1;
            true
        });
    }
    trace
}

/// Calls a function with every frame of the guest, innermost first, until it returns `false`.
///
/// # Safety
/// As for [`backtrace`].
pub(crate) unsafe fn visit_frames(exec: &ExecContext, visit: &mut dyn FnMut(RawFrame) -> bool) {
    let mut goes_on = true;
    // SAFETY: the caller's.
    unsafe {
        for_each_activation(exec, |tier, frames| {
            tier.visit_frames(frames, &mut |frame| {
                goes_on = visit(frame);
                goes_on
            });
            goes_on
        });
    }
}

/// The instance from which the running host function was called, if it was called by a guest.
pub fn caller_instance(exec: &ExecContext) -> *mut Instance {
    let mut instance = null_mut();
    // SAFETY: a host function runs, so guest code has left to Rust.
    unsafe {
        for_each_activation(exec, |tier, frames| {
            instance = tier.instance(frames);
            false
        });
    }
    instance
}
