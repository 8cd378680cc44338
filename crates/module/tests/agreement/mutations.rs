//! Bodies in which a few bytes were changed.

use crate::compare::Tally;
use crate::scripts::{all, everything};
use tierra_module::{Body, BodySpace};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Changes something. Other bodies lend their operators.
fn mutate(code: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(code.len());
    match random.below(7) {
        0 => code[at] = random.next() as u8,
        1 => code[at] ^= 1 << random.below(8),
        2 => code[at] = code[at].wrapping_add(1),
        3 => drop(code.remove(at)),
        4 => code.insert(at, random.next() as u8),
        5 => {
            let from = random.below(other.len());
            let to = (from + 1 + random.below(12)).min(other.len());
            code.splice(at..at, other[from..to].iter().copied());
        }
        _ => code[at] = other[random.below(other.len())],
    }
}

#[test]
fn changed_bodies() {
    let mut random = Random(20_250_101);
    let mut tally = Tally::default();
    let mut space = BodySpace::default();
    for binary in all() {
        let Some(unvalidated) = binary.read(everything()) else {
            continue;
        };
        let (module, validator) = (unvalidated.module(), unvalidated.validator());
        let bodies: Vec<_> = module.defined_funcs().collect();
        for func in &bodies {
            let body = module.body(*func).expect("it is not imported");
            for _ in 0..24 {
                let other = bodies[random.below(bodies.len())];
                let other = module.body(other).expect("it is not imported").bytes;
                let mut code = body.bytes.to_vec();
                for _ in 0..1 + random.below(3) {
                    if !code.is_empty() && !other.is_empty() {
                        mutate(&mut code, other, &mut random);
                    }
                }
                let body = Body {
                    bytes: &code,
                    ..body
                };
                tally.body(&binary.name, &validator, *func, body, &mut space);
            }
        }
    }
    println!("{tally:?}");
    assert!(tally.valid > 25_000 && tally.invalid > 250_000, "{tally:?}");
    assert!(tally.unsure * 20 < tally.bodies(), "{tally:?}");
}
