//! The table of operators.
//!
//! Everything the engine needs to know of a numeric, vector or memory operator by name is one
//! row here: what it is called in Rust, in the text format and in [`sem`](crate::sem), which
//! types it takes and gives. The decoder's visitor, the interpreter's handlers, the folding of
//! constants and the names in a listing are generated from the rows and can't drift apart.
//!
//! # Shape
//!
//! A table is a macro that calls another macro with all of its rows. All rows of one table have
//! one shape, so a consumer is a single pattern in a repetition. Every row begins alike,
//!
//! ```text
//! I32Add i32_add visit_i32_add "i32.add" …;
//! ```
//!
//! with the variant of the decoder's `Operator`, the function in `sem`, the method of the
//! decoder's visitor, and the name in the text format. (`wasmparser`
//! spells both Rust names; a test compares.) What follows depends on the table:
//!
//! | table | the rest of a row |
//! |---|---|
//! | [`for_each_unary`] | `(I32) -> I32;` |
//! | [`for_each_binary`] | `(I32, I32) -> I32, commutes;` or `ordered;` |
//! | [`for_each_compare`] | `(I32, I32) -> I32, swap I32GtS i32_gt_s, negate I32GeS i32_ge_s;` |
//! | [`for_each_wide`] | `(I64, I64, I64, I64) -> (I64, I64);` |
//! | [`for_each_vector`] | `(V128, V128) -> V128;`, with one to three operands |
//! | [`for_each_lane`] | `(V128, I32) -> V128, lanes 16;` |
//! | [`for_each_load`], [`for_each_atomic_load`] | `i8 as i32 -> I32;` |
//! | [`for_each_store`], [`for_each_atomic_store`] | `I32 as u8;` |
//! | [`for_each_atomic_rmw`] | `u8 fetch_add I32;`, or another method, or `swap` |
//! | [`for_each_atomic_cmpxchg`] | `u8 I32;` |
//! | [`for_each_vector_load`], [`for_each_vector_store`] | `u64, bytes 8;` |
//! | [`for_each_vector_lane_load`], [`for_each_vector_lane_store`] | `u8, bytes 1, lanes 16;` |
//!
//! Types are named `I32`, `I64`, `F32`, `F64` and `V128`; a consumer with types of its own maps
//! the names by one small macro, as the example does. Lower-case types are Rust's, of the number
//! in memory. Scalar loads and stores have no function in `sem`: a consumer that has the number
//! has the value. Those of vectors have one, between the number and the vector.
//!
//! An operand that can be `none` (the `negate` of most comparisons of floats) is told apart by a
//! macro with two arms, `(none) => { None }; ($op:ident) => { Some(Operator::$op) };`.
//!
//! # Using a table
//!
//! The names of the scalar operators of two operands, and the number of those that commute:
//!
//! ```
//! macro_rules! ty {
//!     (I32) => { "i32" };
//!     (I64) => { "i64" };
//!     (F32) => { "f32" };
//!     (F64) => { "f64" };
//! }
//!
//! macro_rules! commutes {
//!     (commutes) => { 1 };
//!     (ordered) => { 0 };
//! }
//!
//! macro_rules! describe {
//!     ($($op:ident $name:ident $visit:ident $text:literal ($left:ident, $right:ident) -> $result:ident,
//!         $order:ident;)*) => {
//!         const BINARY: &[(&str, &str)] = &[$(($text, ty!($result))),*];
//!         const COMMUTE: usize = 0 $(+ commutes!($order))*;
//!     };
//! }
//! tierra_core::for_each_binary!(describe);
//!
//! const _: () = assert!(BINARY.len() == 44 && COMMUTE == 18);
//! ```
//!
//! # Adding an operator
//!
//! 1. Write its function in the module of `sem` for its family.
//! 2. Add its row to the table whose shape fits.
//!
//! That is all: what is generated from the table now has it, and a consumer that can't handle
//! it fails to compile. The tests of this module check that the row agrees with the decoder, that
//! the function's types are those of the row, and that what the row claims of commuting,
//! swapping and negating is true.
//!
//! [`for_each_unary`]: crate::for_each_unary
//! [`for_each_binary`]: crate::for_each_binary
//! [`for_each_compare`]: crate::for_each_compare
//! [`for_each_wide`]: crate::for_each_wide
//! [`for_each_vector`]: crate::for_each_vector
//! [`for_each_lane`]: crate::for_each_lane
//! [`for_each_load`]: crate::for_each_load
//! [`for_each_store`]: crate::for_each_store
//! [`for_each_vector_load`]: crate::for_each_vector_load
//! [`for_each_vector_store`]: crate::for_each_vector_store
//! [`for_each_vector_lane_load`]: crate::for_each_vector_lane_load
//! [`for_each_vector_lane_store`]: crate::for_each_vector_lane_store
//! [`for_each_atomic_load`]: crate::for_each_atomic_load
//! [`for_each_atomic_store`]: crate::for_each_atomic_store
//! [`for_each_atomic_rmw`]: crate::for_each_atomic_rmw
//! [`for_each_atomic_cmpxchg`]: crate::for_each_atomic_cmpxchg

mod atomic;
mod memory;
mod scalar;
#[cfg(test)]
mod tests;
mod vector;
