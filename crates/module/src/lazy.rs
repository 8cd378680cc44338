//! Bodies that are validated when something first reads them.
//!
//! Whatever runs or compiles a function reads its body by [`Module::body`]. There, a body that is not
//! valid is taken for one that traps, so nothing but valid code gets any further.

use crate::bodies::reference;
use crate::module::{Body, Module};
use crate::{BodySpace, ModuleError};
use alloc::boxed::Box;
use core::sync::atomic::{AtomicU8, Ordering};
use tierra_core::index::FuncIdx;
use wasmparser::ValidatorResources;

/// No locals, `unreachable`, `end`.
pub(crate) const TRAP: [u8; 3] = [0, 0x00, 0x0b];
/// No locals, `end`: what is shorter is no body.
pub(crate) const SHORTEST: usize = 2;

const UNKNOWN: u8 = 0;
const VALID: u8 = 1;
const INVALID: u8 = 2;

/// What is known of the bodies of a module.
pub(crate) struct LazyBodies {
    resources: ValidatorResources,
    /// By function that is not imported. Threads that find out at the same time find the same.
    verdicts: Box<[AtomicU8]>,
}

impl LazyBodies {
    pub fn new(resources: ValidatorResources, bodies: usize) -> Self {
        Self {
            resources,
            verdicts: (0..bodies).map(|_| AtomicU8::new(UNKNOWN)).collect(),
        }
    }

    /// Whether what may be the body of a function is; `place` is its place among the bodies.
    pub fn is_valid(&self, module: &Module, place: usize, body: Body<'_>) -> bool {
        let verdict = &self.verdicts[place];
        match verdict.load(Ordering::Relaxed) {
            UNKNOWN => {
                let is_valid = self.validate(module, place, body).is_ok();
                verdict.store(if is_valid { VALID } else { INVALID }, Ordering::Relaxed);
                is_valid
            }
            known => known == VALID,
        }
    }

    pub fn is_known_invalid(&self, place: usize) -> bool {
        self.verdicts[place].load(Ordering::Relaxed) == INVALID
    }

    pub fn validate(
        &self,
        module: &Module,
        place: usize,
        body: Body<'_>,
    ) -> Result<(), ModuleError> {
        let func = FuncIdx::from_index(module.imported_funcs + place);
        let mut space = BodySpace::default();
        reference(module, &self.resources, func, body, &mut space)
    }
}
