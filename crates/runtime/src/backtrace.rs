//! Where in the guest an error came from.

use crate::store::StorePtr;
use crate::{Module, Tier};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use tierra_core::index::FuncIdx;
use tierra_vm::{FrameTier, RawFrame};

/// The guest functions that were active, innermost first. At most the innermost hundred or so
/// are kept.
#[derive(Clone, Default)]
pub struct Backtrace {
    frames: Vec<Frame>,
    /// Further frames that were not kept.
    omitted: usize,
}

/// An active guest function.
#[derive(Clone)]
pub struct Frame {
    module: Module,
    func: FuncIdx,
    offset: usize,
    tier: FrameTier,
}

impl Backtrace {
    /// The frames that are active now; called from a host function.
    pub(crate) fn capture(store: StorePtr) -> Self {
        // SAFETY: the store runs on this thread.
        Self::new(store, unsafe { tierra_vm::backtrace(store.exec()) })
    }

    /// The frames that were active when the guest trapped.
    pub(crate) fn of_trap(mut store: StorePtr) -> Self {
        let trace = core::mem::take(&mut store.core_mut().trace);
        Self::new(store, trace)
    }

    fn new(store: StorePtr, trace: tierra_vm::Trace) -> Self {
        Self {
            omitted: trace.depth - trace.frames.len(),
            ..Self::of_frames(store, &trace.frames)
        }
    }

    /// Of frames that were found.
    pub(crate) fn of_frames(store: StorePtr, frames: &[RawFrame]) -> Self {
        let frames = frames.iter();
        Self {
            frames: frames.filter_map(|f| Frame::new(store, f)).collect(),
            omitted: 0,
        }
    }

    /// The frames, innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// How many frames below these were not kept.
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl Frame {
    fn new(store: StorePtr, raw: &RawFrame) -> Option<Self> {
        let module = store.base().module_of(raw.instance)?.clone();
        let offset = raw.offset as usize;
        Some(Self {
            func: raw.func.or_else(|| module.module().func_at(offset))?,
            module,
            offset,
            tier: raw.tier,
        })
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The function's index in its module.
    pub fn func_index(&self) -> u32 {
        self.func.0
    }

    /// The function's name in the name section, as it stands there.
    pub fn func_name(&self) -> Option<&str> {
        self.module.func_name(self.func.0)
    }

    /// The function's name for people: demangled if it is a mangled Rust name (with feature
    /// `std`), else as it stands; its index if it has none.
    pub fn display_name(&self) -> String {
        match self.func_name() {
            Some(name) => demangle(name),
            None => alloc::format!("<function {}>", self.func),
        }
    }

    /// What executes it; a function that was inlined is executed by the code that it is in.
    pub fn tier(&self) -> Tier {
        match self.tier {
            FrameTier::Interp => Tier::Interp,
            FrameTier::Baseline => Tier::Baseline,
            FrameTier::Optimizing => Tier::Optimizing,
        }
    }

    /// The offset of the instruction in the module's bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

#[cfg(feature = "std")]
fn demangle(name: &str) -> String {
    alloc::format!("{:#}", rustc_demangle::demangle(name))
}

#[cfg(not(feature = "std"))]
fn demangle(name: &str) -> String {
    name.into()
}

impl fmt::Display for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wasm backtrace:")?;
        #[cfg(feature = "dwarf")]
        let mut symbols = crate::dwarf::Symbolizer::default();
        for (i, frame) in self.frames.iter().enumerate() {
            let module = frame.module.name().unwrap_or("<unnamed>");
            write!(
                f,
                "\n  {i:3}: {:#8x} - {module}!{}",
                frame.offset,
                frame.display_name()
            )?;
            #[cfg(feature = "dwarf")]
            for line in symbols.locations(frame) {
                write!(f, "\n                    at {line}")?;
            }
        }
        if self.omitted > 0 {
            write!(f, "\n  ... and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x} {}", self.offset, self.display_name())
    }
}
