//! Throwing. Catching costs nothing until then: handlers are found in tables by the addresses
//! that frames keep.

use super::memory::reload;
use crate::dispatch::{Flow, Instr, Regs, Stop};
use crate::walk::Search;
use tierra_core::Trap;
use tierra_core::index::TagIdx;
use tierra_vm::{Instance, builtins};

/// Continues at the handler of the pending exception, or leaves for the entry below. `r` stands
/// behind the instruction that threw.
#[inline(always)]
pub(crate) unsafe fn unwind(r: &mut Regs) -> Flow {
    // SAFETY: `r` is the state of a running interpreter whose store holds an exception.
    unsafe {
        crate::run::leave(r.ip, r.sp, r.inst);
        let exec = (*r.inst).exec;
        match crate::walk::find_handler(exec) {
            Search::Found => {}
            Search::NotFound => return Flow::Stop(Stop::THROW),
            Search::Interrupted(trap) => return Flow::Stop(Stop::trap(trap)),
        }
        let activation = &*(*exec).activation.get();
        r.ip = activation.exit_ip.get();
        r.sp = activation.exit_sp.get();
        r.inst = activation.exit_instance.get();
        reload(r);
    }
    Flow::Next
}

/// Makes an exception and leaves it pending. Not a part of its handler: a `Result` with a number
/// is returned through an address in the caller's frame, which then doesn't end in a jump.
#[cold]
#[inline(never)]
unsafe fn throw(inst: *mut Instance, tag: TagIdx, payload: *mut u64) -> Option<Trap> {
    // SAFETY: the caller's.
    unsafe {
        match builtins::exn_new(inst, tag, payload) {
            Ok(exn) => crate::run::set_pending_exception(inst, exn),
            Err(trap) => return Some(trap),
        }
    }
    None
}

/// `throw`: arguments from slot `dst`, tag `b`; a site follows.
pub(crate) struct Throw;

impl Instr for Throw {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; validation bounds the index.
        unsafe {
            let args = r.args();
            let after = r.ip.add(3);
            crate::run::leave(after, r.sp, r.inst);
            if let Some(trap) = throw(r.inst, TagIdx(args.b), r.slot(args.dst)) {
                return Flow::Stop(Stop::trap(trap));
            }
            r.ip = after;
            unwind(r)
        }
    }
}

/// `throw_ref`: slot `dst` is the exception; a site follows.
pub(crate) struct ThrowRef;

impl Instr for ThrowRef {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let exn = r.get::<u64>(r.args().dst);
            if exn == 0 {
                return Flow::Stop(Stop::trap(Trap::NullExceptionReference));
            }
            crate::run::set_pending_exception(r.inst, exn);
            r.ip = r.ip.add(3);
            unwind(r)
        }
    }
}
