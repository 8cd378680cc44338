//! The compiler of one function.

use crate::cold::Cold;
use crate::control::{BlockTy, Control, Kind};
use crate::entry::Head;
use crate::exception::Exceptions;
use crate::fuel::Charge;
use crate::merge::Plan;
use crate::osr::LoopState;
use crate::regs::{Holders, Reg, Set};
use crate::scan::Scan;
use crate::value::{Entry, Local, Ty};
use crate::{Error, Options};
use tierra_asm::code::CompiledFunction;
use tierra_asm::x64::abi::Place;
use tierra_asm::x64::{Assembler, Features, Label};
use tierra_core::index::{FuncIdx, TypeIdx};
use tierra_core::types::ValType;
use tierra_module::{Module, val_type, wasmparser_features};

pub(crate) type Result<T = (), E = Error> = core::result::Result<T, E>;

/// Bytes of the longest body that is compiled.
const MAX_BODY: usize = 4 << 20;
/// How many values may be moved at calls and jumps, and listed for the collector.
const MAX_MOVES: usize = 1 << 24;

/// The memory of compilations, to be used again for the next function.
pub struct State {
    asm: Assembler,
    scratch: Scratch,
}

#[derive(Default)]
pub(crate) struct Scratch {
    pub locals: Vec<Local>,
    /// Those that are references into the heap.
    pub ref_locals: Vec<u32>,
    /// The operand stack.
    pub stack: Vec<Entry>,
    pub control: Vec<Control>,
    /// What the labels of control frames expect.
    pub states: Vec<Holders>,
    /// What the `else` of an `if` begins with.
    pub else_states: Vec<Holders>,
    pub plan: Plan,
    pub cold: Vec<Cold>,
    pub exceptions: Exceptions,
    pub scan: Scan,
    /// For tables of branches.
    pub labels: Vec<Label>,
    /// The loop that somebody wants to know of, by the position of its operator, and what was found.
    pub watched: Option<u32>,
    pub found: Option<LoopState>,
    /// Whether it gets an entry; its head, and where the entry is.
    pub enters: bool,
    pub head: Option<Head>,
    pub entry: Option<u32>,
}

impl State {
    /// For code that may use these features of the processor.
    pub fn new(features: Features) -> Self {
        Self {
            asm: Assembler::new(features),
            scratch: Scratch::default(),
        }
    }

    /// From now on, what is at the head of a loop is noted, and code gets an entry there if it
    /// `enters`.
    pub(crate) fn watch(&mut self, at: u32, enters: bool) {
        self.scratch.watched = Some(at);
        self.scratch.enters = enters;
    }

    /// What was noted, and where the entry is.
    pub(crate) fn unwatch(&mut self) -> (Option<LoopState>, Option<u32>) {
        let scratch = &mut self.scratch;
        (scratch.watched, scratch.enters, scratch.head) = (None, false, None);
        (scratch.found.take(), scratch.entry.take())
    }
}

/// A compilation under way.
pub(crate) struct Compiler<'a> {
    pub module: &'a Module,
    pub func: FuncIdx,
    pub options: &'a Options,
    pub asm: &'a mut Assembler,
    pub out: &'a mut CompiledFunction,
    pub s: &'a mut Scratch,
    /// What registers hold.
    pub regs: Holders,
    /// The registers that the operator at hand works with.
    pub pinned: Set,
    /// The register of the base of memory 0.
    pub base: Reg,
    /// Where to look for a register to be emptied.
    pub victim: u8,
    /// Whether the topmost operand is a condition.
    pub has_flags: bool,
    /// Operands below this one are in registers or in their places.
    pub settled: usize,
    /// Whether the current operator can be reached; others are skipped.
    pub reachable: bool,
    /// Blocks entered since code became unreachable.
    pub dead_blocks: u32,
    /// The open charge.
    pub fuel: Option<Charge>,
    /// The operator at hand: where it is in the module, and in the body.
    pub position: u32,
    pub at: usize,
    pub body: &'a [u8],
    pub last_location: u32,
    /// The function's code, for looking ahead.
    pub code: wasmparser::BinaryReader<'a>,
    /// What the decoder is told of the control frame around the current operator.
    pub frame: wasmparser::FrameKind,
    pub results: &'a [ValType<TypeIdx>],
    /// How many tables of branches there were.
    pub tables: u32,
    /// The most places that a `br_table` goes to, of those in the innermost loop so far.
    pub cases: u32,
    /// How many values may still be moved.
    budget: usize,
    pub avx: bool,
    pub features: Features,
    /// Whether memory 0 is guarded, so that its base is in the frame.
    pub has_base: bool,
    /// Whether there may be references into the heap.
    pub has_refs: bool,
    // The frame.
    /// Where operands begin.
    pub operands_at: i32,
    /// The end of what is in use.
    pub lowest: i32,
    /// The bytes for arguments and results of calls.
    pub outgoing: u32,
    /// The bytes of arguments on the stack.
    pub own_stack: u32,
    /// Where the address of the area for results is kept, and how it came.
    pub area_home: i32,
    pub hidden: Option<Place>,
    /// Where code says how large the frame is.
    pub frame_size_at: u32,
    /// The same of the entry at a loop.
    pub entry_size_at: Option<u32>,
}

/// Compiles the body of a function. The module's functions are called by the symbols of their
/// indices.
///
/// # Errors
/// When the function is beyond the limits of the compiler.
///
/// # Panics
/// When the function has no body.
pub fn compile(
    module: &Module,
    func: FuncIdx,
    options: &Options,
    state: &mut State,
    out: &mut CompiledFunction,
) -> Result {
    let body = module
        .body(func)
        .expect("only functions with bodies are compiled");
    if body.bytes.len() > MAX_BODY {
        return Err(Error::TooLarge);
    }
    out.clear();
    let features = wasmparser_features(module.features());
    let mut reader =
        wasmparser::BinaryReader::new_features(body.bytes, body.offset as u64, features);
    let mut c = Compiler::new(
        module,
        func,
        options,
        state,
        out,
        reader.clone(),
        body.bytes,
    );
    let params_end = c.operands_at;
    for _ in 0..reader.read_var_u32()? {
        let count = reader.read_var_u32()?;
        let ty = val_type(reader.read()?)?;
        c.declare_locals(count, ty)?;
    }
    c.code = reader.clone();
    c.position = (body.offset + reader.current_position()) as u32;
    c.begin(params_end);
    while !reader.eof() {
        c.at = reader.current_position();
        c.position = (body.offset + c.at) as u32;
        c.frame = expected_frame(body.bytes[c.at]);
        reader.visit_operator(&mut c)??;
    }
    c.finish()
}

/// The kind of frame in which the decoder wants to find an operator. Validation has checked that
/// it is there, so nothing has to be kept for the decoder to check it again.
fn expected_frame(opcode: u8) -> wasmparser::FrameKind {
    match opcode {
        0x05 => wasmparser::FrameKind::If,
        0x07 | 0x19 => wasmparser::FrameKind::LegacyCatch,
        0x18 => wasmparser::FrameKind::LegacyTry,
        _ => wasmparser::FrameKind::Block,
    }
}

impl wasmparser::FrameStack for Compiler<'_> {
    fn current_frame(&self) -> Option<wasmparser::FrameKind> {
        Some(self.frame)
    }
}

impl<'a> Compiler<'a> {
    fn new(
        module: &'a Module,
        func: FuncIdx,
        options: &'a Options,
        state: &'a mut State,
        out: &'a mut CompiledFunction,
        code: wasmparser::BinaryReader<'a>,
        body: &'a [u8],
    ) -> Self {
        let State { asm, scratch: s } = state;
        asm.clear();
        s.locals.clear();
        s.ref_locals.clear();
        s.stack.clear();
        s.control.clear();
        s.cold.clear();
        s.exceptions.clear();
        let features = asm.features();
        let memory = module.memories.first();
        let ty = module.func_type(func);
        let mut c = Self {
            module,
            func,
            options,
            asm,
            out,
            s,
            regs: Holders::EMPTY,
            pinned: 0,
            base: Reg::NONE,
            victim: 0,
            has_flags: false,
            settled: 0,
            reachable: true,
            dead_blocks: 0,
            fuel: None,
            position: 0,
            at: 0,
            body,
            last_location: u32::MAX,
            code,
            frame: wasmparser::FrameKind::Block,
            results: &ty.results,
            tables: 0,
            cases: 0,
            budget: MAX_MOVES,
            avx: features.contains(Features::AVX),
            features,
            has_base: memory.is_some_and(|ty| !ty.limits.is_64 && (options.is_guarded)(ty)),
            has_refs: false,
            operands_at: 0,
            lowest: 0,
            outgoing: 0,
            own_stack: 0,
            area_home: 0,
            hidden: None,
            frame_size_at: 0,
            entry_size_at: None,
        };
        c.declare_params(ty);
        c
    }

    fn begin(&mut self, params_end: i32) {
        self.prologue(params_end);
        self.open(Kind::Function, BlockTy::Function);
        self.open_fuel();
    }

    fn finish(mut self) -> Result {
        self.loop_entry();
        self.cold_code();
        self.finish_frame()?;
        for (handler, label) in self
            .out
            .handlers
            .iter_mut()
            .zip(&self.s.exceptions.landings)
        {
            handler.landing_pc = self
                .asm
                .offset_of(*label)
                .expect("landings of clauses are written");
        }
        let finished = self.asm.finish()?;
        self.out.code.extend_from_slice(&finished.bytes);
        self.out.relocs.extend_from_slice(&finished.relocs);
        self.out.code_len = finished.code_len;
        self.out.align = 16;
        Ok(())
    }

    /// Counts values that are moved or listed: a function may have many, and do it often.
    #[inline]
    pub fn charge(&mut self, count: usize) -> Result {
        match self.budget.checked_sub(count) {
            Some(budget) => {
                self.budget = budget;
                Ok(())
            }
            None => Err(Error::TooLarge),
        }
    }

    /// Whether an operator is compiled at all; counts its fuel.
    #[inline(always)]
    pub fn begin_op(&mut self) -> bool {
        let reachable = self.begin_fusing();
        if reachable && self.has_flags {
            self.settle_flags();
        }
        reachable
    }

    /// The same of an operator that can use a condition as it is.
    #[inline(always)]
    pub fn begin_fusing(&mut self) -> bool {
        if self.reachable {
            #[cfg(debug_assertions)]
            self.check_state();
            self.pinned = 0;
            self.count_fuel();
        }
        self.reachable
    }

    /// What registers hold, and where locals and operands are, are two sides of the same.
    #[cfg(debug_assertions)]
    fn check_state(&self) {
        use crate::regs::{Each, Holder};
        use crate::value::Loc;
        // Looking at very many at every operator takes too long, also for tests.
        if self.s.locals.len() + self.s.stack.len() > 100 {
            return;
        }
        let mut held = 0;
        for r in Each(self.regs.used) {
            let holder = self.regs.get(r);
            let knows = match holder {
                Holder::Local(i) => self.s.locals[i as usize].reg == r,
                Holder::Operand(i) => self
                    .s
                    .stack
                    .get(i as usize)
                    .is_some_and(|entry| entry.loc == Loc::Reg(r)),
                Holder::Base => self.base == r,
                Holder::Nothing => false,
            };
            assert!(knows, "{r:?} holds {holder:?}, at {:#x}", self.position);
            held += u32::from(!matches!(holder, Holder::Base));
        }
        let locals = self.s.locals.iter().filter(|l| l.reg != Reg::NONE).count();
        let operands = self.s.stack.iter();
        let operands = operands.filter(|e| matches!(e.loc, Loc::Reg(_))).count();
        assert_eq!(held as usize, locals + operands, "at {:#x}", self.position);
    }

    /// The type of the topmost operand.
    pub fn top_ty(&self) -> Ty {
        let top = self.s.stack.last();
        top.expect("validation counts the operands").ty
    }

    pub fn has(&self, features: Features) -> bool {
        self.features.contains(features)
    }
}
