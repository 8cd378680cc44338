//! Options that choose how modules are accepted and executed.

use crate::failure::Failure;
use crate::tiering::TieringOptions;
use clap::Args;
use tierra::{Config, Engine, Features, Tier};

/// Options of commands that execute modules.
#[derive(Args)]
pub struct EngineOptions {
    /// How functions are executed: `auto` (compiled when they are first called, optimized when they
    /// turn out to be hot), `interp`, `baseline` or `optimizing`
    #[arg(long, value_name = "TIER", default_value = "auto")]
    pub tier: String,
    /// Switch features on, or with `-` off: `--wasm -simd,-threads`; `all` and `-all` are known
    #[arg(long, value_name = "FEATURE[,-FEATURE]", allow_hyphen_values = true)]
    pub wasm: Vec<String>,
    /// When functions are validated: `eager` (before the module is instantiated) or `lazy` (when
    /// they are first called, compiled or inlined: one that is not valid traps then)
    #[arg(long, value_name = "WHEN", default_value = "eager", value_parser = ["eager", "lazy"])]
    pub validate: String,
    #[command(flatten)]
    pub code: CodeOptions,
    #[command(flatten)]
    pub tiering: TieringOptions,
}

/// Options of what is compiled: what code takes for granted.
#[derive(Args)]
pub struct CodeOptions {
    /// Let compiled loops run on whatever happens. Nothing stops one that does not end, neither
    /// `--timeout` nor another thread: not for code that you do not trust
    #[arg(long)]
    pub no_interruption: bool,
    /// Check the bounds of memories by instructions alone, without 6 GiB of address space for each
    #[arg(long)]
    pub no_memory_guards: bool,
}

impl CodeOptions {
    /// Tells the configuration.
    pub fn apply(&self, config: &mut Config) {
        config
            .interruption(!self.no_interruption)
            .memory_guards(!self.no_memory_guards);
    }
}

impl EngineOptions {
    /// Whether functions are compiled.
    pub fn compiles(&self) -> bool {
        self.tier != Tier::Interp.name()
    }

    /// The configuration.
    pub fn config(&self) -> Result<Config, Failure> {
        let tier = Tier::by_name(&self.tier).map_err(Failure::user)?;
        let mut config = Config::new();
        config.tier(tier).features(features(&self.wasm)?);
        config.lazy_validation(self.validate == "lazy");
        self.code.apply(&mut config);
        self.tiering.apply(&mut config);
        Ok(config)
    }
}

/// An engine of a configuration that the user asked for.
pub fn engine(config: &Config) -> Result<Engine, Failure> {
    Engine::new(config).map_err(Failure::user)
}

/// The default features, changed by what `--wasm` lists.
pub fn features(lists: &[String]) -> Result<Features, Failure> {
    let mut features = Features::default();
    let items = lists.iter().flat_map(|list| list.split(','));
    for item in items.map(str::trim).filter(|item| !item.is_empty()) {
        let (name, on) = match item.strip_prefix('-') {
            Some(name) => (name, false),
            None => (item.strip_prefix('+').unwrap_or(item), true),
        };
        features = match (name, on, Features::by_name(name)) {
            (_, on, Some(feature)) => features.with(feature, on),
            ("all", true, _) => Features::ALL
                .iter()
                .fold(features, |all, (_, feature)| all.with(*feature, true)),
            ("all", false, _) => Features::WASM1,
            _ => return Err(unknown(name)),
        };
    }
    Ok(features)
}

fn unknown(name: &str) -> Failure {
    let names: Vec<_> = Features::ALL.iter().map(|(name, _)| *name).collect();
    Failure::user(format!("there is no WebAssembly feature `{name}`")).hint(format!(
        "`--wasm` takes {}, `all`; with `-` in front to switch off",
        names.join(", ")
    ))
}
