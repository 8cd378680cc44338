//! The loop over the operators of a body: steps as long as there are any ([`Body::steps`]), then whatever
//! is next, with everything that there can be about it.

use super::Stop;
use super::codes::{Code, Kind};
use super::stack::{Body, FrameKind};
use super::ty::Ty;
use tierra_core::types::HeapType;

impl Body<'_> {
    /// Validates the code, which is all that is left of the body.
    #[inline(never)]
    pub(super) fn run(&mut self) -> Result<(), Stop> {
        let cx = self.cx;
        loop {
            self.steps();
            let byte = self.byte()?;
            self.other(cx.tables.codes.single[byte as usize])?;
            if self.frames.is_empty() {
                let at_end = self.at == self.code.len();
                return at_end.then_some(()).ok_or(Stop::Invalid);
            }
        }
    }

    /// Does everything that there is to be done for an operator whose code was read.
    #[inline(always)]
    fn other(&mut self, code: Code) -> Result<(), Stop> {
        match code.kind {
            Kind::Illegal => Err(Stop::Invalid),
            Kind::Unary | Kind::Binary | Kind::Plain => self.plain(code),
            Kind::Load | Kind::Store => self.load_store(code),
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
            Kind::MemorySize => self.memory_size(),
            Kind::MemoryGrow => self.memory_grow(),
            kind => self.rare(kind),
        }
    }

    /// The operator whose code is next, behind a prefix.
    fn prefixed(&mut self, prefix: Code) -> Result<(), Stop> {
        let number = self.u32()? as usize;
        let (begin, length) = prefix.table();
        if number >= length {
            return Err(Stop::Invalid);
        }
        self.behind_prefix(self.cx.tables.codes.prefixed[begin + number])
    }

    /// Operators that have codes behind prefixes only, and those of the same shapes.
    #[inline(never)]
    fn behind_prefix(&mut self, code: Code) -> Result<(), Stop> {
        match code.kind {
            Kind::Unary | Kind::Binary | Kind::Plain => self.plain(code),
            Kind::Load | Kind::Store => self.load_store(code),
            Kind::Wide => self.wide(code),
            Kind::Atomic => self.atomic(code),
            #[cfg(feature = "simd")]
            Kind::Lane | Kind::MemoryLane | Kind::V128Const | Kind::I8x16Shuffle => {
                self.vector(code)
            }
            kind => self.rare(kind),
        }
    }

    /// Operators that most modules don't have.
    #[inline(never)]
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
