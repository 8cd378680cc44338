//! Types as the host sees them: those of `tierra_core` with defined types that keep themselves
//! alive.

use crate::func::values::WasmValues;
use crate::store::StoreBase;
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::fmt;
use tierra_core::index::TypeId;
use tierra_core::types as core_types;
use tierra_vm::{ModuleTypes, TypeInfo};

pub use tierra_core::types::{Limits, MemoryType};

/// A type that a module defined: a function, structure or array type. Equal types of all modules
/// of an engine are equal.
#[derive(Clone)]
pub struct DefinedType {
    /// Keeps the type and all that it names alive.
    owner: Arc<ModuleTypes>,
    info: Arc<TypeInfo>,
}

/// Whoever keeps types alive.
pub(crate) trait TypeSource {
    /// Types among which is this one.
    fn owner_of(&self, id: TypeId) -> Arc<ModuleTypes>;
}

impl TypeSource for Arc<ModuleTypes> {
    fn owner_of(&self, _: TypeId) -> Arc<ModuleTypes> {
        self.clone()
    }
}

impl DefinedType {
    pub(crate) fn new(source: &dyn TypeSource, id: TypeId) -> Self {
        let owner = source.owner_of(id);
        let info = owner
            .infos
            .iter()
            .find(|i| i.id == id)
            .expect("types keep alive what they name");
        Self {
            info: info.clone(),
            owner,
        }
    }

    pub(crate) fn id(&self) -> TypeId {
        self.info.id
    }

    pub(crate) fn info(&self) -> &TypeInfo {
        &self.info
    }

    pub(crate) fn owner(&self) -> &Arc<ModuleTypes> {
        &self.owner
    }

    /// The function type that it is, if it is one.
    pub fn as_func(&self) -> Option<FuncType> {
        match &self.info.sub.composite {
            core_types::CompositeType::Func(ty) => Some(FuncType::from_core(&self.owner, ty)),
            _ => None,
        }
    }

    /// The fields of the structure type that it is, if it is one.
    pub fn as_struct(&self) -> Option<Vec<FieldType>> {
        match &self.info.sub.composite {
            core_types::CompositeType::Struct(fields) => Some(
                fields
                    .iter()
                    .map(|f| FieldType::from_core(&self.owner, f))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The elements of the array type that it is, if it is one.
    pub fn as_array(&self) -> Option<FieldType> {
        match &self.info.sub.composite {
            core_types::CompositeType::Array(field) => {
                Some(FieldType::from_core(&self.owner, field))
            }
            _ => None,
        }
    }
}

impl PartialEq for DefinedType {
    fn eq(&self, other: &Self) -> bool {
        // An engine keeps one description per type.
        Arc::ptr_eq(&self.info, &other.info)
    }
}

impl Eq for DefinedType {}

impl fmt::Debug for DefinedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.id())
    }
}

impl fmt::Display for DefinedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$t{}", self.id())
    }
}

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

    fn from_abstract(ty: core_types::ValType<TypeId>) -> Self {
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
    fn from_core(source: &dyn TypeSource, ty: &core_types::FieldType<TypeId>) -> Self {
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

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Only its name: a type may mention itself.
            HeapType::Concrete(ty) => ty.fmt(f),
            other => other.to_core().fmt(f),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.heap, self.nullable) {
            (HeapType::Concrete(_), true) => write!(f, "(ref null {})", self.heap),
            (HeapType::Concrete(_), false) => write!(f, "(ref {})", self.heap),
            _ => self.to_core().fmt(f),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::Ref(r) => r.fmt(f),
            other => other.to_core().fmt(f),
        }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        for (word, types) in [("param", &self.params), ("result", &self.results)] {
            if !types.is_empty() {
                write!(f, " ({word}")?;
                types.iter().try_for_each(|t| write!(f, " {t}"))?;
                f.write_str(")")?;
            }
        }
        f.write_str(")")
    }
}

fn limits(f: &mut fmt::Formatter<'_>, limits: &Limits) -> fmt::Result {
    if limits.is_64 {
        f.write_str(" i64")?;
    }
    write!(f, " {}", limits.min)?;
    limits.max.map_or(Ok(()), |max| write!(f, " {max}"))
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => ty.fmt(f),
            ExternType::Tag(ty) => {
                f.write_str("(tag")?;
                ty.params.iter().try_for_each(|t| write!(f, " {t}"))?;
                f.write_str(")")
            }
            ExternType::Table(ty) => {
                f.write_str("(table")?;
                limits(f, &ty.limits)?;
                write!(f, " {})", ty.element)
            }
            ExternType::Memory(ty) => {
                f.write_str("(memory")?;
                limits(f, &ty.limits)?;
                if ty.shared {
                    f.write_str(" shared")?;
                }
                if ty.page_size_log2 != 16 {
                    write!(f, " (pagesize {})", 1u64 << ty.page_size_log2)?;
                }
                f.write_str(")")
            }
            ExternType::Global(GlobalType {
                content,
                mutable: true,
            }) => {
                write!(f, "(global (mut {content}))")
            }
            ExternType::Global(GlobalType {
                content,
                mutable: false,
            }) => write!(f, "(global {content})"),
        }
    }
}
