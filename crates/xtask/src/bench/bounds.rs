//! `cargo xtask bench bounds`: what checks of bounds cost where guard pages can't do them.

use super::contest::{self, Entrant};
use super::options::Options;
use super::table::Table;
use super::{list, loops};
use crate::Outcome;

/// Runs small loops on memories with guard pages, without them, and with 64-bit addresses; the
/// programs of a list, if there is one, with and without guard pages.
pub fn run(options: &Options) -> Outcome {
    let names = ["sum", "copy", "sieve", "matrix", "chase"];
    let short = loops::write(&names, "i32", options)?;
    let long = loops::write(&names, "i64", options)?;
    let explicit = options
        .own()
        .with(&["--no-memory-guards"], &["--no-memory-guards"]);
    let runs = options.runs;
    let title = options.title("bounds");
    let columns = ["guards", "explicit", "memory64"]
        .map(String::from)
        .to_vec();
    let mut table = Table::new(&title, columns, vec![(1, 0), (2, 0)]);
    for (short, long) in short.iter().zip(&long) {
        let entrants = vec![
            Entrant::compiled(options.own(), short, "guards"),
            Entrant::compiled(&explicit, short, "explicit"),
            Entrant::compiled(options.own(), long, "long"),
        ];
        table.add(contest::run(short, entrants, runs));
    }
    let done = table.finish(options);
    if options.list.is_none() {
        return done;
    }
    let title = options.title("programs");
    let columns = ["guards", "explicit"].map(String::from).to_vec();
    let mut table = Table::new(&title, columns, vec![(1, 0)]);
    for program in &list::read(options)? {
        let entrants = vec![
            Entrant::compiled(options.own(), program, "guards"),
            Entrant::compiled(&explicit, program, "explicit"),
        ];
        table.add(contest::run(program, entrants, runs));
    }
    done.and(table.finish(options))
}
