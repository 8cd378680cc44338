//! A tree of calls, with the time that was spent in each.

use std::collections::{HashMap, HashSet};
use tierra::{Frame, Module, Sample, Tier};

/// Who executes a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    Interp,
    Baseline,
    Optimizing,
    /// Host functions.
    Host,
    /// Nobody: it stands for frames that are not known.
    Unknown,
}

impl Kind {
    /// All of them, with the names that people see.
    pub const ALL: [(Kind, &str); 5] = [
        (Kind::Interp, "interp"),
        (Kind::Baseline, "baseline"),
        (Kind::Optimizing, "optimizing"),
        (Kind::Host, "host"),
        (Kind::Unknown, "unknown"),
    ];

    /// The name that people see.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    fn of(tier: Tier) -> Self {
        match tier {
            Tier::Interp => Kind::Interp,
            Tier::Baseline => Kind::Baseline,
            Tier::Optimizing => Kind::Optimizing,
            // No frame is executed by several.
            Tier::Auto => Kind::Unknown,
        }
    }
}

/// A function in a tier.
#[derive(Debug)]
pub struct Entry {
    /// The function's name, on one line.
    pub name: String,
    pub kind: Kind,
    /// The same for the same function in all tiers.
    pub function: u32,
}

/// A place in the tree.
#[derive(Debug)]
pub struct Node {
    /// An index of the entries.
    pub entry: u32,
    /// The caller's place; before this one.
    pub parent: Option<u32>,
    /// Ticks that were spent here, and in no call.
    pub own: u64,
}

/// Calls, each below its caller.
#[derive(Default)]
pub struct Tree {
    entries: Vec<Entry>,
    nodes: Vec<Node>,
    children: HashMap<(Option<u32>, u32), u32>,
    known: HashMap<(Origin, Kind), u32>,
    functions: HashMap<Origin, u32>,
    /// Kept, so that nothing else gets their addresses.
    modules: HashMap<usize, Module>,
    samples: u64,
}

/// What an entry is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    /// A module's address, and the index of a function.
    Function(usize, u32),
    /// Nothing of the guest's.
    Named(&'static str),
}

/// Whatever a guest does, its profile takes less than 100 MB: further calls count for their
/// callers.
const MAX_NODES: usize = 1 << 20;
/// Longer names are nobody's reading.
const MAX_NAME: usize = 200;

impl Tree {
    /// Adds what a guest answered.
    pub fn add(&mut self, sample: &Sample) {
        let mut path = Vec::new();
        if sample.is_cut() {
            path.push(self.named("[deep stack]", Kind::Unknown));
        }
        let frames = sample.backtrace().frames();
        path.extend(frames.iter().rev().map(|frame| self.guest(frame)));
        if sample.in_host() {
            path.push(self.named("[host]", Kind::Host));
        }
        if path.is_empty() {
            path.push(self.named("[entry]", Kind::Unknown));
        }
        self.count(&path, sample.ticks().into());
    }

    /// The functions.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The places, callers first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A place's function.
    pub fn entry(&self, node: u32) -> &Entry {
        &self.entries[self.nodes[node as usize].entry as usize]
    }

    /// Ticks of all places.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// By place: ticks there and in all calls.
    pub fn totals(&self) -> Vec<u64> {
        let mut totals: Vec<u64> = self.nodes.iter().map(|node| node.own).collect();
        for (index, node) in self.nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                totals[parent as usize] += totals[index];
            }
        }
        totals
    }

    /// Calls a function with every place and its depth: callers first, calls by name.
    pub fn walk(&self, mut visit: impl FnMut(u32, usize)) {
        let mut below: HashMap<Option<u32>, Vec<u32>> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            below.entry(node.parent).or_default().push(index as u32);
        }
        for nodes in below.values_mut() {
            let order = |node: &u32| {
                let entry = self.entry(*node);
                (&*entry.name, entry.kind)
            };
            nodes.sort_by(|a, b| order(b).cmp(&order(a)));
        }
        let mut stack: Vec<(u32, usize)> = Vec::new();
        let mut next = below.get(&None);
        let mut depth = 0;
        loop {
            stack.extend(next.into_iter().flatten().map(|node| (*node, depth)));
            let Some((node, at)) = stack.pop() else {
                return;
            };
            visit(node, at);
            next = below.get(&Some(node));
            depth = at + 1;
        }
    }

    /// By function: ticks in it and all its calls, once if it calls itself.
    pub fn totals_of_functions(&self) -> HashMap<u32, u64> {
        let totals = self.totals();
        let mut sums = HashMap::new();
        let mut path: Vec<u32> = Vec::new();
        let mut active: HashSet<u32> = HashSet::new();
        self.walk(|node, depth| {
            // The outermost of a function's own frames is the one that counts.
            for left in path.drain(depth..) {
                active.remove(&left);
            }
            let function = self.entry(node).function;
            if active.insert(function) {
                path.push(function);
                *sums.entry(function).or_insert(0) += totals[node as usize];
            } else {
                path.push(NOBODY);
            }
        });
        sums
    }

    /// Adds time to a path of entries, callers first.
    fn count(&mut self, path: &[u32], ticks: u64) {
        let mut at = None;
        for entry in path {
            match self.child(at, *entry) {
                Some(child) => at = Some(child),
                None => break,
            }
        }
        if let Some(node) = at {
            self.nodes[node as usize].own += ticks;
            self.samples += ticks;
        }
    }

    fn child(&mut self, parent: Option<u32>, entry: u32) -> Option<u32> {
        if let Some(child) = self.children.get(&(parent, entry)) {
            return Some(*child);
        }
        if self.nodes.len() == MAX_NODES {
            return None;
        }
        let child = self.nodes.len() as u32;
        self.nodes.push(Node {
            entry,
            parent,
            own: 0,
        });
        self.children.insert((parent, entry), child);
        Some(child)
    }

    fn guest(&mut self, frame: &Frame) -> u32 {
        let module = frame.module();
        let address = module.bytes().as_ptr() as usize;
        let origin = Origin::Function(address, frame.func_index());
        let modules = &mut self.modules;
        modules.entry(address).or_insert_with(|| module.clone());
        self.intern(origin, Kind::of(frame.tier()), || frame.display_name())
    }

    fn named(&mut self, name: &'static str, kind: Kind) -> u32 {
        self.intern(Origin::Named(name), kind, || name.into())
    }

    fn intern(&mut self, origin: Origin, kind: Kind, name: impl FnOnce() -> String) -> u32 {
        if let Some(entry) = self.known.get(&(origin, kind)) {
            return *entry;
        }
        let new = self.functions.len() as u32;
        let function = *self.functions.entry(origin).or_insert(new);
        let entry = self.entries.len() as u32;
        self.entries.push(Entry {
            name: one_line(&name()),
            kind,
            function,
        });
        self.known.insert((origin, kind), entry);
        entry
    }
}

/// No function.
const NOBODY: u32 = u32::MAX;

/// A name without what would break a line, and not endless.
fn one_line(name: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = name.chars().take(MAX_NAME).map(plain).collect();
    if name.chars().nth(MAX_NAME).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A tree from lines of `name kind > name kind ticks`.
    pub fn tree(lines: &str) -> Tree {
        let mut tree = Tree::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (path, ticks) = line.rsplit_once(' ').expect("ticks");
            let path: Vec<u32> = path
                .split(" > ")
                .map(|part| entry(&mut tree, part))
                .collect();
            tree.count(&path, ticks.parse().expect("a number"));
        }
        tree
    }

    fn entry(tree: &mut Tree, part: &str) -> u32 {
        let (name, kind) = part.rsplit_once(' ').expect("a kind");
        let kind = Kind::ALL.iter().find(|(_, known)| *known == kind);
        let name: &'static str = String::from(name).leak();
        tree.named(name, kind.expect("a kind").0)
    }

    const LINES: &str = "
        main interp 1
        main interp > b baseline 2
        main interp > a optimizing > main interp > a optimizing 30
        main interp > a baseline > [host] host 4
        other interp 5";

    #[test]
    fn walks_are_in_order() {
        let tree = tree(LINES);
        let mut said = String::new();
        let totals = tree.totals();
        tree.walk(|node, depth| {
            let entry = tree.entry(node);
            let (name, kind, total) = (&entry.name, entry.kind.name(), totals[node as usize]);
            said += &format!("{:1$}{name} {kind} {total}\n", "", 2 * depth);
        });
        let expected = "\
main interp 37
  a baseline 4
    [host] host 4
  a optimizing 30
    main interp 30
      a optimizing 30
  b baseline 2
other interp 5
";
        assert_eq!(said, expected);
        assert_eq!(tree.samples(), 42);
    }

    #[test]
    fn recursion_counts_once() {
        let tree = tree(LINES);
        let totals = tree.totals_of_functions();
        let total = |name: &str| {
            let entry = tree.entries().iter().find(|entry| entry.name == name);
            totals[&entry.expect("it is there").function]
        };
        assert_eq!((total("main"), total("a"), total("b")), (37, 34, 2));
        assert_eq!((total("other"), total("[host]")), (5, 4));
    }

    #[test]
    fn names_are_short_lines() {
        assert_eq!(one_line("a\n\u{1b}b"), "a  b");
        assert_eq!(one_line(&"é".repeat(1000)), "é".repeat(MAX_NAME) + "…");
    }

    #[test]
    fn a_tree_has_an_end() {
        let mut tree = Tree::default();
        let names = ["a", "b"].map(|name| tree.named(name, Kind::Interp));
        let path: Vec<u32> = (0..MAX_NODES + 10).map(|i| names[i % 2]).collect();
        tree.count(&path, 3);
        tree.count(&[names[1]], 4);
        assert_eq!((tree.nodes().len(), tree.samples()), (MAX_NODES, 3));
    }
}
