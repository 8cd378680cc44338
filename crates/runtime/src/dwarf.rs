//! Source files and lines from the DWARF sections of a module.

use crate::Module;
use crate::backtrace::Frame;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gimli::{EndianArcSlice, LittleEndian};

type Context = addr2line::Context<EndianArcSlice<LittleEndian>>;

/// A place in the source of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLocation {
    /// The file, as the compiler wrote it down.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file.as_deref().unwrap_or("<unknown>"))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match self.column {
            Some(column) => write!(f, ":{column}"),
            None => Ok(()),
        }
    }
}

impl Frame {
    /// The places in the source that the instruction came from, inlined functions first. Empty
    /// if the module has no debug information.
    pub fn source_locations(&self) -> Vec<SourceLocation> {
        Symbolizer::default().locations(self)
    }
}

/// Reads the debug information of each module once.
#[derive(Default)]
pub(crate) struct Symbolizer {
    modules: Vec<(*const u8, Option<Context>)>,
}

impl Symbolizer {
    pub(crate) fn locations(&mut self, frame: &Frame) -> Vec<SourceLocation> {
        let module = frame.module();
        let key = module.bytes().as_ptr();
        if !self.modules.iter().any(|(k, _)| *k == key) {
            self.modules.push((key, load(module)));
        }
        let context = self
            .modules
            .iter()
            .find(|(k, _)| *k == key)
            .and_then(|(_, c)| c.as_ref());
        let start = module.module().code_section_start();
        match (context, start) {
            (Some(context), Some(start)) => {
                find(context, frame.offset().saturating_sub(start) as u64).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

fn load(module: &Module) -> Option<Context> {
    let section = |id: gimli::SectionId| -> Result<_, gimli::Error> {
        let bytes = module
            .custom_sections()
            .find(|(name, _)| *name == id.name());
        let bytes: Arc<[u8]> = bytes.map_or(&[][..], |(_, bytes)| bytes).into();
        Ok(EndianArcSlice::new(bytes, LittleEndian))
    };
    module
        .custom_sections()
        .find(|(name, _)| *name == ".debug_line")?;
    Context::from_dwarf(gimli::Dwarf::load(section).ok()?).ok()
}

fn find(context: &Context, address: u64) -> Option<Vec<SourceLocation>> {
    let mut frames = context.find_frames(address).skip_all_loads().ok()?;
    let mut found = Vec::new();
    while let Ok(Some(frame)) = frames.next() {
        if let Some(location) = frame.location {
            found.push(SourceLocation {
                file: location.file.map(ToString::to_string),
                line: location.line,
                column: location.column,
            });
        }
    }
    Some(found)
}

/// The lines of a module, by offset.
#[cfg(feature = "compiler")]
pub(crate) struct Lines {
    context: Context,
    /// Where the code section begins.
    start: usize,
}

#[cfg(feature = "compiler")]
impl Lines {
    /// Reads the module's debug information, if it has any.
    pub(crate) fn new(module: &Module) -> Option<Self> {
        let (context, start) = load(module).zip(module.module().code_section_start())?;
        Some(Self { context, start })
    }

    /// The line of an instruction.
    pub(crate) fn at(&self, offset: u32) -> Option<tierra_engine::Line> {
        let address = (offset as usize).checked_sub(self.start)? as u64;
        let location = self.context.find_location(address).ok()??;
        Some(tierra_engine::Line {
            file: location.file?.to_string(),
            line: location.line?,
        })
    }
}
