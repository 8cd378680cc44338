//! The threads that optimize, and what they are to do.
//!
//! What was asked for first is done first, except that small functions go before larger ones that are
//! not much older ([`LEAD`]): so many small ones don't wait for a large one, and none waits for ever.

use super::TieredModule;
use crate::inline::Callees;
use crate::worker::Worker;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use tierra_core::index::FuncIdx;

/// What is to be compiled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Job {
    /// A function.
    Function(FuncIdx),
    /// A function from the head of a loop on, by the offset in the module of the operator.
    Loop(FuncIdx, u32),
    /// What the cache has of the module is to be used.
    Cached,
}

/// A job that waits, by the time at which it is due: when it was asked for, and the later the larger it
/// is, in microseconds.
struct Waiting {
    due: Reverse<u64>,
    module: Weak<TieredModule>,
    job: Job,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

/// A function goes before one that was asked for a microsecond earlier if it is smaller by so many
/// bytes, each of which takes about a microsecond. More would make large functions wait that are hot.
const LEAD: u64 = 8;

/// What is to be compiled, for all modules of an engine.
pub struct Queue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    jobs: BinaryHeap<Waiting>,
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

    /// Adds a job, now in microseconds since some moment, for a body of so many bytes. At most so
    /// many threads work. If the system gives none, nothing is optimized.
    pub fn push(
        &self,
        module: Weak<TieredModule>,
        job: Job,
        (now, bytes): (u64, usize),
        threads: usize,
    ) {
        let due = Reverse(now + bytes as u64 / LEAD);
        let mut state = self.0.lock();
        state.jobs.push(Waiting { due, module, job });
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
            if let Some(Waiting { module, job, .. }) = state.jobs.pop() {
                return Some((module, job));
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
            feedback: Some(self),
        }
    }
}
