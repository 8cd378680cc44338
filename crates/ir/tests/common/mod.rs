//! Programs to run.

use tierra_ir::eval::{Stop, evaluate};
use tierra_ir::generate::world::{self, Scratch};
use tierra_ir::generate::{Callable, Config, Program, Rng, program, signature};
use tierra_ir::{CallConv, Effects, Function, Signature, Symbol, Type, verify};

/// What may be called outside: odd symbols throw.
pub fn config(size: u32) -> Config {
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
    use Type::*;
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

/// A program and what it runs on.
pub struct Case {
    /// The functions.
    pub program: Program,
    /// Arguments of the first one.
    pub args: Vec<u128>,
    /// The memory before.
    pub memory: Vec<u8>,
}

/// The case of a seed, with functions of about so many statements.
pub fn case(seed: u64, size: u32) -> Case {
    let mut rng = Rng::new(seed);
    let config = config(size);
    let signature = signature(&mut rng, &config);
    let mut args: Vec<u128> = signature.params.iter().map(|ty| rng.bits(*ty)).collect();
    args[0] = world::BASE.into();
    Case {
        program: program(rng.any(), signature, &config),
        args,
        memory: world::memory(rng.any()),
    }
}

/// Results or the end, and the memory after it; `None` if it takes too long.
pub type Outcome = Option<(Result<Vec<u128>, Stop>, Vec<u8>)>;

/// Runs the first function.
pub fn run(functions: &[Function], case: &Case) -> Outcome {
    let mut world = Scratch::new(functions, case.memory.clone());
    let mut fuel = 300_000;
    let result = evaluate(&mut world, &functions[0], &case.args, &mut fuel);
    (result != Err(Stop::OutOfFuel)).then_some((result, world.bytes))
}

/// Panics with the text if the verifier refuses a function.
pub fn accept(func: &Function, what: &str) {
    verify(func).unwrap_or_else(|e| panic!("{what}: {e}\n{func}"));
}
