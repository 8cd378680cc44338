//! Operators on vectors for tiers that have no code of their own for them: their operands are in
//! slots, and so is the result.

use tierra_core::{V128, sem};

/// A value in slots.
trait Slot: Sized {
    /// Reads the next operand.
    unsafe fn take(at: &mut *const u64) -> Self;
    unsafe fn put(self, at: *mut u64);
}

macro_rules! slots {
    ($($ty:ty, $bits:ident => $from:expr, $value:ident => $to:expr;)*) => {$(
        impl Slot for $ty {
            unsafe fn take(at: &mut *const u64) -> Self {
                // SAFETY: the caller's: the operand is there.
                let $bits = unsafe { **at };
                *at = at.wrapping_add(1);
                $from
            }

            unsafe fn put(self, at: *mut u64) {
                let $value = self;
                // SAFETY: the caller's.
                unsafe { *at = $to };
            }
        }
    )*};
}

slots! {
    u32, bits => bits as u32, value => value.into();
    u64, bits => bits, value => value;
    f32, bits => f32::from_bits(bits as u32), value => value.to_bits().into();
    f64, bits => f64::from_bits(bits), value => value.to_bits();
}

impl Slot for V128 {
    unsafe fn take(at: &mut *const u64) -> Self {
        // SAFETY: the caller's: the operand is there.
        let value = unsafe { at.cast::<[u8; 16]>().read_unaligned() };
        *at = at.wrapping_add(2);
        V128(value)
    }

    unsafe fn put(self, at: *mut u64) {
        // SAFETY: the caller's.
        unsafe { at.cast::<[u8; 16]>().write_unaligned(self.0) };
    }
}

macro_rules! ty {
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

macro_rules! vector {
    ($($op:ident $f:ident $visit:ident $text:literal ($($a:ident),*) -> $r:ident;)*) => {
        /// The operators on vectors, by number.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum VectorOperator { $(#[doc = concat!("`", $text, "`")] $op),* }

        /// By [`VectorOperator`].
        static VECTOR: &[unsafe fn(*mut u64)] = &[$({
            unsafe fn $f(at: *mut u64) {
                let mut from = at.cast_const();
                // SAFETY: the caller's: operands of these types, and room for the result.
                unsafe { sem::$f($(<ty!($a)>::take(&mut from)),*).put(at) };
            }
            $f
        }),*];
    };
}
tierra_core::for_each_vector!(vector);

/// Computes an operator on vectors.
///
/// # Safety
/// The operands of the operator with this number are at `at`, which has room for its result.
pub unsafe fn vector_operator(at: *mut u64, op: u32) {
    // SAFETY: the caller's.
    unsafe { VECTOR[op as usize](at) };
}
