//! Runs scripts and folders of scripts: `cargo run --release --example run -- [--skip LIST] PATH...`

use std::path::PathBuf;
use tierra::Config;
use tierra_wast::{SkipList, run_paths};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut skip = SkipList::new();
    let mut paths = Vec::new();
    let mut config = Config::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--skip" => {
                let list = args.next().ok_or("--skip needs a file")?;
                skip = SkipList::parse(&list, &std::fs::read_to_string(&list)?)?;
            }
            "--gc-stress" => {
                config.gc_stress(true);
            }
            _ => paths.push(PathBuf::from(arg)),
        }
    }
    let report = run_paths(&paths, &config, &mut skip, |file, report| {
        if !report.ok() {
            println!("{}: {}", file.display(), report.counts);
        }
        report.failures.iter().for_each(|f| println!("  {f}"));
    })?;
    println!("{}", report.counts);
    std::process::exit(i32::from(!report.ok()));
}
