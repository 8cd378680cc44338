//! Engines: how each is told to compile and to run.

use super::list::Program;
use crate::process::{self, Finished};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The longest that anything may take.
pub const LIMIT: Duration = Duration::from_secs(300);

/// A kind of engine: one row for each.
pub struct Kind {
    pub name: &'static str,
    /// The words that run a module.
    run: &'static [&'static str],
    /// Those that run what it compiled.
    run_compiled: &'static [&'static str],
    /// Those that compile; `-o OUT FILE` follows. None if it does not do that ahead of time.
    compile: Option<&'static [&'static str]>,
    /// Those that let one thread compile.
    one_thread: &'static [&'static str],
    /// Whether directories are granted by `--dir`.
    takes_dirs: bool,
    /// Whether it tells the time of the run, compilation left out, on its standard error.
    tells_time: bool,
}

/// Ours, and those to compare with.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "tierra",
        run: &["run"],
        run_compiled: &["run", "--allow-precompiled"],
        compile: Some(&["compile"]),
        one_thread: &["--threads", "1"],
        takes_dirs: true,
        tells_time: false,
    },
    Kind {
        name: "wasmtime",
        run: &["run", "-C", "cache=n"],
        run_compiled: &["run", "--allow-precompiled"],
        compile: Some(&["compile"]),
        one_thread: &["-C", "parallel-compilation=n"],
        takes_dirs: true,
        tells_time: false,
    },
    Kind {
        name: "wasmi",
        run: &["run"],
        run_compiled: &[],
        compile: None,
        one_thread: &[],
        takes_dirs: true,
        tells_time: false,
    },
    // V8, whose optimizing compiler does everything before the first instruction.
    Kind {
        name: "node",
        run: &[
            "--no-warnings",
            "--no-liftoff",
            "--no-wasm-lazy-compilation",
        ],
        run_compiled: &[],
        compile: None,
        one_thread: &["--single-threaded"],
        takes_dirs: false,
        tells_time: true,
    },
];

/// What Node.js runs, to run a module.
const SCRIPT: &str = include_str!("node.mjs");

/// An engine on this machine.
#[derive(Clone)]
pub struct Engine {
    pub kind: &'static Kind,
    /// What tables call it: the kind, with a number if there are several.
    pub label: String,
    pub program: PathBuf,
    /// What compiling is told besides.
    pub compile_options: Vec<String>,
    /// Whether the time of runs is the processor's, not the clock's.
    pub cpu_time: bool,
    /// What running is told besides: words that stand before the module.
    run_options: Vec<String>,
}

impl Engine {
    pub fn new(kind: &'static Kind, program: PathBuf) -> Result<Self, String> {
        let program = std::path::absolute(&program).map_err(|error| error.to_string())?;
        if !program.is_file() {
            return Err(format!("`{}` is no program", program.display()));
        }
        let mut run_options = Vec::new();
        if kind.tells_time {
            let script = super::folder()?.join("node.mjs");
            std::fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
            run_options.push(script.to_string_lossy().into_owned());
        }
        Ok(Engine {
            kind,
            label: kind.name.into(),
            cpu_time: false,
            program,
            compile_options: Vec::new(),
            run_options,
        })
    }

    /// The same with other options of compiling, and of running.
    pub fn with(&self, compile: &[&str], run: &[&str]) -> Self {
        let mut engine = self.clone();
        let owned = |words: &[&str]| {
            words
                .iter()
                .map(|word| word.to_string())
                .collect::<Vec<_>>()
        };
        engine.compile_options.extend(owned(compile));
        engine.run_options.extend(owned(run));
        engine
    }

    /// Whether it compiles ahead of time.
    pub fn compiles(&self) -> bool {
        self.kind.compile.is_some()
    }

    /// Whether it tells the time of the run, so that compiling is not in it.
    pub fn tells_time(&self) -> bool {
        self.kind.tells_time
    }

    /// Whether what it runs can be compared with code that was compiled before.
    pub fn runs_compiled(&self) -> bool {
        self.compiles() || self.kind.tells_time
    }

    /// Compiles a module to a file.
    pub fn compile(
        &self,
        program: &Program,
        out: &Path,
        one_thread: bool,
    ) -> Result<Finished, String> {
        let words = self
            .kind
            .compile
            .ok_or("it does not compile ahead of time")?;
        let mut command = Command::new(&self.program);
        command.args(words).args(&self.compile_options);
        command.args(program.options(self.kind.name));
        if one_thread {
            command.args(self.kind.one_thread);
        }
        command.arg("-o").arg(out).arg(&program.wasm);
        let finished = process::run(&mut command, LIMIT).map_err(|error| error.to_string())?;
        finished.success()
    }

    /// What runs a program: compiled already if `compiled` says where.
    pub fn command(&self, program: &Program, compiled: Option<&Path>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(match compiled {
                Some(_) => self.kind.run_compiled,
                None => self.kind.run,
            })
            .args(program.options(self.kind.name))
            .args(&self.run_options)
            .current_dir(&program.cwd);
        if self.kind.takes_dirs {
            for dir in &program.dirs {
                command.arg("--dir").arg(dir);
            }
        }
        command.arg(compiled.unwrap_or(&program.wasm));
        command.args(&program.args);
        command
    }

    /// Seconds of a run: of the process, or what it says.
    pub fn seconds(&self, finished: &Finished) -> Result<f64, String> {
        if self.cpu_time {
            return Ok(finished.usage.cpu.as_secs_f64());
        }
        if !self.kind.tells_time {
            return Ok(finished.time.as_secs_f64());
        }
        let said = String::from_utf8_lossy(&finished.stderr);
        let line = said.lines().last().unwrap_or_default();
        let seconds = line.strip_prefix("seconds=").and_then(|s| s.parse().ok());
        seconds.ok_or_else(|| format!("it did not say how long it ran: {line}"))
    }
}
