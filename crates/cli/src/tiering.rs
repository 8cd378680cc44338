//! Options for functions that rise from tier to tier, and what is said of them.

use crate::failure::Failure;
use crate::units;
use clap::Args;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tierra::{Config, Engine, Made, Sink, Stress, Tiering};
use tracing::level_filters::LevelFilter;

/// Options for `--tier auto`.
#[derive(Args)]
#[command(next_help_heading = "Rising from tier to tier (`--tier auto`)")]
pub struct TieringOptions {
    /// Optimize functions once they have run so many times their own size: fewer is sooner
    #[arg(long, value_name = "N")]
    pub tier_threshold: Option<u32>,
    /// Begin in the interpreter, and compile functions in one pass once they have run so many times
    /// their own size there
    #[arg(long, value_name = "N")]
    pub interpreter_threshold: Option<u32>,
    /// Keep the machine code of a module within so many bytes; functions beyond stay as they are
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub code_memory: Option<u64>,
    /// Optimize on so many threads; 0 for one less than the machine has
    #[arg(long, value_name = "N")]
    pub optimizing_threads: Option<usize>,
    /// Make rare things happen, to find bugs: `eager` (optimize at once), `sync` (wait for it),
    /// `random=SEED` (any tier first, loops left at any round), `delay=TIME`, `fail=N` (every Nth
    /// function can't be optimized)
    #[arg(long, value_name = "LIST", value_parser = parse_stress)]
    pub tier_stress: Option<Stress>,
}

fn parse_stress(list: &str) -> Result<Stress, String> {
    let mut stress = Stress::default();
    for item in list.split(',') {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let number = || {
            let number = value.parse::<u64>();
            number.map_err(|_| format!("`{name}` needs a number, as in `{name}=3`"))
        };
        match name {
            "eager" => stress.eager = true,
            "sync" => stress.synchronous = true,
            "random" => stress.random = Some(number()?),
            "delay" => stress.delay = units::duration(value).map_err(|e| e.to_string())?,
            "fail" => {
                let number = u32::try_from(number()?);
                stress.fail = number.map_err(|_| String::from("`fail` is less than 2^32"))?;
            }
            _ => {
                return Err(format!(
                    "there is no `{name}`; there are eager, sync, random=SEED, delay=TIME, fail=N"
                ));
            }
        }
    }
    Ok(stress)
}

impl TieringOptions {
    /// Tells the configuration.
    pub fn apply(&self, config: &mut Config) {
        config.tiering(self.tiering());
    }

    fn tiering(&self) -> Tiering {
        let mut tiering = Tiering::default();
        if let Some(threshold) = self.tier_threshold {
            let default = std::mem::replace(&mut tiering.per_byte, threshold);
            let scaled = u64::from(tiering.at_least) * u64::from(threshold) / u64::from(default);
            tiering.at_least = u32::try_from(scaled).unwrap_or(u32::MAX);
        }
        if let Some(bytes) = self.code_memory {
            tiering.code_memory = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        tiering.interpreted = self.interpreter_threshold;
        tiering.threads = self.optimizing_threads.unwrap_or(0);
        tiering.stress = self.tier_stress.unwrap_or_default();
        tiering
    }

    /// The same, saying what happens.
    pub fn apply_with_log(&self, config: &mut Config, log: Log) {
        let start = Instant::now();
        let mut tiering = self.tiering();
        tiering.sink = Some(Sink(Arc::new(move |event| match log {
            Log::Tiering => {
                let time = start.elapsed().as_secs_f64();
                eprintln!("{time:10.6}s {event}");
            }
            Log::Level(_) => tracing::debug!("{event}"),
        })));
        config.tiering(tiering);
    }
}

/// What `--log` takes.
#[derive(Clone, Copy, Debug)]
pub enum Log {
    /// All events of a level and above.
    Level(LevelFilter),
    /// What happens to functions.
    Tiering,
}

impl FromStr for Log {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "tiering" {
            return Ok(Self::Tiering);
        }
        let level = text.parse().map(Self::Level);
        level.map_err(|_| "there are error, warn, info, debug, trace and tiering".into())
    }
}

/// What happened to functions, as a table.
pub struct Shown(pub tierra::TierStats);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stats) = self;
        writeln!(
            f,
            "{:<22} {:>9} {:>11} {:>11} {:>10} {:>8}",
            "tier", "functions", "wasm bytes", "code bytes", "ms", "MB/s"
        )?;
        let rows = [
            ("baseline", stats.baseline),
            ("optimizing", stats.optimizing),
            ("optimizing, from loops", stats.loops),
            ("from the cache", stats.cached),
        ];
        for (name, made) in rows {
            let Made {
                functions,
                bytes,
                code,
                time,
            } = made;
            let ms = milliseconds(time);
            let speed = if ms > 0.0 {
                bytes as f64 / ms / 1e3
            } else {
                0.0
            };
            writeln!(
                f,
                "{name:<22} {functions:>9} {bytes:>11} {code:>11} {ms:>10.2} {speed:>8.1}"
            )?;
        }
        writeln!(
            f,
            "{} modules with {} functions, {} instances; {} interpreted; {} stay in their tier",
            stats.modules, stats.functions, stats.instances, stats.interpreted, stats.stay
        )?;
        writeln!(
            f,
            "{} loops moved from the interpreter, {} to better code while they ran",
            stats.entered, stats.moved
        )?;
        write!(
            f,
            "{} KiB of memory for code; the last function was optimized after {:.2} ms",
            stats.code_memory >> 10,
            milliseconds(stats.warm)
        )
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Prints what happened to functions, on the standard error.
pub fn print_stats(engine: &Engine) -> Result<(), Failure> {
    use std::io::Write;
    let shown = Shown(engine.tier_stats());
    writeln!(std::io::stderr(), "{shown}")
        .map_err(|error| Failure::host(format!("cannot print the statistics: {error}")))
}
