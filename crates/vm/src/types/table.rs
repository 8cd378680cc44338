//! What is known of the types with these ids, and how they relate.

use super::TypeInfo;
use alloc::sync::Arc;
use alloc::vec::Vec;
use tierra_core::SlotType;
use tierra_core::index::TypeId;
use tierra_core::types::*;

/// Types by id.
///
/// Its methods panic when they are asked for an id that nobody put in: a bug of the caller.
#[derive(Default)]
pub struct TypeTable {
    infos: Vec<Option<Arc<TypeInfo>>>,
}

impl TypeTable {
    /// An empty table.
    pub const fn new() -> Self {
        Self { infos: Vec::new() }
    }

    /// What is known of a type.
    #[inline]
    pub fn info(&self, id: TypeId) -> &TypeInfo {
        self.get(id).expect("the type is registered")
    }

    /// What is known of a type, if it is in the table.
    #[inline]
    pub fn get(&self, id: TypeId) -> Option<&Arc<TypeInfo>> {
        self.infos.get(id.index())?.as_ref()
    }

    /// Puts in a type, or replaces the one that had the id before.
    pub fn set(&mut self, info: Arc<TypeInfo>) {
        let at = info.id.index();
        if at >= self.infos.len() {
            self.infos.resize(at + 1, None);
        }
        self.infos[at] = Some(info);
    }

    pub(super) fn remove(&mut self, id: TypeId) -> Option<Arc<TypeInfo>> {
        self.infos[id.index()].take()
    }

    /// Whether `a` is `b` or a type below it.
    #[inline]
    pub fn is_subtype(&self, a: TypeId, b: TypeId) -> bool {
        a == b || self.is_strict_subtype(a, b)
    }

    fn is_strict_subtype(&self, a: TypeId, b: TypeId) -> bool {
        let depth = self.info(b).display.len() - 1;
        self.info(a).display.get(depth) == Some(&b)
    }

    /// How references of a heap type are represented.
    pub fn ref_kind(&self, heap: HeapType) -> RefKind {
        match heap {
            HeapType::Func | HeapType::NoFunc => RefKind::Func,
            HeapType::Concrete(id) => self.info(id).ref_kind(),
            _ => RefKind::Heap,
        }
    }

    /// How values of a type are represented, if they are references.
    pub fn val_ref_kind(&self, ty: ValType) -> Option<RefKind> {
        match ty {
            ValType::Ref(r) => Some(self.ref_kind(r.heap)),
            _ => None,
        }
    }

    /// What a value of a type is in a slot.
    pub fn slot_type(&self, ty: ValType) -> SlotType {
        match ty {
            ValType::I32 => SlotType::I32,
            ValType::I64 => SlotType::I64,
            ValType::F32 => SlotType::F32,
            ValType::F64 => SlotType::F64,
            ValType::V128 => SlotType::V128,
            ValType::Ref(r) => match self.ref_kind(r.heap) {
                RefKind::Func => SlotType::I64,
                RefKind::Heap => SlotType::Ref,
            },
        }
    }

    /// Whether `a` matches `b` (§3.3.3).
    pub fn heap_subtype(&self, a: HeapType, b: HeapType) -> bool {
        use HeapType::*;
        match (a, b) {
            (Concrete(a), Concrete(b)) => self.is_subtype(a, b),
            (a, b) if a == b => true,
            (Eq | I31 | Struct | Array | None, Any) => true,
            (I31 | Struct | Array | None, Eq) => true,
            (None, I31 | Struct | Array) => true,
            (NoFunc, Func) | (NoExtern, Extern) | (NoExn, Exn) => true,
            (Concrete(a), b) => match &self.info(a).sub.composite {
                CompositeType::Func(_) => b == Func,
                CompositeType::Struct(_) => matches!(b, Any | Eq | Struct),
                CompositeType::Array(_) => matches!(b, Any | Eq | Array),
            },
            (None, Concrete(b)) => self.info(b).ref_kind() == RefKind::Heap,
            (NoFunc, Concrete(b)) => self.info(b).ref_kind() == RefKind::Func,
            _ => false,
        }
    }

    /// Whether `a` matches `b` (§3.3.4).
    pub fn ref_subtype(&self, a: RefType, b: RefType) -> bool {
        (b.nullable || !a.nullable) && self.heap_subtype(a.heap, b.heap)
    }

    /// Whether `a` matches `b` (§3.3.5).
    pub fn val_subtype(&self, a: ValType, b: ValType) -> bool {
        match (a, b) {
            (ValType::Ref(a), ValType::Ref(b)) => self.ref_subtype(a, b),
            _ => a == b,
        }
    }

    /// Whether something of type `given` may be imported as `wanted` (§4.5.2). The minimum of a
    /// given memory or table is its size now.
    pub fn extern_matches(&self, given: &ExternType, wanted: &ExternType) -> bool {
        match (given, wanted) {
            (ExternType::Func(a), ExternType::Func(b)) => self.is_subtype(*a, *b),
            (ExternType::Tag(a), ExternType::Tag(b)) => a == b,
            (ExternType::Global(a), ExternType::Global(b)) => {
                a.mutable == b.mutable
                    && self.val_subtype(a.content, b.content)
                    && (!a.mutable || self.val_subtype(b.content, a.content))
            }
            (ExternType::Memory(a), ExternType::Memory(b)) => {
                a.shared == b.shared
                    && a.page_size_log2 == b.page_size_log2
                    && limits_match(&a.limits, &b.limits)
            }
            (ExternType::Table(a), ExternType::Table(b)) => {
                limits_match(&a.limits, &b.limits)
                    && self.ref_subtype(a.element, b.element)
                    && self.ref_subtype(b.element, a.element)
            }
            _ => false,
        }
    }
}

fn limits_match(given: &Limits, wanted: &Limits) -> bool {
    given.is_64 == wanted.is_64
        && given.min >= wanted.min
        && match (given.max, wanted.max) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(given), Some(wanted)) => given <= wanted,
        }
}
