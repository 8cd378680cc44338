//! Blocks and branches.
//!
//! A control frame whose end somebody branches to has a block there, made at the first branch,
//! with a parameter for each result; without a branch the code just goes on. The block at the head
//! of a loop has a parameter for each of the loop's.

use super::osr::{Peeled, Start};
use super::{Loaded, Result, Translator, value_type};
use crate::layout::EXEC_STACK_LIMIT;
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::ValType;
use tierra_ir::{Block, Inst, InstData, Value, ValueList};
use tierra_module::val_type;

/// A control frame.
pub(super) struct Control {
    pub kind: Kind,
    pub ty: BlockTy,
    /// Entries of the stack below the block's parameters.
    pub base: usize,
    /// The block at its end, once somebody goes there.
    pub label: Option<Block>,
    /// Where the log of facts stood at its start.
    facts: usize,
    /// The exception that a legacy `catch` caught.
    pub exception: Option<Value>,
}

/// What kind of block a control frame is.
pub(super) enum Kind {
    Function,
    Plain,
    Loop {
        start: Start,
        /// Where branches to it go.
        head: Block,
        /// Needless if nothing branches back.
        poll: Option<Inst>,
        branched: bool,
    },
    /// The iteration of a loop that another tier began.
    Peeled(Peeled),
    If {
        or_else: Block,
        /// Where the parameters are among those that were saved.
        saved: usize,
    },
    TryTable(super::exception::TryTable),
    /// Legacy `try`.
    Try(super::exception::Try),
}

/// A block type without its type lists.
#[derive(Clone, Copy)]
pub(super) enum BlockTy {
    Empty,
    One(ValType<TypeIdx>),
    Func(TypeIdx),
    /// The function's own block.
    Function,
}

impl Control {
    pub fn function() -> Self {
        Self::new(Kind::Function, BlockTy::Function, 0, 0)
    }

    fn new(kind: Kind, ty: BlockTy, base: usize, facts: usize) -> Self {
        Self {
            kind,
            ty,
            base,
            label: None,
            facts,
            exception: None,
        }
    }

    /// Nobody has gone to its end, and nothing is known.
    pub fn reset(&mut self) {
        self.label = None;
        self.facts = 0;
    }
}

impl Translator<'_> {
    pub(super) fn block_ty(&self, block: wasmparser::BlockType) -> Result<BlockTy> {
        Ok(match block {
            wasmparser::BlockType::Empty => BlockTy::Empty,
            wasmparser::BlockType::Type(t) => BlockTy::One(val_type(t)?),
            wasmparser::BlockType::FuncType(i) => BlockTy::Func(TypeIdx(i)),
        })
    }

    fn param_count(&self, ty: BlockTy) -> usize {
        match ty {
            BlockTy::Func(i) => self.module.func_type_at(i).params.len(),
            _ => 0,
        }
    }

    fn result_count(&self, ty: BlockTy) -> usize {
        match ty {
            BlockTy::Empty => 0,
            BlockTy::One(_) => 1,
            BlockTy::Func(i) => self.module.func_type_at(i).results.len(),
            BlockTy::Function => self.b.func.signature.results.len(),
        }
    }

    /// Gives a block parameters for the parameters of a frame.
    pub(super) fn append_params(&mut self, block: Block, ty: BlockTy) {
        if let BlockTy::Func(i) = ty {
            let module = self.module;
            self.append_types(block, &module.func_type_at(i).params);
        }
    }

    /// Gives a block parameters for the results of a frame.
    fn append_results(&mut self, block: Block, ty: BlockTy) {
        match ty {
            BlockTy::Empty => {}
            BlockTy::One(ty) => self.append_types(block, &[ty]),
            BlockTy::Func(i) => {
                let module = self.module;
                self.append_types(block, &module.func_type_at(i).results);
            }
            BlockTy::Function => {
                for i in 0..self.b.func.signature.results.len() {
                    let ty = self.b.func.signature.results[i];
                    self.b.func.append_param(block, ty);
                }
            }
        }
    }

    pub(super) fn append_types(&mut self, block: Block, types: &[ValType<TypeIdx>]) {
        for ty in types {
            let value = self
                .b
                .func
                .append_param(block, value_type(self.module, *ty));
            self.typed(value, *ty);
        }
    }

    /// Pushes the parameters of the block that is being written.
    pub(super) fn push_params(&mut self, block: Block) {
        self.s.stack.extend_from_slice(self.b.func.params(block));
    }

    /// Opens a control frame over its parameters.
    pub(super) fn open(&mut self, kind: Kind, ty: BlockTy) {
        let base = self.s.stack.len() - self.param_count(ty);
        let facts = self.s.facts.mark();
        self.s.control.push(Control::new(kind, ty, base, facts));
    }

    /// Takes back what was found in the innermost frame so far: it doesn't hold on the way that
    /// leads here.
    pub(super) fn forget_facts(&mut self) {
        let mark = self.innermost().facts;
        self.s.facts.forget(mark);
    }

    pub(super) fn innermost(&mut self) -> &mut Control {
        let frame = self.s.control.last_mut();
        frame.expect("operators are within the function's block")
    }

    /// Whether a block is entered; if not, it is dead to its end.
    pub(super) fn begin_block(&mut self) -> bool {
        let reachable = self.begin_op();
        if !reachable {
            self.dead_blocks += 1;
        }
        reachable
    }

    pub(super) fn block(&mut self, ty: wasmparser::BlockType) -> Result {
        if self.begin_block() {
            let ty = self.block_ty(ty)?;
            self.open(Kind::Plain, ty);
            self.open_fuel();
        }
        Ok(())
    }

    pub(super) fn loop_(&mut self, ty: wasmparser::BlockType) -> Result {
        if !self.begin_block() {
            return Ok(());
        }
        let ty = self.block_ty(ty)?;
        let start = Start {
            at: self.b.location(),
            tries: self.s.exceptions.tries(),
        };
        let kind = self.begin_loop(ty, start)?;
        self.open(kind, ty);
        self.open_fuel();
        Ok(())
    }

    /// Begins the head of a loop, with its parameters.
    pub(super) fn begin_loop(&mut self, ty: BlockTy, start: Start) -> Result<Kind> {
        let count = self.param_count(ty);
        self.charge(count)?;
        let head = self.new_block();
        self.append_params(head, ty);
        self.close_fuel();
        self.jump_block(head, count);
        self.pop_many(count);
        self.b.switch_to(head);
        self.push_params(head);
        let poll = self.options.interruption.then(|| self.poll());
        Ok(Kind::Loop {
            start,
            head,
            poll,
            branched: false,
        })
    }

    fn poll(&mut self) -> Inst {
        let address = self.loaded(Loaded::Exec);
        let slow = self.options.symbols.poll;
        self.b.push(InstData::Poll {
            address,
            offset: EXEC_STACK_LIMIT,
            slow,
        })
    }

    pub(super) fn if_(&mut self, ty: wasmparser::BlockType) -> Result {
        if !self.begin_block() {
            return Ok(());
        }
        let ty = self.block_ty(ty)?;
        let cond = self.pop();
        let count = self.param_count(ty);
        self.charge(count)?;
        let saved = self.s.saved.len();
        let params = self.s.stack.len() - count;
        self.s.saved.extend_from_slice(&self.s.stack[params..]);
        let (then, or_else) = (self.new_block(), self.new_block());
        self.branch(cond, then, or_else);
        self.enter(then);
        self.open(Kind::If { or_else, saved }, ty);
        self.open_fuel();
        Ok(())
    }

    /// Begins the part of an `if` for a condition that is zero, with its parameters; false if
    /// nothing comes there.
    fn enter_else(&mut self) -> bool {
        let frame = self.innermost();
        let Kind::If { or_else, saved } = frame.kind else {
            return false;
        };
        frame.kind = Kind::Plain;
        let base = frame.base;
        self.forget_facts();
        self.s.stack.truncate(base);
        self.s.stack.extend(self.s.saved.drain(saved..));
        self.enter(or_else);
        self.reachable = true;
        true
    }

    pub(super) fn else_(&mut self) -> Result {
        if self.dead_blocks > 0 {
            return Ok(());
        }
        self.begin_op();
        self.leave_to_end()?;
        if self.enter_else() {
            self.open_fuel();
        }
        Ok(())
    }

    /// Goes to the end of the innermost frame, whose results are on the stack.
    pub(super) fn leave_to_end(&mut self) -> Result {
        if self.reachable {
            let depth = self.s.control.len() - 1;
            let ty = self.s.control[depth].ty;
            let label = self.end_label(depth);
            let count = self.result_count(ty);
            self.charge(count)?;
            self.jump_block(label, count);
            self.reachable = false;
        }
        self.close_fuel();
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result {
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
            Kind::TryTable(_) => self.end_try_table()?,
            Kind::Try(_) => self.end_try(),
            Kind::Loop {
                head,
                poll,
                branched,
                ..
            } => self.end_loop(head, poll.filter(|_| !branched)),
            Kind::Peeled(peeled) => {
                if self.begin_again(peeled)? {
                    return Ok(());
                }
            }
            Kind::Function | Kind::Plain => {}
        }
        if self.innermost().label.is_some() {
            self.leave_to_end()?;
        }
        self.close_fuel();
        let frame = self.s.control.pop();
        let frame = frame.expect("the function's block is below");
        if let Some(label) = frame.label {
            self.s.facts.forget(frame.facts);
            self.s.stack.truncate(frame.base);
            self.enter(label);
            self.reachable = true;
            self.push_params(label);
        }
        if !self.reachable {
            self.s.stack.truncate(frame.base);
        } else if self.s.control.is_empty() {
            self.return_();
        } else {
            self.open_fuel();
        }
        Ok(())
    }

    fn end_loop(&mut self, head: Block, needless_poll: Option<Inst>) {
        self.b.seal(head);
        if let Some(poll) = needless_poll {
            self.b.func.remove(poll);
        }
    }

    /// The rest of the frame can't be reached.
    pub(super) fn unreachable_from_here(&mut self) {
        self.close_fuel();
        let base = self.innermost().base;
        self.s.stack.truncate(base);
        self.reachable = false;
    }

    /// A trap, always.
    pub(super) fn trap_here(&mut self, trap: Trap) {
        self.b.push(InstData::Trap(trap as u8));
        self.unreachable_from_here();
    }

    // Branches.

    /// The block at the end of the frame with this index.
    fn end_label(&mut self, index: usize) -> Block {
        if let Some(label) = self.s.control[index].label {
            return label;
        }
        let label = self.new_block();
        self.append_results(label, self.s.control[index].ty);
        self.s.control[index].label = Some(label);
        label
    }

    fn frame_index(&self, depth: u32) -> usize {
        self.s.control.len() - 1 - depth as usize
    }

    /// The block that a branch of some depth goes to, and how many values it takes.
    fn label(&mut self, depth: u32) -> (Block, usize) {
        let index = self.frame_index(depth);
        let frame = &mut self.s.control[index];
        let ty = frame.ty;
        match &mut frame.kind {
            Kind::Loop { head, branched, .. } => {
                *branched = true;
                (*head, self.param_count(ty))
            }
            Kind::Peeled(_) => (self.again_label(index), self.param_count(ty)),
            _ => (self.end_label(index), self.result_count(ty)),
        }
    }

    /// Jumps to a block with the topmost values.
    pub(super) fn jump_block(&mut self, block: Block, count: usize) {
        let first = self.s.stack.len() - count;
        self.b.jump(block, &self.s.stack[first..]);
    }

    /// Goes to a label with the topmost values.
    pub(super) fn jump(&mut self, depth: u32) -> Result {
        if self.frame_index(depth) == 0 {
            self.charge(self.result_count(BlockTy::Function))?;
            self.return_();
            return Ok(());
        }
        let (label, count) = self.label(depth);
        self.charge(count)?;
        self.jump_block(label, count);
        Ok(())
    }

    pub(super) fn br(&mut self, depth: u32) -> Result {
        self.jump(depth)?;
        self.unreachable_from_here();
        Ok(())
    }

    /// Returns the topmost values.
    pub(super) fn return_(&mut self) {
        let first = self.s.stack.len() - self.result_count(BlockTy::Function);
        let values: ValueList = self.b.func.list(&self.s.stack[first..]);
        self.b.push(InstData::Return(values));
    }

    pub(super) fn br_if(&mut self, depth: u32) -> Result {
        let cond = self.pop();
        self.branch_if(cond, true, depth)
    }

    /// Goes to a label with the topmost values, which stay, if the condition is `when`.
    fn branch_if(&mut self, cond: Value, when: bool, depth: u32) -> Result {
        let (label, count) = self.label(depth);
        self.charge(count)?;
        let next = self.new_block();
        let first = self.s.stack.len() - count;
        let taken = (label, &self.s.stack[first..]);
        let [then, or_else] = if when {
            [taken, (next, &[][..])]
        } else {
            [(next, &[][..]), taken]
        };
        self.b.branch(cond, then, or_else);
        self.enter(next);
        self.open_fuel();
        Ok(())
    }

    pub(super) fn br_on_null(&mut self, depth: u32) -> Result {
        let value = self.pop();
        let null = self.is_null(value);
        self.branch_if(null, true, depth)?;
        self.note_non_null(value);
        self.push(value);
        Ok(())
    }

    pub(super) fn br_on_non_null(&mut self, depth: u32) -> Result {
        let null = self.is_null(self.top(1)[0]);
        self.branch_if(null, false, depth)?;
        self.pop();
        Ok(())
    }

    pub(super) fn br_table(&mut self, table: wasmparser::BrTable<'_>) -> Result {
        let index = self.pop();
        // Each entry is an edge with operands of its own, to a block that may need all locals.
        let entries = table.len() as usize + 1;
        let (_, count) = self.label(table.default());
        self.charge(entries.saturating_mul(count + 1))?;
        self.blocks += entries as u64;
        self.check_size()?;
        let first = self.s.stack.len() - count;
        let mut targets = Vec::with_capacity(entries);
        for depth in table.targets().chain([Ok(table.default())]) {
            let (block, _) = self.label(depth?);
            let args = self.b.func.list(&self.s.stack[first..]);
            targets.push(tierra_ir::Target { block, args });
        }
        let targets = self.b.func.target_list(&targets);
        self.b.push(InstData::Switch { index, targets });
        self.unreachable_from_here();
        Ok(())
    }
}
