//! What an engine may do: one value per knob, with its default and its unit.

use crate::{Error, Result};
use alloc::borrow::Cow;
use alloc::{format, vec::Vec};
use core::ops::Range;
use tierra_core::Features;

/// How functions are executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tier {
    /// The interpreter alone.
    #[cfg_attr(not(feature = "compiler"), default)]
    Interp,
    /// Every function is compiled by the one-pass compiler.
    Baseline,
    /// Every function is compiled by the optimizing compiler.
    Optimizing,
    /// Functions are compiled in one pass when they are first called, and rise to optimized code
    /// when they turn out to be hot, in the middle of loops too.
    #[cfg_attr(feature = "compiler", default)]
    Auto,
}

impl Tier {
    /// Every tier with the name that flags and errors use.
    pub const ALL: &[(&str, Tier)] = &[
        ("interp", Tier::Interp),
        ("baseline", Tier::Baseline),
        ("optimizing", Tier::Optimizing),
        ("auto", Tier::Auto),
    ];

    /// The name that flags and errors use.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, t)| *t == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether it runs machine code.
    fn is_compiled(self) -> bool {
        self != Tier::Interp
    }

    /// The tier of this name.
    ///
    /// # Errors
    /// When no tier has the name; the message lists those that exist.
    pub fn by_name(name: &str) -> Result<Tier> {
        Self::ALL
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, t)| *t)
            .ok_or_else(|| {
                let names = Self::ALL
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ");
                Error::msg(format!("unknown tier `{name}`; there are {names}"))
            })
    }
}

/// How hard the optimizing compiler tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OptLevel {
    /// Not at all.
    None,
    /// For fast code.
    #[default]
    Speed,
    /// For small code.
    Size,
}

/// The configuration of an [`Engine`](crate::Engine).
///
/// Every method returns the configuration again, so that calls chain.
///
/// ```
/// use tierra_runtime::{Config, Engine, Features};
///
/// let mut config = Config::new();
/// config.features(Features::default().with(Features::THREADS, false)).consume_fuel(true);
/// let engine = Engine::new(&config)?;
/// # Ok::<(), tierra_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) features: Features,
    pub(crate) consume_fuel: bool,
    pub(crate) interruption: bool,
    pub(crate) memory_guards: bool,
    pub(crate) max_stack: usize,
    pub(crate) max_host_depth: u32,
    pub(crate) gc_heap_max: usize,
    pub(crate) gc_stress: bool,
    pub(crate) tier: Tier,
    #[cfg(feature = "compiler")]
    pub(crate) tiering: tierra_engine::Tiering,
    pub(crate) parallel: bool,
    pub(crate) lazy_validation: bool,
    pub(crate) mixed_tiers: Option<u64>,
    pub(crate) only_functions: Option<Range<u32>>,
    pub(crate) compile_threads: usize,
    pub(crate) opt_level: OptLevel,
    pub(crate) cpu: Cow<'static, str>,
    pub(crate) through_artifacts: bool,
    pub(crate) perf_map: bool,
    pub(crate) jitdump: bool,
    pub(crate) native_debugger: bool,
    #[cfg(feature = "compiler")]
    pub(crate) cache: Option<tierra_cache::Cache>,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// The default: every standard feature, no fuel, a stack of 8 MiB; [`Tier::Auto`] where this
    /// build has compilers, else the interpreter.
    pub fn new() -> Self {
        Self {
            features: Features::default(),
            consume_fuel: false,
            interruption: true,
            memory_guards: true,
            max_stack: 8 << 20,
            max_host_depth: 200,
            gc_heap_max: 1 << 30,
            gc_stress: false,
            tier: Tier::default(),
            #[cfg(feature = "compiler")]
            tiering: tierra_engine::Tiering::default(),
            parallel: true,
            lazy_validation: false,
            mixed_tiers: None,
            only_functions: None,
            compile_threads: 0,
            opt_level: OptLevel::Speed,
            cpu: Cow::Borrowed("native"),
            through_artifacts: false,
            perf_map: false,
            jitdump: false,
            native_debugger: false,
            #[cfg(feature = "compiler")]
            cache: None,
        }
    }

    /// The features that modules may use.
    pub fn features(&mut self, features: Features) -> &mut Self {
        self.features = features;
        self
    }

    /// Switches features on or off.
    pub fn feature(&mut self, feature: Features, on: bool) -> &mut Self {
        self.features = self.features.with(feature, on);
        self
    }

    /// Whether guest code consumes fuel, which [`Store::set_fuel`](crate::Store::set_fuel) grants.
    pub fn consume_fuel(&mut self, on: bool) -> &mut Self {
        self.consume_fuel = on;
        self
    }

    /// Whether compiled loops notice that they are to stop; on by default. **Without it, code that
    /// loops forever can't be stopped by anything**: no deadline, no interrupter, no exit of
    /// another thread. Calls notice still, and the interpreter always does. It is meant for
    /// measuring, and for code that is trusted to end.
    pub fn interruption(&mut self, on: bool) -> &mut Self {
        self.interruption = on;
        self
    }

    /// Whether memories with 32-bit addresses reserve 6 GiB of address space each, behind whose
    /// end every access faults, so that compiled code need not check bounds; on by default.
    /// Without it all bounds are checked by instructions, and memories take as much address space
    /// as they may grow to. It makes no difference to what a program does.
    pub fn memory_guards(&mut self, on: bool) -> &mut Self {
        self.memory_guards = on;
        self
    }

    /// Bytes of stack for the guest calls of one store. When they are used up the guest traps
    /// with [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    pub fn max_stack(&mut self, bytes: usize) -> &mut Self {
        self.max_stack = bytes;
        self
    }

    /// How deep host functions that call back into the guest may nest before the guest traps with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    ///
    /// Each level takes native stack, how much depends on the host functions: the default of 200
    /// is meant for threads of 2 MiB.
    pub fn max_host_depth(&mut self, depth: u32) -> &mut Self {
        self.max_host_depth = depth;
        self
    }

    /// Bytes that the garbage-collected heap of one store may take, at most 4 GiB.
    pub fn gc_heap_max(&mut self, bytes: usize) -> &mut Self {
        self.gc_heap_max = bytes;
        self
    }

    /// Collects garbage at every allocation: slow, and it finds handles that are not rooted.
    pub fn gc_stress(&mut self, on: bool) -> &mut Self {
        self.gc_stress = on;
        self
    }

    /// How functions are executed.
    pub fn tier(&mut self, tier: Tier) -> &mut Self {
        self.tier = tier;
        self
    }

    /// How functions rise from tier to tier with [`Tier::Auto`].
    #[cfg(feature = "compiler")]
    pub fn tiering(&mut self, tiering: tierra_engine::Tiering) -> &mut Self {
        self.tiering = tiering;
        self
    }

    /// A mode for tests: every second function, chosen by the seed, stays in the interpreter
    /// although the tier is a compiler's.
    pub fn mixed_tiers(&mut self, seed: Option<u64>) -> &mut Self {
        self.mixed_tiers = seed;
        self
    }

    /// A mode for finding bugs: functions with an index outside of a range stay in the interpreter
    /// although the tier is a compiler's.
    pub fn only_functions(&mut self, functions: Option<Range<u32>>) -> &mut Self {
        self.only_functions = functions;
        self
    }

    /// How hard the optimizing compiler tries.
    pub fn opt_level(&mut self, level: OptLevel) -> &mut Self {
        self.opt_level = level;
        self
    }

    /// The processor that code is compiled for: `native` (the default) for this one, `baseline`
    /// for whatever runs compiled code at all, or either followed by features to add, or with a
    /// minus to leave out: `baseline,avx2,bmi1`. Code for more than this processor has can be
    /// made by [`Engine::precompile`](crate::Engine::precompile), not run.
    pub fn cpu(&mut self, cpu: impl Into<Cow<'static, str>>) -> &mut Self {
        self.cpu = cpu.into();
        self
    }

    /// How many threads compile a module; 0, the default, for as many as the machine has.
    pub fn compile_threads(&mut self, threads: usize) -> &mut Self {
        self.compile_threads = threads;
        self
    }

    /// A mode for tests: every compiled module is written as by
    /// [`Module::serialize`](crate::Module::serialize) and loaded again.
    pub fn through_artifacts(&mut self, on: bool) -> &mut Self {
        self.through_artifacts = on;
        self
    }

    /// Whether modules tell `perf` the names of their functions, in `/tmp/perf-PID.map`.
    pub fn perf_map(&mut self, on: bool) -> &mut Self {
        self.perf_map = on;
        self
    }

    /// Whether modules tell `perf` the names, code and source lines of their functions, in
    /// `/tmp/jit-PID.dump`: for `perf record -k mono`, then `perf inject --jit`. Lines are those of
    /// the module's debug information, else offsets in the module.
    pub fn jitdump(&mut self, on: bool) -> &mut Self {
        self.jitdump = on;
        self
    }

    /// Whether debuggers of native programs, GDB and LLDB, are told of compiled code, so that
    /// their backtraces go through it and name its functions. They find out by a symbol of the
    /// program, so it must not be stripped of that.
    pub fn native_debugger(&mut self, on: bool) -> &mut Self {
        self.native_debugger = on;
        self
    }

    /// Where the optimized code of [`Tier::Auto`] is kept from one process to the next; nowhere by
    /// default. **What is
    /// there is executed**: whoever can write as the user who runs this process can change it.
    #[cfg(feature = "compiler")]
    pub fn cache(&mut self, cache: Option<tierra_cache::Cache>) -> &mut Self {
        self.cache = cache;
        self
    }

    /// Whether large modules are validated, and compiled, by several threads (with the feature
    /// `std`).
    pub fn parallel_validation(&mut self, on: bool) -> &mut Self {
        self.parallel = on;
        self
    }

    /// Whether the body of a function is validated when something first reads it, to call, compile or
    /// inline it: large modules start sooner. **Not as the specification says**: a module with invalid
    /// bodies is accepted, and calling one of those traps, as by `unreachable`, with an error that says
    /// what is not valid. It is no less safe. What is [serialized](crate::Module::serialize) is valid.
    pub fn lazy_validation(&mut self, on: bool) -> &mut Self {
        self.lazy_validation = on;
        self
    }

    /// What makes machine code for an engine of this configuration.
    #[cfg(feature = "compiler")]
    pub(crate) fn compiler(&self) -> Result<Option<alloc::sync::Arc<tierra_engine::Compiler>>> {
        if !self.tier.is_compiled() {
            return Ok(None);
        }
        let settings = self.settings()?;
        let compiler = tierra_engine::Compiler::new(settings);
        if compiler.is_err() && self.tier == Tier::Auto {
            // The interpreter, which needs nothing of the machine, does all that there is to do.
            return Ok(None);
        }
        let compiler = compiler.map_err(|why| {
            let name = self.tier.name();
            Error::msg(format!("the tier `{name}` is not possible here: {why}"))
        })?;
        Ok(Some(compiler))
    }

    /// What the compilers are told.
    #[cfg(feature = "compiler")]
    pub(crate) fn settings(&self) -> Result<tierra_engine::Settings> {
        use tierra_engine::{CpuFeatures, OptLevel as Level};
        let (base, changes) = self.cpu.split_once(',').unwrap_or((&self.cpu, ""));
        let (base, changes) = match base {
            "native" => (tierra_engine::cpu_features(), changes),
            "baseline" => (CpuFeatures::baseline(), changes),
            _ => (CpuFeatures::baseline(), &*self.cpu),
        };
        let cpu = base.modify(changes).map_err(|unknown| {
            let names: Vec<_> = CpuFeatures::all().names().collect();
            let names = names.join(", ");
            Error::msg(format!("{unknown}; there are {names}"))
        })?;
        if !cpu.contains(CpuFeatures::baseline()) {
            return Err(Error::msg("compiled code needs the features of `baseline`"));
        }
        Ok(tierra_engine::Settings {
            fuel: self.consume_fuel,
            interruption: self.interruption,
            memory_guards: self.memory_guards,
            max_stack: self.max_stack,
            threads: if self.parallel {
                self.compile_threads
            } else {
                1
            },
            mix: self.mixed_tiers,
            only: self.only_functions.clone(),
            one_pass: self.tier == Tier::Baseline,
            opt_level: match self.opt_level {
                OptLevel::None => Level::None,
                OptLevel::Speed => Level::Full,
                OptLevel::Size => Level::Size,
            },
            cpu: Some(cpu),
            debugger: self.native_debugger,
            tiering: (self.tier == Tier::Auto).then(|| self.tiering.clone()),
            cache: self.cache.clone(),
        })
    }

    pub(crate) fn check(&self) -> Result<()> {
        let compiled = cfg!(feature = "compiler") && self.tier.is_compiled();
        if self.tier != Tier::Interp && !compiled {
            let name = self.tier.name();
            return Err(Error::msg(format!(
                "the tier `{name}` does not exist in this build; choose `interp`"
            )));
        }
        if self.through_artifacts && !self.tier.is_compiled() {
            return Err(Error::msg("compiled modules need a tier that compiles"));
        }
        if self.max_stack < 4 << 10 {
            return Err(Error::msg("max_stack must be at least 4096 bytes"));
        }
        if self.gc_heap_max as u64 > 4 << 30 {
            return Err(Error::msg("gc_heap_max must be at most 4 GiB"));
        }
        Ok(())
    }
}
