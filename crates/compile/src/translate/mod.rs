//! The translation: its state, and writing instructions.

mod atomic;
mod builtin;
mod call;
mod cast;
mod control;
mod exception;
mod facts;
mod fuel;
mod heap;
mod instance;
mod memory;
mod numeric;
mod osr;
mod simd;
mod table;
mod variable;
mod visit;

use crate::layout;
use crate::{Error, Options};
use control::Control;
use core::fmt::Write;
use exception::Exceptions;
use osr::Start;
pub use osr::translate_osr;
use tierra_core::Trap;
use tierra_core::index::{FuncIdx, TypeIdx};
use tierra_core::types::{CompositeType, HeapType, RefKind, RefType, ValType};
use tierra_ir::{
    Access, BinaryOp, Block, Builder, CompareOp, Function, Inst, InstData, MemFlags, SigRef,
    Signature, Slot, StackLimit, Type, UnaryOp, Value, Variable, builder,
};
use tierra_module::{Body, Module, val_type, wasmparser_features};

pub(crate) type Result<T = (), E = Error> = core::result::Result<T, E>;

/// Bytes of the longest body that is translated.
const MAX_BODY: usize = 4 << 20;
/// The largest product of blocks and variables.
const MAX_DEFINITIONS: u64 = 1 << 26;
/// How many values, and how many operands of calls and jumps, a function may have.
const MAX_VALUES: usize = 1 << 23;

/// The memory of translations, to be used again for the next function.
#[derive(Default)]
pub struct State {
    builder: builder::State,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    /// The operand stack.
    stack: Vec<Value>,
    control: Vec<Control>,
    /// Each local, and whether its type excludes null.
    locals: Vec<(Variable, bool)>,
    facts: facts::Facts,
    /// The parameters of `if` frames, for their `else`.
    saved: Vec<Value>,
    exceptions: Exceptions,
    /// By type of the module, the signature of its calls.
    signatures: Vec<Option<SigRef>>,
    /// Which of them this function uses.
    used_signatures: Vec<TypeIdx>,
    /// For lists that are being put together.
    values: Vec<Value>,
    blocks: Vec<(Block, u32)>,
}

impl Scratch {
    /// Forgets the function before.
    fn clear(&mut self, module: &Module) {
        self.control.clear();
        self.locals.clear();
        self.exceptions.clear(module.tags.len());
        self.forget_values(module);
    }

    /// Forgets what refers to the function that was written, but not where in the body it is.
    fn forget_values(&mut self, module: &Module) {
        self.stack.clear();
        self.saved.clear();
        self.facts.clear();
        self.exceptions.forget_blocks();
        for ty in self.used_signatures.drain(..) {
            if let Some(signature) = self.signatures.get_mut(ty.index()) {
                *signature = None;
            }
        }
        self.signatures.resize(module.types.len(), None);
    }
}

/// What is loaded once per block: it doesn't change.
#[derive(Clone, Copy)]
enum Loaded {
    Exec,
    MemoryDef,
    MemoryBase,
}

/// A translation under way.
struct Translator<'a> {
    module: &'a Module,
    options: &'a Options<'a>,
    b: Builder<'a>,
    s: &'a mut Scratch,
    /// The instance.
    context: Value,
    /// Whether the current operator can be reached; others are skipped.
    reachable: bool,
    /// Blocks entered since code became unreachable.
    dead_blocks: u32,
    /// What [`Loaded`] was last read in which block.
    loaded: [Option<(Block, Value)>; 3],
    /// The operands of builtins, and the bytes they take.
    slot: Option<Slot>,
    slot_bytes: u32,
    builtin_sig: Option<SigRef>,
    /// The open charge and what it has to charge so far.
    fuel: Option<(Inst, u32)>,
    /// What the decoder is told of the control frame around the current operator.
    frame: wasmparser::FrameKind,
    /// The function's body.
    body: Body<'a>,
    /// Its operators, for looking ahead.
    code: wasmparser::BinaryReader<'a>,
    /// The loop that is to be translated once more: whoever reads operators goes on behind it.
    again: Option<Start>,
    /// Blocks so far, and jumps that count as such.
    blocks: u64,
    /// How many operands of calls and jumps there may still be.
    budget: usize,
}

/// Translates the body of a function. The module's functions are called by the symbols of their
/// indices; the signature is of the convention `Guest`, the instance being the first parameter.
///
/// # Errors
/// When the function is beyond the limits of the compiler.
///
/// # Panics
/// When the function has no body.
pub fn translate(
    module: &Module,
    func: FuncIdx,
    options: &Options<'_>,
    out: &mut Function,
    state: &mut State,
) -> Result {
    let (mut t, mut reader) = start(module, func, options, out, state)?;
    while !reader.eof() {
        t.operator(&mut reader)?;
    }
    t.finish();
    cold_blocks_last(out);
    Ok(())
}

/// Starts a translation, which stands at the first operator.
fn start<'a, 'm: 'a>(
    module: &'m Module,
    func: FuncIdx,
    options: &'a Options<'a>,
    out: &'a mut Function,
    state: &'a mut State,
) -> Result<(Translator<'a>, wasmparser::BinaryReader<'m>)> {
    let body = module
        .body(func)
        .expect("only functions with bodies are translated");
    if body.bytes.len() > MAX_BODY {
        return Err(Error::TooLarge);
    }
    let mut reader = reader(module, &body, 0)?;
    head(module, func, options, out);
    state.scratch.clear(module);
    let mut t = Translator::new(module, options, out, state, body, reader.clone());
    t.declare_params(&module.func_type(func).params);
    for _ in 0..reader.read_var_u32()? {
        let count = reader.read_var_u32()?;
        let ty = val_type(reader.read()?)?;
        t.declare_locals(count, ty);
    }
    t.code = reader.clone();
    t.begin();
    Ok((t, reader))
}

/// A reader of a body that stands at a position.
fn reader<'m>(
    module: &Module,
    body: &Body<'m>,
    position: usize,
) -> Result<wasmparser::BinaryReader<'m>> {
    let features = wasmparser_features(module.features());
    let mut reader =
        wasmparser::BinaryReader::new_features(body.bytes, body.offset as u64, features);
    reader.read_bytes(position)?;
    Ok(reader)
}

/// An empty function with the name and the signature of a function of the module.
fn head(module: &Module, func: FuncIdx, options: &Options<'_>, out: &mut Function) {
    out.clear();
    write!(out.name, "func{}", func.0).expect("a string can be written to");
    signature(module, module.func_type(func), &mut out.signature);
    out.context_param = Some(0);
    out.stack_limit = Some(StackLimit {
        offsets: [layout::INSTANCE_EXEC, layout::EXEC_STACK_LIMIT],
        slow: options.symbols.stack_slow,
    });
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

/// The entry stays first: it is never cold.
fn cold_blocks_last(func: &mut Function) {
    let is_cold = |block: &Block| func.is_cold(*block);
    if func.layout().iter().any(is_cold) {
        let mut layout: Vec<Block> = func.layout().to_vec();
        layout.sort_by_key(is_cold);
        func.set_layout(layout);
    }
}

/// How references of a type are represented.
fn ref_kind(module: &Module, heap: HeapType<TypeIdx>) -> RefKind {
    match heap {
        HeapType::Func | HeapType::NoFunc => RefKind::Func,
        HeapType::Concrete(i) => match module.types[i.index()].composite {
            CompositeType::Func(_) => RefKind::Func,
            _ => RefKind::Heap,
        },
        _ => RefKind::Heap,
    }
}

/// The type that a reference type translates to.
fn ref_ty(module: &Module, ty: RefType<TypeIdx>) -> Type {
    match ref_kind(module, ty.heap) {
        RefKind::Func => Type::I64,
        RefKind::Heap => Type::Ref,
    }
}

/// The type that a value type of a module translates to: what functions pass.
pub fn value_type(module: &Module, ty: ValType<TypeIdx>) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(r) => ref_ty(module, r),
    }
}

/// The signature of a function type: the instance comes first.
fn signature(
    module: &Module,
    ty: &tierra_core::types::FuncType<TypeIdx>,
    signature: &mut Signature,
) {
    let types = |types: &'_ [ValType<TypeIdx>]| {
        let types = types.iter().map(|t| value_type(module, *t));
        types.collect::<Vec<_>>()
    };
    signature.params.clear();
    signature.params.push(Type::I64);
    signature.params.extend(types(&ty.params));
    signature.results = types(&ty.results);
}

impl<'a> Translator<'a> {
    /// A translation that stands at the beginning of the entry block.
    fn new(
        module: &'a Module,
        options: &'a Options<'a>,
        out: &'a mut Function,
        state: &'a mut State,
        body: Body<'a>,
        code: wasmparser::BinaryReader<'a>,
    ) -> Self {
        let mut b = Builder::new(out, &mut state.builder);
        let entry = b.block();
        let context = b.func.append_param(entry, Type::I64);
        b.switch_to(entry);
        b.seal(entry);
        Self {
            module,
            options,
            b,
            s: &mut state.scratch,
            context,
            reachable: true,
            dead_blocks: 0,
            loaded: [None; 3],
            slot: None,
            slot_bytes: 0,
            builtin_sig: None,
            fuel: None,
            frame: wasmparser::FrameKind::Block,
            body,
            code,
            again: None,
            blocks: 1,
            budget: MAX_VALUES,
        }
    }

    fn declare_params(&mut self, params: &[ValType<TypeIdx>]) {
        let entry = self.b.func.entry();
        for param in params {
            let ty = value_type(self.module, *param);
            let value = self.b.func.append_param(entry, ty);
            let variable = self.b.variable(ty);
            self.b.set(variable, value);
            self.typed(value, *param);
            let non_null = facts::excludes_null(*param);
            self.s.locals.push((variable, non_null));
        }
    }

    fn declare_locals(&mut self, count: u32, ty: ValType<TypeIdx>) {
        let non_null = facts::excludes_null(ty);
        let ty = value_type(self.module, ty);
        for _ in 0..count {
            let variable = self.b.variable(ty);
            self.s.locals.push((variable, non_null));
        }
    }

    /// Opens the function's own block.
    fn begin(&mut self) {
        self.s.control.push(Control::function());
        self.open_fuel();
    }

    /// Translates the next operator. Always inlined: a call costs 2 % of the whole translation.
    #[inline(always)]
    fn operator(&mut self, reader: &mut wasmparser::BinaryReader<'_>) -> Result {
        let position = reader.current_position();
        self.b.at((self.body.offset + position) as u32);
        self.frame = expected_frame(self.body.bytes[position]);
        reader.visit_operator(self)??;
        self.check_size()
    }

    fn finish(self) {
        if let Some(slot) = self.slot {
            self.b.func.slots[slot.index()] = self.slot_bytes;
        }
        self.b.finish();
    }

    /// Refuses a function that has become too large.
    fn check_size(&self) -> Result {
        let definitions = self.blocks * self.s.locals.len() as u64;
        let values = self.b.func.num_values();
        if definitions > MAX_DEFINITIONS || values > MAX_VALUES || self.budget == 0 {
            return Err(Error::TooLarge);
        }
        Ok(())
    }

    /// Counts operands of a call or a jump.
    fn charge(&mut self, count: usize) -> Result {
        self.budget = self.budget.saturating_sub(count);
        self.check_size()
    }

    /// Whether an operator is translated at all; counts its fuel.
    #[inline]
    fn begin_op(&mut self) -> bool {
        if self.reachable {
            self.count_fuel();
        }
        self.reachable
    }

    // The operand stack.

    fn push(&mut self, value: Value) {
        self.s.stack.push(value);
    }

    fn pop(&mut self) -> Value {
        let value = self.s.stack.pop();
        value.expect("validation counts the operands")
    }

    /// The topmost values, without removing them.
    fn top(&self, count: usize) -> &[Value] {
        &self.s.stack[self.s.stack.len() - count..]
    }

    fn pop_many(&mut self, count: usize) {
        self.s.stack.truncate(self.s.stack.len() - count);
    }

    // Instructions.

    fn new_block(&mut self) -> Block {
        self.blocks += 1;
        self.b.block()
    }

    /// Goes on in a block to which all jumps are written.
    fn enter(&mut self, block: Block) {
        self.b.seal(block);
        self.b.switch_to(block);
    }

    fn cold_block(&mut self) -> Block {
        let block = self.new_block();
        self.b.func.set_cold(block);
        block
    }

    /// Goes to one of two blocks without arguments.
    fn branch(&mut self, cond: Value, then: Block, or_else: Block) {
        self.b.branch(cond, (then, &[]), (or_else, &[]));
    }

    fn i32(&mut self, bits: u32) -> Value {
        let ty = Type::I32;
        self.b.value(InstData::Const {
            ty,
            bits: bits.into(),
        })
    }

    fn i64(&mut self, bits: u64) -> Value {
        let ty = Type::I64;
        self.b.value(InstData::Const { ty, bits })
    }

    fn unary(&mut self, op: UnaryOp, arg: Value) -> Value {
        self.b.value(InstData::Unary { op, arg })
    }

    fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.b.value(InstData::Binary { op, args: [a, b] })
    }

    fn compare(&mut self, op: CompareOp, a: Value, b: Value) -> Value {
        self.b.value(InstData::Compare { op, args: [a, b] })
    }

    /// `a + c`, or `a` itself.
    fn add_const(&mut self, a: Value, c: u64) -> Value {
        if c == 0 {
            return a;
        }
        let c = self.i64(c);
        self.binary(BinaryOp::I64Add, a, c)
    }

    /// `a << c`, or `a` itself.
    fn shift_left(&mut self, a: Value, c: u32) -> Value {
        if c == 0 {
            return a;
        }
        let c = self.i64(c.into());
        self.binary(BinaryOp::I64Shl, a, c)
    }

    fn load(&mut self, access: Access, flags: MemFlags, address: Value, offset: i32) -> Value {
        self.b.value(InstData::Load {
            access,
            flags,
            address,
            offset,
        })
    }

    fn store(
        &mut self,
        access: Access,
        flags: MemFlags,
        address: Value,
        offset: i32,
        value: Value,
    ) {
        self.b.push(InstData::Store {
            access,
            flags,
            address,
            value,
            offset,
        });
    }

    fn trap_if(&mut self, cond: Value, trap: Trap) {
        let trap = trap as u8;
        self.b.push(InstData::TrapIf { cond, trap });
    }

    fn trap_unless(&mut self, cond: Value, trap: Trap) {
        let trap = trap as u8;
        self.b.push(InstData::TrapUnless { cond, trap });
    }
}
