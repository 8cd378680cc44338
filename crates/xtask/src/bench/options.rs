//! What all modes are told in the same words.

use super::engine::{Engine, KINDS};
use crate::cargo;
use std::path::PathBuf;

pub const HELP: &str = "
Options:
  --list FILE          programs, as JSON: objects with `name`, `wasm`, `cwd`, `dirs`, `args`
  --peer NAME=PROGRAM  whom to compare with: wasmtime, wasmi, node, or another tierra; may be given again
  --tierra PROGRAM     our own program; without it, the release build is made
  --opt LEVEL          how our own code is compiled: none, speed or size (compile: all of them)
  --tier TIER          which of our compilers makes code ahead of time: optimizing or baseline
  --runs N             how often each program runs; 5 if not given
  --cpu-time           measure the processor's time, not the clock's: for busy machines
  --json FILE          write the figures to a file, too
  NAME, -NAME          only, or without, what has this text in its name

Examples:
  cargo xtask bench run --list bench.json --peer wasmtime=/usr/bin/wasmtime -libsodium
  cargo xtask bench run --tier baseline --list bench.json --peer wasmtime=/usr/bin/wasmtime
  cargo xtask bench compile --list bench.json --peer wasmtime=/usr/bin/wasmtime sqlite3 regex
  cargo xtask bench bounds";

const RUNS: usize = 5;

/// The options.
pub struct Options {
    pub list: Option<PathBuf>,
    /// Ours first.
    pub engines: Vec<Engine>,
    pub opt: Option<String>,
    pub runs: usize,
    pub json: Option<PathBuf>,
    only: Vec<String>,
    without: Vec<String>,
}

impl Options {
    /// Reads what stands behind the mode.
    pub fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Options {
            list: None,
            engines: Vec::new(),
            opt: None,
            runs: RUNS,
            json: None,
            only: Vec::new(),
            without: Vec::new(),
        };
        let (mut own, mut peers, mut cpu_time) = (None, Vec::new(), false);
        let mut tier = None;
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || {
                let value = args.next().cloned();
                value.ok_or_else(|| format!("`{arg}` needs a value"))
            };
            match arg.as_str() {
                "--list" => options.list = Some(value()?.into()),
                "--peer" => peers.push(value()?),
                "--tierra" => own = Some(PathBuf::from(value()?)),
                "--opt" => options.opt = Some(value()?),
                "--tier" => tier = Some(value()?),
                "--cpu-time" => cpu_time = true,
                "--json" => options.json = Some(value()?.into()),
                "--runs" | "-n" => {
                    let number = value()?.parse().ok().filter(|n| *n > 0);
                    options.runs = number.ok_or("`--runs` needs a number")?;
                }
                _ if arg.starts_with("--") => return Err(format!("there is no option `{arg}`")),
                _ => match arg.strip_prefix('-') {
                    Some(name) => options.without.push(name.into()),
                    None => options.only.push(arg.clone()),
                },
            }
        }
        let own = match own {
            Some(own) => own,
            None => cargo::build_tierra(&[], "release")?,
        };
        options.engines.push(Engine::new(&KINDS[0], own)?);
        let said = [("--tier", tier), ("--opt", options.opt.clone())];
        for (option, value) in said {
            let words = value.map(|value| [option.into(), value]);
            options.engines[0]
                .compile_options
                .extend(words.into_iter().flatten());
        }
        for peer in peers {
            let (name, program) = peer
                .split_once('=')
                .ok_or("a peer is given as NAME=PROGRAM")?;
            let kind = KINDS.iter().find(|kind| kind.name == name);
            let kind = kind.ok_or_else(|| {
                let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
                format!("there is no peer `{name}`; there are {}", names.join(", "))
            })?;
            let mut engine = Engine::new(kind, program.into())?;
            let same = options.engines.iter().filter(|it| it.kind.name == name);
            let number = 1 + same.count();
            if number > 1 {
                engine.label = format!("{name}-{number}");
            }
            options.engines.push(engine);
        }
        for engine in &mut options.engines {
            engine.cpu_time = cpu_time && !engine.tells_time();
        }
        Ok(options)
    }

    /// The title of a table of times.
    pub fn title(&self, what: &str) -> String {
        let time = if self.own().cpu_time {
            "seconds of the processor"
        } else {
            "seconds"
        };
        format!("{what}: least {time} of {} interleaved runs", self.runs)
    }

    /// Our own engine.
    pub fn own(&self) -> &Engine {
        &self.engines[0]
    }

    /// Whether something of this name is measured.
    pub fn wants(&self, name: &str) -> bool {
        let has = |texts: &[String]| texts.iter().any(|text| name.contains(text.as_str()));
        (self.only.is_empty() || has(&self.only)) && !has(&self.without)
    }
}
