//! The text form.
//!
//! ```text
//! function "name" guest (i64, i32) -> (i32) context 0 stack_limit 16 8 sym7 {
//!     slot0 = slot 24
//!     sig0 = guest (i32, i32) -> (i64)
//!     place0 = 12 in 17                   ; copied in the stead of a call at 17
//! block0(v0: i64, v1: i32):
//!     v2 = i32.const 5                    ; floats by their bits: f32.const 0x7fc00000
//!     v3 = i32.add v1, v2
//!     v4 = load i32.u8 v0+16 class 3 trap 2 readonly anytime
//!     store i32 v0-8, v4
//!     v5 = call sig0 sym3(v3, v4) reads @17
//!     branch v3, block1(v2), block2
//! block1(v6: i32) cold:
//!     v7 = try_call sig0 [v0+8](v6, v6), block2, tag 4 block3, any block4
//! …
//! }
//! ```
//!
//! What a call calls is a symbol, an address `v1` or a cell `[v1+8]`; `@` is the location; `;`
//! starts a comment. An instruction is one line. The ids are the function's own, so that a dump agrees with every other; a
//! text that is parsed gets the ids that it names, and printing what was parsed gives the text
//! again. Aliases are printed as what they stand for.

mod lex;
mod parse;
mod print;

pub use parse::{ParseError, parse};
pub use print::InstText;
