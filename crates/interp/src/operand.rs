//! Operands of instructions: how they are encoded and fetched.
//!
//! An instruction is a sequence of 8-byte words: the handler's address, then [`Args`], then
//! whatever else its type says. `dst` names the slot for a result, `a` and `b` name operands;
//! `b` is wide enough for a constant, an offset or a branch distance.

use crate::dispatch::{Handler, Regs};
use tierra_core::V128;

/// The first word of an instruction: its handler and, in compact builds, where the handler finds
/// its operands.
#[derive(Clone, Copy)]
pub(crate) struct Op {
    handler: Handler,
    #[cfg(tierra_compact)]
    mode: u32,
}

impl From<Handler> for Op {
    fn from(handler: Handler) -> Self {
        Self {
            handler,
            #[cfg(tierra_compact)]
            mode: 0,
        }
    }
}

impl Op {
    #[cfg(tierra_compact)]
    pub fn with_mode(handler: Handler, mode: u32) -> Self {
        Self { handler, mode }
    }

    pub fn word(self) -> u64 {
        let word = self.handler as usize as u64;
        #[cfg(tierra_compact)]
        let word = word | u64::from(self.mode) << 32;
        word
    }
}

/// The word after the handler's address.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Args {
    pub dst: u16,
    pub a: u16,
    pub b: u32,
}

impl Args {
    pub fn word(self) -> u64 {
        u64::from(self.dst) | u64::from(self.a) << 16 | u64::from(self.b) << 32
    }

    pub fn of(word: u64) -> Self {
        Self {
            dst: word as u16,
            a: (word >> 16) as u16,
            b: (word >> 32) as u32,
        }
    }
}

impl Regs {
    /// The arguments of the instruction at `ip`.
    #[inline(always)]
    pub unsafe fn args(&self) -> &'static Args {
        // SAFETY: every instruction that asks for arguments has them in its second word, and
        // code outlives its execution. (Little-endian targets read fields without shifting.)
        unsafe { &*self.ip.add(1).cast::<Args>() }
    }

    /// What the translator gave [`Op::with_mode`].
    #[cfg(tierra_compact)]
    #[inline(always)]
    pub unsafe fn mode(&self) -> u32 {
        // SAFETY: the upper half of the first word.
        unsafe { *self.ip.cast::<u32>().add(1) }
    }

    /// A further word of the instruction at `ip`.
    #[inline(always)]
    pub unsafe fn word(&self, n: usize) -> u64 {
        // SAFETY: the instruction's type says how many words it has.
        unsafe { *self.ip.add(n) }
    }

    #[inline(always)]
    pub unsafe fn slot(&self, n: impl Into<u32>) -> *mut u64 {
        // SAFETY: the translator names slots within the frame, which was checked at the call.
        unsafe { self.sp.add(n.into() as usize) }
    }

    /// The number in a slot.
    #[inline(always)]
    pub unsafe fn get<T: Value>(&self, n: impl Into<u32>) -> T {
        // SAFETY: as `slot`.
        unsafe { T::load(self.slot(n)) }
    }

    /// Puts a number into a slot.
    #[inline(always)]
    pub unsafe fn set<T: Value>(&self, n: impl Into<u32>, value: T) {
        // SAFETY: as `slot`.
        unsafe { value.store(self.slot(n)) }
    }
}

/// A value as slots hold it.
pub(crate) trait Value: Copy {
    unsafe fn load(slot: *const u64) -> Self;
    unsafe fn store(self, slot: *mut u64);
}

/// A value that an accumulator holds and an instruction can contain.
pub(crate) trait Scalar: Value {
    /// How a constant is contained that 32 bits can't express.
    type Wide: Source;
    fn acc(r: &Regs) -> Self;
    fn set_acc(self, r: &mut Regs);
    /// From the 32 bits of an immediate operand.
    fn from_imm(imm: u32) -> Self;
}

macro_rules! scalar {
    ($($ty:ident $slot:ident $acc:ident $wide:ident |$r:ident| $from_acc:expr, |$v:ident| $to_acc:expr, |$imm:ident| $from_imm:expr;)*) => {$(
        impl Value for $ty {
            #[inline(always)]
            unsafe fn load(slot: *const u64) -> Self {
                // SAFETY: the caller's. The low half of a slot comes first in memory.
                unsafe { *slot.cast::<$ty>() }
            }

            #[inline(always)]
            unsafe fn store(self, slot: *mut u64) {
                let $v = self;
                // SAFETY: the caller's.
                unsafe { *slot.cast::<$slot>() = $to_acc as $slot }
            }
        }
        impl Scalar for $ty {
            type Wide = $wide;
            #[inline(always)]
            fn acc($r: &Regs) -> Self { $from_acc }
            #[inline(always)]
            fn set_acc(self, r: &mut Regs) { let $v = self; r.$acc = $to_acc; }
            #[inline(always)]
            fn from_imm($imm: u32) -> Self { $from_imm }
        }
    )*};
}

// Slots hold `i32` and `f32` zero-extended; for `f32` the upper half is left as it is, since
// nobody reads it (host conversions take the low half).
scalar! {
    u32 u64 acc Imm |r| r.acc as u32, |v| u64::from(v), |imm| imm;
    u64 u64 acc ImmWord |r| r.acc, |v| v, |imm| imm as i32 as i64 as u64;
    f32 f32 f32 Imm |r| r.f32, |v| v, |imm| f32::from_bits(imm);
    f64 f64 f64 ImmWord |r| r.f64, |v| v, |imm| f64::from(f32::from_bits(imm));
}

impl Value for V128 {
    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        // SAFETY: the caller's; a vector takes two slots, which are only 8-byte aligned.
        unsafe { slot.cast::<V128>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        // SAFETY: as `load`.
        unsafe { slot.cast::<V128>().write_unaligned(self) }
    }
}

/// Where an operand comes from.
pub(crate) trait Source {
    unsafe fn get<T: Scalar>(r: &Regs) -> T;
}

/// The slot named by `a`.
pub(crate) struct SlotA;
/// The slot named by `b`.
pub(crate) struct SlotB;
/// The slot named by `dst` (stores and branches, which have no result).
pub(crate) struct SlotD;
/// The accumulator.
pub(crate) struct Acc;
/// The constant `b`.
pub(crate) struct Imm;
/// The constant `a`, sign-extended (branches, where `b` is the distance).
pub(crate) struct Imm16;
/// The constant in the third word.
pub(crate) struct ImmWord;

impl Source for SlotA {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the caller's.
        unsafe { r.get(r.args().a) }
    }
}
impl Source for SlotB {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the caller's.
        unsafe { r.get(r.args().b) }
    }
}
impl Source for SlotD {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the caller's.
        unsafe { r.get(r.args().dst) }
    }
}
impl Source for Acc {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        T::acc(r)
    }
}
impl Source for Imm {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the caller's.
        T::from_imm(unsafe { r.args().b })
    }
}
impl Source for Imm16 {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the caller's.
        T::from_imm(unsafe { r.args().a } as i16 as i32 as u32)
    }
}
impl Source for ImmWord {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the third word of such an instruction is the value as a slot holds it.
        unsafe { T::load(r.ip.add(2)) }
    }
}

/// The sum of an address's two parts, as `i32.add` has it: the first is slot `a` or the
/// accumulator, the second is in the third word.
pub(crate) struct Sum<A, B>(core::marker::PhantomData<(A, B)>);

impl<A: Source, B: Source> Source for Sum<A, B> {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the caller's.
        let sum = unsafe { A::get::<u32>(r).wrapping_add(B::get::<u32>(r)) };
        T::from_imm(sum)
    }
}

/// The slot in the third word.
pub(crate) struct SlotWord;

impl Source for SlotWord {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the caller's.
        unsafe { r.get(r.word(2) as u32) }
    }
}

/// The constant in the fourth word.
pub(crate) struct ImmWord3;

impl Source for ImmWord3 {
    #[inline(always)]
    unsafe fn get<T: Scalar>(r: &Regs) -> T {
        // SAFETY: the fourth word of such an instruction is the value as a slot holds it.
        unsafe { T::load(r.ip.add(3)) }
    }
}

/// Where a result goes. The accumulator always gets it; it costs nothing there.
pub(crate) trait Dest {
    unsafe fn put<T: Scalar>(r: &mut Regs, value: T);
}

/// The accumulator only.
pub(crate) struct ToAcc;
/// The accumulator and the slot named by `dst`.
pub(crate) struct ToSlot;

impl Dest for ToAcc {
    #[inline(always)]
    unsafe fn put<T: Scalar>(r: &mut Regs, value: T) {
        value.set_acc(r);
    }
}
impl Dest for ToSlot {
    #[inline(always)]
    unsafe fn put<T: Scalar>(r: &mut Regs, value: T) {
        value.set_acc(r);
        // SAFETY: the caller's.
        unsafe { r.set(r.args().dst, value) }
    }
}
