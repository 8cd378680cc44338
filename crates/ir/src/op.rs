//! The operators: one enum per shape, generated from the tables of `tierra-core`, with names,
//! types and meaning.
//!
//! Values are evaluated as their bits in a `u128`, narrow ones zero-extended.

use crate::types::Type;
use tierra_core::sem::{self, Outcome};
use tierra_core::{Trap, V128};
use tierra_core::{
    for_each_binary, for_each_compare, for_each_lane, for_each_unary, for_each_vector,
    for_each_wide,
};

/// A Rust type that stands for a value.
trait Bits: Sized {
    fn from_bits(bits: u128) -> Self;
    fn into_bits(self) -> u128;
}

macro_rules! bits {
    ($($ty:ty: $bits:ident => $from:expr, $value:ident => $into:expr;)*) => {$(
        impl Bits for $ty {
            fn from_bits($bits: u128) -> Self { $from }
            fn into_bits(self) -> u128 { let $value = self; $into }
        }
    )*};
}

bits! {
    u32: b => b as u32, v => v.into();
    u64: b => b as u64, v => v.into();
    f32: b => f32::from_bits(b as u32), v => v.to_bits().into();
    f64: b => f64::from_bits(b as u64), v => v.to_bits().into();
    V128: b => V128::from_bits(b), v => v.to_bits();
}

macro_rules! ops {
    (
        $(#[$doc:meta])* $enum:ident;
        $($op:ident $text:literal ($($arg:ident),*) -> $result:ident;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the names are the specification's")]
        pub enum $enum { $($op),* }

        impl $enum {
            /// Every operator, in the order of the table.
            pub const ALL: &[$enum] = &[$($enum::$op),*];
            const NAMES: &[&str] = &[$($text),*];
            const ARGS: &[&[Type]] = &[$(&[$(Type::$arg),*]),*];
            const RESULTS: &[Type] = &[$(Type::$result),*];

            /// The name in the text format.
            pub const fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }

            /// The operator of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().position(|n| *n == name).map(|i| Self::ALL[i])
            }

            /// The types of the operands.
            pub const fn args(self) -> &'static [Type] {
                Self::ARGS[self as usize]
            }

            /// The type of the result.
            pub const fn result(self) -> Type {
                Self::RESULTS[self as usize]
            }
        }
    };
}

macro_rules! unary {
    ($($op:ident $fn:ident $visit:ident $text:literal ($a:ident) -> $r:ident;)*) => {
        ops! {
            /// A scalar operator of one operand.
            UnaryOp;
            $($op $text ($a) -> $r;)*
        }

        impl UnaryOp {
            /// The result.
            ///
            /// # Errors
            /// The trap, if it traps.
            pub fn eval(self, a: u128) -> Result<u128, Trap> {
                match self {
                    $(UnaryOp::$op => sem::$fn(Bits::from_bits(a)).outcome().map(Bits::into_bits),)*
                }
            }
        }
    };
}
for_each_unary!(unary);

impl UnaryOp {
    /// Whether it traps for some operands: the conversions of floats to integers do.
    pub const fn can_trap(self) -> bool {
        use UnaryOp::*;
        matches!(
            self,
            I32TruncF32S
                | I32TruncF32U
                | I32TruncF64S
                | I32TruncF64U
                | I64TruncF32S
                | I64TruncF32U
                | I64TruncF64S
                | I64TruncF64U
        )
    }
}

macro_rules! order {
    (commutes) => {
        true
    };
    (ordered) => {
        false
    };
}

macro_rules! binary {
    ($($op:ident $fn:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident, $order:ident;)*) => {
        ops! {
            /// A scalar operator of two operands that is no comparison.
            BinaryOp;
            $($op $text ($a, $b) -> $r;)*
        }

        impl BinaryOp {
            const COMMUTES: &[bool] = &[$(order!($order)),*];

            /// The result.
            ///
            /// # Errors
            /// The trap, if it traps.
            pub fn eval(self, a: u128, b: u128) -> Result<u128, Trap> {
                match self {
                    $(BinaryOp::$op => sem::$fn(Bits::from_bits(a), Bits::from_bits(b))
                        .outcome().map(Bits::into_bits),)*
                }
            }

            /// Whether the operands may change places.
            pub const fn commutes(self) -> bool {
                Self::COMMUTES[self as usize]
            }
        }
    };
}
for_each_binary!(binary);

impl BinaryOp {
    /// Whether it traps for some operands: integer division does.
    pub const fn can_trap(self) -> bool {
        use BinaryOp::*;
        matches!(
            self,
            I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU
        )
    }
}

macro_rules! opposite {
    (none) => {
        None
    };
    ($op:ident) => {
        Some(CompareOp::$op)
    };
}

macro_rules! compare {
    ($($op:ident $fn:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident,
        swap $swap:ident $swap_fn:ident, negate $negate:ident $negate_fn:ident;)*) => {
        ops! {
            /// A scalar comparison: 0 or 1 as an `i32`.
            CompareOp;
            $($op $text ($a, $b) -> $r;)*
        }

        impl CompareOp {
            const SWAP: &[CompareOp] = &[$(CompareOp::$swap),*];
            const NEGATE: &[Option<CompareOp>] = &[$(opposite!($negate)),*];

            /// The result, 0 or 1.
            pub fn eval(self, a: u128, b: u128) -> u128 {
                match self {
                    $(CompareOp::$op => sem::$fn(Bits::from_bits(a), Bits::from_bits(b)).into_bits(),)*
                }
            }

            /// The comparison with the operands exchanged.
            pub const fn swap(self) -> CompareOp {
                Self::SWAP[self as usize]
            }

            /// The comparison that is true when this one is false, if there is one.
            pub const fn negate(self) -> Option<CompareOp> {
                Self::NEGATE[self as usize]
            }
        }
    };
}
for_each_compare!(compare);

macro_rules! wide {
    ($($op:ident $fn:ident $visit:ident $text:literal ($($a:ident),*) -> (I64, I64);)*) => {
        ops! {
            /// A scalar operator with two results, the low half and the high half.
            WideOp;
            $($op $text ($($a),*) -> I64;)*
        }

        impl WideOp {
            /// The results. There are as many operands as [`WideOp::args`] says.
            pub fn eval(self, args: &[u128]) -> [u128; 2] {
                let mut args = args.iter().map(|bits| *bits as u64);
                let mut next = || args.next().expect("an operator has its operands");
                let (low, high) = match self {
                    $(WideOp::$op => sem::$fn($({
                        let value: wide!(@ty $a) = next();
                        value
                    }),*),)*
                };
                [low.into(), high.into()]
            }
        }
    };
    (@ty I64) => { u64 };
}
for_each_wide!(wide);

macro_rules! vector {
    ($($op:ident $fn:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident;)*) => {
        ops! {
            /// An operator on vectors without an immediate, of one to three operands.
            VectorOp;
            $($op $text ($($a),*) -> $r;)*
        }

        impl VectorOp {
            /// The result. There are as many operands as [`VectorOp::args`] says.
            pub fn eval(self, args: &[u128]) -> u128 {
                let mut args = args.iter().copied();
                let mut next = || args.next().expect("an operator has its operands");
                match self {
                    $(VectorOp::$op => sem::$fn($({
                        let value: rust_type!($a) = Bits::from_bits(next());
                        value
                    }),*).into_bits(),)*
                }
            }
        }
    };
}

macro_rules! rust_type {
    (I32) => {
        u32
    };
    (I64) => {
        u64
    };
    (F32) => {
        f32
    };
    (F64) => {
        f64
    };
    (V128) => {
        V128
    };
}
for_each_vector!(vector);

macro_rules! lane {
    ($($op:ident $fn:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident, lanes $lanes:literal;)*) => {
        ops! {
            /// An operator that reads or replaces one lane of a vector.
            LaneOp;
            $($op $text ($($a),*) -> $r;)*
        }

        impl LaneOp {
            const LANES: &[u8] = &[$($lanes),*];

            /// The number of lanes: the immediate is below.
            pub const fn lanes(self) -> u8 {
                Self::LANES[self as usize]
            }

            /// The result. There are as many operands as [`LaneOp::args`] says.
            pub fn eval(self, args: &[u128], lane: u8) -> u128 {
                let mut args = args.iter().copied();
                let mut next = || args.next().expect("an operator has its operands");
                match self {
                    $(LaneOp::$op => sem::$fn($({
                        let value: rust_type!($a) = Bits::from_bits(next());
                        value
                    },)* lane).into_bits(),)*
                }
            }
        }
    };
}
for_each_lane!(lane);
