//! Walking the stack: from activation to activation, and within one from frame to frame.
//!
//! Frames keep their return addresses in their headers. The innermost frame is found through the
//! activation's exit record; it stands behind a site, except after a trap, where its address is
//! looked up.

use crate::code::{Caught, Code, Header, ModuleCode, code_of_site};
use core::sync::atomic::Ordering;
use tierra_core::Trap;
use tierra_vm::{
    Activation, ExecContext, FrameTier, Frames, Instance, InstanceData, Pending, RawFrame, Walk,
    builtins,
};

/// A frame during a walk.
#[derive(Clone, Copy)]
struct Frame {
    ip: *const u64,
    sp: *mut u64,
    inst: *mut Instance,
}

/// Where the stack of an activation begins: behind its exit, unless it has no frame there.
unsafe fn first(activation: &Activation, exit: *const u64) -> Option<Frame> {
    let frame = Frame {
        ip: activation.exit_ip.get(),
        sp: activation.exit_sp.get(),
        inst: activation.exit_instance.get(),
    };
    (frame.ip != exit).then_some(frame)
}

/// The frame that called.
unsafe fn caller(frame: Frame, code: &Code, exit: *const u64) -> Option<Frame> {
    // SAFETY: the header of a live frame.
    unsafe {
        let header = frame.sp.add(code.param_slots.into());
        let caller = Frame {
            ip: *header as *const u64,
            sp: *header.add(1) as *mut u64,
            inst: *header.add(2) as *mut Instance,
        };
        (caller.ip != exit).then_some(caller)
    }
}

pub(crate) fn exit_ip(exec: &ExecContext) -> *const u64 {
    // SAFETY: a context that runs has a stack, whose last slot holds this address.
    unsafe { *exec.interp_stack.get().1 as *const u64 }
}

/// The code around an arbitrary address, and the word there. An address behind a site counts
/// for the instruction before it.
unsafe fn find<'a>(frame: Frame) -> Option<(&'a Code, u32)> {
    // SAFETY: the instance of a live frame; its module's code lives as long as it does.
    unsafe {
        let data: &InstanceData = (*frame.inst).data.as_ref()?;
        let owner = data.host.downcast_ref::<alloc::sync::Arc<ModuleCode>>()?;
        let code = &*owner.find(frame.ip)?;
        let words = (frame.ip as usize - code.words.as_ptr() as usize) / 8;
        let word = (words - Header::WORDS) as u32;
        // Behind an instruction or at one: both are right for some caller, and the difference
        // is one operator in a backtrace. An instruction that begins here stands for itself.
        let begins = code
            .offsets
            .binary_search_by_key(&word, |(w, _)| *w)
            .is_ok();
        Some((code, if begins { word } else { word.saturating_sub(1) }))
    }
}

/// What a search for a handler comes to.
pub(crate) enum Search {
    Found,
    NotFound,
    /// An interruption came first: frames and their handlers may be many.
    Interrupted(Trap),
}

/// Finds the handler of the pending exception in the innermost activation. If there is one, the
/// payload is in its slots and the activation's exit record says where to go on.
///
/// # Safety
/// The context's store is used by this thread, and guest code has left to Rust; the exit record stands behind a site.
pub(crate) unsafe fn find_handler(exec: *const ExecContext) -> Search {
    // SAFETY: the caller's.
    unsafe {
        let exec = &*exec;
        let store = exec.store().as_mut();
        let Pending::Throw(exn) = store.pending else {
            return Search::NotFound;
        };
        let exn = u64::from(exn.0);
        let exit = exit_ip(exec);
        let activation = &*exec.activation.get();
        let mut next = first(activation, exit);
        while let Some(frame) = next {
            if exec.interp_limit.load(Ordering::Relaxed) == 0
                && let Err(trap) = crate::run::poll(frame.inst)
            {
                return Search::Interrupted(trap);
            }
            let (code, site) = code_of_site(frame.ip);
            if let Some(target) = catch(frame, code, site, exn) {
                activation.exit_ip.set(code.entry().add(target as usize));
                activation.exit_sp.set(frame.sp);
                activation.exit_instance.set(frame.inst);
                store.pending = Pending::None;
                return Search::Found;
            }
            next = caller(frame, code, exit);
        }
        // Nothing is left of this activation's frames.
        activation.exit_ip.set(exit);
        Search::NotFound
    }
}

/// The handler of a frame for an exception, with the payload put into its slots.
unsafe fn catch(frame: Frame, code: &Code, site: u32, exn: u64) -> Option<u32> {
    let mut depth = u32::MAX;
    let covering = code
        .handlers
        .iter()
        .filter(|h| h.start < site && site <= h.end);
    for handler in covering {
        if handler.depth > depth {
            continue;
        }
        for catch in &handler.catches {
            match catch.what {
                Caught::Delegate(to) => {
                    depth = to;
                    break;
                }
                Caught::Tag(tag) => {
                    // SAFETY: a live instance; an exception of its store.
                    unsafe {
                        let tag = *(*frame.inst).tags.add(tag.index());
                        if !core::ptr::eq(builtins::exn_tag(frame.inst, exn), tag) {
                            continue;
                        }
                        builtins::exn_fields(frame.inst, exn, frame.sp.add(catch.slot.into()));
                    }
                }
                Caught::All => {}
            }
            if let Some(slot) = catch.exn_slot {
                // SAFETY: a slot of the frame.
                unsafe { *frame.sp.add(slot.into()) = exn };
            }
            return Some(catch.target);
        }
    }
    None
}

/// The interpreter's frames.
pub(crate) struct InterpFrames;

impl Walk for InterpFrames {
    unsafe fn visit_roots(&self, frames: Frames<'_>, visit: &mut dyn FnMut(*mut u64)) {
        let exit = exit_ip(frames.exec);
        // SAFETY: frames are those of running code; the collector runs only while guest code
        // stands behind sites.
        unsafe {
            let mut next = first(frames.activation, exit);
            while let Some(frame) = next {
                let (code, site) = code_of_site(frame.ip);
                for slot in code.ref_locals.iter().copied().chain(code.refs_at(site)) {
                    visit(frame.sp.add(slot.into()));
                }
                next = caller(frame, code, exit);
            }
        }
    }

    unsafe fn visit_frames(&self, frames: Frames<'_>, visit: &mut dyn FnMut(RawFrame) -> bool) {
        let exit = exit_ip(frames.exec);
        // SAFETY: as above, but for the innermost frame, which may stand at a trap.
        unsafe {
            let mut next = first(frames.activation, exit);
            let mut innermost = frames.innermost;
            while let Some(frame) = next {
                // Only the innermost frame may stand elsewhere than behind a site.
                let (code, word) = if innermost {
                    let Some(found) = find(frame) else { break };
                    found
                } else {
                    let (code, site) = code_of_site(frame.ip);
                    (code, site - 1)
                };
                innermost = false;
                let raw = RawFrame {
                    instance: frame.inst,
                    func: Some(code.func),
                    offset: code.offset_at(word),
                    tier: FrameTier::Interp,
                };
                if !visit(raw) {
                    return;
                }
                next = caller(frame, code, exit);
            }
        }
    }

    unsafe fn instance(&self, frames: Frames<'_>) -> *mut Instance {
        frames.activation.exit_instance.get()
    }
}
