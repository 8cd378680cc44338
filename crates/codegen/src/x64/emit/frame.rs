//! The frame: what is where, how it is made and left.
//!
//! ```text
//! [rbp + 16 ...]  arguments on the stack
//! [rbp + 8]       return address
//! [rbp]           the caller's frame pointer
//! [rbp - 8]       the context, if the function has one
//!                 what C wants preserved, in functions of its convention
//!                 spilled values
//!                 slots of the IR function
//!                 results of callees that don't fit in registers
//! [rsp ...]       arguments for callees
//! ```

use super::super::abi::{C_SAVED, CELL, Place, Places, SCRATCH};
use super::super::inst::{Area, Code64};
use super::Emit;
use super::cold::Cold;
use super::spills::Spills;
use crate::regalloc::interface::{Edit, Location, Output, PReg, VReg};
use alloc::vec::Vec;
use tierra_asm::x64::{Arg, Cc, Gpr, Label, Mem, Op, Size};
use tierra_ir::{CallConv, Function};

/// Frames up to this size need no check if the function calls nothing: there is room for them
/// below any limit.
const UNCHECKED: u32 = 1024;
/// Frames up to this size may be made before the check.
const HEADROOM: u32 = 128 << 10;

/// Where everything is in the frame.
#[derive(Default)]
pub(super) struct Layout {
    /// Whether there is a frame at all.
    pub has_frame: bool,
    /// The distance from the frame pointer to the stack pointer.
    pub size: u32,
    /// The registers that are saved for C, from 16 below the frame pointer on.
    saved: Vec<Gpr>,
    /// The spilled values.
    spills: Spills,
    slots: Vec<i32>,
    results: i32,
    pub own: Places,
}

impl Layout {
    pub fn compute(&mut self, func: &Function, code: &Code64, alloc: &Output) {
        self.own.assign(&func.signature);
        self.saved.clear();
        if func.signature.conv != CallConv::Guest {
            let used = |r: &Gpr| {
                let r = Location::Reg(PReg::int(r.0));
                code.calls_guest || alloc.locations.contains(&r)
            };
            self.saved.extend(C_SAVED.iter().filter(|r| used(r)));
        }
        let mut size = 8 + 8 * self.saved.len() as u32;
        size = (size + alloc.frame_size).next_multiple_of(16);
        self.spills.arrange(code, alloc);
        self.spills.start = size as i32;
        self.slots.clear();
        for &bytes in &func.slots {
            size += bytes.next_multiple_of(16);
            self.slots.push(size as i32);
        }
        size += code.results;
        self.results = size as i32;
        size += code.outgoing.next_multiple_of(16);
        self.has_frame = code.needs_frame
            || alloc.frame_size > 0
            || !func.slots.is_empty()
            || !self.saved.is_empty()
            || code
                .context
                .is_some_and(|context| is_restored(context, alloc));
        self.size = if self.has_frame { size } else { 0 };
    }

    /// A slot of the allocator.
    pub fn spill(&self, offset: u32) -> Mem {
        Mem::Base {
            base: Gpr::RBP,
            disp: self.spill_offset(offset),
        }
    }

    /// Where a slot of the allocator is, from the frame pointer.
    pub fn spill_offset(&self, offset: u32) -> i32 {
        self.spills.place(offset) as i32 - self.spills.start
    }

    /// The start of an area.
    pub fn area(&self, area: Area) -> (Gpr, i32) {
        match area {
            Area::Incoming if self.has_frame => (Gpr::RBP, 16),
            Area::Incoming => (Gpr::RSP, 8),
            Area::Outgoing => (Gpr::RSP, 0),
            Area::Results => (Gpr::RBP, -self.results),
            Area::Slot(slot) => (Gpr::RBP, -self.slots[slot as usize]),
        }
    }
}

/// Whether the context is read from the frame anywhere.
fn is_restored(context: VReg, alloc: &Output) -> bool {
    alloc
        .edits
        .iter()
        .any(|(_, edit)| matches!(edit, Edit::Remat { vreg, .. } if *vreg == context))
}

const fn at(base: Gpr, disp: i32) -> Arg {
    Arg::M(Mem::Base { base, disp })
}

const RBP: Arg = Arg::R(Gpr::RBP);
const RSP: Arg = Arg::R(Gpr::RSP);

impl Emit<'_> {
    pub(super) fn prologue(&mut self) {
        let first = self.func.first_inst(self.func.entry());
        self.locate(first.map_or(0, |inst| self.func.location(inst)));
        if self.code.uses_cell {
            self.asm
                .emit(Op::Mov, Size::Q, &[Arg::R(CELL), Arg::R(SCRATCH)]);
        }
        if !self.state.layout.has_frame {
            return;
        }
        let size = self.state.layout.size;
        self.asm.emit(Op::Push, Size::Q, &[RBP]);
        self.asm.emit(Op::Mov, Size::Q, &[RBP, RSP]);
        let checked = self.code.has_calls || size >= UNCHECKED;
        let limit = self.func.stack_limit.filter(|_| checked);
        let context = self
            .func
            .context_param
            .map(|p| self.state.layout.own.params[p as usize]);
        if let (Some(limit), Some(context)) = (limit, context) {
            self.check_stack(size, limit.offsets, limit.slow.0, context);
        } else {
            self.asm.emit(Op::Sub, Size::Q, &[RSP, Arg::I(size.into())]);
        }
        if let Some(context) = context {
            let context = self.context(context);
            self.asm
                .emit(Op::Mov, Size::Q, &[at(Gpr::RBP, -8), Arg::R(context)]);
        }
        for index in 0..self.state.layout.saved.len() {
            let r = self.state.layout.saved[index];
            let place = at(Gpr::RBP, -16 - 8 * index as i32);
            self.asm.emit(Op::Mov, Size::Q, &[place, Arg::R(r)]);
        }
    }

    /// The register of the context; loaded if it is not in one.
    fn context(&mut self, place: Place) -> Gpr {
        match place {
            Place::Reg(r) => Gpr(r.number()),
            Place::Stack(offset) => {
                let from = Arg::M(self.area_mem(Area::Incoming, offset as i32));
                self.asm.emit(Op::Mov, Size::Q, &[Arg::R(SCRATCH), from]);
                SCRATCH
            }
        }
    }

    /// Makes the frame if there is room for it.
    fn check_stack(&mut self, size: u32, offsets: [i32; 2], slow: u32, context: Place) {
        let context = self.context(context);
        let back = self.asm.label();
        if size <= HEADROOM {
            let limit = at(context, offsets[0]);
            self.asm.emit(Op::Mov, Size::Q, &[Arg::R(SCRATCH), limit]);
            self.asm.emit(Op::Sub, Size::Q, &[RSP, Arg::I(size.into())]);
            self.asm
                .emit(Op::Cmp, Size::Q, &[RSP, at(SCRATCH, offsets[1])]);
            let label = self.cold_call(slow, back);
            self.asm.jcc(Cc::B, label);
            self.asm.bind(back);
            return;
        }
        // Where the stack pointer would be may be far beyond all that is mapped: the room is
        // compared before.
        let label = self.asm.label();
        let location = self.last_location.unwrap_or(0);
        self.state.cold.push(Cold::LargeFrame {
            label,
            slow,
            back,
            context,
            offsets,
            size,
            location,
        });
        self.compare_room(context, offsets, size, label);
        self.asm.bind(back);
        self.asm.emit(Op::Sub, Size::Q, &[RSP, Arg::I(size.into())]);
    }

    /// Jumps to `small` if there is no room for `size` bytes below the stack pointer.
    pub(super) fn compare_room(
        &mut self,
        context: Gpr,
        offsets: [i32; 2],
        size: u32,
        small: Label,
    ) {
        let scratch = Arg::R(SCRATCH);
        self.asm
            .emit(Op::Mov, Size::Q, &[scratch, at(context, offsets[0])]);
        self.asm
            .emit(Op::Mov, Size::Q, &[scratch, at(SCRATCH, offsets[1])]);
        self.asm.emit(Op::Cmp, Size::Q, &[RSP, scratch]);
        self.asm.jcc(Cc::B, small);
        self.asm.emit(Op::Neg, Size::Q, &[scratch]);
        self.asm.emit(Op::Add, Size::Q, &[scratch, RSP]);
        self.asm
            .emit(Op::Cmp, Size::Q, &[scratch, Arg::I(size.into())]);
        self.asm.jcc(Cc::B, small);
    }

    pub(super) fn epilogue(&mut self) {
        for index in 0..self.state.layout.saved.len() {
            let r = self.state.layout.saved[index];
            let place = at(Gpr::RBP, -16 - 8 * index as i32);
            self.asm.emit(Op::Mov, Size::Q, &[Arg::R(r), place]);
        }
        if self.state.layout.has_frame {
            self.asm.emit(Op::Leave, Size::Q, &[]);
        }
    }

    pub(super) fn ret(&mut self) {
        self.epilogue();
        let stack = self.state.layout.own.stack;
        // C's caller removes its arguments.
        if stack == 0 || self.func.signature.conv != CallConv::Guest {
            self.asm.emit(Op::Ret, Size::Q, &[]);
        } else if stack <= u32::from(u16::MAX) {
            self.asm.emit(Op::RetN, Size::Q, &[Arg::I(stack.into())]);
        } else {
            let scratch = Arg::R(SCRATCH);
            self.asm.emit(Op::Pop, Size::Q, &[scratch]);
            self.asm
                .emit(Op::Add, Size::Q, &[RSP, Arg::I(stack.into())]);
            self.asm.emit(Op::Jmp, Size::Q, &[scratch]);
        }
    }
}
