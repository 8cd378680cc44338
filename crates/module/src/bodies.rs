//! Bodies, validated in chunks by an [`Executor`].

use crate::convert::wasmparser_features;
use crate::lazy::LazyBodies;
use crate::module::{Body, Bytes, Module};
use crate::validate::{FastValidator, Space, Stop};
use crate::{ModuleError, parse};
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};
use tierra_core::Features;
use tierra_core::index::FuncIdx;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources,
};

/// Runs independent tasks, in parallel if it can.
pub trait Executor {
    /// Calls `task` with every number below `tasks`, and returns when all calls have.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));
}

/// Runs tasks one after the other.
pub struct Sequential;

impl Executor for Sequential {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// Bytes of code that one task validates: large enough that handing out tasks costs nothing.
const CHUNK: usize = 64 << 10;

/// A module whose sections are valid, and whose bodies nobody has looked at.
///
/// [`Module::new`] does with it what is to be done. Its parts are here for those who compare the
/// validators, or measure them.
pub struct Unvalidated {
    module: Module,
    /// There is none if there are no bodies.
    resources: Option<ValidatorResources>,
}

/// What our own validator says of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is valid.
    Valid,
    /// It is not.
    Invalid,
    /// The other validator has to decide.
    Unsure,
}

impl Unvalidated {
    pub(crate) fn new(module: Module, resources: Option<ValidatorResources>) -> Self {
        Self { module, resources }
    }

    /// Reads and validates everything but the bodies.
    ///
    /// # Errors
    /// When a section is malformed or not valid.
    pub fn read(bytes: Bytes, features: Features) -> Result<Self, ModuleError> {
        parse::sections(bytes, features)
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The module, whose bodies have been validated.
    pub(crate) fn into_module(self) -> Module {
        self.module
    }

    /// The module, whose bodies are validated when they are first read.
    pub(crate) fn into_lazy_module(self) -> Module {
        let Self {
            mut module,
            resources,
        } = self;
        let bodies = module.bodies.len();
        module.lazy = resources.map(|resources| LazyBodies::new(resources, bodies));
        module
    }

    /// A validator of the bodies.
    pub fn validator(&self) -> BodyValidator<'_> {
        BodyValidator {
            module: &self.module,
            fast: FastValidator::new(&self.module),
            resources: self.resources.as_ref(),
        }
    }

    /// Validates all bodies; the error of the first function that has one is returned, whatever
    /// the order in which chunks run.
    pub(crate) fn validate(&self, executor: &dyn Executor) -> Result<(), ModuleError> {
        let chunks = self.chunks();
        let validator = self.validator();
        let check = |chunk: Range<usize>| -> Result<(), ModuleError> {
            let mut space = BodySpace::default();
            let funcs = chunk.map(|i| FuncIdx::from_index(self.module.imported_funcs + i));
            for func in funcs {
                if let Some(body) = self.module.body(func) {
                    validator.validate(func, body, &mut space)?;
                }
            }
            Ok(())
        };
        let failed: Vec<AtomicBool> = chunks.iter().map(|_| AtomicBool::new(false)).collect();
        executor.run(chunks.len(), &|i| {
            if check(chunks[i].clone()).is_err() {
                failed[i].store(true, Ordering::Relaxed);
            }
        });
        match failed.iter().position(|f| f.load(Ordering::Relaxed)) {
            // Once more for its error: failing is the rare case, so nothing is kept for it above.
            Some(i) => check(chunks[i].clone()),
            None => Ok(()),
        }
    }

    /// Ranges of bodies of about [`CHUNK`] bytes.
    fn chunks(&self) -> Vec<Range<usize>> {
        let bodies = &self.module.bodies;
        let mut chunks = Vec::new();
        let (mut start, mut size) = (0, 0);
        for (i, body) in bodies.iter().enumerate() {
            size += body.len();
            if size >= CHUNK || i + 1 == bodies.len() {
                chunks.push(start..i + 1);
                (start, size) = (i + 1, 0);
            }
        }
        chunks
    }
}

/// Validates bodies of one module, on as many threads as one likes.
pub struct BodyValidator<'m> {
    module: &'m Module,
    fast: FastValidator<'m>,
    resources: Option<&'m ValidatorResources>,
}

/// Memory that is needed for one body after the other.
#[derive(Default)]
pub struct BodySpace {
    fast: Space,
    reference: FuncValidatorAllocations,
}

impl BodyValidator<'_> {
    /// Validates what may be the body of a function.
    ///
    /// # Errors
    /// When it is malformed or not valid.
    pub fn validate(
        &self,
        func: FuncIdx,
        body: Body<'_>,
        space: &mut BodySpace,
    ) -> Result<(), ModuleError> {
        let verdict = self.fast(func, body, space);
        if verdict == Verdict::Valid {
            return Ok(());
        }
        let result = self.reference(func, body, space);
        debug_assert!(
            verdict == Verdict::Unsure || result.is_err(),
            "the body of function {func}, at {}, is valid",
            body.offset
        );
        result
    }

    /// What our own validator says of what may be the body of a function.
    pub fn fast(&self, func: FuncIdx, body: Body<'_>, space: &mut BodySpace) -> Verdict {
        match self.fast.validate(func, body.bytes, &mut space.fast) {
            Ok(()) => Verdict::Valid,
            Err(Stop::Invalid) => Verdict::Invalid,
            Err(Stop::Unsure) => Verdict::Unsure,
        }
    }

    /// The same with `wasmparser`'s validator alone, which is the reference.
    ///
    /// # Errors
    /// When the body is malformed or not valid.
    pub fn reference(
        &self,
        func: FuncIdx,
        body: Body<'_>,
        space: &mut BodySpace,
    ) -> Result<(), ModuleError> {
        let Some(resources) = self.resources else {
            return Ok(());
        };
        reference(self.module, resources, func, body, space)
    }
}

/// What `wasmparser` says of what may be the body of a function.
pub(crate) fn reference(
    module: &Module,
    resources: &ValidatorResources,
    func: FuncIdx,
    body: Body<'_>,
    space: &mut BodySpace,
) -> Result<(), ModuleError> {
    let features = wasmparser_features(module.features());
    let func = FuncToValidate {
        resources: resources.clone(),
        index: func.0,
        ty: module.funcs[func.index()].0,
        features,
    };
    let reader = BinaryReader::new_features(body.bytes, body.offset as u64, features);
    let mut validator = func.into_validator(core::mem::take(&mut space.reference));
    validator.validate(&FunctionBody::new(reader))?;
    space.reference = validator.into_allocations();
    Ok(())
}
