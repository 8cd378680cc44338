//! The threads that optimize, and what they are to do.

use super::TieredModule;
use crate::inline::Callees;
use crate::worker::Worker;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use tierra_core::index::FuncIdx;

/// What is to be compiled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Job {
    /// A function.
    Function(FuncIdx),
    /// A function from the head of a loop on, by the offset in the module of the operator.
    Loop(FuncIdx, u32),
}

/// What is to be compiled, for all modules of an engine.
pub struct Queue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(Weak<TieredModule>, Job)>,
    /// Threads that were started, and those that wait.
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Queue {
    /// An empty one; threads are started when there is something to do.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            more: Condvar::new(),
        }))
    }

    /// Adds a job. At most so many threads work. If the system gives none, nothing is optimized.
    pub fn push(&self, module: Weak<TieredModule>, job: Job, threads: usize) {
        let mut state = self.0.lock();
        state.jobs.push_back((module, job));
        if state.idle == 0 && state.threads < threads {
            let shared = self.0.clone();
            let builder = std::thread::Builder::new().name("tierra-optimizing".into());
            if builder.spawn(move || shared.work()).is_ok() {
                state.threads += 1;
            }
        }
        drop(state);
        self.0.more.notify_one();
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.0.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<(Weak<TieredModule>, Job)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state.idle += 1;
            state = self
                .more
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn work(&self) {
        let mut worker = None;
        while let Some((module, job)) = self.next() {
            // A module that is gone needs no code any more.
            if let Some(module) = module.upgrade() {
                let worker = worker.get_or_insert_with(|| Worker::new(module.settings()));
                module.optimize(worker, job);
            }
        }
    }
}

impl TieredModule {
    /// What calls of the module's functions may be replaced by.
    pub(super) fn callees(&self) -> Callees<'_> {
        Callees {
            module: self.wasm(),
            settings: self.settings(),
            known: self.known(),
        }
    }
}
