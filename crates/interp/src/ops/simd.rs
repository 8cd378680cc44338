//! Vectors: every operand in a slot pair; `b` holds two more slot numbers, or one and a lane.

use super::memory::{address, place, place_in};
use super::{rust_type, trap};
use crate::dispatch::{Flow, Handler, Instr, Regs, handler};
use crate::operand::*;
use core::marker::PhantomData;
use tierra_core::{
    V128, for_each_lane, for_each_vector, for_each_vector_lane_load, for_each_vector_lane_store,
    for_each_vector_load, for_each_vector_store, sem,
};

/// The slot in the low half of `b`.
#[inline(always)]
fn low(b: u32) -> u16 {
    b as u16
}

/// The slot or lane in the high half of `b`.
#[inline(always)]
fn high(b: u32) -> u16 {
    (b >> 16) as u16
}

/// Puts a result where its type says: scalars into the accumulator too.
macro_rules! put {
    ($r:ident, V128, $value:expr) => {
        $r.set($r.args().dst, $value)
    };
    ($r:ident, $scalar:ident, $value:expr) => {{
        let value = $value;
        ToSlot::put($r, value)
    }};
}

/// Defines an instruction of `words` words whose body may use `?` on flows.
macro_rules! instr {
    ($op:ident, |$r:ident| $body:expr, $words:expr) => {
        pub(crate) struct $op;
        impl Instr for $op {
            #[inline(always)]
            unsafe fn run($r: &mut Regs) -> Flow {
                // SAFETY: `Instr::run`'s contract.
                unsafe {
                    $body;
                    $r.ip = $r.ip.add($words);
                }
                Flow::Next
            }
        }
    };
}

macro_rules! apply {
    ($f:ident $r:ident ($a:ident)) => {
        sem::$f($r.get::<rust_type!($a)>($r.args().a))
    };
    ($f:ident $r:ident ($a:ident, $b:ident)) => {
        sem::$f(
            $r.get::<rust_type!($a)>($r.args().a),
            $r.get::<rust_type!($b)>(low($r.args().b)),
        )
    };
    ($f:ident $r:ident ($a:ident, $b:ident, $c:ident)) => {
        sem::$f(
            $r.get::<rust_type!($a)>($r.args().a),
            $r.get::<rust_type!($b)>(low($r.args().b)),
            $r.get::<rust_type!($c)>(high($r.args().b)),
        )
    };
}

macro_rules! vector_ops {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident;)*) => {
        $(instr!($op, |r| put!(r, $r, apply!($f r ($($a),*))), 2);)*
        /// The vector operators without immediates, as indices into [`VECTOR`].
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum VectorId { $($op),* }
        /// One handler per operator.
        pub(crate) static VECTOR: &[Handler] = &[$(handler::<$op>()),*];
    };
}
for_each_vector!(vector_ops);

macro_rules! lane {
    ($f:ident $r:ident ($v:ident)) => {
        sem::$f($r.get::<V128>($r.args().a), high($r.args().b) as u8)
    };
    ($f:ident $r:ident ($v:ident, $x:ident)) => {
        sem::$f(
            $r.get::<V128>($r.args().a),
            $r.get::<rust_type!($x)>(low($r.args().b)),
            high($r.args().b) as u8,
        )
    };
}

macro_rules! lane_ops {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, lanes $lanes:literal;)*) => {
        $(instr!($op, |r| put!(r, $r, lane!($f r ($($a),*))), 2);)*
        /// The lane operators, as indices into [`LANE`].
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum LaneId { $($op),* }
        /// One handler per operator.
        pub(crate) static LANE: &[Handler] = &[$(handler::<$op>()),*];
    };
}
for_each_lane!(lane_ops);

instr!(
    Shuffle,
    |r| {
        let lanes = V128::load(r.ip.add(2)).to_u8x16();
        let (a, b) = (r.get(r.args().a), r.get(low(r.args().b)));
        r.set(r.args().dst, sem::i8x16_shuffle(a, b, lanes));
    },
    4
);

/// A vector made of a number in memory.
pub(crate) trait VectorLoad {
    type Memory: Copy;
    fn widen(number: Self::Memory) -> V128;
}

/// Short: memory 0, address in slot `a`, offset `b`.
pub(crate) struct LoadVector<O>(PhantomData<O>);

impl<O: VectorLoad> Instr for LoadVector<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `place` is within the memory.
        unsafe {
            let args = r.args();
            match place::<O::Memory>(r, r.get(args.a), args.b) {
                Ok(place) => {
                    r.set(args.dst, O::widen(place.read_unaligned()));
                    r.ip = r.ip.add(2);
                    Flow::Next
                }
                Err(flow) => flow,
            }
        }
    }
}

/// General: memory `b`, offset in the third word.
pub(crate) struct LoadVectorFrom<O, const W64: bool>(PhantomData<O>);

impl<O: VectorLoad, const W64: bool> Instr for LoadVectorFrom<O, W64> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `place` is within the memory.
        unsafe {
            let args = r.args();
            let place = trap!(place_in::<O::Memory>(
                r,
                args.b,
                address::<W64>(r),
                r.word(2)
            ));
            r.set(args.dst, O::widen(place.read_unaligned()));
            r.ip = r.ip.add(3);
        }
        Flow::Next
    }
}

/// By form: short, general with 32 bits, general with 64 bits.
pub(crate) type VectorMemoryRow = [Handler; 3];

macro_rules! vector_loads {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {
        $(
            pub(crate) struct $op;
            impl VectorLoad for $op {
                type Memory = $memory;
                #[inline(always)]
                fn widen(number: $memory) -> V128 {
                    sem::$f(number)
                }
            }
        )*
        /// The vector loads, as indices into [`VECTOR_LOAD`].
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum VectorLoadId { $($op),* }
        /// One row per load.
        pub(crate) static VECTOR_LOAD: &[VectorMemoryRow] = &[$([
            handler::<LoadVector<$op>>(),
            handler::<LoadVectorFrom<$op, false>>(),
            handler::<LoadVectorFrom<$op, true>>(),
        ]),*];
    };
}
for_each_vector_load!(vector_loads);

/// A number in memory made of a vector.
pub(crate) trait VectorStore {
    type Memory: Copy;
    fn narrow(vector: V128) -> Self::Memory;
}

/// Short: memory 0, address in slot `a`, value in slot `dst`, offset `b`.
pub(crate) struct StoreVector<O>(PhantomData<O>);

impl<O: VectorStore> Instr for StoreVector<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `place` is within the memory.
        unsafe {
            let args = r.args();
            match place::<O::Memory>(r, r.get(args.a), args.b) {
                Ok(place) => {
                    place.write_unaligned(O::narrow(r.get(args.dst)));
                    r.ip = r.ip.add(2);
                    Flow::Next
                }
                Err(flow) => flow,
            }
        }
    }
}

/// General: memory `b`, offset in the third word.
pub(crate) struct StoreVectorTo<O, const W64: bool>(PhantomData<O>);

impl<O: VectorStore, const W64: bool> Instr for StoreVectorTo<O, W64> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `place` is within the memory.
        unsafe {
            let args = r.args();
            let place = trap!(place_in::<O::Memory>(
                r,
                args.b,
                address::<W64>(r),
                r.word(2)
            ));
            place.write_unaligned(O::narrow(r.get(args.dst)));
            r.ip = r.ip.add(3);
        }
        Flow::Next
    }
}

macro_rules! vector_stores {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal;)*) => {
        $(
            pub(crate) struct $op;
            impl VectorStore for $op {
                type Memory = $memory;
                #[inline(always)]
                fn narrow(vector: V128) -> $memory {
                    sem::$f(vector)
                }
            }
        )*
        /// The vector stores, as indices into [`VECTOR_STORE`].
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum VectorStoreId { $($op),* }
        /// One row per store.
        pub(crate) static VECTOR_STORE: &[VectorMemoryRow] = &[$([
            handler::<StoreVector<$op>>(),
            handler::<StoreVectorTo<$op, false>>(),
            handler::<StoreVectorTo<$op, true>>(),
        ]),*];
    };
}
for_each_vector_store!(vector_stores);

/// The fourth word of a lane access: the slot of the vector and the lane.
#[inline(always)]
unsafe fn vector_and_lane(r: &Regs) -> (V128, u8) {
    // SAFETY: the caller's.
    unsafe {
        let word = r.word(3);
        (r.get(word as u16), (word >> 16) as u8)
    }
}

macro_rules! lane_loads {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal, lanes $lanes:literal;)*) => {
        $(
            pub(crate) struct $op<const W64: bool>;
            impl<const W64: bool> Instr for $op<W64> {
                #[inline(always)]
                unsafe fn run(r: &mut Regs) -> Flow {
                    // SAFETY: `Instr::run`'s contract; `place` is within the memory.
                    unsafe {
                        let args = r.args();
                        let place = trap!(place_in::<$memory>(r, args.b, address::<W64>(r), r.word(2)));
                        let (vector, lane) = vector_and_lane(r);
                        r.set(args.dst, sem::$f(vector, place.read_unaligned(), lane));
                        r.ip = r.ip.add(4);
                    }
                    Flow::Next
                }
            }
        )*
        /// The lane loads, as indices into [`LANE_LOAD`].
        #[derive(Clone, Copy)]
        #[repr(u8)]
        #[allow(clippy::enum_variant_names, reason = "the table's names")]
        pub(crate) enum LaneLoadId { $($op),* }
        /// By width of addresses.
        pub(crate) static LANE_LOAD: &[[Handler; 2]] =
            &[$([handler::<$op<false>>(), handler::<$op<true>>()]),*];
    };
}
for_each_vector_lane_load!(lane_loads);

macro_rules! lane_stores {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident, bytes $bytes:literal, lanes $lanes:literal;)*) => {
        $(
            pub(crate) struct $op<const W64: bool>;
            impl<const W64: bool> Instr for $op<W64> {
                #[inline(always)]
                unsafe fn run(r: &mut Regs) -> Flow {
                    // SAFETY: `Instr::run`'s contract; `place` is within the memory.
                    unsafe {
                        let args = r.args();
                        let place = trap!(place_in::<$memory>(r, args.b, address::<W64>(r), r.word(2)));
                        let (vector, lane) = vector_and_lane(r);
                        place.write_unaligned(sem::$f(vector, lane));
                        r.ip = r.ip.add(4);
                    }
                    Flow::Next
                }
            }
        )*
        /// The lane stores, as indices into [`LANE_STORE`].
        #[derive(Clone, Copy)]
        #[repr(u8)]
        #[allow(clippy::enum_variant_names, reason = "the table's names")]
        pub(crate) enum LaneStoreId { $($op),* }
        /// By width of addresses.
        pub(crate) static LANE_STORE: &[[Handler; 2]] =
            &[$([handler::<$op<false>>(), handler::<$op<true>>()]),*];
    };
}
for_each_vector_lane_store!(lane_stores);
