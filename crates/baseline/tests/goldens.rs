//! Functions and their machine code: `tests/data/*.wat`. Each file is a module, a line `;; =>`, and
//! the code of its functions. `BLESS=1 cargo test -p tierra-baseline --test goldens` writes what
//! comes out.

mod common;

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use std::fmt::Write;
use std::path::Path;
use tierra_asm::code::CompiledFunction;

/// The instructions, without addresses but for the targets of jumps.
fn listing(code: &CompiledFunction) -> String {
    let bytes = &code.code[..code.code_len as usize];
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut text = String::new();
    for instruction in Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE).iter() {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        let end = instruction.next_ip() as u32;
        let reloc = code.relocs.iter().find(|reloc| reloc.offset + 4 == end);
        let symbol = reloc.map(|reloc| format!(" -> {}", common::symbol(reloc.symbol)));
        let symbol = symbol.unwrap_or_default();
        writeln!(text, ";; {:4x} {line}{symbol}", instruction.ip()).expect("it is a string");
    }
    text
}

#[test]
fn goldens() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    let mut wrong = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let (input, expected) = text.split_once(";; =>\n").unwrap_or((&text, ""));
        let mut output = String::new();
        for (func, code) in common::compile_all(input) {
            let code = code.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            writeln!(output, ";; function {func}").expect("it is a string");
            output += &listing(&code);
        }
        if output != expected {
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, format!("{input};; =>\n{output}")).expect("it is writable");
            } else {
                wrong.push(format!("{}:\n{output}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 writes it", wrong.join("\n"));
}
