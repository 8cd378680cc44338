//! Exceptions: `try_table`, and the first proposal's `try`, which becomes the same.
//!
//! At a call, everything is in its place in the frame. So all calls that a clause covers share one
//! landing: it finds the exception in the first result register and everything else in the frame,
//! and is written where the covered code ends.
//!
//! The clauses of a legacy `try` come behind its body, but are needed in it: at the first one, the
//! rest of the function is read once, and for each `try`, in their order, its clauses are noted. The
//! exception that a `catch` caught is an operand below those of the block, where `rethrow` finds
//! it and the collector too.

use crate::builtin::{Immediates, imm};
use crate::compiler::{Compiler, Result};
use crate::control::Kind;
use crate::emit::outgoing;
use crate::regs::Holders;
use crate::value::{Loc, Ty};
use core::ops::Range;
use tierra_asm::code::Handler;
use tierra_asm::x64::{Gpr, Label, Op, Size};
use tierra_vm::builtins::Builtin;
use wasmparser::{Catch, Operator};

/// A `try_table` under way.
#[derive(Clone, Copy)]
pub(crate) struct TryTable {
    /// The first of its clauses, and the first of those of the module's order.
    first: usize,
    catches: usize,
}

/// A legacy `try` under way.
#[derive(Clone, Copy)]
pub(crate) struct Try {
    /// The first of its clauses.
    first: usize,
    /// How many of its clauses there were so far.
    caught: usize,
}

/// What catches: a tag, or everything; and where it goes on, if a call needed it.
#[derive(Clone, Copy)]
struct Clause {
    tag: Option<u32>,
    landing: Option<Label>,
}

/// A frame that handles exceptions.
struct Cover {
    /// Its index among the control frames.
    frame: usize,
    clauses: Range<usize>,
    /// The index of the frame whose handlers are the next to be asked, if not the next outer one.
    delegate: Option<usize>,
}

/// What is known ahead of a legacy `try`.
#[derive(Clone)]
struct Ahead {
    tags: Range<usize>,
    delegate: Option<u32>,
}

/// The memory for exceptions.
#[derive(Default)]
pub(crate) struct Exceptions {
    clauses: Vec<Clause>,
    catches: Vec<Catch>,
    /// The frames around the current operator that handle exceptions.
    covers: Vec<Cover>,
    has_ahead: bool,
    ahead: Vec<Ahead>,
    ahead_tags: Vec<Option<u32>>,
    /// How many legacy `try` there were so far.
    tries: usize,
    /// By tag, the last list of handlers that has it.
    seen: Vec<u32>,
    lists: u32,
    /// The handlers of calls from here on, if they are known.
    current: Option<(u32, u32)>,
    /// Where the handlers so far go on.
    pub landings: Vec<Label>,
}

impl Exceptions {
    pub fn clear(&mut self) {
        self.clauses.clear();
        self.catches.clear();
        self.covers.clear();
        self.has_ahead = false;
        self.ahead.clear();
        self.ahead_tags.clear();
        self.tries = 0;
        self.seen.clear();
        self.lists = 0;
        self.current = None;
        self.landings.clear();
    }

    /// Ends the part of a frame that is covered by its clauses.
    fn end_cover(&mut self, frame: usize) {
        if self.covers.last().is_some_and(|h| h.frame == frame) {
            self.covers.pop();
            self.current = None;
        }
    }
}

impl Compiler<'_> {
    /// The handlers of a call here, as a range of rows.
    pub fn handlers(&mut self) -> Result<(u32, u32)> {
        if self.s.exceptions.covers.is_empty() {
            return Ok((0, 0));
        }
        if let Some(range) = self.s.exceptions.current {
            return Ok(range);
        }
        let start = self.out.handlers.len() as u32;
        self.find_clauses()?;
        let range = (start, self.out.handlers.len() as u32);
        self.s.exceptions.current = Some(range);
        Ok(range)
    }

    /// A row for each clause that may catch what is thrown here, inner to outer. A tag is caught
    /// by the first clause with it, and nothing passes one for all.
    fn find_clauses(&mut self) -> Result {
        let tags = self.module.tags.len();
        let exceptions = &mut self.s.exceptions;
        exceptions.seen.resize(tags, 0);
        exceptions.lists += 1;
        let list = exceptions.lists;
        let mut outermost = usize::MAX;
        for cover in (0..self.s.exceptions.covers.len()).rev() {
            self.charge(1)?;
            let Cover {
                frame,
                ref clauses,
                delegate,
            } = self.s.exceptions.covers[cover];
            if frame > outermost {
                continue;
            }
            outermost = delegate.unwrap_or(outermost);
            for index in clauses.clone() {
                self.charge(1)?;
                let exceptions = &mut self.s.exceptions;
                let clause = &mut exceptions.clauses[index];
                if let Some(tag) = clause.tag {
                    let last = &mut exceptions.seen[tag as usize];
                    if core::mem::replace(last, list) == list {
                        continue;
                    }
                }
                let asm = &mut *self.asm;
                let landing = *clause.landing.get_or_insert_with(|| asm.label());
                exceptions.landings.push(landing);
                let tag = clause.tag;
                self.out.handlers.push(Handler { tag, landing_pc: 0 });
                if tag.is_none() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Covers what follows by clauses.
    fn cover(&mut self, first: usize, delegate: Option<usize>) {
        let frame = self.s.control.len();
        let exceptions = &mut self.s.exceptions;
        let clauses = first..exceptions.clauses.len();
        exceptions.current = None;
        exceptions.covers.push(Cover {
            frame,
            clauses,
            delegate,
        });
    }

    /// Goes on at a landing: the exception is the topmost operand, all else is in the frame.
    fn land(&mut self, landing: Label, base: usize) {
        self.truncate(base);
        self.asm.bind(landing);
        self.restore(&Holders::EMPTY);
        self.settled = base;
        self.reachable = true;
        self.push(Gpr::RAX, Ty::Ref);
    }

    /// Pushes the payload of the exception that is the operand with this index.
    fn push_payload(&mut self, exception: usize, tag: u32) -> Result {
        let module = self.module;
        let types = &module.func_type_at(module.tags[tag as usize]).params;
        if types.is_empty() {
            return Ok(());
        }
        self.charge(types.len())?;
        self.copy_operand(exception);
        self.call_builtin(Builtin::ExnFields, 1, Immediates::default())?;
        let mut offset = 0;
        for ty in types {
            let ty = Ty::of(module, *ty);
            self.push_outgoing(offset, ty);
            offset += ty.bytes() as u32;
        }
        Ok(())
    }

    /// Pushes a copy of a reference that is in a register or in its place.
    fn copy_operand(&mut self, index: usize) {
        let entry = self.s.stack[index];
        self.pinned = 0;
        if let Loc::Reg(r) = entry.loc {
            self.pinned |= r.bit();
            let d = self.alloc_int();
            self.rr(Op::Mov, Size::D, d, r.gpr());
            return self.push(d, Ty::Ref);
        }
        let d = self.alloc_int();
        self.load(d.into(), crate::emit::frame(entry.home), Ty::Ref);
        self.push(d, Ty::Ref);
    }

    // The operators.

    pub fn throw(&mut self, tag: u32) -> Result {
        let module = self.module;
        let count = module.func_type_at(module.tags[tag as usize]).params.len();
        self.charge(count)?;
        self.call_builtin(Builtin::ExnNew, count, imm(0u32, tag, 0u32))?;
        // The exception is left where the next builtin wants it.
        self.throw_operand()
    }

    /// Throws the exception that is the builtin's operand already.
    fn throw_operand(&mut self) -> Result {
        let handlers = self.handlers()?;
        self.emit_builtin(Builtin::Throw, Immediates::default(), handlers)?;
        self.trap_here(tierra_core::Trap::Unreachable);
        Ok(())
    }

    /// Throws an exception, which may be null: then the builtin traps.
    pub fn throw_ref(&mut self) -> Result {
        let r = self.pop_reg(Ty::Ref);
        self.store(outgoing(0), r, Ty::Ref);
        self.reserve_outgoing(8);
        self.clean_all();
        self.forget_all();
        self.throw_operand()
    }

    pub fn rethrow(&mut self, depth: u32) -> Result {
        let frame = &self.s.control[self.s.control.len() - 1 - depth as usize];
        debug_assert!(matches!(frame.kind, Kind::Catch(_)), "validation checks it");
        self.copy_operand(frame.base);
        self.throw_ref()
    }

    pub fn try_table(&mut self, table: wasmparser::TryTable) -> Result {
        if !self.begin_block() {
            return Ok(());
        }
        let ty = self.block_ty(table.ty)?;
        self.settle_operands();
        let exceptions = &mut self.s.exceptions;
        let (first, catches) = (exceptions.clauses.len(), exceptions.catches.len());
        for catch in &table.catches {
            let tag = match *catch {
                Catch::One { tag, .. } | Catch::OneRef { tag, .. } => Some(tag),
                Catch::All { .. } | Catch::AllRef { .. } => None,
            };
            let landing = None;
            exceptions.clauses.push(Clause { tag, landing });
        }
        exceptions.catches.extend(table.catches);
        self.cover(first, None);
        self.open(Kind::TryTable(TryTable { first, catches }), ty);
        self.open_fuel();
        Ok(())
    }

    /// Writes the landings of the clauses that calls need.
    pub fn end_try_table(&mut self, table: TryTable) -> Result {
        let index = self.s.control.len() - 1;
        let base = self.s.control[index].base;
        self.s.exceptions.end_cover(index);
        for clause in table.first..self.s.exceptions.clauses.len() {
            let Some(landing) = self.s.exceptions.clauses[clause].landing else {
                continue;
            };
            self.leave_to_end()?;
            self.land(landing, base);
            let catch = &self.s.exceptions.catches[table.catches + clause - table.first];
            let (tag, wants_ref, label) = match *catch {
                Catch::One { tag, label } => (Some(tag), false, label),
                Catch::OneRef { tag, label } => (Some(tag), true, label),
                Catch::All { label } => (None, false, label),
                Catch::AllRef { label } => (None, true, label),
            };
            if let Some(tag) = tag {
                self.push_payload(base, tag)?;
            }
            if wants_ref {
                self.copy_operand(base);
            }
            self.jump(label + 1)?;
            self.truncate(base);
            self.reachable = false;
        }
        self.s.exceptions.clauses.truncate(table.first);
        self.s.exceptions.catches.truncate(table.catches);
        Ok(())
    }

    pub fn legacy_try(&mut self, ty: wasmparser::BlockType) -> Result {
        self.look_ahead()?;
        let number = self.s.exceptions.tries;
        self.s.exceptions.tries += 1;
        if !self.begin_block() {
            return Ok(());
        }
        let ty = self.block_ty(ty)?;
        self.settle_operands();
        let depth = self.s.control.len();
        let exceptions = &mut self.s.exceptions;
        let Ahead { tags, delegate } = exceptions.ahead[number].clone();
        let delegate = delegate.map(|label| depth - 1 - label as usize);
        let first = exceptions.clauses.len();
        let landing = None;
        let clauses = exceptions.ahead_tags[tags].iter();
        exceptions
            .clauses
            .extend(clauses.map(|tag| Clause { tag: *tag, landing }));
        self.cover(first, delegate);
        self.open(Kind::Try(Try { first, caught: 0 }), ty);
        self.open_fuel();
        Ok(())
    }

    /// Reads the clauses of every `try` of the function.
    fn look_ahead(&mut self) -> Result {
        if core::mem::replace(&mut self.s.exceptions.has_ahead, true) {
            return Ok(());
        }
        let mut operators = wasmparser::OperatorsReader::new(self.code.clone());
        let mut found: Vec<(Vec<Option<u32>>, Option<u32>)> = Vec::new();
        // For each open block, which `try` it is, if it is one.
        let mut open = Vec::new();
        while !operators.eof() {
            let clause = match operators.read()? {
                Operator::Try { .. } => {
                    open.push(Some(found.len()));
                    found.push(Default::default());
                    continue;
                }
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. } => {
                    open.push(None);
                    continue;
                }
                Operator::Catch { tag_index } => Some(tag_index),
                Operator::CatchAll => None,
                Operator::Delegate { relative_depth } => {
                    if let Some(number) = open.pop().flatten() {
                        found[number].1 = Some(relative_depth);
                    }
                    continue;
                }
                Operator::End => {
                    open.pop();
                    continue;
                }
                _ => continue,
            };
            if let Some(&Some(number)) = open.last() {
                found[number].0.push(clause);
            }
        }
        let exceptions = &mut self.s.exceptions;
        for (tags, delegate) in found {
            let first = exceptions.ahead_tags.len();
            exceptions.ahead_tags.extend(tags);
            let tags = first..exceptions.ahead_tags.len();
            exceptions.ahead.push(Ahead { tags, delegate });
        }
        Ok(())
    }

    /// `catch` of a tag, or `catch_all`.
    pub fn legacy_catch(&mut self, tag: Option<u32>) -> Result {
        if self.dead_blocks > 0 {
            return Ok(());
        }
        self.pinned = 0;
        if self.reachable && self.has_flags {
            self.settle_flags();
        }
        self.leave_to_end()?;
        let index = self.s.control.len() - 1;
        self.s.exceptions.end_cover(index);
        let frame = self.innermost();
        let base = frame.base;
        let (Kind::Try(mut this) | Kind::Catch(mut this)) = frame.kind else {
            unreachable!("validation matches catch to try")
        };
        let clause = this.first + this.caught;
        this.caught += 1;
        frame.kind = Kind::Try(this);
        let Some(landing) = self.s.exceptions.clauses[clause].landing else {
            // Nothing in the body throws.
            self.truncate(base);
            self.reachable = false;
            return Ok(());
        };
        self.innermost().kind = Kind::Catch(this);
        self.land(landing, base);
        if let Some(tag) = tag {
            self.push_payload(base, tag)?;
        }
        self.open_fuel();
        self.count_fuel();
        Ok(())
    }

    /// `delegate`: the end of a `try` that hands exceptions to a handler further out.
    pub fn delegate(&mut self) -> Result {
        if self.dead_blocks == 0
            && let Kind::Try(frame) = self.innermost().kind
        {
            self.end_try(frame);
        }
        self.end()
    }

    /// The end of a legacy `try` whose last clause, if any, can't be reached.
    pub fn end_try(&mut self, frame: Try) {
        let index = self.s.control.len() - 1;
        self.s.exceptions.end_cover(index);
        self.s.exceptions.clauses.truncate(frame.first);
        self.innermost().kind = Kind::Plain;
    }
}
