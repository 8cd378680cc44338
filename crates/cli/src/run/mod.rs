//! `tierra run`: from a file and options to an exit code.

mod end;
mod entry;
mod host;
mod imports;
mod values;
mod wasi;

use crate::engine::engine;
use crate::failure::Failure;
use crate::options::RunOptions;
use crate::source::Source;
use entry::Entry;
use host::Host;
use std::path::Path;
use std::sync::Arc;
use tierra::Engine;
use tierra_wasi::WasiHandle;

/// Runs the program, or calls the function; returns the exit code.
pub fn run(options: &RunOptions) -> Result<i32, Failure> {
    if let Some(level) = options.log {
        crate::log::start(level);
    }
    let engine = make_engine(options)?;
    let source = Source::read(Path::new(options.file()))?;
    let module = source.module(&engine)?;
    let entry = Entry::choose(&module, options)?;
    let process = wasi::process(options, matches!(entry, Entry::Call { .. }))?;
    let host = Arc::new(Host::new(options, module)?);

    let handle = WasiHandle::new(process.clone()).with_threads(host.clone());
    let outcome = host.run(handle, &entry);
    let (outcome, results) = match outcome {
        Ok(results) => (Ok(()), results),
        Err(error) => (Err(error), Vec::new()),
    };
    let code =
        tierra_wasi::finish(&process, outcome).map_err(|error| end::failure(&error, options))?;
    tracing::info!(code, "the program has ended");
    values::print(&results)
        .map_err(|error| Failure::host(format!("cannot print the results: {error}")))?;
    Ok(code.cast_signed())
}

fn make_engine(options: &RunOptions) -> Result<Engine, Failure> {
    let mut config = options.engine.config()?;
    config.consume_fuel(options.limits.fuel.is_some());
    if let Some(bytes) = options.limits.max_stack {
        config.max_stack(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    engine(&config)
}
