//! Tierra does the same whatever its settings.

use super::Verdict;
use crate::generate::{self, Dialect};
use crate::observe::difference;
use crate::on_tierra::{self, Settings};

const FUEL: u64 = 10_000_000;

pub fn generate(seed: u64) -> Option<Vec<u8>> {
    generate::case(seed, Dialect::Everything).map(|case| case.wasm)
}

pub fn check(seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
    let plain = Settings::new(Dialect::Everything);
    on_tierra::compile(&plain, wasm).map_err(|e| format!("a valid module is rejected: {e}"))?;
    let Ok(expected) = on_tierra::run(&plain, wasm, seed) else {
        return Ok(Verdict::Skipped);
    };
    let fuel = Settings {
        fuel: Some(FUEL),
        ..plain.clone()
    };
    let stress = Settings {
        gc_stress: true,
        ..plain
    };
    let both = Settings {
        gc_stress: true,
        ..fuel.clone()
    };
    let mut fuels = Vec::new();
    let mut cut_short = expected.cut_short();
    for (what, settings) in [
        ("fuel", fuel),
        ("GC stress", stress),
        ("fuel and GC stress", both),
    ] {
        let seen = on_tierra::run(&settings, wasm, seed)
            .map_err(|e| format!("with {what} it fails: {e}"))?;
        if let Some(difference) = difference(&expected, &seen) {
            return Err(format!("without and with {what}: {difference}"));
        }
        fuels.extend(seen.fuel);
        cut_short |= seen.cut_short();
    }
    if fuels[0] != fuels[1] && !cut_short {
        return Err(format!(
            "the fuel used is {} without GC stress, {} with",
            fuels[0], fuels[1]
        ));
    }
    Ok(Verdict::Tried(expected.completed()))
}
