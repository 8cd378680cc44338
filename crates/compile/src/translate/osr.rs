//! What is still to run of a function that stands at the head of a loop (on-stack replacement).
//!
//! **Problem.** Another tier has run a function up to the head of a loop and hands over its locals
//! and operands ([`tierra_core::frame`]). A jump from the entry into the middle of the ordinary
//! translation would give every loop around a second entry: no loop tree, and a value of each
//! local at each head that may come from outside.
//!
//! **Idea.** The rest of the function is an ordinary translation, except that the loops around
//! have begun already. From the head on, what is left of their iterations is translated as if they
//! were blocks: they are *peeled*. A branch to a peeled loop goes to a block with the loop's
//! parameters that comes behind its `end`. If anybody goes there, the reader is set back and the
//! whole loop is translated once more, now as a loop like any other; what falls through the end
//! of either copy meets behind it. So the loop trees, the parameters of blocks and the places of
//! polls and charges are those of an ordinary function.
//!
//! Where the head is, which frames are around it and what is on the stack tells the translation
//! itself: the function is translated from its start to the loop. Then all instructions are thrown
//! away, and the frames are opened again in a new function, whose entry loads the state. What is
//! thrown away costs no more than an ordinary translation, and there is no second understanding of
//! control flow.
//!
//! **Invariants.**
//! - The entry block reads the whole state, and nothing that calls or collects comes before the
//!   last load. It reads what nobody uses, too: passes take such loads away.
//! - Frames keep their indices: a peeled loop and its second copy are one frame after the other.
//! - An operator costs fuel where the ordinary translation charges it. The `loop` operators of the
//!   first and of the second copies cost nothing: whoever comes there has paid.
//! - What is behind `else` is skipped if the head is in front of it, and so are the clauses of a
//!   legacy `try` that are over. Clauses still to come are translated if what is left of the body
//!   needs them.
//! - Whatever is known of an operand below the loop was known on every way to its head: it holds
//!   for the value that is loaded.
//!
//! **Cost.** A loop at depth *d* is contained in the second copies of *d* loops, so a nest costs the
//! square of its depth. The bytes of all second copies together are bounded by [`COPIES`] times the
//! body and [`SMALL`] bytes. So loops pass that are in four others, even if each of these is nearly
//! the whole function, and so do small functions. Beyond that it is [`Error::TooLarge`] for this
//! loop, and the engine may try one further out.

use super::control::Kind;
use super::{Function, Result, State, Translator};
use crate::layout::{EXEC_OSR_BUFFER, class, plain};
use crate::{Error, Options};
use core::fmt::Write;
use tierra_core::index::FuncIdx;
use tierra_core::{FrameState, SlotType};
use tierra_ir::{Access, Block, Type, Value};
use tierra_module::Module;

/// How many times the bytes of the body second copies may have: a loop in *d* others, each of which
/// is most of the one around, takes about *d* times.
const COPIES: usize = 4;
/// What second copies may contain in any case, in bytes.
const SMALL: usize = 16 << 10;
/// The byte of the operator `loop`.
const LOOP: u8 = 0x03;

/// Where a loop begins, and what else it takes to translate it again.
#[derive(Clone, Copy)]
pub(super) struct Start {
    /// Of the operator in the module.
    pub at: u32,
    /// How many legacy `try` are before it.
    pub tries: usize,
}

/// A loop whose current iteration is finished outside of it.
#[derive(Clone, Copy)]
pub(super) struct Peeled {
    start: Start,
    /// Where branches to the loop go, once there is one.
    again: Option<Block>,
}

/// What there is at the head of a loop besides control frames.
struct Shape {
    locals: Vec<Type>,
    /// Without exceptions that are caught; and which of them are never null.
    operands: Vec<(Type, bool)>,
    /// Where the body's operators begin, and where they go on behind the loop's.
    code: usize,
    position: usize,
}

/// Translates the part of a function that is still to run when it stands at the head of a loop.
/// `at` is where the `loop` operator is in the module. Gives what the code reads from
/// [`ExecContext::osr_buffer`](tierra_vm::ExecContext::osr_buffer).
///
/// The signature has the instance as its only parameter, and the function's results. The stub
/// `stack_slow` is called before the state is read: it must not run anything that collects or that
/// writes another state.
///
/// # Errors
/// When there is no loop at this place, or no code comes there; or when the part is beyond the
/// limits of the compiler, which a loop further out may not be.
///
/// # Panics
/// When the function has no body.
pub fn translate_osr(
    module: &Module,
    func: FuncIdx,
    at: u32,
    options: &Options<'_>,
    out: &mut Function,
    state: &mut State,
) -> Result<FrameState> {
    let shape = find_loop(module, func, at, options, out, state)?;
    super::head(module, func, options, out);
    write!(out.name, ".osr{at:#x}").expect("a string can be written to");
    out.signature.params.truncate(1);
    state.scratch.forget_values(module);
    let body = module.body(func).expect("it was just translated");
    let code = super::reader(module, &body, shape.code)?;
    let mut t = Translator::new(module, options, out, state, body, code);
    t.b.at(at);
    let frame = t.reopen(&shape)?;
    t.rest(shape.position)?;
    t.finish();
    super::cold_blocks_last(out);
    Ok(frame)
}

/// Translates a function up to a loop, whose frame is the innermost one then.
fn find_loop(
    module: &Module,
    func: FuncIdx,
    at: u32,
    options: &Options<'_>,
    out: &mut Function,
    state: &mut State,
) -> Result<Shape> {
    let (mut t, mut reader) = super::start(module, func, options, out, state)?;
    let code = reader.current_position();
    let position = (at as usize).checked_sub(t.body.offset);
    let position = position.filter(|at| t.body.bytes.get(*at) == Some(&LOOP));
    let position = position.ok_or(Error::NoLoop)?;
    while reader.current_position() < position {
        t.operator(&mut reader)?;
    }
    // The byte may be part of another operator, or of what is before all of them.
    if reader.current_position() != position || !t.reachable {
        return Err(Error::NoLoop);
    }
    t.operator(&mut reader)?;
    let types =
        t.s.locals
            .iter()
            .map(|(local, _)| t.b.variable_type(*local));
    let operands = t.s.stack.iter();
    let operands = operands.map(|value| (t.b.func.ty(*value), t.is_non_null(*value)));
    Ok(Shape {
        locals: types.collect(),
        operands: operands.collect(),
        code,
        position: reader.current_position(),
    })
}

/// The state that is being read.
struct Reading {
    buffer: Value,
    offset: i32,
    state: FrameState,
}

fn slot_type(ty: Type) -> SlotType {
    match ty {
        Type::I32 => SlotType::I32,
        Type::I64 => SlotType::I64,
        Type::F32 => SlotType::F32,
        Type::F64 => SlotType::F64,
        Type::V128 => SlotType::V128,
        Type::Ref => SlotType::Ref,
    }
}

/// A reader that has read one operator more.
fn behind_operator<'m>(
    reader: wasmparser::BinaryReader<'m>,
) -> Result<wasmparser::BinaryReader<'m>> {
    let mut operators = wasmparser::OperatorsReader::new(reader);
    operators.read()?;
    Ok(operators.get_binary_reader())
}

impl Translator<'_> {
    /// Loads the state and opens all frames again, up to the head of the innermost loop.
    fn reopen(&mut self, shape: &Shape) -> Result<FrameState> {
        let exec = self.exec();
        let flags = plain(class::FRAME_STATE);
        let mut from = Reading {
            buffer: self.load(Access::I64, flags, exec, EXEC_OSR_BUFFER),
            offset: 0,
            state: FrameState::default(),
        };
        for (index, ty) in shape.locals.iter().enumerate() {
            let value = self.take_over(&mut from, *ty);
            let local = self.b.variable(*ty);
            self.b.set(local, value);
            self.s.locals[index].0 = local;
        }
        for index in 0..self.s.control.len() {
            let frame = &mut self.s.control[index];
            frame.reset();
            match frame.kind {
                Kind::Loop { start, .. } => {
                    frame.kind = Kind::Peeled(Peeled { start, again: None })
                }
                Kind::If { .. } => frame.kind = Kind::Plain,
                _ => {}
            }
            let base = frame.base;
            let is_catch = frame.exception.is_some();
            self.take_over_operands(&mut from, shape, base);
            if is_catch {
                let exception = self.take_over(&mut from, Type::Ref);
                self.s.control[index].exception = Some(exception);
            }
        }
        self.take_over_operands(&mut from, shape, shape.operands.len());
        let ty = self.innermost().ty;
        let Kind::Peeled(Peeled { start, .. }) = self.innermost().kind else {
            unreachable!("the innermost frame is the loop")
        };
        self.innermost().kind = self.begin_loop(ty, start)?;
        self.open_fuel();
        Ok(from.state)
    }

    /// The next value of the state.
    fn take_over(&mut self, from: &mut Reading, ty: Type) -> Value {
        let flags = plain(class::FRAME_STATE);
        let value = self.load(Access::of(ty), flags, from.buffer, from.offset);
        let ty = slot_type(ty);
        from.offset += 8 * ty.slots() as i32;
        from.state.values.push(ty);
        value
    }

    /// Pushes operands until there are so many.
    fn take_over_operands(&mut self, from: &mut Reading, shape: &Shape, count: usize) {
        while self.s.stack.len() < count {
            let (ty, never_null) = shape.operands[self.s.stack.len()];
            let value = self.take_over(from, ty);
            if never_null {
                self.never_null(value);
            }
            self.push(value);
        }
    }

    /// Translates from a position to the end, and loops once more as it turns out that they are
    /// needed.
    fn rest(&mut self, position: usize) -> Result {
        let mut allowed = COPIES * self.body.bytes.len() + SMALL;
        let mut reader = super::reader(self.module, &self.body, position)?;
        while !reader.eof() {
            self.operator(&mut reader)?;
            if let Some(start) = self.again.take() {
                let start = start.at as usize - self.body.offset;
                let copy = reader.current_position() - start;
                allowed = allowed.checked_sub(copy).ok_or(Error::TooLarge)?;
                reader = behind_operator(super::reader(self.module, &self.body, start)?)?;
            }
        }
        Ok(())
    }

    /// The block to which branches to a peeled loop go.
    pub(super) fn again_label(&mut self, index: usize) -> Block {
        let frame = &self.s.control[index];
        let (Kind::Peeled(Peeled { start, again }), ty) = (&frame.kind, frame.ty) else {
            unreachable!("the caller looked")
        };
        if let Some(block) = *again {
            return block;
        }
        let start = *start;
        let block = self.new_block();
        self.append_params(block, ty);
        let again = Some(block);
        self.s.control[index].kind = Kind::Peeled(Peeled { start, again });
        block
    }

    /// At the end of a peeled loop, begins it again if anybody branches to it; false if the frame
    /// is over.
    pub(super) fn begin_again(&mut self, peeled: Peeled) -> Result<bool> {
        let Peeled { start, again } = peeled;
        let Some(block) = again else {
            return Ok(false);
        };
        self.leave_to_end()?;
        self.forget_facts();
        let frame = self.innermost();
        let (base, ty) = (frame.base, frame.ty);
        self.s.stack.truncate(base);
        self.b.at(start.at);
        self.enter(block);
        self.reachable = true;
        self.push_params(block);
        self.innermost().kind = self.begin_loop(ty, start)?;
        self.open_fuel();
        self.s.exceptions.go_back(start.tries);
        self.again = Some(start);
        Ok(true)
    }
}
