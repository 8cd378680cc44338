//! Reading artifacts.

use super::{FORMAT, Fit, HEADER_END, Section, VERSION, at, is_artifact};
use crate::compiler::{Settings, Stats};
use crate::image::{Entry, Image};
use crate::load::{CompiledModule, Source};
use crate::sys::CodeFile;
use crate::tables::{Kind, Rows, Tables};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use tierra_checksum::checksum;
use tierra_core::Features;
use tierra_interp::ModuleCode;
use tierra_module::{Bytes, Module};

/// A file that is an artifact of this version, undamaged, for this machine and engine.
pub struct Artifact {
    bytes: Bytes,
    file: Option<CodeFile>,
    sections: Vec<Range<usize>>,
    fit: Fit,
}

/// A part of other bytes.
struct Part(Bytes, Range<usize>);

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &(*self.0).as_ref()[self.1.clone()]
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes[at..].first_chunk();
    u64::from_le_bytes(*word.expect("the header's length was checked"))
}

impl Artifact {
    /// Checks that bytes, those of a file if it is given, are an artifact for an engine of these
    /// settings, which accepts modules with these features.
    ///
    /// # Errors
    /// Says which thing does not fit.
    pub fn open(
        bytes: Bytes,
        file: Option<CodeFile>,
        settings: &Settings,
        features: Features,
    ) -> Result<Self, String> {
        let all: &[u8] = (*bytes).as_ref();
        if !is_artifact(all) {
            return Err("it is no compiled module of Tierra".into());
        }
        if all.len() < HEADER_END {
            return Err("it is cut off within its header".into());
        }
        let version = &all[at::VERSION_..][..VERSION];
        let len = version.iter().position(|b| *b == 0).unwrap_or(VERSION);
        if &version[..len] != FORMAT.as_bytes() {
            let version = String::from_utf8_lossy(&version[..len]);
            let version = version.escape_default();
            return Err(format!(
                "it was made by version {version} of Tierra, and this is {FORMAT}"
            ));
        }
        let length = word(all, at::LENGTH);
        if length != all.len() as u64 {
            let has = all.len();
            return Err(format!("it has {has} bytes instead of {length}"));
        }
        if word(all, at::CHECKSUM) != checksum(all, Some(at::CHECKSUM)) {
            return Err("it is damaged: its checksum is not that of its contents".into());
        }
        let mut sections = Vec::with_capacity(Section::ALL.len());
        for (i, (name, _)) in Section::ALL.iter().enumerate() {
            let row = at::SECTIONS + 16 * i;
            let (start, len) = (word(all, row), word(all, row + 8));
            let end = start.checked_add(len).filter(|end| *end <= length);
            let end = end.ok_or_else(|| format!("its section {name} is not within it"))?;
            sections.push(start as usize..end as usize);
        }
        let fit = all[sections[Section::Fit as usize].clone()].first_chunk();
        let fit = Fit::from_bytes(fit.ok_or("it does not say what it fits")?);
        fit.check(settings, features)?;
        Ok(Self {
            bytes,
            file,
            sections,
            fit,
        })
    }

    /// The module's bytes, and the features that they were validated with.
    pub fn module(&self) -> (Bytes, Features) {
        let range = self.sections[Section::Module as usize].clone();
        let part = Part(self.bytes.clone(), range);
        (Arc::new(part), self.fit.features())
    }

    /// Loads the code for its module.
    ///
    /// # Errors
    /// When there is no memory, or the tables contradict each other.
    ///
    /// # Safety
    /// The file was written by `write` and stays as it is, `module` is of its own bytes, and the
    /// caller keeps the result as long as `code`.
    pub unsafe fn load(
        &self,
        module: &Module,
        code: &ModuleCode,
        settings: &Settings,
    ) -> Result<CompiledModule, String> {
        self.fit.check_memories(module, settings)?;
        let image = self.image();
        check(&image, module).ok_or("its tables contradict each other")?;
        let at = self.sections[Section::Text as usize].start as u64;
        let source = match &self.file {
            Some(file) => Source::File(file, at),
            None => Source::Memory,
        };
        // SAFETY: the caller's; it fits this process.
        unsafe { CompiledModule::load(image, source, module, code, settings) }
    }

    fn section(&self, section: Section) -> &[u8] {
        &(*self.bytes).as_ref()[self.sections[section as usize].clone()]
    }

    fn rows<const N: usize>(&self, section: Section) -> Rows<N> {
        Rows::of(&self.bytes, self.sections[section as usize].clone())
    }

    fn image(&self) -> Image<'_> {
        let tables = Tables {
            functions: self.rows(Section::Functions),
            traps: self.rows(Section::Traps),
            locations: self.rows(Section::Locations),
            inlined: self.rows(Section::Inlined),
            calls: self.rows(Section::Calls),
            stack_map: self.rows(Section::StackMap),
            handlers: self.rows(Section::Handlers),
        };
        let entries = self.rows(Section::Entries);
        let code = self.section(Section::Text);
        let interpreted = entries.iter().filter(|e| **e == Entry::NONE.row()).count();
        let stats = Stats {
            functions: entries.len() - interpreted,
            interpreted,
            code_bytes: code.len(),
        };
        Image {
            code: Cow::Borrowed(code),
            tables,
            entries,
            stats,
        }
    }
}

/// Whether functions are within the code, one behind the other, and where entries say.
fn check(image: &Image<'_>, module: &Module) -> Option<()> {
    let holds = |truth: bool| truth.then_some(());
    let (mut end, mut adapters) = (0, Vec::new());
    // The functions with code are in the order of their entries.
    let mut entries = image.entries.iter().map(|row| Entry::of(*row));
    let mut entries = entries
        .by_ref()
        .enumerate()
        .filter(|(_, e)| *e != Entry::NONE);
    let mut used = Vec::with_capacity(image.entries.len());
    for function in image.tables.functions() {
        holds(end <= function.start && function.start <= function.end)?;
        end = function.end;
        match function.kind {
            Kind::Function(func) => {
                let (index, entry) = entries.next()?;
                holds(func.index() == module.imported_funcs + index)?;
                holds(entry.code == function.start)?;
                used.push(entry.adapter);
            }
            Kind::Entry => adapters.push(function.start),
            Kind::Slots | Kind::Stub => {}
        }
    }
    holds(entries.next().is_none() && end as usize <= image.code.len())?;
    holds(image.entries.len() == module.defined_funcs().len())?;
    // Neighbours often have the same signature.
    used.dedup();
    holds(used.iter().all(|at| adapters.binary_search(at).is_ok()))
}
