//! Types of values.

use super::{DefinedType, TypeSource};
use crate::store::StoreBase;
use tierra_core::index::TypeId;
use tierra_core::types as core_types;

/// A heap type.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum HeapType {
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Func,
    NoFunc,
    Extern,
    NoExtern,
    Exn,
    NoExn,
    Concrete(DefinedType),
}

macro_rules! abstract_heap_types {
    ($($name:ident)*) => {
        impl HeapType {
            pub(crate) fn from_core(
                source: &dyn TypeSource,
                ty: core_types::HeapType<TypeId>,
            ) -> Self {
                match ty {
                    $(core_types::HeapType::$name => HeapType::$name,)*
                    core_types::HeapType::Concrete(id) => {
                        HeapType::Concrete(DefinedType::new(source, id))
                    }
                }
            }

            pub(crate) fn to_core(&self) -> core_types::HeapType<TypeId> {
                match self {
                    $(HeapType::$name => core_types::HeapType::$name,)*
                    HeapType::Concrete(ty) => core_types::HeapType::Concrete(ty.id()),
                }
            }

            /// A constant type of ours holds no defined type.
            pub(crate) fn from_abstract(ty: core_types::HeapType<TypeId>) -> Self {
                match ty {
                    $(core_types::HeapType::$name => HeapType::$name,)*
                    core_types::HeapType::Concrete(_) => unreachable!("Rust types name no defined type"),
                }
            }
        }
    };
}

abstract_heap_types!(Any Eq I31 Struct Array None Func NoFunc Extern NoExtern Exn NoExn);

/// A reference type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefType {
    /// Whether null belongs to the type.
    pub nullable: bool,
    /// What is referred to.
    pub heap: HeapType,
}

impl RefType {
    /// A reference type.
    pub fn new(nullable: bool, heap: HeapType) -> Self {
        Self { nullable, heap }
    }

    pub(crate) fn from_core(source: &dyn TypeSource, ty: core_types::RefType<TypeId>) -> Self {
        Self {
            nullable: ty.nullable,
            heap: HeapType::from_core(source, ty.heap),
        }
    }

    pub(crate) fn to_core(&self) -> core_types::RefType<TypeId> {
        core_types::RefType {
            nullable: self.nullable,
            heap: self.heap.to_core(),
        }
    }
}

/// A value type.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum ValType {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefType),
}

impl ValType {
    /// `funcref`
    pub const FUNCREF: Self = ValType::Ref(RefType {
        nullable: true,
        heap: HeapType::Func,
    });
    /// `externref`
    pub const EXTERNREF: Self = ValType::Ref(RefType {
        nullable: true,
        heap: HeapType::Extern,
    });
    /// `anyref`
    pub const ANYREF: Self = ValType::Ref(RefType {
        nullable: true,
        heap: HeapType::Any,
    });

    pub(crate) fn from_core(source: &dyn TypeSource, ty: core_types::ValType<TypeId>) -> Self {
        Self::convert(ty, |r| RefType::from_core(source, r))
    }

    pub(super) fn from_abstract(ty: core_types::ValType<TypeId>) -> Self {
        Self::convert(ty, |r| RefType {
            nullable: r.nullable,
            heap: HeapType::from_abstract(r.heap),
        })
    }

    fn convert(
        ty: core_types::ValType<TypeId>,
        reference: impl FnOnce(core_types::RefType<TypeId>) -> RefType,
    ) -> Self {
        match ty {
            core_types::ValType::I32 => ValType::I32,
            core_types::ValType::I64 => ValType::I64,
            core_types::ValType::F32 => ValType::F32,
            core_types::ValType::F64 => ValType::F64,
            core_types::ValType::V128 => ValType::V128,
            core_types::ValType::Ref(r) => ValType::Ref(reference(r)),
        }
    }

    pub(crate) fn to_core(&self) -> core_types::ValType<TypeId> {
        match self {
            ValType::I32 => core_types::ValType::I32,
            ValType::I64 => core_types::ValType::I64,
            ValType::F32 => core_types::ValType::F32,
            ValType::F64 => core_types::ValType::F64,
            ValType::V128 => core_types::ValType::V128,
            ValType::Ref(r) => core_types::ValType::Ref(r.to_core()),
        }
    }

    pub(crate) fn slots(&self) -> usize {
        self.to_core().slots()
    }

    /// Lets a store know the defined type that this type names.
    pub(crate) fn keep_in(&self, store: &mut StoreBase) {
        if let ValType::Ref(RefType {
            heap: HeapType::Concrete(ty),
            ..
        }) = self
        {
            store.keep_types(ty.owner());
        }
    }

    pub(crate) fn kind(&self) -> ValKind {
        match self {
            ValType::I32 => ValKind::I32,
            ValType::I64 => ValKind::I64,
            ValType::F32 => ValKind::F32,
            ValType::F64 => ValKind::F64,
            ValType::V128 => ValKind::V128,
            ValType::Ref(RefType { heap, .. }) => match heap {
                HeapType::Func | HeapType::NoFunc => ValKind::Func,
                HeapType::Extern | HeapType::NoExtern => ValKind::Extern,
                HeapType::Exn | HeapType::NoExn => ValKind::Exn,
                HeapType::Concrete(ty) if ty.info().as_func().is_some() => ValKind::Func,
                _ => ValKind::Any,
            },
        }
    }
}

/// How a value is represented, and which [`Val`](crate::Val) it becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ValKind {
    I32,
    I64,
    F32,
    F64,
    V128,
    Func,
    Extern,
    Any,
    Exn,
}
