//! Random functions: everything that takes functions takes them, and nothing changes what they
//! do.

mod common;

use common::{Case, accept, case, run};
use tierra_ir::eval::Stop;
use tierra_ir::generate::world::outside;
use tierra_ir::{
    Cleaner, Flow, Function, InstData, Signature, Symbol, Type, parse, split_critical_edges,
};

#[test]
fn evaluated_verified_and_printed() {
    let (mut returned, mut ended) = (0, 0);
    for seed in 0..400 {
        let case = case(seed, 60);
        let mut parsed = Vec::new();
        for func in &case.program.functions {
            accept(func, "generated");
            let text = func.to_string();
            let again = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(again[0].to_string(), text);
            accept(&again[0], "parsed");
            parsed.extend(again);
        }
        let outcome = run(&case.program.functions, &case);
        assert_eq!(run(&parsed, &case), outcome);
        match outcome {
            Some((Ok(_), _)) => returned += 1,
            Some((Err(Stop::Fault(place)), _)) => panic!("{seed}: a fault at {place:#x}"),
            Some(_) => ended += 1,
            None => {}
        }
    }
    println!("{returned} returned, {ended} ended otherwise");
    assert!(returned > 150 && ended > 20, "{returned}, {ended}");
}

#[test]
fn the_same_for_the_same_seed() {
    let text = |case: Case| -> String {
        case.program
            .functions
            .iter()
            .map(Function::to_string)
            .collect()
    };
    assert_eq!(text(case(7, 100)), text(case(7, 100)));
    assert_ne!(text(case(7, 100)), text(case(8, 100)));
}

/// Changes functions by a pass and looks whether they do the same.
fn pass(seeds: core::ops::Range<u64>, mut change: impl FnMut(&mut Function, u64)) {
    for seed in seeds {
        let case = case(seed, 60);
        let expected = run(&case.program.functions, &case);
        let mut changed = case.program.functions.clone();
        for func in &mut changed {
            change(func, seed);
            accept(func, "changed");
            let text = func.to_string();
            assert_eq!(parse(&text).expect("it was printed")[0].to_string(), text);
        }
        let outcome = run(&changed, &case);
        if let (Some(outcome), Some(expected)) = (outcome, expected) {
            assert_eq!(outcome, expected, "seed {seed}");
        }
    }
}

#[test]
fn clean_flow() {
    let mut cleaner = Cleaner::new();
    pass(0..300, |func, _| cleaner.flow(func));
}

#[test]
fn clean_dead_code() {
    let mut cleaner = Cleaner::new();
    pass(300..600, |func, _| cleaner.dead_code(func));
}

#[test]
fn clean_everything_twice() {
    let mut cleaner = Cleaner::new();
    pass(600..900, |func, _| {
        for _ in 0..2 {
            cleaner.dead_code(func);
            cleaner.flow(func);
        }
    });
}

#[test]
fn split_edges() {
    let mut flow = Flow::new();
    let mut cleaner = Cleaner::new();
    pass(900..1200, |func, seed| {
        cleaner.remove_unreachable(func);
        if seed % 2 == 0 {
            cleaner.dead_code(func);
            cleaner.flow(func);
        }
        split_critical_edges(func);
        assert!(!split_critical_edges(func), "once is enough");
        flow.compute(func);
        for &block in func.layout() {
            let end = func.last_inst(block).expect("a block has a terminator");
            let successors = func.successors(block);
            for target in successors {
                let jump = matches!(func.data(end), InstData::Jump(_));
                assert!(jump || target.args.is_empty());
                let single = flow.predecessors(target.block).len() == 1;
                assert!(successors.len() == 1 || single);
            }
        }
        assert!(flow.irreducible().is_empty());
    });
}

#[test]
fn outside_functions_are_functions() {
    let signature = Signature {
        results: vec![Type::I32, Type::V128],
        ..Signature::default()
    };
    let mut results = [Vec::new(), Vec::new()];
    for results in &mut results {
        outside(Symbol(2), &signature, &[1, 2], false, results).expect("it does not throw");
    }
    assert_eq!(results[0], results[1]);
}
