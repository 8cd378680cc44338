//! Better code: what is worth it, and making it.

use super::event::{Compiled, Event};
use super::module::{Done, Outcome, Stage, State, TieredModule, caught};
use super::policy;
use super::queue::Job;
use super::transfer::Transfer;
use crate::compiler::OSR_BUFFER;
use crate::one_pass::OnePass;
use crate::worker::Worker;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tierra_asm::code::CompiledFunction;
use tierra_baseline::{LoopState, loop_depths};
use tierra_core::FrameState;
use tierra_core::index::FuncIdx;

/// What became of a loop that somebody wants to leave.
pub(super) enum LoopStage {
    /// Somebody asked for better code; so often it has to ask until there is some.
    Asked { left: u32 },
    /// It is to be made; when somebody asked last.
    Queued { asked: Duration },
    /// It stays in code of one pass.
    Stays,
    /// Somebody who asks moves.
    Ready(Arc<Transfer>),
}

impl TieredModule {
    /// A function has used up its budget, at its entry or at the head of a loop. Tells how to go on
    /// in better code, if there is some for the loop.
    pub fn used_up(&self, func: FuncIdx, at: Option<u32>) -> Option<Arc<Transfer>> {
        let stress = &self.tiering.stress;
        let record = self.record(func);
        let mut state = self.lock();
        if self.is_postponed(&mut state) {
            record.budget.store(0, Ordering::Relaxed);
            return None;
        }
        let (job, mut pause) = self.wanted(&mut state, func, at);
        if let Some(job) = job {
            if stress.synchronous {
                drop(state);
                self.optimize(&mut Worker::new(self.settings()), job);
                state = self.lock();
            } else {
                self.enqueue(job);
            }
        }
        let ready = at.and_then(|at| match state.loops.get(&(func, at))? {
            LoopStage::Ready(transfer) => Some(transfer.clone()),
            LoopStage::Stays => {
                pause = policy::ASK_ELSEWHERE;
                None
            }
            LoopStage::Asked { .. } | LoopStage::Queued { .. } => None,
        });
        if ready.is_some() {
            // What moves leaves the other loops that it asked for. Who else asked will ask again.
            let stays = |stage: &LoopStage| !matches!(stage, LoopStage::Queued { .. });
            state
                .loops
                .retain(|(f, _), stage| *f != func || stays(stage));
        }
        drop(state);
        record.budget.store(pause, Ordering::Relaxed);
        if let (Some(_), Some(at)) = (&ready, at) {
            self.tell(&Event::Moved { func: func.0, at });
        }
        ready
    }

    /// In tests, whether what has used up its budget goes on as it is for now.
    pub(super) fn is_postponed(&self, state: &mut State) -> bool {
        self.tiering.stress.random.is_some_and(|seed| {
            state.choices += 1;
            self.tiering.chance(seed, state.choices, 3) != 0
        })
    }

    pub(super) fn enqueue(&self, job: Job) {
        let bytes = match job {
            Job::Function(func) | Job::Loop(func, _) => self.body_len(func),
            Job::Cached => 0,
        };
        let now = self.compiler.age().as_micros() as u64;
        let cost = (now, bytes);
        let threads = self.tiering.thread_count();
        let queue = self.compiler.queue();
        queue.push(self.this.clone(), job, cost, threads);
    }

    /// What is to be compiled now, and how much the function may do until it looks again.
    fn wanted(&self, state: &mut State, func: FuncIdx, at: Option<u32>) -> (Option<Job>, i32) {
        let place = self.place(func);
        let stage = state.functions[place];
        let pause = self.tiering.pause();
        if let Some(at) = at {
            let calls = self.record(func).calls.load(Ordering::Relaxed);
            let done = matches!(stage, Stage::Optimized | Stage::Stays);
            if done || calls <= policy::FEW_CALLS || self.tiering.stress.eager {
                return (self.wanted_loop(state, func, at), pause);
            }
        }
        match stage {
            Stage::Counting => {
                state.functions[place] = Stage::Queued;
                (Some(Job::Function(func)), pause)
            }
            Stage::Queued => (None, pause),
            _ => (None, policy::NEVER),
        }
    }

    /// A loop is worth code of its own if it still runs when it is asked about once more.
    fn wanted_loop(&self, state: &mut State, func: FuncIdx, at: u32) -> Option<Job> {
        let eager = self.tiering.stress.eager;
        let now = self.compiler.age();
        match state.loops.get_mut(&(func, at)) {
            None if !eager => {
                let left = self.patience(state, func, at);
                state.loops.insert((func, at), LoopStage::Asked { left });
                None
            }
            Some(LoopStage::Asked { left }) if *left > 1 => {
                *left -= 1;
                None
            }
            None | Some(LoopStage::Asked { .. }) => {
                let queued = LoopStage::Queued { asked: now };
                state.loops.insert((func, at), queued);
                Some(Job::Loop(func, at))
            }
            Some(LoopStage::Queued { asked }) => {
                *asked = now;
                None
            }
            Some(LoopStage::Stays | LoopStage::Ready(_)) => None,
        }
    }

    /// How often a loop has to ask: the outermost one of a large function is to be first.
    fn patience(&self, state: &mut State, func: FuncIdx, at: u32) -> u32 {
        let body = self.body_len(func);
        if body < policy::LARGE_BODY {
            return 1;
        }
        // The guest waits: a large function may have many loops, and is read once for all of them.
        let depths = state.depths.entry(func);
        let depths = depths.or_insert_with(|| loop_depths(self.wasm(), func).into_iter().collect());
        let depth = depths.get(&at).copied().unwrap_or(0);
        self.tiering.patience(body, depth).max(1)
    }

    /// Whether a loop whose code is to be made now has ended in the meantime: one that runs keeps
    /// asking. If it hasn't after all, it will ask again.
    fn has_ended(&self, func: FuncIdx, at: u32) -> bool {
        if self.tiering.stress.eager {
            return false;
        }
        let mut state = self.lock();
        let Some(LoopStage::Queued { asked }) = state.loops.get(&(func, at)) else {
            return true;
        };
        let ended = self.compiler.age().saturating_sub(*asked) > policy::SILENCE;
        if ended {
            state.loops.remove(&(func, at));
        }
        ended
    }

    /// Makes better code.
    pub fn optimize(&self, worker: &mut Worker, job: Job) {
        let stress = &self.tiering.stress;
        if !stress.delay.is_zero() {
            std::thread::sleep(stress.delay);
        }
        let renew = |worker: &mut Worker| *worker = Worker::new(self.settings());
        match job {
            Job::Cached => return self.load_cached(),
            Job::Function(func) if self.is_best(func) => {}
            Job::Function(func) => {
                let work = |worker: &mut Worker| self.optimize_function(worker, func);
                if let Err(why) = caught(worker, renew, work) {
                    let stage = &mut self.lock().functions[self.place(func)];
                    // The cache may have had it; in tests, it may have no code yet.
                    if *stage == Stage::Queued {
                        *stage = Stage::Stays;
                    }
                    self.tell_stays(func, why);
                }
            }
            Job::Loop(func, at) if self.has_ended(func, at) => {}
            Job::Loop(func, at) => {
                let work = |worker: &mut Worker| self.optimize_loop(worker, func, at);
                let stage = match caught(worker, renew, work) {
                    Ok(transfer) => LoopStage::Ready(Arc::new(transfer)),
                    Err(why) => {
                        self.tell_stays(func, format!("its loop at {at:#x}: {why}"));
                        LoopStage::Stays
                    }
                };
                let mut state = self.lock();
                state.loops.insert((func, at), stage);
                // The next run is to begin with it.
                let place = self.place(func);
                if self.cache().is_some() && state.functions[place] == Stage::Counting {
                    state.functions[place] = Stage::Queued;
                    drop(state);
                    self.enqueue(Job::Function(func));
                }
            }
        }
        self.compiler.counters().warm(self.compiler.age());
    }

    /// Whether a function has the best code already.
    fn is_best(&self, func: FuncIdx) -> bool {
        self.lock().functions[self.place(func)] == Stage::Optimized
    }

    /// Whether there is any memory for code left: else nothing is compiled in vain.
    fn check_memory(&self) -> Outcome<()> {
        let state = self.lock();
        self.check_room(&state.chunks, state.chunks.wanted(0))
    }

    /// For tests: fails now and then.
    fn fail_sometimes(&self) -> Outcome<()> {
        let stress = &self.tiering.stress;
        if stress.fail == 0 {
            return Ok(());
        }
        let mut state = self.lock();
        state.choices += 1;
        match state.choices % u64::from(stress.fail) {
            0 => Err("the configuration says so".into()),
            _ => Ok(()),
        }
    }

    fn optimize_function(&self, worker: &mut Worker, func: FuncIdx) -> Outcome<()> {
        self.fail_sometimes()?;
        self.check_memory()?;
        let start = Instant::now();
        let code = worker.compile(&self.callees(), func)?;
        let code = code.ok_or("the function is too large for the compiler")?;
        let time = start.elapsed();
        let mut state = self.lock();
        let entry = self.publish(&mut state, func, &code, None)?;
        state.functions[self.place(func)] = Stage::Optimized;
        let record = self.record(func);
        record
            .machine_entry
            .store(entry as *mut u8, Ordering::Release);
        drop(state);
        self.tell(&self.compiled(&Done {
            by: Compiled::Optimizing,
            func,
            code: &code,
            time,
        }));
        if self.cache().is_some() {
            self.lock().kept.add(func, code);
        }
        Ok(())
    }

    fn optimize_loop(&self, worker: &mut Worker, func: FuncIdx, at: u32) -> Outcome<Transfer> {
        self.fail_sometimes()?;
        self.check_memory()?;
        let start = Instant::now();
        let from = self.state_at(func, at)?;
        let code = worker.compile_loop(&self.callees(), func, at)?;
        let (code, state) = code.ok_or("it is too large for the compiler")?;
        check_states(&from.state, &state)?;
        let time = start.elapsed();
        let entry = self.publish(&mut self.lock(), func, &code, Some(at))?;
        self.tell(&self.compiled(&Done {
            by: Compiled::Loop(at),
            func,
            code: &code,
            time,
        }));
        Ok(Transfer::new(from, entry))
    }

    /// Where the values are at the head of a loop, in code of one pass.
    fn state_at(&self, func: FuncIdx, at: u32) -> Outcome<LoopState> {
        let mut one_pass = OnePass::counting(self.settings());
        let found = one_pass.loop_state(self.wasm(), func, at)?;
        let found = found.ok_or("there is no such loop")?;
        check_size(&found.state)?;
        Ok(found)
    }

    /// Puts the best code of a function into memory. Functions that have no such code yet are called
    /// by detours through their records.
    fn publish(
        &self,
        state: &mut State,
        func: FuncIdx,
        code: &CompiledFunction,
        at: Option<u32>,
    ) -> Outcome<usize> {
        let State {
            chunks, functions, ..
        } = state;
        let is_best = |symbol: u32| functions[self.place(FuncIdx(symbol))] == Stage::Optimized;
        let own = at.is_none().then_some(func);
        let code = crate::detours::with_detours(code, own, is_best);
        self.add(chunks, func, &code, 0)
    }
}

/// The state must fit into the buffer.
pub(super) fn check_size(state: &FrameState) -> Outcome<()> {
    if state.slots() * size_of::<u64>() > OSR_BUFFER {
        return Err("its state is too large".into());
    }
    Ok(())
}

/// What one tier writes must be what the other one reads.
pub(super) fn check_states(written: &FrameState, read: &FrameState) -> Outcome<()> {
    if written == read {
        return Ok(());
    }
    debug_assert_eq!(written, read);
    Err("the compilers disagree about the state of the loop".into())
}
