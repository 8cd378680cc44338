//! Types of imports and exports.

use super::{DefinedType, FuncType, Limits, MemoryType, RefType, TypeSource, ValType};
use tierra_core::index::TypeId;
use tierra_core::types as core_types;

/// A global type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GlobalType {
    /// The type of the value.
    pub content: ValType,
    /// Whether it can be set.
    pub mutable: bool,
}

impl GlobalType {
    /// A global type.
    pub fn new(content: ValType, mutable: bool) -> Self {
        Self { content, mutable }
    }

    pub(crate) fn to_core(&self) -> core_types::GlobalType<TypeId> {
        core_types::GlobalType {
            content: self.content.to_core(),
            mutable: self.mutable,
        }
    }

    pub(crate) fn from_core(source: &dyn TypeSource, ty: core_types::GlobalType<TypeId>) -> Self {
        Self {
            content: ValType::from_core(source, ty.content),
            mutable: ty.mutable,
        }
    }
}

/// A table type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableType {
    /// Bounds in elements.
    pub limits: Limits,
    /// The type of the elements.
    pub element: RefType,
}

impl TableType {
    /// A table with 32-bit indices.
    pub fn new(element: RefType, min: u32, max: Option<u32>) -> Self {
        let limits = Limits {
            min: min.into(),
            max: max.map(Into::into),
            is_64: false,
        };
        Self { limits, element }
    }

    /// A table with 64-bit indices.
    pub fn new64(element: RefType, min: u64, max: Option<u64>) -> Self {
        Self {
            limits: Limits {
                min,
                max,
                is_64: true,
            },
            element,
        }
    }

    pub(crate) fn to_core(&self) -> core_types::TableType<TypeId> {
        core_types::TableType {
            limits: self.limits,
            element: self.element.to_core(),
        }
    }

    pub(crate) fn from_core(source: &dyn TypeSource, ty: core_types::TableType<TypeId>) -> Self {
        Self {
            limits: ty.limits,
            element: RefType::from_core(source, ty.element),
        }
    }
}

/// The type of an import or an export.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum ExternType {
    Func(FuncType),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    Tag(FuncType),
}

impl ExternType {
    pub(crate) fn from_core(source: &dyn TypeSource, ty: core_types::ExternType<TypeId>) -> Self {
        let func = |id| {
            DefinedType::new(source, id)
                .as_func()
                .expect("validation: functions have function types")
        };
        match ty {
            core_types::ExternType::Func(id) => ExternType::Func(func(id)),
            core_types::ExternType::Tag(id) => ExternType::Tag(func(id)),
            core_types::ExternType::Table(t) => ExternType::Table(TableType::from_core(source, t)),
            core_types::ExternType::Memory(t) => ExternType::Memory(t),
            core_types::ExternType::Global(t) => {
                ExternType::Global(GlobalType::from_core(source, t))
            }
        }
    }

    /// The specification's word for the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            ExternType::Func(_) => "func",
            ExternType::Table(_) => "table",
            ExternType::Memory(_) => "memory",
            ExternType::Global(_) => "global",
            ExternType::Tag(_) => "tag",
        }
    }

    /// The function type, if it is a function's.
    pub fn func(&self) -> Option<&FuncType> {
        match self {
            ExternType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The memory type, if it is a memory's.
    pub fn memory(&self) -> Option<&MemoryType> {
        match self {
            ExternType::Memory(ty) => Some(ty),
            _ => None,
        }
    }
}

/// An import of a module.
#[derive(Clone, Debug)]
pub struct ImportType<'m> {
    /// The name of the module that it comes from.
    pub module: &'m str,
    /// Its name there.
    pub name: &'m str,
    /// What it must be.
    pub ty: ExternType,
}

/// An export of a module.
#[derive(Clone, Debug)]
pub struct ExportType<'m> {
    /// The name that it is found by.
    pub name: &'m str,
    /// What it is.
    pub ty: ExternType,
}
