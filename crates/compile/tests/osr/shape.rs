//! What entries cost, and where there are none.

use crate::{module, options};
use std::time::{Duration, Instant};
use tierra_compile::{Error, State, Tables, translate, translate_osr};
use tierra_core::index::FuncIdx;
use tierra_ir::Function;
use tierra_module::Module;

/// Where the first function's loops are in the module.
pub fn loops(module: &Module) -> Vec<u32> {
    let body = module.body(FuncIdx(0)).expect("it is defined");
    let reader = wasmparser::BinaryReader::new(body.bytes, body.offset as u64);
    let operators = wasmparser::FunctionBody::new(reader).get_operators_reader();
    let operators = operators.expect("it is valid").into_iter_with_offsets();
    let all = operators.map(|operator| operator.expect("it is valid"));
    all.filter(|(operator, _)| matches!(operator, wasmparser::Operator::Loop { .. }))
        .map(|(_, at)| at as u32)
        .collect()
}

/// The instructions of the versions for all loops that have one, and how many have none because
/// they would be too large.
fn sizes(text: &str) -> (usize, Vec<usize>, usize) {
    let module = module(text);
    let tables = Tables::of(&module);
    let options = options(&tables, false);
    let (mut state, mut out) = (State::default(), Function::default());
    translate(&module, FuncIdx(0), &options, &mut out, &mut state).expect("it is small");
    let ordinary = out.num_insts();
    let (mut found, mut too_large) = (Vec::new(), 0);
    for at in loops(&module) {
        match translate_osr(&module, FuncIdx(0), at, &options, &mut out, &mut state) {
            Ok(_) => found.push(out.num_insts()),
            Err(Error::TooLarge) => too_large += 1,
            Err(error) => panic!("at {at:#x}: {error}"),
        }
    }
    (ordinary, found, too_large)
}

/// Loops in each other, of which each is branched to from the innermost one and at its end.
fn nest(depth: usize, padding: usize) -> String {
    let mut body = String::new();
    for _ in 0..depth {
        body.push_str("loop ");
        body.push_str(&"local.get 0 i32.const 1 i32.add local.set 0 ".repeat(padding));
    }
    for label in 0..depth {
        body.push_str(&format!("local.get 0 br_if {label} "));
    }
    body.push_str(&"local.get 0 br_if 0 end ".repeat(depth));
    format!("(module (func (param i32) {body}))")
}

#[test]
fn nests_of_people_pass() {
    for depth in 1..=5 {
        let (ordinary, found, too_large) = sizes(&nest(depth, 200));
        assert_eq!(too_large, 0);
        assert_eq!(found.len(), depth);
        assert!(found.iter().all(|size| *size < 6 * ordinary));
    }
}

#[test]
fn small_functions_pass() {
    let (_, found, too_large) = sizes(&nest(40, 1));
    assert_eq!((found.len(), too_large), (40, 0));
}

/// Beyond the bounds there is no version for the inner loops, but for outer ones there is; and the
/// size is bounded.
#[test]
fn deep_nests_are_bounded() {
    let (ordinary, found, too_large) = sizes(&nest(200, 20));
    assert!(too_large > 100);
    assert!(found.len() >= 5);
    assert!(found.iter().all(|size| *size < 7 * ordinary));
}

/// The time is at most about that of the ordinary translation and of all copies that are allowed.
#[test]
fn time_is_near_linear() {
    let module = module(&nest(20_000, 1));
    let tables = Tables::of(&module);
    let options = options(&tables, true);
    let (mut state, mut out) = (State::default(), Function::default());
    let all = loops(&module);
    let start = Instant::now();
    for at in all.iter().step_by(all.len() / 10).chain(all.last()) {
        match translate_osr(&module, FuncIdx(0), *at, &options, &mut out, &mut state) {
            Ok(_) | Err(Error::TooLarge) => {}
            Err(error) => panic!("at {at:#x}: {error}"),
        }
    }
    let time = start.elapsed();
    assert!(time < Duration::from_secs(20), "it takes {time:?}");
}

#[test]
fn loops_that_nobody_comes_to() {
    for (text, reached) in [
        ("(func unreachable loop br 0 end)", &[false][..]),
        ("(func loop br 0 loop end end)", &[true, false]),
        ("(func block br 0 loop end end loop end)", &[false, true]),
        (
            "(func (param i32) local.get 0 if loop end return loop end end)",
            &[true, false],
        ),
        ("(func try catch_all loop end end)", &[false]),
        ("(func loop br 0 end loop end)", &[true, false]),
    ] {
        let module = module(&format!("(module {text})"));
        let tables = Tables::of(&module);
        let options = options(&tables, true);
        let (mut state, mut out) = (State::default(), Function::default());
        let found = loops(&module).into_iter().map(|at| {
            match translate_osr(&module, FuncIdx(0), at, &options, &mut out, &mut state) {
                Ok(_) => true,
                Err(Error::NoLoop) => false,
                Err(error) => panic!("{text}: {error}"),
            }
        });
        assert_eq!(found.collect::<Vec<_>>(), reached, "{text}");
    }
}
