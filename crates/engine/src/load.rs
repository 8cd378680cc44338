//! Loading an image: from bytes to code that runs.

use crate::artifact::names;
use crate::code::CodeMemory;
use crate::compiler::{Settings, Stats};
use crate::image::{Entry, Image};
use crate::link;
use crate::sys::CodeFile;
use crate::tables::Rows;
use crate::tools::debugger::Registration;
use std::borrow::Cow;
use tierra_interp::ModuleCode;
use tierra_module::Module;

/// Where an image's code comes from.
pub enum Source<'a> {
    /// From its own bytes.
    Memory,
    /// From a file that has the same bytes at this offset, and stays as it is.
    File(&'a CodeFile, u64),
}

/// The machine code of a module. It must live as long as anything that may call it.
pub struct CompiledModule {
    /// Debuggers forget the code before it is gone.
    _registration: Option<Registration>,
    memory: CodeMemory,
    /// Bytes of the memory that are the image's.
    bytes: usize,
    entries: Rows<2>,
    stats: Stats,
}

impl CompiledModule {
    /// Puts an image into code memory and lets a module's records know.
    ///
    /// # Errors
    /// When there is no memory for the code.
    ///
    /// # Safety
    /// The image is of this module and made for this process; the caller keeps the result as long
    /// as `code`; the source is as it says.
    pub unsafe fn load(
        image: Image<'_>,
        source: Source<'_>,
        module: &Module,
        code: &ModuleCode,
        settings: &Settings,
    ) -> Result<Self, String> {
        let bytes = image.code.len();
        let mut memory = CodeMemory::new(bytes)?;
        let mapped = match source {
            // SAFETY: the caller's.
            Source::File(file, offset) => unsafe { memory.map(file, offset, bytes) },
            Source::Memory => false,
        };
        if !mapped {
            memory.write(0, &image.code);
        }
        let start = memory.object().start();
        let registration = settings.debugger.then(|| {
            let functions: Vec<_> = image.tables.functions().collect();
            Registration::new(start, &image.code, &functions, &names(module))
        });
        memory.publish(image.tables, start + link::stubs().trap as usize);
        for (func, row) in module.defined_funcs().zip(image.entries.iter()) {
            let entry = Entry::of(*row);
            if entry != Entry::NONE {
                let [entry, adapter] =
                    [entry.code, entry.adapter].map(|at| (start + at as usize) as *mut u8);
                // SAFETY: the image has the code of this function there; the caller keeps it.
                unsafe { code.set_machine_code(func, entry, adapter) };
            }
        }
        Ok(Self {
            _registration: registration,
            memory,
            bytes,
            entries: image.entries,
            stats: image.stats,
        })
    }

    /// The image again.
    pub fn image(&self) -> Image<'_> {
        let tables = self.memory.tables().next();
        Image {
            code: Cow::Borrowed(&self.memory.code()[..self.bytes]),
            tables: tables.expect("it was published as a whole").clone(),
            entries: self.entries.clone(),
            stats: self.stats,
        }
    }

    /// The address of the code, for tools that look at running processes.
    pub fn start(&self) -> usize {
        self.memory.object().start()
    }

    /// What it came to.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}
