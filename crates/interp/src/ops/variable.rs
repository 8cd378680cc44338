//! Copies between slots, constants, globals, `select`. Copies leave the accumulators alone.

use crate::dispatch::{Flow, Handler, Instr, Regs, handler};
use crate::operand::*;
use core::marker::PhantomData;
use tierra_core::V128;

/// Slot `dst` = slot `a`.
pub(crate) struct Copy1;

impl Instr for Copy1 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let args = r.args();
            r.set(args.dst, r.get::<u64>(args.a));
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// Slots from `dst` = `b` slots from `a`; they may overlap.
pub(crate) struct CopySpan;

impl Instr for CopySpan {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let args = r.args();
            r.slot(args.dst).copy_from(r.slot(args.a), args.b as usize);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// Slot `dst` = the accumulator of a type.
pub(crate) struct CopyAcc<T>(PhantomData<T>);

impl<T: Scalar> Instr for CopyAcc<T> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            r.set(r.args().dst, T::acc(r));
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// Slot `dst` = the constant `b`, zero-extended.
pub(crate) struct Const32;

impl Instr for Const32 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let args = r.args();
            r.set(args.dst, args.b);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// Slot `dst` = the third word.
pub(crate) struct Const64;

impl Instr for Const64 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            r.set(r.args().dst, r.word(2));
            r.ip = r.ip.add(3);
        }
        Flow::Next
    }
}

/// Slots `dst` = the third and fourth word.
#[cfg(feature = "simd")]
pub(crate) struct Const128;

#[cfg(feature = "simd")]
impl Instr for Const128 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            r.set(r.args().dst, V128::load(r.ip.add(2)));
            r.ip = r.ip.add(4);
        }
        Flow::Next
    }
}

/// `dst` = global `b`.
pub(crate) struct GlobalGet<T, D>(PhantomData<(T, D)>);

impl<T: Scalar, D: Dest> Instr for GlobalGet<T, D> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; validation bounds the index.
        unsafe {
            let cell = *(*r.inst).globals.add(r.args().b as usize);
            let value = T::load(cell.cast());
            D::put(r, value);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// Global `b` = slot `a` or the accumulator.
pub(crate) struct GlobalSet<T, A>(PhantomData<(T, A)>);

impl<T: Scalar, A: Source> Instr for GlobalSet<T, A> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; validation bounds the index.
        unsafe {
            let cell = *(*r.inst).globals.add(r.args().b as usize);
            A::get::<T>(r).store(cell.cast());
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// Slots `dst` = the vector in global `b`.
pub(crate) struct GlobalGetVector;

impl Instr for GlobalGetVector {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; validation bounds the index.
        unsafe {
            let args = r.args();
            let cell = *(*r.inst).globals.add(args.b as usize);
            r.set(args.dst, V128::load(cell.cast()));
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// The vector in global `b` = slots `a`.
pub(crate) struct GlobalSetVector;

impl Instr for GlobalSetVector {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; validation bounds the index.
        unsafe {
            let args = r.args();
            let cell = *(*r.inst).globals.add(args.b as usize);
            r.get::<V128>(args.a).store(cell.cast());
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// `dst` = slot `a` if the condition holds, else slot `b`. The condition is the accumulator or
/// the slot in the third word.
pub(crate) struct Select<T, C, D, const WORDS: usize>(PhantomData<(T, C, D)>);

impl<T: Scalar, C: Source, D: Dest, const WORDS: usize> Instr for Select<T, C, D, WORDS> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let args = r.args();
            let condition = C::get::<u32>(r) != 0;
            let (a, b): (T, T) = (r.get(args.a), r.get(args.b));
            D::put(r, if condition { a } else { b });
            r.ip = r.ip.add(WORDS);
        }
        Flow::Next
    }
}

/// `select` of vectors; all operands in slots.
pub(crate) struct SelectVector;

impl Instr for SelectVector {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let args = r.args();
            let condition = r.get::<u32>(r.word(2) as u32) != 0;
            let value: V128 = if condition {
                r.get(args.a)
            } else {
                r.get(args.b)
            };
            r.set(args.dst, value);
            r.ip = r.ip.add(3);
        }
        Flow::Next
    }
}

/// What the translator needs of one class of scalars.
pub(crate) struct ClassRow {
    /// Accumulator to slot.
    pub copy_acc: Handler,
    /// By destination: accumulator, slot.
    pub global_get: [Handler; 2],
    /// By operand: slot, accumulator.
    pub global_set: [Handler; 2],
    /// By condition (slot, accumulator), then destination.
    pub select: [[Handler; 2]; 2],
}

const fn class_row<T: Scalar>() -> ClassRow {
    ClassRow {
        copy_acc: handler::<CopyAcc<T>>(),
        global_get: [
            handler::<GlobalGet<T, ToAcc>>(),
            handler::<GlobalGet<T, ToSlot>>(),
        ],
        global_set: [
            handler::<GlobalSet<T, SlotA>>(),
            handler::<GlobalSet<T, Acc>>(),
        ],
        select: [
            [
                handler::<Select<T, SlotWord, ToAcc, 3>>(),
                handler::<Select<T, SlotWord, ToSlot, 3>>(),
            ],
            [
                handler::<Select<T, Acc, ToAcc, 2>>(),
                handler::<Select<T, Acc, ToSlot, 2>>(),
            ],
        ],
    }
}

/// By class: integers and references, `f32`, `f64`.
pub(crate) static CLASS: [ClassRow; 3] =
    [class_row::<u64>(), class_row::<f32>(), class_row::<f64>()];
