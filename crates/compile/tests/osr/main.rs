//! A function that is entered at the head of a loop ends as it would have ended otherwise.
//!
//! Programs run in a plain interpreter, which notes what they hold at each loop. From there the
//! translation for that loop must come to the same results, memory, traps and fuel as the ordinary
//! translation has from the start; as it is written, and after all passes.

mod programs;
mod random;
mod reference;
mod shape;
mod value;
mod world;

use reference::{Arrival, Reference};
use std::collections::HashMap;
use std::sync::Arc;
use tierra_codegen::opt;
use tierra_compile::{MemoryPlan, Options, State, Symbols, Tables, translate, translate_osr};
use tierra_core::{Features, SlotType};
use tierra_ir::eval::{Stop, evaluate};
use tierra_ir::{Function, Symbol};
use tierra_module::{Module, Sequential};
use value::Value;
use world::{INSTANCE, Machine};

/// Steps of the evaluator that no program needs.
const STEPS: u64 = 20_000_000;
/// Fuel that no program uses up.
const PLENTY: u64 = 1 << 40;

fn options(tables: &Tables, fuel: bool) -> Options<'_> {
    Options {
        symbols: Symbols {
            stack_slow: Symbol(u32::MAX),
            poll: Symbol(u32::MAX - 1),
        },
        tables,
        fuel,
        interruption: !fuel,
        feedback: None,
        memory: if fuel {
            |_| MemoryPlan { guarded: false }
        } else {
            |_| MemoryPlan { guarded: true }
        },
    }
}

fn module(text: &str) -> Module {
    let bytes = tierra_module::text_to_bytes(text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    Module::new(
        Arc::new(bytes.into_owned()),
        Features::default(),
        &Sequential,
    )
    .unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// How a run ends.
#[derive(PartialEq, Debug)]
struct Outcome {
    result: Result<Vec<u128>, Stop>,
    memory: Vec<u8>,
    fuel: u64,
}

/// The translations of a function for a loop, and what they take over.
struct Version {
    types: Vec<SlotType>,
    plain: Function,
    optimized: Function,
}

/// What was compared so far.
#[derive(Default)]
struct Tally {
    programs: usize,
    loops: usize,
    entries: usize,
    /// Loops that could be entered, but no run came there.
    missed: usize,
}

/// A program whose first function is tested.
struct Program<'a> {
    module: &'a Module,
    options: &'a Options<'a>,
    functions: Vec<Function>,
    versions: HashMap<u32, Version>,
    state: State,
}

impl<'a> Program<'a> {
    fn new(module: &'a Module, options: &'a Options<'a>) -> Self {
        let mut state = State::default();
        let functions = module.defined_funcs().map(|func| {
            let mut out = Function::default();
            translate(module, func, options, &mut out, &mut state).expect("it is small");
            out
        });
        let functions = functions.collect();
        Self {
            module,
            options,
            functions,
            versions: HashMap::new(),
            state,
        }
    }

    fn run<'f>(&self, func: &'f Function, mut machine: Machine<'f>, args: &[u128]) -> Outcome {
        let mut steps = STEPS;
        let args: Vec<u128> = [INSTANCE.into()].iter().chain(args).copied().collect();
        let result = evaluate(&mut machine, func, &args, &mut steps);
        assert!(result != Err(Stop::OutOfFuel), "it takes too long:\n{func}");
        Outcome {
            result,
            fuel: machine.fuel(),
            memory: machine.memory,
        }
    }

    fn version(&mut self, at: u32) -> &Version {
        self.versions.entry(at).or_insert_with(|| {
            let mut plain = Function::default();
            let func = tierra_core::index::FuncIdx(0);
            let frame = translate_osr(
                self.module,
                func,
                at,
                self.options,
                &mut plain,
                &mut self.state,
            );
            let frame = frame.unwrap_or_else(|e| panic!("at {at:#x}: {e}"));
            tierra_ir::verify(&plain).unwrap_or_else(|e| panic!("{e}\n{plain}"));
            let mut optimized = plain.clone();
            opt::run(&mut optimized, &mut opt::State::new(), opt::Level::Full);
            tierra_ir::verify(&optimized).unwrap_or_else(|e| panic!("{e}\n{optimized}"));
            Version {
                types: frame.values,
                plain,
                optimized,
            }
        })
    }

    /// How many loops that can be entered were not.
    fn missed(&mut self) -> usize {
        let mut out = Function::default();
        let mut can_be_entered = |at: &u32| {
            let (options, state) = (self.options, &mut self.state);
            let func = tierra_core::index::FuncIdx(0);
            translate_osr(self.module, func, *at, options, &mut out, state).is_ok()
        };
        let loops = shape::loops(self.module).into_iter();
        let missed = loops.filter(|at| !self.versions.contains_key(at) && can_be_entered(at));
        missed.count()
    }

    /// Enters at a loop with what is there.
    fn enter(&mut self, arrival: &Arrival, fuel: u64, expected: &Outcome) {
        self.version(arrival.at);
        let version = &self.versions[&arrival.at];
        let types: Vec<_> = arrival.state.iter().map(|value| value.ty).collect();
        assert_eq!(types, version.types, "at {:#x}", arrival.at);
        for func in [&version.plain, &version.optimized] {
            let mut machine = Machine::new(self.module, &self.functions, fuel);
            machine.memory.clone_from(&arrival.memory);
            machine.exceptions.clone_from(&arrival.exceptions);
            machine.hand_over(&arrival.state);
            let outcome = self.run(func, machine, &[]);
            assert!(
                outcome == *expected,
                "at {:#x}: {:?}, {} left instead of {:?}, {} left\n{func}",
                arrival.at,
                outcome.result,
                outcome.fuel,
                expected.result,
                expected.fuel,
            );
        }
    }

    /// Compares all entries of a run of the program.
    fn compare(&mut self, args: &[Value], tally: &mut Tally) {
        let mut reference = Reference::new(self.module);
        let result = reference.call(0, args);
        let result = result.map(|values| values.iter().map(|v| v.bits).collect::<Vec<_>>());
        let args: Vec<u128> = args.iter().map(|value| value.bits).collect();
        let mut fuels = vec![PLENTY];
        if self.options.fuel {
            fuels.extend([reference.used * 2 / 3, reference.used * 9 / 10]);
        }
        for fuel in fuels {
            let machine = Machine::new(self.module, &self.functions, fuel);
            let expected = self.run(&self.functions[0], machine, &args);
            if fuel == PLENTY {
                assert_eq!(expected.result, result);
                assert_eq!(expected.memory, reference.memory);
                if self.options.fuel && result.is_ok() && !reference.is_inexact {
                    assert_eq!(PLENTY - expected.fuel, reference.used);
                }
            }
            for arrival in &reference.arrivals {
                let used = match arrival.used {
                    _ if !self.options.fuel => Some(0),
                    used => used,
                };
                if let Some(left) = used.and_then(|used| fuel.checked_sub(used)) {
                    self.enter(arrival, left, &expected);
                    tally.entries += 1;
                }
            }
        }
    }
}

/// Compares a program on some arguments, all of them `i32`.
fn check(text: &str, args: &[&[u32]], tally: &mut Tally) {
    let module = module(text);
    let tables = Tables::of(&module);
    tally.programs += 1;
    for fuel in [false, true] {
        let options = options(&tables, fuel);
        let mut program = Program::new(&module, &options);
        for args in args {
            let args: Vec<Value> = args.iter().map(|arg| Value::i32(*arg)).collect();
            program.compare(&args, tally);
        }
        tally.loops += program.versions.len();
        if !fuel {
            tally.missed += program.missed();
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        println!(
            "{} programs, {} loops, {} missed, {} entries",
            self.programs, self.loops, self.missed, self.entries
        );
    }
}
