//! `cargo xtask bench cold`: from the module to the end, compilation included.

use super::contest::{self, Entrant};
use super::engine::{Engine, LIMIT};
use super::list::{self, Program};
use super::options::Options;
use super::table::Table;
use crate::{Outcome, process};

/// How much more one run may do than another and still be the same work.
const STEADY: f64 = 1.02;

/// Our tiers.
const TIERS: [&str; 2] = ["interp", "optimizing"];

/// What makes a run say how much it did.
#[rustfmt::skip]
const COUNTING: &[&str] = &["--tier", "optimizing", "--fuel", "9000000000000000000", "--log", "info"];

/// Runs the programs of a list: ours with both tiers.
pub fn run(options: &Options) -> Outcome {
    let programs = list::read(options)?;
    let own = options.own();
    let [interp, optimizing] = TIERS.map(|tier| own.with(&[], &["--tier", tier]));
    let peers: Vec<_> = options.engines[1..]
        .iter()
        .filter(|it| !it.tells_time())
        .collect();
    let entrants = [&interp, &optimizing]
        .into_iter()
        .chain(peers.iter().copied());
    let entrants: Vec<_> = entrants.collect();
    let mut names = TIERS.map(String::from).to_vec();
    names.extend(peers.iter().map(|it| it.label.clone()));
    let ratios = (0..2).flat_map(|ours| (2..names.len()).map(move |peer| (ours, peer)));
    let title = options.title("from the module on");
    let mut table = Table::new(&title, names.clone(), ratios.collect());
    for program in &programs {
        let entrants = entrants.iter().map(|it| Ok(Entrant::cold(it, program)));
        let mut row = contest::run(program, entrants.collect(), options.runs);
        row.excuse = excuse(own, program);
        table.add(row);
    }
    table.finish(options)
}

/// Why a program's times can't be compared, if they can't: some programs choose at random how
/// much they do. What they consume of fuel tells; clocks may make a little difference.
pub fn excuse(own: &Engine, program: &Program) -> Option<&'static str> {
    let counting = own.with(&[], COUNTING);
    let work = || {
        let run = process::run(&mut counting.command(program, None), LIMIT).ok()?;
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        let (_, consumed) = said.split_once("consumed=")?;
        consumed.split_whitespace().next()?.parse::<f64>().ok()
    };
    match (work(), work()) {
        (Some(a), Some(b)) if a.max(b) <= a.min(b) * STEADY => None,
        (Some(_), Some(_)) => Some("its work varies"),
        _ => Some("its work could not be measured"),
    }
}
