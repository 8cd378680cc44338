//! What every numeric and vector operator computes: one pure function per operator.
//!
//! The functions are named as the text format names the operators, with underscores in place of
//! the dots (`i32.add` is [`i32_add`]), so the rows of the tables in [`op`](crate::op) lead from
//! an operator to its function. The interpreter, constant folding, constant expressions and the
//! evaluator of the intermediate representation all call these functions and none has arithmetic
//! of its own.
//!
//! Values have one Rust type per Wasm type: `i32` is `u32`, `i64` is `u64`, `f32` and `f64` are
//! themselves, `v128` is [`V128`]. Tests and comparisons yield a `u32`, 0 or 1. An operator that
//! can trap yields a `Result`; [`Outcome`] lets generic code treat both kinds alike.
//!
//! Vectors are computed by loops over arrays of lanes, which LLVM turns into vector
//! instructions, and not by intrinsics of one architecture.
//!
//! # NaN
//!
//! Arithmetic leaves NaN to the hardware, as the specification permits: canonical operands give
//! a canonical result, others an arithmetic (quiet) one, the sign and the payload are not
//! determined. The operators that are not one machine instruction everywhere (`min`, `max` and
//! the roundings) are written to give a quiet NaN, with the payload of an operand. `abs`, `neg`,
//! `copysign`, `pmin` and `pmax` move bits and leave a signaling NaN as it is.
//!
//! # Relaxed operators
//!
//! They compute what the deterministic profile of the specification prescribes, on every
//! machine: multiply-add rounds once, the others are their strict counterparts.
//!
//! # The feature `std`
//!
//! Without it, square roots and fused multiply-adds come from `libm` and rounding from portable
//! code in this module; with it, from the standard library, which compiles to an instruction
//! where the target has one. The results are the same.

use crate::{Trap, V128};

mod convert;
mod float;
mod int;
mod simd;
#[cfg(test)]
mod tests;

pub use convert::*;
pub use float::*;
pub use int::*;
pub use simd::*;

/// The result of an operator, fallible or not, as a `Result`.
///
/// ```
/// use tierra_core::{Trap, sem::{Outcome, i32_add, i32_div_u}};
///
/// assert_eq!(i32_add(1, 2).outcome(), Ok(3));
/// assert_eq!(i32_div_u(1, 0).outcome(), Err(Trap::IntegerDivideByZero));
/// ```
pub trait Outcome {
    /// What the operator yields when it doesn't trap.
    type Value;

    /// The value, or the trap.
    fn outcome(self) -> Result<Self::Value, Trap>;
}

macro_rules! infallible {
    ($($ty:ty),*) => {$(
        impl Outcome for $ty {
            type Value = $ty;

            #[inline(always)]
            fn outcome(self) -> Result<$ty, Trap> {
                Ok(self)
            }
        }
    )*};
}

infallible!(u32, u64, f32, f64, V128, (u64, u64));

impl<T> Outcome for Result<T, Trap> {
    type Value = T;

    #[inline(always)]
    fn outcome(self) -> Result<T, Trap> {
        self
    }
}

/// Defines functions from rows `"i32.add" i32_add(a: u32, b: u32) -> u32 => expression;`.
macro_rules! define {
    ($($text:literal $name:ident($($arg:ident: $ty:ty),*) -> $result:ty => $body:expr;)*) => {$(
        #[doc = concat!("`", $text, "`.")]
        #[inline(always)]
        pub fn $name($($arg: $ty),*) -> $result {
            $body
        }
    )*};
}
use define;

/// The result type of an operator on `$ty`: `same`, a `flag`, or the same unless it traps.
macro_rules! result {
    (same $ty:ty) => { $ty };
    (flag $ty:ty) => { u32 };
    (fallible $ty:ty) => { Result<$ty, $crate::Trap> };
}
use result;
