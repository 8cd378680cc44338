//! `cargo xtask bench rise`: programs that start at once and end fast.
//!
//! Six ways of ours, from the module to the end: rising from tier to tier, the same with functions
//! that are validated when they are called, once more with what an earlier run has left in a cache,
//! beginning in the interpreter, in the code of one pass alone, and compiled with care before. Peers
//! start from the module and may keep nothing.

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
    let (auto, baseline) = ("--tier=auto", "--tier=baseline");
    let ways = [
        ("auto", vec![auto, off]),
        ("lazy", vec![auto, off, "--validate=lazy"]),
        ("again", vec![auto, &cache]),
        ("interpreted", vec![auto, off, "--interpreter-threshold=64"]),
        ("baseline", vec![baseline, off]),
    ];
    let peers: Vec<_> = options.engines[1..]
        .iter()
        .filter(|it| !it.tells_time())
        .collect();
    let own_names = ways.iter().map(|(name, _)| *name).chain(["compiled"]);
    let peer_names = peers.iter().map(|it| it.label.as_str());
    let names: Vec<_> = own_names.chain(peer_names).map(String::from).collect();
    let column = |name: &str| names.iter().position(|it| it == name).expect("it is one");
    let mut ratios: Vec<_> = ["compiled", "baseline", "interpreted"]
        .map(|name| (column("auto"), column(name)))
        .to_vec();
    ratios.extend(
        peers
            .iter()
            .map(|peer| (column("auto"), column(&peer.label))),
    );
    let title = options.title("from the module on (`compiled`: without compiling)");
    let mut table = Table::new(&title, names, ratios);
    let ways = ways.map(|(_, words)| own.with(&[], &words));
    for program in &programs {
        let cold = |engine| Ok(Entrant::cold(engine, program));
        let mut entrants: Vec<_> = ways.iter().map(cold).collect();
        entrants.push(Entrant::compiled(own, program, "rise"));
        entrants.extend(peers.iter().map(|engine| cold(engine)));
        let mut row = contest::run(program, entrants, options.runs);
        row.excuse = cold::excuse(own, program);
        table.add(row);
    }
    table.finish(options)
}
