//! The optimizing passes change nothing that can be seen: random programs give the same results,
//! memory and traps before and after.

use tierra_codegen::opt::{self, Level, State};
use tierra_ir::eval::{Stop, evaluate};
use tierra_ir::generate::world::{self, Scratch};
use tierra_ir::generate::{Callable, Config, Program, Rng, program, signature};
use tierra_ir::{CallConv, Effects, Flow, Function, Signature, Symbol, Type, verify};

/// What may be called outside: odd symbols throw.
fn config(size: u32) -> Config {
    use Type::*;
    let external = |symbol, params: &[Type], results: &[Type], effects, conv| Callable {
        symbol: Symbol(symbol),
        signature: Signature {
            params: params.to_vec(),
            results: results.to_vec(),
            conv,
        },
        effects,
        scratch: false,
    };
    Config {
        size,
        poll: Some(Symbol(99)),
        callees: vec![
            external(100, &[I32, F64], &[I64], Effects::None, CallConv::C),
            external(101, &[I64, Ref], &[I32, Ref], Effects::All, CallConv::Guest),
            external(103, &[F32, V128], &[F32], Effects::All, CallConv::Builtin),
        ],
        ..Config::default()
    }
}

struct Case {
    program: Program,
    args: Vec<u128>,
    memory: Vec<u8>,
}

fn case(seed: u64, config: &Config) -> Case {
    let mut rng = Rng::new(seed);
    let signature = signature(&mut rng, config);
    let mut args: Vec<u128> = signature.params.iter().map(|ty| rng.bits(*ty)).collect();
    args[0] = world::BASE.into();
    Case {
        program: program(rng.any(), signature, config),
        args,
        memory: world::memory(rng.any()),
    }
}

/// Results or the end, and the memory after it; `None` if it takes too long.
type Outcome = Option<(Result<Vec<u128>, Stop>, Vec<u8>)>;

fn run(functions: &[Function], case: &Case, fuel: u64) -> (Outcome, u64) {
    let mut world = Scratch::new(functions, case.memory.clone());
    let mut left = fuel;
    let result = evaluate(&mut world, &functions[0], &case.args, &mut left);
    let outcome = (result != Err(Stop::OutOfFuel)).then_some((result, world.bytes));
    (outcome, fuel - left)
}

fn compare(seeds: core::ops::Range<u64>, config: &Config, level: Level) {
    let mut state = State::new();
    let mut flow = Flow::new();
    let (mut before, mut after) = (0, 0);
    for seed in seeds {
        let case = case(seed, config);
        let (expected, cost) = run(&case.program.functions, &case, 300_000);
        let mut changed = case.program.functions.clone();
        for func in &mut changed {
            let text = func.to_string();
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                opt::run(func, &mut state, level);
            }));
            if result.is_err() {
                panic!("seed {seed}: panic in\n{text}");
            }
            verify(func).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}\n{func}"));
            flow.compute(func);
            assert!(
                flow.irreducible().is_empty(),
                "seed {seed}: loops of two entries"
            );
        }
        let (outcome, new_cost) = run(&changed, &case, 1_000_000);
        if let Some(expected) = expected {
            assert!(
                outcome.as_ref() == Some(&expected),
                "seed {seed}: {:?} instead of {:?}",
                outcome.map(|o| o.0),
                expected.0,
            );
            before += cost;
            after += new_cost;
        }
    }
    println!("{before} instructions run before, {after} after");
}

fn seeds(start: u64, count: u64) -> core::ops::Range<u64> {
    let times = std::env::var("OPT_SEEDS").map_or(1, |n| n.parse().expect("a number"));
    start * 1000..start * 1000 + count * times
}

#[test]
fn everything() {
    compare(seeds(0, 300), &config(60), Level::Full);
}

#[test]
fn small_functions() {
    compare(seeds(1000, 600), &config(12), Level::Full);
}

#[test]
fn large_functions() {
    compare(seeds(2000, 40), &config(500), Level::Full);
}

#[test]
fn numbers_and_memory_only() {
    let config = Config {
        callees: Vec::new(),
        poll: None,
        vectors: false,
        refs: false,
        atomics: false,
        try_calls: false,
        tail_calls: false,
        ..config(80)
    };
    compare(seeds(3000, 400), &config, Level::Full);
}

#[test]
fn integers_without_traps() {
    let config = Config {
        traps: false,
        callees: Vec::new(),
        poll: None,
        vectors: false,
        refs: false,
        atomics: false,
        try_calls: false,
        tail_calls: false,
        operators: |name| name.starts_with('i') && !name.contains('f'),
        ..config(60)
    };
    compare(seeds(4000, 400), &config, Level::Full);
}

#[test]
fn twice() {
    let config = config(40);
    let mut state = State::new();
    for seed in seeds(5000, 100) {
        let case = case(seed, &config);
        let (expected, _) = run(&case.program.functions, &case, 300_000);
        let mut changed = case.program.functions.clone();
        for func in &mut changed {
            opt::run(func, &mut state, Level::Size);
            opt::run(func, &mut state, Level::Full);
            opt::run(func, &mut state, Level::Full);
        }
        let (outcome, _) = run(&changed, &case, 1_000_000);
        if expected.is_some() {
            assert!(outcome == expected, "seed {seed}");
        }
    }
}

/// Everything into the first function, then the passes.
#[test]
fn inlined() {
    for (start, size, optimize) in [(6000, 40, false), (7000, 40, true)] {
        let config = config(size);
        let mut state = State::new();
        let mut inliner = opt::inline::Inliner::new();
        let mut count = 0;
        for seed in seeds(start, 200) {
            let case = case(seed, &config);
            let (expected, _) = run(&case.program.functions, &case, 300_000);
            let functions = &case.program.functions;
            let mut changed = functions.clone();
            count += inliner.run(&mut changed[0], |caller, call| {
                use tierra_ir::{Callee, InstData};
                let (InstData::Call { callee, .. }
                | InstData::TailCall { callee, .. }
                | InstData::TryCall { callee, .. }) = *caller.data(call)
                else {
                    return None;
                };
                let Callee::Symbol(symbol) = callee else {
                    return None;
                };
                let callee = functions.get(symbol.index())?;
                opt::inline::can_inline(callee).then_some(callee)
            });
            verify(&changed[0]).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{}", changed[0]));
            if optimize {
                opt::run(&mut changed[0], &mut state, Level::Full);
            }
            let (outcome, _) = run(&changed, &case, 1_000_000);
            if expected.is_some() {
                assert!(outcome == expected, "seed {seed}");
            }
        }
        assert!(count > 50, "{count} calls were inlined");
    }
}
