//! `tierra run`: from a file and options to an exit code.

mod end;
mod entry;
mod host;
mod imports;
mod values;
mod wasi;

use crate::commands::{Cli, Command};
use crate::engine::engine;
use crate::failure::Failure;
use crate::options::RunOptions;
use crate::profile::{Attachment, Profiler};
use crate::source::Source;
use crate::tiering::{self, Log};
use clap::Parser;
use entry::Entry;
use host::Host;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use tierra::{Engine, Tier};
use tierra_wasi::WasiHandle;

/// Runs the program, or calls the function; returns the exit code.
pub fn run(options: &RunOptions) -> Result<i32, Failure> {
    run_file(options, None)
}

/// The same, while a profiler looks.
pub fn profiled(options: &RunOptions, profiler: &Profiler) -> Result<i32, Failure> {
    run_file(options, Some(profiler.attachment()))
}

fn run_file(options: &RunOptions, profiler: Option<Attachment>) -> Result<i32, Failure> {
    if let Some(Log::Level(level)) = options.log {
        crate::log::start(level);
    }
    let source = Source::read(Path::new(options.file()))?;
    run_source(options, &source, profiler)
}

/// Runs the compiled module in this program: all arguments are its own, and it gets nothing but
/// what every program gets.
pub fn embedded(artifact: Vec<u8>, args: Vec<OsString>) -> Result<i32, Failure> {
    // Whoever made the program decided how it is stopped.
    let own = [
        "tierra",
        "run",
        "--allow-precompiled",
        "--no-interruption",
        "--cache=off",
        "--",
    ];
    let args = own.iter().map(OsString::from).chain(args);
    let cli = Cli::try_parse_from(args).map_err(Failure::user)?;
    let Command::Run(options) = cli.command else {
        unreachable!("the command is `run`");
    };
    let source = Source::embedded(options.file().into(), artifact);
    run_source(&options, &source, None)
}

fn run_source(
    options: &RunOptions,
    source: &Source,
    profiler: Option<Attachment>,
) -> Result<i32, Failure> {
    let engine = make_engine(options, source.is_precompiled())?;
    let module = source.trusted(&engine, options.allow_precompiled)?;
    let entry = Entry::choose(&module, options)?;
    let process = wasi::process(options, matches!(entry, Entry::Call { .. }))?;
    let host = Arc::new(Host::new(options, module.clone(), profiler)?);

    let handle = WasiHandle::new(process.clone()).with_threads(host.clone());
    let outcome = host.run(handle, &entry);
    let (outcome, results) = match outcome {
        Ok(results) => (Ok(()), results),
        Err(error) => (Err(error), Vec::new()),
    };
    let ended =
        tierra_wasi::finish(&process, outcome).map_err(|error| end::failure(&error, options));
    // However it has ended.
    module.save_to_cache();
    if options.stats {
        tiering::print_stats(&engine)?;
    }
    if wants_perf_map(options) {
        module.write_perf_map().map_err(Failure::host)?;
    }
    let code = ended?;
    tracing::info!(code, "the program has ended");
    values::print(&results)
        .map_err(|error| Failure::host(format!("cannot print the results: {error}")))?;
    Ok(code.cast_signed())
}

fn wants_perf_map(options: &RunOptions) -> bool {
    let variable = std::env::var_os("TIERRA_PERF_MAP");
    options.profile.as_deref() == Some("perfmap") || variable.is_some_and(|value| value == "1")
}

fn make_engine(options: &RunOptions, precompiled: bool) -> Result<Engine, Failure> {
    let mut config = options.engine.config()?;
    if precompiled {
        // Machine code was chosen when it was made.
        config.tier(Tier::Optimizing);
    }
    config.perf_map(wants_perf_map(options));
    let jitdump = options.profile.as_deref() == Some("jitdump");
    if jitdump && !precompiled && options.engine.tier == Tier::Auto.name() {
        return Err(
            Failure::user("a jitdump is of modules that are compiled as a whole")
                .hint("`--tier optimizing` or `--tier baseline` does that"),
        );
    }
    config.jitdump(jitdump);
    config.native_debugger(options.native_debugger);
    if let Some(log) = options.log {
        options.engine.tiering.apply_with_log(&mut config, log);
    }
    config.gc_stress(options.gc_stress);
    config.mixed_tiers(options.mixed_tiers);
    config.only_functions(options.only_functions.clone());
    config.consume_fuel(options.limits.fuel.is_some());
    if options.engine.compiles() {
        config.cache(options.cache.open()?);
    }
    if let Some(bytes) = options.limits.max_stack {
        config.max_stack(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    engine(&config)
}
