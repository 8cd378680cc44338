//! How fast bodies are validated, and what else it takes to read a module: `cargo run --release -p
//! tierra-module --example validate FILE.wasm…` prints megabytes of code section per second of
//! processor time of one thread, by our validator and by `wasmparser`'s alone, then milliseconds: of
//! processor time for the sections, and on the clock, on all cores, from bytes to a module. Each is
//! the best of seven runs.

use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tierra_core::Features;
use tierra_module::{BodySpace, Executor, Module, Unvalidated, Verdict};

const RUNS: usize = 7;

/// The processor time that this thread has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("it isn't negative")
}

/// The least of what a clock shows for some runs, in seconds.
fn best(clock: impl Fn() -> Duration, mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let begin = clock();
        run();
        (clock() - begin).as_secs_f64()
    };
    (0..RUNS).map(time).fold(f64::INFINITY, f64::min)
}

/// One thread for each core.
struct Threads;

impl Executor for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        if i >= tasks {
                            return;
                        }
                        task(i);
                    }
                });
            }
        });
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let features = Features::default();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        let bytes = Arc::new(bytes);
        let sections = Unvalidated::read(bytes.clone(), features)?;
        let module = sections.module();
        let bodies: Vec<_> = module.defined_funcs().collect();
        let mut space = BodySpace::default();
        let mut unsure = 0;
        let fast = best(processor_time, || {
            let validator = sections.validator();
            unsure = 0;
            for func in &bodies {
                let body = module.body(*func).expect("it is not imported");
                match validator.fast(*func, body, &mut space) {
                    Verdict::Valid => {}
                    Verdict::Invalid => panic!("function {func} is not valid"),
                    Verdict::Unsure => unsure += 1,
                }
            }
        });
        let reference = best(processor_time, || {
            let validator = sections.validator();
            for func in &bodies {
                let body = module.body(*func).expect("it is not imported");
                validator
                    .reference(*func, body, &mut space)
                    .expect("it is valid");
            }
        });
        let clock = || Instant::now().duration_since(*START);
        let section_time = best(processor_time, || {
            Unvalidated::read(bytes.clone(), features).expect("it is valid");
        });
        let all = best(clock, || {
            Module::new(bytes.clone(), features, &Threads).expect("it is valid");
        });
        let rate = |time: f64| module.code_size() as f64 / time / 1e6;
        println!(
            "{path}: {} bytes of code, {:.0} MB/s, wasmparser {:.0} MB/s; {unsure} of {} bodies \
             left to it; sections {:.2} ms, all {:.2} ms",
            module.code_size(),
            rate(fast),
            rate(reference),
            bodies.len(),
            section_time * 1e3,
            all * 1e3,
        );
    }
    Ok(())
}

/// When the program began.
static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
