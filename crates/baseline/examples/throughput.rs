//! How fast functions are compiled: `cargo run --release -p tierra-baseline --example throughput
//! FILE.wasm…` prints megabytes of code section per second of processor time, the best of five runs.

use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::Duration;
use tierra_asm::code::CompiledFunction;
use tierra_asm::x64::Features;
use tierra_baseline::{Error, Options, State, Symbols, compile};
use tierra_core::Features as Proposals;
use tierra_module::{Module, Sequential};

const RUNS: usize = 5;

/// The processor time that this process has used: of its only thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it isn't negative")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options {
        symbols: Symbols {
            stack_slow: u32::MAX,
            poll: u32::MAX - 1,
            trap: u32::MAX - 2,
            exit: u32::MAX - 3,
        },
        fuel: false,
        interruption: true,
        counting: None,
        is_guarded: tierra_vm::is_guarded,
    };
    let features = Features::parse("avx2,bmi1,bmi2,lzcnt")?;
    let mut state = State::new(features);
    let mut out = CompiledFunction::default();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        let proposals = Proposals::default().with(Proposals::LEGACY_EXCEPTIONS, true);
        let module = Module::new(Arc::new(bytes), proposals, &Sequential)?;
        let (mut best, mut code, mut refused) = (f64::INFINITY, 0, 0);
        for _ in 0..RUNS {
            (code, refused) = (0, 0);
            let begin = processor_time();
            for func in module.defined_funcs() {
                match compile(&module, func, &options, &mut state, &mut out) {
                    Ok(()) => code += out.code.len(),
                    Err(Error::TooLarge) => refused += 1,
                    Err(error) => return Err(error.into()),
                }
            }
            best = best.min((processor_time() - begin).as_secs_f64());
        }
        let source = module.code_size();
        println!(
            "{path}: {source} bytes to {code} in {:.1} ms: {:.1} MB/s; {refused} functions refused",
            best * 1e3,
            source as f64 / best / 1e6
        );
    }
    Ok(())
}
