//! Tierra and wasmi do the same.

use super::Verdict;
use crate::generate::{self, Dialect};
use crate::observe::difference;
use crate::on_tierra::{self, Settings};
use crate::on_wasmi;

/// Enough for what is useful, and little enough for many cases.
const FUEL: u64 = 200_000;

pub fn generate(seed: u64) -> Option<Vec<u8>> {
    generate::case(seed, Dialect::Common).map(|case| case.wasm)
}

pub fn check(seed: u64, wasm: &[u8]) -> Result<Verdict, String> {
    // Without fuel only what terminates: the exported counter shows that.
    let terminates = generate::case(seed, Dialect::Common).is_some_and(|case| case.terminates);
    let fuel = (!terminates || seed.is_multiple_of(4)).then_some(FUEL);
    let settings = Settings {
        fuel,
        gc_stress: seed.is_multiple_of(3),
        host_reenters: false,
        ..Settings::new(Dialect::Common)
    };
    let theirs = on_wasmi::run(fuel, wasm, seed);
    let ours = on_tierra::run(&settings, wasm, seed);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => match difference(&ours, &theirs) {
            None => Ok(Verdict::Tried(ours.completed())),
            Some(_) if wasmi_gets_it_wrong(wasm) => Ok(Verdict::Skipped),
            Some(what) => Err(format!("Tierra and wasmi: {what}")),
        },
        (Err(_), Err(_)) => Ok(Verdict::Skipped),
        (Err(e), Ok(_)) => Err(format!("only wasmi accepts it: {e}")),
        (Ok(_), Err(e)) => Err(format!("only Tierra accepts it: {e}")),
    }
}

/// wasmi 2.0.0 loses the operand of `i32.eqz` (`i64.eqz`) right before a `select` when the local
/// that it is in is set by what follows: `(i32.div_s (i32.const 7) (select (i32.const 1)
/// (local.get 0) (i32.eqz (local.get 0))))` with values kept in locals is 7. V8 agrees with
/// Tierra. This is what `disallow_traps` makes of every division.
fn wasmi_gets_it_wrong(wasm: &[u8]) -> bool {
    use wasmparser::{Operator, Parser, Payload};
    let bodies = Parser::new(0)
        .parse_all(wasm)
        .filter_map(|payload| match payload {
            Ok(Payload::CodeSectionEntry(body)) => body.get_operators_reader().ok(),
            _ => None,
        });
    for body in bodies {
        let mut eqz = false;
        for op in body.into_iter().map_while(Result::ok) {
            if eqz && matches!(op, Operator::Select) {
                return true;
            }
            eqz = matches!(op, Operator::I32Eqz | Operator::I64Eqz);
        }
    }
    false
}
