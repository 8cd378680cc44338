//! The row of every operator by its name.

use super::codes::{Code, Kind};
use super::ty::Ty;
use core::mem::size_of;

macro_rules! illegal {
    ($(@$proposal:ident $op:ident $({ $($payload:tt)* })? => $visit:ident ($($ann:tt)*))*) => {
        /// Every operator that the decoder knows. None has a meaning for the validator unless
        /// [`Known`] gives it one.
        #[allow(non_upper_case_globals, reason = "the names of operators")]
        pub(super) trait Operators {
            $(const $op: Code = Code::of(Kind::Illegal);)*
        }
    };
}
wasmparser::for_each_operator!(illegal);

/// The operators that the validator knows.
pub(super) struct Known;

/// Rows that end in the types of operands and results.
macro_rules! plain {
    ($($op:ident $f:ident $visit:ident $text:literal ($($t:ident),*) -> $r:ident $(, $_rest:tt)* ;)*) => {
        $(const $op: Code = Code::plain(&[$(Ty::$t),*], Ty::$r);)*
    };
}

macro_rules! compare {
    ($($op:ident $f:ident $visit:ident $text:literal ($($t:ident),*) -> $r:ident, $($rest:ident)*, $($more:ident)*;)*) => {
        $(const $op: Code = Code::plain(&[$(Ty::$t),*], Ty::$r);)*
    };
}

macro_rules! wide {
    ($($op:ident $f:ident $visit:ident $text:literal ($($t:ident),*) -> ($r:ident, $_high:ident);)*) => {
        $(const $op: Code = Code::row(Kind::Wide, &[$(Ty::$t),*], Ty::$r, 0);)*
    };
}

#[cfg(feature = "simd")]
macro_rules! lane {
    ($($op:ident $f:ident $visit:ident $text:literal ($($t:ident),*) -> $r:ident, lanes $lanes:literal;)*) => {
        $(const $op: Code = Code::row(Kind::Lane, &[$(Ty::$t),*], Ty::$r, $lanes);)*
    };
}

macro_rules! load {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident as $wide:ident -> $r:ident;)*) => {
        $(const $op: Code = Code::access(Kind::Load, &[], Ty::$r, size_of::<$number>());)*
    };
}

macro_rules! store {
    ($($op:ident $f:ident $visit:ident $text:literal $t:ident as $number:ident;)*) => {
        $(const $op: Code =
            Code::access(Kind::Store, &[Ty::$t], Ty::BOTTOM, size_of::<$number>());)*
    };
}

#[cfg(feature = "simd")]
macro_rules! vector_load {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident, bytes $bytes:literal;)*) => {
        $(const $op: Code = Code::access(Kind::Load, &[], Ty::V128, $bytes);)*
    };
}

#[cfg(feature = "simd")]
macro_rules! vector_store {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident, bytes $bytes:literal;)*) => {
        $(const $op: Code = Code::access(Kind::Store, &[Ty::V128], Ty::BOTTOM, $bytes);)*
    };
}

#[cfg(feature = "simd")]
macro_rules! lane_load {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident, bytes $bytes:literal, lanes $l:literal;)*) => {
        $(const $op: Code = Code::access(Kind::MemoryLane, &[Ty::V128], Ty::V128, $bytes);)*
    };
}

#[cfg(feature = "simd")]
macro_rules! lane_store {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident, bytes $bytes:literal, lanes $l:literal;)*) => {
        $(const $op: Code =
            Code::access(Kind::MemoryLane, &[Ty::V128], Ty::BOTTOM, $bytes);)*
    };
}

macro_rules! atomic_load {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident as $wide:ident -> $r:ident;)*) => {
        $(const $op: Code = Code::access(Kind::Atomic, &[], Ty::$r, size_of::<$number>());)*
    };
}

macro_rules! atomic_store {
    ($($op:ident $f:ident $visit:ident $text:literal $t:ident as $number:ident;)*) => {
        $(const $op: Code =
            Code::access(Kind::Atomic, &[Ty::$t], Ty::BOTTOM, size_of::<$number>());)*
    };
}

macro_rules! atomic_rmw {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident $method:ident $t:ident;)*) => {
        $(const $op: Code =
            Code::access(Kind::Atomic, &[Ty::$t], Ty::$t, size_of::<$number>());)*
    };
}

macro_rules! atomic_cmpxchg {
    ($($op:ident $f:ident $visit:ident $text:literal $number:ident $t:ident;)*) => {
        $(const $op: Code =
            Code::access(Kind::Atomic, &[Ty::$t, Ty::$t], Ty::$t, size_of::<$number>());)*
    };
}

macro_rules! by_name {
    ($($op:ident)*) => {
        $(const $op: Code = Code::of(Kind::$op);)*
    };
}

#[allow(non_upper_case_globals, reason = "the names of operators")]
impl Operators for Known {
    tierra_core::for_each_unary!(plain);
    tierra_core::for_each_binary!(plain);
    #[cfg(feature = "simd")]
    tierra_core::for_each_vector!(plain);
    tierra_core::for_each_compare!(compare);
    tierra_core::for_each_wide!(wide);
    #[cfg(feature = "simd")]
    tierra_core::for_each_lane!(lane);
    tierra_core::for_each_load!(load);
    tierra_core::for_each_store!(store);
    #[cfg(feature = "simd")]
    tierra_core::for_each_vector_load!(vector_load);
    #[cfg(feature = "simd")]
    tierra_core::for_each_vector_store!(vector_store);
    #[cfg(feature = "simd")]
    tierra_core::for_each_vector_lane_load!(lane_load);
    #[cfg(feature = "simd")]
    tierra_core::for_each_vector_lane_store!(lane_store);
    tierra_core::for_each_atomic_load!(atomic_load);
    tierra_core::for_each_atomic_store!(atomic_store);
    tierra_core::for_each_atomic_rmw!(atomic_rmw);
    tierra_core::for_each_atomic_cmpxchg!(atomic_cmpxchg);

    const MemoryAtomicNotify: Code = Code::access(Kind::Atomic, &[Ty::I32], Ty::I32, 4);
    const MemoryAtomicWait32: Code = Code::access(Kind::Atomic, &[Ty::I32, Ty::I64], Ty::I32, 4);
    const MemoryAtomicWait64: Code = Code::access(Kind::Atomic, &[Ty::I64, Ty::I64], Ty::I32, 8);

    const I32Const: Code = Code::row(Kind::I32Const, &[], Ty::I32, 0);
    const I64Const: Code = Code::row(Kind::I64Const, &[], Ty::I64, 0);

    // Some share what is done for them.
    const TypedSelectMulti: Code = Self::TypedSelect;
    const StructGetS: Code = Code::of(Kind::StructGetPacked);
    const StructGetU: Code = Code::of(Kind::StructGetPacked);
    const ArrayGetS: Code = Code::of(Kind::ArrayGetPacked);
    const ArrayGetU: Code = Code::of(Kind::ArrayGetPacked);
    const I31GetS: Code = Code::of(Kind::I31Get);
    const I31GetU: Code = Code::of(Kind::I31Get);

    by_name! {
        Unreachable Nop Block Loop If Else Try Catch CatchAll Delegate Rethrow Throw ThrowRef
        TryTable End Br BrIf BrTable Return Call CallIndirect CallRef ReturnCall
        ReturnCallIndirect ReturnCallRef Drop Select TypedSelect LocalGet LocalSet LocalTee
        GlobalGet GlobalSet TableGet TableSet TableInit ElemDrop TableCopy TableGrow TableSize
        TableFill MemorySize MemoryGrow MemoryInit DataDrop MemoryCopy MemoryFill AtomicFence
        F32Const F64Const RefNull RefIsNull RefFunc
        RefEq RefAsNonNull BrOnNull BrOnNonNull StructNew StructNewDefault StructGet StructSet
        ArrayNew ArrayNewDefault ArrayNewFixed ArrayNewData ArrayNewElem ArrayGet ArraySet
        ArrayLen ArrayFill ArrayCopy ArrayInitData ArrayInitElem RefTestNonNull RefTestNullable
        RefCastNonNull RefCastNullable BrOnCast BrOnCastFail AnyConvertExtern ExternConvertAny
        RefI31
    }
    #[cfg(feature = "simd")]
    by_name! { V128Const I8x16Shuffle }
}
