//! `cargo xtask bench scaling`: compile time per byte, by the size of functions.
//!
//! All modules have the same size in sum; only functions grow. If compiling is linear, the time
//! per byte does not.

use super::elf::{code_section_bytes, text_bytes};
use super::engine::Engine;
use super::generate;
use super::list::Program;
use super::options::Options;
use super::table::save;
use crate::Outcome;
use serde_json::json;
use std::io::Write;

/// The sizes of functions, in bytes.
const SIZES: &[usize] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
/// All functions of a module together, in bytes.
const TOTAL: usize = 1 << 20;

/// Compiles modules of all sizes with every level, and the peers.
pub fn run(options: &Options) -> Outcome {
    let own = options.own();
    let ours = ["none", "speed", "size"].map(|level| {
        let engine = own.with(&["--opt", level], &[]);
        (format!("tierra {level}"), engine)
    });
    let peers = options.engines[1..].iter().filter(|it| it.compiles());
    let peers = peers.map(|it| (it.label.clone(), it.clone()));
    let engines: Vec<_> = ours.into_iter().chain(peers).collect();
    let folder = super::folder()?;
    println!(
        "user time in ns per byte of code section, one thread, least of {} runs; and bytes of \
         code per byte",
        options.runs
    );
    print!("{:14}", "function size");
    engines.iter().for_each(|(name, _)| print!("{name:>20}"));
    println!();
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for size in SIZES {
        let module = generate::module(size << 10, TOTAL);
        let bytes = code_section_bytes(&module).ok_or("the generated module has no code")? as f64;
        let path = folder.join(format!("scaling-{size}k.wasm"));
        std::fs::write(&path, &module).map_err(|error| error.to_string())?;
        let program = Program::bare("scaling", path);
        print!("{:>11} kB", size);
        let mut row = json!({ "function_bytes": size << 10, "code_section_bytes": bytes });
        for (name, engine) in &engines {
            match measure(engine, &program, options.runs) {
                Ok((seconds, text)) => {
                    let (time, code) = (seconds * 1e9 / bytes, text as f64 / bytes);
                    print!("{:>20}", format!("{time:.0} ({code:.2})"));
                    row[name] = json!({ "ns_per_byte": time, "code_per_byte": code });
                }
                Err(why) => {
                    print!("{:>20}", "failed");
                    failures.push(format!("{name}, {size} kB: {why}"));
                }
            }
            // Larger sizes take a while: show what there is.
            let _ = std::io::stdout().flush();
        }
        println!();
        rows.push(row);
    }
    save(options, &json!({ "runs": options.runs, "rows": rows }))?;
    if failures.is_empty() {
        return Ok(());
    }
    Err(failures.join("\n"))
}

/// The least user time, and the size of the code.
fn measure(engine: &Engine, program: &Program, runs: usize) -> Result<(f64, u64), String> {
    let out = super::folder()?.join("compiled");
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let finished = engine.compile(program, &out, true)?;
        best = best.min(finished.usage.user.as_secs_f64());
    }
    let file = std::fs::read(&out).map_err(|error| error.to_string())?;
    Ok((
        best,
        text_bytes(&file).ok_or("it wrote a file without `.text`")?,
    ))
}
