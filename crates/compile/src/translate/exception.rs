//! Exceptions: `try_table`, and the first proposal's `try`, which becomes the same.
//!
//! A call that may throw, in a frame that handles exceptions, is a `TryCall`: each clause that may
//! catch, inner to outer, has a landing block of the call's own, which goes on to the block of the
//! clause with the exception. That block takes the payload out and goes to the label.
//!
//! The clauses of a legacy `try` come behind its body, but are needed in it: at the first one, the
//! rest of the function is read once, and for each `try`, in their order, its clauses are noted.
//! The exception that a `catch` caught is a value of its block, which all uses of it are below:
//! `rethrow` needs no slot for it.

use super::builtin::imm;
use super::control::Kind;
use super::{Result, Translator, value_type};
use std::ops::Range;
use tierra_ir::{Block, Callee, Inst, InstData, SigRef, Target, Type, Value, ValueList};
use tierra_vm::builtins::Builtin;
use wasmparser::Operator;

/// What a landing block counts among operands of jumps.
const LANDING_COST: usize = 64;

/// A `try_table` under way.
pub(super) struct TryTable {
    /// The first of its clauses.
    first: usize,
    catches: Vec<wasmparser::Catch>,
}

/// A legacy `try` under way.
#[derive(Clone, Copy)]
pub(super) struct Try {
    /// The first of its clauses.
    first: usize,
    /// How many of its clauses there were so far.
    caught: usize,
}

/// What catches: a tag, or everything; and the block, if a call needed it.
#[derive(Clone, Copy)]
struct Clause {
    tag: Option<u32>,
    block: Option<Block>,
}

/// A frame that handles exceptions.
struct Handler {
    /// Its index among the control frames.
    frame: usize,
    clauses: Range<usize>,
    /// The index of the frame whose handlers are the next to be asked, if not the next outer one.
    delegate: Option<usize>,
}

/// What is known ahead of a legacy `try`.
struct Ahead {
    tags: Range<usize>,
    delegate: Option<u32>,
}

/// The memory for exceptions.
#[derive(Default)]
pub(super) struct Exceptions {
    clauses: Vec<Clause>,
    /// The frames around the current operator that handle exceptions.
    handlers: Vec<Handler>,
    ahead: Option<Vec<Ahead>>,
    ahead_tags: Vec<Option<u32>>,
    /// How many legacy `try` there were so far.
    tries: usize,
    /// By tag, the last call that has it among its handlers.
    seen: Vec<u32>,
    calls: u32,
}

impl Exceptions {
    pub fn clear(&mut self, tags: usize) {
        self.clauses.clear();
        self.handlers.clear();
        self.ahead = None;
        self.ahead_tags.clear();
        self.tries = 0;
        self.seen.clear();
        self.seen.resize(tags, 0);
        self.calls = 0;
    }

    /// How many legacy `try` there were so far.
    pub fn tries(&self) -> usize {
        self.tries
    }

    /// Goes back to where there had been so many legacy `try`.
    pub fn go_back(&mut self, tries: usize) {
        self.tries = tries;
    }

    /// No call has needed a clause yet.
    pub fn forget_blocks(&mut self) {
        for clause in &mut self.clauses {
            clause.block = None;
        }
    }

    /// Whether any frame around handles exceptions.
    pub fn is_handled(&self) -> bool {
        !self.handlers.is_empty()
    }

    /// Ends the part of the innermost frame that is covered by its clauses.
    fn end_cover(&mut self, frame: usize) {
        if self.handlers.last().is_some_and(|h| h.frame == frame) {
            self.handlers.pop();
        }
    }
}

impl Translator<'_> {
    /// A call that goes to the handlers around it.
    pub(super) fn try_call(
        &mut self,
        sig: SigRef,
        callee: Callee,
        args: ValueList,
    ) -> Result<Inst> {
        let mut landings = core::mem::take(&mut self.s.blocks);
        landings.clear();
        let mut tags = Vec::new();
        self.find_clauses(&mut landings, &mut tags)?;
        if tags.is_empty() {
            self.s.blocks = landings;
            let effects = tierra_ir::Effects::All;
            return Ok(self.b.push(InstData::Call {
                sig,
                effects,
                callee,
                args,
            }));
        }
        let next = self.new_block();
        let to = |block| Target {
            block,
            args: ValueList::EMPTY,
        };
        let mut targets = vec![to(next)];
        targets.extend(landings.iter().map(|(landing, _)| to(*landing)));
        let targets = self.b.func.target_list(&targets);
        let call = self.b.push(InstData::TryCall {
            sig,
            callee,
            args,
            targets,
        });
        self.b.func.set_handlers(call, tags);
        for (landing, clause) in landings.drain(..) {
            self.enter(landing);
            let exception = self.b.func.params(landing)[0];
            let block = self.clause_block(clause as usize);
            self.b.jump(block, &[exception]);
        }
        self.s.blocks = landings;
        self.enter(next);
        Ok(call)
    }

    /// A landing block for each clause that may catch what the current operator throws, inner to
    /// outer. A tag is caught by the first clause with it, and nothing passes one for all.
    fn find_clauses(
        &mut self,
        landings: &mut Vec<(Block, u32)>,
        tags: &mut Vec<Option<u32>>,
    ) -> Result {
        self.s.exceptions.calls += 1;
        let call = self.s.exceptions.calls;
        let mut outermost = usize::MAX;
        for handler in (0..self.s.exceptions.handlers.len()).rev() {
            self.charge(1)?;
            let Handler {
                frame,
                ref clauses,
                delegate,
            } = self.s.exceptions.handlers[handler];
            if frame > outermost {
                continue;
            }
            outermost = delegate.unwrap_or(outermost);
            for index in clauses.clone() {
                self.charge(1)?;
                let tag = self.s.exceptions.clauses[index].tag;
                if let Some(tag) = tag {
                    let last = &mut self.s.exceptions.seen[tag as usize];
                    if core::mem::replace(last, call) == call {
                        continue;
                    }
                }
                self.charge(LANDING_COST)?;
                let landing = self.cold_block();
                self.b.func.append_param(landing, Type::Ref);
                landings.push((landing, index as u32));
                tags.push(tag);
                if tag.is_none() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The block of a clause, of one parameter: the exception.
    fn clause_block(&mut self, clause: usize) -> Block {
        if let Some(block) = self.s.exceptions.clauses[clause].block {
            return block;
        }
        let block = self.new_block();
        self.b.func.append_param(block, Type::Ref);
        self.s.exceptions.clauses[clause].block = Some(block);
        block
    }

    /// Covers what follows by clauses.
    fn cover(
        &mut self,
        tags: impl IntoIterator<Item = Option<u32>>,
        delegate: Option<usize>,
    ) -> usize {
        let exceptions = &mut self.s.exceptions;
        let first = exceptions.clauses.len();
        let clauses = tags.into_iter().map(|tag| Clause { tag, block: None });
        exceptions.clauses.extend(clauses);
        exceptions.handlers.push(Handler {
            frame: self.s.control.len(),
            clauses: first..exceptions.clauses.len(),
            delegate,
        });
        first
    }

    /// Pushes the payload of an exception.
    fn push_payload(&mut self, exception: Value, tag: u32) -> Result {
        let module = self.module;
        let types = &module.func_type_at(module.tags[tag as usize]).params;
        if types.is_empty() {
            return Ok(());
        }
        self.charge(types.len())?;
        let at = self.call_builtin(Builtin::ExnFields, Default::default(), &[exception]);
        let mut offset = 0;
        for ty in types {
            let (value, next) = self.get_operand(at, offset, value_type(module, *ty));
            offset = next;
            self.typed(value, *ty);
            self.push(value);
        }
        Ok(())
    }

    // The operators.

    pub(super) fn throw(&mut self, tag: u32) -> Result {
        let module = self.module;
        let count = module.func_type_at(module.tags[tag as usize]).params.len();
        self.charge(count)?;
        let operands = self.top(count).to_vec();
        self.pop_many(count);
        // The exception is left where the next builtin wants it.
        let at = self.call_builtin(Builtin::ExnNew, imm(0u32, tag, 0u32), &operands);
        self.throw_operand(at)
    }

    /// Throws an exception, which may be null: then the builtin traps.
    pub(super) fn throw_ref(&mut self) -> Result {
        let exception = self.pop();
        self.throw_value(exception)
    }

    fn throw_value(&mut self, exception: Value) -> Result {
        let at = self.operands();
        self.put_operand(at, 0, exception);
        self.throw_operand(at)
    }

    pub(super) fn rethrow(&mut self, depth: u32) -> Result {
        let frame = &self.s.control[self.s.control.len() - 1 - depth as usize];
        let exception = frame.exception;
        self.throw_value(exception.expect("validation checks that it is a catch"))
    }

    pub(super) fn try_table(&mut self, table: wasmparser::TryTable) -> Result {
        if !self.begin_block() {
            return Ok(());
        }
        use wasmparser::Catch;
        let ty = self.block_ty(table.ty)?;
        let catches = table.catches;
        let tags = catches.iter().map(|catch| match *catch {
            Catch::One { tag, .. } | Catch::OneRef { tag, .. } => Some(tag),
            Catch::All { .. } | Catch::AllRef { .. } => None,
        });
        let first = self.cover(tags, None);
        self.open(Kind::TryTable(TryTable { first, catches }), ty);
        self.open_fuel();
        Ok(())
    }

    /// Writes the blocks of the clauses that calls need.
    pub(super) fn end_try_table(&mut self) -> Result {
        use wasmparser::Catch;
        let index = self.s.control.len() - 1;
        self.s.exceptions.end_cover(index);
        let kind = core::mem::replace(&mut self.innermost().kind, Kind::Plain);
        let Kind::TryTable(TryTable { first, catches }) = kind else {
            unreachable!("the caller looked")
        };
        for (index, catch) in catches.iter().enumerate() {
            let Some(block) = self.s.exceptions.clauses[first + index].block else {
                continue;
            };
            self.leave_to_end()?;
            self.b.func.set_cold(block);
            self.enter(block);
            self.forget_facts();
            let base = self.innermost().base;
            self.s.stack.truncate(base);
            let exception = self.b.func.params(block)[0];
            let (tag, wants_ref, label) = match *catch {
                Catch::One { tag, label } => (Some(tag), false, label),
                Catch::OneRef { tag, label } => (Some(tag), true, label),
                Catch::All { label } => (None, false, label),
                Catch::AllRef { label } => (None, true, label),
            };
            if let Some(tag) = tag {
                self.push_payload(exception, tag)?;
            }
            if wants_ref {
                self.push(exception);
            }
            self.jump(label + 1)?;
            self.s.stack.truncate(base);
        }
        self.s.exceptions.clauses.truncate(first);
        Ok(())
    }

    pub(super) fn legacy_try(&mut self, ty: wasmparser::BlockType) -> Result {
        self.look_ahead()?;
        let number = self.s.exceptions.tries;
        self.s.exceptions.tries += 1;
        if !self.begin_block() {
            return Ok(());
        }
        let ty = self.block_ty(ty)?;
        let ahead = self.s.exceptions.ahead.take();
        let ahead = ahead.expect("just looked");
        let tags: Vec<_> = self.s.exceptions.ahead_tags[ahead[number].tags.clone()].to_vec();
        let depth = self.s.control.len();
        let delegate = ahead[number]
            .delegate
            .map(|label| depth - 1 - label as usize);
        self.s.exceptions.ahead = Some(ahead);
        let first = self.cover(tags, delegate);
        self.open(Kind::Try(Try { first, caught: 0 }), ty);
        self.open_fuel();
        Ok(())
    }

    /// Reads the clauses of every `try` of the function.
    fn look_ahead(&mut self) -> Result {
        if self.s.exceptions.ahead.is_some() {
            return Ok(());
        }
        let mut operators = wasmparser::OperatorsReader::new(self.code.clone());
        let mut found: Vec<(Vec<Option<u32>>, Option<u32>)> = Vec::new();
        // For each open block, which `try` it is, if it is one.
        let mut open = Vec::new();
        while !operators.eof() {
            match operators.read()? {
                Operator::Try { .. } => {
                    open.push(Some(found.len()));
                    found.push(Default::default());
                }
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. } => open.push(None),
                Operator::Catch { tag_index } => add_clause(&mut found, &open, Some(tag_index)),
                Operator::CatchAll => add_clause(&mut found, &open, None),
                Operator::Delegate { relative_depth } => {
                    if let Some(number) = open.pop().flatten() {
                        found[number].1 = Some(relative_depth);
                    }
                }
                Operator::End => {
                    open.pop();
                }
                _ => {}
            }
        }
        let all = &mut self.s.exceptions.ahead_tags;
        let ahead = found.into_iter().map(|(tags, delegate)| {
            let first = all.len();
            all.extend(tags);
            let tags = first..all.len();
            Ahead { tags, delegate }
        });
        self.s.exceptions.ahead = Some(ahead.collect());
        Ok(())
    }

    /// `catch` of a tag, or `catch_all`.
    pub(super) fn legacy_catch(&mut self, tag: Option<u32>) -> Result {
        if self.dead_blocks > 0 {
            return Ok(());
        }
        self.leave_to_end()?;
        let index = self.s.control.len() - 1;
        self.s.exceptions.end_cover(index);
        let frame = self.innermost();
        frame.exception = None;
        let base = frame.base;
        let Kind::Try(frame) = &mut frame.kind else {
            unreachable!("validation matches catch to try")
        };
        let clause = frame.first + frame.caught;
        frame.caught += 1;
        self.s.stack.truncate(base);
        let Some(block) = self.s.exceptions.clauses[clause].block else {
            // Nothing in the body throws.
            self.reachable = false;
            return Ok(());
        };
        self.enter(block);
        self.forget_facts();
        self.reachable = true;
        let exception = self.b.func.params(block)[0];
        self.innermost().exception = Some(exception);
        if let Some(tag) = tag {
            self.push_payload(exception, tag)?;
        }
        self.open_fuel();
        self.count_fuel();
        Ok(())
    }

    /// `delegate`: the end of a `try` that hands exceptions to a handler further out.
    pub(super) fn delegate(&mut self) -> Result {
        if self.dead_blocks == 0 {
            self.end_try();
        }
        self.end()
    }

    /// The end of a legacy `try`, with whatever clauses.
    pub(super) fn end_try(&mut self) {
        let index = self.s.control.len() - 1;
        self.s.exceptions.end_cover(index);
        if let Kind::Try(frame) = self.innermost().kind {
            self.s.exceptions.clauses.truncate(frame.first);
            self.innermost().kind = Kind::Plain;
        }
    }
}

/// A clause of the innermost block, which is a `try`.
fn add_clause(
    found: &mut [(Vec<Option<u32>>, Option<u32>)],
    open: &[Option<usize>],
    tag: Option<u32>,
) {
    if let Some(&Some(number)) = open.last() {
        found[number].0.push(tag);
    }
}
