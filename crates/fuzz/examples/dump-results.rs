//! Prints what this build does with a range of cases, to be compared with another build's:
//!
//! ```text
//! cargo run --release -p tierra-fuzz --example dump-results -- 0 10000 > sibling
//! cargo run --release -p tierra-fuzz --example dump-results --features loop-dispatch -- 0 10000 > loop
//! diff sibling loop
//! ```
//!
//! A third argument of `long` prints everything that was seen.

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default| args.get(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (from, to): (u64, u64) = (number(0, 0), number(1, 100));
    let long = args.get(2).is_some_and(|a| a == "long");
    eprintln!("dispatch: {}", tierra_interp::DISPATCH);
    for seed in from..to {
        println!("{}", tierra_fuzz::target::summary(seed, long));
    }
}
