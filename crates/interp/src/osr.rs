//! From the head of a loop to machine code that goes on there (on-stack replacement).
//!
//! At the head of a loop, locals and operands are in their slots, but for operands that are constants.
//! What is where tells the translator when it is asked once more. The frame is replaced as by a tail
//! call: of a function without parameters, which finds the state in the context's buffer.

use crate::code::ModuleCode;
use crate::translate;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32};
use tierra_core::index::FuncIdx;
use tierra_core::{FrameState, SlotType};
use tierra_vm::FuncRecord;

/// What there is at the head of a loop.
#[derive(Clone, Default, Debug)]
pub struct LoopState {
    /// The types of the values, in order.
    pub state: FrameState,
    /// Where each of them is.
    pub(crate) sources: Vec<Source>,
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// In a slot of the frame, or in two from there on.
    Slot(u16),
    /// Nowhere: it is this.
    Const(u64),
}

/// The state at the head of the loop whose operator is at an offset in the module; `None` if there is
/// no such loop that can be reached.
///
/// # Errors
/// With a message, when the function exceeds a limit of the interpreter.
///
/// # Panics
/// When the function has no body.
pub fn loop_state(code: &ModuleCode, func: FuncIdx, at: u32) -> Result<Option<LoopState>, String> {
    translate::loop_state(code, func, at).map_err(|error| error.to_string())
}

/// A way out of the interpreter, from the head of a loop to machine code that goes on there.
pub struct LoopExit {
    from: LoopState,
    record: FuncRecord,
}

impl LoopExit {
    /// From a state of a function to code that reads it, which the adapter calls as one without
    /// parameters.
    pub fn new(code: &ModuleCode, func: FuncIdx, from: LoopState, to: [*mut u8; 2]) -> Self {
        // SAFETY: the module's code has the records of all functions.
        let own = unsafe { &*code.record(func) };
        let [entry, adapter] = to;
        Self {
            from,
            record: FuncRecord {
                interp_code: AtomicPtr::new(null_mut()),
                machine_entry: AtomicPtr::new(entry),
                machine_adapter: AtomicPtr::new(adapter),
                budget: AtomicI32::new(0),
                calls: AtomicU32::new(0),
                index: func,
                // Of the frame that it replaces.
                param_slots: own.param_slots,
                result_slots: own.result_slots,
                host: None,
                host_direct: None,
                owner: own.owner,
            },
        }
    }

    /// What is called in place of the function.
    pub(crate) fn record(&self) -> *const FuncRecord {
        &self.record
    }

    /// Writes the state of a frame to a buffer.
    ///
    /// # Safety
    /// The frame is at the head of the loop, and the buffer has room for the state.
    pub(crate) unsafe fn write_state(&self, frame: *const u64, mut to: *mut u64) {
        for (ty, source) in self.from.state.values.iter().zip(&self.from.sources) {
            // SAFETY: the caller's; the translator said where the values are.
            unsafe {
                let from = match source {
                    Source::Slot(slot) => frame.add((*slot).into()),
                    Source::Const(value) => value,
                };
                match ty {
                    SlotType::I32 | SlotType::F32 | SlotType::Ref => *to = *from & 0xffff_ffff,
                    SlotType::I64 | SlotType::F64 => *to = *from,
                    SlotType::V128 => to.copy_from_nonoverlapping(from, 2),
                }
                to = to.add(ty.slots());
            }
        }
    }
}
