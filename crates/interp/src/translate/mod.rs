//! From a validated body to code, in one pass.
//!
//! The operand stack exists at translation only. An entry is a constant, a local that was not
//! copied, the accumulator, or a slot of its own (its *canonical* slot, by its height). Operators
//! take what they find as operands. At every point where control flow joins, and for arguments,
//! entries are put into their canonical slots.
//!
//! A result first goes to the accumulator only. If its consumer comes next, it is taken from
//! there; if not, the instruction that made it is patched to store it as well (see
//! [`stack`]), so that keeping a value never costs an instruction.
//!
//! Time and memory are linear in the body.

mod call;
mod control;
mod count;
mod emit;
mod exception;
mod heap;
mod memory;
mod numeric;
mod stack;
mod visit;

use crate::code::{Code, FRAME_HEADER, Header, ModuleCode, TryRange};
use crate::osr::LoopState;
use alloc::vec::Vec;
use control::Control;
use core::fmt;
use emit::Last;
use stack::{Accumulator, Entry};
use tierra_core::index::{FuncIdx, TypeIdx};
use tierra_core::types::{HeapType, RefType, ValType};
use tierra_module::{Module, val_type, wasmparser_features};

/// Why a function can't be translated: it exceeds a limit of this interpreter.
#[derive(Debug)]
pub(crate) enum TranslateError {
    /// Locals and operands don't fit into 65,535 slots.
    TooManySlots,
    /// More code than 32-bit distances span.
    TooLong,
    /// The body can't be read: validation would have found it.
    Malformed(wasmparser::BinaryReaderError),
}

impl fmt::Display for TranslateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySlots => {
                f.write_str("locals and operands exceed the interpreter's 65535 slots")
            }
            Self::TooLong => f.write_str("the code exceeds the interpreter's 8 GiB"),
            Self::Malformed(e) => write!(f, "{e}"),
        }
    }
}

impl From<wasmparser::BinaryReaderError> for TranslateError {
    fn from(e: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(e)
    }
}

impl From<tierra_module::ModuleError> for TranslateError {
    fn from(e: tierra_module::ModuleError) -> Self {
        unreachable!("validated types are convertible: {e}")
    }
}

pub(crate) type Result<T = (), E = TranslateError> = core::result::Result<T, E>;

/// A value type, as far as translation is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    /// A reference outside of the heap.
    FuncRef,
    /// A reference into the heap.
    HeapRef,
}

/// What accumulator a type uses.
pub(crate) type Class = usize;

impl Ty {
    /// The accumulator; vectors have none.
    fn class(self) -> Option<Class> {
        match self {
            Ty::I32 | Ty::I64 | Ty::FuncRef | Ty::HeapRef => Some(0),
            Ty::F32 => Some(1),
            Ty::F64 => Some(2),
            Ty::V128 => None,
        }
    }

    fn slots(self) -> u32 {
        if self == Ty::V128 { 2 } else { 1 }
    }
}

/// The type that a module's value type translates to.
pub(crate) fn ty(module: &Module, ty: ValType<TypeIdx>) -> Ty {
    match ty {
        ValType::I32 => Ty::I32,
        ValType::I64 => Ty::I64,
        ValType::F32 => Ty::F32,
        ValType::F64 => Ty::F64,
        ValType::V128 => Ty::V128,
        ValType::Ref(r) => ref_ty(module, r),
    }
}

fn ref_ty(module: &Module, ty: RefType<TypeIdx>) -> Ty {
    use tierra_core::types::CompositeType;
    match ty.heap {
        HeapType::Func | HeapType::NoFunc => Ty::FuncRef,
        HeapType::Concrete(i) => match module.types[i.index()].composite {
            CompositeType::Func(_) => Ty::FuncRef,
            _ => Ty::HeapRef,
        },
        _ => Ty::HeapRef,
    }
}

/// A local: where it is and what it holds.
#[derive(Clone, Copy)]
struct Local {
    slot: u16,
    ty: Ty,
    /// The topmost stack entry that stands for this local.
    alias: u32,
}

/// The end of a chain of stack entries.
const NO_ENTRY: u32 = u32::MAX;

/// A translation under way.
pub(crate) struct Translator<'m> {
    owner: &'m ModuleCode,
    module: &'m Module,
    /// Header and instructions so far.
    words: Vec<u64>,
    /// What the last instruction was, as far as the next operator can use it.
    last: Last,
    locals: Vec<Local>,
    stack: Vec<Entry>,
    /// The slot of the next entry.
    height: u32,
    max_height: u32,
    /// Entries below this one are in their canonical slots, or numeric constants.
    flushed: usize,
    accumulators: [Accumulator; 3],
    control: Vec<Control>,
    /// Whether the current operator can be reached; others are skipped.
    reachable: bool,
    /// Blocks entered since code became unreachable.
    dead_blocks: u32,
    /// Slots of the parameters, where the frame's header is.
    param_slots: u16,
    results: Vec<Ty>,
    /// The offset of the current operator in the body.
    offset: u32,
    offsets: Vec<(u32, u32)>,
    /// The positions in the stack of entries that are heap references, with their node.
    refs: Vec<(u32, Option<u32>)>,
    ref_sites: Vec<(u32, u32)>,
    ref_nodes: Vec<(u16, u32)>,
    handlers: Vec<TryRange>,
    /// What the decoder is told of the control frame around the current operator.
    frame: wasmparser::FrameKind,
    /// The open fuel instruction and what it has to charge.
    fuel: Option<(u32, u32)>,
    func: FuncIdx,
    body: tierra_module::Body<'m>,
    /// Whether code counts what it does.
    counts: bool,
    /// The loop that somebody wants to know of, by its place in the module, and what was found.
    watched: Option<u32>,
    found: Option<LoopState>,
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

impl wasmparser::FrameStack for Translator<'_> {
    fn current_frame(&self) -> Option<wasmparser::FrameKind> {
        Some(self.frame)
    }
}

/// Translates a function, to code that counts what it does if it `counts`.
pub(crate) fn function(owner: &ModuleCode, func: FuncIdx, counts: bool) -> Result<Code> {
    let mut t = Translator::new(owner, func)?;
    t.counts = counts;
    let mut reader = t.begin()?;
    let ref_locals = t.locals.iter().filter(|l| l.ty == Ty::HeapRef);
    let ref_locals = ref_locals.map(|l| l.slot).collect();
    let operands = t.height;
    while !reader.eof() {
        t.operator(&mut reader)?;
    }
    t.finish(operands, ref_locals)
}

/// See [`crate::osr::loop_state`].
pub(crate) fn loop_state(owner: &ModuleCode, func: FuncIdx, at: u32) -> Result<Option<LoopState>> {
    let mut t = Translator::new(owner, func)?;
    t.watched = Some(at);
    let mut reader = t.begin()?;
    while t.found.is_none() && !reader.eof() {
        t.operator(&mut reader)?;
    }
    Ok(t.found)
}

impl<'m> Translator<'m> {
    fn new(owner: &'m ModuleCode, func: FuncIdx) -> Result<Self> {
        let module = owner.module().as_ref();
        let body = module.body(func);
        let body = body.expect("only functions with bodies are translated");
        let signature = module.func_type(func);
        let mut t = Self {
            owner,
            module,
            words: Vec::with_capacity(64),
            last: Last::Other,
            locals: Vec::new(),
            stack: Vec::new(),
            height: 0,
            max_height: 0,
            flushed: 0,
            accumulators: Default::default(),
            control: Vec::new(),
            reachable: true,
            dead_blocks: 0,
            param_slots: 0,
            results: signature.results.iter().map(|t| ty(module, *t)).collect(),
            offset: 0,
            offsets: Vec::new(),
            refs: Vec::new(),
            ref_sites: Vec::new(),
            ref_nodes: Vec::new(),
            handlers: Vec::new(),
            frame: wasmparser::FrameKind::Block,
            fuel: None,
            func,
            body,
            counts: false,
            watched: None,
            found: None,
        };
        t.words.extend([0; Header::WORDS]);
        for param in &signature.params {
            t.declare_locals(1, ty(module, *param))?;
        }
        t.param_slots = t.height as u16;
        t.height += FRAME_HEADER as u32;
        Ok(t)
    }

    fn declare_locals(&mut self, count: u32, ty: Ty) -> Result {
        let end = u64::from(self.height) + u64::from(count) * u64::from(ty.slots());
        if end > u64::from(u16::MAX) {
            return Err(TranslateError::TooManySlots);
        }
        for _ in 0..count {
            self.locals.push(Local {
                slot: self.height as u16,
                ty,
                alias: NO_ENTRY,
            });
            self.height += ty.slots();
        }
        Ok(())
    }

    /// Declares the locals and opens the function's own block. Gives what reads the operators.
    fn begin(&mut self) -> Result<wasmparser::BinaryReader<'m>> {
        let module = self.module;
        let features = wasmparser_features(module.features());
        let mut reader = wasmparser::BinaryReader::new_features(self.body.bytes, 0, features);
        for _ in 0..reader.read_var_u32()? {
            let count = reader.read_var_u32()?;
            let local = ty(module, val_type(reader.read()?)?);
            self.declare_locals(count, local)?;
        }
        self.max_height = self.height;
        self.control.push(Control::function(self.height));
        self.count_entry();
        self.open_fuel();
        Ok(reader)
    }

    fn operator(&mut self, reader: &mut wasmparser::BinaryReader<'m>) -> Result {
        self.offset = reader.current_position() as u32;
        self.frame = expected_frame(self.body.bytes[reader.current_position()]);
        reader.visit_operator(self)?
    }

    fn finish(mut self, operands: u32, ref_locals: Vec<u16>) -> Result<Code> {
        // The largest result also needs room, from slot 0 on.
        let results: u32 = self.results.iter().map(|t| t.slots()).sum();
        let frame = self
            .max_height
            .max(results)
            .max(u32::from(self.param_slots) + 3)
            + 1;
        if frame > u32::from(u16::MAX) {
            return Err(TranslateError::TooManySlots);
        }
        if self.words.len() > (1 << 30) {
            return Err(TranslateError::TooLong);
        }
        let zeroed = operands - u32::from(self.param_slots) - FRAME_HEADER as u32;
        self.words[0] = u64::from(frame * 8) | u64::from(zeroed) << 32;
        Ok(Code {
            words: self.words.into(),
            func: self.func,
            body_offset: self.body.offset as u32,
            param_slots: self.param_slots,
            ref_locals: ref_locals.into(),
            ref_sites: self.ref_sites.into(),
            ref_nodes: self.ref_nodes.into(),
            handlers: self.handlers.into(),
            offsets: self.offsets.into(),
        })
    }
}
