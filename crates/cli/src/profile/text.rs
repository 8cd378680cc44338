//! A profile as text: stacks for other tools, and a table for people.

use super::tree::{Kind, Tree};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write;

/// So many functions are in the table.
const ROWS: usize = 10;

/// A line for each stack: functions with their tiers, callers first, separated by `;`, and a
/// number of samples.
pub fn folded(tree: &Tree) -> String {
    let mut out = String::new();
    let mut path: Vec<String> = Vec::new();
    tree.walk(|node, depth| {
        let entry = tree.entry(node);
        path.truncate(depth);
        // A semicolon is for what separates functions.
        let name = entry.name.replace(';', ":");
        path.push(match entry.kind {
            Kind::Host | Kind::Unknown => name,
            tier => format!("{name} [{}]", tier.name()),
        });
        let own = tree.nodes()[node as usize].own;
        if own > 0 {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{} {own}", path.join(";"));
        }
    });
    out
}

/// The functions that took most by themselves.
pub fn table(tree: &Tree) -> String {
    let samples = tree.samples();
    if samples == 0 {
        return String::from("there are no samples: it ended too soon, or never looked for them\n");
    }
    let totals = tree.totals_of_functions();
    let mut rows: Vec<Row<'_>> = rows(tree).into_values().collect();
    rows.sort_by_key(|row| (Reverse(row.own()), row.name));
    let percent = |ticks: u64| format!("{:.1} %", share(ticks, samples));
    let mut out = format!(
        "{:>8} {:>8} {:>8}  {:<22} function\n",
        "self", "total", "samples", "tier"
    );
    for row in rows.iter().filter(|row| row.own() > 0).take(ROWS) {
        let _ = writeln!(
            out,
            "{:>8} {:>8} {:>8}  {:<22} {}",
            percent(row.own()),
            percent(totals[&row.function]),
            row.own(),
            row.tiers(),
            row.name
        );
    }
    out
}

/// How many of a hundred.
pub fn share(ticks: u64, samples: u64) -> f64 {
    ticks as f64 / samples.max(1) as f64 * 100.0
}

/// A function in all tiers.
struct Row<'t> {
    name: &'t str,
    function: u32,
    by_kind: [u64; Kind::ALL.len()],
}

impl Row<'_> {
    fn own(&self) -> u64 {
        self.by_kind.iter().sum()
    }

    /// Its tiers, that of most of the time first.
    fn tiers(&self) -> String {
        let mut kinds = Kind::ALL.to_vec();
        kinds.retain(|(kind, _)| self.by_kind[*kind as usize] > 0);
        kinds.sort_by_key(|(kind, _)| Reverse(self.by_kind[*kind as usize]));
        let names: Vec<&str> = kinds.iter().map(|(_, name)| *name).collect();
        names.join(", ")
    }
}

fn rows(tree: &Tree) -> HashMap<u32, Row<'_>> {
    let mut rows = HashMap::new();
    for node in tree.nodes() {
        let entry = &tree.entries()[node.entry as usize];
        let row = rows.entry(entry.function).or_insert(Row {
            name: &entry.name,
            function: entry.function,
            by_kind: [0; Kind::ALL.len()],
        });
        row.by_kind[entry.kind as usize] += node.own;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::tree;
    use super::*;

    const LINES: &str = "
        main interp 10
        main interp > [u8; 4]::sum baseline 20
        main interp > [u8; 4]::sum optimizing 50
        main interp > [host] host 20";

    #[test]
    fn stacks() {
        let expected = "\
main [interp] 10
main [interp];[host] 20
main [interp];[u8: 4]::sum [baseline] 20
main [interp];[u8: 4]::sum [optimizing] 50
";
        assert_eq!(folded(&tree(LINES)), expected);
        assert_eq!(folded(&Tree::default()), "");
    }

    #[test]
    fn functions() {
        let expected = "
    self    total  samples  tier                   function
  70.0 %   70.0 %       70  optimizing, baseline   [u8; 4]::sum
  20.0 %   20.0 %       20  host                   [host]
  10.0 %  100.0 %       10  interp                 main
";
        assert_eq!(table(&tree(LINES)), expected[1..]);
        assert!(table(&Tree::default()).contains("no samples"));
    }
}
