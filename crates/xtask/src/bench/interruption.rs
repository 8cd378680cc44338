//! `cargo xtask bench interruption`: what it costs that loops can be interrupted.

use super::contest::{self, Entrant};
use super::options::Options;
use super::table::Table;
use super::{list, loops};
use crate::Outcome;

/// Runs small loops, and the programs of a list if there is one.
pub fn run(options: &Options) -> Outcome {
    let mut programs = loops::write(&["empty", "sum", "sieve", "nested"], "i32", options)?;
    if options.list.is_some() {
        programs.extend(list::read(options)?);
    }
    let option = "--no-interruption";
    let off = options.own().with(&[option], &[option]);
    let title = options.title("interruption");
    let mut table = Table::new(&title, vec!["on".into(), "off".into()], vec![(0, 1)]);
    for program in &programs {
        let on = Entrant::compiled(options.own(), program, "on");
        let off = Entrant::compiled(&off, program, "off");
        table.add(contest::run(program, vec![on, off], options.runs));
    }
    table.finish(options)
}
