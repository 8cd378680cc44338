//! `cargo xtask bench run`: compiled code against compiled code.
//!
//! What compiles ahead of time has done so before; the time is the process's, with loading. V8
//! compiles in the process, and tells how long the run alone took.

use super::contest::{self, Entrant};
use super::options::Options;
use super::table::Table;
use super::{cold, list};
use crate::Outcome;

/// Runs the programs of a list.
pub fn run(options: &Options) -> Outcome {
    let programs = list::read(options)?;
    let engines: Vec<_> = options
        .engines
        .iter()
        .filter(|it| it.runs_compiled())
        .collect();
    let names = engines.iter().map(|it| it.label.clone()).collect();
    let title = options.title("compiled ahead of time");
    let mut table = Table::of_engines(&title, names);
    for program in &programs {
        let entrants = engines
            .iter()
            .map(|it| Entrant::compiled(it, program, "run"));
        let mut row = contest::run(program, entrants.collect(), options.runs);
        row.excuse = cold::excuse(options.own(), program);
        table.add(row);
    }
    table.finish(options)
}
