//! Blocks and branches.

use crate::compiler::{Compiler, Result};
use crate::counting::Round;
use crate::emit::at;
use crate::exception::{Try, TryTable};
use crate::regs::Holders;
use crate::value::{Loc, Ty};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Cc, Gpr, Label, Op, Size};
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
    pub via: Option<(u32, Label)>,
}

/// What kind of block a control frame is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Function,
    Plain,
    /// `None` until the head is there.
    Loop(Option<Round>),
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

impl Compiler<'_> {
    pub fn block_ty(&self, block: wasmparser::BlockType) -> Result<BlockTy> {
        Ok(match block {
            wasmparser::BlockType::Empty => BlockTy::Empty,
            wasmparser::BlockType::Type(t) => BlockTy::One(Ty::of(self.module, val_type(t)?)),
            wasmparser::BlockType::FuncType(i) => BlockTy::Func(TypeIdx(i)),
        })
    }

    pub fn param_count(&self, ty: BlockTy) -> usize {
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
        let start = self.at;
        self.open(Kind::Loop(None), ty);
        self.prepare_loop();
        let index = self.s.control.len() - 1;
        let head = self.asm.label();
        self.asm.bind(head);
        self.s.states[index] = self.regs;
        let frame = self.innermost();
        frame.label = Some(head);
        frame.is_reached = true;
        if self.s.watched == Some(self.position) {
            self.s.found = Some(self.describe_state());
            if self.s.enters {
                self.note_head(head);
            }
        }
        if self.options.interruption {
            self.poll();
        }
        let round = self.count_round(start);
        self.innermost().kind = Kind::Loop(Some(round));
        self.open_fuel();
        Ok(())
    }

    fn poll(&mut self) {
        self.load_exec();
        let back = self.asm.label();
        let label = self.cold_call(self.options.symbols.poll, back);
        let limit = at(SCRATCH, EXEC_STACK_LIMIT);
        self.rm(Op::Cmp, Size::Q, Gpr::RSP, limit);
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
            Kind::Loop(round) => {
                if let Some(round) = round {
                    self.finish_count(&round);
                }
            }
            Kind::Function | Kind::Plain => {}
        }
        let index = self.s.control.len() - 1;
        let frame = &self.s.control[index];
        let (base, ty, label) = (frame.base, frame.ty, frame.label);
        let is_loop = matches!(frame.kind, Kind::Loop(_));
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
}
