//! Reading artifacts.

use super::{
    FORMAT, Fit, HEADER_END, NO_TAG, Section, VERSION, at, checksum, is_artifact, kind_of_word,
};
use crate::code::{Call, Function, Kind, Pairs, Tables};
use crate::compiler::{Settings, Stats};
use crate::image::{Entry, Image};
use crate::load::CompiledModule;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use tierra_core::Features;
use tierra_interp::ModuleCode;
use tierra_module::{Bytes, Module};

/// A file that is an artifact of this version, undamaged, for this machine and engine.
pub struct Artifact {
    bytes: Bytes,
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
    /// Checks that bytes are an artifact for an engine of these settings, which accepts modules
    /// with these features.
    ///
    /// # Errors
    /// Says which thing does not fit.
    pub fn open(bytes: Bytes, settings: &Settings, features: Features) -> Result<Self, String> {
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
        if word(all, at::CHECKSUM) != checksum::checksum(all, at::CHECKSUM) {
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
    /// The file was written by `write`, `module` is of its own bytes, and the
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
        // SAFETY: the caller's; it fits this process.
        unsafe { CompiledModule::load(image, module, code) }
    }

    fn section(&self, section: Section) -> &[u8] {
        &(*self.bytes).as_ref()[self.sections[section as usize].clone()]
    }

    /// A section as rows of words. A remainder is none.
    fn rows<const N: usize, T>(&self, section: Section, row: impl Fn([u32; N]) -> T) -> Vec<T> {
        let (words, _) = self.section(section).as_chunks::<4>();
        let (rows, _) = words.as_chunks::<N>();
        rows.iter()
            .map(|words| row(words.map(u32::from_le_bytes)))
            .collect()
    }

    fn pairs(&self, section: Section) -> Pairs {
        Pairs::of(&self.bytes, self.sections[section as usize].clone())
    }

    fn image(&self) -> Image<'_> {
        let tables = Tables {
            functions: self.rows(Section::Functions, |[start, end, frame_size, kind]| {
                Function {
                    start,
                    end,
                    frame_size,
                    kind: kind_of_word(kind),
                }
            }),
            traps: self.pairs(Section::Traps),
            locations: self.pairs(Section::Locations),
            inlined: self.pairs(Section::Inlined),
            calls: self.rows(Section::Calls, |[return_pc, a, b, c, d]| Call {
                return_pc,
                map: (a, b),
                handlers: (c, d),
            }),
            stack_map: self.rows(Section::StackMap, |[slot]| slot.cast_signed()),
            handlers: self.rows(Section::Handlers, |[tag, pc]| {
                ((tag != NO_TAG).then_some(tag), pc)
            }),
        };
        let entries: Vec<Entry> =
            self.rows(Section::Entries, |[code, adapter]| Entry { code, adapter });
        let code = self.section(Section::Text);
        let interpreted = entries.iter().filter(|e| **e == Entry::NONE).count();
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

/// Whether what tables say lies within the code and each other, and is sorted.
fn check(image: &Image<'_>, module: &Module) -> Option<()> {
    let tables = &image.tables;
    let end = image.code.len() as u64;
    let holds = |truth: bool| truth.then_some(());
    let within = |(start, end): (u32, u32), len: usize| start <= end && end as usize <= len;
    holds(image.entries.len() == module.defined_funcs().len())?;
    holds(tables.functions.is_sorted_by(|a, b| a.end <= b.start))?;
    holds(tables.functions.iter().all(|f| f.start <= f.end))?;
    holds(
        tables
            .functions
            .last()
            .is_some_and(|f| u64::from(f.end) <= end),
    )?;
    holds(tables.functions.iter().all(|f| match f.kind {
        Kind::Function(func) => func.index() < module.funcs.len(),
        _ => true,
    }))?;
    let begins = |at: u32| {
        let found = tables.functions.binary_search_by_key(&at, |f| f.start);
        found.ok().map(|i| tables.functions[i].kind)
    };
    holds(module.defined_funcs().zip(&image.entries).all(|(func, e)| {
        *e == Entry::NONE
            || begins(e.code) == Some(Kind::Function(func))
                && begins(e.adapter) == Some(Kind::Entry)
    }))?;
    holds(tables.traps.is_sorted_by_key(|t| t[0]))?;
    holds(tables.locations.is_sorted_by_key(|l| l[0]))?;
    holds(tables.calls.is_sorted_by(|a, b| a.return_pc < b.return_pc))?;
    holds(tables.calls.iter().all(|call| {
        within(call.map, tables.stack_map.len()) && within(call.handlers, tables.handlers.len())
    }))?;
    holds(tables.handlers.iter().all(|(tag, landing)| {
        u64::from(*landing) < end && tag.is_none_or(|tag| (tag as usize) < module.tags.len())
    }))
}
