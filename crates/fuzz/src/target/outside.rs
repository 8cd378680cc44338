//! Tierra and wasmi do the same.

use super::Verdict;
use crate::generate::{self, Dialect};
use crate::observe::difference;
use crate::on_tierra::{self, Settings};
use crate::on_wasmi;

/// Enough for what is useful, and little enough for many cases.
const FUEL: u64 = 200_000;

pub fn generate(seed: u64) -> Option<Vec<u8>> {
    generate::case(seed, Dialect::Common).map(|case| case.wasm)
}

pub fn check(seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
    // Without fuel only what terminates: the exported counter shows that.
    let terminates = generate::case(seed, Dialect::Common).is_some_and(|case| case.terminates);
    let fuel = (!terminates || seed % 4 == 0).then_some(FUEL);
    let features = generate::features(Dialect::Common);
    let settings = Settings { features, fuel, gc_stress: seed.is_multiple_of(3) };
    let theirs = on_wasmi::run(fuel, wasm, seed);
    let ours = on_tierra::run(&settings, wasm, seed);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => match difference(&ours, &theirs) {
            None => Ok(Verdict::Tried(ours.completed())),
            Some(what) => Err(format!("Tierra and wasmi: {what}")),
        },
        (Err(_), Err(_)) => Ok(Verdict::Skipped),
        (Err(e), Ok(_)) => Err(format!("only wasmi accepts it: {e}")),
        (Ok(_), Err(e)) => Err(format!("only Tierra accepts it: {e}")),
    }
}
