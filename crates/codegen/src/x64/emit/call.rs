//! Calls, tail calls, and what the tables say of them.

use super::super::abi::{SCRATCH, SCRATCH_XMM, TAIL_TARGET};
use super::super::inst::{CallInfo, Inst, Target};
use super::Emit;
use tierra_asm::code::{CallSite, Handler};
use tierra_asm::x64::{Arg, Gpr, Mem, Op, Size};
use tierra_ir::CallConv;

const SCRATCH_ARG: Arg = Arg::R(SCRATCH);

const fn at(base: Gpr, disp: i32) -> Arg {
    Arg::M(Mem::Base { base, disp })
}

impl Emit<'_> {
    pub(super) fn call(&mut self, inst: &Inst) {
        let call = self.code.calls[inst.aux as usize];
        match (call.conv, self.options.exit_stub) {
            (CallConv::Builtin, Some(stub)) => {
                match call.target {
                    Target::Symbol(symbol) => {
                        let place = Arg::M(Mem::Symbol {
                            symbol: symbol.0,
                            addend: 0,
                        });
                        self.asm.emit(Op::Lea, Size::Q, &[SCRATCH_ARG, place]);
                    }
                    Target::Address => {
                        let callee = Arg::R(self.gpr(inst, 0));
                        self.asm.emit(Op::Mov, Size::Q, &[SCRATCH_ARG, callee]);
                    }
                    Target::Cell(offset) => {
                        let cell = at(self.gpr(inst, 0), offset);
                        self.asm.emit(Op::Mov, Size::Q, &[SCRATCH_ARG, cell]);
                    }
                }
                self.asm.emit(Op::Call, Size::Q, &[Arg::S(stub.0)]);
            }
            _ => match call.target {
                Target::Symbol(symbol) => {
                    self.asm.emit(Op::Call, Size::Q, &[Arg::S(symbol.0)]);
                }
                Target::Address => {
                    let callee = Arg::R(self.gpr(inst, 0));
                    self.asm.emit(Op::Call, Size::Q, &[callee]);
                }
                Target::Cell(offset) => {
                    let cell = Arg::R(self.gpr(inst, 0));
                    self.asm.emit(Op::Mov, Size::Q, &[SCRATCH_ARG, cell]);
                    self.asm.emit(Op::Call, Size::Q, &[at(SCRATCH, offset)]);
                }
            },
        }
        self.call_site(&call);
        if call.conv == CallConv::Guest && call.stack > 0 {
            // The callee removed its arguments; the area for them is part of the frame.
            let bytes = Arg::I(call.stack.into());
            self.asm.emit(Op::Sub, Size::Q, &[Arg::R(Gpr::RSP), bytes]);
        }
    }

    /// The row of a call that just was emitted.
    fn call_site(&mut self, call: &CallInfo) {
        let map_start = self.out.stack_map.len() as u32;
        let slots = &self.alloc.safepoint_slots;
        let first = slots.partition_point(|(inst, _)| *inst < self.inst);
        for (_, slot) in slots[first..]
            .iter()
            .take_while(|(inst, _)| *inst == self.inst)
        {
            self.out
                .stack_map
                .push(self.state.layout.spill_offset(*slot));
        }
        let handlers_start = self.out.handlers.len() as u32;
        let (start, end) = call.handlers;
        for &(tag, block) in &self.code.handlers[start as usize..end as usize] {
            self.out.handlers.push(Handler { tag, landing_pc: 0 });
            self.state.landings.push(self.state.labels[block as usize]);
        }
        let site = CallSite {
            return_pc: self.asm.offset(),
            map: (map_start, self.out.stack_map.len() as u32),
            handlers: (handlers_start, self.out.handlers.len() as u32),
        };
        if site.map.0 != site.map.1 || site.handlers.0 != site.handlers.1 {
            self.out.calls.push(site);
        }
    }

    /// After a call with handlers: the first successor is where it goes on.
    pub(super) fn after_try(&mut self, block: u32) {
        if let Some(&next) = self.code.mach.order.successors(block).first() {
            self.jump(next);
        }
    }

    pub(super) fn tail_call(&mut self, inst: &Inst) {
        let call = self.code.calls[inst.aux as usize];
        let own = self.state.layout.own.stack;
        let stack = call.stack;
        if stack > own {
            self.move_arguments_up(stack, own);
        } else if self.state.layout.has_frame {
            let shift = (own - stack) as i32;
            if shift > 0 {
                self.asm
                    .emit(Op::Mov, Size::Q, &[SCRATCH_ARG, at(Gpr::RBP, 8)]);
                self.asm
                    .emit(Op::Mov, Size::Q, &[at(Gpr::RBP, 8 + shift), SCRATCH_ARG]);
            }
            self.asm.emit(Op::Leave, Size::Q, &[]);
            if shift > 0 {
                let rsp = Arg::R(Gpr::RSP);
                self.asm
                    .emit(Op::Add, Size::Q, &[rsp, Arg::I(shift.into())]);
            }
        }
        match call.target {
            Target::Symbol(symbol) => self.asm.emit(Op::Jmp, Size::Q, &[Arg::S(symbol.0)]),
            Target::Address => self.asm.emit(Op::Jmp, Size::Q, &[Arg::R(TAIL_TARGET)]),
            Target::Cell(offset) => {
                let cell = Arg::R(TAIL_TARGET);
                self.asm.emit(Op::Mov, Size::Q, &[SCRATCH_ARG, cell]);
                self.asm.emit(Op::Jmp, Size::Q, &[at(SCRATCH, offset)]);
            }
        }
    }

    /// The arguments of a tail call need more room than the function was given: they were put
    /// together at the bottom of the frame, behind room for the return address, and move up over
    /// the frame, the last one first because the places may overlap.
    fn move_arguments_up(&mut self, stack: u32, own: u32) {
        // The caller's frame pointer waits where no argument is.
        let caller = Arg::R(Gpr::R12);
        let to = 8 + own as i32 - stack as i32;
        self.asm
            .emit(Op::Mov, Size::Q, &[SCRATCH_ARG, at(Gpr::RBP, 8)]);
        self.asm
            .emit(Op::Mov, Size::Q, &[at(Gpr::RSP, 0), SCRATCH_ARG]);
        self.asm.emit(Op::Mov, Size::Q, &[caller, at(Gpr::RBP, 0)]);
        let xmm = Arg::X(SCRATCH_XMM);
        for offset in (0..=stack as i32).rev().step_by(8) {
            self.asm
                .emit(Op::Movsd, Size::Q, &[xmm, at(Gpr::RSP, offset)]);
            self.asm
                .emit(Op::Movsd, Size::Q, &[at(Gpr::RBP, to + offset), xmm]);
        }
        self.asm
            .emit(Op::Lea, Size::Q, &[Arg::R(Gpr::RSP), at(Gpr::RBP, to)]);
        self.asm.emit(Op::Mov, Size::Q, &[Arg::R(Gpr::RBP), caller]);
    }
}
