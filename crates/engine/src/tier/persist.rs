//! Code that outlives the process: what was optimized once is used by the next run from its start.
//!
//! What is kept of a module is its optimized functions before they were linked, in one entry of the
//! cache. The key is made of the module's bytes and of all that code depends on: configuration,
//! processor, and the very program that made it. It is read beside the guest, unless the module is
//! small; functions that were called by then move up as if they had just been optimized. It is written
//! when the module is dropped, or the program says so, if there is something new.
//!
//! The cache finds out damage; whoever can write the user's files can have any code run anyway. Still,
//! reading trusts no length.

use super::event::{Compiled, Event};
use super::module::{Outcome, Stage, TieredModule, caught};
use crate::artifact::fit::Fit;
use crate::code::CodeMemory;
use crate::image::Image;
use crate::link;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tierra_asm::code::{CallSite, CompiledFunction, Handler};
use tierra_asm::x64::{Reloc, RelocKind};
use tierra_cache::{Cache, Key};
use tierra_core::index::FuncIdx;

/// Modules from this size on are looked up beside the guest: hashing takes longer than starting.
pub const LARGE: usize = 1 << 20;

/// What is kept of a module.
#[derive(Default)]
pub struct Kept {
    functions: Vec<(FuncIdx, CompiledFunction)>,
    /// Whether there are more than the cache has.
    is_new: bool,
}

impl Kept {
    /// Keeps a function that was optimized.
    pub fn add(&mut self, func: FuncIdx, code: CompiledFunction) {
        self.functions.push((func, code));
        self.is_new = true;
    }
}

/// What tells this program from all others, older versions of itself included; `None` if nothing
/// does, as when its file was replaced while it runs.
fn program() -> Option<Vec<u8>> {
    let mut id = env!("CARGO_PKG_VERSION").as_bytes().to_vec();
    let path = std::env::current_exe().ok()?;
    let file = std::fs::metadata(&path).ok()?;
    let age = file.modified().ok()?;
    let age = age.duration_since(std::time::UNIX_EPOCH).ok()?;
    id.extend(file.len().to_le_bytes());
    id.extend(age.as_nanos().to_le_bytes());
    id.extend(path.as_os_str().as_encoded_bytes());
    Some(id)
}

impl TieredModule {
    fn key(&self) -> Option<Key> {
        let fit = Fit::of(self.wasm(), self.settings()).to_bytes();
        let level = [self.settings().opt_level as u8];
        Some(Key::new(&[&program()?, &fit, &level, self.wasm().bytes()]))
    }

    pub(super) fn cache(&self) -> Option<&Cache> {
        self.settings().cache.as_ref()
    }

    /// Uses what the cache has of the module.
    pub fn load_cached(&self) {
        let Some(cache) = self.cache() else { return };
        let start = Instant::now();
        let Some(key) = self.key() else {
            return self.tell_cache("not used: nothing tells this program from others");
        };
        let imported = self.wasm().imported_funcs;
        let functions = match cache.get(&key) {
            Ok(None) => return,
            Ok(Some(entry)) => read(&entry, imported..self.wasm().funcs.len()),
            Err(refused) => return self.tell_cache(&format!("not used: {refused}")),
        };
        let used = match functions {
            Some(functions) => {
                let work = |(): &mut ()| self.use_cached(functions, start);
                caught(&mut (), |()| (), work)
            }
            None => Err("it is malformed".into()),
        };
        if let Err(why) = used {
            self.tell_cache(&format!("not used: {why}"));
        }
    }

    fn use_cached(
        &self,
        functions: Vec<(FuncIdx, CompiledFunction)>,
        start: Instant,
    ) -> Outcome<()> {
        let (image, places) = Image::of_some(&functions, self.settings().opt_level)?;
        let mut state = self.lock();
        self.check_room(&state.chunks, image.code.len())?;
        let mut memory = CodeMemory::new(image.code.len())?;
        memory.write(0, &image.code);
        let base = memory.object().start();
        memory.publish(image.tables, base + link::stubs().trap as usize);
        let bytes = memory.object().capacity() as u64;
        let counters = self.counters();
        counters.code_memory.fetch_add(bytes, Ordering::Relaxed);
        let time = start.elapsed() / functions.len().max(1) as u32;
        for ((func, code), place) in functions.iter().zip(places) {
            let entry = (base + place as usize) as *mut u8;
            state.functions[self.place(*func)] = Stage::Optimized;
            let record = self.record(*func);
            record.machine_entry.store(entry, Ordering::Release);
            self.tell(&Event::Compiled {
                by: Compiled::Cached,
                func: func.0,
                bytes: self.body_len(*func),
                code: code.code.len(),
                time,
            });
        }
        state.chunks.adopt(memory);
        // What was optimized in the meantime stays.
        state.kept.functions.extend(functions);
        Ok(())
    }

    /// Writes what was optimized to the cache, if there is something new.
    pub fn save(&self) {
        let Some(cache) = self.cache() else { return };
        let mut state = self.lock();
        if !std::mem::take(&mut state.kept.is_new) {
            return;
        }
        let mut functions: Vec<_> = state.kept.functions.iter().collect();
        functions.sort_by_key(|(func, _)| *func);
        functions.dedup_by_key(|(func, _)| *func);
        let bytes = write(&functions);
        drop(state);
        let Some(key) = self.key() else { return };
        if let Err(error) = cache.put(&key, &[&bytes]) {
            self.tell_cache(&format!("not written: {error}"));
        }
    }

    fn tell_cache(&self, what: &str) {
        self.tell(&Event::Cache(what.into()));
    }
}

impl Drop for TieredModule {
    fn drop(&mut self) {
        self.save();
    }
}

/// Numbers, one behind the other.
struct Writer(Vec<u8>);

impl Writer {
    fn word(&mut self, word: u32) {
        self.0.extend(word.to_le_bytes());
    }

    fn rows<T>(&mut self, rows: &[T], mut put: impl FnMut(&mut Self, &T)) {
        self.word(rows.len() as u32);
        rows.iter().for_each(|row| put(self, row));
    }
}

fn write(functions: &[&(FuncIdx, CompiledFunction)]) -> Vec<u8> {
    let mut to = Writer(Vec::new());
    to.rows(functions, |to, (func, code)| {
        to.word(func.0);
        write_function(to, code);
    });
    to.0
}

fn write_function(to: &mut Writer, code: &CompiledFunction) {
    for word in [code.code_len, code.align, code.frame_size] {
        to.word(word);
    }
    to.word(code.code.len() as u32);
    to.0.extend_from_slice(&code.code);
    to.rows(&code.relocs, |to, reloc| {
        to.word(reloc.offset);
        to.word(reloc.symbol);
        to.word((reloc.addend as i32).cast_unsigned());
    });
    let pair = |to: &mut Writer, (a, b): (u32, u32)| {
        to.word(a);
        to.word(b);
    };
    to.rows(&code.traps, |to, (pc, code)| {
        pair(to, (*pc, (*code).into()))
    });
    to.rows(&code.locations, |to, row| pair(to, *row));
    to.rows(&code.inlined, |to, row| pair(to, *row));
    to.rows(&code.calls, |to, call| {
        to.word(call.return_pc);
        pair(to, call.map);
        pair(to, call.handlers);
    });
    to.rows(&code.stack_map, |to, slot| to.word(slot.cast_unsigned()));
    to.rows(&code.handlers, |to, handler| {
        pair(to, (handler.tag.unwrap_or(u32::MAX), handler.landing_pc));
    });
}

/// The same, read; nothing is there at the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.word()? as usize;
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn pair(&mut self) -> Option<(u32, u32)> {
        Some((self.word()?, self.word()?))
    }

    fn rows<T>(&mut self, mut row: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.word()?;
        (0..count).map(|_| row(self)).collect()
    }
}

/// The functions of an entry, of a module that defines these.
fn read(bytes: &[u8], defined: Range<usize>) -> Option<Vec<(FuncIdx, CompiledFunction)>> {
    let mut from = Reader(bytes);
    let functions = from.rows(|from| {
        let func = from.word()?;
        let code = read_function(from, defined.end)?;
        defined
            .contains(&(func as usize))
            .then_some((FuncIdx(func), code))
    })?;
    let sorted = functions.is_sorted_by(|(a, _), (b, _)| a < b);
    (sorted && from.0.is_empty()).then_some(functions)
}

fn read_function(from: &mut Reader<'_>, funcs: usize) -> Option<CompiledFunction> {
    let [code_len, align, frame_size] = [from.word()?, from.word()?, from.word()?];
    let code = from.bytes()?.to_vec();
    let relocs = from.rows(|from| {
        let reloc = Reloc {
            offset: from.word()?,
            kind: RelocKind::Rel32,
            symbol: from.word()?,
            addend: i64::from(from.word()?.cast_signed()),
        };
        let known = link::Stub::of(reloc.symbol).is_some() || (reloc.symbol as usize) < funcs;
        let fits = reloc.offset as usize + 4 <= code.len();
        (known && fits).then_some(reloc)
    })?;
    let fits = code_len as usize <= code.len() && align.is_power_of_two() && align <= 64;
    fits.then_some(())?;
    Some(CompiledFunction {
        code_len,
        align,
        one_pass: false,
        frame_size,
        relocs,
        code,
        traps: from.rows(|from| from.pair().map(|(pc, code)| (pc, code as u8)))?,
        locations: from.rows(Reader::pair)?,
        inlined: from.rows(Reader::pair)?,
        calls: from.rows(|from| {
            Some(CallSite {
                return_pc: from.word()?,
                map: from.pair()?,
                handlers: from.pair()?,
            })
        })?,
        stack_map: from.rows(|from| from.word().map(u32::cast_signed))?,
        handlers: from.rows(|from| {
            let (tag, landing_pc) = from.pair()?;
            Some(Handler {
                tag: (tag != u32::MAX).then_some(tag),
                landing_pc,
            })
        })?,
        sites: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> CompiledFunction {
        CompiledFunction {
            code: vec![0xe8, 0, 0, 0, 0, 0xc3, 1, 2],
            code_len: 6,
            align: 16,
            one_pass: false,
            relocs: vec![Reloc {
                offset: 1,
                kind: RelocKind::Rel32,
                symbol: 1,
                addend: -4,
            }],
            frame_size: 32,
            traps: vec![(1, 2)],
            locations: vec![(0, 10), (3, 1 << 31)],
            inlined: vec![(5, u32::MAX)],
            calls: vec![CallSite {
                return_pc: 5,
                map: (0, 1),
                handlers: (0, 2),
            }],
            stack_map: vec![-16],
            handlers: [None, Some(3)]
                .map(|tag| Handler { tag, landing_pc: 4 })
                .into(),
            sites: Vec::new(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let functions = [(FuncIdx(0), example()), (FuncIdx(1), example())];
        let bytes = write(&[&functions[0], &functions[1]]);
        let read = read(&bytes, 0..2).expect("it is whole");
        assert_eq!(format!("{functions:?}"), format!("{read:?}"));
    }

    #[test]
    fn what_is_cut_off_or_out_of_range_is_refused() {
        let functions = [(FuncIdx(0), example()), (FuncIdx(1), example())];
        let bytes = write(&[&functions[0], &functions[1]]);
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end], 0..2).is_none(), "{end}");
        }
        assert!(read(&bytes, 1..2).is_none(), "an import");
        assert!(read(&bytes, 0..1).is_none(), "a function that is not there");
    }
}
