//! What happens while functions rise, for people.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Something that happened to a function.
#[derive(Clone, Debug)]
pub enum Event {
    /// Code was made.
    Compiled {
        /// By which compiler.
        by: Compiled,
        /// The function's index in its module.
        func: u32,
        /// Bytes of its body.
        bytes: usize,
        /// Bytes of machine code.
        code: usize,
        /// How long it took.
        time: Duration,
    },
    /// A running loop moved to better code.
    Moved {
        /// The function's index in its module.
        func: u32,
        /// Where the loop begins, as an offset in the module.
        at: u32,
    },
    /// A running loop moved from the interpreter to code of one pass.
    Entered {
        /// The function's index in its module.
        func: u32,
        /// Where the loop begins, as an offset in the module.
        at: u32,
    },
    /// What the cache has can't be used, or it can't be written.
    Cache(String),
    /// The function stays in the tier that it is in.
    Stays {
        /// The function's index in its module.
        func: u32,
        /// Why.
        why: String,
    },
}

/// By which compiler code was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compiled {
    /// In one pass.
    Baseline,
    /// With care.
    Optimizing,
    /// With care, to begin at the head of a loop, as an offset in the module.
    Loop(u32),
    /// Earlier, and kept in the cache.
    Cached,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compiled {
                by,
                func,
                bytes,
                code,
                time,
            } => {
                let us = time.as_micros();
                match by {
                    Compiled::Baseline => write!(f, "baseline: function {func}")?,
                    Compiled::Optimizing => write!(f, "optimizing: function {func}")?,
                    Compiled::Loop(at) => {
                        write!(f, "optimizing: function {func} from its loop at {at:#x}")?;
                    }
                    Compiled::Cached => write!(f, "cached: function {func}")?,
                }
                write!(f, ", {bytes} bytes, to {code} in {us} µs")
            }
            Self::Moved { func, at } => {
                write!(f, "on-stack replacement: function {func}, loop at {at:#x}")
            }
            Self::Entered { func, at } => write!(
                f,
                "on-stack replacement: function {func}, loop at {at:#x}, from the interpreter"
            ),
            Self::Cache(what) => write!(f, "cached code is {what}"),
            Self::Stays { func, why } => write!(f, "function {func} stays in its tier: {why}"),
        }
    }
}

/// Who is told of events.
#[derive(Clone)]
pub struct Sink(pub Arc<dyn Fn(&Event) + Send + Sync>);

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

/// What one compiler did.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Made {
    /// Functions that were compiled.
    pub functions: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Bytes of their machine code.
    pub code: u64,
    /// How long it took, on all threads together.
    pub time: Duration,
}

/// What all modules of an engine came to whose functions rise from tier to tier.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct TierStats {
    /// Modules.
    pub modules: u64,
    /// Instances of these modules that there are or were, which share all that follows.
    pub instances: u64,
    /// Functions that they define.
    pub functions: u64,
    /// Functions that run, or ran, in the interpreter.
    pub interpreted: u64,
    /// What was compiled in one pass.
    pub baseline: Made,
    /// What was optimized.
    pub optimizing: Made,
    /// What was optimized to begin at the head of a loop.
    pub loops: Made,
    /// What came from the cache.
    pub cached: Made,
    /// How often a running loop moved from the interpreter to code of one pass.
    pub entered: u64,
    /// How often a running loop moved to better code.
    pub moved: u64,
    /// Functions and loops that stay where they are because better code can't be made.
    pub stay: u64,
    /// Bytes of memory for code that were taken.
    pub code_memory: u64,
    /// The time from the first module to the last function that was optimized.
    pub warm: Duration,
}

#[derive(Default)]
struct Counter {
    functions: AtomicU64,
    bytes: AtomicU64,
    code: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Counter {
    fn add(&self, bytes: usize, code: usize, time: Duration) {
        self.functions.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
        self.code.fetch_add(code as u64, Relaxed);
        self.nanoseconds.fetch_add(time.as_nanos() as u64, Relaxed);
    }

    fn made(&self) -> Made {
        Made {
            functions: self.functions.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            code: self.code.load(Relaxed),
            time: Duration::from_nanos(self.nanoseconds.load(Relaxed)),
        }
    }
}

/// Counts events.
#[derive(Default)]
pub struct Counters {
    made: [Counter; 4],
    pub modules: AtomicU64,
    pub instances: AtomicU64,
    pub functions: AtomicU64,
    pub interpreted: AtomicU64,
    entered: AtomicU64,
    moved: AtomicU64,
    stay: AtomicU64,
    pub code_memory: AtomicU64,
    warm: AtomicU64,
}

impl Counters {
    /// Counts an event.
    pub fn count(&self, event: &Event) {
        match event {
            Event::Compiled {
                by,
                bytes,
                code,
                time,
                ..
            } => self.made[by.index()].add(*bytes, *code, *time),
            Event::Moved { .. } => _ = self.moved.fetch_add(1, Relaxed),
            Event::Entered { .. } => _ = self.entered.fetch_add(1, Relaxed),
            Event::Cache(_) => {}
            Event::Stays { .. } => _ = self.stay.fetch_add(1, Relaxed),
        }
    }

    /// A function was optimized, so long after the engine was made.
    pub fn warm(&self, time: Duration) {
        self.warm.fetch_max(time.as_nanos() as u64, Relaxed);
    }

    /// What was counted.
    pub fn stats(&self) -> TierStats {
        let [baseline, optimizing, loops, cached] = self.made.each_ref().map(Counter::made);
        TierStats {
            modules: self.modules.load(Relaxed),
            instances: self.instances.load(Relaxed),
            functions: self.functions.load(Relaxed),
            interpreted: self.interpreted.load(Relaxed),
            baseline,
            optimizing,
            loops,
            cached,
            entered: self.entered.load(Relaxed),
            moved: self.moved.load(Relaxed),
            stay: self.stay.load(Relaxed),
            code_memory: self.code_memory.load(Relaxed),
            warm: Duration::from_nanos(self.warm.load(Relaxed)),
        }
    }
}

impl Compiled {
    fn index(self) -> usize {
        match self {
            Self::Baseline => 0,
            Self::Optimizing => 1,
            Self::Loop(_) => 2,
            Self::Cached => 3,
        }
    }
}
