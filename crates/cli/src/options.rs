//! What `tierra run` can be told.

use crate::cache::Choice;
use crate::engine::EngineOptions;
use crate::tiering::Log;
use crate::units;
use clap::{Args, ValueEnum};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

/// Options of `tierra run`.
#[derive(Args)]
#[command(
    override_usage = "tierra run [OPTIONS] <FILE|-> [ARGS]...",
    after_help = "\
Options stand before FILE; what follows it belongs to the program.

Examples:
  tierra run hello.wasm
  tierra run --dir . --env LANG=C sort.wasm -r data.txt
  tierra run --ro-dir /usr/share/dict::/dict words.wasm
  tierra run --invoke fac math.wat 10
  tierra run --fuel 1000000 --timeout 2s --max-memory 64MiB untrusted.wasm
  tierra run --preload env=support.wasm plugin.wasm
  cat hello.wasm | tierra run -

A program may use nothing of this machine but what options give it, the clocks and random
numbers excepted; `--fixed-clock` and `--random-seed` make runs repeatable."
)]
pub struct RunOptions {
    #[command(flatten)]
    pub engine: EngineOptions,
    /// Call this exported function; ARGS are its parameters, results are printed one per line
    ///
    /// Integers are decimal or hexadecimal (`-1`, `0xff`), floats as usual (`1.5`, `nan`, `inf`),
    /// vectors hexadecimal (`0x…`).
    #[arg(long, value_name = "NAME")]
    pub invoke: Option<String>,
    /// Instantiate another module first, whose exports are imported from NAME
    #[arg(long, value_name = "NAME=FILE", value_parser = units::pair)]
    pub preload: Vec<(String, String)>,
    /// Run what `tierra compile` wrote. Such files are machine code: run none that you would not
    /// start as a program
    #[arg(long)]
    pub allow_precompiled: bool,
    /// Tell a profiler what runs: `perfmap` names functions for `perf report`; `jitdump` has code
    /// and lines, too, for `perf record -k mono`, then `perf inject --jit` (not with `--tier auto`)
    #[arg(long, value_name = "PROFILER", value_parser = ["perfmap", "jitdump"])]
    pub profile: Option<String>,
    /// Tell GDB and LLDB, when they run this program, of compiled code
    #[arg(long)]
    pub native_debugger: bool,
    /// Collect garbage at every allocation, to find bugs
    #[arg(long)]
    pub gc_stress: bool,
    /// Leave every second function, chosen by this seed, to the interpreter whatever the tier, to
    /// find bugs
    #[arg(long, value_name = "SEED")]
    pub mixed_tiers: Option<u64>,
    /// Leave all functions but those with an index in this range to the interpreter whatever the
    /// tier, to find bugs (`cargo xtask bisect`)
    #[arg(long, value_name = "FROM..TO", value_parser = units::range)]
    pub only_functions: Option<Range<u32>>,
    /// Let functions that nothing defines trap when they are called
    #[arg(long)]
    pub trap_unknown_imports: bool,
    /// Say on the standard error what happens: `error`, `warn`, `info`, `debug` or `trace`; or
    /// `tiering`: what is compiled, and which functions and loops move up
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<Log>,
    /// Print in the end what each tier compiled, how fast, and how many loops moved up
    #[arg(long)]
    pub stats: bool,

    #[command(flatten)]
    pub wasi: WasiOptions,
    #[command(flatten)]
    pub cache: CacheOptions,
    #[command(flatten)]
    pub limits: LimitOptions,

    /// A module, `.wasm` or `.wat` (`-` is the standard input), and the program's arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        value_name = "FILE|- ARGS",
        help_heading = "Arguments"
    )]
    pub file_and_args: Vec<String>,
}

/// Options of `tierra profile`.
#[derive(Args)]
#[command(
    override_usage = "tierra profile [OPTIONS] <FILE|-> [ARGS]...",
    after_help = "\
Options stand before FILE; all those of `tierra run` do, too. The program runs to its end, then the
profile is written, and the functions that took most are listed on the standard error.

Examples:
  tierra profile app.wasm
  tierra profile -o app.html --dir . app.wasm data.txt
  tierra profile --tier optimizing --rate 5000 --invoke fib math.wat 35
  tierra profile --format folded -o app.folded app.wasm && flamegraph.pl app.folded > app.svg

A sample is of the next loop head or function entry, so functions without either are not seen: their
time is that of their callers. Time in host functions is that of `[host]`; time that the engine takes
to compile, collect garbage or wait for other threads is that of the function it does it for."
)]
pub struct ProfileOptions {
    /// The file to write; `profile.svg`, `.html` or `.folded` if not given
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// A picture, a page with the picture, or a line of text for each stack, as tools for flame graphs
    /// read it; as OUT's name ends, else `svg`
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ProfileFormat>,
    /// Look so many times in a second
    #[arg(long, value_name = "HZ", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub rate: u32,
    #[command(flatten)]
    pub run: RunOptions,
}

/// What `tierra profile` writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ProfileFormat {
    Svg,
    Html,
    Folded,
}

impl ProfileFormat {
    /// How names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Html => "html",
            Self::Folded => "folded",
        }
    }
}

/// What the program gets of the host.
#[derive(Args)]
#[command(next_help_heading = "What the program may use")]
pub struct WasiOptions {
    /// Let the program use a directory, under its own name or as GUEST
    #[arg(long, value_name = "HOST[::GUEST]")]
    pub dir: Vec<String>,
    /// Let the program read a directory
    #[arg(long, value_name = "HOST[::GUEST]")]
    pub ro_dir: Vec<String>,
    /// Set an environment variable, or pass one on
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// Pass the whole environment on
    #[arg(long)]
    pub inherit_env: bool,
    /// What the program sees as its own name, instead of FILE's
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<String>,
    /// Listen on an address (`127.0.0.1:8080`); the program accepts connections on the socket
    #[arg(long, value_name = "ADDR")]
    pub tcp_listen: Vec<String>,
    /// Let clocks start at this time, in seconds since 1970, and move by 1 ms when they are read
    #[arg(long, value_name = "SECONDS")]
    pub fixed_clock: Option<u64>,
    /// Make random numbers from this seed; they are no secret then
    #[arg(long, value_name = "N")]
    pub random_seed: Option<u64>,
}

/// Where compiled code is kept.
#[derive(Args)]
#[command(next_help_heading = "Compiled code")]
pub struct CacheOptions {
    /// Keep compiled code in this folder for the next run, or (`off`) not at all; the user's cache
    /// folder if not given. It must belong to you, and nobody else may write there: what is in it
    /// is executed
    #[arg(long, value_name = "off|DIR", value_parser = Choice::parse)]
    pub cache: Option<Choice>,
    /// Let the cache take so many bytes: `256MiB`; what was unused for longest goes first
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = units::size)]
    pub cache_limit: u64,
}

/// What ends the program.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// Trap after about so many instructions (of each thread)
    #[arg(long, value_name = "N")]
    pub fuel: Option<u64>,
    /// Trap after this time: `500ms`, `2s`, `1m`
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    pub timeout: Option<Duration>,
    /// Let memories have so many bytes together (of each thread): `64MiB`
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub max_memory: Option<u64>,
    /// Bytes of stack for calls: `1MiB`; 8 MiB if not given
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub max_stack: Option<u64>,
}

impl RunOptions {
    /// The file.
    pub fn file(&self) -> &str {
        &self.file_and_args[0]
    }

    /// What belongs to the program.
    pub fn args(&self) -> &[String] {
        &self.file_and_args[1..]
    }

    /// The modules to be instantiated first: names and files.
    pub fn preloads(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.preload
            .iter()
            .map(|(name, file)| (name.as_str(), PathBuf::from(file)))
    }
}
