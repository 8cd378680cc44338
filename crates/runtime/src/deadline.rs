//! Deadlines: one thread for the whole process sleeps until the earliest, and interrupts.

use alloc::collections::BinaryHeap;
use alloc::sync::{Arc, Weak};
use core::cmp::{Ordering, Reverse};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Instant;
use tierra_vm::{ExecContext, reason};

/// A deadline that is armed as long as this lives.
pub(crate) struct Deadline {
    state: Arc<Mutex<State>>,
    exec: Arc<ExecContext>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Armed,
    Fired,
    Lifted,
}

struct Entry {
    at: Instant,
    state: Weak<Mutex<State>>,
    exec: Weak<ExecContext>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

struct Timer {
    entries: Mutex<BinaryHeap<Reverse<Entry>>>,
    earlier: Condvar,
}

fn timer() -> &'static Timer {
    static TIMER: OnceLock<Timer> = OnceLock::new();
    let mut first = false;
    let timer = TIMER.get_or_init(|| {
        first = true;
        Timer {
            entries: Mutex::new(BinaryHeap::new()),
            earlier: Condvar::new(),
        }
    });
    if first {
        std::thread::Builder::new()
            .name("tierra-deadlines".into())
            .spawn(|| self::timer().run())
            .expect("a thread for deadlines can be started");
    }
    timer
}

impl Timer {
    fn run(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            while entries.peek().is_some_and(|Reverse(e)| e.at <= now) {
                if let Some(Reverse(entry)) = entries.pop() {
                    entry.fire();
                }
            }
            entries = match entries
                .peek()
                .map(|Reverse(e)| e.at.saturating_duration_since(now))
            {
                Some(time) => {
                    self.earlier
                        .wait_timeout(entries, time)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
                None => self
                    .earlier
                    .wait(entries)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Entry {
    fn fire(&self) {
        let (Some(state), Some(exec)) = (self.state.upgrade(), self.exec.upgrade()) else {
            return;
        };
        // Under the lock: a deadline that was lifted does not interrupt any more.
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Armed {
            *state = State::Fired;
            exec.interrupt(reason::INTERRUPT);
        }
    }
}

impl Deadline {
    /// Interrupts at `at`, unless dropped before.
    pub(crate) fn new(exec: &Arc<ExecContext>, at: Instant) -> Self {
        let state = Arc::new(Mutex::new(State::Armed));
        let entry = Entry {
            at,
            state: Arc::downgrade(&state),
            exec: Arc::downgrade(exec),
        };
        let timer = timer();
        timer
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Reverse(entry));
        timer.earlier.notify_one();
        Self {
            state,
            exec: exec.clone(),
        }
    }
}

impl Drop for Deadline {
    /// The store's thread lifts the deadline: what it did too late is taken back.
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if core::mem::replace(&mut *state, State::Lifted) == State::Fired {
            self.exec
                .reasons
                .fetch_and(!reason::INTERRUPT, core::sync::atomic::Ordering::SeqCst);
            self.exec.install_limits();
        }
    }
}
