//! Blocks and branches.

use crate::compiler::{Compiler, Result};
use crate::emit::{at, frame};
use crate::exception::{Try, TryTable};
use crate::regs::{Holders, Reg};
use crate::value::{Cond, Loc, Ty};
use tierra_asm::x64::abi::{Counter, Place, SCRATCH, SCRATCH_XMM};
use tierra_asm::x64::{Arg, Cc, Label, Mem, Op, Scale, Size};
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::ValType;
use tierra_module::val_type;
use tierra_vm::offsets::EXEC_STACK_LIMIT;

/// A control frame.
pub(crate) struct Control {
    pub kind: Kind,
    pub ty: BlockTy,
    /// Operands below the block's parameters.
    pub base: usize,
    /// Where branches to it go, once somebody branches there.
    pub label: Option<Label>,
    /// Whether what the label expects is known.
    pub is_reached: bool,
    /// The piece of code that goes there, of the table at hand.
    via: Option<(u32, Label)>,
}

/// What kind of block a control frame is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Function,
    Plain,
    Loop,
    If {
        or_else: Label,
    },
    TryTable(TryTable),
    /// Legacy `try`.
    Try(Try),
    /// Legacy `catch`: the exception is below the block's operands.
    Catch(Try),
}

/// A block type without its type lists.
#[derive(Clone, Copy)]
pub(crate) enum BlockTy {
    Empty,
    One(Ty),
    Func(TypeIdx),
    /// The function's own block.
    Function,
}

/// Tables with so few targets compare instead.
const FEW: u32 = 4;

impl Compiler<'_> {
    pub fn block_ty(&self, block: wasmparser::BlockType) -> Result<BlockTy> {
        Ok(match block {
            wasmparser::BlockType::Empty => BlockTy::Empty,
            wasmparser::BlockType::Type(t) => BlockTy::One(Ty::of(self.module, val_type(t)?)),
            wasmparser::BlockType::FuncType(i) => BlockTy::Func(TypeIdx(i)),
        })
    }

    fn param_count(&self, ty: BlockTy) -> usize {
        match ty {
            BlockTy::Func(i) => self.module.func_type_at(i).params.len(),
            _ => 0,
        }
    }

    pub fn result_count(&self, ty: BlockTy) -> usize {
        match ty {
            BlockTy::Empty => 0,
            BlockTy::One(_) => 1,
            BlockTy::Func(i) => self.module.func_type_at(i).results.len(),
            BlockTy::Function => self.results.len(),
        }
    }

    /// Pushes operands that are in their places.
    pub fn push_at_home(&mut self, types: &[ValType<TypeIdx>]) {
        for ty in types {
            let ty = Ty::of(self.module, *ty);
            self.push_entry(Loc::Home, ty);
        }
    }

    fn push_results(&mut self, ty: BlockTy) {
        let module = self.module;
        match ty {
            BlockTy::Empty => {}
            BlockTy::One(ty) => self.push_entry(Loc::Home, ty),
            BlockTy::Func(i) => self.push_at_home(&module.func_type_at(i).results),
            BlockTy::Function => self.push_at_home(self.results),
        }
    }

    pub fn open(&mut self, kind: Kind, ty: BlockTy) {
        let base = self.s.stack.len() - self.param_count(ty);
        self.s.control.push(Control {
            kind,
            ty,
            base,
            label: None,
            is_reached: false,
            via: None,
        });
        let depth = self.s.control.len();
        if self.s.states.len() < depth {
            self.s.states.resize(depth, Holders::EMPTY);
            self.s.else_states.resize(depth, Holders::EMPTY);
        }
    }

    /// Whether a block is entered; if not, it is dead to its end.
    pub fn begin_block(&mut self) -> bool {
        let reachable = self.begin_op();
        if !reachable {
            self.dead_blocks += 1;
        }
        reachable
    }

    /// Makes operands ready for what follows not to know how they came about.
    pub fn settle_operands(&mut self) {
        let count = self.s.stack.len() - self.settled.min(self.s.stack.len());
        self.normalize(count);
        self.settled = self.s.stack.len();
    }

    pub fn innermost(&mut self) -> &mut Control {
        let frame = self.s.control.last_mut();
        frame.expect("operators are within the function's block")
    }

    pub fn block(&mut self, ty: wasmparser::BlockType) -> Result {
        if self.begin_block() {
            let ty = self.block_ty(ty)?;
            self.settle_operands();
            self.open(Kind::Plain, ty);
            self.open_fuel();
        }
        Ok(())
    }

    pub fn loop_(&mut self, ty: wasmparser::BlockType) -> Result {
        if !self.begin_block() {
            return Ok(());
        }
        let ty = self.block_ty(ty)?;
        self.charge(self.param_count(ty))?;
        self.settle_operands();
        self.close_fuel();
        self.open(Kind::Loop, ty);
        self.prepare_loop();
        let index = self.s.control.len() - 1;
        let head = self.asm.label();
        self.asm.bind(head);
        self.s.states[index] = self.regs;
        let frame = self.innermost();
        frame.label = Some(head);
        frame.is_reached = true;
        if self.options.interruption {
            self.poll();
        }
        self.open_fuel();
        Ok(())
    }

    fn poll(&mut self) {
        self.load_exec();
        let back = self.asm.label();
        let label = self.cold_call(self.options.symbols.poll, back);
        let limit = at(SCRATCH, EXEC_STACK_LIMIT);
        self.rm(Op::Cmp, Size::Q, tierra_asm::x64::Gpr::RSP, limit);
        self.asm.jcc(Cc::B, label);
        self.asm.bind(back);
    }

    pub fn if_(&mut self, ty: wasmparser::BlockType) -> Result {
        if !self.begin_fusing() {
            self.dead_blocks += 1;
            return Ok(());
        }
        let ty = self.block_ty(ty)?;
        self.charge(self.param_count(ty))?;
        let cond = self.pop_cond();
        self.settle_operands();
        let or_else = self.asm.label();
        self.jump_if(cond.invert(), or_else);
        self.open(Kind::If { or_else }, ty);
        let index = self.s.control.len() - 1;
        self.s.else_states[index] = self.regs;
        self.open_fuel();
        Ok(())
    }

    /// Begins the part of an `if` for a condition that is zero, with its parameters.
    fn enter_else(&mut self) -> bool {
        let index = self.s.control.len() - 1;
        let module = self.module;
        let frame = &mut self.s.control[index];
        let Kind::If { or_else } = frame.kind else {
            return false;
        };
        frame.kind = Kind::Plain;
        let (base, ty) = (frame.base, frame.ty);
        self.truncate(base);
        if let BlockTy::Func(i) = ty {
            self.push_at_home(&module.func_type_at(i).params);
        }
        self.asm.bind(or_else);
        let state = self.s.else_states[index];
        self.restore(&state);
        self.settled = self.s.stack.len();
        self.reachable = true;
        true
    }

    pub fn else_(&mut self) -> Result {
        if self.dead_blocks > 0 {
            return Ok(());
        }
        self.begin_op();
        self.leave_to_end()?;
        self.enter_else();
        self.open_fuel();
        Ok(())
    }

    /// Drops operands down to a height.
    pub fn truncate(&mut self, height: usize) {
        self.drop_operands(self.s.stack.len() - height);
    }

    /// Goes to the end of the innermost frame, whose results are on the stack.
    pub fn leave_to_end(&mut self) -> Result {
        if self.reachable {
            self.jump(0)?;
            self.reachable = false;
        }
        self.close_fuel();
        Ok(())
    }

    pub fn end(&mut self) -> Result {
        if self.dead_blocks > 0 {
            self.dead_blocks -= 1;
            return Ok(());
        }
        self.begin_op();
        match self.innermost().kind {
            Kind::If { .. } => {
                // Without an `else`, the parameters are the results.
                self.leave_to_end()?;
                self.enter_else();
            }
            Kind::TryTable(table) => self.end_try_table(table)?,
            Kind::Try(frame) => self.end_try(frame),
            // The exception is below the results: they have to move.
            Kind::Catch(frame) => {
                if self.reachable {
                    self.label_of(self.s.control.len() - 1);
                }
                self.end_try(frame);
            }
            Kind::Function | Kind::Plain | Kind::Loop => {}
        }
        let index = self.s.control.len() - 1;
        let frame = &self.s.control[index];
        let (base, ty, label) = (frame.base, frame.ty, frame.label);
        let is_loop = matches!(frame.kind, Kind::Loop);
        if let (Some(label), false) = (label, is_loop) {
            if self.reachable {
                // Nothing to jump over: the label is here.
                let results = self.result_count(ty);
                self.charge(results)?;
                if self.plan_jump(index, results, true) {
                    self.carry_out();
                }
            }
            self.close_fuel();
            self.truncate(base);
            self.push_results(ty);
            self.asm.bind(label);
            let state = self.s.states[index];
            self.restore(&state);
            self.settled = self.s.stack.len();
            self.reachable = true;
        }
        self.close_fuel();
        self.s.control.pop();
        if !self.reachable {
            self.truncate(base);
        } else if self.s.control.is_empty() {
            self.return_();
        } else {
            self.open_fuel();
        }
        Ok(())
    }

    /// The rest of the frame can't be reached.
    pub fn unreachable_from_here(&mut self) {
        self.close_fuel();
        let frame = self.innermost();
        let base = frame.base + usize::from(matches!(frame.kind, Kind::Catch(_)));
        self.truncate(base);
        self.reachable = false;
    }

    /// A trap, always.
    pub fn trap_here(&mut self, trap: Trap) {
        self.locate();
        self.raise(trap as u8);
        // What follows may fault, and the return address must not be its row in the table.
        self.asm.emit(Op::Int3, Size::Q, &[]);
        self.unreachable_from_here();
    }

    // Branches.

    fn frame_index(&self, depth: u32) -> usize {
        self.s.control.len() - 1 - depth as usize
    }

    /// How many values a branch takes, and whether it goes ahead.
    fn branch_info(&self, index: usize) -> (usize, bool) {
        let frame = &self.s.control[index];
        match frame.kind {
            Kind::Loop => (self.param_count(frame.ty), false),
            _ => (self.result_count(frame.ty), true),
        }
    }

    /// Where branches to a frame go.
    fn label_of(&mut self, index: usize) -> Label {
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
        for depth in table.targets().chain([Ok(table.default())]) {
            let depth = depth?;
            let index = self.frame_index(depth);
            if let Some((number, label)) = self.s.control[index].via.take() {
                debug_assert_eq!(number, self.tables, "it is this table's");
                self.asm.bind(label);
                self.jump(depth)?;
            }
        }
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
                let rsp = tierra_asm::x64::Gpr::RSP;
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
