//! Types of operands, in four bytes each.

use tierra_core::index::TypeIdx;
use tierra_core::types::{HeapType, RefType, ValType};

/// The type of an operand: a value type of the module, or that of a value that unreachable code
/// would have, which matches every type.
///
/// Equal numbers are equal types. The reverse does not hold: two defined types of a module can be
/// equal, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ty(u32);

/// What is set in references; the number below is a heap type.
const REF: u32 = 1 << 31;
/// `(ref null …)`
const NULLABLE: u32 = 1 << 30;
/// The heap type is a defined one, and the number below its index: modules have fewer than 2^20.
const CONCRETE: u32 = 1 << 29;
/// A local that has no value yet.
const UNSET: u32 = 1 << 28;
/// The heap type.
const HEAP: u32 = UNSET - 1;

/// The abstract heap types; their places are their numbers.
const ABSTRACT: [HeapType<TypeIdx>; 12] = [
    HeapType::Func,
    HeapType::NoFunc,
    HeapType::Extern,
    HeapType::NoExtern,
    HeapType::Exn,
    HeapType::NoExn,
    HeapType::Any,
    HeapType::Eq,
    HeapType::I31,
    HeapType::Struct,
    HeapType::Array,
    HeapType::None,
];

impl Ty {
    pub const BOTTOM: Ty = Ty(0);
    /// No type of any operand.
    pub const NOTHING: Ty = Ty(UNSET);
    pub const I32: Ty = Ty(1);
    pub const I64: Ty = Ty(2);
    pub const F32: Ty = Ty(3);
    pub const F64: Ty = Ty(4);
    pub const V128: Ty = Ty(5);
    /// `funcref`
    pub const FUNCREF: Ty = Ty(REF | NULLABLE);
    /// `(ref exn)`
    pub const EXN: Ty = Ty(REF | 4);

    /// The type of this number: those of numbers and vectors, and the bottom type, have numbers
    /// of one byte.
    pub const fn small(number: u8) -> Ty {
        Ty(number as u32)
    }

    /// The number of a type that has one of one byte.
    pub const fn number(self) -> u8 {
        self.0 as u8
    }

    /// A number in the place of a type.
    pub const fn from_bits(bits: u32) -> Ty {
        Ty(bits)
    }

    /// The number in the place of a type.
    pub const fn bits(self) -> u32 {
        self.0
    }

    pub fn reference(nullable: bool, heap: HeapType<TypeIdx>) -> Ty {
        let null = if nullable { NULLABLE } else { 0 };
        let heap = match heap {
            HeapType::Concrete(index) => CONCRETE | index.0,
            heap => ABSTRACT.iter().position(|h| *h == heap).unwrap_or(0) as u32,
        };
        Ty(REF | null | heap)
    }

    /// `(ref $index)` or `(ref null $index)`.
    #[inline]
    pub const fn concrete(nullable: bool, index: u32) -> Ty {
        Ty(REF | CONCRETE | if nullable { NULLABLE } else { 0 } | index)
    }

    #[inline(always)]
    pub const fn is_ref(self) -> bool {
        self.0 & REF != 0
    }

    pub const fn is_nullable(self) -> bool {
        self.0 & NULLABLE != 0
    }

    /// The same reference type, without null.
    pub const fn non_null(self) -> Ty {
        Ty(self.0 & !NULLABLE)
    }

    /// The same reference type, with null.
    pub const fn nullable(self) -> Ty {
        Ty(self.0 | NULLABLE)
    }

    /// Whether a local of this type starts with a value.
    pub const fn is_defaultable(self) -> bool {
        !self.is_ref() || self.is_nullable()
    }

    /// The type in the place of a local that has no value yet.
    pub const fn unset(self) -> Ty {
        Ty(self.0 | UNSET)
    }

    /// The type of a local, whether it has a value or not.
    pub const fn set(self) -> Ty {
        Ty(self.0 & !UNSET)
    }

    #[inline(always)]
    pub const fn is_unset(self) -> bool {
        self.0 & UNSET != 0
    }

    /// The heap type of a reference type.
    pub fn heap(self) -> HeapType<TypeIdx> {
        let number = self.0 & HEAP;
        if self.0 & CONCRETE != 0 {
            HeapType::Concrete(TypeIdx(number))
        } else {
            ABSTRACT[number as usize % ABSTRACT.len()]
        }
    }
}

impl From<RefType<TypeIdx>> for Ty {
    fn from(ty: RefType<TypeIdx>) -> Ty {
        Ty::reference(ty.nullable, ty.heap)
    }
}

impl From<ValType<TypeIdx>> for Ty {
    fn from(ty: ValType<TypeIdx>) -> Ty {
        match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(r) => r.into(),
        }
    }
}

/// Whether an abstract heap type is below another one, or the same.
pub(super) fn abstract_matches(sub: HeapType<TypeIdx>, sup: HeapType<TypeIdx>) -> bool {
    use HeapType::*;
    sub == sup
        || match sup {
            Any => matches!(sub, Eq | I31 | Struct | Array | None),
            Eq => matches!(sub, I31 | Struct | Array | None),
            I31 | Struct | Array => sub == None,
            Func => sub == NoFunc,
            Extern => sub == NoExtern,
            Exn => sub == NoExn,
            None | NoFunc | NoExtern | NoExn | Concrete(_) => false,
        }
}

/// The type at the top of a heap type's hierarchy; `None` for a defined type.
pub(super) fn top(heap: HeapType<TypeIdx>) -> Option<HeapType<TypeIdx>> {
    use HeapType::*;
    Some(match heap {
        Func | NoFunc => Func,
        Extern | NoExtern => Extern,
        Exn | NoExn => Exn,
        Any | Eq | I31 | Struct | Array | HeapType::None => Any,
        Concrete(_) => return Option::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_what_they_are_called() {
        assert_eq!(Ty::FUNCREF, ValType::FUNCREF.into());
        assert_eq!(Ty::EXN, Ty::reference(false, HeapType::Exn));
    }

    #[test]
    fn a_type_keeps_what_it_was_made_of() {
        for heap in ABSTRACT
            .into_iter()
            .chain([HeapType::Concrete(TypeIdx(999_999))])
        {
            for nullable in [false, true] {
                let ty = Ty::reference(nullable, heap);
                assert_eq!((ty.heap(), ty.is_nullable()), (heap, nullable));
                assert_eq!(ty.unset().set(), ty);
                assert!(ty.is_ref() && ty.unset().is_unset() && !ty.is_unset());
            }
        }
    }
}
