//! Calls of builtins. Their operands, slots of 8 bytes, are at the end of the frame, where their
//! results are too.

use crate::compiler::{Compiler, Result};
use crate::emit::{at, frame, outgoing};
use crate::frame::INSTANCE;
use crate::regs::{Reg, class};
use crate::value::{Entry, Loc, Ty};
use tierra_asm::code::CallSite;
use tierra_asm::x64::abi::{SCRATCH, SCRATCH_XMM};
use tierra_asm::x64::{Arg, Gpr, Op, Size};
use tierra_vm::builtins::Builtin;
use tierra_vm::offsets::EXEC_BUILTINS;

/// The immediate operands of a builtin.
#[derive(Clone, Copy, Default)]
pub(crate) struct Immediates {
    pub a: u32,
    pub b: u32,
    pub c: u64,
}

/// Immediate operands.
pub(crate) fn imm(a: impl Into<u32>, b: u32, c: impl Into<u64>) -> Immediates {
    Immediates {
        a: a.into(),
        b,
        c: c.into(),
    }
}

impl Compiler<'_> {
    /// The end of the frame has at least so many bytes.
    pub fn reserve_outgoing(&mut self, bytes: u32) {
        self.outgoing = self.outgoing.max(bytes);
    }

    /// Writes an operand to a slot, with zeros above what is narrow.
    fn store_operand(&mut self, offset: u32, entry: &Entry) {
        let to = outgoing(offset);
        let (mut from, mut home) = (entry.loc, entry.home);
        if let Loc::Local(i) = from {
            let local = &self.s.locals[i as usize];
            home = local.home;
            from = match local.reg {
                Reg::NONE => Loc::Home,
                r => Loc::Reg(r),
            };
        }
        match (from, entry.ty) {
            (Loc::Const(bits), _) => self.store_const(to, bits),
            (Loc::Reg(r), Ty::F32) => {
                let args = [Arg::R(SCRATCH), Arg::X(r.xmm())];
                self.asm.emit(Op::Movd, Size::D, &args);
                self.mr(Op::Mov, Size::Q, to, SCRATCH);
            }
            (Loc::Reg(r), ty) => self.store(to, r, ty),
            (_, Ty::V128) => {
                self.xm(Op::Movups, SCRATCH_XMM, frame(home));
                self.mx(Op::Movups, to, SCRATCH_XMM);
            }
            (_, ty) => {
                let size = match ty {
                    Ty::I64 | Ty::F64 => Size::Q,
                    _ => Size::D,
                };
                self.rm(Op::Mov, size, SCRATCH, frame(home));
                self.mr(Op::Mov, Size::Q, to, SCRATCH);
            }
        }
    }

    /// Calls a builtin with the topmost operands, which are popped.
    pub fn call_builtin(
        &mut self,
        builtin: Builtin,
        count: usize,
        immediates: Immediates,
    ) -> Result {
        let first = self.s.stack.len() - count;
        self.charge(count)?;
        let mut offset = 0;
        for index in first..first + count {
            let entry = self.s.stack[index];
            self.store_operand(offset, &entry);
            offset += entry.ty.bytes() as u32;
        }
        // Builtins without results still write their slots: there is at least one.
        self.reserve_outgoing(offset.max(8));
        self.truncate(first);
        self.emit_builtin(builtin, immediates, (0, 0))
    }

    /// Calls a builtin whose operands are in their slots.
    pub fn emit_builtin(
        &mut self,
        builtin: Builtin,
        Immediates { a, b, c }: Immediates,
        handlers: (u32, u32),
    ) -> Result {
        self.clean_all();
        self.forget_all();
        self.rm(Op::Mov, Size::Q, Gpr::RDI, frame(INSTANCE));
        self.rr(Op::Mov, Size::Q, Gpr::RSI, Gpr::RSP);
        self.load_int(Gpr::RDX, a.into());
        self.load_int(Gpr::RCX, b.into());
        self.load_int(Gpr::R8, c);
        self.load_exec();
        self.rm(Op::Mov, Size::Q, SCRATCH, at(SCRATCH, EXEC_BUILTINS));
        self.rm(Op::Mov, Size::Q, SCRATCH, at(SCRATCH, builtin as i32 * 8));
        self.locate();
        self.call_symbol(self.options.symbols.exit);
        self.record_call(handlers)
    }

    /// An operator that a builtin does: operands from the stack, the result onto it.
    pub fn builtin(
        &mut self,
        builtin: Builtin,
        count: usize,
        immediates: Immediates,
        result: Option<Ty>,
    ) -> Result {
        self.call_builtin(builtin, count, immediates)?;
        if let Some(ty) = result {
            self.push_outgoing(0, ty);
        }
        Ok(())
    }

    /// Pushes what is in a slot.
    pub fn push_outgoing(&mut self, offset: u32, ty: Ty) {
        self.reserve_outgoing(offset + ty.bytes() as u32);
        self.pinned = 0;
        let r = self.alloc(class(ty));
        self.load(r, outgoing(offset), ty);
        self.push(r, ty);
    }

    /// The row of a call that was just written. Everything is in its place.
    pub fn record_call(&mut self, handlers: (u32, u32)) -> Result {
        let start = self.out.stack_map.len() as u32;
        if self.has_refs {
            self.charge(self.s.ref_locals.len() + self.s.stack.len())?;
            for &local in &self.s.ref_locals {
                let home = self.s.locals[local as usize].home;
                self.out.stack_map.push(home);
            }
            for entry in &self.s.stack {
                if entry.ty == Ty::Ref && entry.loc == Loc::Home {
                    self.out.stack_map.push(entry.home);
                }
            }
        }
        let map = (start, self.out.stack_map.len() as u32);
        if map.0 != map.1 || handlers.0 != handlers.1 {
            self.out.calls.push(CallSite {
                return_pc: self.asm.offset(),
                map,
                handlers,
            });
        }
        Ok(())
    }
}
