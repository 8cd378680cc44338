//! Machine code as text.

use tierra::ExplainedFunction;

/// The instructions of a function: offset and text.
#[cfg(feature = "disassembler")]
pub fn instructions(function: &ExplainedFunction) -> Vec<(usize, String)> {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    let code = &function.code[..function.code_len];
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    let mut rows = Vec::new();
    for instruction in &mut decoder {
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        let (start, end) = (instruction.ip() as u32, instruction.next_ip() as u32);
        let callee = function
            .callees
            .iter()
            .find(|(at, _)| (start..end).contains(at));
        if let Some((_, callee)) = callee {
            // The displacement is not filled in: the name is all that it says.
            let mnemonic = text.split(' ').next().unwrap_or_default();
            text = format!("{mnemonic} {}", name(*callee));
        }
        rows.push((start as usize, text));
    }
    rows
}

/// Without a disassembler: bytes.
#[cfg(not(feature = "disassembler"))]
pub fn instructions(function: &ExplainedFunction) -> Vec<(usize, String)> {
    let code = &function.code[..function.code_len];
    let starts = function.locations.iter().map(|(at, _)| *at as usize);
    let starts: Vec<_> = std::iter::once(0).chain(starts).collect();
    let ends = starts[1..].iter().copied().chain([code.len()]);
    let rows = starts.iter().zip(ends).filter(|(start, end)| *start < end);
    let bytes = |range: &[u8]| range.iter().map(|b| format!("{b:02x} ")).collect();
    rows.map(|(start, end)| (*start, bytes(&code[*start..end])))
        .collect()
}

/// What code calls besides functions of its module has numbers that no function has.
#[cfg(feature = "disassembler")]
fn name(callee: u32) -> String {
    if callee > u32::MAX - 16 {
        return "[tierra]".into();
    }
    format!("func {callee}")
}
