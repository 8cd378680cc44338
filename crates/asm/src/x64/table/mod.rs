//! The table of instructions: every instruction is one row, every form one entry of it.
//!
//! ```text
//! Cmpxchg "cmpxchg" NONE [form(b"MR", [RM, R], P0F, 0xb0).sizes(BWDQ)];
//! ```
//!
//! The name in Rust, the name that a disassembler gives (twins without the `v` of VEX; conditional
//! ones without the condition), the feature that all forms need, and the forms, where the first
//! that fits is taken. The language of forms is told in [`form`](super::form); what many rows
//! share are functions of [`shape`].
//!
//! Each family is a macro that hands its rows on to the next, the last of which makes the enum and
//! the array, so that the numbers of one are the indices of the other. The tests of the crate walk
//! the same array: a new row is tested by being here.

#[macro_use]
mod atomic;
#[macro_use]
mod avx;
#[macro_use]
mod avx512;
#[macro_use]
mod bits;
#[macro_use]
mod control;
#[macro_use]
mod integer;
mod shape;
#[macro_use]
mod sse_float;
#[macro_use]
mod sse_int;
#[macro_use]
mod sse_move;

use super::features::Features;
use super::form::kind::*;
use super::form::page::*;
use super::form::sizes::*;
use super::form::{Form, form, with_needs};
use shape::*;

/// An instruction's row.
struct Row {
    name: &'static str,
    forms: &'static [Form],
}

macro_rules! build {
    (; $($op:ident $name:literal $feature:ident $forms:expr;)*) => {
        /// An instruction of any form: one per row of the table.
        #[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Op {
            $(#[doc = concat!("`", $name, "`")] $op,)*
        }

        impl Op {
            /// All instructions, in the order of the table.
            pub const ALL: &[Op] = &[$(Op::$op),*];
        }

        static ROWS: [Row; Op::ALL.len()] = [$(Row {
            name: $name,
            forms: {
                const FORMS: &[Form] = &with_needs($forms, Features::$feature);
                FORMS
            },
        }),*];
    };
}

integer! { bits control atomic sse_move sse_float sse_int avx avx512 build; }

impl Op {
    /// What disassemblers call it: twins without their `v`, conditional ones without condition.
    pub fn name(self) -> &'static str {
        ROWS[self as usize].name
    }

    /// The forms, the shortest first.
    #[inline]
    pub(super) fn forms(self) -> &'static [Form] {
        ROWS[self as usize].forms
    }
}
