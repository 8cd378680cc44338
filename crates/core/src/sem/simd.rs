//! Vectors: lane-wise application, and the operators by family.

use crate::V128;

mod convert;
mod float;
mod int;
mod lane;
mod memory;
mod relaxed;

pub use convert::*;
pub use float::*;
pub use int::*;
pub use lane::*;
pub use memory::*;
pub use relaxed::*;

/// A type of which a vector has `N` lanes.
trait Lane<const N: usize>: Copy + Default {
    /// All lanes zero.
    const NONE: [Self; N];
    fn split(v: V128) -> [Self; N];
    fn join(lanes: [Self; N]) -> V128;
}

macro_rules! lanes {
    ($($ty:ident $count:literal $from:ident $to:ident;)*) => {$(
        impl Lane<$count> for $ty {
            const NONE: [$ty; $count] = [0 as $ty; $count];

            #[inline(always)]
            fn split(v: V128) -> [$ty; $count] {
                v.$to()
            }

            #[inline(always)]
            fn join(lanes: [$ty; $count]) -> V128 {
                V128::$from(lanes)
            }
        }
    )*};
}

lanes! {
    u8 16 from_u8x16 to_u8x16;
    i8 16 from_i8x16 to_i8x16;
    u16 8 from_u16x8 to_u16x8;
    i16 8 from_i16x8 to_i16x8;
    u32 4 from_u32x4 to_u32x4;
    i32 4 from_i32x4 to_i32x4;
    u64 2 from_u64x2 to_u64x2;
    i64 2 from_i64x2 to_i64x2;
    f32 4 from_f32x4 to_f32x4;
    f64 2 from_f64x2 to_f64x2;
}

/// The shape of which `$lane` is the lane, in the text format.
macro_rules! shape {
    (u8) => {
        "i8x16"
    };
    (i8) => {
        "i8x16"
    };
    (u16) => {
        "i16x8"
    };
    (i16) => {
        "i16x8"
    };
    (u32) => {
        "i32x4"
    };
    (i32) => {
        "i32x4"
    };
    (u64) => {
        "i64x2"
    };
    (i64) => {
        "i64x2"
    };
    (f32) => {
        "f32x4"
    };
    (f64) => {
        "f64x2"
    };
}
use shape;

// Loops over arrays, and not `array::map` or `from_fn`: those are functions that the optimizer
// may leave out of line, and a handler of the interpreter that passes the address of a local to
// one no longer ends in a jump.

/// The lanes that `$f` gives for each index.
macro_rules! lanes_of {
    (|$i:ident| $f:expr) => {{
        let mut lanes = R::NONE;
        let mut $i = 0;
        while $i < lanes.len() {
            lanes[$i] = $f;
            $i += 1;
        }
        R::join(lanes)
    }};
}

/// Applies `f` to each lane.
#[inline(always)]
fn map<T: Lane<N>, R: Lane<N>, const N: usize>(a: V128, f: impl Fn(T) -> R) -> V128 {
    let a = T::split(a);
    lanes_of!(|i| f(a[i]))
}

/// Applies `f` to each pair of lanes.
#[inline(always)]
fn zip<T: Lane<N>, R: Lane<N>, const N: usize>(a: V128, b: V128, f: impl Fn(T, T) -> R) -> V128 {
    let (a, b) = (T::split(a), T::split(b));
    lanes_of!(|i| f(a[i], b[i]))
}

/// Applies `f` to each triple of lanes.
#[inline(always)]
fn zip3<R: Lane<N>, const N: usize>(a: V128, b: V128, c: V128, f: impl Fn(R, R, R) -> R) -> V128 {
    let (a, b, c) = (R::split(a), R::split(b), R::split(c));
    lanes_of!(|i| f(a[i], b[i], c[i]))
}

/// Applies `f` to the half of the lanes that starts at lane `start`; the results are as many as
/// the wider lanes of a vector.
#[inline(always)]
fn widen<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    start: usize,
    f: impl Fn(T) -> R,
) -> V128 {
    let a = T::split(a);
    lanes_of!(|i| f(a[start + i]))
}

/// Applies `f` to the pairs of lanes of the halves that start at lane `start`.
#[inline(always)]
fn widen_zip<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    start: usize,
    f: impl Fn(T, T) -> R,
) -> V128 {
    let (a, b) = (T::split(a), T::split(b));
    lanes_of!(|i| f(a[start + i], b[start + i]))
}

/// Applies `f` to the lanes of both operands, those of `a` first; the results are narrower.
#[inline(always)]
fn narrow<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(T) -> R,
) -> V128 {
    let (a, b) = (T::split(a), T::split(b));
    lanes_of!(|i| f(if i < N { a[i] } else { b[i - N] }))
}

/// Applies `f` to neighbors: lanes 0 and 1, 2 and 3, and so on.
#[inline(always)]
fn pairwise<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    f: impl Fn(T, T) -> R,
) -> V128 {
    let a = T::split(a);
    lanes_of!(|i| f(a[2 * i], a[2 * i + 1]))
}

/// Applies `f` to neighbors of both operands: `f(a0, b0, a1, b1)`, and so on.
#[inline(always)]
fn pairwise_zip<T: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(T, T, T, T) -> R,
) -> V128 {
    let (a, b) = (T::split(a), T::split(b));
    lanes_of!(|i| f(a[2 * i], b[2 * i], a[2 * i + 1], b[2 * i + 1]))
}
