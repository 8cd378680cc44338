//! From the interpreter to code of one pass.
//!
//! A function that begins in the interpreter counts what it does there, too. When it has run for about as
//! long as code of one pass takes to make, it is compiled, while the guest waits; and if it stands at the
//! head of a loop, that code has an entry there.

use super::event::Event;
use super::module::{Outcome, Stage, State, TieredModule, caught};
use super::policy;
use super::rise::{check_size, check_states};
use crate::adapters::{Shape, Way};
use crate::image::shape;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tierra_core::index::FuncIdx;
use tierra_interp::{LoopExit, ModuleCode, loop_state};

impl TieredModule {
    /// A function that the interpreter runs has used up its budget. Tells how to go on in code of one
    /// pass, if there is some for the loop.
    pub(super) fn leave_interpreter(
        &self,
        code: &ModuleCode,
        func: FuncIdx,
        at: Option<u32>,
    ) -> Option<Arc<LoopExit>> {
        let record = self.record(func);
        let mut state = self.lock();
        if self.is_postponed(&mut state) {
            record.budget.store(0, Ordering::Relaxed);
            return None;
        }
        let place = self.place(func);
        let budget = match state.functions[place] {
            // What it counts leads nowhere; another thread may have found out.
            Stage::Interpreted => {
                record.budget.store(policy::NEVER, Ordering::Relaxed);
                return None;
            }
            Stage::Beginning => self.tiering.budget(self.body_len(func)),
            _ => self.tiering.pause_for(self.body_len(func)),
        };
        let exit = caught(
            &mut *state,
            |_| (),
            |state| self.leave_from(state, code, func, at),
        );
        let stays = state.functions[place] == Stage::Beginning;
        if stays {
            state.functions[place] = Stage::Interpreted;
        }
        drop(state);
        let budget = if stays { policy::NEVER } else { budget };
        record.budget.store(budget, Ordering::Relaxed);
        let exit = exit.unwrap_or_else(|why| {
            self.tell_stays(func, why);
            None
        });
        if let (Some(_), Some(at)) = (&exit, at) {
            self.tell(&Event::Entered { func: func.0, at });
        }
        exit
    }

    /// Gives a function machine code if it has none, lets the interpreter call it, and finds the way
    /// out of the loop.
    fn leave_from(
        &self,
        state: &mut State,
        code: &ModuleCode,
        func: FuncIdx,
        at: Option<u32>,
    ) -> Outcome<Option<Arc<LoopExit>>> {
        let exit = match at {
            Some(at) => self.exit_at(state, code, func, at),
            None => Ok(None),
        };
        if state.functions[self.place(func)] == Stage::Beginning {
            self.compile_first(state, func)?;
        }
        self.call_machine_code(state, code, func)?;
        exit
    }

    /// Lets the interpreter call a function's machine code.
    pub(super) fn call_machine_code(
        &self,
        state: &mut State,
        code: &ModuleCode,
        func: FuncIdx,
    ) -> Outcome<()> {
        let stage = state.functions[self.place(func)];
        if matches!(stage, Stage::New | Stage::Beginning | Stage::Interpreted) {
            return Err("it has no machine code".into());
        }
        let record = self.record(func);
        if !record.machine_adapter.load(Ordering::Acquire).is_null() {
            return Ok(());
        }
        let adapter = self.adapter(state, Way::In, shape(self.wasm(), func))?;
        let entry = record.machine_entry.load(Ordering::Acquire);
        // SAFETY: the entry is the function's own code, the adapter of its type; they live as long as
        // the module, and nobody changes the entry while the state is locked.
        unsafe { code.set_machine_code(func, entry, adapter as *mut u8) };
        Ok(())
    }

    /// The way out of the interpreter at the head of a loop. The function gets the code to which it
    /// leads, too, if it has none.
    fn exit_at(
        &self,
        state: &mut State,
        code: &ModuleCode,
        func: FuncIdx,
        at: u32,
    ) -> Outcome<Option<Arc<LoopExit>>> {
        if let Some(exit) = state.exits.get(&(func, at)) {
            return Ok(exit.clone());
        }
        // Only once, whatever comes of it.
        state.exits.insert((func, at), None);
        let exit = self.make_exit(state, code, func, at);
        let exit = exit.map_err(|why| format!("its loop at {at:#x}: {why}"))?;
        let exit = Arc::new(exit);
        state.exits.insert((func, at), Some(exit.clone()));
        Ok(Some(exit))
    }

    /// All of a function is compiled for each of its loops that the interpreter leaves, so there are
    /// not many of a large one.
    fn check_copies(&self, state: &mut State, func: FuncIdx) -> Outcome<()> {
        let copies = state.copies.entry(func).or_default();
        let bytes = *copies as usize * self.body_len(func);
        if bytes > policy::COPIES {
            return Err("there are enough copies of the function".into());
        }
        *copies += 1;
        Ok(())
    }

    fn make_exit(
        &self,
        state: &mut State,
        code: &ModuleCode,
        func: FuncIdx,
        at: u32,
    ) -> Outcome<LoopExit> {
        self.check_copies(state, func)?;
        self.check_room(&state.chunks, state.chunks.wanted(0))?;
        let from = loop_state(code, func, at)?.ok_or("there is no such loop")?;
        check_size(&from.state)?;
        let results = shape(self.wasm(), func).results;
        let params = Vec::new();
        let adapter = self.adapter(state, Way::In, Shape { params, results })?;
        let (address, to) = self.compile_in_one_pass(state, func, Some(at))?;
        let to = to.ok_or("there is no such loop")?;
        check_states(&from.state, &to.state)?;
        if state.functions[self.place(func)] == Stage::Beginning {
            self.count(state, func, address);
        }
        let to = [address + to.offset as usize, adapter].map(|address| address as *mut u8);
        Ok(LoopExit::new(code, func, from, to))
    }
}
