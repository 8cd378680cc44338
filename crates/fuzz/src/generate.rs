//! Modules from seeds.

use crate::random::Random;
use arbitrary::Unstructured;
use tierra::Features;
use wasm_smith::Config;

/// What a module may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// What Tierra and wasmi have both.
    Common,
    /// What Tierra has.
    Everything,
}

/// A module, and what to run it with.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where everything else comes from.
    pub seed: u64,
    /// The module.
    pub wasm: Vec<u8>,
    /// Whether the module counts loops and calls itself, and traps after some.
    pub terminates: bool,
}

/// How often a module that terminates by itself may enter loops and functions.
const STEPS: u32 = 2_000;

/// Makes the module of a seed. None if the random bytes lead nowhere, which is seldom.
pub fn case(seed: u64, dialect: Dialect) -> Option<Case> {
    let mut random = Random::new(seed, dialect as u64 + 1);
    let terminates = dialect == Dialect::Everything || random.one_in(2);
    let config = config(&mut random, dialect);
    let len = 200 << random.below(8);
    let bytes = random.bytes(len);
    let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    if terminates {
        module.ensure_termination(STEPS).ok()?;
    }
    Some(Case {
        seed,
        wasm: module.to_bytes(),
        terminates,
    })
}

fn config(random: &mut Random, dialect: Dialect) -> Config {
    let everything = dialect == Dialect::Everything;
    let mut on = |n| random.one_in(n);
    // Floats that operators made are made canonical, or there are none: whether a NaN keeps its
    // payload is up to the engine.
    let floats = on(2);
    // What keeps divisions from trapping is what wasmi gets wrong.
    let disallow_traps = on(if everything { 2 } else { 6 });
    let (simd, memory64) = (!on(3), on(3));
    let (gc, exceptions, threads) = (
        everything && !on(4),
        everything && !on(4),
        everything && on(2),
    );
    let (multi_memory, many_instructions, custom_page_sizes) = (on(3), on(3), on(6));
    let (tail_call, wide, relaxed, everything_exported) = (!on(3), on(3), on(2), !on(3));
    Config {
        allow_floats: floats,
        canonicalize_nans: floats,
        disallow_traps,
        simd_enabled: simd,
        relaxed_simd_enabled: simd && relaxed,
        memory64_enabled: memory64,
        gc_enabled: gc,
        exceptions_enabled: exceptions,
        threads_enabled: threads,
        tail_call_enabled: tail_call,
        wide_arithmetic_enabled: wide,
        custom_page_sizes_enabled: custom_page_sizes,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        shared_everything_threads_enabled: false,
        extended_const_enabled: true,
        export_everything: everything_exported,
        generate_custom_sections: on(8),
        max_instructions: if many_instructions { 1000 } else { 150 },
        min_funcs: 1,
        max_funcs: if many_instructions { 4 } else { 12 },
        min_exports: 1,
        max_imports: 6,
        max_exports: 20,
        max_memories: if multi_memory { 3 } else { 1 },
        max_tables: 3,
        max_globals: 12,
        max_types: 20,
        max_data_segments: 6,
        max_element_segments: 6,
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_table_elements: 500,
        ..Config::default()
    }
}

/// The features that the modules of a dialect may use.
pub fn features(dialect: Dialect) -> Features {
    match dialect {
        Dialect::Everything => Features::default(),
        Dialect::Common => {
            let beyond = [
                Features::GC,
                Features::FUNCTION_REFERENCES,
                Features::EXCEPTIONS,
                Features::LEGACY_EXCEPTIONS,
                Features::THREADS,
            ];
            beyond
                .into_iter()
                .fold(Features::default(), |f, feature| f.with(feature, false))
        }
    }
}

/// The text of a module, or why there is none.
pub fn text(wasm: &[u8]) -> String {
    wasmprinter::print_bytes(wasm).unwrap_or_else(|e| format!(";; {e}"))
}
