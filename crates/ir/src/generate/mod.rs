//! Random functions, the same for the same seed.
//!
//! They are well-typed, end, and depend on nothing but their arguments and the memory that their
//! first parameter points to: no address gets into a value that can be observed, slots are
//! cleared before they are read, NaNs are made canonical if wanted. So whoever runs them must get
//! what the evaluator gets ([`world::Scratch`] is a world for it).
//!
//! A function is made of nested regions: straight code, arms of branches and switches, loops with
//! a bounded count of trips. Inside of a region, values of everything around it are in reach, and
//! jumps to the end of any region around it or to the start of any loop around it. What results
//! is reducible but not structured: breaks out of several loops, loops with several back edges,
//! critical edges, blocks that can't be reached.
//!
//! [`program`] makes several functions that call each other, later ones only.

mod body;
mod operators;
mod region;
pub mod world;

use crate::entity::Symbol;
use crate::function::Function;
use crate::inst::Effects;
use crate::types::{CallConv, Signature, Type};
use alloc::format;
use alloc::vec::Vec;

/// The bytes of memory that a function may access from its first parameter on.
pub const SCRATCH_BYTES: usize = 4096;

/// What functions may consist of.
#[derive(Clone, Debug)]
pub struct Config {
    /// About how many statements a function has.
    pub size: u32,
    /// Whether NaNs from arithmetic are replaced by canonical ones, so that results can be
    /// compared bit by bit.
    pub canonical_nans: bool,
    /// Whether there are vectors.
    pub vectors: bool,
    /// Whether there are references. Their bits are any; they are not looked behind.
    pub refs: bool,
    /// Whether there are atomics.
    pub atomics: bool,
    /// Whether there are calls with handlers, which takes `refs`.
    pub try_calls: bool,
    /// Whether there are tail calls.
    pub tail_calls: bool,
    /// Whether there are explicit traps and operators that trap.
    pub traps: bool,
    /// What polls call, which they never do.
    pub poll: Option<Symbol>,
    /// Operators that there may be, by name.
    pub operators: fn(&str) -> bool,
    /// What functions may call.
    pub callees: Vec<Callable>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            size: 40,
            canonical_nans: true,
            vectors: true,
            refs: true,
            atomics: true,
            try_calls: true,
            tail_calls: true,
            traps: true,
            poll: None,
            operators: |_| true,
            callees: Vec::new(),
        }
    }
}

impl Config {
    fn has(&self, ty: Type) -> bool {
        match ty {
            Type::V128 => self.vectors,
            Type::Ref => self.refs,
            _ => true,
        }
    }
}

/// What a generated function may call.
#[derive(Clone, Debug)]
pub struct Callable {
    /// Its symbol.
    pub symbol: Symbol,
    /// Its signature.
    pub signature: Signature,
    /// What it may do.
    pub effects: Effects,
    /// Whether its first parameter is the memory that the caller got.
    pub scratch: bool,
}

/// Functions that call each other. The symbol of a function is its place; the first one is the
/// one to be called.
pub struct Program {
    /// The functions.
    pub functions: Vec<Function>,
}

/// Random numbers (SplitMix64).
#[derive(Clone)]
pub struct Rng(u64);

impl Rng {
    /// Numbers that depend on the seed only.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below another.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.any() >> 32) as usize * end) >> 32
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// The bits of a value that is likely to be of interest.
    pub fn bits(&mut self, ty: Type) -> u128 {
        const FLOATS: [f64; 12] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            1e-300,
            -3.75,
            2147483648.0,
            9.3e18,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let any = u128::from(self.any());
        let small = self.any() % 64;
        let float = *self.pick(&FLOATS);
        match (ty, self.below(4)) {
            (Type::V128, 0) => 0,
            (Type::V128, 1) => (self.bits(Type::F64) << 64) | self.bits(Type::F64),
            (Type::V128, 2) => (0..4).fold(0, |v, _| (v << 32) | self.bits(Type::I32)),
            (Type::V128, _) => (any << 64) | u128::from(self.any()),
            (Type::F32, 0..3) => (float as f32).to_bits().into(),
            (Type::F64, 0..3) => float.to_bits().into(),
            (_, 0) => small.into(),
            (_, 1) => truncate(ty, u128::from(small.wrapping_neg())),
            (_, 2) => truncate(ty, 1 << (any % 64)),
            _ => truncate(ty, any),
        }
    }
}

fn truncate(ty: Type, bits: u128) -> u128 {
    bits & (u128::MAX >> (128 - 8 * ty.bytes()))
}

/// A function with this signature, whose first parameter is an `i64`: the address of
/// [`SCRATCH_BYTES`] bytes, aligned to 16, of which the last quarter is only read.
///
/// # Panics
/// When the first parameter is not such an address.
pub fn function(seed: u64, name: &str, signature: Signature, config: &Config) -> Function {
    assert_eq!(signature.params.first(), Some(&Type::I64), "the memory");
    region::generate(Rng::new(seed), name, signature, config)
}

/// Some types that the configuration has.
pub fn types(rng: &mut Rng, most: usize, config: &Config) -> Vec<Type> {
    let mut types = Vec::new();
    for _ in 0..rng.below(most + 1) {
        types.push(*rng.pick(&Type::ALL));
    }
    types.retain(|ty| config.has(*ty));
    types
}

/// A random signature of our own convention for [`function`].
pub fn signature(rng: &mut Rng, config: &Config) -> Signature {
    let many = if rng.one_in(8) { 24 } else { 6 };
    let mut params = types(rng, many, config);
    params.insert(0, Type::I64);
    Signature {
        params,
        results: types(rng, many / 2, config),
        conv: CallConv::Guest,
    }
}

/// A program whose first function has this signature.
pub fn program(seed: u64, entry: Signature, config: &Config) -> Program {
    let mut rng = Rng::new(seed);
    let count = 1 + rng.below(4);
    let mut callables: Vec<Callable> = Vec::new();
    for index in 0..count {
        callables.push(Callable {
            symbol: Symbol::from_index(index),
            signature: match index {
                0 => entry.clone(),
                _ => signature(&mut rng, config),
            },
            effects: Effects::All,
            scratch: true,
        });
    }
    let mut functions = Vec::new();
    for (index, callable) in callables.iter().enumerate() {
        let mut config = config.clone();
        config.callees.extend_from_slice(&callables[index + 1..]);
        let name = format!("f{index}");
        let signature = callable.signature.clone();
        functions.push(function(rng.any(), &name, signature, &config));
    }
    Program { functions }
}
