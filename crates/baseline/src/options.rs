//! What a compilation is told, and how it fails.

use core::fmt;
use tierra_core::types::MemoryType;

/// The numbers of the stubs that code calls. Functions of the module have their own index as
/// number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbols {
    /// What a function calls when its frame would end below the limit of the stack.
    pub stack_slow: u32,
    /// What a loop calls when the limit is impossible.
    pub poll: u32,
    /// What an explicit trap calls.
    pub trap: u32,
    /// What builtins are called through.
    pub exit: u32,
}

/// The numbers of the stubs that code calls when a function's budget is used up. They preserve all
/// registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counting {
    /// At the entry, once the frame is made.
    pub entry: u32,
    /// At the head of a loop.
    pub loop_head: u32,
}

/// What code depends on besides the module. All instances of an engine agree on it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The stubs.
    pub symbols: Symbols,
    /// Whether code charges fuel.
    pub fuel: bool,
    /// Whether loops notice that they are to stop.
    pub interruption: bool,
    /// How functions count towards the next tier, if they do. They are compiled one by one then:
    /// calls go through records, which code reaches by
    /// [`RECORD_SYMBOLS`](tierra_asm::code::RECORD_SYMBOLS).
    pub counting: Option<Counting>,
    /// Whether a memory of a type never moves, and every access below 4 GiB + 2 GiB that is out
    /// of bounds faults. Only asked for memories with 32-bit addresses.
    pub is_guarded: fn(&MemoryType) -> bool,
}

/// Why a function has no code.
#[derive(Debug)]
pub enum Error {
    /// It exceeds a limit of this compiler.
    TooLarge,
    /// The body can't be read: validation would have found it.
    Malformed(wasmparser::BinaryReaderError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the function is too large for the compiler"),
            Self::Malformed(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

impl From<wasmparser::BinaryReaderError> for Error {
    fn from(e: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(e)
    }
}

impl From<tierra_module::ModuleError> for Error {
    fn from(e: tierra_module::ModuleError) -> Self {
        unreachable!("validated types are convertible: {e}")
    }
}

impl From<tierra_asm::x64::TooLarge> for Error {
    fn from(_: tierra_asm::x64::TooLarge) -> Self {
        Self::TooLarge
    }
}
