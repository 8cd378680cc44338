//! Where fields lie in objects. Translators use it with a module's types, the collector with
//! canonical ones.

use alloc::boxed::Box;
use alloc::vec::Vec;
use tierra_core::types::*;

/// Bytes in front of the first field.
pub const HEADER: u32 = 8;
/// Where an array's length lies.
pub const ARRAY_LENGTH_OFFSET: u32 = 4;
/// Where an array's first element lies.
pub const ARRAY_DATA_OFFSET: u32 = 8;
/// Objects begin and end at multiples of this.
pub const OBJECT_ALIGN: u32 = 8;

/// The fields of a structure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StructLayout {
    /// Where each field lies, from the start of the object; aligned to its size, up to 8.
    pub offsets: Box<[u32]>,
    /// The size of the object, a multiple of 8.
    pub size: u32,
}

/// Lays out a structure: in order, which is simple and makes a subtype extend its supertype.
pub fn struct_layout<C: Copy>(fields: &[FieldType<C>]) -> StructLayout {
    let mut end = HEADER;
    let offsets = fields
        .iter()
        .map(|field| {
            let size = field.storage.size();
            let offset = end.next_multiple_of(size.min(8));
            end = offset + size;
            offset
        })
        .collect();
    StructLayout {
        offsets,
        size: end.next_multiple_of(OBJECT_ALIGN),
    }
}

/// Where one field of a structure lies.
pub fn field_offset<C: Copy>(fields: &[FieldType<C>], field: usize) -> u32 {
    let mut end = HEADER;
    let mut offset = end;
    for field in &fields[..=field] {
        let size = field.storage.size();
        offset = end.next_multiple_of(size.min(8));
        end = offset + size;
    }
    offset
}

/// How a field or an element is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldRepr {
    /// One byte.
    I8,
    /// Two bytes.
    I16,
    /// A number of four bytes.
    Bits32,
    /// A number of eight bytes.
    Bits64,
    /// A vector.
    V128,
    /// A reference into the heap.
    Heap,
    /// An index into the store's table of function references.
    Func,
}

impl FieldRepr {
    /// The representation of a field; `kind` tells that of references.
    pub fn of<C: Copy>(storage: StorageType<C>, kind: impl FnOnce(HeapType<C>) -> RefKind) -> Self {
        match storage {
            StorageType::I8 => Self::I8,
            StorageType::I16 => Self::I16,
            StorageType::Val(ValType::I32 | ValType::F32) => Self::Bits32,
            StorageType::Val(ValType::I64 | ValType::F64) => Self::Bits64,
            StorageType::Val(ValType::V128) => Self::V128,
            StorageType::Val(ValType::Ref(r)) => match kind(r.heap) {
                RefKind::Heap => Self::Heap,
                RefKind::Func => Self::Func,
            },
        }
    }

    /// Bytes in an object.
    #[inline]
    pub const fn size(self) -> u32 {
        match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::Bits32 | Self::Heap | Self::Func => 4,
            Self::Bits64 => 8,
            Self::V128 => 16,
        }
    }

    /// Slots that the value takes outside of objects.
    #[inline]
    pub const fn slots(self) -> usize {
        if matches!(self, Self::V128) { 2 } else { 1 }
    }
}

/// A field of a structure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldLayout {
    /// Where it lies, from the start of the object.
    pub offset: u32,
    /// How it is stored.
    pub repr: FieldRepr,
}

/// The objects of a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObjectLayout {
    /// Structures.
    Struct {
        /// The size of the object, a multiple of 8.
        size: u32,
        /// The fields.
        fields: Box<[FieldLayout]>,
        /// Where the fields lie that are references into the heap.
        heap_refs: Box<[u32]>,
    },
    /// Arrays of such elements.
    Array(FieldRepr),
}

impl ObjectLayout {
    pub(crate) fn of(
        composite: &CompositeType,
        kind: &dyn Fn(HeapType) -> RefKind,
    ) -> Option<Self> {
        match composite {
            CompositeType::Func(_) => None,
            CompositeType::Array(element) => {
                Some(Self::Array(FieldRepr::of(element.storage, kind)))
            }
            CompositeType::Struct(types) => {
                let StructLayout { offsets, size } = struct_layout(types);
                let fields: Box<[FieldLayout]> = types
                    .iter()
                    .zip(offsets)
                    .map(|(ty, offset)| FieldLayout {
                        offset,
                        repr: FieldRepr::of(ty.storage, kind),
                    })
                    .collect();
                let heap_refs: Vec<u32> = fields
                    .iter()
                    .filter(|f| f.repr == FieldRepr::Heap)
                    .map(|f| f.offset)
                    .collect();
                Some(Self::Struct {
                    size,
                    fields,
                    heap_refs: heap_refs.into(),
                })
            }
        }
    }
}

/// The size of an array object, if it can exist at all.
#[inline]
pub fn array_size(element: FieldRepr, len: u32) -> u64 {
    (u64::from(ARRAY_DATA_OFFSET) + u64::from(element.size()) * u64::from(len))
        .next_multiple_of(OBJECT_ALIGN.into())
}
