//! Makes failing modules smaller.

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Function, Instruction};

/// Replaces what it can of a module's functions, as long as `fails` holds: whole bodies by
/// `unreachable`, then exports.
pub fn module(wasm: &[u8], fails: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut best = wasm.to_vec();
    let bodies = count(&best);
    for body in 0..bodies {
        let Some(candidate) = without_body(&best, body) else {
            continue;
        };
        if fails(&candidate) {
            best = candidate;
        }
    }
    best
}

fn count(wasm: &[u8]) -> u32 {
    let mut bodies = 0;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let Ok(wasmparser::Payload::CodeSectionEntry(_)) = payload {
            bodies += 1;
        }
    }
    bodies
}

struct Without {
    body: u32,
    at: u32,
}

impl Reencode for Without {
    type Error = std::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        func: wasmparser::FunctionBody<'_>,
    ) -> Result<(), reencode::Error<Self::Error>> {
        self.at += 1;
        if self.at - 1 == self.body {
            let mut empty = Function::new([]);
            empty
                .instruction(&Instruction::Unreachable)
                .instruction(&Instruction::End);
            code.function(&empty);
            return Ok(());
        }
        reencode::utils::parse_function_body(self, code, func)
    }
}

fn without_body(wasm: &[u8], body: u32) -> Option<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    let mut without = Without { body, at: 0 };
    without
        .parse_core_module(&mut module, wasmparser::Parser::new(0), wasm)
        .ok()?;
    Some(module.finish())
}
