//! Instructions that are several.

use super::super::abi::SCRATCH;
use super::super::inst::{Cond, Inst, Pseudo};
use super::Emit;
use super::cold::Cold;
use tierra_asm::x64::{Arg, Cc, Gpr, Label, Mem, Op, Scale, Size};
use tierra_core::Trap;
use tierra_ir::RmwOp;

const SCRATCH_ARG: Arg = Arg::R(SCRATCH);
/// Switches with so few targets compare instead of reading a table.
const FEW: usize = 4;

impl Emit<'_> {
    pub(super) fn pseudo(&mut self, pseudo: Pseudo, inst: &Inst, block: u32) {
        match pseudo {
            Pseudo::Entry => {}
            Pseudo::Jump => self.jump(self.code.mach.order.successors(block)[0]),
            Pseudo::Branch => {
                let cond = inst.cond.expect("a branch has a condition");
                let successors = self.code.mach.order.successors(block);
                self.branch(cond, successors[0], successors[1]);
            }
            Pseudo::Switch => self.switch(inst),
            Pseudo::Return => self.ret(),
            Pseudo::Call => {
                self.call(inst);
                if self.is_last(block) {
                    self.after_try(block);
                }
            }
            Pseudo::TailCall => self.tail_call(inst),
            Pseudo::Trap => {
                self.trap(inst.aux as u8);
                // What follows may fault, and the return address must not be its row in the
                // table of traps.
                self.asm.emit(Op::Int3, Size::Q, &[]);
            }
            Pseudo::TrapIf => {
                let label = self.trap_label(inst.aux as u8, inst.location);
                self.jump_if(inst.cond.expect("it has a condition"), label);
            }
            Pseudo::Poll => {
                let memory = self.arg(self.code.args(inst)[0]);
                let back = self.asm.label();
                let label = self.cold_call(inst.aux, back);
                self.asm.emit(Op::Cmp, Size::Q, &[Arg::R(Gpr::RSP), memory]);
                self.asm.jcc(Cc::B, label);
                self.asm.bind(back);
            }
            Pseudo::SetCond => self.set_cond(inst),
            Pseudo::CmovCond => {
                let (d, a) = (Arg::R(self.gpr(inst, 0)), self.arg(self.code.args(inst)[1]));
                self.asm.emit_cc(Op::Cmov, Cc::NE, inst.size, &[d, a]);
                self.asm.emit_cc(Op::Cmov, Cc::P, inst.size, &[d, a]);
            }
            Pseudo::SelectVec => self.select_vec(inst),
            Pseudo::LeadingZeros => {
                let bits = 8 * i64::from(inst.size.bytes());
                self.scan(Op::Bsr, 2 * bits - 1, inst);
                let d = Arg::R(self.gpr(inst, 0));
                self.asm.emit(Op::Xor, Size::D, &[d, Arg::I(bits - 1)]);
            }
            Pseudo::TrailingZeros => {
                self.scan(Op::Bsf, 8 * i64::from(inst.size.bytes()), inst);
            }
            Pseudo::DivSigned => self.div_signed(inst),
            Pseudo::MinMax { double } => self.min_max(double, inst),
            Pseudo::FloatToInt(kind) => self.float_to_int(kind, inst),
            Pseudo::UnsignedToFloat { double } => self.unsigned_to_float(double, inst),
            Pseudo::RmwLoop => self.rmw_loop(inst),
        }
    }

    fn is_last(&self, block: u32) -> bool {
        use crate::regalloc::interface::Function;
        self.inst + 1 == self.code.mach.block_insts(block).end
    }

    fn set_cond(&mut self, inst: &Inst) {
        let d = Arg::R(self.gpr(inst, 0));
        let mut both = |parity, zero, op| {
            self.asm.emit_cc(Op::Setcc, parity, Size::B, &[d]);
            self.asm.emit_cc(Op::Setcc, zero, Size::B, &[SCRATCH_ARG]);
            self.asm.emit(op, Size::D, &[d, SCRATCH_ARG]);
        };
        match inst.cond.expect("it has a condition") {
            Cond::Cc(cc) => self.asm.emit_cc(Op::Setcc, cc, Size::B, &[d]),
            Cond::Equal => both(Cc::NP, Cc::E, Op::And),
            Cond::NotEqual => both(Cc::P, Cc::NE, Op::Or),
        }
        self.asm.emit(Op::Movzx8, Size::D, &[d, d]);
    }

    fn select_vec(&mut self, inst: &Inst) {
        let (d, other) = (Arg::X(self.xmm(inst, 0)), Arg::X(self.xmm(inst, 1)));
        let keep = self.asm.label();
        match inst.cond.expect("it has a condition") {
            Cond::Cc(cc) => self.asm.jcc_short(cc, keep),
            Cond::NotEqual => {
                self.asm.jcc_short(Cc::NE, keep);
                self.asm.jcc_short(Cc::P, keep);
            }
            Cond::Equal => unreachable!("selection exchanges the operands instead"),
        }
        self.asm.emit(Op::Movaps, Size::Q, &[d, other]);
        self.asm.bind(keep);
    }

    /// The number of a bit, or a number of our choice if there is none.
    fn scan(&mut self, op: Op, none: i64, inst: &Inst) {
        let (d, a) = (Arg::R(self.gpr(inst, 0)), Arg::R(self.gpr(inst, 1)));
        self.asm
            .emit(Op::Mov, Size::D, &[SCRATCH_ARG, Arg::I(none)]);
        self.asm.emit(op, inst.size, &[d, a]);
        self.asm
            .emit_cc(Op::Cmov, Cc::E, inst.size, &[d, SCRATCH_ARG]);
    }

    fn div_signed(&mut self, inst: &Inst) {
        let (remainder, safe) = (inst.aux & 1 != 0, inst.aux & 2 != 0);
        let b = Arg::R(self.gpr(inst, 0));
        let size = inst.size;
        let back = self.asm.label();
        if !safe {
            self.asm.emit(Op::Test, size, &[b, b]);
            let zero = self.trap_label(Trap::IntegerDivideByZero as u8, inst.location);
            self.asm.jcc(Cc::E, zero);
            self.asm.emit(Op::Cmp, size, &[b, Arg::I(-1)]);
            let label = self.asm.label();
            let location = inst.location;
            self.state.cold.push(Cold::MinusOne {
                label,
                size,
                remainder,
                back,
                location,
            });
            self.asm.jcc(Cc::E, label);
        }
        self.asm
            .emit(if size == Size::Q { Op::Cqo } else { Op::Cdq }, size, &[]);
        self.asm.emit(Op::Idiv, size, &[b]);
        self.asm.bind(back);
    }

    /// The quotient is the negative, which only the minimum doesn't have; the remainder is 0.
    pub(super) fn divide_by_minus_one(
        &mut self,
        size: Size,
        remainder: bool,
        back: Label,
        location: u32,
    ) {
        if remainder {
            let rdx = Arg::R(Gpr::RDX);
            self.asm.emit(Op::Xor, Size::D, &[rdx, rdx]);
        } else {
            self.asm.emit(Op::Neg, size, &[Arg::R(Gpr::RAX)]);
            let overflow = self.trap_label(Trap::IntegerOverflow as u8, location);
            self.asm.jcc(Cc::O, overflow);
        }
        self.asm.jmp(back);
    }

    fn switch(&mut self, inst: &Inst) {
        let index = Arg::R(self.gpr(inst, 0));
        let temp = self.gpr(inst, 1);
        let (start, end) = self.code.tables[inst.aux as usize];
        let blocks = &self.code.table_blocks[start as usize..end as usize];
        let (cases, default) = (&blocks[..blocks.len() - 1], blocks[blocks.len() - 1]);
        if cases.len() <= FEW {
            for (case, block) in cases.iter().enumerate() {
                if case == 0 {
                    self.asm.emit(Op::Test, Size::D, &[index, index]);
                } else {
                    self.asm
                        .emit(Op::Cmp, Size::D, &[index, Arg::I(case as i64)]);
                }
                let label = self.label(*block);
                self.asm.jcc(Cc::E, label);
            }
            self.jump(default);
            return;
        }
        let count = Arg::I(cases.len() as i64);
        self.asm.emit(Op::Cmp, Size::D, &[index, count]);
        let label = self.label(default);
        self.asm.jcc(Cc::AE, label);
        let labels: alloc::vec::Vec<Label> = cases.iter().map(|b| self.label(*b)).collect();
        let table = self.asm.jump_table(&labels);
        let table = Arg::M(Mem::Label {
            label: table,
            disp: 0,
        });
        self.asm.emit(Op::Lea, Size::Q, &[SCRATCH_ARG, table]);
        let Arg::R(index) = index else {
            unreachable!("it is a register")
        };
        let entry = Mem::Index {
            base: SCRATCH,
            index,
            scale: Scale::X4,
            disp: 0,
        };
        self.asm
            .emit(Op::Movsxd, Size::Q, &[Arg::R(temp), Arg::M(entry)]);
        self.asm
            .emit(Op::Add, Size::Q, &[Arg::R(temp), SCRATCH_ARG]);
        self.asm.emit(Op::Jmp, Size::Q, &[Arg::R(temp)]);
    }

    fn rmw_loop(&mut self, inst: &Inst) {
        let args = self.code.args(inst);
        let (memory, value) = (self.arg(args[0]), self.arg(args[1]));
        let op = match inst.aux {
            x if x == RmwOp::And as u32 => Op::And,
            x if x == RmwOp::Or as u32 => Op::Or,
            _ => Op::Xor,
        };
        let rax = Arg::R(Gpr::RAX);
        if inst.trap != 0 {
            self.out.traps.push((self.asm.offset(), inst.trap));
        }
        let load = match inst.size {
            Size::B => Op::Movzx8,
            Size::W => Op::Movzx16,
            _ => Op::Mov,
        };
        let size = if inst.size == Size::Q {
            Size::Q
        } else {
            Size::D
        };
        self.asm.emit(load, size, &[rax, memory]);
        let again = self.asm.label();
        self.asm.bind(again);
        self.asm.emit(Op::Mov, Size::Q, &[SCRATCH_ARG, rax]);
        self.asm.emit(op, Size::Q, &[SCRATCH_ARG, value]);
        self.asm
            .emit(Op::LockCmpxchg, inst.size, &[memory, SCRATCH_ARG]);
        self.asm.jcc(Cc::NE, again);
    }
}
