//! The commands and their help.

use crate::engine::{CodeOptions, EngineOptions};
use crate::options::{ProfileOptions, RunOptions};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Runs, checks and looks into WebAssembly modules
#[derive(Parser)]
#[command(name = "tierra", version, styles = STYLES, arg_required_else_help = true)]
#[command(after_help = "\
`tierra FILE [ARGS]…` is short for `tierra run FILE [ARGS]…`.

Examples:
  tierra hello.wasm                          run a program
  tierra run --dir . sort.wasm data.txt      … that may use files below this directory
  tierra run --invoke add math.wat 2 40      call a function and print its results
  tierra profile hello.wasm                  run a program, and draw where it spends its time
  tierra compile hello.wasm -o hello --emit exe
                                             make a program of its own
  tierra inspect hello.wasm                  see what a module imports, exports and uses
  tierra cache clear                         forget the compiled code of earlier runs

Exit codes: the program's own; 134 if it traps; 2 if the command is wrong; 1 if the host fails.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run a program, or call a function
    Run(Box<RunOptions>),
    /// Run a program, and show where it spends its time
    Profile(Box<ProfileOptions>),
    /// Compile a module ahead of time
    Compile(CompileOptions),
    /// Run scripts of the WebAssembly specification
    Wast(WastOptions),
    /// Check that files are valid modules
    Validate(ValidateOptions),
    /// Show what a module imports, exports, uses and contains
    Inspect(InspectOptions),
    /// Show or clear the cache of compiled code
    Cache(CacheCommand),
    /// Print completions for a shell
    #[command(after_help = "\
Example:
  tierra completions bash > ~/.local/share/bash-completion/completions/tierra")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Options of `tierra wast`.
#[derive(Args)]
#[command(after_help = "\
The last line says `N passed, N failed, N skipped`; the exit code is 1 if something failed.

Examples:
  tierra wast i32.wast
  tierra wast --skip known.txt testsuite/")]
pub struct WastOptions {
    #[command(flatten)]
    pub engine: EngineOptions,
    /// Excuse the failures that a file lists: a pattern of a path (`*.wast`, `a.wast:LINE`) and
    /// a reason per line
    #[arg(long, value_name = "LIST")]
    pub skip: Option<PathBuf>,
    /// Collect garbage at every allocation
    #[arg(long)]
    pub gc_stress: bool,
    /// Grant every script so much fuel that none should run out, and count it
    #[arg(long)]
    pub count_fuel: bool,
    /// Leave every second function, chosen by this seed, to the interpreter whatever the tier
    #[arg(long, value_name = "SEED")]
    pub mixed_tiers: Option<u64>,
    /// Write every module as `tierra compile` does, and load it from there
    #[arg(long)]
    pub precompiled: bool,
    /// Scripts, and directories that are searched for `*.wast`
    #[arg(required = true, value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
}

/// Options of `tierra compile`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  tierra compile app.wasm -o app.aot && tierra run --allow-precompiled app.aot
  tierra compile app.wasm -o app --emit exe && ./app     a program that needs nothing else
  tierra compile app.wasm -o app.o --emit obj && objdump -d app.o
  tierra compile --cpu baseline,avx2 app.wasm -o app.aot for other machines than this one
  tierra compile --dump=main --pass simplify app.wasm    look at the compiler's work

A compiled module runs only with the version of Tierra that made it. A program of its own gets
its arguments, the standard streams, clocks and random numbers, and nothing else.")]
pub struct CompileOptions {
    /// The file to write
    #[arg(
        short,
        long,
        value_name = "OUT",
        required_unless_present_any = ["dump", "time_passes"]
    )]
    pub output: Option<PathBuf>,
    /// The compiler: the one that takes its time, or the one-pass compiler
    #[arg(long, value_name = "TIER", default_value = "optimizing")]
    pub tier: Compiler,
    /// Not at all, for fast code, for small code
    #[arg(long, value_name = "LEVEL", default_value = "speed")]
    pub opt: Opt,
    /// The processor: `native`, `baseline`, or features on top of either, `baseline,avx2,-bmi1`
    #[arg(
        long,
        value_name = "CPU",
        default_value = "native",
        allow_hyphen_values = true
    )]
    pub cpu: String,
    /// Compile with so many threads; 0 is as many as there are processors
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// What to write: a compiled module; the same with symbols, for tools that read object files;
    /// a program
    #[arg(long, value_name = "WHAT", default_value = "artifact")]
    pub emit: Emit,
    /// Let the code count fuel: needed for, and only for, `tierra run --fuel`
    #[arg(long)]
    pub count_fuel: bool,
    /// Write nothing, but show a function's intermediate representation after each pass that has
    /// changed it: one given by index or name, or all
    #[arg(long, value_name = "FUNC", num_args = 0..=1, require_equals = true)]
    pub dump: Option<Option<String>>,
    /// With `--dump`: show only what this pass has made, such as `translate` or `simplify`
    #[arg(long, value_name = "NAME", requires = "dump")]
    pub pass: Option<String>,
    /// Write nothing, but show how long each stage of one thread takes
    #[arg(long)]
    pub time_passes: bool,
    #[command(flatten)]
    pub code: CodeOptions,
    /// Switch features on, or with `-` off
    #[arg(long, value_name = "FEATURE[,-FEATURE]", allow_hyphen_values = true)]
    pub wasm: Vec<String>,
    /// A module, `.wasm` or `.wat`; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Who compiles.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compiler {
    Baseline,
    Optimizing,
}

impl From<Compiler> for tierra::Tier {
    fn from(compiler: Compiler) -> Self {
        match compiler {
            Compiler::Baseline => Self::Baseline,
            Compiler::Optimizing => Self::Optimizing,
        }
    }
}

/// How hard the compiler tries.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Opt {
    None,
    Speed,
    Size,
}

/// What `tierra compile` writes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    Artifact,
    Obj,
    Exe,
}

/// Options of `tierra validate`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  tierra validate a.wasm b.wat
  tierra validate --wasm -simd,-threads plugin.wasm      must do without these features")]
pub struct ValidateOptions {
    /// Switch features on, or with `-` off
    #[arg(long, value_name = "FEATURE[,-FEATURE]", allow_hyphen_values = true)]
    pub wasm: Vec<String>,
    /// Modules, `.wasm` or `.wat`; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Options of `tierra inspect`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  tierra inspect app.wasm
  tierra inspect --functions 50 app.wasm                 the 50 largest functions
  tierra inspect --disassemble=main app.wasm             what a function is compiled to
  tierra inspect --json app.wasm | jq '.imports[].module'")]
pub struct InspectOptions {
    /// Show the machine code of a function, given by index or name, with the operators that it is
    /// of and its intermediate representation; of all functions if none is given
    #[arg(long, value_name = "FUNC", num_args = 0..=1, require_equals = true)]
    pub disassemble: Option<Option<String>>,
    /// With `--disassemble`: the compiler whose code is shown
    #[arg(
        long,
        value_name = "TIER",
        default_value = "optimizing",
        requires = "disassemble"
    )]
    pub tier: Compiler,
    /// With `--disassemble`: write it as a page for a browser
    #[arg(long, value_name = "OUT", requires = "disassemble")]
    pub html: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
    /// List so many functions, the largest first
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub functions: usize,
    /// A module, `.wasm` or `.wat`; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `tierra cache`.
#[derive(Args)]
#[command(after_help = "\
Compiled code is kept in $XDG_CACHE_HOME/tierra, else ~/.cache/tierra, else where `tierra run --cache
DIR` says. To remove it is always safe: it is made again.

Examples:
  tierra cache info
  tierra cache info --json --dir build/cache | jq .bytes
  tierra cache clear")]
pub struct CacheCommand {
    #[command(subcommand)]
    pub action: CacheAction,
}

/// What is done to the cache.
#[derive(Subcommand)]
pub enum CacheAction {
    /// Show where it is, and how much is in it
    #[command(after_help = "\
Example:
  tierra cache info --json")]
    Info {
        /// The folder, if it is another one than the user's
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove all that is in it
    #[command(after_help = "\
Example:
  tierra cache clear --dir build/cache")]
    Clear {
        /// The folder, if it is another one than the user's
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// The commands' names.
pub fn names() -> impl Iterator<Item = String> {
    let names: Vec<_> = Cli::command()
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    names.into_iter()
}

/// Prints a shell's completions.
pub fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "tierra", &mut std::io::stdout());
}
