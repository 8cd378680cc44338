//! What guest code calls, by number: one shape for all builtins, so that a tier needs one way to
//! call them.
//!
//! Operands lie in consecutive slots, where results go too; three immediate operands come with
//! the call. In `a`, bit 0 tells that the (first) memory or table has 64-bit indices, bit 1 that
//! the second one has; `b` and `c` are indices. Where it is otherwise, the row says so.

use crate::layout::Instance;
use tierra_core::Trap;
use tierra_core::index::*;
use tierra_core::types::{HeapType, RefKind, RefType};

/// What a builtin gets: the instance, its operands, the immediates.
pub struct Operands {
    /// The instance that the code runs in.
    pub vm: *mut Instance,
    /// The slots of the operands and results.
    pub at: *mut u64,
    /// An immediate operand: mostly flags.
    pub a: u32,
    /// An immediate operand: mostly an index.
    pub b: u32,
    /// An immediate operand: mostly a second index.
    pub c: u64,
}

impl Operands {
    #[inline(always)]
    unsafe fn get(&self, n: usize) -> u64 {
        // SAFETY: the builtin's operands.
        unsafe { *self.at.add(n) }
    }

    #[inline(always)]
    unsafe fn u32(&self, n: usize) -> u32 {
        // SAFETY: the builtin's operands.
        unsafe { *self.at.add(n) as u32 }
    }

    /// An index or a length: 64 bits as they are, 32 bits without what lies above.
    #[inline(always)]
    unsafe fn wide(&self, n: usize, is_64: bool) -> u64 {
        // SAFETY: the builtin's operands.
        unsafe {
            if is_64 {
                self.get(n)
            } else {
                self.u32(n).into()
            }
        }
    }

    #[inline(always)]
    unsafe fn put(&self, value: impl Into<u64>) {
        // SAFETY: the builtin's result slot.
        unsafe { *self.at = value.into() }
    }
}

/// An operator that is done by a builtin.
pub trait Operation {
    /// Does it.
    ///
    /// # Errors
    /// The trap.
    ///
    /// # Safety
    /// See [`crate::builtins`]; the operands are those of the row.
    unsafe fn call(f: Operands) -> Result<(), Trap>;
}

macro_rules! builtins {
    ($($(#[$doc:meta])* $name:ident |$f:ident| $body:expr;)*) => {
        /// The builtins by number.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Builtin {
            $($(#[$doc])* #[doc = concat!("See [`operation::", stringify!($name), "`].")] $name,)*
            /// Throws the exception in slot 0, which may be null: a trap. It does not return.
            Throw,
        }

        impl Builtin {
            /// Every builtin that returns, in the order of numbers.
            pub const RETURNING: &[Builtin] = &[$(Builtin::$name),*];
        }

        /// Calls a macro with the names of all operations, in the order of their numbers.
        #[macro_export]
        macro_rules! for_each_builtin {
            ($m:ident) => { $m! { $($name)* } };
        }

        /// The operations, one type each.
        pub mod operation {
            use super::*;
            $(
                $(#[$doc])*
                #[doc = concat!("The builtin `", stringify!($name), "`.")]
                pub struct $name;
                impl Operation for $name {
                    #[inline(always)]
                    unsafe fn call($f: Operands) -> Result<(), Trap> {
                        // SAFETY: validation gives indices and operands the types that the builtin
                        // expects; the instance is running on this thread.
                        unsafe { $body };
                        Ok(())
                    }
                }
            )*
        }
    };
}

builtins! {
    MemorySize |f| f.put(super::super::memory_size(f.vm, MemoryIdx(f.b)));
    MemoryGrow |f| {
        let pages = super::super::memory_grow(f.vm, MemoryIdx(f.b), f.wide(0, f.a & 1 != 0));
        f.put(if f.a & 1 != 0 { pages } else { u64::from(pages as u32) });
    };
    MemoryFill |f| {
        let is_64 = f.a & 1 != 0;
        super::super::memory_fill(f.vm, MemoryIdx(f.b), f.wide(0, is_64), f.u32(1), f.wide(2, is_64))?;
    };
    MemoryCopy |f| {
        let (to, from) = (f.a & 1 != 0, f.a & 2 != 0);
        super::super::memory_copy(
            f.vm, MemoryIdx(f.b), MemoryIdx(f.c as u32),
            f.wide(0, to), f.wide(1, from), f.wide(2, to && from),
        )?;
    };
    MemoryInit |f| super::super::memory_init(
        f.vm, MemoryIdx(f.b), DataIdx(f.c as u32), f.wide(0, f.a & 1 != 0), f.u32(1), f.u32(2))?;
    DataDrop |f| super::super::data_drop(f.vm, DataIdx(f.b));
    TableGet |f| f.put(super::super::table_get(f.vm, TableIdx(f.b), f.wide(0, f.a & 1 != 0))?);
    TableSet |f| super::super::table_set(f.vm, TableIdx(f.b), f.wide(0, f.a & 1 != 0), f.get(1))?;
    TableSize |f| f.put(super::super::table_size(f.vm, TableIdx(f.b)));
    TableGrow |f| {
        let old = super::super::table_grow(f.vm, TableIdx(f.b), f.wide(1, f.a & 1 != 0), f.get(0));
        f.put(if f.a & 1 != 0 { old } else { u64::from(old as u32) });
    };
    TableFill |f| {
        let is_64 = f.a & 1 != 0;
        super::super::table_fill(f.vm, TableIdx(f.b), f.wide(0, is_64), f.get(1), f.wide(2, is_64))?;
    };
    TableCopy |f| {
        let (to, from) = (f.a & 1 != 0, f.a & 2 != 0);
        super::super::table_copy(
            f.vm, TableIdx(f.b), TableIdx(f.c as u32),
            f.wide(0, to), f.wide(1, from), f.wide(2, to && from),
        )?;
    };
    TableInit |f| super::super::table_init(
        f.vm, TableIdx(f.b), ElemIdx(f.c as u32), f.wide(0, f.a & 1 != 0), f.u32(1), f.u32(2))?;
    ElemDrop |f| super::super::elem_drop(f.vm, ElemIdx(f.b));
    RefFunc |f| f.put(super::super::ref_func(f.vm, FuncIdx(f.b)));
    StructNew |f| f.put(super::super::struct_new(f.vm, TypeIdx(f.b), f.at)?);
    StructNewDefault |f| f.put(super::super::struct_new_default(f.vm, TypeIdx(f.b))?);
    /// `c` is the field, `a` tells whether a packed field is signed.
    StructGet |f| super::super::struct_get(f.vm, TypeIdx(f.b), f.c as u32, f.a != 0, f.get(0), f.at)?;
    StructSet |f| super::super::struct_set(f.vm, TypeIdx(f.b), f.c as u32, f.get(0), f.at.add(1))?;
    /// The initial value comes before the length; `a` is the value's slots.
    ArrayNew |f| f.put(super::super::array_new(f.vm, TypeIdx(f.b), f.at, f.u32(f.a as usize))?);
    ArrayNewDefault |f| f.put(super::super::array_new_default(f.vm, TypeIdx(f.b), f.u32(0))?);
    ArrayNewFixed |f| f.put(super::super::array_new_fixed(f.vm, TypeIdx(f.b), f.at, f.c as u32)?);
    ArrayNewData |f| f.put(
        super::super::array_new_data(f.vm, TypeIdx(f.b), DataIdx(f.c as u32), f.u32(0), f.u32(1))?);
    ArrayNewElem |f| f.put(
        super::super::array_new_elem(f.vm, TypeIdx(f.b), ElemIdx(f.c as u32), f.u32(0), f.u32(1))?);
    ArrayGet |f| super::super::array_get(f.vm, TypeIdx(f.b), f.a != 0, f.get(0), f.u32(1), f.at)?;
    ArraySet |f| super::super::array_set(f.vm, TypeIdx(f.b), f.get(0), f.u32(1), f.at.add(2))?;
    /// `a` is the value's slots.
    ArrayFill |f| super::super::array_fill(
        f.vm, TypeIdx(f.b), f.get(0), f.u32(1), f.at.add(2), f.u32(2 + f.a as usize))?;
    ArrayCopy |f| super::super::array_copy(
        f.vm, TypeIdx(f.b), TypeIdx(f.c as u32), f.get(0), f.u32(1), f.get(2), f.u32(3), f.u32(4))?;
    ArrayInitData |f| super::super::array_init_data(
        f.vm, TypeIdx(f.b), DataIdx(f.c as u32), f.get(0), f.u32(1), f.u32(2), f.u32(3))?;
    ArrayInitElem |f| super::super::array_init_elem(
        f.vm, TypeIdx(f.b), ElemIdx(f.c as u32), f.get(0), f.u32(1), f.u32(2), f.u32(3))?;
    /// `c` is the packed type.
    RefTest |f| {
        let (ty, kind) = unpack_ref_type(f.c);
        f.put(u32::from(super::super::ref_test(f.vm, f.get(0), ty, kind)));
    };
    RefCast |f| {
        let (ty, kind) = unpack_ref_type(f.c);
        if !super::super::ref_test(f.vm, f.get(0), ty, kind) {
            return Err(Trap::CastFailure);
        }
    };
    AtomicWait32 |f| f.put(super::super::atomic_wait32(
        f.vm, MemoryIdx(f.b), f.get(0), f.u32(1), f.get(2) as i64)?);
    AtomicWait64 |f| f.put(super::super::atomic_wait64(
        f.vm, MemoryIdx(f.b), f.get(0), f.get(1), f.get(2) as i64)?);
    AtomicNotify |f| f.put(super::super::atomic_notify(f.vm, MemoryIdx(f.b), f.get(0), f.u32(1))?);
    /// The exception that `throw` throws, of its payload.
    ExnNew |f| f.put(super::super::exn_new(f.vm, TagIdx(f.b), f.at)?);
    /// The payload of an exception in its place.
    ExnFields |f| super::super::exn_fields(f.vm, f.get(0), f.at);
    FuncToHeap |f| f.put(super::super::func_to_heap(f.vm, f.get(0)));
    FuncFromHeap |f| f.put(super::super::func_from_heap(f.vm, f.u32(0)));
    /// Whether the type with the id in slot 0 is type `b` of the module or below it.
    CheckSubtype |f| {
        let wanted = super::super::type_id(f.vm, TypeIdx(f.b));
        f.put(u32::from(super::super::is_subtype(f.vm, TypeId(f.u32(0)), wanted)));
    };
    /// `b` is a [`VectorOperator`](crate::builtins::VectorOperator).
    NumericVector |f| super::super::vector_operator(f.at, f.b);
}

/// A reference type in one word, with the representation that references of its hierarchy have.
pub fn pack_ref_type(ty: RefType<TypeIdx>, kind: RefKind) -> u64 {
    let (code, index) = match ty.heap {
        HeapType::Concrete(index) => (0, index.0),
        HeapType::Any => (1, 0),
        HeapType::Eq => (2, 0),
        HeapType::I31 => (3, 0),
        HeapType::Struct => (4, 0),
        HeapType::Array => (5, 0),
        HeapType::None => (6, 0),
        HeapType::Func => (7, 0),
        HeapType::NoFunc => (8, 0),
        HeapType::Extern => (9, 0),
        HeapType::NoExtern => (10, 0),
        HeapType::Exn => (11, 0),
        HeapType::NoExn => (12, 0),
    };
    let func = u64::from(kind == RefKind::Func);
    u64::from(ty.nullable) | code << 1 | func << 5 | u64::from(index) << 32
}

/// The inverse of [`pack_ref_type`].
#[inline]
pub fn unpack_ref_type(word: u64) -> (RefType<TypeIdx>, RefKind) {
    let heap = match (word >> 1) & 15 {
        0 => HeapType::Concrete(TypeIdx((word >> 32) as u32)),
        1 => HeapType::Any,
        2 => HeapType::Eq,
        3 => HeapType::I31,
        4 => HeapType::Struct,
        5 => HeapType::Array,
        6 => HeapType::None,
        7 => HeapType::Func,
        8 => HeapType::NoFunc,
        9 => HeapType::Extern,
        10 => HeapType::NoExtern,
        11 => HeapType::Exn,
        _ => HeapType::NoExn,
    };
    let kind = if word >> 5 & 1 != 0 {
        RefKind::Func
    } else {
        RefKind::Heap
    };
    (
        RefType {
            nullable: word & 1 != 0,
            heap,
        },
        kind,
    )
}
