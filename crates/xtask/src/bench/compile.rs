//! `cargo xtask bench compile`: what compiling costs, and how large the code is.
//!
//! One thread; the time is the process's in the processor, in user mode, so that what else the
//! machine does matters little. Throughput counts bytes of the code section: what a compiler
//! translates.

use super::elf::{code_section_bytes, text_bytes};
use super::engine::Engine;
use super::list::{self, Program};
use super::options::Options;
use super::table::{geometric_mean, save};
use crate::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What compiling a module came to.
struct Cost {
    /// Seconds of the processor.
    user: f64,
    /// Bytes of memory.
    peak: u64,
    /// Bytes of code.
    text: u64,
}

/// Compiles the modules of a list, each once.
pub fn run(options: &Options) -> Outcome {
    let mut seen = BTreeSet::new();
    let mut programs = list::read(options)?;
    programs.retain(|program| seen.insert(program.wasm.clone()));
    let levels = match &options.opt {
        Some(level) => vec![level.as_str()],
        None => vec!["none", "speed", "size"],
    };
    let own = options.own();
    let ours = levels.iter().map(|level| {
        let engine = own.with(&["--opt", level], &[]);
        (format!("tierra {level}"), engine)
    });
    let peers = options.engines[1..].iter().filter(|it| it.compiles());
    let peers = peers.map(|it| (it.label.clone(), it.clone()));
    let engines: Vec<_> = ours.chain(peers).collect();

    println!(
        "one thread, least user time of {} interleaved runs; MB/s are of the code section",
        options.runs
    );
    let mut rows = Vec::new();
    for program in &programs {
        let module = std::fs::read(&program.wasm)
            .map_err(|error| format!("cannot read `{}`: {error}", program.wasm.display()))?;
        let bytes = code_section_bytes(&module).unwrap_or(0);
        println!("{} ({:.2} MB of code)", program.name, bytes as f64 / 1e6);
        let mut costs: Vec<Option<Cost>> = engines.iter().map(|_| None).collect();
        for _ in 0..options.runs {
            for ((_, engine), best) in engines.iter().zip(&mut costs) {
                match cost(engine, program) {
                    Ok(cost) if best.as_ref().is_none_or(|it| it.user > cost.user) => {
                        *best = Some(cost);
                    }
                    Ok(_) => {}
                    Err(why) => println!("    {}: {why}", engine.kind.name),
                }
            }
        }
        let mut row = json!({ "name": program.name, "code_section_bytes": bytes });
        for ((name, _), cost) in engines.iter().zip(&costs) {
            let Some(cost) = cost else { continue };
            println!("    {}", line(name, bytes, cost));
            row[name] = json!({ "user_seconds": cost.user, "peak_bytes": cost.peak,
                                "text_bytes": cost.text });
        }
        rows.push(row);
    }
    summary(&rows, &engines);
    save(options, &json!({ "runs": options.runs, "rows": rows }))
}

fn line(name: &str, bytes: u64, cost: &Cost) -> String {
    format!(
        "{name:14} {:8.3} s  {:6.2} MB/s  {:8.1} MB of memory  {:9} bytes of .text",
        cost.user,
        bytes as f64 / 1e6 / cost.user,
        cost.peak as f64 / 1e6,
        cost.text
    )
}

/// Compiles a module once.
fn cost(engine: &Engine, program: &Program) -> Result<Cost, String> {
    let out = super::folder()?.join("compiled");
    let finished = engine.compile(program, &out, true)?;
    let file = std::fs::read(&out).map_err(|error| error.to_string())?;
    Ok(Cost {
        user: finished.usage.user.as_secs_f64(),
        peak: finished.usage.peak,
        text: text_bytes(&file).ok_or("it wrote a file without `.text`")?,
    })
}

/// Compares with the last engine, which is a peer if there is one.
fn summary(rows: &[Value], engines: &[(String, Engine)]) {
    let [others @ .., (measure, _)] = engines else {
        return;
    };
    for (name, _) in others {
        let ratio = |what: &str| {
            let of = |row: &Value| Some(row[name][what].as_f64()? / row[measure][what].as_f64()?);
            geometric_mean(rows.iter().filter_map(of))
        };
        println!(
            "{name}/{measure}: geometric means: time {:.3}, memory {:.3}, code {:.3}",
            ratio("user_seconds"),
            ratio("peak_bytes"),
            ratio("text_bytes")
        );
    }
}
