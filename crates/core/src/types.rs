//! Types of the core specification 3.0 (§2.3).
//!
//! A type that mentions a defined type does so through `C`: a [`TypeIdx`] inside a module, a
//! canonical [`TypeId`] inside an engine. `map` moves a type from one to the other.

use crate::index::{TypeId, TypeIdx};
use alloc::{boxed::Box, vec::Vec};
use core::fmt;

/// A heap type (§2.3.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum HeapType<C = TypeId> {
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
    Concrete(C),
}

/// A reference type (§2.3.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefType<C = TypeId> {
    /// Whether null belongs to the type.
    pub nullable: bool,
    /// What is referred to.
    pub heap: HeapType<C>,
}

/// A value type (§2.3.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum ValType<C = TypeId> {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefType<C>),
}

/// What a reference points into; it decides how the reference is represented in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RefKind {
    /// `func` and below: a pointer to a function reference.
    Func,
    /// Everything else: a 32-bit offset into the store's garbage-collected heap.
    Heap,
}

impl<C: Copy> HeapType<C> {
    /// The same type with its defined type, if any, renamed.
    pub fn map<D>(self, f: &mut impl FnMut(C) -> D) -> HeapType<D> {
        match self {
            HeapType::Any => HeapType::Any,
            HeapType::Eq => HeapType::Eq,
            HeapType::I31 => HeapType::I31,
            HeapType::Struct => HeapType::Struct,
            HeapType::Array => HeapType::Array,
            HeapType::None => HeapType::None,
            HeapType::Func => HeapType::Func,
            HeapType::NoFunc => HeapType::NoFunc,
            HeapType::Extern => HeapType::Extern,
            HeapType::NoExtern => HeapType::NoExtern,
            HeapType::Exn => HeapType::Exn,
            HeapType::NoExn => HeapType::NoExn,
            HeapType::Concrete(c) => HeapType::Concrete(f(c)),
        }
    }
}

impl<C: Copy> RefType<C> {
    /// `(ref null heap)`.
    pub const fn nullable(heap: HeapType<C>) -> Self {
        Self {
            nullable: true,
            heap,
        }
    }

    /// `(ref heap)`.
    pub const fn non_null(heap: HeapType<C>) -> Self {
        Self {
            nullable: false,
            heap,
        }
    }

    /// The same type with its defined type, if any, renamed.
    pub fn map<D>(self, f: &mut impl FnMut(C) -> D) -> RefType<D> {
        RefType {
            nullable: self.nullable,
            heap: self.heap.map(f),
        }
    }
}

impl<C: Copy> ValType<C> {
    /// `funcref`
    pub const FUNCREF: Self = Self::Ref(RefType::nullable(HeapType::Func));
    /// `externref`
    pub const EXTERNREF: Self = Self::Ref(RefType::nullable(HeapType::Extern));

    /// How many 8-byte slots a value takes: two for `v128`, else one.
    pub const fn slots(self) -> usize {
        if matches!(self, ValType::V128) { 2 } else { 1 }
    }

    /// The same type with its defined type, if any, renamed.
    pub fn map<D>(self, f: &mut impl FnMut(C) -> D) -> ValType<D> {
        match self {
            ValType::I32 => ValType::I32,
            ValType::I64 => ValType::I64,
            ValType::F32 => ValType::F32,
            ValType::F64 => ValType::F64,
            ValType::V128 => ValType::V128,
            ValType::Ref(r) => ValType::Ref(r.map(f)),
        }
    }

    /// Whether a local of this type starts with a value (numbers zero, references null).
    pub const fn is_defaultable(self) -> bool {
        !matches!(
            self,
            ValType::Ref(RefType {
                nullable: false,
                ..
            })
        )
    }
}

/// The number of slots that values of these types take together.
pub fn slots_of<C: Copy>(types: &[ValType<C>]) -> usize {
    types.iter().map(|t| t.slots()).sum()
}

/// A function type (§2.3.8).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FuncType<C = TypeId> {
    /// Parameter types.
    pub params: Box<[ValType<C>]>,
    /// Result types.
    pub results: Box<[ValType<C>]>,
}

impl<C: Copy> FuncType<C> {
    /// A function type of these parameters and results.
    pub fn new(
        params: impl IntoIterator<Item = ValType<C>>,
        results: impl IntoIterator<Item = ValType<C>>,
    ) -> Self {
        Self {
            params: params.into_iter().collect(),
            results: results.into_iter().collect(),
        }
    }

    /// The same type with its defined types renamed.
    pub fn map<D: Copy>(&self, f: &mut impl FnMut(C) -> D) -> FuncType<D> {
        FuncType {
            params: self.params.iter().map(|t| t.map(f)).collect(),
            results: self.results.iter().map(|t| t.map(f)).collect(),
        }
    }
}

/// What a field stores (§2.3.9).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum StorageType<C = TypeId> {
    I8,
    I16,
    Val(ValType<C>),
}

impl<C: Copy> StorageType<C> {
    /// The value type of the unpacked field.
    pub const fn unpacked(self) -> ValType<C> {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(t) => t,
        }
    }

    /// Bytes that the field takes in a heap object; references are 32-bit there.
    pub const fn size(self) -> u32 {
        match self {
            StorageType::I8 => 1,
            StorageType::I16 => 2,
            StorageType::Val(ValType::I32 | ValType::F32 | ValType::Ref(_)) => 4,
            StorageType::Val(ValType::I64 | ValType::F64) => 8,
            StorageType::Val(ValType::V128) => 16,
        }
    }
}

/// A field of a structure, or the elements of an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldType<C = TypeId> {
    /// What is stored.
    pub storage: StorageType<C>,
    /// Whether it can be set.
    pub mutable: bool,
}

impl<C: Copy> FieldType<C> {
    /// The same type with its defined type, if any, renamed.
    pub fn map<D>(self, f: &mut impl FnMut(C) -> D) -> FieldType<D> {
        let storage = match self.storage {
            StorageType::I8 => StorageType::I8,
            StorageType::I16 => StorageType::I16,
            StorageType::Val(t) => StorageType::Val(t.map(f)),
        };
        FieldType {
            storage,
            mutable: self.mutable,
        }
    }
}

/// A composite type (§2.3.10).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum CompositeType<C = TypeId> {
    Func(FuncType<C>),
    Struct(Box<[FieldType<C>]>),
    Array(FieldType<C>),
}

/// A defined type within its recursion group (§2.3.11).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubType<C = TypeId> {
    /// Whether no other type may extend this one.
    pub is_final: bool,
    /// The type that this one extends.
    pub supertype: Option<C>,
    /// Its structure.
    pub composite: CompositeType<C>,
}

impl<C: Copy> SubType<C> {
    /// The same type with its defined types renamed.
    pub fn map<D: Copy>(&self, f: &mut impl FnMut(C) -> D) -> SubType<D> {
        SubType {
            is_final: self.is_final,
            supertype: self.supertype.map(&mut *f),
            composite: match &self.composite {
                CompositeType::Func(t) => CompositeType::Func(t.map(f)),
                CompositeType::Struct(fields) => CompositeType::Struct(
                    fields.iter().map(|t| t.map(f)).collect::<Vec<_>>().into(),
                ),
                CompositeType::Array(t) => CompositeType::Array(t.map(f)),
            },
        }
    }
}

/// Bounds of a memory, in pages, or of a table, in elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// The size at the start.
    pub min: u64,
    /// The size that it can't grow past, if the type names one.
    pub max: Option<u64>,
    /// Whether it is addressed by `i64` instead of `i32`.
    pub is_64: bool,
}

/// A memory type (§2.3.13) with the threads and custom-page-sizes proposals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    /// Bounds in pages.
    pub limits: Limits,
    /// Whether threads share it.
    pub shared: bool,
    /// The logarithm of the page size in bytes: 16, or 0 with custom page sizes.
    pub page_size_log2: u8,
}

impl MemoryType {
    /// The largest size in bytes that the type admits, at most `u64::MAX`.
    pub fn max_bytes(&self) -> u64 {
        let address_space = if self.limits.is_64 { u64::MAX } else { 1 << 32 };
        let max = self.limits.max.unwrap_or(u64::MAX);
        max.checked_shl(self.page_size_log2.into())
            .filter(|bytes| bytes >> self.page_size_log2 == max)
            .unwrap_or(u64::MAX)
            .min(address_space)
    }

    /// The type of an address: `i64` or `i32`.
    pub const fn index_type<C>(&self) -> ValType<C> {
        if self.limits.is_64 {
            ValType::I64
        } else {
            ValType::I32
        }
    }
}

/// A table type (§2.3.14).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableType<C = TypeId> {
    /// Bounds in elements.
    pub limits: Limits,
    /// The type of the elements.
    pub element: RefType<C>,
}

impl<C: Copy> TableType<C> {
    /// The same type with its defined type, if any, renamed.
    pub fn map<D>(self, f: &mut impl FnMut(C) -> D) -> TableType<D> {
        TableType {
            limits: self.limits,
            element: self.element.map(f),
        }
    }

    /// The type of an index: `i64` or `i32`.
    pub const fn index_type(&self) -> ValType<C> {
        if self.limits.is_64 {
            ValType::I64
        } else {
            ValType::I32
        }
    }
}

/// A global type (§2.3.12).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType<C = TypeId> {
    /// The type of the value.
    pub content: ValType<C>,
    /// Whether it can be set.
    pub mutable: bool,
}

impl<C: Copy> GlobalType<C> {
    /// The same type with its defined type, if any, renamed.
    pub fn map<D>(self, f: &mut impl FnMut(C) -> D) -> GlobalType<D> {
        GlobalType {
            content: self.content.map(f),
            mutable: self.mutable,
        }
    }
}

/// The type of an import or an export. A function or a tag is named by its defined type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum ExternType<C = TypeId> {
    Func(C),
    Table(TableType<C>),
    Memory(MemoryType),
    Global(GlobalType<C>),
    Tag(C),
}

impl<C: Copy> ExternType<C> {
    /// The specification's word for the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            ExternType::Func(_) => "func",
            ExternType::Table(_) => "table",
            ExternType::Memory(_) => "memory",
            ExternType::Global(_) => "global",
            ExternType::Tag(_) => "tag",
        }
    }

    /// The same type with its defined type, if any, renamed.
    pub fn map<D>(self, f: &mut impl FnMut(C) -> D) -> ExternType<D> {
        match self {
            ExternType::Func(t) => ExternType::Func(f(t)),
            ExternType::Table(t) => ExternType::Table(t.map(f)),
            ExternType::Memory(t) => ExternType::Memory(t),
            ExternType::Global(t) => ExternType::Global(t.map(f)),
            ExternType::Tag(t) => ExternType::Tag(f(t)),
        }
    }
}

impl<C: fmt::Display> fmt::Display for HeapType<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::None => "none",
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "noextern",
            HeapType::Exn => "exn",
            HeapType::NoExn => "noexn",
            HeapType::Concrete(c) => return write!(f, "{c}"),
        })
    }
}

impl<C: fmt::Display> fmt::Display for RefType<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, &self.heap) {
            (true, HeapType::Concrete(c)) => write!(f, "(ref null {c})"),
            (true, HeapType::None) => f.write_str("nullref"),
            (true, HeapType::NoFunc) => f.write_str("nullfuncref"),
            (true, HeapType::NoExtern) => f.write_str("nullexternref"),
            (true, HeapType::NoExn) => f.write_str("nullexnref"),
            (true, heap) => write!(f, "{heap}ref"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

impl<C: fmt::Display> fmt::Display for ValType<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(r) => r.fmt(f),
        }
    }
}

impl<C: fmt::Display> fmt::Display for FuncType<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        for (word, types) in [("param", &self.params), ("result", &self.results)] {
            if !types.is_empty() {
                write!(f, " ({word}")?;
                for t in types {
                    write!(f, " {t}")?;
                }
                f.write_str(")")?;
            }
        }
        f.write_str(")")
    }
}

/// A module's own types: the form in which [`crate::types`] appear before an engine makes them
/// canonical.
pub type ModuleValType = ValType<TypeIdx>;
