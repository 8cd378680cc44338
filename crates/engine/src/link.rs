//! Putting compiled functions together: symbols, stubs, relocations.

use crate::stubs::Stubs;
use crate::tables::{Function, Kind, Tables};
use core::mem::offset_of;
use std::sync::OnceLock;
use tierra_asm::x64::{Reloc, RelocKind};
use tierra_ir::{StackLimit, Symbol};
use tierra_vm::{ExecContext, Instance};

/// What code calls besides functions of its module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Stub {
    /// See [`Stubs::exit`].
    Exit = u32::MAX - 5,
    /// See [`Stubs::trap`].
    Trap,
    /// See [`Stubs::poll`].
    Poll,
    /// See [`Stubs::stack`].
    Stack,
    /// See [`Stubs::tier_entry`].
    TierEntry,
    /// See [`Stubs::tier_loop`].
    TierLoop,
}

impl Stub {
    /// Its symbol. Functions of a module have their index.
    pub const fn symbol(self) -> Symbol {
        Symbol(self as u32)
    }

    /// The stub of a symbol.
    pub fn of(symbol: u32) -> Option<Self> {
        [
            Self::Exit,
            Self::Trap,
            Self::Poll,
            Self::Stack,
            Self::TierEntry,
            Self::TierLoop,
        ]
        .into_iter()
        .find(|stub| *stub as u32 == symbol)
    }

    /// Where it is: stubs come first in every code object.
    pub fn offset(self) -> u32 {
        let stubs = stubs();
        match self {
            Self::Exit => stubs.exit,
            Self::Trap => stubs.trap,
            Self::Poll => stubs.poll,
            Self::Stack => stubs.stack,
            Self::TierEntry => stubs.tier_entry,
            Self::TierLoop => stubs.tier_loop,
        }
    }
}

/// The stubs: the same code everywhere.
pub fn stubs() -> &'static Stubs {
    static STUBS: OnceLock<Stubs> = OnceLock::new();
    STUBS.get_or_init(Stubs::new)
}

/// Tables of code that is stubs only.
pub fn stub_tables() -> Tables {
    let mut tables = Tables::default();
    tables.add(Function {
        start: 0,
        end: stubs().code.len() as u32,
        frame_size: 0,
        kind: Kind::Stub,
        one_pass: false,
    });
    tables
}

/// How functions notice the end of their stack.
pub const STACK_LIMIT: StackLimit = StackLimit {
    offsets: [
        offset_of!(Instance, exec) as i32,
        offset_of!(ExecContext, stack_limit) as i32,
    ],
    slow: Stub::Stack.symbol(),
};

/// How the code generator is set up for code of this engine.
pub fn options() -> tierra_codegen::Options {
    tierra_codegen::Options {
        features: crate::cpu::features(),
        trap_stub: Some(Stub::Trap.symbol()),
        exit_stub: Some(Stub::Exit.symbol()),
        ..tierra_codegen::Options::default()
    }
}

/// Fills in what refers to other places: `base` is where the code will be, `place_of_symbol` where
/// a symbol is, both counted from the same point.
///
/// # Panics
/// When a field is not relative: code of this engine has no addresses in it.
pub fn relocate(
    code: &mut [u8],
    base: usize,
    relocs: &[Reloc],
    place_of_symbol: impl Fn(u32) -> usize,
) {
    for reloc in relocs {
        assert_eq!(
            reloc.kind,
            RelocKind::Rel32,
            "code has no absolute addresses"
        );
        let symbol = place_of_symbol(reloc.symbol) as i64;
        let place = base as i64 + i64::from(reloc.offset);
        let value = symbol + reloc.addend - place;
        let value = i32::try_from(value).expect("code and what it reaches is less than 2 GiB");
        let at = reloc.offset as usize;
        code[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
}
