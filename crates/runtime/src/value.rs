//! Values with their type, for calls whose types are known only when they happen.

use crate::refs::{AnyRef, ExnRef, ExternRef, I31};
use crate::store::StoreBase;
use crate::types::{HeapType, ValKind, ValType};
use crate::{Error, Func, Result};
use alloc::format;
use tierra_core::V128;
use tierra_core::index::TypeId;
use tierra_core::types as core_types;

/// A WebAssembly value. Floats are kept as bits, so that every NaN keeps its payload.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum Val {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(V128),
    FuncRef(Option<Func>),
    ExternRef(Option<ExternRef>),
    AnyRef(Option<AnyRef>),
    ExnRef(Option<ExnRef>),
}

macro_rules! accessors {
    ($($name:ident $unwrap:ident $variant:ident $ty:ty, |$v:ident| $get:expr;)*) => {
        impl Val {$(
            #[doc = concat!("The value, if it is `Val::", stringify!($variant), "`.")]
            pub fn $name(&self) -> Option<$ty> {
                match *self { Val::$variant($v) => Some($get), _ => None }
            }

            #[doc = concat!("The value of a `Val::", stringify!($variant), "`.")]
            ///
            /// # Panics
            /// When it is another one.
            pub fn $unwrap(&self) -> $ty {
                match self.$name() {
                    Some(value) => value,
                    None => panic!(concat!("expected Val::", stringify!($variant), ", got {:?}"), self),
                }
            }
        )*}
    };
}

accessors! {
    i32 unwrap_i32 I32 i32, |v| v;
    i64 unwrap_i64 I64 i64, |v| v;
    f32 unwrap_f32 F32 f32, |v| f32::from_bits(v);
    f64 unwrap_f64 F64 f64, |v| f64::from_bits(v);
    v128 unwrap_v128 V128 V128, |v| v;
    func_ref unwrap_func_ref FuncRef Option<Func>, |v| v;
    extern_ref unwrap_extern_ref ExternRef Option<ExternRef>, |v| v;
    any_ref unwrap_any_ref AnyRef Option<AnyRef>, |v| v;
    exn_ref unwrap_exn_ref ExnRef Option<ExnRef>, |v| v;
}

macro_rules! from {
    ($($ty:ty, |$v:ident| $val:expr;)*) => {$(
        impl From<$ty> for Val {
            fn from($v: $ty) -> Self {
                $val
            }
        }
    )*};
}

from! {
    i32, |v| Val::I32(v);
    u32, |v| Val::I32(v as i32);
    i64, |v| Val::I64(v);
    u64, |v| Val::I64(v as i64);
    f32, |v| Val::F32(v.to_bits());
    f64, |v| Val::F64(v.to_bits());
    V128, |v| Val::V128(v);
    Func, |v| Val::FuncRef(Some(v));
    Option<Func>, |v| Val::FuncRef(v);
    ExternRef, |v| Val::ExternRef(Some(v));
    Option<ExternRef>, |v| Val::ExternRef(v);
    AnyRef, |v| Val::AnyRef(Some(v));
    Option<AnyRef>, |v| Val::AnyRef(v);
    ExnRef, |v| Val::ExnRef(Some(v));
    Option<ExnRef>, |v| Val::ExnRef(v);
}

impl Val {
    /// The value that locals of a type start with: 0 or null. For references that can't be
    /// null it is null all the same, to be overwritten.
    pub fn default_of(ty: &ValType) -> Val {
        match ty.kind() {
            ValKind::I32 => Val::I32(0),
            ValKind::I64 => Val::I64(0),
            ValKind::F32 => Val::F32(0),
            ValKind::F64 => Val::F64(0),
            ValKind::V128 => Val::V128(V128::default()),
            ValKind::Func => Val::FuncRef(None),
            ValKind::Extern => Val::ExternRef(None),
            ValKind::Any => Val::AnyRef(None),
            ValKind::Exn => Val::ExnRef(None),
        }
    }

    /// The null of a heap type.
    pub fn null(heap: &HeapType) -> Val {
        let ty = ValType::Ref(crate::types::RefType {
            nullable: true,
            heap: heap.clone(),
        });
        Self::default_of(&ty)
    }

    /// What kind of value it is, in the specification's words.
    fn kind_name(&self) -> &'static str {
        match self {
            Val::I32(_) => "i32",
            Val::I64(_) => "i64",
            Val::F32(_) => "f32",
            Val::F64(_) => "f64",
            Val::V128(_) => "v128",
            Val::FuncRef(None) => "null funcref",
            Val::FuncRef(_) => "funcref",
            Val::ExternRef(None) => "null externref",
            Val::ExternRef(_) => "externref",
            Val::AnyRef(None) => "null anyref",
            Val::AnyRef(_) => "anyref",
            Val::ExnRef(None) => "null exnref",
            Val::ExnRef(_) => "exnref",
        }
    }

    /// Checks that the value has a type of the store's engine, and belongs to the store.
    pub(crate) fn check(&self, store: &StoreBase, ty: core_types::ValType<TypeId>) -> Result<()> {
        use core_types::ValType as T;
        let fits = match (self, ty) {
            (Val::I32(_), T::I32)
            | (Val::I64(_), T::I64)
            | (Val::F32(_), T::F32)
            | (Val::F64(_), T::F64)
            | (Val::V128(_), T::V128) => true,
            (_, T::Ref(r)) => self.check_ref(store, r)?,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let wanted = ValType::from_core(store, ty);
        Err(Error::msg(format!(
            "type mismatch: expected a value of type {wanted}, got {}",
            self.kind_name()
        )))
    }

    fn check_ref(&self, store: &StoreBase, ty: core_types::RefType<TypeId>) -> Result<bool> {
        let kind = store.kind_of(core_types::ValType::Ref(ty));
        let (own, gc_ref) = match self {
            Val::FuncRef(f) => {
                if kind != ValKind::Func {
                    return Ok(false);
                }
                return match f {
                    None => Ok(ty.nullable),
                    Some(f) => {
                        f.check_store(store)?;
                        let given = core_types::HeapType::Concrete(f.type_id());
                        Ok(store.core().type_table().heap_subtype(given, ty.heap))
                    }
                };
            }
            Val::ExternRef(r) => (ValKind::Extern, r.map(|r| r.gc_ref(store)).transpose()?),
            Val::AnyRef(r) => (ValKind::Any, r.map(|r| r.gc_ref(store)).transpose()?),
            Val::ExnRef(r) => (ValKind::Exn, r.map(|r| r.gc_ref(store)).transpose()?),
            _ => return Ok(false),
        };
        Ok(own == kind
            && match gc_ref {
                None => ty.nullable,
                Some(r) => store.heap_ref_has_type(r, ty.heap),
            })
    }

    /// Reads a value of a kind.
    ///
    /// # Safety
    /// `slot` holds such a value, which belongs to the store.
    pub(crate) unsafe fn read(store: &mut StoreBase, kind: ValKind, slot: *const u64) -> Val {
        // SAFETY: the caller's.
        let low = unsafe { slot.read() };
        // SAFETY: the caller's, for all references below.
        unsafe {
            match kind {
                ValKind::I32 => Val::I32(low as i32),
                ValKind::I64 => Val::I64(low as i64),
                ValKind::F32 => Val::F32(low as u32),
                ValKind::F64 => Val::F64(low),
                ValKind::V128 => {
                    let high = slot.add(1).read();
                    Val::V128(V128::from_bits(u128::from(low) | u128::from(high) << 64))
                }
                ValKind::Func => Val::FuncRef(Func::from_slot(store, low)),
                ValKind::Extern => Val::ExternRef(ExternRef::from_slot(store, low)),
                ValKind::Any => Val::AnyRef(AnyRef::from_slot(store, low)),
                ValKind::Exn => Val::ExnRef(ExnRef::from_slot(store, low)),
            }
        }
    }

    /// The value as slots, the second of which counts for a vector only. The value was checked.
    pub(crate) fn slots(self, store: &StoreBase) -> [u64; 2] {
        let low = match self {
            Val::I32(v) => u64::from(v as u32),
            Val::I64(v) => v as u64,
            Val::F32(v) => v.into(),
            Val::F64(v) => v,
            Val::V128(v) => return [v.to_bits() as u64, (v.to_bits() >> 64) as u64],
            Val::FuncRef(f) => f.map_or(0, |f| f.to_slot(store)),
            Val::ExternRef(r) => r.map_or(0, |r| r.to_slot(store)),
            Val::AnyRef(r) => r.map_or(0, |r| r.to_slot(store)),
            Val::ExnRef(r) => r.map_or(0, |r| r.to_slot(store)),
        };
        [low, 0]
    }

    /// Writes a checked value; returns how many slots it took.
    ///
    /// # Safety
    /// There is room for the value.
    pub(crate) unsafe fn write(self, store: &StoreBase, slot: *mut u64) -> usize {
        let [low, high] = self.slots(store);
        // SAFETY: the caller's.
        unsafe { slot.write(low) };
        if !matches!(self, Val::V128(_)) {
            return 1;
        }
        // SAFETY: the caller's; a vector has two slots.
        unsafe { slot.add(1).write(high) };
        2
    }
}

impl From<I31> for Val {
    fn from(v: I31) -> Self {
        Val::AnyRef(Some(AnyRef::from_i31(v)))
    }
}
