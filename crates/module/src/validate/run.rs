//! The loop over the operators of a body.
//!
//! [`Body::run`] knows two ways. Most operators are handled by [`Body::simple`] while everything
//! is as usual: operands of just the expected types, numbers of few bytes. It keeps position and
//! height in registers and checks nothing twice. What is not so, it leaves untouched to
//! [`Body::other`], which knows all operators and everything that can be about them.

use super::Stop;
use super::codes::{Code, Kind};
use super::context::Types;
use super::reader;
use super::stack::{Body, Frame, FrameKind};
use super::ty::Ty;
use tierra_core::types::HeapType;

impl Body<'_> {
    /// Validates the code, which is all that is left of the body.
    pub(super) fn run(&mut self) -> Result<(), Stop> {
        loop {
            let code = self.simple()?;
            self.other(code)?;
            if self.frames.is_empty() {
                let at_end = self.at == self.code.len();
                return at_end.then_some(()).ok_or(Stop::Invalid);
            }
        }
    }

    /// Goes on as long as operators are simple; gives the first that is not, with the position
    /// behind its code.
    #[inline(always)]
    fn simple(&mut self) -> Result<Code, Stop> {
        let cx = self.cx;
        let codes = &cx.codes.single;
        let bytes = self.code;
        let operands = &mut *self.operands;
        let locals = &*self.locals;
        let frames = &mut *self.frames;
        let inits = self.inits.len() as u32;
        let (mut at, mut top, mut height) = (self.at, self.top, self.height);
        let code = loop {
            let Some(&byte) = bytes.get(at) else {
                return Err(Stop::Invalid);
            };
            let code = codes[byte as usize];
            match code.kind {
                Kind::LocalGet => {
                    let Some((local, next)) = index(bytes, at + 1) else {
                        break code;
                    };
                    let Some(&ty) = locals.get(local) else {
                        break code;
                    };
                    let Some(place) = operands.get_mut(top) else {
                        break code;
                    };
                    if ty.is_unset() {
                        break code;
                    }
                    *place = ty;
                    top += 1;
                    at = next;
                }
                Kind::LocalSet => {
                    let Some((local, next)) = index(bytes, at + 1) else {
                        break code;
                    };
                    if top <= height || locals.get(local) != operands.get(top - 1) {
                        break code;
                    }
                    top -= 1;
                    at = next;
                }
                Kind::LocalTee => {
                    let Some((local, next)) = index(bytes, at + 1) else {
                        break code;
                    };
                    if top <= height || locals.get(local) != operands.get(top - 1) {
                        break code;
                    }
                    at = next;
                }
                Kind::I32Const | Kind::I64Const => {
                    let Some(next) = skip_number(bytes, at + 1) else {
                        break code;
                    };
                    let Some(place) = operands.get_mut(top) else {
                        break code;
                    };
                    *place = code.result();
                    top += 1;
                    at = next;
                }
                Kind::Unary => {
                    if top <= height {
                        break code;
                    }
                    match operands.get_mut(top - 1) {
                        Some(place) if *place == code.operand(0) => *place = code.result(),
                        _ => break code,
                    }
                    at += 1;
                }
                Kind::Binary => {
                    if top < height + 2 || operands.get(top - 1) != Some(&code.operand(1)) {
                        break code;
                    }
                    match operands.get_mut(top - 2) {
                        Some(place) if *place == code.operand(0) => *place = code.result(),
                        _ => break code,
                    }
                    top -= 1;
                    at += 1;
                }
                Kind::Load => {
                    let Some(next) = simple_place(bytes, at + 1, code) else {
                        break code;
                    };
                    if top <= height {
                        break code;
                    }
                    match operands.get_mut(top - 1) {
                        Some(place) if *place == cx.first_memory => *place = code.result(),
                        _ => break code,
                    }
                    at = next;
                }
                Kind::Store => {
                    let Some(next) = simple_place(bytes, at + 1, code) else {
                        break code;
                    };
                    if top < height + 2
                        || operands.get(top - 1) != Some(&code.operand(0))
                        || operands.get(top - 2) != Some(&cx.first_memory)
                    {
                        break code;
                    }
                    top -= 2;
                    at = next;
                }
                Kind::GlobalGet => {
                    let Some((global, next)) = reader::u32(bytes, at + 1) else {
                        break code;
                    };
                    let Some(&(ty, _)) = cx.globals.get(global as usize) else {
                        break code;
                    };
                    let Some(place) = operands.get_mut(top) else {
                        break code;
                    };
                    *place = ty;
                    top += 1;
                    at = next;
                }
                Kind::Drop => {
                    if top <= height {
                        break code;
                    }
                    top -= 1;
                    at += 1;
                }
                Kind::Block | Kind::Loop => {
                    if bytes.get(at + 1) != Some(&0x40) {
                        break code;
                    }
                    height = top;
                    frames.push(Frame::new(code.kind.into(), Types::NONE, Types::NONE, height, inits));
                    at += 2;
                }
                Kind::If => {
                    if bytes.get(at + 1) != Some(&0x40)
                        || top <= height
                        || operands.get(top - 1) != Some(&Ty::I32)
                    {
                        break code;
                    }
                    top -= 1;
                    height = top;
                    frames.push(Frame::new(code.kind.into(), Types::NONE, Types::NONE, height, inits));
                    at += 2;
                }
                Kind::Else => {
                    let Some(frame) = frames.last_mut() else {
                        break code;
                    };
                    if frame.kind != FrameKind::If || frame.results.len() != 0 || frame.params.len() != 0
                        || top != height || frame.inits != inits {
                        break code;
                    }
                    frame.kind = FrameKind::Else;
                    frame.unreachable = false;
                    at += 1;
                }
                Kind::End => {
                    let [.., below, frame] = &frames[..] else {
                        break code;
                    };
                    if top != height + frame.results.len() || frame.inits != inits {
                        break code;
                    }
                    match frame.results.single() {
                        None if frame.results.len() != 0 => break code,
                        None if frame.params.len() != 0 && frame.kind == FrameKind::If => break code,
                        Some(ty) if frame.kind == FrameKind::If || operands.get(top - 1) != Some(&ty) => break code,
                        _ => {}
                    }
                    height = below.height as usize;
                    frames.pop();
                    at += 1;
                }
                Kind::BrIf => {
                    let Some((depth, next)) = index(bytes, at + 1) else {
                        break code;
                    };
                    if top <= height || operands.get(top - 1) != Some(&Ty::I32) {
                        break code;
                    }
                    let place = frames.len().wrapping_sub(depth + 1);
                    match frames.get(place) {
                        Some(frame) if frame.label.len() == 0 => {}
                        _ => break code,
                    }
                    top -= 1;
                    at = next;
                }
                Kind::Br => {
                    let Some((depth, next)) = index(bytes, at + 1) else {
                        break code;
                    };
                    let place = frames.len().wrapping_sub(depth + 1);
                    match frames.get(place) {
                        Some(frame) if frame.label.len() == 0 => {}
                        _ => break code,
                    }
                    let Some(frame) = frames.last_mut() else {
                        break code;
                    };
                    frame.unreachable = true;
                    top = height;
                    at = next;
                }
                Kind::Unreachable => {
                    let Some(frame) = frames.last_mut() else {
                        break code;
                    };
                    frame.unreachable = true;
                    top = height;
                    at += 1;
                }
                Kind::Call => {
                    let Some((func, next)) = reader::u32(bytes, at + 1) else {
                        break code;
                    };
                    let Ok(ty) = cx.func(func) else {
                        break code;
                    };
                    let params = ty.params.slice(&cx.pool);
                    let Some(base) = top.checked_sub(params.len()) else {
                        break code;
                    };
                    if base < height {
                        break code;
                    }
                    let Some(given) = operands.get(base..top) else {
                        break code;
                    };
                    if given.iter().zip(params).any(|(a, b)| a != b) {
                        break code;
                    }
                    match ty.results.single() {
                        None if ty.results.len() == 0 => top = base,
                        Some(result) => {
                            let Some(place) = operands.get_mut(base) else {
                                break code;
                            };
                            *place = result;
                            top = base + 1;
                        }
                        None => break code,
                    }
                    at = next;
                }
                _ => break code,
            }
        };
        (self.at, self.top, self.height) = (at + 1, top, height);
        Ok(code)
    }

    /// Does everything that there is to be done for an operator whose code was read.
    #[inline(never)]
    fn other(&mut self, code: Code) -> Result<(), Stop> {
        match code.kind {
            Kind::Illegal => Err(Stop::Invalid),
            Kind::Unary | Kind::Binary | Kind::Plain => self.plain(code),
            Kind::Load | Kind::Store => self.load_store(code),
            Kind::Lane => self.lane(code),
            Kind::Wide => self.wide(code),
            Kind::MemoryLane => self.memory_lane(code),
            Kind::Atomic => self.atomic(code),
            Kind::Prefix => self.prefixed(code),
            Kind::Unreachable => self.unreachable(),
            Kind::Nop => Ok(()),
            Kind::Block => self.block(FrameKind::Block),
            Kind::Loop => self.block(FrameKind::Loop),
            Kind::If => self.block(FrameKind::If),
            Kind::Else => self.else_(),
            Kind::End => self.end(),
            Kind::Br => self.br(),
            Kind::BrIf => self.br_if(),
            Kind::BrTable => self.br_table(),
            Kind::Return => self.return_(),
            Kind::Call => self.call(),
            Kind::CallIndirect => self.call_indirect(),
            Kind::CallRef => self.call_ref(),
            Kind::ReturnCall => self.return_call(),
            Kind::ReturnCallIndirect => self.return_call_indirect(),
            Kind::ReturnCallRef => self.return_call_ref(),
            Kind::Drop => self.drop_(),
            Kind::Select => self.select(),
            Kind::TypedSelect => self.typed_select(),
            Kind::LocalGet => self.local_get(),
            Kind::LocalSet => self.local_set().map(drop),
            Kind::LocalTee => self.local_tee(),
            Kind::GlobalGet => self.global_get(),
            Kind::GlobalSet => self.global_set(),
            Kind::I32Const => self.i32_const(),
            Kind::I64Const => self.i64_const(),
            Kind::F32Const => self.fixed_const(Ty::F32, 4),
            Kind::F64Const => self.fixed_const(Ty::F64, 8),
            Kind::V128Const => self.fixed_const(Ty::V128, 16),
            Kind::I8x16Shuffle => self.shuffle(),
            Kind::MemorySize => self.memory_size(),
            Kind::MemoryGrow => self.memory_grow(),
            kind => self.rare(kind),
        }
    }

    /// The operator whose code follows a prefix.
    fn prefixed(&mut self, prefix: Code) -> Result<(), Stop> {
        let number = self.u32()? as usize;
        let (begin, length) = prefix.table();
        if number >= length {
            return Err(Stop::Invalid);
        }
        self.other(self.cx.codes.prefixed[begin + number])
    }

    /// Operators that most modules don't have.
    fn rare(&mut self, kind: Kind) -> Result<(), Stop> {
        match kind {
            Kind::Try => self.block(FrameKind::Try),
            Kind::Catch => self.catch(),
            Kind::CatchAll => self.catch_all(),
            Kind::Delegate => self.delegate(),
            Kind::Rethrow => self.rethrow(),
            Kind::Throw => self.throw(),
            Kind::ThrowRef => self.throw_ref(),
            Kind::TryTable => self.try_table(),
            Kind::TableGet => self.table_get(),
            Kind::TableSet => self.table_set(),
            Kind::TableInit => self.table_init(),
            Kind::ElemDrop => self.elem().map(drop),
            Kind::TableCopy => self.table_copy(),
            Kind::TableGrow => self.table_grow(),
            Kind::TableSize => self.table_size(),
            Kind::TableFill => self.table_fill(),
            Kind::MemoryInit => self.memory_init(),
            Kind::DataDrop => self.data(),
            Kind::MemoryCopy => self.memory_copy(),
            Kind::MemoryFill => self.memory_fill(),
            Kind::AtomicFence => self.zero(),
            Kind::RefNull => self.ref_null(),
            Kind::RefIsNull => self.ref_is_null(),
            Kind::RefFunc => self.ref_func(),
            Kind::RefEq => self.ref_eq(),
            Kind::RefAsNonNull => self.ref_as_non_null(),
            Kind::BrOnNull => self.br_on_null(),
            Kind::BrOnNonNull => self.br_on_non_null(),
            Kind::StructNew => self.struct_new(),
            Kind::StructNewDefault => self.struct_new_default(),
            Kind::StructGet => self.struct_get(false),
            Kind::StructGetPacked => self.struct_get(true),
            Kind::StructSet => self.struct_set(),
            Kind::ArrayNew => self.array_new(),
            Kind::ArrayNewDefault => self.array_new_default(),
            Kind::ArrayNewFixed => self.array_new_fixed(),
            Kind::ArrayNewData => self.array_new_data(),
            Kind::ArrayNewElem => self.array_new_elem(),
            Kind::ArrayGet => self.array_get(false),
            Kind::ArrayGetPacked => self.array_get(true),
            Kind::ArraySet => self.array_set(),
            Kind::ArrayLen => self.array_len(),
            Kind::ArrayFill => self.array_fill(),
            Kind::ArrayCopy => self.array_copy(),
            Kind::ArrayInitData => self.array_init_data(),
            Kind::ArrayInitElem => self.array_init_elem(),
            Kind::RefTestNonNull => self.ref_test(false),
            Kind::RefTestNullable => self.ref_test(true),
            Kind::RefCastNonNull => self.ref_cast(false),
            Kind::RefCastNullable => self.ref_cast(true),
            Kind::BrOnCast => self.br_on_cast(false),
            Kind::BrOnCastFail => self.br_on_cast(true),
            Kind::AnyConvertExtern => self.convert(HeapType::Extern),
            Kind::ExternConvertAny => self.convert(HeapType::Any),
            Kind::RefI31 => self.ref_i31(),
            Kind::I31Get => self.i31_get(),
            _ => Err(Stop::Invalid),
        }
    }
}

/// An index of one or two bytes.
#[inline(always)]
fn index(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let low = usize::from(*bytes.get(at)?);
    if low < 0x80 {
        return Some((low, at + 1));
    }
    let high = usize::from(*bytes.get(at + 1)?);
    (high < 0x80).then_some((high << 7 | (low & 0x7f), at + 2))
}

/// Skips a number of at most four bytes, all of whose bits there can be.
#[inline(always)]
fn skip_number(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at + 8)?;
    let word = u64::from_le_bytes(word.try_into().ok()?);
    let ends = !word & 0x8080_8080;
    (ends != 0).then(|| at + 1 + ends.trailing_zeros() as usize / 8)
}

/// Skips the place of an access to the first memory.
#[inline(always)]
fn simple_place(bytes: &[u8], at: usize, code: Code) -> Option<usize> {
    if *bytes.get(at)? > code.align() {
        return None;
    }
    skip_number(bytes, at + 1)
}
