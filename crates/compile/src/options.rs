//! What a translation is told, and how it fails.

use crate::Tables;
use core::fmt;
use tierra_core::index::FuncIdx;
use tierra_core::types::MemoryType;
use tierra_ir::Symbol;

/// The numbers of the stubs that code calls. Functions of the module have their own index as
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbols {
    /// What a function calls when its frame would end below the limit of the stack.
    pub stack_slow: Symbol,
    /// What a loop calls when the limit is impossible.
    pub poll: Symbol,
}

/// How the bounds of a memory are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Whether the memory never moves and every access below 4 GiB + 2 GiB that is out of bounds
    /// faults. Only of memories with 32-bit addresses.
    pub guarded: bool,
}

/// What was seen of a module's calls while its functions ran in another tier.
pub trait Feedback: fmt::Debug + Sync {
    /// The function of the module, in the instance of the caller, that a `call_indirect`, a
    /// `call_ref` or the like has called so far, by the offset of the operator in the module; `None`
    /// if there were several, none, or others. What code makes of it is checked whenever it runs.
    fn callee(&self, at: u32) -> Option<FuncIdx>;
}

/// What a translation depends on besides the module. All instances of an engine agree on it.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The stubs.
    pub symbols: Symbols,
    /// Whether code charges fuel.
    pub fuel: bool,
    /// Whether loops notice that they are to stop.
    pub interruption: bool,
    /// What is known of the module's tables; nothing by default.
    pub tables: &'a Tables,
    /// What was seen of calls, if anything was.
    pub feedback: Option<&'a dyn Feedback>,
    /// How the memories of a type are bounded.
    pub memory: fn(&MemoryType) -> MemoryPlan,
}

/// Why a function has no translation.
#[derive(Debug)]
pub enum Error {
    /// It exceeds a limit of this compiler.
    TooLarge,
    /// There is no loop where one was to be entered, or code never comes there.
    NoLoop,
    /// The body can't be read: validation would have found it.
    Malformed(wasmparser::BinaryReaderError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the function is too large for the compiler"),
            Self::NoLoop => f.write_str("there is no loop that can be reached"),
            Self::Malformed(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

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
