//! The passes, in their order.

use crate::edges::Edges;
use crate::opt::{self, Event, Level};
use crate::regalloc::interface::{Machine, Output};
use crate::regalloc::{self, Allocator};
use crate::x64::{Code64, Emitter, Lowering, machine};
use core::fmt;
use tierra_asm::code::CompiledFunction;
use tierra_asm::x64::{Assembler, Features};
use tierra_ir::verify::{VerifyError, verify};
use tierra_ir::{Function, Symbol};

/// What the code generator is told.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the processor can do.
    pub features: Features,
    /// What explicit traps call, if not an undefined instruction. The return address tells which.
    pub trap_stub: Option<Symbol>,
    /// What calls of the builtin convention go through: it calls the address in R11.
    pub exit_stub: Option<Symbol>,
    /// How hard to try.
    pub opt_level: Level,
    /// Whether to keep every value in memory instead of allocating registers, to tell bugs of one
    /// from those of the other.
    #[cfg(feature = "run")]
    pub spill_everything: bool,
    /// Whether to verify the function and the allocation of registers, which finds our bugs.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            features: Features::baseline(),
            trap_stub: None,
            exit_stub: None,
            opt_level: Level::Full,
            #[cfg(feature = "run")]
            spill_everything: false,
            verify: cfg!(debug_assertions),
        }
    }
}

/// Why there is no code for a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// It is too large.
    TooLarge,
    /// The machine can't do it, or not with its features.
    Unsupported(&'static str),
    /// The function is none: a bug of its producer or of a pass.
    Invalid(VerifyError),
    /// The allocation of registers is wrong: a bug of ours.
    Allocation(regalloc::Violation),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooLarge => f.write_str("the function is too large"),
            Error::Unsupported(what) => write!(f, "there is no code for {what}"),
            Error::Invalid(error) => error.fmt(f),
            Error::Allocation(violation) => write!(f, "register allocation: {violation}"),
        }
    }
}

impl core::error::Error for Error {}

/// Compiles functions, one after the other, with the same memory.
pub struct Context {
    options: Options,
    machine: Machine,
    optimizer: opt::State,
    edges: Edges,
    code: Code64,
    lowering: Lowering,
    allocator: Allocator,
    allocation: Output,
    asm: Assembler,
    emitter: Emitter,
    output: CompiledFunction,
}

/// A stage: it may change the function, and the context.
type Stage = fn(&mut Context, &mut Function) -> Result<(), Error>;

/// What follows the optimizing passes, in its order.
const STAGES: &[(&str, Stage)] = &[
    // Edges from several successors to several predecessors get a block for moves.
    ("split", Context::split),
    ("lower", Context::lower),
    ("allocate", Context::allocate),
    ("emit", Context::emit),
];

impl Context {
    /// A context that compiles with these options.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            machine: machine(),
            optimizer: opt::State::new(),
            edges: Edges::default(),
            code: Code64::default(),
            lowering: Lowering::default(),
            allocator: Allocator::default(),
            allocation: Output::default(),
            asm: Assembler::new(options.features),
            emitter: Emitter::default(),
            output: CompiledFunction::default(),
        }
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The optimizing passes, for those who want to watch them.
    pub fn optimizer(&mut self) -> &mut opt::State {
        &mut self.optimizer
    }

    /// Compiles a function. It is changed on the way.
    ///
    /// # Errors
    /// When there can be no code for it.
    pub fn compile(&mut self, func: &mut Function) -> Result<&CompiledFunction, Error> {
        if self.options.verify {
            verify(func).map_err(Error::Invalid)?;
        }
        opt::run(func, &mut self.optimizer, self.options.opt_level);
        for (name, stage) in STAGES {
            self.optimizer.tell(Event::Start(name));
            stage(self, func)?;
            self.optimizer.tell(Event::End(name, func));
        }
        Ok(&self.output)
    }

    fn split(&mut self, func: &mut Function) -> Result<(), Error> {
        self.edges.split(func);
        Ok(())
    }

    fn lower(&mut self, func: &mut Function) -> Result<(), Error> {
        if !self.code.order(func) {
            return Err(Error::Unsupported("a loop with several entries"));
        }
        self.asm.clear();
        let lowered = self.lowering.lower(func, &mut self.asm, &mut self.code);
        lowered.map_err(Error::Unsupported)
    }

    fn emit(&mut self, func: &mut Function) -> Result<(), Error> {
        let Self {
            code,
            allocation,
            asm,
            options,
            output,
            emitter,
            ..
        } = self;
        let emitted = emitter.emit(func, code, allocation, asm, options, output);
        emitted.map_err(|_| Error::TooLarge)
    }

    fn allocate(&mut self, _: &mut Function) -> Result<(), Error> {
        let func = self.code.function();
        #[cfg(feature = "run")]
        if self.options.spill_everything {
            crate::naive::allocate(func, &self.machine, &mut self.allocation);
            return Ok(());
        }
        self.allocator
            .allocate(func, &self.machine, &mut self.allocation);
        if self.options.verify {
            regalloc::check(func, &self.machine, &self.allocation).map_err(Error::Allocation)?;
        }
        Ok(())
    }
}
