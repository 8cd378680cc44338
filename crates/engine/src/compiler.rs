//! Compiling modules.

use crate::adapters::{Interner, Shape};
use crate::builtins::TABLE;
use crate::code::{CodeMemory, Kind};
use crate::enter::{HEAD_ROOM, enter};
use crate::link::{self, Stub};
use crate::sys::{self, NativeStack};
use core::mem::offset_of;
use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tierra_asm::x64::{Arg, Assembler, Features, Gpr, Mem, Op, Size};
use tierra_codegen::{CompiledFunction, Context};
use tierra_compile::{MemoryPlan, Symbols};
use tierra_core::index::FuncIdx;
use tierra_core::types::{CompositeType, HeapType, ValType};
use tierra_interp::ModuleCode;
use tierra_ir::Type;
use tierra_module::Module;
use tierra_vm::{ExecContext, FuncRecord, FuncRef, Instance, MachineTier, SlotType};

/// How code is compiled: a part of an engine's configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Count fuel.
    pub fuel: bool,
    /// Bytes of stack for the guest calls of one store.
    pub max_stack: usize,
    /// Threads that compile a module; 0 for as many as the machine has.
    pub threads: usize,
    /// Leaves every second function, chosen by this seed, to the interpreter: so that frames of
    /// all tiers meet.
    pub mix: Option<u64>,
}

impl Settings {
    fn compiles(&self, func: FuncIdx) -> bool {
        // A step of SplitMix64: neighbours differ.
        self.mix.is_none_or(|seed| {
            let x = seed.wrapping_add(u64::from(func.0).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (x ^ x >> 27) & 1 == 0
        })
    }
}

/// The compilers of an engine, and what its compiled code shares.
pub struct Compiler {
    settings: Settings,
    adapters: Interner,
}

/// The machine code of a module. It must live as long as anything that may call it.
pub struct CompiledModule {
    _memory: CodeMemory,
    stats: Stats,
}

/// What compiling a module came to.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stats {
    /// Functions that were compiled.
    pub functions: usize,
    /// Functions that stay in the interpreter because they exceed a limit of the compiler.
    pub interpreted: usize,
    /// Bytes of machine code.
    pub code_bytes: usize,
}

impl CompiledModule {
    /// What it came to.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}

impl Compiler {
    /// The compilers of an engine.
    ///
    /// # Errors
    /// When the machine or the system can't run machine code of ours.
    pub fn new(settings: Settings) -> Result<Arc<Self>, String> {
        if !crate::cpu::features().contains(Features::baseline()) {
            return Err("the processor lacks SSE4.2 or POPCNT, which compiled code needs".into());
        }
        sys::catch_faults()?;
        Ok(Arc::new(Self {
            settings,
            adapters: Interner::default(),
        }))
    }

    /// Compiles all functions of a module and lets its records know.
    ///
    /// # Errors
    /// When there is no memory for the code.
    pub fn compile(&self, module: &Module, code: &ModuleCode) -> Result<CompiledModule, String> {
        let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
        let compiled = self.compile_all(module, &funcs)?;
        let (memory, offsets, stats) = link_module(module, &funcs, &compiled)?;
        let start = memory.object().start();
        for (func, offset) in funcs.iter().zip(&offsets) {
            let Some(offset) = offset else { continue };
            let adapters = self.adapters.get(&shape(module, *func))?;
            let entry = (start + *offset as usize) as *mut u8;
            // SAFETY: the code was compiled for this function; the caller keeps it.
            unsafe { code.set_machine_code(*func, entry, adapters.entry as *mut u8) };
        }
        Ok(CompiledModule {
            _memory: memory,
            stats,
        })
    }

    /// Every function that the compiler can do, on all threads.
    fn compile_all(
        &self,
        module: &Module,
        funcs: &[FuncIdx],
    ) -> Result<Vec<Option<CompiledFunction>>, String> {
        const BATCH: usize = 16;
        let next = AtomicUsize::new(0);
        let work = || {
            let mut worker = Worker::new();
            let mut done = Vec::new();
            loop {
                let from = next.fetch_add(BATCH, Ordering::Relaxed);
                let Some(batch) = funcs.get(from..funcs.len().min(from + BATCH)) else {
                    return Ok(done);
                };
                for (i, func) in batch.iter().enumerate() {
                    if let Some(code) = worker.compile(module, *func, &self.settings)? {
                        done.push((from + i, code));
                    }
                }
                if batch.is_empty() {
                    return Ok(done);
                }
            }
        };
        let threads = match self.settings.threads {
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
}

/// What one thread compiles with.
struct Worker {
    ir: tierra_ir::Function,
    state: tierra_compile::State,
    context: Context,
}

impl Worker {
    fn new() -> Self {
        Self {
            ir: tierra_ir::Function::default(),
            state: tierra_compile::State::default(),
            context: Context::new(link::options()),
        }
    }

    /// The function's code; `None` if it exceeds a limit.
    fn compile(
        &mut self,
        module: &Module,
        func: FuncIdx,
        settings: &Settings,
    ) -> Result<Option<CompiledFunction>, String> {
        if !settings.compiles(func) {
            return Ok(None);
        }
        let options = tierra_compile::Options {
            symbols: Symbols {
                stack_slow: Stub::Stack.symbol(),
                poll: Stub::Poll.symbol(),
            },
            fuel: settings.fuel,
            interruption: true,
            memory: |ty| MemoryPlan {
                guarded: tierra_vm::is_guarded(ty),
            },
        };
        match tierra_compile::translate(module, func, &options, &mut self.ir, &mut self.state) {
            Ok(()) => {}
            Err(tierra_compile::Error::TooLarge) => return Ok(None),
            Err(error) => return Err(format!("function {func}: {error}")),
        }
        match self.context.compile(&mut self.ir) {
            Ok(code) => Ok(Some(code.clone())),
            // What the code generator has no code for stays in the interpreter.
            Err(tierra_codegen::Error::TooLarge | tierra_codegen::Error::Unsupported(_)) => Ok(None),
            Err(error) => Err(format!("function {func}: {error}")),
        }
    }
}

/// Puts functions behind the stubs into code memory: the memory, and where each function is.
fn link_module(
    module: &Module,
    funcs: &[FuncIdx],
    compiled: &[Option<CompiledFunction>],
) -> Result<(CodeMemory, Vec<Option<u32>>, Stats), String> {
    let stubs = link::stubs();
    let mut tables = link::stub_tables();
    let mut end = stubs.code.len().next_multiple_of(64);
    let too_large = |_| String::from("the module's machine code is larger than 1 GiB");
    let mut offsets = Vec::with_capacity(funcs.len());
    for code in compiled {
        let size = code.as_ref().map_or(0, |code| code.code.len());
        let offset = u32::try_from(end).map_err(too_large)?;
        offsets.push(code.as_ref().map(|_| offset));
        end = (end + size).next_multiple_of(64);
    }
    // Direct calls of functions that stay in the interpreter go by their records.
    let mut detours = Vec::new();
    for (func, offset) in funcs.iter().zip(&offsets) {
        if offset.is_none() {
            let code = detour(*func);
            let at = u32::try_from(end).map_err(too_large)?;
            end += code.len().next_multiple_of(64);
            detours.push((*func, at, code));
        }
    }
    let resolve = |symbol: u32| {
        if let Some(stub) = Stub::of(symbol) {
            return stub.offset();
        }
        let index = symbol as usize - module.imported_funcs;
        offsets[index].unwrap_or_else(|| {
            let found = detours.binary_search_by_key(&FuncIdx(symbol), |d| d.0);
            detours[found.expect("every function has code or a detour")].1
        })
    };
    let mut memory = CodeMemory::new(end)?;
    memory.write(0, &stubs.code);
    let mut stats = Stats::default();
    let mut bytes = Vec::new();
    for ((func, offset), code) in funcs.iter().zip(&offsets).zip(compiled) {
        let (Some(offset), Some(code)) = (offset, code) else {
            stats.interpreted += 1;
            continue;
        };
        bytes.clone_from(&code.code);
        link::relocate(&mut bytes, *offset, &code.relocs, resolve);
        memory.write(*offset as usize, &bytes);
        tables.append(Kind::Function(*func), *offset, code);
        stats.functions += 1;
        stats.code_bytes += code.code.len();
    }
    for (_, at, code) in &detours {
        memory.write(*at as usize, code);
    }
    let trap_stub = memory.object().start() + stubs.trap as usize;
    memory.publish(tables, trap_stub);
    Ok((memory, offsets, stats))
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
fn shape(module: &Module, func: FuncIdx) -> Shape {
    let ty = module.func_type(func);
    let value = |ty: &ValType<_>| match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(r) => match r.heap {
            HeapType::Func | HeapType::NoFunc => Type::I64,
            HeapType::Concrete(index) => {
                let index: tierra_core::index::TypeIdx = index;
                match module.types[index.index()].composite {
                    CompositeType::Func(_) => Type::I64,
                    _ => Type::Ref,
                }
            }
            _ => Type::Ref,
        },
    };
    Shape {
        params: ty.params.iter().map(value).collect(),
        results: ty.results.iter().map(value).collect(),
    }
}

impl MachineTier for Compiler {
    fn slot_adapter(&self, params: &[SlotType], results: &[SlotType]) -> NonNull<u8> {
        let value = |ty: &SlotType| match ty {
            SlotType::I32 => Type::I32,
            SlotType::I64 => Type::I64,
            SlotType::F32 => Type::F32,
            SlotType::F64 => Type::F64,
            SlotType::V128 => Type::V128,
            SlotType::Ref => Type::Ref,
        };
        let shape = Shape {
            params: params.iter().map(value).collect(),
            results: results.iter().map(value).collect(),
        };
        let adapters = self.adapters.get(&shape);
        let address = adapters.unwrap_or_else(|error| panic!("{error}")).slots;
        NonNull::new(address as *mut u8).expect("code is not at address 0")
    }

    fn install(&self, exec: &ExecContext) -> Box<dyn Any + Send> {
        let stack = NativeStack::new(self.settings.max_stack + HEAD_ROOM);
        let stack = stack.unwrap_or_else(|error| panic!("{error}"));
        let range = stack.range();
        exec.native_stack.set((range.start, range.end));
        exec.native_limit.set(range.start + HEAD_ROOM);
        exec.builtins.set(TABLE.as_ptr().cast());
        exec.enter_machine.set(Some(enter));
        exec.install_limits();
        Box::new(stack)
    }
}
