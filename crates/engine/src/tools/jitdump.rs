//! Telling `perf` names, machine code and lines, in its own format.
//!
//! The file is `/tmp/jit-PID.dump`. Its first page is mapped to be executed, which `perf record`
//! notes down, so that `perf inject --jit` finds it; from then on there is an object file for every
//! function, and `perf annotate` shows its instructions with lines. Without debug information in
//! the module, lines are offsets in it. Records are told apart by the time at which they were
//! written, so `perf record` has to take the same clock: `-k mono`.

use super::name_of;
use crate::artifact::names;
use crate::load::CompiledModule;
use crate::sys;
use crate::tables::{Function, Tables};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::{Mutex, PoisonError};
use tierra_module::Module;

/// A place in a source file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// The file, and how many functions are in it. There is one in a process.
static DUMP: Mutex<Option<(File, u64)>> = Mutex::new(None);

/// Kinds of records.
mod record {
    pub const LOAD: u32 = 0;
    pub const DEBUG_INFO: u32 = 2;
}

/// `JiTD`, as this machine's bytes lie.
const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
const HEADER: u32 = 40;
/// `EM_X86_64`
const MACHINE: u32 = 62;
/// Bytes in front of every record: kind, size, time.
const PREFIX: u32 = 16;

fn open() -> io::Result<File> {
    let pid = std::process::id();
    let path = format!("/tmp/jit-{pid}.dump");
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(true);
    let mut file = file.open(path)?;
    let mut header = Vec::new();
    for word in [MAGIC, VERSION, HEADER, MACHINE, 0, pid] {
        header.extend(word.to_le_bytes());
    }
    header.extend(sys::monotonic_nanoseconds().to_le_bytes());
    header.extend(0_u64.to_le_bytes());
    file.write_all(&header)?;
    sys::map_marker(&file)?;
    Ok(file)
}

fn put_record(to: &mut impl Write, kind: u32, contents: &[u8]) -> io::Result<()> {
    let size = PREFIX + u32::try_from(contents.len()).map_err(io::Error::other)?;
    to.write_all(&kind.to_le_bytes())?;
    to.write_all(&size.to_le_bytes())?;
    to.write_all(&sys::monotonic_nanoseconds().to_le_bytes())?;
    to.write_all(contents)
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    to.extend(text.bytes().filter(|b| *b != 0));
    to.push(0);
}

impl CompiledModule {
    /// Appends the functions of this module to the jitdump of this process. `line_of` tells the
    /// line of an offset in the module, if the module has debug information.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write_jitdump(
        &self,
        module: &Module,
        line_of: Option<&dyn Fn(u32) -> Option<Line>>,
    ) -> io::Result<()> {
        let mut dump = DUMP.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, count) = match &mut *dump {
            Some(dump) => dump,
            none => none.insert((open()?, 0)),
        };
        let mut file = BufWriter::new(file);
        let names = names(module);
        let image = self.image();
        let itself = format!("{}.wasm", module.name().unwrap_or("module"));
        let line_of = |offset: u32| match line_of {
            Some(line_of) => line_of(offset),
            None => Some(Line {
                file: itself.clone(),
                line: offset,
            }),
        };
        let mut contents = Vec::new();
        for function in image.tables.functions() {
            let start = self.start() as u64 + u64::from(function.start);
            contents.clear();
            if lines(&image.tables, &function, start, &line_of, &mut contents) {
                put_record(&mut file, record::DEBUG_INFO, &contents)?;
            }
            let code = &image.code[function.start as usize..function.end as usize];
            contents.clear();
            for word in [std::process::id(), sys::thread_id()] {
                contents.extend(word.to_le_bytes());
            }
            for word in [start, start, code.len() as u64, *count] {
                contents.extend(word.to_le_bytes());
            }
            *count += 1;
            put_text(&mut contents, name_of(&function, &names));
            contents.extend(code);
            put_record(&mut file, record::LOAD, &contents)?;
        }
        file.flush()
    }
}

/// The lines of a function's code, as a record has them; returns whether there are any.
fn lines(
    tables: &Tables,
    function: &Function,
    start: u64,
    line_of: &impl Fn(u32) -> Option<Line>,
    to: &mut Vec<u8>,
) -> bool {
    to.extend(start.to_le_bytes());
    let count_at = to.len();
    to.extend([0; 8]);
    let mut count = 0_u64;
    let mut last = None;
    for &[pc, location] in tables.locations_in(function) {
        // What has no line is taken for the one before.
        let Some(here) = tables.places(location).next().and_then(line_of) else {
            continue;
        };
        if last.as_ref() == Some(&here) {
            continue;
        }
        to.extend((start + u64::from(pc - function.start)).to_le_bytes());
        to.extend(here.line.to_le_bytes());
        // The discriminator: code of one line is not told apart.
        to.extend(0_u32.to_le_bytes());
        put_text(to, &here.file);
        count += 1;
        last = Some(here);
    }
    to[count_at..count_at + 8].copy_from_slice(&count.to_le_bytes());
    count > 0
}
