//! How long compilation takes, by the size of functions.
//!
//! `cargo run --release --features run --example compile-time`

use tierra_codegen::{Context, Features, Options};
use tierra_ir::generate::{Config, Rng, function, signature};

/// The time that this thread ran.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    let nanoseconds = text.split(' ').next().expect("a number");
    nanoseconds.parse::<f64>().expect("a number") / 1e9
}

fn main() {
    let features = Features::baseline().union(Features::parse("avx2,fma").expect("features"));
    let mut context = Context::new(Options {
        features,
        verify: false,
        ..Options::default()
    });
    for size in [10, 100, 1000, 10_000, 50_000] {
        let count = (100_000 / size).max(1);
        let config = Config {
            size,
            ..Config::default()
        };
        let functions: Vec<_> = (0..u64::from(count))
            .map(|seed| {
                let mut rng = Rng::new(seed);
                let signature = signature(&mut rng, &config);
                function(rng.any(), "f", signature, &config)
            })
            .collect();
        let insts: usize = functions.iter().map(|f| f.num_insts()).sum();
        let mut best = f64::INFINITY;
        let mut bytes = 0;
        for _ in 0..5 {
            let mut copies = functions.clone();
            bytes = 0;
            let start = cpu_seconds();
            for func in &mut copies {
                bytes += context.compile(func).expect("there is code").code_len;
            }
            best = best.min(cpu_seconds() - start);
        }
        println!(
            "{size:6} statements: {:8} instructions, {:.0} ns per instruction, {:.1} bytes each",
            insts,
            best * 1e9 / insts as f64,
            f64::from(bytes) / insts as f64
        );
    }
}
