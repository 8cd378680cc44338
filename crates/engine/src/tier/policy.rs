//! When a function is worth better code.

use std::time::Duration;

/// How functions rise: a part of an engine's configuration.
#[derive(Clone, Debug)]
pub struct Tiering {
    /// What a function may do in the code of one pass before better code is made, in bytes of its
    /// body that are run for each byte that has to be compiled.
    pub per_byte: u32,
    /// The same for functions so small that this counts more, in bytes.
    pub at_least: u32,
    /// The same in the interpreter, before code is made in one pass; `None` if functions begin in code
    /// of one pass, which takes about as long to make as what the interpreter runs.
    pub interpreted: Option<u32>,
    /// Bytes of memory for the machine code of a module. When they are used up, functions stay in
    /// the tier that they are in. The ways between tiers may have a mebibyte in any case.
    pub code_memory: usize,
    /// Threads that optimize; 0 for one less than the machine has, at least one.
    pub threads: usize,
    /// Makes rare things happen, for tests.
    pub stress: Stress,
    /// Who is told of what happens.
    pub sink: Option<super::Sink>,
}

/// What makes rare things happen, for tests.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Stress {
    /// Budgets are used up at once.
    pub eager: bool,
    /// The guest waits for better code whenever it asks for some: so what happens is the same each
    /// time.
    pub synchronous: bool,
    /// By this seed, functions are run by the interpreter, compiled in one pass or optimized at
    /// their first call, and loops are left at some of their rounds.
    pub random: Option<u64>,
    /// The optimizing thread waits so long before each function.
    pub delay: Duration,
    /// Every so many functions, the optimizing thread fails; 0 for never.
    pub fail: u32,
}

impl Default for Tiering {
    /// As often as makes good code pay off: a byte takes about a microsecond to optimize, and saves
    /// less than half a nanosecond each time it is run. Sooner is no gain even where there is another
    /// core for it, since two cores at work are often slower ones (`cargo xtask bench rise`).
    fn default() -> Self {
        Self {
            per_byte: 2_000,
            at_least: 100_000,
            interpreted: None,
            code_memory: 512 << 20,
            threads: 0,
            stress: Stress::default(),
            sink: None,
        }
    }
}

/// A function's calls up to which a loop that uses up its budget is thought to be where the function
/// will stay, so that it is worth code of its own first.
pub const FEW_CALLS: u32 = 4;
/// Bytes of a body from which on a loop within another one waits for that one to ask: code that
/// begins within both contains most of the function twice.
pub const LARGE_BODY: usize = 6 << 10;
/// Bytes of a function's body that may be compiled in one pass for its loops that the interpreter
/// leaves, before the last time.
pub const COPIES: usize = 512 << 10;
/// Bytes of memory that a module may have for adapters, if it may have none for code.
pub const ADAPTERS: usize = 1 << 20;
/// Bytes of code from which on it takes too long to find out what a module never does with its
/// tables.
pub const LARGE_CODE: usize = 2 << 20;
/// What a function may do while it waits for code, until it looks again.
pub const LOOK_AGAIN: i32 = 30_000;
/// A loop that runs looks again sooner than after this, unless its rounds take long: such a loop has to
/// ask once more.
pub const SILENCE: Duration = Duration::from_millis(5);
/// Where nothing better will come.
pub const NEVER: i32 = i32::MAX;
/// Where better code for a loop can't be made, so that an outer one gets to ask, in rounds.
pub const ASK_ELSEWHERE: i32 = 50 * 64;

impl Tiering {
    /// What a function may do before better code is made, by the size of its body.
    pub fn budget(&self, body: usize) -> i32 {
        if self.stress.eager {
            return 0;
        }
        let budget = (body as u64).saturating_mul(u64::from(self.per_byte));
        let budget = budget.max(u64::from(self.at_least));
        i32::try_from(budget).unwrap_or(i32::MAX)
    }

    /// What a function may do in the interpreter before it is compiled in one pass.
    pub fn interpreted_budget(&self, body: usize) -> i32 {
        if self.stress.eager {
            return 0;
        }
        let per_byte = self.interpreted.unwrap_or_default();
        let budget = (body as u64).saturating_mul(u64::from(per_byte));
        i32::try_from(budget).unwrap_or(i32::MAX)
    }

    /// How often a loop has to ask that is within so many others of a large function: until it has
    /// done a quarter of what makes the function worth better code, for each of them. It may be where
    /// the function stays.
    pub fn patience(&self, body: usize, depth: u32) -> u32 {
        depth.saturating_mul((self.budget(body) / (4 * LOOK_AGAIN)).cast_unsigned())
    }

    /// What a function may do until it looks again.
    pub fn pause(&self) -> i32 {
        if self.stress.eager { 0 } else { LOOK_AGAIN }
    }

    /// The same in the interpreter, where the next step is one pass over the whole body.
    pub fn pause_for(&self, body: usize) -> i32 {
        let pass = i32::try_from(body.saturating_mul(64)).unwrap_or(i32::MAX);
        if self.stress.eager {
            0
        } else {
            pass.max(LOOK_AGAIN)
        }
    }

    /// A choice of so many, by the seed and what it is for.
    pub fn chance(&self, seed: u64, what: u64, choices: u64) -> u64 {
        // Two steps of SplitMix64: neighbours differ.
        let mut x = seed ^ what.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for factor in [0xbf58_476d_1ce4_e5b9_u64, 0x94d0_49bb_1331_11eb] {
            x = (x ^ x >> 30).wrapping_mul(factor);
        }
        (x ^ x >> 31) % choices
    }

    /// How many threads optimize.
    pub fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, |n| (n.get() - 1).max(1)),
            n => n,
        }
    }
}
