//! What an engine did with a module.

use std::fmt;

/// How a call, or the instantiation, ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// With these results.
    Values(Vec<String>),
    /// With a trap, of a kind if the engine names it.
    Trap(&'static str),
    /// With an exception that nothing caught.
    Exception,
    /// By an end of the engine's resources, which other engines have more or less of: nothing
    /// that follows can be compared.
    Resource(&'static str),
    /// With an error of another kind.
    Failed(String),
}

/// The trap that stands for any: the engine doesn't say.
pub const SOME_TRAP: &str = "some trap";

/// What an engine did with a module, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Observation {
    /// What was done, and how it ended.
    pub steps: Vec<(String, Outcome)>,
    /// What can be seen in the end: exported globals, memories, tables, and what host functions
    /// were given.
    pub state: Vec<String>,
    /// The fuel used, if it was counted.
    pub fuel: Option<u64>,
}

impl Observation {
    /// Adds a step; says whether to go on.
    pub fn step(&mut self, what: impl Into<String>, outcome: Outcome) -> bool {
        let go_on = !matches!(outcome, Outcome::Resource(_));
        self.steps.push((what.into(), outcome));
        go_on
    }

    /// Whether an end of resources ended it.
    pub fn cut_short(&self) -> bool {
        self.steps
            .iter()
            .any(|(_, o)| matches!(o, Outcome::Resource(_)))
    }

    /// Calls that came to an end of their own.
    pub fn completed(&self) -> usize {
        self.steps
            .iter()
            .filter(|(_, o)| matches!(o, Outcome::Values(_)))
            .count()
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, outcome) in &self.steps {
            writeln!(f, "{what}: {outcome:?}")?;
        }
        for line in &self.state {
            writeln!(f, "{line}")?;
        }
        match self.fuel {
            Some(fuel) => writeln!(f, "fuel {fuel}"),
            None => Ok(()),
        }
    }
}

/// Finds the first difference between two observations, if there is one.
pub fn difference(a: &Observation, b: &Observation) -> Option<String> {
    for ((what, x), (other, y)) in a.steps.iter().zip(&b.steps) {
        if what != other {
            return Some(format!("one did `{what}`, the other `{other}`"));
        }
        match (x, y) {
            (Outcome::Resource(_), _) | (_, Outcome::Resource(_)) => return None,
            (Outcome::Trap(SOME_TRAP), Outcome::Trap(_))
            | (Outcome::Trap(_), Outcome::Trap(SOME_TRAP)) => {}
            _ if x == y => {}
            _ => return Some(format!("{what}: {x:?} and {y:?}")),
        }
    }
    if a.steps.len() != b.steps.len() {
        return Some(format!("{} steps and {}", a.steps.len(), b.steps.len()));
    }
    for (x, y) in a.state.iter().zip(&b.state) {
        if x != y {
            return Some(format!("`{x}` and `{y}`"));
        }
    }
    if a.state.len() != b.state.len() {
        return Some(format!(
            "{} lines of state and {}",
            a.state.len(),
            b.state.len()
        ));
    }
    match (a.fuel, b.fuel) {
        (Some(x), Some(y)) if x != y => Some(format!("fuel {x} and {y}")),
        _ => None,
    }
}

/// A hash of bytes: FNV-1a over words.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        hash = (hash ^ word).wrapping_mul(0x0100_0000_01b3);
        hash ^= hash >> 29;
    }
    for byte in chunks.remainder() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
