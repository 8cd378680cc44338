//! What modules and stores share.

use crate::{Config, Result};
use alloc::sync::Arc;
use core::fmt;
use tierra_vm::{MachineTier, TypeRegistry};

/// A configuration and the types of all modules made with it. Cheap to clone; all threads may
/// use it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    types: Arc<TypeRegistry>,
    #[cfg(feature = "compiler")]
    compiler: Option<Arc<tierra_engine::Compiler>>,
}

impl Engine {
    /// An engine of this configuration.
    ///
    /// # Errors
    /// When the configuration asks for what this build does not have.
    pub fn new(config: &Config) -> Result<Self> {
        config.check()?;
        Self::with(config.clone())
    }

    fn with(config: Config) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            #[cfg(feature = "compiler")]
            compiler: config.compiler()?,
            config,
            types: TypeRegistry::new(),
        })))
    }

    /// What makes machine code, if the configuration asks for it.
    #[cfg(feature = "compiler")]
    pub(crate) fn compiler(&self) -> Option<&Arc<tierra_engine::Compiler>> {
        self.0.compiler.as_ref()
    }

    /// What compiles functions one by one, if the configuration asks for it.
    #[cfg(feature = "compiler")]
    pub(crate) fn tiering_compiler(&self) -> Option<&Arc<tierra_engine::Compiler>> {
        let rises = self.0.config.tier == crate::Tier::Auto && !self.0.config.through_artifacts;
        self.compiler().filter(|_| rises)
    }

    /// What happened so far to functions that rise from tier to tier ([`Tier::Auto`]); nothing with
    /// other tiers.
    ///
    /// [`Tier::Auto`]: crate::Tier::Auto
    #[cfg(feature = "compiler")]
    pub fn tier_stats(&self) -> tierra_engine::TierStats {
        self.compiler().map(|c| c.tier_stats()).unwrap_or_default()
    }

    /// The tier that makes machine code, as stores see it.
    pub(crate) fn machine(&self) -> Option<Arc<dyn MachineTier>> {
        #[cfg(feature = "compiler")]
        if let Some(compiler) = &self.0.compiler {
            return Some(compiler.clone());
        }
        None
    }

    /// Whether memories that can have guard pages have them.
    pub(crate) fn guards_memories(&self) -> bool {
        self.machine()
            .is_some_and(|machine| machine.memory_guards())
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Where compiled code is kept, if the configuration names a cache.
    #[cfg(feature = "compiler")]
    pub fn cache(&self) -> Option<&tierra_cache::Cache> {
        self.0.config.cache.as_ref()
    }

    /// Whether both are the same engine: their modules and stores go together.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    pub(crate) fn types(&self) -> &Arc<TypeRegistry> {
        &self.0.types
    }
}

impl Default for Engine {
    /// An engine of the default configuration.
    fn default() -> Self {
        Self::with(Config::new()).expect("the default configuration is one that every build has")
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.0.config).finish()
    }
}
