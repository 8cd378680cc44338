//! The import `wasi.thread-spawn` of wasi-threads: numbers, limits, and who is alive.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::errno::Errno;
use crate::process::{ExitStatus, Wasi};

/// The largest thread number; the bits above are left to the guest's locks.
pub const MAX_THREAD_ID: u32 = 0x1FFF_FFFF;

/// Starts guest threads: instantiates the module again on a new host thread, with the same
/// memory, and calls `wasi_thread_start(thread.id(), start_arg)` there.
pub trait ThreadSpawner {
    /// Starts one. `thread` goes to the new host thread, and is dropped when it ends.
    fn spawn(&self, thread: WasiThread, start_arg: i32) -> Result<(), Errno>;
}

/// A running thread of a process other than its first; dropping it frees its number.
pub struct WasiThread {
    wasi: Arc<Wasi>,
    id: u32,
}

impl WasiThread {
    /// Its number, in `1..=MAX_THREAD_ID`.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The process it belongs to.
    pub fn process(&self) -> &Arc<Wasi> {
        &self.wasi
    }

    /// Reports that it ended by a trap, which ends the process.
    pub fn trapped(self, message: String) {
        self.wasi.end(ExitStatus::Trapped(message));
    }
}

impl Drop for WasiThread {
    fn drop(&mut self) {
        self.wasi.threads.lock().live.remove(&self.id);
        self.wasi.threads.ended.notify_all();
    }
}

pub(crate) struct Threads {
    state: Mutex<State>,
    ended: Condvar,
    limit: usize,
}

#[derive(Default)]
struct State {
    last: u32,
    live: HashSet<u32>,
}

impl Threads {
    pub fn new(limit: usize) -> Threads {
        Threads {
            state: Mutex::default(),
            ended: Condvar::new(),
            limit,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number that no live thread has; numbers are reused as late as possible.
    fn start(&self) -> Result<u32, Errno> {
        let mut state = self.lock();
        if state.live.len() >= self.limit.min(MAX_THREAD_ID as usize) {
            return Err(Errno::Again);
        }
        loop {
            state.last = if state.last == MAX_THREAD_ID {
                1
            } else {
                state.last + 1
            };
            let id = state.last;
            if state.live.insert(id) {
                return Ok(id);
            }
        }
    }
}

impl Wasi {
    /// `thread-spawn`: a new thread's number, or a negated error code.
    pub fn thread_spawn(
        self: &Arc<Wasi>,
        spawner: &dyn ThreadSpawner,
        start_arg: i32,
    ) -> Result<i32, crate::Stop> {
        self.go_on()?;
        let started = self.threads.start().and_then(|id| {
            let thread = WasiThread {
                wasi: self.clone(),
                id,
            };
            spawner.spawn(thread, start_arg).map(|()| id as i32)
        });
        Ok(started.unwrap_or_else(|errno| -i32::from(errno.code())))
    }

    /// How many threads run, the first not counted.
    pub fn live_threads(&self) -> usize {
        self.threads.lock().live.len()
    }

    /// Waits until every thread but the first has ended; after [`Wasi::end`] that is soon.
    pub fn join_threads(&self) {
        let mut state = self.threads.lock();
        while !state.live.is_empty() {
            state = self
                .threads
                .ended
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_and_skip_the_living() {
        let threads = Threads::new(3);
        assert_eq!(threads.start().unwrap(), 1);
        threads.lock().last = MAX_THREAD_ID;
        assert_eq!(threads.start().unwrap(), 2, "1 is alive");
        assert_eq!(threads.start().unwrap(), 3);
        assert_eq!(threads.start(), Err(Errno::Again));
    }
}
