//! Types of functions and of fields.

use super::{TypeSource, ValType};
use crate::func::values::WasmValues;
use alloc::boxed::Box;
use tierra_core::index::TypeId;
use tierra_core::types as core_types;

/// A function type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FuncType {
    params: Box<[ValType]>,
    results: Box<[ValType]>,
}

impl FuncType {
    /// A function type of these parameters and results.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        Self {
            params: params.into_iter().collect(),
            results: results.into_iter().collect(),
        }
    }

    /// The type of a function of these Rust types.
    pub fn of<P: WasmValues, R: WasmValues>() -> Self {
        let convert = |types: &[core_types::ValType<TypeId>]| {
            types.iter().map(|t| ValType::from_abstract(*t)).collect()
        };
        Self {
            params: convert(P::TYPES),
            results: convert(R::TYPES),
        }
    }

    /// The parameter types.
    pub fn params(&self) -> &[ValType] {
        &self.params
    }

    /// The result types.
    pub fn results(&self) -> &[ValType] {
        &self.results
    }

    pub(crate) fn param_slots(&self) -> usize {
        self.params.iter().map(ValType::slots).sum()
    }

    pub(crate) fn result_slots(&self) -> usize {
        self.results.iter().map(ValType::slots).sum()
    }

    pub(crate) fn from_core(source: &dyn TypeSource, ty: &core_types::FuncType<TypeId>) -> Self {
        let convert = |types: &[core_types::ValType<TypeId>]| {
            types
                .iter()
                .map(|t| ValType::from_core(source, *t))
                .collect()
        };
        Self {
            params: convert(&ty.params),
            results: convert(&ty.results),
        }
    }

    pub(crate) fn to_core(&self) -> core_types::FuncType<TypeId> {
        core_types::FuncType::new(
            self.params.iter().map(ValType::to_core),
            self.results.iter().map(ValType::to_core),
        )
    }
}

/// What a field stores.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum StorageType {
    I8,
    I16,
    Val(ValType),
}

/// A field of a structure, or the elements of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldType {
    /// What is stored.
    pub storage: StorageType,
    /// Whether it can be set.
    pub mutable: bool,
}

impl FieldType {
    pub(super) fn from_core(source: &dyn TypeSource, ty: &core_types::FieldType<TypeId>) -> Self {
        let storage = match ty.storage {
            core_types::StorageType::I8 => StorageType::I8,
            core_types::StorageType::I16 => StorageType::I16,
            core_types::StorageType::Val(t) => StorageType::Val(ValType::from_core(source, t)),
        };
        Self {
            storage,
            mutable: ty.mutable,
        }
    }
}
