//! Rust types that pass the border to the guest without a type tag.

use crate::refs::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, I31, StructRef};
use crate::store::StoreBase;
use crate::{Error, Func, Result};
use tierra_core::V128;
use tierra_core::index::TypeId;
use tierra_core::types::{HeapType, RefType, ValType};

/// A Rust type that is a WebAssembly value: numbers, [`V128`] or `u128`, references, and
/// `Option`s of references.
///
/// # Safety
/// The implementation reads and writes slots of the guest: `TYPE` must be what it says, `SLOTS`
/// what `TYPE` takes. The trait is not meant to be implemented outside of this crate.
pub unsafe trait WasmTy: Sized {
    /// The type that the guest sees.
    const TYPE: ValType<TypeId>;

    /// How machine code passes a value that takes one slot.
    #[doc(hidden)]
    type Register: Register;

    /// Refuses references of another store.
    #[doc(hidden)]
    #[inline(always)]
    fn check(&self, _store: &StoreBase) -> Result<()> {
        Ok(())
    }

    /// Writes a checked value.
    ///
    /// # Safety
    /// `slot` has room for the value.
    #[doc(hidden)]
    unsafe fn write(self, store: &mut StoreBase, slot: *mut u64);

    /// Reads a value.
    ///
    /// # Safety
    /// `slot` holds a value of `TYPE` that belongs to the store.
    #[doc(hidden)]
    unsafe fn read(store: &mut StoreBase, slot: *const u64) -> Self;
}

/// A value in a register.
#[doc(hidden)]
pub trait Register: Copy {
    /// What a slot holds for it.
    fn to_slot(self) -> u64;
    /// From what a slot holds.
    fn from_slot(slot: u64) -> Self;
}

macro_rules! registers {
    ($($ty:ty, |$v:ident| $to:expr, |$s:ident| $from:expr;)*) => {$(
        impl Register for $ty {
            #[inline(always)]
            fn to_slot(self) -> u64 {
                let $v = self;
                $to
            }

            #[inline(always)]
            fn from_slot($s: u64) -> Self {
                $from
            }
        }
    )*};
}

registers! {
    u64, |v| v, |s| s;
    f32, |v| u64::from(v.to_bits()), |s| f32::from_bits(s as u32);
    f64, |v| v.to_bits(), |s| f64::from_bits(s);
}

macro_rules! numbers {
    ($($ty:ty, $wasm:ident $register:ident, |$v:ident| $to:expr, |$s:ident| $from:expr;)*) => {$(
        // SAFETY: one slot, zero-extended, for a number of one slot.
        unsafe impl WasmTy for $ty {
            const TYPE: ValType<TypeId> = ValType::$wasm;
            type Register = $register;

            #[inline(always)]
            unsafe fn write(self, _: &mut StoreBase, slot: *mut u64) {
                let $v = self;
                // SAFETY: the caller's.
                unsafe { slot.write($to) }
            }

            #[inline(always)]
            unsafe fn read(_: &mut StoreBase, slot: *const u64) -> Self {
                // SAFETY: the caller's.
                let $s = unsafe { slot.read() };
                $from
            }
        }
    )*};
}

numbers! {
    i32, I32 u64, |v| u64::from(v as u32), |s| s as i32;
    u32, I32 u64, |v| u64::from(v), |s| s as u32;
    i64, I64 u64, |v| v as u64, |s| s as i64;
    u64, I64 u64, |v| v, |s| s;
    f32, F32 f32, |v| u64::from(v.to_bits()), |s| f32::from_bits(s as u32);
    f64, F64 f64, |v| v.to_bits(), |s| f64::from_bits(s);
}

// SAFETY: two slots for a vector, low half first.
unsafe impl WasmTy for u128 {
    const TYPE: ValType<TypeId> = ValType::V128;
    // None holds a vector: machine code passes these in slots.
    type Register = u64;

    #[inline(always)]
    unsafe fn write(self, _: &mut StoreBase, slot: *mut u64) {
        // SAFETY: the caller's; a vector has two slots.
        unsafe {
            slot.write(self as u64);
            slot.add(1).write((self >> 64) as u64);
        }
    }

    #[inline(always)]
    unsafe fn read(_: &mut StoreBase, slot: *const u64) -> Self {
        // SAFETY: the caller's; a vector has two slots.
        unsafe { u128::from(slot.read()) | u128::from(slot.add(1).read()) << 64 }
    }
}

// SAFETY: as for `u128`.
unsafe impl WasmTy for V128 {
    const TYPE: ValType<TypeId> = ValType::V128;
    // None holds a vector: machine code passes these in slots.
    type Register = u64;

    #[inline(always)]
    unsafe fn write(self, store: &mut StoreBase, slot: *mut u64) {
        // SAFETY: the caller's.
        unsafe { WasmTy::write(self.to_bits(), store, slot) }
    }

    #[inline(always)]
    unsafe fn read(store: &mut StoreBase, slot: *const u64) -> Self {
        // SAFETY: the caller's.
        V128::from_bits(unsafe { <u128 as WasmTy>::read(store, slot) })
    }
}

macro_rules! references {
    ($($ty:ident $heap:ident;)*) => {$(
        // SAFETY: one slot with the representation of the reference, which is not null as the
        // type says.
        unsafe impl WasmTy for $ty {
            const TYPE: ValType<TypeId> = ValType::Ref(RefType::non_null(HeapType::$heap));
            type Register = u64;

            fn check(&self, store: &StoreBase) -> Result<()> {
                self.check_store(store)
            }

            unsafe fn write(self, store: &mut StoreBase, slot: *mut u64) {
                // SAFETY: the caller's.
                unsafe { slot.write(self.to_slot(store)) }
            }

            unsafe fn read(store: &mut StoreBase, slot: *const u64) -> Self {
                // SAFETY: the caller's; a slot of a non-null type is not null.
                unsafe { Self::from_slot(store, slot.read()).expect("a non-null type holds no null") }
            }
        }

        // SAFETY: as above; null is slot 0.
        unsafe impl WasmTy for Option<$ty> {
            const TYPE: ValType<TypeId> = ValType::Ref(RefType::nullable(HeapType::$heap));
            type Register = u64;

            fn check(&self, store: &StoreBase) -> Result<()> {
                self.map_or(Ok(()), |r| r.check_store(store))
            }

            unsafe fn write(self, store: &mut StoreBase, slot: *mut u64) {
                // SAFETY: the caller's.
                unsafe { slot.write(self.map_or(0, |r| r.to_slot(store))) }
            }

            unsafe fn read(store: &mut StoreBase, slot: *const u64) -> Self {
                // SAFETY: the caller's.
                unsafe { $ty::from_slot(store, slot.read()) }
            }
        }
    )*};
}

references! {
    Func Func;
    ExternRef Extern;
    AnyRef Any;
    EqRef Eq;
    StructRef Struct;
    ArrayRef Array;
    I31 I31;
    ExnRef Exn;
}

/// A list of Rust types that are WebAssembly values: `()`, one value, or a tuple of up to 16.
///
/// # Safety
/// As for [`WasmTy`].
pub unsafe trait WasmValues: Sized {
    /// The types that the guest sees.
    const TYPES: &'static [ValType<TypeId>];
    /// The slots that the values take together.
    const SLOTS: usize;
    /// How machine code passes the value, if there is one.
    #[doc(hidden)]
    type Register: Register;

    /// Refuses references of another store.
    #[doc(hidden)]
    fn check(&self, store: &StoreBase) -> Result<()>;

    /// Writes checked values.
    ///
    /// # Safety
    /// `slots` has room for `SLOTS` slots.
    #[doc(hidden)]
    unsafe fn write(self, store: &mut StoreBase, slots: *mut u64);

    /// Reads values.
    ///
    /// # Safety
    /// `slots` holds values of `TYPES` that belong to the store.
    #[doc(hidden)]
    unsafe fn read(store: &mut StoreBase, slots: *const u64) -> Self;
}

// SAFETY: a list of one.
unsafe impl<A: WasmTy> WasmValues for A {
    const TYPES: &'static [ValType<TypeId>] = &[A::TYPE];
    const SLOTS: usize = A::TYPE.slots();
    type Register = A::Register;

    #[inline(always)]
    fn check(&self, store: &StoreBase) -> Result<()> {
        WasmTy::check(self, store)
    }

    #[inline(always)]
    unsafe fn write(self, store: &mut StoreBase, slots: *mut u64) {
        // SAFETY: the caller's.
        unsafe { WasmTy::write(self, store, slots) }
    }

    #[inline(always)]
    unsafe fn read(store: &mut StoreBase, slots: *const u64) -> Self {
        // SAFETY: the caller's.
        unsafe { <A as WasmTy>::read(store, slots) }
    }
}

macro_rules! tuples {
    ($($name:ident)*) => { tuples!(($($name)*) u64); };
    (($($name:ident)*) $register:ty) => {
        // SAFETY: the values of a tuple lie one after the other.
        #[allow(non_snake_case, unused_variables, unused_mut, unused_assignments, unused_unsafe, clippy::unused_unit)]
        unsafe impl<$($name: WasmTy),*> WasmValues for ($($name,)*) {
            const TYPES: &'static [ValType<TypeId>] = &[$($name::TYPE),*];
            const SLOTS: usize = 0 $(+ $name::TYPE.slots())*;
            type Register = $register;

            #[inline(always)]
            fn check(&self, store: &StoreBase) -> Result<()> {
                let ($($name,)*) = self;
                $($name.check(store)?;)*
                Ok(())
            }

            #[inline(always)]
            unsafe fn write(self, store: &mut StoreBase, slots: *mut u64) {
                let ($($name,)*) = self;
                let mut at = 0;
                $(
                    // SAFETY: the caller's; `at` stays below `SLOTS`.
                    unsafe { $name.write(store, slots.add(at)) };
                    at += const { $name::TYPE.slots() };
                )*
            }

            #[inline(always)]
            unsafe fn read(store: &mut StoreBase, slots: *const u64) -> Self {
                let mut at = 0;
                $(
                    // SAFETY: the caller's; `at` stays below `SLOTS`.
                    let $name = unsafe { <$name as WasmTy>::read(store, slots.add(at)) };
                    at += const { $name::TYPE.slots() };
                )*
                ($($name,)*)
            }
        }
    };
}

tuples!();
tuples!((A) A::Register);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
tuples!(A B C D E F G H I J K L M);
tuples!(A B C D E F G H I J K L M N);
tuples!(A B C D E F G H I J K L M N O);
tuples!(A B C D E F G H I J K L M N O P);

/// What a host closure may return: values, or a `Result` of values.
pub trait WasmRet {
    /// The values.
    type Values: WasmValues;

    /// The values, or why there are none.
    ///
    /// # Errors
    /// The closure's own.
    fn into_values(self) -> Result<Self::Values>;
}

impl<R: WasmValues> WasmRet for R {
    type Values = R;

    #[inline(always)]
    fn into_values(self) -> Result<R> {
        Ok(self)
    }
}

impl<R: WasmValues, E: Into<Error>> WasmRet for core::result::Result<R, E> {
    type Values = R;

    #[inline(always)]
    fn into_values(self) -> Result<R> {
        self.map_err(Into::into)
    }
}
