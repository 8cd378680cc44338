//! The process: what all threads of one guest share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::args::StringList;
use crate::builder::WasiBuilder;
use crate::clock::Clocks;
use crate::guest::{Interrupt, Stop};
use crate::random::Random;
use crate::table::Table;
use crate::threads::Threads;

/// One WASI process: descriptors, arguments, environment, clocks, random numbers, threads
/// and exit status, shared by all threads of the guest.
///
/// Its functions are the methods that [`for_each_wasi_function!`] lists.
///
/// [`for_each_wasi_function!`]: crate::for_each_wasi_function
pub struct Wasi {
    pub(crate) args: StringList,
    pub(crate) environ: StringList,
    pub(crate) table: Table,
    pub(crate) clocks: Clocks,
    pub(crate) random: Random,
    pub(crate) threads: Threads,
    status: OnceLock<ExitStatus>,
    interrupts: Mutex<Interrupts>,
}

/// How a process ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExitStatus {
    /// By `proc_exit`, or by returning from its entry, which is 0.
    Exited(u32),
    /// By a trap in one of its threads, with the trap's message.
    Trapped(String),
    /// By its embedder.
    Killed,
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitStatus::Exited(code) => write!(f, "exit status {code}"),
            ExitStatus::Trapped(message) => write!(f, "trap: {message}"),
            ExitStatus::Killed => f.write_str("killed"),
        }
    }
}

impl std::error::Error for ExitStatus {}

#[derive(Default)]
struct Interrupts {
    next: u64,
    held: HashMap<u64, Arc<dyn Interrupt>>,
}

/// Keeps an interrupt registered with a process until it is dropped.
pub struct Registration {
    wasi: Arc<Wasi>,
    key: u64,
}

impl Wasi {
    /// Describes a process; without further words it has nothing of the host but clocks and
    /// random numbers.
    pub fn builder() -> WasiBuilder {
        WasiBuilder::new()
    }

    pub(crate) fn from_parts(
        args: StringList,
        environ: StringList,
        table: Table,
        clocks: Clocks,
        random: Random,
        max_threads: usize,
    ) -> Wasi {
        Wasi {
            args,
            environ,
            table,
            clocks,
            random,
            threads: Threads::new(max_threads),
            status: OnceLock::new(),
            interrupts: Mutex::default(),
        }
    }

    /// How the process ended, once it has.
    pub fn status(&self) -> Option<&ExitStatus> {
        self.status.get()
    }

    /// Ends the process: interrupts every registered thread, now and later. The first status
    /// stays; returns whether it is this one.
    pub fn end(&self, status: ExitStatus) -> bool {
        let first = self.status.set(status).is_ok();
        let held: Vec<_> = self.lock_interrupts().held.values().cloned().collect();
        for interrupt in held {
            interrupt.raise();
        }
        first
    }

    /// Registers what stops a thread of this process when the process ends; if it has ended
    /// already, at once.
    pub fn register(self: &Arc<Wasi>, interrupt: Arc<dyn Interrupt>) -> Registration {
        let key = {
            let mut interrupts = self.lock_interrupts();
            let key = interrupts.next;
            interrupts.next += 1;
            interrupts.held.insert(key, interrupt.clone());
            key
        };
        // `end` sets the status before it looks at the list: one of the two sees the other.
        if self.status.get().is_some() {
            interrupt.raise();
        }
        Registration {
            wasi: self.clone(),
            key,
        }
    }

    /// Fails once the process has ended.
    pub(crate) fn go_on(&self) -> Result<(), Stop> {
        if self.status.get().is_some() {
            Err(Stop::Interrupted)
        } else {
            Ok(())
        }
    }

    fn lock_interrupts(&self) -> std::sync::MutexGuard<'_, Interrupts> {
        self.interrupts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.wasi.lock_interrupts().held.remove(&self.key);
    }
}
