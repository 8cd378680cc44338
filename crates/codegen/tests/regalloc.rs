//! Register allocation of random functions: checked, run, spoiled.

#[path = "regalloc/execute.rs"]
mod execute;
#[path = "regalloc/generate.rs"]
mod generate;
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
