//! Every function of a module can be translated and entered: all are exported and called.

use super::Verdict;
use crate::generate::Dialect;
use crate::on_tierra::{self, Settings};
use crate::random::Random;
use arbitrary::Unstructured;

/// Functions that are large, that nothing else calls, and that don't depend on imports.
pub fn generate(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random::new(seed, 78);
    let config = wasm_smith::Config {
        max_imports: 0,
        min_funcs: 4,
        max_funcs: 4,
        max_exports: 0,
        export_everything: true,
        max_instructions: 4000,
        canonicalize_nans: true,
        disallow_traps: !random.one_in(4),
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_table_elements: 500,
        compact_imports_enabled: false,
        ..wasm_smith::Config::default()
    };
    let bytes = random.bytes(4000 << random.clone().below(5));
    let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    module.ensure_termination(500).ok()?;
    Some(module.to_bytes())
}

pub fn check(seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
    let plain = Settings::new(Dialect::Everything);
    let seen = on_tierra::run(&plain, wasm, seed).map_err(|e| format!("rejected: {e}"))?;
    let failed = seen
        .steps
        .iter()
        .find(|(_, o)| matches!(o, crate::observe::Outcome::Failed(_)));
    if let Some((what, outcome)) = failed {
        return Err(format!("{what}: {outcome:?}"));
    }
    let stress = Settings {
        fuel: Some(5_000_000),
        gc_stress: true,
        ..plain
    };
    let other = on_tierra::run(&stress, wasm, seed).map_err(|e| format!("with fuel: {e}"))?;
    match crate::observe::difference(&seen, &other) {
        None => Ok(Verdict::Tried(seen.completed())),
        Some(what) => Err(format!("with fuel and GC stress: {what}")),
    }
}
