//! Compiling a module to an image: all of its machine code, with no address in it.
//!
//! An image is what a loader needs and nothing of this process: code that may stand anywhere, and
//! tables that count from its start. First come the stubs, then the functions, then detours for
//! functions without code, then an entry adapter for every signature. So loading is copying, and
//! what an ahead-of-time artifact keeps is what a compiler in the process makes.

use crate::adapters::{Shape, entry_adapter};
use crate::compiler::{Settings, Stats};
use crate::inline::{Callees, Known};
use crate::link::{self, Stub};
use crate::tables::{Kind, Rows, Tables};
use crate::worker::Worker;
use core::mem::offset_of;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use tierra_asm::x64::{Arg, Assembler, Features, Gpr, Mem, Op, Size};
use tierra_codegen::{CompiledFunction, Context, OptLevel};
use tierra_core::index::{FuncIdx, TypeIdx};
use tierra_core::types::ValType;
use tierra_module::Module;
use tierra_vm::{FuncRecord, FuncRef, Instance};

/// Where a function is, as offsets in an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its code.
    pub code: u32,
    /// The entry adapter of its signature.
    pub adapter: u32,
}

impl Entry {
    /// A function that stays in the interpreter.
    pub const NONE: Entry = Entry {
        code: u32::MAX,
        adapter: u32::MAX,
    };

    /// As in a table.
    pub fn row(self) -> [u32; 2] {
        [self.code, self.adapter]
    }

    /// From a table.
    pub fn of([code, adapter]: [u32; 2]) -> Self {
        Self { code, adapter }
    }
}

/// The machine code of a module, for any place in memory.
pub struct Image<'a> {
    /// The code, from the stubs on.
    pub code: Cow<'a, [u8]>,
    /// What is known of it.
    pub tables: Tables,
    /// By function that is not imported.
    pub entries: Rows<2>,
    /// What compiling it came to.
    pub stats: Stats,
}

const TOO_LARGE: &str = "the module's machine code is larger than 1 GiB";
/// Functions begin at multiples of this: of what the processor fetches at once.
const ALIGN: usize = 64;
/// The same where code is to be small: of what the constants of functions need.
const SMALL_ALIGN: usize = 16;

impl Image<'static> {
    /// Compiles all functions of a module.
    ///
    /// # Errors
    /// When the code is too large, or the compiler finds a bug of ours.
    pub fn compile(module: &Module, settings: &Settings) -> Result<Self, String> {
        let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
        let compiled = compile_all(module, settings, &funcs)?;
        let mut linker = Linker::new(settings.opt_level);
        let mut entries = Vec::with_capacity(funcs.len());
        for code in &compiled {
            let code = match code {
                Some(code) => linker.reserve(code.code.len())?,
                None => u32::MAX,
            };
            entries.push(Entry {
                code,
                ..Entry::NONE
            });
        }
        let places = linker.detours(&funcs, &entries)?;
        let imported = module.imported_funcs;
        let mut stats = Stats::default();
        for ((func, entry), code) in funcs.iter().zip(&entries).zip(&compiled) {
            let Some(code) = code else {
                stats.interpreted += 1;
                continue;
            };
            linker.put(Kind::Function(*func), entry.code, code, |symbol| {
                places[symbol as usize - imported]
            });
            stats.functions += 1;
            stats.code_bytes += code.code.len();
        }
        linker.adapters(module, &funcs, &mut entries)?;
        Ok(Self {
            code: linker.code.into(),
            tables: linker.tables,
            entries: Rows::Own(entries.into_iter().map(Entry::row).collect()),
            stats,
        })
    }
}

impl Image<'static> {
    /// Puts functions of a module together, in order; others are called by their records. Returns
    /// where each of them is, too. There are no adapters.
    ///
    /// # Errors
    /// When the code is too large.
    pub fn of_some(
        functions: &[(FuncIdx, CompiledFunction)],
        level: OptLevel,
    ) -> Result<(Self, Vec<u32>), String> {
        let mut linker = Linker::new(level);
        let mut stats = Stats::default();
        let mut places: HashMap<u32, u32> = HashMap::new();
        for (func, code) in functions {
            places.insert(func.0, linker.reserve(code.code.len())?);
            stats.functions += 1;
            stats.code_bytes += code.code.len();
        }
        for reloc in functions.iter().flat_map(|(_, code)| &code.relocs) {
            if Stub::of(reloc.symbol).is_none() && !places.contains_key(&reloc.symbol) {
                places.insert(reloc.symbol, linker.detour(FuncIdx(reloc.symbol))?);
            }
        }
        let mut entries = Vec::with_capacity(functions.len());
        for (func, code) in functions {
            let place = places[&func.0];
            let kind = Kind::Function(*func);
            linker.put(kind, place, code, |symbol| places[&symbol]);
            entries.push(place);
        }
        let image = Self {
            code: linker.code.into(),
            tables: linker.tables,
            entries: Rows::default(),
            stats,
        };
        Ok((image, entries))
    }
}

/// An image while it is made.
struct Linker {
    align: usize,
    code: Vec<u8>,
    tables: Tables,
}

impl Linker {
    fn new(level: OptLevel) -> Self {
        let mut code = link::stubs().code.clone();
        code.resize(code.len().next_multiple_of(ALIGN), 0);
        let align = match level {
            OptLevel::Size => SMALL_ALIGN,
            _ => ALIGN,
        };
        Self {
            align,
            code,
            tables: link::stub_tables(),
        }
    }

    /// Room for so many bytes.
    fn reserve(&mut self, bytes: usize) -> Result<u32, String> {
        let at = self.code.len();
        let end = (at + bytes).next_multiple_of(self.align);
        if end > 1 << 30 {
            return Err(TOO_LARGE.into());
        }
        self.code.resize(end, 0);
        Ok(at as u32)
    }

    fn write(&mut self, at: u32, code: &[u8]) -> &mut [u8] {
        let room = &mut self.code[at as usize..][..code.len()];
        room.copy_from_slice(code);
        room
    }

    /// Puts a function where room was reserved for it.
    fn put(&mut self, kind: Kind, at: u32, code: &CompiledFunction, function: impl Fn(u32) -> u32) {
        let bytes = self.write(at, &code.code);
        link::relocate(bytes, at as usize, &code.relocs, |symbol| {
            Stub::of(symbol).map_or_else(|| function(symbol), Stub::offset) as usize
        });
        self.tables.append(kind, at, code);
    }

    /// Where direct calls of functions go: those that stay in the interpreter are called by their
    /// records.
    fn detours(&mut self, funcs: &[FuncIdx], entries: &[Entry]) -> Result<Vec<u32>, String> {
        let place = |(func, entry): (&FuncIdx, &Entry)| {
            if *entry != Entry::NONE {
                return Ok(entry.code);
            }
            self.detour(*func)
        };
        funcs.iter().zip(entries).map(place).collect()
    }

    /// Adds a jump to a function by its record.
    fn detour(&mut self, func: FuncIdx) -> Result<u32, String> {
        let code = detour(func);
        let at = self.reserve(code.len())?;
        self.write(at, &code);
        Ok(at)
    }

    /// Adds the entry adapters of all functions with code.
    fn adapters(
        &mut self,
        module: &Module,
        funcs: &[FuncIdx],
        entries: &mut [Entry],
    ) -> Result<(), String> {
        let mut by_type = vec![None; module.types.len()];
        let mut by_shape: HashMap<Shape, u32> = HashMap::new();
        let mut context = Context::new(link::options());
        for (func, entry) in funcs.iter().zip(entries) {
            if *entry == Entry::NONE {
                continue;
            }
            let ty = module.funcs[func.index()].index();
            entry.adapter = match by_type[ty] {
                Some(at) => at,
                None => {
                    let shape = shape(module, *func);
                    match by_shape.get(&shape) {
                        Some(at) => *at,
                        None => {
                            let code = context.compile(&mut entry_adapter(&shape));
                            let code =
                                code.map_err(|e| format!("cannot compile an adapter: {e}"))?;
                            let at = self.reserve(code.code.len())?;
                            self.put(Kind::Entry, at, code, |_| {
                                unreachable!("adapters call stubs only")
                            });
                            by_shape.insert(shape, at);
                            at
                        }
                    }
                }
            };
            by_type[ty] = Some(entry.adapter);
        }
        Ok(())
    }
}

/// Every function that the compiler can do, on all threads.
fn compile_all(
    module: &Module,
    settings: &Settings,
    funcs: &[FuncIdx],
) -> Result<Vec<Option<CompiledFunction>>, String> {
    const BATCH: usize = 16;
    let next = AtomicUsize::new(0);
    let known = &Known::new(module, settings, false);
    let callees = Callees::new(module, settings, known);
    let work = || {
        let mut worker = Worker::new(settings);
        let mut done = Vec::new();
        loop {
            let from = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(batch) = funcs.get(from..funcs.len().min(from + BATCH)) else {
                return Ok(done);
            };
            for (i, func) in batch.iter().enumerate() {
                if let Some(code) = worker.compile(&callees, *func)? {
                    done.push((from + i, code));
                }
            }
            if batch.is_empty() {
                return Ok(done);
            }
        }
    };
    let threads = match settings.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let threads = threads.min(funcs.len().div_ceil(4 * BATCH)).max(1);
    let parts: Vec<Result<_, String>> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut parts = vec![work()];
        parts.extend(others.into_iter().map(|thread| match thread.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        }));
        parts
    });
    let mut all: Vec<Option<CompiledFunction>> = Vec::new();
    all.resize_with(funcs.len(), || None);
    for part in parts {
        for (index, code) in part? {
            all[index] = Some(code);
        }
    }
    Ok(all)
}

/// Jumps to a function of the same instance by its record.
fn detour(func: FuncIdx) -> Vec<u8> {
    let mut a = Assembler::new(Features::baseline());
    let at = |base, offset: usize| {
        let disp = i32::try_from(offset).expect("a module has fewer than 2^27 functions");
        Arg::M(Mem::Base { base, disp })
    };
    let cell = Arg::R(Gpr::R11);
    let load = |a: &mut Assembler, from| a.emit(Op::Mov, Size::Q, &[cell, from]);
    load(&mut a, at(Gpr::RDI, offset_of!(Instance, funcs)));
    load(
        &mut a,
        at(Gpr::R11, func.index() * size_of::<*const FuncRef>()),
    );
    load(&mut a, at(Gpr::R11, offset_of!(FuncRef, record)));
    let entry = at(Gpr::R11, offset_of!(FuncRecord, machine_entry));
    a.emit(Op::Jmp, Size::Q, &[entry]);
    a.finish().expect("a detour is small").bytes.clone()
}

/// What a function takes and gives, as the code generator sees it.
pub fn shape(module: &Module, func: FuncIdx) -> Shape {
    let ty = module.func_type(func);
    let value = |ty: &ValType<TypeIdx>| tierra_compile::value_type(module, *ty);
    Shape {
        params: ty.params.iter().map(value).collect(),
        results: ty.results.iter().map(value).collect(),
    }
}
