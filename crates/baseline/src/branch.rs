//! Branches, and returning.

use crate::compiler::{Compiler, Result};
use crate::control::Kind;
use crate::emit::{at, frame};
use crate::regs::Reg;
use crate::value::{Cond, Loc, Ty};
use tierra_asm::x64::abi::{Counter, Place, SCRATCH, SCRATCH_XMM};
use tierra_asm::x64::{Arg, Cc, Gpr, Label, Mem, Op, Scale, Size};

/// Tables with so few targets compare instead.
const FEW: u32 = 4;

impl Compiler<'_> {
    fn frame_index(&self, depth: u32) -> usize {
        self.s.control.len() - 1 - depth as usize
    }

    /// How many values a branch takes, and whether it goes ahead.
    fn branch_info(&self, index: usize) -> (usize, bool) {
        let frame = &self.s.control[index];
        match frame.kind {
            Kind::Loop(_) => (self.param_count(frame.ty), false),
            _ => (self.result_count(frame.ty), true),
        }
    }

    /// Where branches to a frame go.
    pub fn label_of(&mut self, index: usize) -> Label {
        if let Some(label) = self.s.control[index].label {
            return label;
        }
        let label = self.asm.label();
        self.s.control[index].label = Some(label);
        label
    }

    /// Goes to a label with the topmost values. The state is as before.
    pub fn jump(&mut self, depth: u32) -> Result {
        let index = self.frame_index(depth);
        let (count, ahead) = self.branch_info(index);
        self.charge(count)?;
        if index == 0 {
            self.return_();
            return Ok(());
        }
        if self.plan_jump(index, count, ahead) {
            self.carry_out();
        }
        let label = self.label_of(index);
        self.asm.jmp(label);
        Ok(())
    }

    pub fn br(&mut self, depth: u32) -> Result {
        self.jump(depth)?;
        self.unreachable_from_here();
        Ok(())
    }

    pub fn br_if(&mut self, depth: u32) -> Result {
        let cond = self.pop_cond();
        self.branch_if(cond, depth)?;
        self.open_fuel();
        Ok(())
    }

    /// Goes to a label with the topmost values, which stay, on a condition.
    pub fn branch_if(&mut self, cond: Cond, depth: u32) -> Result {
        let index = self.frame_index(depth);
        let (count, ahead) = self.branch_info(index);
        self.charge(count)?;
        if index > 0 && !self.plan_jump(index, count, ahead) {
            let label = self.label_of(index);
            self.jump_if(cond, label);
            return Ok(());
        }
        let over = self.asm.label();
        self.jump_if(cond.invert(), over);
        if index == 0 {
            self.return_();
        } else {
            self.carry_out();
            let label = self.label_of(index);
            self.asm.jmp(label);
        }
        self.asm.bind(over);
        Ok(())
    }

    pub fn br_on_null(&mut self, depth: u32) -> Result {
        let ty = self.top_ty();
        let r = self.pop_reg(ty);
        let size = crate::emit::size_of(ty);
        self.rr(Op::Test, size, r.gpr(), r.gpr());
        let is_free = self.regs.used & r.bit() == 0;
        self.branch_if(Cond::Cc(Cc::E), depth)?;
        self.push_again(r, is_free, ty);
        self.open_fuel();
        Ok(())
    }

    /// Pushes an operand that was popped and is still in its register.
    fn push_again(&mut self, r: Reg, is_own: bool, ty: Ty) {
        if is_own {
            self.push(r, ty);
        } else {
            let own = self.alloc(crate::regs::class(ty));
            self.move_reg(own, r);
            self.push(own, ty);
        }
    }

    pub fn br_on_non_null(&mut self, depth: u32) -> Result {
        let ty = self.top_ty();
        let r = self.pop_own(ty);
        self.push(r, ty);
        let size = crate::emit::size_of(ty);
        self.rr(Op::Test, size, r.gpr(), r.gpr());
        self.branch_if(Cond::Cc(Cc::NE), depth)?;
        self.drop_operands(1);
        self.open_fuel();
        Ok(())
    }

    pub fn br_table(&mut self, table: wasmparser::BrTable<'_>) -> Result {
        let index = self.pop_gpr(Ty::I32);
        self.charge(table.len() as usize)?;
        self.tables += 1;
        let mut labels = core::mem::take(&mut self.s.labels);
        labels.clear();
        for depth in table.targets() {
            labels.push(self.via(depth?));
        }
        let default = self.via(table.default());
        if table.len() <= FEW {
            for (case, label) in labels.iter().enumerate() {
                self.ri(Op::Cmp, Size::D, index, case as i64);
                self.asm.jcc(Cc::E, *label);
            }
            self.asm.jmp(default);
        } else {
            let temp = self.alloc_int();
            self.ri(Op::Cmp, Size::D, index, i64::from(table.len()));
            self.asm.jcc(Cc::AE, default);
            let label = self.asm.jump_table(&labels);
            self.rm(Op::Lea, Size::Q, SCRATCH, Mem::Label { label, disp: 0 });
            let entry = Mem::Index {
                base: SCRATCH,
                index,
                scale: Scale::X4,
                disp: 0,
            };
            self.rm(Op::Movsxd, Size::Q, temp, entry);
            self.rr(Op::Add, Size::Q, temp, SCRATCH);
            self.r(Op::Jmp, Size::Q, temp);
        }
        self.s.labels = labels;
        let mut cases = 0;
        for depth in table.targets().chain([Ok(table.default())]) {
            let depth = depth?;
            let index = self.frame_index(depth);
            if let Some((number, label)) = self.s.control[index].via.take() {
                debug_assert_eq!(number, self.tables, "it is this table's");
                cases += 1;
                self.asm.bind(label);
                self.jump(depth)?;
            }
        }
        self.cases = self.cases.max(cases);
        self.unreachable_from_here();
        Ok(())
    }

    /// The label of the code by which the table at hand goes to a frame.
    fn via(&mut self, depth: u32) -> Label {
        let index = self.frame_index(depth);
        match self.s.control[index].via {
            Some((table, label)) if table == self.tables => label,
            _ => {
                let label = self.asm.label();
                self.s.control[index].via = Some((self.tables, label));
                label
            }
        }
    }

    /// Returns the topmost values. The state is as before.
    pub fn return_(&mut self) {
        let module = self.module;
        let first = self.s.stack.len() - self.results.len();
        self.s.plan.clear();
        let mut places = Counter::results();
        for (i, ty) in self.results.iter().enumerate() {
            let entry = self.s.stack[first + i];
            match places.place(Ty::of(module, *ty).class()) {
                Place::Int(r) => self.plan_operand(r.into(), &entry),
                Place::Vec(x) => self.plan_operand(x.into(), &entry),
                Place::Stack(offset) => self.store_result(offset, entry),
            }
        }
        self.carry_out();
        self.leave_and_return();
    }

    /// The results are in place.
    pub fn leave_and_return(&mut self) {
        self.asm.emit(Op::Leave, Size::Q, &[]);
        match self.own_stack {
            0 => self.asm.emit(Op::Ret, Size::Q, &[]),
            stack if stack <= u32::from(u16::MAX) => {
                self.asm.emit(Op::RetN, Size::Q, &[Arg::I(stack.into())]);
            }
            stack => {
                self.r(Op::Pop, Size::Q, SCRATCH);
                let rsp = Gpr::RSP;
                self.ri(Op::Add, Size::Q, rsp, stack.into());
                self.r(Op::Jmp, Size::Q, SCRATCH);
            }
        }
    }

    /// A result that doesn't fit in registers goes to the caller's area.
    fn store_result(&mut self, offset: u32, entry: crate::value::Entry) {
        let to = at(SCRATCH, offset as i32);
        let mut from = entry.loc;
        let mut home = entry.home;
        if let Loc::Local(i) = from {
            let local = self.s.locals[i as usize];
            home = local.home;
            from = if local.reg == Reg::NONE {
                Loc::Home
            } else {
                Loc::Reg(local.reg)
            };
        }
        match from {
            Loc::Const(bits) => self.load_const(Reg::vec(SCRATCH_XMM), bits, Ty::F64),
            Loc::Home => self.load(Reg::SCRATCH_VEC, frame(home), wide(entry.ty)),
            _ => {}
        }
        let area = frame(self.area_home);
        self.rm(Op::Mov, Size::Q, SCRATCH, area);
        match from {
            Loc::Reg(r) => self.store(to, r, entry.ty),
            _ => self.store(to, Reg::SCRATCH_VEC, wide(entry.ty)),
        }
    }
}

/// The type by which a place is copied through a vector register.
fn wide(ty: Ty) -> Ty {
    if ty == Ty::V128 { Ty::V128 } else { Ty::F64 }
}
