//! Using up what all code of the process shares: for tests that are programs of their own.

use tierra::*;

/// Modules whose code takes all the room that there is: large ones, then smaller ones.
pub fn fill(folder: &std::path::Path) -> Vec<Module> {
    let engine = Engine::new(Config::new().tier(Tier::Baseline)).unwrap();
    let mut all = Vec::new();
    for (functions, calls) in [(8, 60_000), (1, 60_000), (1, 1)] {
        let call = "(call_indirect (i32.const 0))".repeat(calls);
        let functions = format!("(func {call})").repeat(functions);
        let module = Module::new(&engine, format!("(module (table 1 funcref) {functions})"));
        let Ok(module) = module else { continue };
        let file = folder.join(format!("exhaustion-{}", all.len()));
        std::fs::write(&file, module.serialize().unwrap()).unwrap();
        // SAFETY: just written, and nobody else knows of it.
        while let Ok(module) = unsafe { Module::deserialize_file(&engine, &file) } {
            all.push(module);
        }
    }
    all
}
