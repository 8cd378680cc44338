//! Counting towards machine code, in functions that are to have some.

use super::call::call_out;
use crate::dispatch::{Flow, Instr, Regs, handler};
use core::sync::atomic::Ordering;
use tierra_vm::FuncRecord;

/// Takes `b` from the budget of the function whose record is the third word. The fourth word is where
/// the loop is in the module that begins here, 0 at the entry of the function.
pub(crate) struct Count;

/// Words of a [`Count`].
const WORDS: usize = 4;

impl Instr for Count {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; records live as long as code.
        unsafe {
            // Several threads may count at once: what gets lost by that doesn't matter.
            let budget = &(*(r.word(2) as *const FuncRecord)).budget;
            let left = budget
                .load(Ordering::Relaxed)
                .wrapping_sub(r.args().b as i32);
            budget.store(left, Ordering::Relaxed);
            if left < 0 {
                return Flow::Goto(handler::<UsedUp>());
            }
            r.ip = r.ip.add(WORDS);
        }
        Flow::Next
    }
}

/// The budget is used up: the rest of a [`Count`].
struct UsedUp;

impl Instr for UsedUp {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Count`'s words.
        unsafe {
            let record = &*(r.word(2) as *const FuncRecord);
            let at = u32::try_from(r.word(3)).ok().filter(|at| *at != 0);
            match crate::run::used_up(record, r.inst, r.sp, at) {
                // What the loop was in is gone; machine code is called in its place.
                Some(entry) => call_out(r, &*entry),
                None => {
                    r.ip = r.ip.add(WORDS);
                    Flow::Next
                }
            }
        }
    }
}
