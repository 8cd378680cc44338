//! Runs of several engines, or of one with several options, side by side.

use super::engine::{Engine, LIMIT};
use super::list::Program;
use super::table::Row;
use crate::process;
use std::path::PathBuf;

/// One who takes part: an engine and what it runs.
pub struct Entrant {
    engine: Engine,
    program: Program,
    compiled: Option<PathBuf>,
}

impl Entrant {
    /// Runs a module as it is.
    pub fn cold(engine: &Engine, program: &Program) -> Self {
        Entrant {
            engine: engine.clone(),
            program: program.clone(),
            compiled: None,
        }
    }

    /// Compiles first, if that can be done ahead of time; `label` keeps files apart.
    pub fn compiled(engine: &Engine, program: &Program, label: &str) -> Result<Self, String> {
        let mut entrant = Entrant::cold(engine, program);
        if engine.compiles() {
            let name = program.name.replace(std::path::MAIN_SEPARATOR, "-");
            let out = super::folder()?.join(format!("{name}-{label}.{}", engine.label));
            engine.compile(program, &out, false)?;
            entrant.compiled = Some(out);
        }
        Ok(entrant)
    }
}

/// Lets all of them run in turns. Those that could not be made have failed already.
pub fn run(program: &Program, entrants: Vec<Result<Entrant, String>>, runs: usize) -> Row {
    let mut row = Row::new(&program.name, entrants.len());
    let mut outputs: Vec<Option<Vec<u8>>> = vec![None; entrants.len()];
    for _ in 0..runs {
        for (i, entrant) in entrants.iter().enumerate() {
            if row.failures[i].is_some() {
                continue;
            }
            match entrant.as_ref().map_err(Clone::clone).and_then(once) {
                Ok((seconds, output)) => {
                    row.seconds[i] = row.seconds[i].min(seconds);
                    outputs[i] = Some(output);
                }
                Err(why) => row.failures[i] = Some(why),
            }
        }
    }
    // Some print the time that they took.
    if !program.stdout_varies {
        let mut outputs = outputs.iter().flatten();
        let first = outputs.next();
        if outputs.any(|output| Some(output) != first) {
            row.failures[0] = Some("prints something else than its peer".into());
        }
    }
    row
}

fn once(entrant: &Entrant) -> Result<(f64, Vec<u8>), String> {
    let Entrant {
        engine,
        program,
        compiled,
    } = entrant;
    let mut command = engine.command(program, compiled.as_deref());
    let finished = process::run(&mut command, LIMIT).map_err(|error| error.to_string())?;
    let finished = finished.success()?;
    Ok((engine.seconds(&finished)?, finished.stdout))
}
