//! Values at compile time: locals, and the entries of the operand stack.

use crate::regs::Reg;
use tierra_asm::x64::Cc;
use tierra_asm::x64::abi::ValueClass;
use tierra_core::index::TypeIdx;
use tierra_core::types::{CompositeType, HeapType, RefKind, ValType};
use tierra_module::Module;

/// What counts of a type: references to functions are addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Ty {
    I32,
    I64,
    /// A reference into the heap.
    Ref,
    F32,
    F64,
    V128,
}

impl Ty {
    #[inline(always)]
    pub const fn is_vec(self) -> bool {
        self as u8 >= Ty::F32 as u8
    }

    /// The bytes of its place in the frame.
    #[inline(always)]
    pub const fn bytes(self) -> i32 {
        if matches!(self, Ty::V128) { 16 } else { 8 }
    }

    pub const fn class(self) -> ValueClass {
        match self {
            Ty::I32 | Ty::I64 | Ty::Ref => ValueClass::Int,
            Ty::F32 | Ty::F64 => ValueClass::Float,
            Ty::V128 => ValueClass::Vector,
        }
    }

    /// What a value type of a module is in machine code.
    pub fn of(module: &Module, ty: ValType<TypeIdx>) -> Ty {
        match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(r) => match ref_kind(module, r.heap) {
                RefKind::Func => Ty::I64,
                RefKind::Heap => Ty::Ref,
            },
        }
    }
}

/// How references of a type are represented.
pub(crate) fn ref_kind(module: &Module, heap: HeapType<TypeIdx>) -> RefKind {
    match heap {
        HeapType::Func | HeapType::NoFunc => RefKind::Func,
        HeapType::Concrete(i) => match module.types[i.index()].composite {
            CompositeType::Func(_) => RefKind::Func,
            _ => RefKind::Heap,
        },
        _ => RefKind::Heap,
    }
}

/// A condition on the flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cond {
    Cc(Cc),
    /// Of floats, none of them a NaN.
    Equal,
    /// Of floats, or one of them is a NaN.
    NotEqual,
}

impl Cond {
    pub fn invert(self) -> Cond {
        match self {
            Cond::Cc(cc) => Cond::Cc(cc.invert()),
            Cond::Equal => Cond::NotEqual,
            Cond::NotEqual => Cond::Equal,
        }
    }
}

/// Where an operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Loc {
    /// A constant's bits. No vector is one.
    Const(u64),
    Reg(Reg),
    /// In its place in the frame.
    Home,
    /// The value that the local has; it hasn't been read yet.
    Local(u32),
    /// Whether a condition holds. Only of the topmost operand, right after a comparison.
    Flags(Cond),
}

/// An entry of the operand stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub loc: Loc,
    pub ty: Ty,
    /// Its place, from the frame pointer.
    pub home: i32,
}

/// A local.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    pub ty: Ty,
    /// The register that it is in; else it is in its place.
    pub reg: Reg,
    /// Its place, from the frame pointer.
    pub home: i32,
    /// How many operands are this local, unread.
    pub unread: u32,
}

/// An operand that was popped, for the operator at hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operand {
    Const(u64),
    /// In a register, which may be overwritten if it is nobody else's.
    Reg {
        r: Reg,
        own: bool,
    },
    /// In the frame.
    Home(i32),
}
