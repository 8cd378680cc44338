//! Where the state of a function is at the head of a loop, for code that goes on in its place.
//!
//! Nothing of that is kept when a function is compiled: a loop that is worth leaving is rare, and
//! compiling again up to there costs little beside compiling with care what goes on there.

use crate::compiler::{Compiler, State, compile};
use crate::regs::Reg;
use crate::value::{Loc, Ty};
use crate::{Error, Options};
use tierra_asm::code::CompiledFunction;
use tierra_core::index::FuncIdx;
use tierra_core::{FrameState, SlotType};
use tierra_module::{Module, wasmparser_features};
use wasmparser::Operator;

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// In a general register, by number.
    Int(u8),
    /// In a vector register, by number.
    Vector(u8),
    /// In the frame, so many bytes from the frame pointer.
    Frame(i32),
}

/// What there is at the head of a loop.
#[derive(Clone, Default, Debug)]
pub struct LoopState {
    /// The types of the values, in order.
    pub state: FrameState,
    /// Where each of them is.
    pub sources: Vec<Source>,
    /// The bytes of the function's arguments on the stack.
    pub own_stack: u32,
    /// Where in the frame the address is of the area for results that don't fit in registers.
    pub area: Option<i32>,
}

/// The state at the head of the loop whose operator is at an offset in the module, where code waits
/// that was compiled with the same options; `None` if there is no such loop that can be reached.
///
/// # Errors
/// As [`compile`].
pub fn loop_state(
    module: &Module,
    func: FuncIdx,
    at: u32,
    options: &Options,
    state: &mut State,
    code: &mut CompiledFunction,
) -> Result<Option<LoopState>, Error> {
    state.watch(at, false);
    let compiled = compile(module, func, options, state, code);
    let (found, _) = state.unwatch();
    compiled.map(|()| found)
}

/// The loops of a function, by the offset of their operator in the module, and how many others are
/// around each. It reads the body once.
///
/// # Panics
/// When the function has no body.
pub fn loop_depths(module: &Module, func: FuncIdx) -> Vec<(u32, u32)> {
    let body = module.body(func).expect("only functions with bodies run");
    let features = wasmparser_features(module.features());
    let reader = wasmparser::BinaryReader::new_features(body.bytes, body.offset as u64, features);
    let operators = wasmparser::FunctionBody::new(reader).get_operators_reader();
    let mut loops = Vec::new();
    // Whether each frame around is a loop, and how many of them are.
    let (mut frames, mut depth) = (Vec::new(), 0);
    for operator in operators
        .into_iter()
        .flat_map(|it| it.into_iter_with_offsets())
    {
        // What can't be read would have been found by validation.
        let Ok((operator, at)) = operator else { break };
        match operator {
            Operator::Loop { .. } => {
                loops.push((at as u32, depth));
                frames.push(true);
                depth += 1;
            }
            Operator::Block { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => frames.push(false),
            Operator::End | Operator::Delegate { .. } => {
                depth -= u32::from(frames.pop() == Some(true));
            }
            _ => {}
        }
    }
    loops
}

fn slot_type(ty: Ty) -> SlotType {
    match ty {
        Ty::I32 => SlotType::I32,
        Ty::I64 => SlotType::I64,
        Ty::Ref => SlotType::Ref,
        Ty::F32 => SlotType::F32,
        Ty::F64 => SlotType::F64,
        Ty::V128 => SlotType::V128,
    }
}

fn source(r: Reg, home: i32) -> Source {
    match r {
        Reg::NONE => Source::Frame(home),
        r if r.is_vec() => Source::Vector(r.xmm().0),
        r => Source::Int(r.gpr().0),
    }
}

impl Compiler<'_> {
    /// What there is at the head of a loop, where all operands are in registers or in the frame.
    pub(crate) fn describe_state(&self) -> LoopState {
        let mut found = LoopState {
            own_stack: self.own_stack,
            area: self.hidden.map(|_| self.area_home),
            ..LoopState::default()
        };
        let mut add = |ty, source| {
            found.state.values.push(slot_type(ty));
            found.sources.push(source);
        };
        for local in &self.s.locals {
            add(local.ty, source(local.reg, local.home));
        }
        for entry in &self.s.stack {
            let r = match entry.loc {
                Loc::Reg(r) => r,
                Loc::Home => Reg::NONE,
                _ => unreachable!("operands are settled before a loop"),
            };
            add(entry.ty, source(r, entry.home));
        }
        found
    }
}
