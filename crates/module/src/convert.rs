//! From `wasmparser`'s types to ours.

use crate::ModuleError;
use alloc::{format, vec::Vec};
use tierra_core::Features;
use tierra_core::index::TypeIdx;
use tierra_core::types::*;
use wasmparser as wp;

/// The features as `wasmparser` names them.
pub fn wasmparser_features(features: Features) -> wp::WasmFeatures {
    const MAP: &[(Features, wp::WasmFeatures)] = &[
        (Features::MUTABLE_GLOBAL, wp::WasmFeatures::MUTABLE_GLOBAL),
        (
            Features::SATURATING_FLOAT_TO_INT,
            wp::WasmFeatures::SATURATING_FLOAT_TO_INT,
        ),
        (Features::SIGN_EXTENSION, wp::WasmFeatures::SIGN_EXTENSION),
        (Features::REFERENCE_TYPES, wp::WasmFeatures::REFERENCE_TYPES),
        (Features::MULTI_VALUE, wp::WasmFeatures::MULTI_VALUE),
        (Features::BULK_MEMORY, wp::WasmFeatures::BULK_MEMORY),
        (Features::SIMD, wp::WasmFeatures::SIMD),
        (Features::RELAXED_SIMD, wp::WasmFeatures::RELAXED_SIMD),
        (Features::THREADS, wp::WasmFeatures::THREADS),
        (Features::TAIL_CALL, wp::WasmFeatures::TAIL_CALL),
        (Features::EXTENDED_CONST, wp::WasmFeatures::EXTENDED_CONST),
        (
            Features::FUNCTION_REFERENCES,
            wp::WasmFeatures::FUNCTION_REFERENCES,
        ),
        (Features::GC, wp::WasmFeatures::GC),
        (Features::EXCEPTIONS, wp::WasmFeatures::EXCEPTIONS),
        (Features::MULTI_MEMORY, wp::WasmFeatures::MULTI_MEMORY),
        (Features::MEMORY64, wp::WasmFeatures::MEMORY64),
        (
            Features::CUSTOM_PAGE_SIZES,
            wp::WasmFeatures::CUSTOM_PAGE_SIZES,
        ),
        (Features::WIDE_ARITHMETIC, wp::WasmFeatures::WIDE_ARITHMETIC),
        (
            Features::LEGACY_EXCEPTIONS,
            wp::WasmFeatures::LEGACY_EXCEPTIONS,
        ),
        (Features::FLOATS, wp::WasmFeatures::FLOATS),
    ];
    MAP.iter()
        .filter(|(ours, _)| features.contains(*ours))
        .fold(wp::WasmFeatures::GC_TYPES, |set, (_, theirs)| set | *theirs)
}

fn defined(index: wp::UnpackedIndex) -> TypeIdx {
    match index {
        wp::UnpackedIndex::Module(i) => TypeIdx(i),
        other => unreachable!("types are read before canonicalization, not {other:?}"),
    }
}

/// A heap type.
///
/// # Errors
/// For types of proposals that the engine doesn't implement.
pub fn heap_type(ty: wp::HeapType) -> Result<HeapType<TypeIdx>, ModuleError> {
    use wp::AbstractHeapType as A;
    Ok(match ty {
        wp::HeapType::Concrete(index) => HeapType::Concrete(defined(index)),
        wp::HeapType::Abstract { shared: false, ty } => match ty {
            A::Func => HeapType::Func,
            A::Extern => HeapType::Extern,
            A::Any => HeapType::Any,
            A::None => HeapType::None,
            A::NoExtern => HeapType::NoExtern,
            A::NoFunc => HeapType::NoFunc,
            A::Eq => HeapType::Eq,
            A::Struct => HeapType::Struct,
            A::Array => HeapType::Array,
            A::I31 => HeapType::I31,
            A::Exn => HeapType::Exn,
            A::NoExn => HeapType::NoExn,
            _ => return Err(unsupported(format!("heap type {ty:?}"))),
        },
        other => return Err(unsupported(format!("heap type {other:?}"))),
    })
}

fn unsupported(what: alloc::string::String) -> ModuleError {
    ModuleError::malformed(format!("{what} is not supported"), None)
}

/// A reference type.
///
/// # Errors
/// For types of proposals that the engine doesn't implement.
pub fn ref_type(ty: wp::RefType) -> Result<RefType<TypeIdx>, ModuleError> {
    Ok(RefType {
        nullable: ty.is_nullable(),
        heap: heap_type(ty.heap_type())?,
    })
}

/// A value type.
///
/// # Errors
/// For types of proposals that the engine doesn't implement.
pub fn val_type(ty: wp::ValType) -> Result<ValType<TypeIdx>, ModuleError> {
    Ok(match ty {
        wp::ValType::I32 => ValType::I32,
        wp::ValType::I64 => ValType::I64,
        wp::ValType::F32 => ValType::F32,
        wp::ValType::F64 => ValType::F64,
        wp::ValType::V128 => ValType::V128,
        wp::ValType::Ref(r) => ValType::Ref(ref_type(r)?),
    })
}

pub(crate) fn table_type(ty: &wp::TableType) -> Result<TableType<TypeIdx>, ModuleError> {
    let limits = Limits {
        min: ty.initial,
        max: ty.maximum,
        is_64: ty.table64,
    };
    Ok(TableType {
        limits,
        element: ref_type(ty.element_type)?,
    })
}

pub(crate) fn memory_type(ty: &wp::MemoryType) -> MemoryType {
    MemoryType {
        limits: Limits {
            min: ty.initial,
            max: ty.maximum,
            is_64: ty.memory64,
        },
        shared: ty.shared,
        page_size_log2: ty.page_size_log2.unwrap_or(16) as u8,
    }
}

pub(crate) fn global_type(ty: &wp::GlobalType) -> Result<GlobalType<TypeIdx>, ModuleError> {
    Ok(GlobalType {
        content: val_type(ty.content_type)?,
        mutable: ty.mutable,
    })
}

fn field_type(ty: &wp::FieldType) -> Result<FieldType<TypeIdx>, ModuleError> {
    let storage = match ty.element_type {
        wp::StorageType::I8 => StorageType::I8,
        wp::StorageType::I16 => StorageType::I16,
        wp::StorageType::Val(t) => StorageType::Val(val_type(t)?),
    };
    Ok(FieldType {
        storage,
        mutable: ty.mutable,
    })
}

pub(crate) fn sub_type(ty: &wp::SubType) -> Result<SubType<TypeIdx>, ModuleError> {
    // A `collect` would not know how many there are, and so allocate twice.
    let vals = |types: &[wp::ValType]| -> Result<_, ModuleError> {
        let mut vals = Vec::with_capacity(types.len());
        for ty in types {
            vals.push(val_type(*ty)?);
        }
        Ok(vals.into())
    };
    let composite = match &ty.composite_type.inner {
        wp::CompositeInnerType::Func(f) => CompositeType::Func(FuncType {
            params: vals(f.params())?,
            results: vals(f.results())?,
        }),
        wp::CompositeInnerType::Array(a) => CompositeType::Array(field_type(&a.0)?),
        wp::CompositeInnerType::Struct(s) => CompositeType::Struct(
            s.fields
                .iter()
                .map(field_type)
                .collect::<Result<Vec<_>, _>>()?
                .into(),
        ),
        wp::CompositeInnerType::Cont(_) => return Err(unsupported("continuation type".into())),
    };
    Ok(SubType {
        is_final: ty.is_final,
        supertype: ty.supertype_idxs.first().map(|i| defined(i.unpack())),
        composite,
    })
}
