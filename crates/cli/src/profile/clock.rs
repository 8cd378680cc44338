//! The thread that asks, and the functions that are answered to.

use super::tree::Tree;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tierra::{InterruptHandle, Store};

/// Samples all stores of a run.
pub struct Profiler {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

/// What is attached to stores.
#[derive(Clone)]
pub struct Attachment(Arc<Shared>);

struct Shared {
    period: Duration,
    guests: Mutex<Vec<Guest>>,
    tree: Mutex<Tree>,
    ended: Mutex<bool>,
    end: Condvar,
}

struct Guest {
    /// Gone when the store is.
    store: Weak<()>,
    handle: InterruptHandle,
}

impl Profiler {
    /// Asks so many times in a second.
    pub fn start(rate: u32) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            period: Duration::from_secs(1) / rate,
            guests: Mutex::default(),
            tree: Mutex::default(),
            ended: Mutex::default(),
            end: Condvar::new(),
        });
        let clock = shared.clone();
        let thread = std::thread::Builder::new().name("tierra-profile".into());
        let thread = thread.spawn(move || clock.run())?;
        Ok(Self { shared, thread })
    }

    /// What stores are attached by.
    pub fn attachment(&self) -> Attachment {
        Attachment(self.shared.clone())
    }

    /// All that was answered.
    pub fn stop(self) -> Tree {
        *lock(&self.shared.ended) = true;
        self.shared.end.notify_one();
        // It has nothing to panic about; if it does, there are fewer samples.
        let _ = self.thread.join();
        std::mem::take(&mut *lock(&self.shared.tree))
    }
}

impl Attachment {
    /// Samples a store until it is dropped.
    pub fn attach<T: 'static>(&self, store: &mut Store<T>) {
        let alive = Arc::new(());
        lock(&self.0.guests).push(Guest {
            store: Arc::downgrade(&alive),
            handle: store.interrupt_handle(),
        });
        let shared = self.0.clone();
        store.set_sampler(move |sample| {
            // It lives as long as this function, which the store owns.
            let _alive = &alive;
            lock(&shared.tree).add(&sample);
        });
    }
}

impl Shared {
    fn run(&self) {
        let mut next = Instant::now() + self.period;
        let mut ended = lock(&self.ended);
        while !*ended {
            let now = Instant::now();
            if let Some(left) = next.checked_duration_since(now)
                && !left.is_zero()
            {
                let woken = self.end.wait_timeout(ended, left);
                ended = woken.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            // Those that a busy machine has slept over count, too.
            let missed = (now - next).as_nanos() / self.period.as_nanos();
            let ticks = u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1);
            next += self.period.saturating_mul(ticks);
            self.tick(ticks);
        }
    }

    fn tick(&self, ticks: u32) {
        lock(&self.guests).retain(|guest| {
            let lives = guest.store.strong_count() > 0;
            if lives {
                guest.handle.sample(ticks);
            }
            lives
        });
    }
}

/// What is locked is consistent between any two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
