//! Moving a running function to better code: from the head of a loop, to code that begins there.
//!
//! The values of the function go to the buffer of the context; then its frame is gone, as by a tail
//! call, and the new code begins, which reads them. In between nothing runs that could collect.

use crate::stubs::Saved;
use tierra_baseline::{LoopState, Source};
use tierra_core::SlotType;
use tierra_vm::{ExecContext, Instance, Resume};

/// How to move to code for the head of a loop.
#[derive(Debug)]
pub struct Transfer {
    from: LoopState,
    /// The new code.
    entry: usize,
}

impl Transfer {
    /// From code of one pass that is in a state to an address.
    pub fn new(from: LoopState, entry: usize) -> Self {
        Self { from, entry }
    }

    /// Makes the guest go on in the new code when Rust returns.
    ///
    /// # Safety
    /// The guest stands at the head of the loop, in the code that the transfer is from; the state
    /// fits into the context's buffer.
    pub unsafe fn go(&self, exec: &ExecContext, vm: *mut Instance, saved: &Saved) {
        let fp = exec.machine_exit.get().fp;
        let mut to = exec.osr_buffer.get();
        let values = self.from.state.values.iter().zip(&self.from.sources);
        for (ty, source) in values {
            // SAFETY: the caller's: the frame is alive, and there is room.
            unsafe {
                let [low, high] = read(*ty, *source, fp, saved);
                to.write(low);
                if ty.slots() == 2 {
                    to.add(1).write(high);
                }
                to = to.add(ty.slots());
            }
        }
        // SAFETY: the frame is alive; where its arguments on the stack were is its own.
        unsafe {
            let frame = fp as *const usize;
            let area = self
                .from
                .area
                .map_or(0, |offset| *frame.wrapping_byte_offset(offset as isize));
            let (caller, return_address) = (*frame, *frame.add(1));
            let sp = fp + 8 + self.from.own_stack as usize;
            *(sp as *mut usize) = return_address;
            exec.resume.set(Resume {
                pc: self.entry,
                fp: caller,
                sp,
                value: 0,
                params: [vm as usize, area],
            });
        }
    }
}

/// A value as it stands in slots.
///
/// # Safety
/// The frame is alive, and holds the value where the source says.
unsafe fn read(ty: SlotType, source: Source, fp: usize, saved: &Saved) -> [u64; 2] {
    let [low, high] = match source {
        Source::Int(number) => [saved.general(number), 0],
        Source::Vector(number) => saved.vector(number),
        Source::Frame(offset) => {
            let place = fp.wrapping_add_signed(offset as isize) as *const u64;
            // SAFETY: the caller's; a value has its slots.
            unsafe {
                let high = if ty.slots() == 2 { *place.add(1) } else { 0 };
                [*place, high]
            }
        }
    };
    match ty {
        SlotType::I32 | SlotType::F32 | SlotType::Ref => [u64::from(low as u32), 0],
        SlotType::I64 | SlotType::F64 => [low, 0],
        SlotType::V128 => [low, high],
    }
}
