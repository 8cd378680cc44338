//! Our validator of bodies and `wasmparser`'s say the same: of the bodies of a module, and of what
//! becomes of them when something is changed.

use super::Verdict;
use crate::generate::{self, Dialect};
use crate::random::Random;
use std::sync::Arc;
use tierra::Features;
use tierra_core::index::FuncIdx;
use tierra_module::{Body, BodySpace, BodyValidator, Unvalidated, Verdict as Said};

/// How many changed bodies there are of each.
const CHANGED: usize = 40;

pub fn generate(seed: u64) -> Option<Vec<u8>> {
    Some(generate::case(seed, Dialect::Everything)?.wasm)
}

pub fn check(seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
    let mut random = Random::new(seed, 79);
    let bytes = Arc::new(wasm.to_vec());
    let mut features =
        generate::features(Dialect::Everything).with(Features::LEGACY_EXCEPTIONS, true);
    let mut module =
        Unvalidated::read(bytes.clone(), features).map_err(|error| format!("sections: {error}"))?;
    if random.one_in(3) {
        // Without a feature, if the sections don't need it.
        let (_, off) = Features::ALL[random.below(Features::ALL.len())];
        features = features.with(off, false);
        module = Unvalidated::read(bytes, features).unwrap_or(module);
    }
    let mut comparison = Comparison {
        validator: module.validator(),
        space: BodySpace::default(),
        compared: 0,
    };
    let funcs: Vec<_> = module.module().defined_funcs().collect();
    let bodies: Vec<_> = funcs
        .iter()
        .filter_map(|f| module.module().body(*f))
        .collect();
    for (func, body) in funcs.iter().zip(&bodies) {
        comparison.body(*func, *body)?;
        for _ in 0..CHANGED {
            let mut code = body.bytes.to_vec();
            let other = bodies[random.below(bodies.len())].bytes;
            for _ in 0..1 + random.below(3) {
                mutate(&mut code, other, &mut random);
            }
            let changed = Body {
                bytes: &code,
                ..*body
            };
            comparison.body(*func, changed)?;
        }
    }
    Ok(Verdict::Tried(comparison.compared))
}

struct Comparison<'m> {
    validator: BodyValidator<'m>,
    space: BodySpace,
    compared: usize,
}

impl Comparison<'_> {
    fn body(&mut self, func: FuncIdx, body: Body<'_>) -> Result<(), String> {
        let ours = self.validator.fast(func, body, &mut self.space);
        let theirs = self.validator.reference(func, body, &mut self.space);
        self.compared += 1;
        match (ours, &theirs) {
            (Said::Valid, Ok(())) | (Said::Invalid, Err(_)) | (Said::Unsure, _) => Ok(()),
            _ => Err(format!(
                "function {func}: {ours:?} and {theirs:?} for {:02x?}",
                body.bytes
            )),
        }
    }
}

/// Changes something, if there is anything.
fn mutate(code: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    if code.is_empty() || other.is_empty() {
        return;
    }
    let at = random.below(code.len());
    match random.below(8) {
        0 => code[at] = random.next() as u8,
        1 => code[at] ^= 1 << random.below(8),
        2 => drop(code.remove(at)),
        3 => code[at] = other[random.below(other.len())],
        4 => {
            let from = random.below(other.len());
            let to = (from + 1 + random.below(16)).min(other.len());
            code.splice(at..at, other[from..to].iter().copied());
        }
        5 => {
            let end = (at + 1 + random.below(8)).min(code.len());
            code.drain(at..end);
        }
        _ => {
            let operator = operator(random);
            code.splice(at..at, operator);
        }
    }
}

/// A code, perhaps behind a prefix, and some small numbers.
fn operator(random: &mut Random) -> Vec<u8> {
    let mut bytes = match random.below(4) {
        0 => vec![0xfb + random.below(4) as u8, random.below(0x80) as u8],
        _ => vec![random.below(0xd8) as u8],
    };
    for _ in 0..random.below(4) {
        bytes.push(match random.below(8) {
            0 => 0x40,
            1 => 0x63 + random.below(0x1d) as u8,
            2 => 0x80,
            _ => random.below(6) as u8,
        });
    }
    bytes
}
