//! Numeric operators on scalars: one generic instruction per shape, one handler per operator,
//! operand mode and destination, all from the operator tables.

use super::{rust_type, trap};
use crate::dispatch::{Flow, Instr, Regs};
use crate::operand::*;
use core::marker::PhantomData;
use tierra_core::sem::{self, Outcome};
use tierra_core::{Trap, for_each_binary, for_each_compare, for_each_unary};

/// An operator of one operand.
pub(crate) trait UnaryOp {
    type A: Scalar;
    type R: Scalar;
    fn eval(a: Self::A) -> Result<Self::R, Trap>;
}

/// An operator of two operands; comparisons too.
pub(crate) trait BinaryOp {
    type A: Scalar;
    type R: Scalar;
    fn eval(a: Self::A, b: Self::A) -> Result<Self::R, Trap>;
}

/// `dst = op(a)`
pub(crate) struct Unary<O, A, D>(PhantomData<(O, A, D)>);

impl<O: UnaryOp, A: Source, D: Dest> Instr for Unary<O, A, D> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let value = trap!(O::eval(A::get(r)));
            D::put(r, value);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// `dst = op(a, b)`. `WORDS` is 3 when an operand is the constant of the third word.
#[cfg(not(tierra_compact))]
pub(crate) struct Binary<O, A, B, D, const WORDS: usize>(PhantomData<(O, A, B, D)>);

#[cfg(not(tierra_compact))]
impl<O: BinaryOp, A: Source, B: Source, D: Dest, const WORDS: usize> Instr
    for Binary<O, A, B, D, WORDS>
{
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let value = trap!(O::eval(A::get(r), B::get(r)));
            D::put(r, value);
            r.ip = r.ip.add(WORDS);
        }
        Flow::Next
    }
}

/// Where the operands of a binary instruction are: the index into a row of [`BINARY`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Mode {
    SlotSlot,
    AccSlot,
    SlotAcc,
    SlotImm,
    AccImm,
    ImmSlot,
    ImmAcc,
    SlotWide,
    AccWide,
    WideSlot,
    WideAcc,
}

#[cfg(not(tierra_compact))]
impl Mode {
    pub const COUNT: usize = 11;
}

#[cfg(tierra_compact)]
pub(crate) use super::compact::{BinaryRow, UnaryRow, binary_row, unary_row};
#[cfg(not(tierra_compact))]
pub(crate) use full::{BinaryRow, UnaryRow};
#[cfg(not(tierra_compact))]
use full::{binary_row, unary_row};

/// One handler for each place that operands may be in.
#[cfg(not(tierra_compact))]
mod full {
    use super::*;
    use crate::dispatch::{Handler, handler};

    /// What the translator knows of a binary operator.
    pub(crate) struct BinaryRow {
        /// By mode, then destination: accumulator, slot.
        handlers: [[Handler; 2]; Mode::COUNT],
        pub commutes: bool,
        /// Applied to constants as slots hold them; `None` when it traps or gives a NaN.
        pub fold: fn(u64, u64) -> Option<u64>,
    }

    impl BinaryRow {
        /// By destination: accumulator, slot.
        pub fn ops(&self, mode: Mode) -> [Op; 2] {
            self.handlers[mode as usize].map(Op::from)
        }
    }

    /// What the translator knows of a unary operator.
    pub(crate) struct UnaryRow {
        /// By operand (slot, accumulator), then destination.
        handlers: [[Handler; 2]; 2],
        /// Applied to a constant as a slot holds it; `None` when it traps or gives a NaN.
        pub fold: fn(u64) -> Option<u64>,
    }

    impl UnaryRow {
        /// By operand (slot, accumulator), then destination.
        pub fn ops(&self) -> [[Op; 2]; 2] {
            self.handlers.map(|h| h.map(Op::from))
        }
    }

    pub const fn unary_row<O: UnaryOp>() -> UnaryRow {
        UnaryRow {
            handlers: [
                [
                    handler::<Unary<O, SlotA, ToAcc>>(),
                    handler::<Unary<O, SlotA, ToSlot>>(),
                ],
                [
                    handler::<Unary<O, Acc, ToAcc>>(),
                    handler::<Unary<O, Acc, ToSlot>>(),
                ],
            ],
            fold: fold_unary::<O>,
        }
    }

    const fn pair<O: BinaryOp, A: Source, B: Source, const WORDS: usize>() -> [Handler; 2] {
        [
            handler::<Binary<O, A, B, ToAcc, WORDS>>(),
            handler::<Binary<O, A, B, ToSlot, WORDS>>(),
        ]
    }

    type Wide<O> = <<O as BinaryOp>::A as Scalar>::Wide;

    pub const fn binary_row<O: BinaryOp>(commutes: bool) -> BinaryRow {
        BinaryRow {
            handlers: [
                pair::<O, SlotA, SlotB, 2>(),
                pair::<O, Acc, SlotB, 2>(),
                pair::<O, SlotA, Acc, 2>(),
                pair::<O, SlotA, Imm, 2>(),
                pair::<O, Acc, Imm, 2>(),
                pair::<O, Imm, SlotA, 2>(),
                pair::<O, Imm, Acc, 2>(),
                pair::<O, SlotA, Wide<O>, 3>(),
                pair::<O, Acc, Wide<O>, 3>(),
                pair::<O, Wide<O>, SlotA, 3>(),
                pair::<O, Wide<O>, Acc, 3>(),
            ],
            commutes,
            fold: fold_binary::<O>,
        }
    }

    fn is_nan<T: Scalar>(value: T) -> bool {
        // A float that differs from itself; integers never do. The bits tell without naming types.
        let (mut bits, size) = (0u64, size_of::<T>());
        // SAFETY: `bits` is a slot.
        unsafe { value.store(&mut bits) };
        match (core::any::type_name::<T>(), size) {
            ("f32", _) => f32::from_bits(bits as u32).is_nan(),
            ("f64", _) => f64::from_bits(bits).is_nan(),
            _ => false,
        }
    }

    fn to_slot<T: Scalar>(value: Result<T, Trap>) -> Option<u64> {
        let value = value.ok().filter(|v| !is_nan(*v))?;
        let mut slot = 0;
        // SAFETY: `slot` is a slot.
        unsafe { value.store(&mut slot) };
        Some(slot)
    }

    fn fold_unary<O: UnaryOp>(a: u64) -> Option<u64> {
        // SAFETY: a reference to a slot.
        to_slot(O::eval(unsafe { O::A::load(&a) }))
    }

    fn fold_binary<O: BinaryOp>(a: u64, b: u64) -> Option<u64> {
        // SAFETY: references to slots.
        to_slot(unsafe { O::eval(O::A::load(&a), O::A::load(&b)) })
    }
}

macro_rules! unary_ops {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident) -> $r:ident;)*) => {
        $(
            pub(crate) struct $op;
            impl UnaryOp for $op {
                type A = rust_type!($a);
                type R = rust_type!($r);
                #[inline(always)]
                fn eval(a: Self::A) -> Result<Self::R, Trap> {
                    sem::$f(a).outcome()
                }
            }
        )*
        /// The unary operators, as indices into [`UNARY`].
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum UnaryId { $($op),* }
        /// One row per unary operator.
        pub(crate) static UNARY: &[UnaryRow] = &[$(unary_row::<$op>()),*];
    };
}
for_each_unary!(unary_ops);

macro_rules! commutes {
    (commutes) => {
        true
    };
    (ordered) => {
        false
    };
}

macro_rules! binary_op {
    ($op:ident $f:ident $a:ident $r:ident) => {
        pub(crate) struct $op;
        impl BinaryOp for $op {
            type A = rust_type!($a);
            type R = rust_type!($r);
            #[inline(always)]
            fn eval(a: Self::A, b: Self::A) -> Result<Self::R, Trap> {
                sem::$f(a, b).outcome()
            }
        }
    };
}

macro_rules! binary_ops {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident, $order:ident;)*) => {
        $(binary_op!($op $f $a $r);)*
        /// The binary operators that are not comparisons, as indices into [`BINARY`].
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum BinaryId { $($op),* }
        /// One row per binary operator.
        pub(crate) static BINARY: &[BinaryRow] = &[$(binary_row::<$op>(commutes!($order))),*];
    };
}
for_each_binary!(binary_ops);

/// 128-bit arithmetic: operands in consecutive slots from `dst`, both results there too.
macro_rules! wide_ops {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> ($lo:ident, $hi:ident);)*) => {$(
        #[doc = concat!("`", $text, "`")]
        pub(crate) struct $op;
        impl Instr for $op {
            #[inline(always)]
            unsafe fn run(r: &mut Regs) -> Flow {
                // SAFETY: `Instr::run`'s contract.
                unsafe {
                    let dst = u32::from(r.args().dst);
                    let mut n = dst;
                    let mut next = || {
                        n += 1;
                        r.get::<u64>(n - 1)
                    };
                    let (lo, hi) = wide_call!($f next ($($a),*));
                    r.set(dst, lo);
                    r.set(dst + 1, hi);
                    r.ip = r.ip.add(2);
                }
                Flow::Next
            }
        }
    )*};
}

macro_rules! wide_call {
    ($f:ident $next:ident ($a:ident, $b:ident)) => {
        sem::$f($next(), $next())
    };
    ($f:ident $next:ident ($a:ident, $b:ident, $c:ident, $d:ident)) => {
        sem::$f($next(), $next(), $next(), $next())
    };
}
tierra_core::for_each_wide!(wide_ops);

macro_rules! compare_id {
    (none) => {
        None
    };
    ($op:ident) => {
        Some(CompareId::$op)
    };
}

macro_rules! compare_ops {
    ($($op:ident $f:ident $visit:ident $text:literal ($a:ident, $b:ident) -> $r:ident,
        swap $swap:ident $swap_f:ident, negate $negate:ident $negate_f:ident;)*) => {
        $(binary_op!($op $f $a $r);)*
        /// The comparisons, as indices into [`COMPARE`].
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum CompareId { $($op),* }
        /// One row per comparison.
        pub(crate) static COMPARE: &[BinaryRow] = &[$(binary_row::<$op>(false)),*];

        impl CompareId {
            /// The comparison that holds of (b, a) when this one holds of (a, b).
            pub fn swap(self) -> Self {
                match self { $(CompareId::$op => CompareId::$swap,)* }
            }
            /// The comparison that holds when this one doesn't, if there is one.
            pub fn negate(self) -> Option<Self> {
                match self { $(CompareId::$op => compare_id!($negate),)* }
            }
        }

        /// Calls a macro with every comparison: `Op`.
        macro_rules! for_each_comparison {
            ($m:ident) => { $m! { $($op)* } };
        }
        pub(crate) use for_each_comparison;
    };
}
for_each_compare!(compare_ops);
