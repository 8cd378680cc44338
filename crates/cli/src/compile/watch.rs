//! `tierra compile --dump` and `--time-passes`: the compiler's work.

use crate::commands::CompileOptions;
use crate::engine::engine;
use crate::failure::Failure;
use crate::inspect::contents::Contents;
use crate::source::Source;
use std::io::Write;
use std::time::Duration;
use tierra::{Config, Engine, Module};

/// Prints what is asked for.
pub fn run(options: &CompileOptions, compiler: &Engine, source: &Source) -> Result<(), Failure> {
    // One look compiles one function, not the module.
    let features = crate::engine::features(&options.wasm)?;
    let module = source.module(&engine(Config::new().features(features))?)?;
    let mut text = String::new();
    if let Some(wanted) = &options.dump {
        let pass = options.pass.as_deref();
        text += &dump(&module, compiler, wanted.as_deref(), pass, &source.name)?;
    }
    if options.time_passes {
        let times = module.time_passes_with(compiler);
        text += &table(&times.map_err(Failure::host)?);
    }
    // Whoever reads only the first lines may close the pipe.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}

fn dump(
    module: &Module,
    compiler: &Engine,
    wanted: Option<&str>,
    pass: Option<&str>,
    name: &str,
) -> Result<String, Failure> {
    let contents = Contents::of(module)
        .map_err(|error| Failure::host(format!("cannot read `{name}` again: {error}")))?;
    let mut text = String::new();
    for function in contents.find(module, wanted)? {
        let stages = module.dump_with(compiler, function.index);
        for (stage, ir) in stages.map_err(Failure::host)? {
            if pass.is_none_or(|pass| pass == stage) {
                text += &format!(
                    "; func {} after {stage}\n{}\n\n",
                    function.index,
                    ir.trim_end()
                );
            }
        }
    }
    match pass {
        Some(pass) if text.is_empty() => Err(Failure::user(format!(
            "no pass `{pass}` has changed anything"
        ))
        .hint("without `--pass` all are shown that have")),
        _ => Ok(text),
    }
}

fn table(times: &[(&'static str, Duration)]) -> String {
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    let all = total.as_secs_f64();
    let mut text = String::new();
    for (name, time) in times.iter().chain([&("total", total)]) {
        let seconds = time.as_secs_f64();
        let share = if all > 0.0 {
            100.0 * seconds / all
        } else {
            0.0
        };
        text += &format!("{name:12} {:10.3} ms {share:6.1} %\n", seconds * 1e3);
    }
    text
}
