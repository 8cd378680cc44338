//! Targets: what is tried with a case, and what counts as a failure.

mod dispatch;
mod no_crash;
mod outside;
mod settings;
mod tiers;
mod translate;
mod validate;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use dispatch::summary;

/// What a case was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Tried; so many calls came to their end.
    Tried(usize),
    /// Nothing could be tried.
    Skipped,
}

/// What went wrong, with the module if there is one.
#[derive(Clone, Debug)]
pub struct Failure {
    /// In one line.
    pub what: String,
    /// The module, or what was given as one.
    pub wasm: Vec<u8>,
}

/// A target.
pub struct Target {
    /// The name, for flags and files.
    pub name: &'static str,
    /// Makes what the target needs from a seed.
    generate: fn(u64) -> Option<Vec<u8>>,
    /// Tries it.
    check: fn(u64, &[u8]) -> Result<Verdict, String>,
}

/// Every target.
pub const ALL: &[Target] = &[
    Target {
        name: "outside",
        generate: outside::generate,
        check: outside::check,
    },
    Target {
        name: "settings",
        generate: settings::generate,
        check: settings::check,
    },
    Target {
        name: "tiers",
        generate: tiers::generate,
        check: tiers::check,
    },
    Target {
        name: "programs",
        generate: tiers::program,
        check: tiers::check,
    },
    Target {
        name: "no-crash",
        generate: no_crash::generate,
        check: no_crash::check,
    },
    Target {
        name: "translate",
        generate: translate::generate,
        check: translate::check,
    },
    Target {
        name: "validate",
        generate: validate::generate,
        check: validate::check,
    },
];

impl Target {
    /// The target of this name.
    pub fn by_name(name: &str) -> Option<&'static Target> {
        ALL.iter().find(|t| t.name == name)
    }

    /// Runs a case.
    ///
    /// # Errors
    /// When it fails or panics.
    pub fn run(&self, seed: u64) -> Result<Verdict, Failure> {
        match (self.generate)(seed) {
            Some(wasm) => self
                .check(seed, &wasm)
                .map_err(|what| Failure { what, wasm }),
            None => Ok(Verdict::Skipped),
        }
    }

    /// Runs a case with another module than the seed's.
    ///
    /// # Errors
    /// When it fails or panics.
    pub fn check(&self, seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
        catch_unwind(AssertUnwindSafe(|| (self.check)(seed, wasm))).unwrap_or_else(|panic| {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("?");
            Err(format!("panic: {text}"))
        })
    }
}
