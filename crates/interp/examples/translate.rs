//! How fast functions are translated: `cargo run --release -p tierra-interp --example translate
//! --features std FILE.wasm…` prints megabytes of code section per second, on one core, the best
//! of five runs.

use std::sync::Arc;
use std::time::Instant;
use tierra_core::Features;
use tierra_interp::{CodeConfig, ModuleCode};
use tierra_module::{Module, Sequential};

const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        let features = Features::default().with(Features::LEGACY_EXCEPTIONS, true);
        let module = Module::new(Arc::new(bytes), features, &Sequential)?;
        let module = Arc::new(module);
        let mut best = f64::INFINITY;
        let mut size = 0;
        for _ in 0..RUNS {
            let code = ModuleCode::new(module.clone(), CodeConfig::default(), None);
            let begin = Instant::now();
            size = code.prepare_all()?;
            best = best.min(begin.elapsed().as_secs_f64());
        }
        let source = module.code_size();
        println!(
            "{path}: {source} bytes to {size} in {:.1} ms: {:.1} MB/s",
            best * 1e3,
            source as f64 / best / 1e6
        );
    }
    Ok(())
}
