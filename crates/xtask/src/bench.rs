//! `cargo xtask bench`: programs, side by side with the peers on PATH.
//!
//! A list is JSON: objects with `name`, `wasm`, `cwd`, `dirs`, `args`, and `stdout_sha256` or
//! nothing to compare with. Runs are interleaved, so that a machine that slows down slows all of
//! them down; the least time of each counts. Output is compared between engines: a fast wrong
//! answer is no result.
//!
//! Some programs choose at random how much they do, so that two engines never do the same. What
//! they consume of fuel tells them apart; they are listed, and not counted.

use crate::process::{self, Finished};
use crate::{Outcome, cargo};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const RUNS: usize = 5;
const LIMIT: Duration = Duration::from_secs(300);

/// How much more one run may do than another and still be the same work.
const STEADY: f64 = 1.02;

/// An engine: its name, its program, and the words before the options.
struct Engine {
    name: &'static str,
    program: PathBuf,
    words: &'static [&'static str],
}

/// Those to compare with, in the order of preference; the first that is found is the measure.
const PEERS: &[(&str, &[&str])] = &[("wasmi", &["run"])];

/// What one engine did with one program.
#[derive(Default)]
struct Score {
    best: Option<f64>,
    output: Option<Vec<u8>>,
    failure: Option<String>,
}

/// Runs the programs of a list whose names contain one of the texts.
pub fn run(args: &[String]) -> Outcome {
    let (list, runs, filters) = parse(args)?;
    let text = std::fs::read(&list).map_err(|error| format!("cannot read `{list}`: {error}"))?;
    let programs: Vec<Value> =
        serde_json::from_slice(&text).map_err(|error| format!("`{list}`: {error}"))?;
    let engines = engines()?;
    println!("least seconds of {runs} interleaved runs, wall time of the whole process");
    print!("{:32}", "");
    engines
        .iter()
        .for_each(|engine| print!("{:>12}", engine.name));
    println!("{:>10}", "ratio");

    let mut ratios = Vec::new();
    for program in &programs {
        let name = program["name"].as_str().unwrap_or_default();
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            continue;
        }
        let scores = measure(&engines, program, runs);
        let steady = is_steady(&engines[0], program);
        if let Some(ratio) = line(name, &scores, steady)
            && steady
        {
            ratios.push((ratio, name));
        }
    }
    summary(&mut ratios);
    Ok(())
}

fn parse(args: &[String]) -> Result<(String, usize, Vec<&str>), String> {
    let (mut list, mut runs, mut filters) = (None, RUNS, Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "-n" {
            let number = args.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
            runs = number.ok_or("`-n` needs the number of runs")?;
        } else if list.is_none() {
            list = Some(arg.clone());
        } else {
            filters.push(arg.as_str());
        }
    }
    Ok((list.ok_or("name a list of programs")?, runs, filters))
}

fn engines() -> Result<Vec<Engine>, String> {
    let own = Engine {
        name: "tierra",
        program: cargo::build_tierra(&[], "release")?,
        words: &["run"],
    };
    let peers = PEERS.iter().filter_map(|(name, words)| {
        let program = on_path(name)?;
        Some(Engine {
            name,
            program,
            words,
        })
    });
    Ok(std::iter::once(own).chain(peers).collect())
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn measure(engines: &[Engine], program: &Value, runs: usize) -> Vec<Score> {
    let mut scores: Vec<Score> = engines.iter().map(|_| Score::default()).collect();
    for _ in 0..runs {
        for (engine, score) in engines.iter().zip(&mut scores) {
            if score.failure.is_none() {
                score.add(process::run(&mut command(engine, program), LIMIT));
            }
        }
    }
    // Some print the time that they took.
    if program["stdout_varies"].as_bool() != Some(true) {
        let own = scores[0].output.clone();
        if scores
            .iter()
            .any(|score| score.failure.is_none() && score.output != own)
        {
            scores[0].failure = Some("prints something else than its peer".into());
        }
    }
    scores
}

/// Whether two runs of our own do the same work, or nearly: clocks may make a little difference.
fn is_steady(own: &Engine, program: &Value) -> bool {
    let work = || {
        let options = ["--fuel", "9000000000000000000", "--log", "info"];
        let run = process::run(&mut command_with(own, &options, program), LIMIT).ok()?;
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        let (_, consumed) = said.split_once("consumed=")?;
        consumed.split_whitespace().next()?.parse::<f64>().ok()
    };
    match (work(), work()) {
        (Some(a), Some(b)) => a.max(b) <= a.min(b) * STEADY,
        _ => false,
    }
}

fn command(engine: &Engine, program: &Value) -> Command {
    command_with(engine, &[], program)
}

fn command_with(engine: &Engine, options: &[&str], program: &Value) -> Command {
    let texts = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| Some(v.as_str()?.to_owned()))
            .collect()
    };
    let mut command = Command::new(&engine.program);
    command.args(engine.words).args(options);
    if let Some(folder) = program["cwd"].as_str() {
        command.current_dir(Path::new(folder));
    }
    for dir in texts(&program["dirs"]) {
        command.arg("--dir").arg(dir);
    }
    command
        .arg(program["wasm"].as_str().unwrap_or_default())
        .args(texts(&program["args"]));
    command
}

impl Score {
    fn add(&mut self, run: std::io::Result<Finished>) {
        let finished = match run {
            Ok(finished) => finished,
            Err(error) => return self.failure = Some(error.to_string()),
        };
        match finished.status {
            Some(status) if status.success() => {}
            Some(status) => {
                let said = String::from_utf8_lossy(&finished.stderr);
                let said = said.lines().next().unwrap_or_default();
                return self.failure = Some(format!("{status}: {said}"));
            }
            None => return self.failure = Some(format!("it took longer than {LIMIT:?}")),
        }
        let time = finished.time.as_secs_f64();
        self.best = Some(self.best.map_or(time, |best| best.min(time)));
        self.output = Some(finished.stdout);
    }
}

/// Prints a program's line; returns how much of its peer's time the first engine took.
fn line(name: &str, scores: &[Score], steady: bool) -> Option<f64> {
    print!("{name:32}");
    for score in scores {
        match (score.best, &score.failure) {
            (Some(best), None) => print!("{best:12.4}"),
            _ => print!("{:>12}", "failed"),
        }
    }
    let good = |score: &Score| score.best.filter(|_| score.failure.is_none());
    let ratio = match scores {
        [own, peer, ..] => good(own).zip(good(peer)).map(|(own, peer)| own / peer),
        _ => None,
    };
    match ratio {
        Some(ratio) if steady => println!("{ratio:10.2}"),
        Some(_) => println!("    its work varies; not counted"),
        None => println!(),
    }
    for why in scores.iter().filter_map(|score| score.failure.as_ref()) {
        println!("    {why}");
    }
    ratio
}

fn summary(ratios: &mut [(f64, &str)]) {
    if ratios.is_empty() {
        return;
    }
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean =
        (ratios.iter().map(|(ratio, _)| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    println!(
        "\n{} programs; geometric mean of the ratios {mean:.3}",
        ratios.len()
    );
    for (what, (ratio, name)) in [("best", ratios[0]), ("worst", ratios[ratios.len() - 1])] {
        println!("{what} {ratio:.2} {name}");
    }
}
