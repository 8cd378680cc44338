//! What there is for a set of features, whatever the module.

use super::codes::Codes;
use super::steps::{Step, steps};
use super::ty::Ty;
use alloc::{boxed::Box, sync::Arc};
use tierra_core::Features;

/// The tables of a set of features. They take longer to make than a small module to validate.
pub(super) struct Tables {
    pub codes: Box<Codes>,
    /// The steps of modules without a memory, with one of `i32`, and with one of `i64` addresses.
    steps: [Box<[Step; 256]>; 3],
}

impl Tables {
    fn new(features: Features) -> Arc<Self> {
        let codes = Codes::new(features);
        let steps = [None, Some(Ty::I32), Some(Ty::I64)].map(|address| steps(&codes, address));
        Arc::new(Self { codes, steps })
    }

    /// The steps of a module whose first memory has addresses of this type.
    pub fn steps(&self, address: Option<Ty>) -> &[Step; 256] {
        match address {
            None => &self.steps[0],
            Some(Ty::I64) => &self.steps[2],
            Some(_) => &self.steps[1],
        }
    }
}

/// The tables of these features. Those of the first set that is asked for, which mostly is the
/// only one, are kept.
#[cfg(feature = "std")]
pub(super) fn tables(features: Features) -> Arc<Tables> {
    static KEPT: std::sync::OnceLock<(Features, Arc<Tables>)> = std::sync::OnceLock::new();
    let (kept, tables) = KEPT.get_or_init(|| (features, Tables::new(features)));
    if *kept == features {
        tables.clone()
    } else {
        Tables::new(features)
    }
}

#[cfg(not(feature = "std"))]
pub(super) fn tables(features: Features) -> Arc<Tables> {
    Tables::new(features)
}
