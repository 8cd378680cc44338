//! Calls of functions that may get better code later.
//!
//! Code that is compiled with care calls functions of its module directly. Where the callee has no
//! code yet that it would keep, the call goes to a *detour* behind the caller's code: it jumps where
//! the callee's record says, whatever that is at the time.

use std::borrow::Cow;
use std::collections::HashMap;
use tierra_asm::code::{CompiledFunction, RECORD_SYMBOLS, SITE_SYMBOL};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Arg, Assembler, Features, Mem, Op, Reloc, Size};
use tierra_core::index::FuncIdx;
use tierra_vm::offsets::RECORD_ENTRY;

/// Detours begin at multiples of this.
const ALIGN: usize = 16;
/// The symbol of the code itself.
pub const SELF: u32 = RECORD_SYMBOLS - 1;

/// Code with detours for the callees that are not called directly. `own` is the function whose entry
/// the code's start is.
pub fn with_detours<'a>(
    code: &'a CompiledFunction,
    own: Option<FuncIdx>,
    is_direct: impl Fn(u32) -> bool,
) -> Cow<'a, CompiledFunction> {
    let own = own.map(|func| func.0);
    let needs = |reloc: &Reloc| {
        // Stubs have the highest symbols.
        reloc.symbol < SITE_SYMBOL && (Some(reloc.symbol) == own || !is_direct(reloc.symbol))
    };
    if !code.relocs.iter().any(needs) {
        return Cow::Borrowed(code);
    }
    let mut code = code.clone();
    let mut detours: HashMap<u32, usize> = HashMap::new();
    let mut more = Vec::new();
    for reloc in code.relocs.iter_mut().filter(|reloc| needs(reloc)) {
        let place = if Some(reloc.symbol) == own {
            0
        } else {
            *detours
                .entry(reloc.symbol)
                .or_insert_with(|| append_detour(&mut code.code, &mut more, reloc.symbol))
        };
        reloc.symbol = SELF;
        reloc.addend += place as i64;
    }
    code.relocs.extend(more);
    Cow::Owned(code)
}

/// Appends a detour to a function; where it is.
fn append_detour(code: &mut Vec<u8>, relocs: &mut Vec<Reloc>, func: u32) -> usize {
    let mut a = Assembler::new(Features::baseline());
    let record = Mem::Symbol {
        symbol: RECORD_SYMBOLS + func,
        addend: 0,
    };
    let entry = Mem::Base {
        base: SCRATCH,
        disp: RECORD_ENTRY,
    };
    a.emit(Op::Lea, Size::Q, &[Arg::R(SCRATCH), Arg::M(record)]);
    a.emit(Op::Jmp, Size::Q, &[Arg::M(entry)]);
    let made = a.finish().expect("a detour is small");
    code.resize(code.len().next_multiple_of(ALIGN), 0xcc);
    let place = code.len();
    code.extend_from_slice(&made.bytes);
    relocs.extend(made.relocs.iter().map(|reloc| Reloc {
        offset: reloc.offset + place as u32,
        ..*reloc
    }));
    place
}
