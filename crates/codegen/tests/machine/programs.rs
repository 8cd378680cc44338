//! Random programs: the machine must do what the evaluator does, to memory too.

use crate::harness::{Builder, SLOW, feature_sets};
use std::collections::HashMap;
use tierra_codegen::{Features, OptLevel, Options};
use tierra_ir::builder::State;
use tierra_ir::eval::{Stop, evaluate};
use tierra_ir::generate::world::{self, Scratch};
use tierra_ir::generate::{Config, Rng, SCRATCH_BYTES, program, signature};
use tierra_ir::*;

/// A function that loads arguments from memory, calls a function of any signature, and stores the
/// results: `(scratch, arguments, results)`, 16 bytes for each value.
fn caller(callee: Symbol, signature: &Signature, conv: CallConv) -> Function {
    let own = Signature {
        params: vec![Type::I64; 3],
        results: vec![],
        conv,
    };
    let mut func = Function::new("caller", own);
    let mut state = State::default();
    let sig = func.new_signature(signature.clone());
    let mut b = tierra_ir::Builder::new(&mut func, &mut state);
    let entry = b.block();
    let [scratch, from, to] = [0; 3].map(|_| b.func.append_param(entry, Type::I64));
    b.switch_to(entry);
    b.seal(entry);
    let flags = MemFlags::default();
    let mut args = vec![scratch];
    for (index, &ty) in signature.params.iter().enumerate().skip(1) {
        let offset = 16 * index as i32;
        let access = Access::of(ty);
        args.push(b.value(InstData::Load {
            access,
            flags,
            address: from,
            offset,
        }));
    }
    let args = b.func.list(&args);
    let callee = Callee::Symbol(callee);
    let call = b.push(InstData::Call {
        sig,
        effects: Effects::All,
        callee,
        args,
    });
    for (index, value) in b.func.results(call).enumerate() {
        let offset = 16 * index as i32;
        let access = Access::of(b.func.ty(value));
        b.push(InstData::Store {
            access,
            flags,
            address: to,
            value,
            offset,
        });
    }
    let none = b.func.list(&[]);
    b.push(InstData::Return(none));
    b.finish();
    func
}

#[repr(align(16))]
struct Aligned<T>(T);

struct Case {
    seed: u64,
    caller: Symbol,
    signature: Signature,
    functions: Vec<Function>,
}

fn case(seed: u64, size: u32, features: Features) -> Case {
    let mut rng = Rng::new(seed);
    let operators: fn(&str) -> bool = match features.contains(Features::FMA) {
        true => |_| true,
        false => |name| !name.contains("madd"),
    };
    let config = Config {
        size,
        poll: Some(SLOW),
        operators,
        ..Config::default()
    };
    let signature = signature(&mut rng, &config);
    let program = program(rng.any(), signature.clone(), &config);
    Case {
        seed,
        caller: SLOW,
        signature,
        functions: program.functions,
    }
}

/// Gives symbols of a program the numbers that they have in the image.
fn renumber(func: &mut Function, symbols: &HashMap<u32, Symbol>) {
    for &block in &func.layout().to_vec() {
        for inst in func.insts(block).collect::<Vec<_>>() {
            let mut data = *func.data(inst);
            match &mut data {
                InstData::Call {
                    callee: Callee::Symbol(s),
                    ..
                }
                | InstData::TryCall {
                    callee: Callee::Symbol(s),
                    ..
                }
                | InstData::TailCall {
                    callee: Callee::Symbol(s),
                    ..
                }
                | InstData::SymbolAddress(s) => *s = symbols[&s.0],
                _ => continue,
            }
            func.replace(inst, data);
        }
    }
}

fn run(options: Options, seeds: std::ops::Range<u64>, size: u32) {
    let mut builder = Builder::new(options);
    let mut cases = Vec::new();
    for seed in seeds {
        let mut case = case(seed, size, options.features);
        let symbols: HashMap<u32, Symbol> = (0..case.functions.len())
            .map(|i| (i as u32, builder.symbol()))
            .collect();
        for (index, func) in case.functions.iter().enumerate() {
            let mut func = func.clone();
            renumber(&mut func, &symbols);
            builder.add(symbols[&(index as u32)], &mut func);
        }
        let conv = if seed % 2 == 0 {
            CallConv::Guest
        } else {
            CallConv::C
        };
        case.caller = builder.compile(&mut caller(symbols[&0], &case.signature, conv));
        cases.push(case);
    }
    builder.import(SLOW, slow as *const () as usize);
    let mut code = builder.finish();
    for case in &cases {
        for round in 0..4 {
            let seed = case.seed * 16 + round;
            let mut rng = Rng::new(seed);
            let mut args = vec![u128::from(world::BASE)];
            args.extend(case.signature.params[1..].iter().map(|ty| rng.bits(*ty)));
            let bytes = world::memory(seed);
            let mut memory = Box::new(Aligned([0u8; SCRATCH_BYTES]));
            memory.0.copy_from_slice(&bytes);
            let mut scratch = Scratch::new(&case.functions, bytes);
            let mut fuel = 1_000_000;
            let expected = evaluate(&mut scratch, &case.functions[0], &args, &mut fuel);
            if expected == Err(Stop::OutOfFuel) {
                continue;
            }
            let mut given = Box::new(Aligned([0u128; 64]));
            given.0[..args.len()].copy_from_slice(&args);
            let mut results = Box::new(Aligned([0u128; 64]));
            let pointers = [
                &raw mut memory.0 as u64,
                &raw mut given.0 as u64,
                &raw mut results.0 as u64,
                0,
            ];
            if std::env::var("TRACE").is_ok() {
                eprintln!("seed {}, round {round}", case.seed);
            }
            let outcome = code.run(case.caller, pointers);
            let context = || {
                format!(
                    "seed {}, round {round}, size {size}, {options:?}",
                    case.seed
                )
            };
            match (expected, outcome) {
                (Err(Stop::Trap(expected)), Err(found)) => {
                    assert_eq!(expected, found, "{}", context());
                }
                (Ok(expected), Ok(_)) => {
                    for (index, ty) in case.signature.results.iter().enumerate() {
                        let mask = u128::MAX >> (128 - 8 * ty.bytes());
                        let found = results.0[index] & mask;
                        assert_eq!(
                            expected[index],
                            found,
                            "result {index}: {:x} expected, {found:x} found, {}",
                            expected[index],
                            context()
                        );
                    }
                }
                (expected, found) => {
                    panic!("{expected:?} expected, {found:?} found, {}", context())
                }
            }
            if let Some(at) = (0..SCRATCH_BYTES).find(|i| memory.0[*i] != scratch.bytes[*i]) {
                panic!("memory differs at {at}, {}", context());
            }
        }
    }
}

extern "C" fn slow() {
    panic!("the stack is never below 0");
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn sizes() -> Vec<u32> {
    match std::env::var("SIZE") {
        Ok(size) => vec![size.parse().expect("a number")],
        Err(_) => vec![5, 40, 150],
    }
}

fn all(spill_everything: bool) {
    let (first, count) = (env("FIRST", 0), env("COUNT", 60));
    for features in feature_sets() {
        for size in sizes() {
            // Some as they are, so that selection sees what passes would take away.
            let levels = [OptLevel::None, OptLevel::Full, OptLevel::Size];
            for (opt_level, first) in levels.into_iter().zip((first..).step_by(count as usize)) {
                let options = Options {
                    features,
                    spill_everything,
                    opt_level,
                    ..Options::default()
                };
                run(options, first..first + count / 2, size);
            }
        }
    }
}

#[test]
fn random_programs() {
    all(false);
}

#[test]
fn random_programs_with_everything_in_memory() {
    all(true);
}
