//! Stores and instances of a run: for its first thread, and for those that the guest starts.

use super::entry::{self, Entry};
use super::imports::{self, Unmet};
use crate::failure::Failure;
use crate::options::RunOptions;
use crate::profile::Attachment;
use crate::source::Source;
use std::time::{Duration, Instant};
use tierra::{
    Engine, Error, ExternType, Instance, Linker, Module, Result, SharedMemory, Store, StoreLimits,
    Val,
};
use tierra_wasi::{ThreadHost, WasiHandle};

/// The data of every store.
pub struct State {
    wasi: WasiHandle,
}

/// What all threads of a run have in common.
pub struct Host {
    engine: Engine,
    module: Module,
    preloads: Vec<(String, Module)>,
    /// What belongs to no store.
    linker: Linker<State>,
    /// The memory that threads share, if the module imports one.
    memory: Option<SharedMemory>,
    trap_unknown: bool,
    limits: StoreLimits,
    profiler: Option<Attachment>,
    fuel: Option<u64>,
    deadline: Option<(Instant, Duration)>,
}

impl Host {
    /// The host of a run of a module.
    pub fn new(
        options: &RunOptions,
        module: Module,
        profiler: Option<Attachment>,
    ) -> std::result::Result<Host, Failure> {
        let engine = module.engine().clone();
        let mut linker = Linker::new(&engine);
        let defined = tierra_wasi::add_to_linker(&mut linker, |state: &mut State| &mut state.wasi)
            .and_then(|()| {
                tierra_wasi::add_threads_to_linker(&mut linker, |state: &mut State| &mut state.wasi)
            });
        defined.map_err(Failure::host)?;
        let preloads = options
            .preloads()
            .map(|(name, file)| {
                Ok((
                    name.to_owned(),
                    Source::read(&file)?.trusted(&engine, options.allow_precompiled)?,
                ))
            })
            .collect::<std::result::Result<Vec<_>, Failure>>()?;
        // What the user gives stands before what we have.
        linker.allow_shadowing(true);
        let limits = limits(options);
        let memory = shared_memory(&mut linker, &module, &preloads, &limits)?;
        Ok(Host {
            engine,
            module,
            preloads,
            linker,
            memory,
            trap_unknown: options.trap_unknown_imports,
            limits,
            profiler,
            fuel: options.limits.fuel,
            deadline: options
                .limits
                .timeout
                .map(|timeout| (Instant::now(), timeout)),
        })
    }

    /// Runs the first thread.
    pub fn run(&self, mut wasi: WasiHandle, entry: &Entry) -> Result<Vec<Val>> {
        if let Some(memory) = &self.memory {
            wasi.set_memory(memory.clone());
        }
        let mut store = self.store(wasi)?;
        let interrupt = store.interrupt_handle();
        Host::handle(store.data_mut()).attach(interrupt);
        let start = Instant::now();
        let instance = self.instantiate(&mut store)?;
        tracing::info!(time = ?start.elapsed(), "instantiated");
        let results = entry.call(&mut store, instance);
        if let (Some(granted), Ok(left)) = (self.fuel, store.get_fuel()) {
            tracing::info!(consumed = granted - left, left, "fuel");
        }
        results
    }

    /// Instantiates the modules of `--preload`, and names what they export.
    fn preload(&self, linker: &mut Linker<State>, store: &mut Store<State>) -> Result<()> {
        for (name, module) in &self.preloads {
            let instance = link(linker, store, module)?;
            if module.get_export("_initialize").is_some() {
                entry::plain(store, instance, "_initialize")?;
            }
            linker.instance(&mut *store, name, instance)?;
        }
        Ok(())
    }
}

impl ThreadHost for Host {
    type Data = State;

    fn store(&self, wasi: WasiHandle) -> Result<Store<State>> {
        let mut store = Store::new(&self.engine, State { wasi });
        store.set_limits(self.limits.clone());
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel)?;
        }
        if let Some((start, timeout)) = self.deadline {
            store.set_deadline(timeout.saturating_sub(start.elapsed()));
        }
        if let Some(profiler) = &self.profiler {
            profiler.attach(&mut store);
        }
        Ok(store)
    }

    fn handle(data: &mut State) -> &mut WasiHandle {
        &mut data.wasi
    }

    fn instantiate(&self, store: &mut Store<State>) -> Result<Instance> {
        if self.preloads.is_empty() && !self.trap_unknown {
            return link(&self.linker, store, &self.module);
        }
        let mut linker = self.linker.clone();
        self.preload(&mut linker, store)?;
        if self.trap_unknown {
            imports::trap_unknown(&mut linker, store, &self.module)?;
        }
        link(&linker, store, &self.module)
    }
}

/// Instantiates a module; the error names everything that is missing.
fn link(linker: &Linker<State>, store: &mut Store<State>, module: &Module) -> Result<Instance> {
    let unmet = Unmet::of(linker, store, module);
    if unmet.is_empty() {
        linker.instantiate(store, module)
    } else {
        Err(Error::new(unmet))
    }
}

fn limits(options: &RunOptions) -> StoreLimits {
    let mut limits = StoreLimits::default();
    if let Some(bytes) = options.limits.max_memory {
        limits.memory_bytes = bytes;
        limits.total_memory_bytes = bytes;
        limits.gc_heap_bytes = limits.gc_heap_bytes.min(bytes);
    }
    limits
}

/// Makes the shared memory that a module of several threads imports, unless a preloaded module
/// is there for it.
fn shared_memory(
    linker: &mut Linker<State>,
    module: &Module,
    preloads: &[(String, Module)],
    limits: &StoreLimits,
) -> std::result::Result<Option<SharedMemory>, Failure> {
    let mut made = None;
    for import in module.imports() {
        let ExternType::Memory(ty) = import.ty else {
            continue;
        };
        let preloaded = preloads
            .iter()
            .any(|(name, m)| name == import.module && m.get_export(import.name).is_some());
        if !ty.shared || preloaded {
            continue;
        }
        let bytes = ty
            .limits
            .min
            .checked_shl(ty.page_size_log2.into())
            .unwrap_or(u64::MAX);
        if bytes > limits.memory_bytes {
            return Err(Failure::trap(format!(
                "the module imports a memory of {bytes} bytes, more than `--max-memory` allows"
            )));
        }
        let memory = SharedMemory::new(module.engine(), ty).map_err(Failure::host)?;
        linker
            .define_shared(import.module, import.name, &memory)
            .map_err(Failure::host)?;
        made = Some(memory);
    }
    Ok(made)
}
