//! Exceptions: `try_table`, and the first proposal's `try`, which becomes the same tables. A
//! legacy `catch` keeps its exception in a hidden slot below the payload, where `rethrow` finds
//! it.

use super::control::Block;
use super::emit::Last;
use super::stack::Kind;
use super::{Result, Translator, Ty, ty};
use crate::code::{Catch, Caught, TryRange};
use crate::operand::Args;
use crate::ops::exception::{Throw, ThrowRef};
use alloc::vec::Vec;
use tierra_core::index::TagIdx;

/// A `try_table` under way.
pub(super) struct TryTable {
    start: u32,
    catches: Vec<wasmparser::Catch>,
}

/// A legacy `try` under way.
pub(super) struct Try {
    start: u32,
    /// The handler, once there was a `catch`.
    handler: Option<usize>,
}

impl Translator<'_> {
    fn payload(&self, tag: u32) -> Vec<Ty> {
        let signature = self.module.func_type_at(self.module.tags[tag as usize]);
        signature
            .params
            .iter()
            .map(|t| ty(self.module, *t))
            .collect()
    }

    pub(super) fn try_table(&mut self, table: wasmparser::TryTable) -> Result {
        if !self.begin_op() {
            self.dead_blocks += 1;
            return Ok(());
        }
        let block = self.block_ty(table.ty)?;
        self.flush_all();
        let start = self.pos();
        self.open(
            Block::TryTable(TryTable {
                start,
                catches: table.catches,
            }),
            block,
        );
        self.open_fuel();
        Ok(())
    }

    /// Writes the landing pads of a `try_table`, one per clause: the payload is put into slots
    /// and carried to the label like any other values.
    pub(super) fn end_try_table(&mut self) -> Result {
        let Block::TryTable(table) = &mut self.top().kind else {
            unreachable!("the caller looked")
        };
        let (start, catches) = (table.start, core::mem::take(&mut table.catches));
        if catches.is_empty() {
            return Ok(());
        }
        self.leave_to_end();
        let mut handler = TryRange {
            start,
            end: self.pos(),
            depth: self.depth(),
            catches: Vec::new(),
        };
        let index = self.handlers.len();
        for clause in catches {
            use wasmparser::Catch as Clause;
            let (tag, wants_ref, label) = match clause {
                Clause::One { tag, label } => (Some(tag), false, label),
                Clause::OneRef { tag, label } => (Some(tag), true, label),
                Clause::All { label } => (None, false, label),
                Clause::AllRef { label } => (None, true, label),
            };
            let (target, slot) = (self.pos(), self.enter_handler());
            for t in tag.map_or(Vec::new(), |tag| self.payload(tag)) {
                self.push(Kind::Slot, t)?;
            }
            let exn_slot = wants_ref.then_some(self.height as u16);
            if wants_ref {
                self.push(Kind::Slot, Ty::HeapRef)?;
            }
            let what = tag.map_or(Caught::All, |tag| Caught::Tag(TagIdx(tag)));
            handler.catches.push(Catch {
                what,
                target,
                slot,
                exn_slot,
            });
            self.jump(label + 1)?;
        }
        self.handlers.insert(index, handler);
        self.unreachable_from_here();
        Ok(())
    }

    /// The number of control frames around the current one.
    fn depth(&self) -> u32 {
        self.control.len() as u32 - 1
    }

    /// Goes to the end of the block, whose results are on the stack.
    fn leave_to_end(&mut self) {
        if self.reachable {
            self.flush_results();
            let fixup = self.emit_jump();
            self.add_fixup(fixup);
        }
        self.close_fuel();
    }

    /// Begins a handler: nothing of the block is on the stack. Gives the next slot.
    fn enter_handler(&mut self) -> u16 {
        let base = self.top().base;
        self.drop_to(base);
        self.join();
        self.reachable = true;
        self.height as u16
    }

    pub(super) fn throw(&mut self, tag: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let count = self.payload(tag).len();
        self.flush_top(count);
        let dst = match count {
            0 => self.height as u16,
            _ => self.stack[self.stack.len() - count].slot,
        };
        self.clobber();
        self.flush_refs();
        self.mark();
        self.emit_instr::<Throw>(Args { dst, a: 0, b: tag });
        self.emit_site(0, 0);
        self.unreachable_from_here();
        Ok(())
    }

    pub(super) fn throw_ref(&mut self) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let exn = self.pop_slot();
        self.emit_throw_ref(exn);
        Ok(())
    }

    fn emit_throw_ref(&mut self, dst: u16) {
        self.clobber();
        self.flush_refs();
        self.mark();
        self.emit_instr::<ThrowRef>(Args { dst, a: 0, b: 0 });
        self.emit_site(0, 0);
        self.unreachable_from_here();
    }

    pub(super) fn legacy_try(&mut self, block: wasmparser::BlockType) -> Result {
        if !self.begin_op() {
            self.dead_blocks += 1;
            return Ok(());
        }
        let block = self.block_ty(block)?;
        self.flush_all();
        let start = self.pos();
        self.open(
            Block::Try(Try {
                start,
                handler: None,
            }),
            block,
        );
        self.open_fuel();
        Ok(())
    }

    /// `catch` of a tag, or `catch_all`.
    pub(super) fn legacy_catch(&mut self, tag: Option<u32>) -> Result {
        if self.dead_blocks > 0 {
            return Ok(());
        }
        let end = self.pos();
        self.leave_to_end();
        let index = self.legacy_handler(end);
        let (target, hidden) = (self.pos(), self.enter_handler());
        self.push(Kind::Slot, Ty::HeapRef)?;
        let slot = self.height as u16;
        for t in tag.map_or(Vec::new(), |tag| self.payload(tag)) {
            self.push(Kind::Slot, t)?;
        }
        self.flushed = self.stack.len();
        let what = tag.map_or(Caught::All, |tag| Caught::Tag(TagIdx(tag)));
        self.handlers[index].catches.push(Catch {
            what,
            target,
            slot,
            exn_slot: Some(hidden),
        });
        self.open_fuel();
        self.count_fuel();
        Ok(())
    }

    /// The handler of the legacy `try` on top, whose body ends here if it is new.
    fn legacy_handler(&mut self, end: u32) -> usize {
        let depth = self.depth();
        let index = self.handlers.len();
        let Block::Try(frame) = &mut self.top().kind else {
            unreachable!("validation matches catch to try")
        };
        if let Some(index) = frame.handler {
            return index;
        }
        frame.handler = Some(index);
        let start = frame.start;
        self.handlers.push(TryRange {
            start,
            end,
            depth,
            catches: Vec::new(),
        });
        index
    }

    /// `delegate`: the end of a `try` that hands exceptions to a handler further out.
    pub(super) fn delegate(&mut self, label: u32) -> Result {
        if self.dead_blocks > 0 {
            self.dead_blocks -= 1;
            return Ok(());
        }
        // What is covered must not be taken back: a comparison stays where it is.
        self.last = Last::Other;
        let end = self.pos();
        let index = self.legacy_handler(end);
        let to = self.depth() - 1 - label;
        let what = Caught::Delegate(to);
        self.handlers[index].catches.push(Catch {
            what,
            target: 0,
            slot: 0,
            exn_slot: None,
        });
        self.top().kind = Block::Plain;
        self.end()
    }

    /// A handler's results lie above the hidden slot: they are always moved.
    pub(super) fn end_try(&mut self) -> Result {
        let Block::Try(frame) = &self.top().kind else {
            unreachable!("the caller looked")
        };
        if frame.handler.is_some() && self.reachable {
            self.leave_to_end();
            self.unreachable_from_here();
        }
        if let Block::Try(frame) = &self.top().kind
            && frame.handler.is_none()
        {
            self.top().kind = Block::Plain;
        }
        Ok(())
    }

    pub(super) fn rethrow(&mut self, depth: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let frame = &self.control[self.control.len() - 1 - depth as usize];
        let hidden = frame.slot as u16;
        self.emit_throw_ref(hidden);
        Ok(())
    }
}
