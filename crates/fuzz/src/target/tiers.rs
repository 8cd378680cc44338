//! Every tier does what the interpreter does, alone and mixed with it.

use super::Verdict;
use crate::generate::{self, Dialect};
use crate::observe::{Observation, difference};
use crate::on_tierra::{self, Settings};
use tierra::{Stress, Tier};

const FUEL: u64 = 10_000_000;

pub fn generate(seed: u64) -> Option<Vec<u8>> {
    generate::case(seed, Dialect::Everything).map(|case| case.wasm)
}

/// As [`generate`], programs of our own.
pub fn program(seed: u64) -> Option<Vec<u8>> {
    Some(crate::programs::module(seed))
}

pub fn check(seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
    let interp = Settings {
        fuel: Some(FUEL),
        ..Settings::new(Dialect::Everything)
    };
    let Ok(expected) = on_tierra::run(&interp, wasm, seed) else {
        return Ok(Verdict::Skipped);
    };
    for tier in [Tier::Optimizing, Tier::Baseline] {
        let ways = ways(tier, &interp, seed);
        check_ways(tier.name(), ways, &expected, seed, wasm)?;
    }
    check_ways("rising", rising(&interp, seed), &expected, seed, wasm)?;
    Ok(Verdict::Tried(expected.completed()))
}

/// A way to run a module: its name, and settings.
type Way = (&'static str, Settings);

/// How a compiler's code is run: as the interpreter runs, and otherwise.
fn ways(tier: Tier, interp: &Settings, seed: u64) -> Vec<Way> {
    let compiled = Settings {
        tier,
        ..interp.clone()
    };
    let mixed = Settings {
        mixed_tiers: Some(seed),
        ..compiled.clone()
    };
    let stressed = Settings {
        gc_stress: true,
        ..compiled.clone()
    };
    let mixed_stressed = Settings {
        gc_stress: true,
        ..mixed.clone()
    };
    let unmetered = Settings {
        fuel: None,
        ..compiled.clone()
    };
    vec![
        ("alone", compiled),
        ("mixed", mixed),
        ("with GC stress", stressed),
        ("mixed with GC stress", mixed_stressed),
        ("without fuel", unmetered),
    ]
}

/// How functions rise: at once, at random, and beside the guest.
fn rising(interp: &Settings, seed: u64) -> Vec<Way> {
    let with = |stress| Settings {
        tier: Tier::Auto,
        stress,
        ..interp.clone()
    };
    let eager = Stress {
        eager: true,
        synchronous: true,
        ..Stress::default()
    };
    let random = |seed| Stress {
        random: Some(seed),
        ..eager
    };
    let beside = Stress {
        synchronous: false,
        fail: 3,
        ..random(seed + 2)
    };
    vec![
        ("at once", with(eager)),
        (
            "from the interpreter, at once",
            Settings {
                interpreted: Some(0),
                ..with(eager)
            },
        ),
        (
            "from the interpreter, with GC stress",
            Settings {
                interpreted: Some(0),
                gc_stress: true,
                ..with(eager)
            },
        ),
        ("at random", with(random(seed))),
        (
            "at random, with GC stress",
            Settings {
                gc_stress: true,
                ..with(random(seed + 1))
            },
        ),
        ("beside the guest", with(beside)),
        (
            "at random, mixed, validated lazily, without fuel",
            Settings {
                mixed_tiers: Some(seed),
                fuel: None,
                lazy_validation: true,
                ..with(random(seed + 3))
            },
        ),
    ]
}

/// Runs a module in several ways, each of which is to do what the interpreter did.
fn check_ways(
    name: &str,
    ways: Vec<Way>,
    expected: &Observation,
    seed: u64,
    wasm: &[u8],
) -> Result<(), String> {
    for (what, settings) in ways {
        let seen = on_tierra::run(&settings, wasm, seed)
            .map_err(|e| format!("{name} {what}, it fails: {e}"))?;
        if let Some(difference) = difference(expected, &seen) {
            return Err(format!("interpreted and {name} {what}: {difference}"));
        }
        let cut_short = expected.cut_short() || seen.cut_short();
        if settings.fuel.is_some() && expected.fuel != seen.fuel && !cut_short {
            return Err(format!(
                "the fuel used is {:?} interpreted, {:?} {name} {what}",
                expected.fuel, seen.fuel
            ));
        }
    }
    Ok(())
}
