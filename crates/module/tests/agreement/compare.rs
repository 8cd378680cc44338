//! One body, two validators.

use tierra_core::index::FuncIdx;
use tierra_module::{Body, BodySpace, BodyValidator, Unvalidated, Verdict};

/// What came out of comparisons.
#[derive(Default, Debug)]
pub struct Tally {
    pub valid: usize,
    pub invalid: usize,
    /// Left to the other validator.
    pub unsure: usize,
}

impl Tally {
    pub fn bodies(&self) -> usize {
        self.valid + self.invalid + self.unsure
    }

    /// Compares what both say of a body.
    pub fn body(
        &mut self,
        name: &str,
        validator: &BodyValidator<'_>,
        func: FuncIdx,
        body: Body<'_>,
        space: &mut BodySpace,
    ) {
        let ours = validator.fast(func, body, space);
        let theirs = validator.reference(func, body, space);
        match (ours, &theirs) {
            (Verdict::Valid, Ok(())) => self.valid += 1,
            (Verdict::Invalid, Err(_)) => self.invalid += 1,
            (Verdict::Unsure, _) => self.unsure += 1,
            _ => panic!(
                "{name}: function {func}: {ours:?}, {theirs:?}: {:02x?}",
                body.bytes
            ),
        }
    }

    /// Compares what both say of every body of a module whose sections are valid.
    pub fn module(&mut self, name: &str, module: &Unvalidated) {
        let validator = module.validator();
        let mut space = BodySpace::default();
        for func in module.module().defined_funcs() {
            let body = module.module().body(func).expect("it is not imported");
            self.body(name, &validator, func, body, &mut space);
        }
    }
}
