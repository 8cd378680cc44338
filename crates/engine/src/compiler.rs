//! The compilers of an engine, as its runtime sees them.

use crate::adapters::{Interner, Shape, Way};
use crate::artifact;
use crate::builtins::{TABLE, leave};
use crate::enter::{HEAD_ROOM, enter};
use crate::image::Image;
use crate::link;
use crate::load::{CompiledModule, Source};
use crate::sys::{self, NativeStack};
use crate::tier::event::Counters;
use crate::tier::queue::Queue;
use crate::tier::{TierStats, Tiering};
use std::any::Any;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tierra_asm::x64::Features;
use tierra_cache::Cache;
use tierra_codegen::OptLevel;
use tierra_compile::MemoryPlan;
use tierra_core::SlotType;
use tierra_core::index::FuncIdx;
use tierra_core::types::MemoryType;
use tierra_interp::ModuleCode;
use tierra_ir::Type;
use tierra_module::Module;
use tierra_vm::{Codeless, ExecContext, MachineTier};

/// Bytes for the state of a function that moves to better code: as much as a frame of code of one
/// pass. With arguments on the stack a state may be larger; such functions don't move.
pub(crate) const OSR_BUFFER: usize = 128 << 10;

/// How code is compiled: a part of an engine's configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Count fuel.
    pub fuel: bool,
    /// Loops notice that they are to stop.
    pub interruption: bool,
    /// Memories that can have guard pages have them.
    pub memory_guards: bool,
    /// Bytes of stack for the guest calls of one store.
    pub max_stack: usize,
    /// Threads that compile a module; 0 for as many as the machine has.
    pub threads: usize,
    /// Leaves every second function, chosen by this seed, to the interpreter: so that frames of
    /// all tiers meet.
    pub mix: Option<u64>,
    /// The functions that are compiled, by index, if not all of them.
    pub only: Option<Range<u32>>,
    /// Whether functions are compiled in one pass instead of being optimized.
    pub one_pass: bool,
    /// How hard to try.
    pub opt_level: OptLevel,
    /// The processor that code is for; `None` for this machine's.
    pub cpu: Option<Features>,
    /// Tell debuggers of native programs what runs.
    pub debugger: bool,
    /// How functions rise from tier to tier, if they do.
    pub tiering: Option<Tiering>,
    /// Where the optimized code of functions that rise is kept for the next run, if it is.
    pub cache: Option<Cache>,
}

impl Default for Settings {
    /// Modules are compiled ahead, with care, by all of the machine's threads.
    fn default() -> Self {
        Self {
            fuel: false,
            interruption: true,
            memory_guards: true,
            max_stack: 8 << 20,
            threads: 0,
            mix: None,
            only: None,
            one_pass: false,
            opt_level: OptLevel::Full,
            cpu: None,
            debugger: false,
            tiering: None,
            cache: None,
        }
    }
}

impl Settings {
    /// Whether a function is compiled.
    pub fn compiles(&self, func: FuncIdx) -> bool {
        if self
            .only
            .as_ref()
            .is_some_and(|only| !only.contains(&func.0))
        {
            return false;
        }
        // A step of SplitMix64: neighbours differ.
        self.mix.is_none_or(|seed| {
            let x = seed.wrapping_add(u64::from(func.0).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (x ^ x >> 27) & 1 == 0
        })
    }

    /// How the memories of a type are bounded.
    pub fn memory_plan(&self) -> fn(&MemoryType) -> MemoryPlan {
        if self.memory_guards {
            |ty| MemoryPlan {
                guarded: tierra_vm::is_guarded(ty),
            }
        } else {
            |_| MemoryPlan { guarded: false }
        }
    }

    /// What code may use of the processor.
    pub fn cpu_features(&self) -> Features {
        self.cpu.unwrap_or_else(crate::cpu::features)
    }
}

/// The compilers of an engine, and what its compiled code shares.
pub struct Compiler {
    settings: Settings,
    /// Where the stubs are.
    stubs: usize,
    host_adapters: Interner,
    guest_adapters: Interner,
    queue: Queue,
    counters: Counters,
    start: Instant,
}

/// What compiling a module came to.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stats {
    /// Functions that were compiled.
    pub functions: usize,
    /// Functions that stay in the interpreter because they exceed a limit of the compiler.
    pub interpreted: usize,
    /// Bytes of machine code.
    pub code_bytes: usize,
}

impl Compiler {
    /// The compilers of an engine.
    ///
    /// # Errors
    /// When the machine or the system can't run machine code of ours, or all memory for that is used
    /// up.
    pub fn new(settings: Settings) -> Result<Arc<Self>, String> {
        if !crate::cpu::features().contains(Features::baseline()) {
            return Err("the processor lacks SSE4.2 or POPCNT, which compiled code needs".into());
        }
        sys::catch_faults()?;
        let host_adapters = Interner::new(settings.debugger);
        Ok(Arc::new(Self {
            stubs: host_adapters.stubs()?,
            host_adapters,
            guest_adapters: Interner::new(settings.debugger),
            settings,
            queue: Queue::new(),
            counters: Counters::default(),
            start: Instant::now(),
        }))
    }

    /// What they were made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Compiles all functions of a module and lets its records know.
    ///
    /// # Errors
    /// When there is no memory for the code, or it is for another processor.
    pub fn compile(&self, module: &Module, code: &ModuleCode) -> Result<CompiledModule, String> {
        crate::cpu::check(self.settings.cpu_features())?;
        let image = Image::compile(module, &self.settings)?;
        // SAFETY: made for this module, and for this process.
        unsafe { CompiledModule::load(image, Source::Memory, module, code, &self.settings) }
    }

    /// Compiles a module to the bytes of an [`Artifact`](crate::Artifact); with `symbols`, tools
    /// for object files find functions by name.
    ///
    /// # Errors
    /// When the code is too large.
    pub fn precompile(&self, module: &Module, symbols: bool) -> Result<Vec<u8>, String> {
        let image = Image::compile(module, &self.settings)?;
        Ok(artifact::write(module, &image, &self.settings, symbols))
    }

    /// The bytes of an [`Artifact`](crate::Artifact) of a module that is compiled already.
    pub fn serialize(&self, module: &Module, compiled: &CompiledModule) -> Vec<u8> {
        artifact::write(module, &compiled.image(), &self.settings, false)
    }
}

impl Compiler {
    /// The threads that optimize.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What counts what happens.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What the modules came to whose functions rise from tier to tier.
    pub fn tier_stats(&self) -> TierStats {
        self.counters.stats()
    }

    /// How long ago this was made.
    pub(crate) fn age(&self) -> Duration {
        self.start.elapsed()
    }

    /// Bytes of memory that the adapters of the engine take.
    #[cfg(test)]
    pub(crate) fn adapter_bytes(&self) -> usize {
        self.host_adapters.bytes() + self.guest_adapters.bytes()
    }
}

fn code_at(address: usize) -> NonNull<u8> {
    NonNull::new(address as *mut u8).expect("code is not at address 0")
}

impl MachineTier for Compiler {
    fn first_entry(&self) -> NonNull<u8> {
        code_at(self.stubs + link::stubs().lazy as usize)
    }

    fn adapter(
        &self,
        to: Codeless,
        params: &[SlotType],
        results: &[SlotType],
    ) -> Result<NonNull<u8>, String> {
        let value = |ty: &SlotType| match ty {
            SlotType::I32 => Type::I32,
            SlotType::I64 => Type::I64,
            SlotType::F32 => Type::F32,
            SlotType::F64 => Type::F64,
            SlotType::V128 => Type::V128,
            SlotType::Ref => Type::Ref,
        };
        let shape = Shape {
            params: params.iter().map(value).collect(),
            results: results.iter().map(value).collect(),
        };
        let adapter = match to {
            Codeless::HostDirect => self.host_adapters.get(Way::Direct, shape),
            Codeless::Host => self.host_adapters.get(Way::Slots, shape),
            Codeless::Guest => self.guest_adapters.get(Way::Slots, shape),
        };
        Ok(code_at(adapter?))
    }

    fn memory_guards(&self) -> bool {
        self.settings.memory_guards
    }

    fn install(&self, exec: &ExecContext) -> Box<dyn Any + Send> {
        let stack = NativeStack::new(self.settings.max_stack + HEAD_ROOM + OSR_BUFFER);
        let stack = stack.unwrap_or_else(|error| panic!("{error}"));
        let range = stack.range();
        let end = range.end - OSR_BUFFER;
        exec.native_stack.set((range.start, end));
        exec.osr_buffer.set(end as *mut u64);
        exec.native_limit.set(end - self.settings.max_stack);
        exec.builtins.set(TABLE.as_ptr().cast());
        exec.enter_machine.set(Some(enter));
        exec.leave_machine.set(Some(leave));
        exec.install_limits();
        Box::new(stack)
    }
}
