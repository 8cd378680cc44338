//! Blocks and branches.

use super::emit::Last;
use super::numeric::{compare_ty, place};
use super::stack::{Kind, Operand};
use super::{Result, Translator, Ty, ty};
use crate::dispatch::handler;
use crate::operand::Args;
use crate::ops::branch::*;
use crate::ops::call::{RETURN1, Return0, ReturnSpan};
use crate::ops::numeric::{COMPARE, CompareId};
use crate::ops::variable::CopySpan;
use alloc::vec::Vec;
use tierra_core::index::TypeIdx;
use tierra_module::val_type;

/// A control frame.
pub(super) struct Control {
    pub kind: Block,
    pub ty: BlockTy,
    /// Entries of the stack below the block's parameters.
    pub base: usize,
    /// The slot of the first parameter, and of the first result.
    pub slot: u32,
    /// Branches forward to the end, to be pointed there.
    fixups: Vec<Fixup>,
}

/// What kind of block a control frame is.
pub(super) enum Block {
    Function,
    Plain,
    Loop {
        head: u32,
        /// Where it begins in the body, and where its rounds are counted.
        start: u32,
        count: Option<u32>,
    },
    /// The branch to the `else` part.
    If {
        to_else: Fixup,
    },
    Else,
    TryTable(super::exception::TryTable),
    /// Legacy `try`.
    Try(super::exception::Try),
}

/// A branch whose distance isn't known yet.
#[derive(Clone, Copy)]
pub(super) struct Fixup {
    /// The branch.
    pub instr: u32,
    /// The word with the distance.
    word: u32,
    /// Whether it is in the upper half of the word.
    upper: bool,
}

/// A block type without its type lists.
#[derive(Clone, Copy)]
pub(super) enum BlockTy {
    Empty,
    One(Ty),
    Func(TypeIdx),
    /// The function's own block.
    Function,
}

impl Control {
    pub fn function(slot: u32) -> Self {
        Self {
            kind: Block::Function,
            ty: BlockTy::Function,
            base: 0,
            slot,
            fixups: Vec::new(),
        }
    }

    pub fn new(kind: Block, ty: BlockTy, base: usize, slot: u32) -> Self {
        Self {
            kind,
            ty,
            base,
            slot,
            fixups: Vec::new(),
        }
    }
}

/// What decides a conditional branch.
pub(super) enum Condition {
    Const(bool),
    /// Holds when the comparison does, or doesn't if `negated`.
    Compare {
        op: CompareId,
        a: Operand,
        b: Operand,
        negated: bool,
    },
    And {
        a: Operand,
        b: Operand,
    },
}

/// What a branch aims at.
enum Target {
    Back(u32),
    /// The end of the control frame with this index.
    End(usize),
    Return,
}

impl Translator<'_> {
    pub(super) fn block_ty(&self, block: wasmparser::BlockType) -> Result<BlockTy> {
        Ok(match block {
            wasmparser::BlockType::Empty => BlockTy::Empty,
            wasmparser::BlockType::Type(t) => BlockTy::One(ty(self.module, val_type(t)?)),
            wasmparser::BlockType::FuncType(i) => BlockTy::Func(TypeIdx(i)),
        })
    }

    fn types(&self, block: BlockTy, params: bool) -> Vec<Ty> {
        match block {
            BlockTy::Empty => Vec::new(),
            BlockTy::One(t) => {
                if params {
                    Vec::new()
                } else {
                    [t].into()
                }
            }
            BlockTy::Func(i) => {
                let f = self.module.func_type_at(i);
                let types = if params { &f.params } else { &f.results };
                types.iter().map(|t| ty(self.module, *t)).collect()
            }
            BlockTy::Function => {
                if params {
                    Vec::new()
                } else {
                    self.results.clone()
                }
            }
        }
    }

    fn count(&self, block: BlockTy, params: bool) -> usize {
        match block {
            BlockTy::Empty => 0,
            BlockTy::One(_) => usize::from(!params),
            BlockTy::Func(i) => {
                let f = self.module.func_type_at(i);
                if params {
                    f.params.len()
                } else {
                    f.results.len()
                }
            }
            BlockTy::Function => {
                if params {
                    0
                } else {
                    self.results.len()
                }
            }
        }
    }

    /// Opens a control frame over its parameters, which have been flushed.
    pub(super) fn open(&mut self, kind: Block, block: BlockTy) {
        let base = self.stack.len() - self.count(block, true);
        let slot = self.stack.get(base).map_or(self.height, |e| e.slot.into());
        self.control.push(Control::new(kind, block, base, slot));
    }

    pub(super) fn block(&mut self, block: wasmparser::BlockType) -> Result {
        if !self.begin_op() {
            self.dead_blocks += 1;
            return Ok(());
        }
        let block = self.block_ty(block)?;
        self.flush_all();
        self.open(Block::Plain, block);
        self.open_fuel();
        Ok(())
    }

    pub(super) fn loop_(&mut self, block: wasmparser::BlockType) -> Result {
        if !self.begin_op() {
            self.dead_blocks += 1;
            return Ok(());
        }
        let block = self.block_ty(block)?;
        self.flush_all();
        self.flush_top(self.count(block, true));
        self.close_fuel();
        self.join();
        let head = self.pos();
        let (start, count) = (self.offset, self.count_round());
        self.open(Block::Loop { head, start, count }, block);
        self.open_fuel();
        Ok(())
    }

    pub(super) fn if_(&mut self, block: wasmparser::BlockType) -> Result {
        if !self.begin_op() {
            self.dead_blocks += 1;
            return Ok(());
        }
        let block = self.block_ty(block)?;
        let condition = self.take_condition();
        self.flush_all();
        self.flush_top(self.count(block, true));
        let to_else = self.emit_branch_if(condition, false, None)?;
        let to_else = to_else.unwrap_or(Fixup {
            instr: u32::MAX,
            word: 0,
            upper: false,
        });
        self.open(Block::If { to_else }, block);
        self.open_fuel();
        Ok(())
    }

    pub(super) fn else_(&mut self) -> Result {
        if self.dead_blocks > 0 {
            return Ok(());
        }
        if self.reachable {
            self.flush_results();
            self.count_fuel();
            let fixup = self.emit_jump();
            self.top().fixups.push(fixup);
        }
        self.close_fuel();
        let Block::If { to_else } = core::mem::replace(&mut self.top().kind, Block::Else) else {
            unreachable!("validation matches else to if")
        };
        self.restart(to_else)
    }

    /// Begins code that is reached by a branch only, with the block's parameters on the stack.
    fn restart(&mut self, from: Fixup) -> Result {
        let (base, block) = (self.top().base, self.top().ty);
        self.drop_to(base);
        self.join();
        self.reachable = true;
        if from.instr == u32::MAX {
            // The condition was a constant: this part is never reached.
            self.reachable = false;
        } else {
            let here = self.pos();
            self.fix(from, here);
        }
        for t in self.types(block, true) {
            self.push(Kind::Slot, t)?;
        }
        self.flushed = self.stack.len();
        if self.reachable {
            self.open_fuel();
        }
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result {
        if self.dead_blocks > 0 {
            self.dead_blocks -= 1;
            return Ok(());
        }
        self.begin_op();
        if self.control.len() == 1 {
            if self.reachable {
                self.return_()?;
            }
            self.close_fuel();
            self.control.pop();
            return Ok(());
        }
        match &mut self.top().kind {
            Block::If { to_else } => {
                let to_else = *to_else;
                // Without an `else`, the parameters are the results.
                if to_else.instr != u32::MAX {
                    self.top().fixups.push(to_else);
                }
            }
            Block::Loop {
                start,
                count: Some(place),
                ..
            } => {
                let (place, start) = (*place, *start);
                self.finish_round(place, start);
            }
            Block::TryTable(_) => self.end_try_table()?,
            Block::Try(_) => self.end_try()?,
            _ => {}
        }
        let branched = !self.top().fixups.is_empty();
        if self.reachable && branched {
            self.flush_results();
        }
        self.close_fuel();
        let frame = self.control.pop().expect("the function's block is below");
        if branched {
            let here = self.pos();
            for fixup in &frame.fixups {
                self.fix(*fixup, here);
            }
            self.drop_to(frame.base);
            self.join();
            self.reachable = true;
            for t in self.types(frame.ty, false) {
                self.push(Kind::Slot, t)?;
            }
            self.flushed = self.stack.len();
        } else if !self.reachable {
            self.drop_to(frame.base);
        }
        if self.reachable {
            self.open_fuel();
        }
        Ok(())
    }

    pub(super) fn top(&mut self) -> &mut Control {
        self.control
            .last_mut()
            .expect("operators are within the function's block")
    }

    /// The rest of the block can't be reached.
    pub(super) fn unreachable_from_here(&mut self) {
        self.close_fuel();
        let base = self.top().base;
        self.drop_to(base);
        self.reachable = false;
        self.last = Last::Other;
    }

    /// Puts the block's results where its end expects them.
    pub(super) fn flush_results(&mut self) {
        let (block, slot) = (self.top().ty, self.top().slot);
        self.move_top(self.count(block, false), slot);
    }

    /// Puts the top `count` values into slots from `slot` on. They stay on the stack; it is
    /// about to be dropped.
    fn move_top(&mut self, count: usize, slot: u32) {
        let Some(first) = self.stack.len().checked_sub(count).filter(|_| count > 0) else {
            return;
        };
        let dst = slot as u16;
        let entry = self.stack[first];
        if count == 1 && u32::from(entry.slot) != slot {
            let value = self.pop();
            let operand = self.operand(value);
            self.emit_copy(dst, operand, value.ty);
            // Only for the height's sake.
            self.stack.push(super::stack::Entry {
                kind: Kind::Slot,
                ..value
            });
            self.height += value.ty.slots();
            if value.ty == Ty::HeapRef {
                self.refs.push((self.stack.len() as u32 - 1, None));
            }
            return;
        }
        self.flush_top(count);
        if u32::from(entry.slot) != slot {
            let slots = self.height - u32::from(entry.slot);
            self.emit(
                handler::<CopySpan>(),
                Args {
                    dst,
                    a: entry.slot,
                    b: slots,
                },
            );
            self.written(dst, slots);
        }
    }

    /// The frame that a branch of some depth names.
    fn target(&self, depth: u32) -> (Target, BlockTy, u32) {
        let index = self.control.len() - 1 - depth as usize;
        let frame = &self.control[index];
        let target = match frame.kind {
            Block::Loop { head, .. } => Target::Back(head),
            Block::Function => Target::Return,
            _ => Target::End(index),
        };
        (target, frame.ty, frame.slot)
    }

    fn label_count(&self, depth: u32) -> usize {
        let (target, block, _) = self.target(depth);
        self.count(block, matches!(target, Target::Back(_)))
    }

    pub(super) fn br(&mut self, depth: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        self.jump(depth)?;
        self.unreachable_from_here();
        Ok(())
    }

    /// Goes to a label with the values on the stack.
    pub(super) fn jump(&mut self, depth: u32) -> Result {
        let (target, _, slot) = self.target(depth);
        let count = self.label_count(depth);
        match target {
            Target::Return => return self.return_(),
            Target::Back(head) => {
                self.move_top(count, slot);
                self.mark();
                let pos = self.emit_instr::<Br<Back>>(Args::default());
                let word = self.word_at(pos + 1);
                *word = Args {
                    b: head.wrapping_sub(pos),
                    ..Args::default()
                }
                .word();
            }
            Target::End(index) => {
                self.move_top(count, slot);
                let fixup = self.emit_jump();
                self.control[index].fixups.push(fixup);
            }
        }
        Ok(())
    }

    /// A branch forward, to be pointed somewhere.
    pub(super) fn emit_jump(&mut self) -> Fixup {
        let instr = self.emit_instr::<Br<Forward>>(Args::default());
        Fixup {
            instr,
            word: instr + 1,
            upper: true,
        }
    }

    /// A branch aims at the end of the block on top.
    pub(super) fn add_fixup(&mut self, fixup: Fixup) {
        self.top().fixups.push(fixup);
    }

    /// Points a branch to a position.
    pub(super) fn fix(&mut self, fixup: Fixup, to: u32) {
        let distance = u64::from(to.wrapping_sub(fixup.instr));
        let word = self.word_at(fixup.word);
        *word = if fixup.upper {
            *word & 0xffff_ffff | distance << 32
        } else {
            *word & !0xffff_ffff | distance
        };
    }

    /// Removes the condition on top of the stack, and the comparison that made it.
    pub(super) fn take_condition(&mut self) -> Condition {
        let last = self.last;
        let entry = self.pop();
        match (entry.kind, last) {
            (Kind::Const(value), _) => Condition::Const(value as u32 != 0),
            (
                Kind::Acc,
                Last::Compare {
                    pos,
                    op,
                    a,
                    b,
                    negated,
                },
            ) => {
                self.truncate(pos);
                self.forget(0);
                Condition::Compare { op, a, b, negated }
            }
            (Kind::Acc, Last::And { pos, a, b }) => {
                self.truncate(pos);
                self.forget(0);
                Condition::And { a, b }
            }
            _ => {
                let a = self.operand(entry);
                Condition::Compare {
                    op: CompareId::I32Ne,
                    a,
                    b: Operand::Const(0),
                    negated: false,
                }
            }
        }
    }

    /// Branches if the condition is `when`. Backward to `head`, or forward: then the fixup is
    /// returned (`None` if a constant condition never branches).
    fn emit_branch_if(
        &mut self,
        condition: Condition,
        when: bool,
        head: Option<u32>,
    ) -> Result<Option<Fixup>> {
        let (row, ty, mut a, mut b, mut when, mut op) = match condition {
            Condition::Const(value) => {
                if value != when {
                    return Ok(None);
                }
                (
                    None,
                    Ty::I32,
                    Operand::Const(0),
                    Operand::Const(0),
                    true,
                    None,
                )
            }
            Condition::Compare { op, a, b, negated } => {
                (None, compare_ty(op), a, b, when != negated, Some(op))
            }
            Condition::And { a, b } => (Some(&BR_AND), Ty::I32, a, b, when, None),
        };
        if let (true, Operand::Const(_)) = (op.is_some() || row.is_some(), a) {
            core::mem::swap(&mut a, &mut b);
            op = op.map(CompareId::swap);
        }
        if let (false, Some(negated)) = (when, op.and_then(CompareId::negate)) {
            (op, when) = (Some(negated), true);
        }
        let row = match (row, op) {
            (Some(row), _) => row,
            (None, Some(op)) => &BR_COMPARE[op as usize],
            (None, None) => {
                let fixup = self.emit_jump();
                if let Some(head) = head {
                    self.truncate(fixup.instr);
                    self.mark();
                    let instr = self.emit_instr::<Br<Back>>(Args::default());
                    self.fix(Fixup { instr, ..fixup }, head);
                }
                return Ok(Some(fixup));
            }
        };
        let short = |c: u64| {
            let value = if ty == Ty::I32 {
                i64::from(c as i32)
            } else {
                c as i64
            };
            i16::try_from(value)
                .ok()
                .filter(|_| matches!(ty, Ty::I32 | Ty::I64))
                .map(|v| v as u16)
        };
        let placed = match (a, b) {
            (Operand::Slot(x), Operand::Slot(y)) => Some((BranchMode::SlotSlot, x, y)),
            (Operand::Acc, Operand::Slot(y)) => Some((BranchMode::AccSlot, 0, y)),
            (Operand::Slot(x), Operand::Acc) => Some((BranchMode::SlotAcc, x, 0)),
            (Operand::Slot(x), Operand::Const(c)) => short(c).map(|c| (BranchMode::SlotImm, x, c)),
            (Operand::Acc, Operand::Const(c)) => short(c).map(|c| (BranchMode::AccImm, 0, c)),
            _ => None,
        };
        let Some((mode, dst, a)) = placed else {
            return self.branch_on_result(op, a, b, ty, when, head);
        };
        if head.is_some() {
            self.mark();
        }
        let op = row.op(mode, head.is_some(), when);
        let instr = self.emit(op, Args { dst, a, b: 0 });
        let fixup = Fixup {
            instr,
            word: instr + 1,
            upper: true,
        };
        if let Some(head) = head {
            self.fix(fixup, head);
        }
        Ok(Some(fixup))
    }

    /// A comparison whose constant a branch can't hold: first its result, then the branch. What
    /// is on the stack has been flushed, and nothing is pending.
    fn branch_on_result(
        &mut self,
        op: Option<CompareId>,
        a: Operand,
        b: Operand,
        ty: Ty,
        when: bool,
        head: Option<u32>,
    ) -> Result<Option<Fixup>> {
        let (row, ty) = match op {
            Some(op) => (&COMPARE[op as usize], ty),
            None => {
                let and = crate::ops::numeric::BinaryId::I32And;
                (&crate::ops::numeric::BINARY[and as usize], Ty::I32)
            }
        };
        let (mode, args, word) = place(a, b, ty);
        self.spill(0);
        self.forget(0);
        self.emit(row.ops(mode)[0], args);
        if let Some(word) = word {
            self.emit_word(word);
        }
        let zero = Operand::Const(0);
        let test = Condition::Compare {
            op: CompareId::I32Ne,
            a: Operand::Acc,
            b: zero,
            negated: false,
        };
        self.emit_branch_if(test, when, head)
    }

    pub(super) fn br_if(&mut self, depth: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let condition = self.take_condition();
        self.branch_if(condition, true, depth)
    }

    /// Goes to a label with the values on the stack, which stay, if the condition is `when`.
    pub(super) fn branch_if(&mut self, condition: Condition, when: bool, depth: u32) -> Result {
        let (target, _, slot) = self.target(depth);
        let count = self.label_count(depth);
        self.flush_all();
        self.flush_top(count);
        let in_place = count == 0 || u32::from(self.stack[self.stack.len() - count].slot) == slot;
        match target {
            Target::Back(head) if in_place => {
                self.emit_branch_if(condition, when, Some(head))?;
            }
            Target::End(index) if in_place => {
                if let Some(fixup) = self.emit_branch_if(condition, when, None)? {
                    self.control[index].fixups.push(fixup);
                }
            }
            _ => {
                let over = self.emit_branch_if(condition, !when, None)?;
                // The values stay for those who don't branch, and jumping only copies them.
                let (accumulators, flushed) = (self.accumulators, self.flushed);
                self.jump_copying(depth, count, slot)?;
                (self.accumulators, self.flushed) = (accumulators, flushed);
                if let Some(over) = over {
                    let here = self.pos();
                    self.fix(over, here);
                }
                self.join();
            }
        }
        self.last = Last::Other;
        self.open_fuel();
        Ok(())
    }

    /// As `jump`, with values that are in their canonical slots and stay on the stack.
    fn jump_copying(&mut self, depth: u32, count: usize, slot: u32) -> Result {
        if let (Target::Return, ..) = self.target(depth) {
            return self.return_();
        }
        if count > 0 {
            let first = self.stack[self.stack.len() - count].slot;
            let slots = self.height - u32::from(first);
            let dst = slot as u16;
            if u32::from(first) != slot {
                self.emit(
                    handler::<CopySpan>(),
                    Args {
                        dst,
                        a: first,
                        b: slots,
                    },
                );
            }
        }
        let fixup = match self.target(depth).0 {
            Target::Back(head) => {
                self.mark();
                let instr = self.emit_instr::<Br<Back>>(Args::default());
                self.fix(
                    Fixup {
                        instr,
                        word: instr + 1,
                        upper: true,
                    },
                    head,
                );
                return Ok(());
            }
            Target::End(index) => (self.emit_jump(), index),
            Target::Return => unreachable!("handled above"),
        };
        self.control[fixup.1].fixups.push(fixup.0);
        Ok(())
    }

    pub(super) fn br_table(&mut self, table: wasmparser::BrTable<'_>) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        // The index stays in the accumulator if it is there: flushing doesn't change it.
        if matches!(self.stack[self.stack.len() - 1].kind, Kind::Const(_)) {
            self.flush_top(1);
        }
        let entry = self.pop();
        let index = self.operand(entry);
        let count = self.label_count(table.default());
        self.flush_all();
        self.flush_top(count);
        let len = table.len();
        let instr = match index {
            Operand::Slot(dst) => {
                self.mark();
                self.emit_instr::<BrTable<crate::operand::SlotD>>(Args { dst, a: 0, b: len })
            }
            _ => {
                self.mark();
                self.emit_instr::<BrTable<crate::operand::Acc>>(Args {
                    dst: 0,
                    a: 0,
                    b: len,
                })
            }
        };
        for _ in 0..(len as usize + 2) / 2 {
            self.emit_word(0);
        }
        // Targets whose values lie elsewhere, or that return, get a few instructions of their
        // own behind the table; one per depth, so that the code stays linear.
        let mut stubs: Vec<(u32, Fixup)> = Vec::new();
        let targets = table.targets().chain([Ok(table.default())]);
        for (i, depth) in targets.enumerate() {
            let depth = depth?;
            let fixup = Fixup {
                instr,
                word: instr + 2 + i as u32 / 2,
                upper: i % 2 != 0,
            };
            let (target, _, slot) = self.target(depth);
            let in_place =
                count == 0 || u32::from(self.stack[self.stack.len() - count].slot) == slot;
            match target {
                Target::Back(head) if in_place => self.fix(fixup, head),
                Target::End(index) if in_place => self.control[index].fixups.push(fixup),
                _ => stubs.push((depth, fixup)),
            }
        }
        stubs.sort_by_key(|(depth, _)| *depth);
        for group in stubs.chunk_by(|a, b| a.0 == b.0) {
            self.join();
            let here = self.pos();
            for (_, fixup) in group {
                self.fix(*fixup, here);
            }
            let depth = group[0].0;
            let slot = self.target(depth).2;
            self.jump_copying(depth, count, slot)?;
        }
        self.unreachable_from_here();
        Ok(())
    }

    /// Returns the values on top of the stack.
    pub(super) fn return_(&mut self) -> Result {
        let header = self.param_slots.into();
        let count = self.results.len();
        if count == 0 {
            self.emit_instr::<Return0>(Args {
                b: header,
                ..Args::default()
            });
            return Ok(());
        }
        let index = self.stack.len() - count;
        let entry = self.stack[index];
        if let (1, Some(class)) = (count, entry.ty.class()) {
            let args = |a| Args {
                dst: 0,
                a,
                b: header,
            };
            match self.operand(entry) {
                Operand::Slot(a) => {
                    self.emit(RETURN1[class][0], args(a));
                }
                Operand::Acc => {
                    self.emit(RETURN1[class][1], args(0));
                }
                Operand::Const(value) => {
                    self.emit(RETURN1[class][2], args(0));
                    self.emit_word(value);
                }
            }
            return Ok(());
        }
        self.flush_top(count);
        let slots = self.height - u32::from(entry.slot);
        self.emit_instr::<ReturnSpan>(Args {
            dst: slots as u16,
            a: entry.slot,
            b: header,
        });
        Ok(())
    }
}
