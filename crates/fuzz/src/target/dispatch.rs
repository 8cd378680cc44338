//! What a build does with a case, in a line: to be compared with another build's.

use crate::generate::{self, Dialect};
use crate::observe::hash;
use crate::on_tierra::{self, Settings};

/// What this build does with a case: the whole observation if `long`, else a hash of it.
pub fn summary(seed: u64, long: bool) -> String {
    let Some(case) = generate::case(seed, Dialect::Everything) else {
        return format!("{seed}: -");
    };
    let settings = Settings {
        fuel: Some(10_000_000),
        gc_stress: seed.is_multiple_of(2),
        ..Settings::new(Dialect::Everything)
    };
    match on_tierra::run(&settings, &case.wasm, seed) {
        Ok(seen) if long => format!("{seed}:\n{seen}"),
        Ok(seen) => {
            let hash = hash(seen.to_string().as_bytes());
            format!("{seed}: {} completed, {hash:#018x}", seen.completed())
        }
        Err(e) => format!("{seed}: {e}"),
    }
}
