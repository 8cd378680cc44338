//! The frame.
//!
//! ```text
//! [rbp + 16 ...]  arguments on the stack: the places of these parameters
//! [rbp + 8]       return address
//! [rbp]           the caller's frame pointer
//! [rbp - 8]       the instance
//! [rbp - 16]      the base of memory 0, if it is guarded
//! [rbp - 24]      the execution context
//! [rbp - 32]      where results go that don't fit in registers, if there are any
//!                 other locals, from the first one down
//!                 operands, from the first one down
//! [rsp ...]       arguments and results of calls and builtins
//! ```
//!
//! How large it is is known when all code is written; then the prologue is filled in. Locals that
//! are no parameters are zeros, written at the entry.

use crate::compiler::{Compiler, Result};
use crate::emit::{at, frame};
use crate::regs::{Holder, Reg};
use crate::value::{Local, Ty};
use tierra_asm::x64::abi::{Counter, Place, SCRATCH, SCRATCH_XMM, ValueClass};
use tierra_asm::x64::{Arg, Cc, Gpr, Mem, Op, Scale, Size};
use tierra_core::index::TypeIdx;
use tierra_core::types::{FuncType, ValType};
use tierra_vm::offsets::*;

/// The place of the instance.
pub(crate) const INSTANCE: i32 = -8;
const BASE: i32 = -16;
const EXEC: i32 = -24;
const FIXED: i32 = -24;

/// Frames are at most this large: below the limit of the stack there is room for them.
const MAX_FRAME: u32 = 128 << 10;
/// Locals take at most so many bytes.
const MAX_LOCALS: i32 = 96 << 10;
/// The register that the base of memory 0 is in at first.
const FIRST_BASE: Gpr = Gpr::R15;
/// So many slots are zeroed one by one.
const FEW_SLOTS: i32 = 24;

impl Compiler<'_> {
    pub fn base_home(&self) -> i32 {
        BASE
    }

    /// Loads the execution context into the scratch register.
    #[inline]
    pub fn load_exec(&mut self) {
        self.rm(Op::Mov, Size::Q, SCRATCH, frame(EXEC));
    }

    /// Adds the parameters as locals. They are where the caller put them.
    pub fn declare_params(&mut self, ty: &FuncType<TypeIdx>) {
        let mut results = Counter::results();
        for result in &ty.results {
            results.place(Ty::of(self.module, *result).class());
        }
        self.operands_at = FIXED;
        if results.size() > 0 {
            self.operands_at -= 8;
            self.area_home = self.operands_at;
        }
        let mut places = Counter::params();
        places.place(ValueClass::Int);
        for param in &ty.params {
            let ty = Ty::of(self.module, *param);
            match places.place(ty.class()) {
                Place::Int(r) => self.declare_param(ty, Reg::int(r)),
                Place::Vec(x) => self.declare_param(ty, Reg::vec(x)),
                Place::Stack(offset) => self.add_local(ty, 16 + offset as i32),
            }
        }
        self.hidden = (results.size() > 0).then(|| places.place(ValueClass::Int));
        self.own_stack = places.size();
    }

    fn declare_param(&mut self, ty: Ty, r: Reg) {
        self.operands_at -= ty.bytes();
        let index = self.s.locals.len() as u32;
        self.add_local(ty, self.operands_at);
        self.hold(r, Holder::Local(index), true);
    }

    fn add_local(&mut self, ty: Ty, home: i32) {
        if ty == Ty::Ref {
            self.has_refs = true;
            self.s.ref_locals.push(self.s.locals.len() as u32);
        }
        self.s.locals.push(Local {
            ty,
            reg: Reg::NONE,
            home,
            unread: 0,
        });
    }

    /// Adds locals that are no parameters.
    pub fn declare_locals(&mut self, count: u32, ty: ValType<TypeIdx>) -> Result {
        let ty = Ty::of(self.module, ty);
        let bytes = u64::from(count) * ty.bytes() as u64;
        if bytes > MAX_LOCALS as u64 || self.operands_at < -MAX_LOCALS {
            return Err(crate::Error::TooLarge);
        }
        for _ in 0..count {
            self.operands_at -= ty.bytes();
            self.add_local(ty, self.operands_at);
        }
        Ok(())
    }

    /// Makes the frame. `zeros` is where the locals end that are no parameters.
    pub fn prologue(&mut self, params_end: i32) {
        let hidden = self.hidden;
        self.frame_size_at = self.begin_frame(hidden);
        self.count_entry();
        if self.has_base {
            self.load_base();
            self.hold(FIRST_BASE.into(), Holder::Base, false);
        }
        self.zero(params_end, self.operands_at);
        self.lowest = self.operands_at;
    }

    /// Writes the beginning of a frame, and what is in it of the context. Returns where its size is to
    /// be filled in.
    pub fn begin_frame(&mut self, area: Option<Place>) -> u32 {
        self.locate();
        self.r(Op::Push, Size::Q, Gpr::RBP);
        self.rr(Op::Mov, Size::Q, Gpr::RBP, Gpr::RSP);
        let exec = at(Gpr::RDI, INSTANCE_EXEC);
        self.rm(Op::Mov, Size::Q, SCRATCH, exec);
        self.ri(Op::Sub, Size::Q, Gpr::RSP, 0x7fff_ffff);
        let size_at = self.asm.offset() - 4;
        let limit = at(SCRATCH, EXEC_STACK_LIMIT);
        self.rm(Op::Cmp, Size::Q, Gpr::RSP, limit);
        let back = self.asm.label();
        let slow = self.cold_stack(back);
        self.asm.jcc(Cc::B, slow);
        self.asm.bind(back);
        self.mr(Op::Mov, Size::Q, frame(INSTANCE), Gpr::RDI);
        self.mr(Op::Mov, Size::Q, frame(EXEC), SCRATCH);
        match area {
            Some(Place::Int(r)) => self.mr(Op::Mov, Size::Q, frame(self.area_home), r),
            Some(Place::Stack(offset)) => {
                self.rm(Op::Mov, Size::Q, SCRATCH, at(Gpr::RBP, 16 + offset as i32));
                self.mr(Op::Mov, Size::Q, frame(self.area_home), SCRATCH);
            }
            _ => {}
        }
        size_at
    }

    /// Loads the base of memory 0, and keeps it in the frame. The instance is still in its register.
    pub fn load_base(&mut self) {
        let def = at(Gpr::RDI, INSTANCE_MEMORY0);
        self.rm(Op::Mov, Size::Q, SCRATCH, def);
        let base = at(SCRATCH, MEMORY_BASE);
        self.rm(Op::Mov, Size::Q, FIRST_BASE, base);
        self.mr(Op::Mov, Size::Q, frame(BASE), FIRST_BASE);
    }

    /// Zeros the frame from `end` up to `start`.
    fn zero(&mut self, start: i32, end: i32) {
        let slots = (start - end) / 8;
        if slots == 0 {
            return;
        }
        if slots == 1 {
            return self.mi(Op::Mov, Size::Q, frame(end), 0);
        }
        self.zero_xmm(SCRATCH_XMM);
        if slots <= FEW_SLOTS {
            for pair in 0..slots / 2 {
                self.mx(Op::Movups, frame(end + 16 * pair), SCRATCH_XMM);
            }
        } else {
            // The index counts up to zero.
            let bytes = slots / 2 * 16;
            self.load_int(SCRATCH, -i64::from(bytes) as u64);
            let again = self.asm.label();
            self.asm.bind(again);
            let place = Mem::Index {
                base: Gpr::RBP,
                index: SCRATCH,
                scale: Scale::X1,
                disp: end + bytes,
            };
            self.mx(Op::Movups, place, SCRATCH_XMM);
            self.asm
                .emit(Op::Add, Size::Q, &[Arg::R(SCRATCH), Arg::I(16)]);
            self.asm.jcc(Cc::NE, again);
        }
        if slots % 2 == 1 {
            self.mx(Op::Movsd, frame(start - 8), SCRATCH_XMM);
        }
    }

    /// Fills in how large the frame is.
    pub fn finish_frame(&mut self) -> Result {
        let size = self.lowest.unsigned_abs() + self.outgoing;
        let size = size.next_multiple_of(16);
        if size > MAX_FRAME {
            return Err(crate::Error::TooLarge);
        }
        for place in [Some(self.frame_size_at), self.entry_size_at] {
            place.inspect(|place| self.asm.overwrite(*place, size));
        }
        self.out.frame_size = size;
        Ok(())
    }
}
