//! Runs fuzz targets for a time.
//!
//! `cargo run --release -p tierra-fuzz -- [--seconds N] [--target NAME] [--seed N] [--cases N]
//! [--out DIR] [--module FILE]`

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tierra_fuzz::target::{self, Failure, Target, Verdict};
use tierra_fuzz::{generate, reduce};

struct Options {
    seconds: u64,
    cases: u64,
    targets: Vec<&'static Target>,
    seed: u64,
    out: PathBuf,
    module: Option<PathBuf>,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        seconds: 60,
        cases: u64::MAX,
        targets: target::ALL.iter().collect(),
        seed: 0,
        out: PathBuf::from("target/fuzz"),
        module: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|e| format!("{flag} {value}: {e}"))
        };
        match flag.as_str() {
            "--seconds" => options.seconds = number()?,
            "--cases" => options.cases = number()?,
            "--seed" => options.seed = number()?,
            "--out" => options.out = PathBuf::from(&value),
            "--module" => options.module = Some(PathBuf::from(&value)),
            "--target" => {
                let names: Vec<_> = target::ALL.iter().map(|t| t.name).collect();
                let found = Target::by_name(&value);
                options.targets =
                    vec![found.ok_or_else(|| format!("targets are {}", names.join(", ")))?];
            }
            _ => return Err(format!("unknown flag {flag}")),
        }
    }
    Ok(options)
}

/// Counts of one target.
#[derive(Default, Clone)]
struct Count {
    cases: u64,
    skipped: u64,
    completed: u64,
    failures: u64,
}

fn main() -> Result<(), String> {
    let options = options()?;
    std::fs::create_dir_all(&options.out).map_err(|e| e.to_string())?;
    if let Some(path) = &options.module {
        let wasm = std::fs::read(path).map_err(|e| e.to_string())?;
        for target in &options.targets {
            println!("{}: {:?}", target.name, target.check(options.seed, &wasm));
        }
        return Ok(());
    }
    let start = Instant::now();
    let mut counts = vec![Count::default(); options.targets.len()];
    let mut told = start;
    let mut seed = options.seed;
    let end = options.seed.saturating_add(options.cases);
    while seed < end && start.elapsed() < Duration::from_secs(options.seconds) {
        for (target, count) in options.targets.iter().zip(&mut counts) {
            // A crash of the process leaves this behind.
            let _ = std::fs::write(
                options.out.join(format!("current-{}", std::process::id())),
                format!("--target {} --seed {seed} --cases 1\n", target.name),
            );
            let begin = Instant::now();
            count.cases += 1;
            match target.run(seed) {
                Ok(Verdict::Tried(completed)) => count.completed += completed as u64,
                Ok(Verdict::Skipped) => count.skipped += 1,
                Err(failure) => {
                    count.failures += 1;
                    report(target, seed, &failure, &options.out);
                }
            }
            if begin.elapsed() > Duration::from_secs(5) {
                println!("SLOW {} {seed}: {:?}", target.name, begin.elapsed());
            }
        }
        seed += 1;
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            print(&options.targets, &counts, start);
        }
    }
    print(&options.targets, &counts, start);
    let _ = std::fs::remove_file(options.out.join(format!("current-{}", std::process::id())));
    match counts.iter().map(|c| c.failures).sum::<u64>() {
        0 => Ok(()),
        n => Err(format!("{n} cases failed")),
    }
}

fn print(targets: &[&Target], counts: &[Count], start: Instant) {
    println!("{} s", start.elapsed().as_secs());
    for (target, count) in targets.iter().zip(counts) {
        println!(
            "  {}: {} cases, {} of them skipped, {} calls completed, {} failures",
            target.name, count.cases, count.skipped, count.completed, count.failures
        );
    }
}

fn report(target: &Target, seed: u64, failure: &Failure, out: &Path) {
    println!("FAIL {} {seed}: {}", target.name, failure.what);
    let small = reduce::module(&failure.wasm, &mut |wasm| target.check(seed, wasm).is_err());
    let base = out.join(format!("{}-{seed}", target.name));
    let why = target.check(seed, &small).err().unwrap_or_default();
    let text = format!(
        ";; {}\n;; reduced: {why}\n{}",
        failure.what,
        generate::text(&small)
    );
    let written = std::fs::write(base.with_extension("wasm"), &failure.wasm)
        .and_then(|()| std::fs::write(base.with_extension("min.wasm"), &small))
        .and_then(|()| std::fs::write(base.with_extension("wat"), text));
    match written {
        Ok(()) => println!("  see {}.wat", base.display()),
        Err(e) => println!("  and it can't be written: {e}"),
    }
}
