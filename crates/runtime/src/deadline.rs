//! Deadlines: one thread for the whole process sleeps until the earliest, and interrupts.

use alloc::collections::BinaryHeap;
use alloc::sync::{Arc, Weak};
use core::cmp::{Ordering, Reverse};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Instant;
use tierra_vm::{ExecContext, reason};

/// A deadline that is armed as long as this lives.
pub(crate) struct Deadline {
    alive: Arc<Mutex<bool>>,
}

struct Entry {
    at: Instant,
    alive: Weak<Mutex<bool>>,
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
        let (Some(alive), Some(exec)) = (self.alive.upgrade(), self.exec.upgrade()) else {
            return;
        };
        // Under the lock: a deadline that was lifted does not interrupt any more.
        if *alive.lock().unwrap_or_else(PoisonError::into_inner) {
            exec.interrupt(reason::INTERRUPT);
        }
    }
}

impl Deadline {
    /// Interrupts at `at`, unless dropped before.
    pub(crate) fn new(exec: &Arc<ExecContext>, at: Instant) -> Self {
        let alive = Arc::new(Mutex::new(true));
        let entry = Entry {
            at,
            alive: Arc::downgrade(&alive),
            exec: Arc::downgrade(exec),
        };
        let timer = timer();
        timer
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Reverse(entry));
        timer.earlier.notify_one();
        Self { alive }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}
