//! `cargo xtask bench rise`: programs that start at once and end fast.
//!
//! Five ways of ours, from the module to the end: rising from tier to tier, the same with functions
//! that are validated when they are called, once more with what an earlier run has left in a cache, in
//! the code of one pass alone, and compiled with care before. Peers start from the module and may keep
//! nothing.

use super::contest::{self, Entrant};
use super::options::Options;
use super::table::Table;
use super::{cold, list};
use crate::Outcome;

/// Runs the programs of a list.
pub fn run(options: &Options) -> Outcome {
    let programs = list::read(options)?;
    let own = options.own();
    let cache = super::folder()?.join("cache");
    let cache = format!("--cache={}", cache.display());
    let off = "--cache=off";
    let auto = own.with(&[], &["--tier=auto", off]);
    let lazy = own.with(&[], &["--tier=auto", off, "--validate=lazy"]);
    let again = own.with(&[], &["--tier=auto", &cache]);
    let baseline = own.with(&[], &["--tier=baseline", off]);
    let peers: Vec<_> = options.engines[1..]
        .iter()
        .filter(|it| !it.tells_time())
        .collect();
    let mut names = ["auto", "lazy", "again", "baseline", "compiled"]
        .map(String::from)
        .to_vec();
    names.extend(peers.iter().map(|it| it.label.clone()));
    let mut ratios = vec![(0, 4), (0, 3)];
    ratios.extend((5..names.len()).map(|peer| (0, peer)));
    let title = options.title("from the module on (`compiled`: without compiling)");
    let mut table = Table::new(&title, names, ratios);
    for program in &programs {
        let cold = |engine| Ok(Entrant::cold(engine, program));
        let mut entrants = vec![cold(&auto), cold(&lazy), cold(&again), cold(&baseline)];
        entrants.push(Entrant::compiled(own, program, "rise"));
        entrants.extend(peers.iter().map(|engine| cold(engine)));
        let mut row = contest::run(program, entrants, options.runs);
        row.excuse = cold::excuse(own, program);
        table.add(row);
    }
    table.finish(options)
}
