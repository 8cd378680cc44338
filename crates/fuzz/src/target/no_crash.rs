//! Whatever the bytes, there is a module or an error.

use super::Verdict;
use crate::generate::{self, Dialect};
use crate::on_tierra::{self, Settings};
use crate::random::Random;
use std::time::{Duration, Instant};
use tierra::Tier;

pub fn generate(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random::new(seed, 77);
    let mut bytes = generate::case(seed, Dialect::Everything)?.wasm;
    for _ in 0..1 + random.below(4) {
        mutate(&mut bytes, &mut random);
    }
    Some(bytes)
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let len = bytes.len();
    if len <= 8 {
        return;
    }
    let at = 8 + random.below(len - 8);
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = random.next() as u8,
        3 => {
            let piece = random.bytes(1 + random.clone().below(12));
            bytes.splice(at..at, piece);
        }
        4 => {
            let end = (at + 1 + random.below(20)).min(len);
            bytes.drain(at..end);
        }
        5 => {
            // A number as large as its place allows.
            let piece = [0xff, 0xff, 0xff, 0xff, 0x0f];
            let end = (at + 1 + random.below(5)).min(len);
            bytes.splice(at..end, piece);
        }
        6 => {
            let from = 8 + random.below(len - 8);
            let end = (from + random.below(200)).min(len);
            let piece = bytes[from..end].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => splice_sections(bytes, random),
    }
}

/// Swaps, doubles or drops sections, or takes one of another module.
fn splice_sections(bytes: &mut Vec<u8>, random: &mut Random) {
    let mut parts = sections(bytes);
    if parts.is_empty() {
        return;
    }
    let (a, b) = (random.below(parts.len()), random.below(parts.len()));
    match random.below(4) {
        0 => parts.swap(a, b),
        1 => parts.insert(a, parts[b].clone()),
        2 => drop(parts.remove(a)),
        _ => {
            let other = generate::case(random.next() % 10_000, Dialect::Everything);
            let other = other.map(|case| sections(&case.wasm)).unwrap_or_default();
            if !other.is_empty() {
                parts[a] = other[random.below(other.len())].clone();
            }
        }
    }
    bytes.truncate(8);
    bytes.extend(parts.concat());
}

fn sections(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut at = 8;
    while let Some(len) = section_len(bytes.get(at..).unwrap_or_default()) {
        parts.push(bytes[at..at + len].to_vec());
        at += len;
    }
    parts
}

/// The length of the section at the beginning of the bytes, if it ends within them.
fn section_len(bytes: &[u8]) -> Option<usize> {
    let mut size = 0_usize;
    for (i, byte) in bytes.iter().skip(1).take(5).enumerate() {
        size |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let len = size + i + 2;
            return (len <= bytes.len()).then_some(len);
        }
    }
    None
}

pub fn check(seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
    let settings = Settings {
        fuel: Some(100_000),
        ..Settings::new(Dialect::Everything)
    };
    let start = Instant::now();
    let module = on_tierra::compile(&settings, wasm);
    if start.elapsed() > Duration::from_secs(2) {
        return Err(format!("{:?} for {} bytes", start.elapsed(), wasm.len()));
    }
    // What is still a module may do anything, except harm; also where only some of it is valid.
    let settings = match module {
        Ok(_) => settings,
        Err(_) => lazily(seed, settings),
    };
    let seen = on_tierra::run(&settings, wasm, seed).map_or(0, |seen| seen.completed());
    Ok(Verdict::Tried(seen))
}

/// As the settings say, but validating bodies when they are read, on any tier.
fn lazily(seed: u64, settings: Settings) -> Settings {
    let tiers = [Tier::Interp, Tier::Baseline, Tier::Optimizing, Tier::Auto];
    Settings {
        tier: tiers[(seed % 4) as usize],
        stress: tierra::Stress {
            eager: true,
            synchronous: true,
            ..tierra::Stress::default()
        },
        lazy_validation: true,
        ..settings
    }
}
