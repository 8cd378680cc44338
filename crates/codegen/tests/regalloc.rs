//! Register allocation of random functions: checked, run, spoiled.

#[path = "regalloc/execute.rs"]
mod execute;
#[path = "regalloc/generate.rs"]
mod generate;
#[path = "regalloc/goldens.rs"]
mod goldens;
#[path = "regalloc/program.rs"]
mod program;

use generate::{Shape, generate};
use program::*;
use tierra_codegen::regalloc::interface::*;
use tierra_codegen::regalloc::{Allocator, check};

fn shape(seed: u64) -> Shape {
    let mut random = Random::new(seed.wrapping_mul(31) + 7);
    Shape {
        ints: 5 + random.below(6) as u8,
        vecs: 4 + random.below(4) as u8,
        size: [5, 20, 60, 150][random.below(4)],
        width: 3 + random.below(20),
        far: [3, 6, 20][random.below(3)],
        calls: !random.one_in(3),
        shuffled: random.one_in(3),
    }
}

fn allocate(allocator: &mut Allocator, seed: u64) -> (Program, Machine, Output) {
    let shape = shape(seed);
    let program = generate(seed, shape);
    let machine = machine(shape.ints, shape.vecs);
    let mut out = Output::default();
    allocator.allocate(&program, &machine, &mut out);
    (program, machine, out)
}

#[test]
fn random_functions_mean_the_same() {
    let count = std::env::var("REGALLOC_CASES").map_or(2000, |text| text.parse().unwrap());
    let first = std::env::var("REGALLOC_FIRST").map_or(0, |text| text.parse().unwrap());
    let mut allocator = Allocator::default();
    for seed in first..first + count {
        if std::env::var("REGALLOC_PRINT").is_ok() {
            eprintln!("seed {seed}");
        }
        let (program, machine, out) = allocate(&mut allocator, seed);
        if let Err(violation) = check(&program, &machine, &out) {
            panic!("seed {seed}: {violation}\n{}", show(&program, &out));
        }
        for path in 0..4 {
            assert!(
                execute::agrees(&program, &machine, &out, path),
                "seed {seed}, path {path}\n{}",
                show(&program, &out)
            );
        }
    }
}

/// Changes one thing in an answer, if it finds it.
fn spoil(random: &mut Random, out: &mut Output) -> Option<String> {
    let other_register = |random: &mut Random, location: Location| match location {
        Location::Reg(reg) => Location::Reg(PReg::new(
            reg.class(),
            (reg.number() + 1 + random.below(3) as u8) & 15,
        )),
        Location::Slot(slot) => Location::Slot(slot ^ 8),
    };
    match random.below(6) {
        0 if !out.locations.is_empty() => {
            let i = random.below(out.locations.len());
            out.locations[i] = other_register(random, out.locations[i]);
            Some(format!("location {i}"))
        }
        1 if !out.edits.is_empty() => {
            let i = random.below(out.edits.len());
            let edit = out.edits.remove(i);
            Some(format!("no {edit:?}"))
        }
        2 if !out.edits.is_empty() => {
            let i = random.below(out.edits.len());
            let (inst, edit) = &mut out.edits[i];
            let text = format!("{edit:?} before {inst}");
            match edit {
                Edit::Move { from, .. } => *from = other_register(random, *from),
                Edit::Remat { to, .. } => *to = PReg::new(to.class(), to.number() ^ 1),
                Edit::Swap(a, _) => *a = PReg::int(a.number() ^ 1),
            }
            Some(text)
        }
        3 if !out.edits.is_empty() => {
            let i = random.below(out.edits.len());
            let (inst, edit) = &mut out.edits[i];
            let Edit::Move { to, .. } = edit else {
                return None;
            };
            let text = format!("move to {to:?} before {inst}");
            *to = other_register(random, *to);
            Some(text)
        }
        4 if out.edits.len() > 1 => {
            let i = random.below(out.edits.len() - 1);
            let (a, b) = (out.edits[i], out.edits[i + 1]);
            if a.0 != b.0 {
                return None;
            }
            out.edits.swap(i, i + 1);
            Some(format!("{a:?} after {b:?}"))
        }
        5 if !out.safepoint_slots.is_empty() => {
            let i = random.below(out.safepoint_slots.len());
            let slot = out.safepoint_slots.remove(i);
            Some(format!("{slot:?} not listed"))
        }
        _ => None,
    }
}

/// Whatever makes a function read something else is found by the checker.
#[test]
fn the_checker_finds_what_is_spoiled() {
    let mut allocator = Allocator::default();
    let (mut wrong, mut found) = (0, 0);
    for seed in 0..400 {
        let (program, machine, out) = allocate(&mut allocator, seed);
        let mut random = Random::new(seed);
        for _ in 0..10 {
            let mut spoiled = Output {
                locations: out.locations.clone(),
                starts: out.starts.clone(),
                edits: out.edits.clone(),
                frame_size: out.frame_size,
                safepoint_slots: out.safepoint_slots.clone(),
            };
            let Some(what) = spoil(&mut random, &mut spoiled) else {
                continue;
            };
            let objects = check(&program, &machine, &spoiled).is_err();
            found += u32::from(objects);
            let differs = (0..4).any(|path| {
                let frame = spoiled.frame_size;
                spoiled.frame_size += 16;
                let agrees = execute::agrees(&program, &machine, &spoiled, path);
                spoiled.frame_size = frame;
                !agrees
            });
            wrong += u32::from(differs);
            assert!(
                objects || !differs,
                "seed {seed}: {what} goes unnoticed\n{}",
                show(&program, &spoiled)
            );
        }
    }
    assert!(found > 1000 && wrong > 500, "{found} found, {wrong} wrong");
}
