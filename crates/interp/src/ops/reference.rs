//! References, the heap, tables and bulk operations.
//!
//! Most of these are calls of [`tierra_vm::builtins`]: their operands lie in consecutive slots
//! from `dst`, where the result goes too, `a` and `b` are immediate operands, and a site ends
//! the instruction, since a builtin may collect garbage and so walk the stack.

use super::memory::{LoadOp, StoreOp, reload};
use super::numeric::UnaryOp;
use super::{memory as scalar_memory, trap};
use crate::code::{pack_ref_type, unpack_ref_type};
use crate::dispatch::{Flow, Handler, Instr, Regs, Stop, handler};
use crate::operand::*;
use core::marker::PhantomData;
use tierra_core::Trap;
use tierra_core::index::*;
use tierra_core::types::{RefKind, RefType};
use tierra_vm::gc::layout::{ARRAY_DATA_OFFSET, ARRAY_LENGTH_OFFSET};
use tierra_vm::{Instance, builtins};

/// What a builtin sees: the instance, its operands, the immediates.
pub(crate) struct Frame {
    pub vm: *mut Instance,
    pub at: *mut u64,
    pub a: u32,
    pub b: u32,
    pub c: u64,
}

impl Frame {
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

    #[inline(always)]
    unsafe fn put(&self, value: impl Into<u64>) {
        // SAFETY: the builtin's result slot.
        unsafe { *self.at = value.into() }
    }
}

/// An operator that is done by a builtin.
pub(crate) trait Builtin {
    unsafe fn call(f: Frame) -> Result<(), Trap>;
}

/// `[handler][Args][c][Site]`
pub(crate) struct CallBuiltin<B>(PhantomData<B>);

impl<B: Builtin> Instr for CallBuiltin<B> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            crate::run::leave(r.ip.add(4), r.sp, r.inst);
            trap!(call::<B>(r.ip, r.sp, r.inst));
            r.ip = r.ip.add(4);
            // A memory may have grown, and accumulators are dead behind a builtin.
            reload(r);
            (r.acc, r.f32, r.f64) = (0, 0.0, 0.0);
        }
        Flow::Next
    }
}

/// Out of line: builtins are large, and may keep addresses of their own frames.
#[inline(never)]
unsafe fn call<B: Builtin>(ip: *const u64, sp: *mut u64, vm: *mut Instance) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe {
        let args = &*ip.add(1).cast::<Args>();
        let at = sp.add(args.dst.into());
        B::call(Frame {
            vm,
            at,
            a: args.a.into(),
            b: args.b,
            c: *ip.add(2),
        })
    }
}

macro_rules! builtins {
    ($($(#[$doc:meta])* $name:ident |$f:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;
            impl Builtin for $name {
                #[inline(always)]
                unsafe fn call($f: Frame) -> Result<(), Trap> {
                    // SAFETY: validation gives indices and operands the types that the builtin
                    // expects; the instance is running on this thread.
                    unsafe { $body };
                    Ok(())
                }
            }
        )*
    };
}

/// An index or a length: 64 bits as they are, 32 bits without what lies above.
#[inline(always)]
unsafe fn wide(f: &Frame, n: usize, is_64: bool) -> u64 {
    // SAFETY: the builtin's operands.
    unsafe { if is_64 { f.get(n) } else { f.u32(n).into() } }
}

// In `a`, bit 0 tells that the (first) memory or table has 64-bit indices, bit 1 that the second
// one has; `b` and `c` are indices.
builtins! {
    MemorySize |f| f.put(builtins::memory_size(f.vm, MemoryIdx(f.b)));
    MemoryGrow |f| {
        let pages = builtins::memory_grow(f.vm, MemoryIdx(f.b), wide(&f, 0, f.a & 1 != 0));
        f.put(if f.a & 1 != 0 { pages } else { u64::from(pages as u32) });
    };
    MemoryFill |f| {
        let is_64 = f.a & 1 != 0;
        builtins::memory_fill(f.vm, MemoryIdx(f.b), wide(&f, 0, is_64), f.u32(1), wide(&f, 2, is_64))?;
    };
    MemoryCopy |f| {
        let (to, from) = (f.a & 1 != 0, f.a & 2 != 0);
        builtins::memory_copy(
            f.vm, MemoryIdx(f.b), MemoryIdx(f.c as u32),
            wide(&f, 0, to), wide(&f, 1, from), wide(&f, 2, to && from),
        )?;
    };
    MemoryInit |f| builtins::memory_init(
        f.vm, MemoryIdx(f.b), DataIdx(f.c as u32), wide(&f, 0, f.a & 1 != 0), f.u32(1), f.u32(2))?;
    DataDrop |f| builtins::data_drop(f.vm, DataIdx(f.b));
    TableGet |f| f.put(builtins::table_get(f.vm, TableIdx(f.b), wide(&f, 0, f.a & 1 != 0))?);
    TableSet |f| builtins::table_set(f.vm, TableIdx(f.b), wide(&f, 0, f.a & 1 != 0), f.get(1))?;
    TableSize |f| f.put(builtins::table_size(f.vm, TableIdx(f.b)));
    TableGrow |f| {
        let old = builtins::table_grow(f.vm, TableIdx(f.b), wide(&f, 1, f.a & 1 != 0), f.get(0));
        f.put(if f.a & 1 != 0 { old } else { u64::from(old as u32) });
    };
    TableFill |f| {
        let is_64 = f.a & 1 != 0;
        builtins::table_fill(f.vm, TableIdx(f.b), wide(&f, 0, is_64), f.get(1), wide(&f, 2, is_64))?;
    };
    TableCopy |f| {
        let (to, from) = (f.a & 1 != 0, f.a & 2 != 0);
        builtins::table_copy(
            f.vm, TableIdx(f.b), TableIdx(f.c as u32),
            wide(&f, 0, to), wide(&f, 1, from), wide(&f, 2, to && from),
        )?;
    };
    TableInit |f| builtins::table_init(
        f.vm, TableIdx(f.b), ElemIdx(f.c as u32), wide(&f, 0, f.a & 1 != 0), f.u32(1), f.u32(2))?;
    ElemDrop |f| builtins::elem_drop(f.vm, ElemIdx(f.b));
    RefFunc |f| f.put(builtins::ref_func(f.vm, FuncIdx(f.b)));
    StructNew |f| f.put(builtins::struct_new(f.vm, TypeIdx(f.b), f.at)?);
    StructNewDefault |f| f.put(builtins::struct_new_default(f.vm, TypeIdx(f.b))?);
    /// `c` is the field, `a` tells whether a packed field is signed.
    StructGet |f| builtins::struct_get(f.vm, TypeIdx(f.b), f.c as u32, f.a != 0, f.get(0), f.at)?;
    StructSet |f| builtins::struct_set(f.vm, TypeIdx(f.b), f.c as u32, f.get(0), f.at.add(1))?;
    /// The initial value comes before the length; `a` is the value's slots.
    ArrayNew |f| f.put(builtins::array_new(f.vm, TypeIdx(f.b), f.at, f.u32(f.a as usize))?);
    ArrayNewDefault |f| f.put(builtins::array_new_default(f.vm, TypeIdx(f.b), f.u32(0))?);
    ArrayNewFixed |f| f.put(builtins::array_new_fixed(f.vm, TypeIdx(f.b), f.at, f.c as u32)?);
    ArrayNewData |f| f.put(
        builtins::array_new_data(f.vm, TypeIdx(f.b), DataIdx(f.c as u32), f.u32(0), f.u32(1))?);
    ArrayNewElem |f| f.put(
        builtins::array_new_elem(f.vm, TypeIdx(f.b), ElemIdx(f.c as u32), f.u32(0), f.u32(1))?);
    ArrayGet |f| builtins::array_get(f.vm, TypeIdx(f.b), f.a != 0, f.get(0), f.u32(1), f.at)?;
    ArraySet |f| builtins::array_set(f.vm, TypeIdx(f.b), f.get(0), f.u32(1), f.at.add(2))?;
    /// `a` is the value's slots.
    ArrayFill |f| builtins::array_fill(
        f.vm, TypeIdx(f.b), f.get(0), f.u32(1), f.at.add(2), f.u32(2 + f.a as usize))?;
    ArrayCopy |f| builtins::array_copy(
        f.vm, TypeIdx(f.b), TypeIdx(f.c as u32), f.get(0), f.u32(1), f.get(2), f.u32(3), f.u32(4))?;
    ArrayInitData |f| builtins::array_init_data(
        f.vm, TypeIdx(f.b), DataIdx(f.c as u32), f.get(0), f.u32(1), f.u32(2), f.u32(3))?;
    ArrayInitElem |f| builtins::array_init_elem(
        f.vm, TypeIdx(f.b), ElemIdx(f.c as u32), f.get(0), f.u32(1), f.u32(2), f.u32(3))?;
    /// `c` is the packed type.
    RefTest |f| {
        let (ty, kind) = unpack_ref_type(f.c);
        f.put(u32::from(builtins::ref_test(f.vm, f.get(0), ty, kind)));
    };
    RefCast |f| {
        let (ty, kind) = unpack_ref_type(f.c);
        if !builtins::ref_test(f.vm, f.get(0), ty, kind) {
            return Err(Trap::CastFailure);
        }
    };
}

/// The third word of a cast.
pub(crate) fn cast_word(ty: RefType<TypeIdx>, kind: RefKind) -> u64 {
    pack_ref_type(ty, kind)
}

/// `ref.as_non_null`: slot `a`.
pub(crate) struct RefAsNonNull;

impl Instr for RefAsNonNull {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            if r.get::<u64>(r.args().a) == 0 {
                return Flow::Stop(Stop::trap(Trap::NullReference));
            }
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// `ref.i31`
pub(crate) struct RefI31;
impl UnaryOp for RefI31 {
    type A = u32;
    type R = u32;
    #[inline(always)]
    fn eval(a: u32) -> Result<u32, Trap> {
        Ok(a << 1 | 1)
    }
}

/// `i31.get_s`
pub(crate) struct I31GetS;
impl UnaryOp for I31GetS {
    type A = u32;
    type R = u32;
    #[inline(always)]
    fn eval(a: u32) -> Result<u32, Trap> {
        if a == 0 {
            Err(Trap::NullI31Reference)
        } else {
            Ok((a as i32 >> 1) as u32)
        }
    }
}

/// `i31.get_u`
pub(crate) struct I31GetU;
impl UnaryOp for I31GetU {
    type A = u32;
    type R = u32;
    #[inline(always)]
    fn eval(a: u32) -> Result<u32, Trap> {
        if a == 0 {
            Err(Trap::NullI31Reference)
        } else {
            Ok(a >> 1)
        }
    }
}

/// The place at an offset in the object in slot `a`.
#[inline(always)]
unsafe fn object(r: &Regs, trap: Trap) -> Result<*mut u8, Trap> {
    // SAFETY: a reference that isn't null is the offset of an object from the heap's base.
    unsafe {
        let reference = r.get::<u32>(r.args().a);
        if reference == 0 {
            return Err(trap);
        }
        Ok((*(*r.inst).exec).heap_base.get().add(reference as usize))
    }
}

/// `struct.get` of a scalar field at offset `b` of the object in slot `a`.
pub(crate) struct FieldGet<O, D>(PhantomData<(O, D)>);

impl<O: LoadOp, D: Dest> Instr for FieldGet<O, D> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the object has the field, by validation.
        unsafe {
            let object = trap!(object(r, Trap::NullStructReference));
            let number = object
                .add(r.args().b as usize)
                .cast::<O::Memory>()
                .read_unaligned();
            D::put(r, O::widen(number));
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// `struct.set` of a scalar field at offset `b` of the object in slot `a` to slot `dst`.
pub(crate) struct FieldSet<O>(PhantomData<O>);

impl<O: StoreOp> Instr for FieldSet<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the object has the field, by validation.
        unsafe {
            let object = trap!(object(r, Trap::NullStructReference));
            let value = O::narrow(SlotD::get(r));
            object
                .add(r.args().b as usize)
                .cast::<O::Memory>()
                .write_unaligned(value);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// The place of the element whose index is in slot `b` of the array in slot `a`.
#[inline(always)]
unsafe fn element<T>(r: &Regs) -> Result<*mut T, Trap> {
    // SAFETY: an array has its length behind the type word, then its elements.
    unsafe {
        let array = object(r, Trap::NullArrayReference)?;
        let index = r.get::<u32>(r.args().b);
        if index >= array.add(ARRAY_LENGTH_OFFSET as usize).cast::<u32>().read() {
            return Err(Trap::ArrayOutOfBounds);
        }
        Ok(array
            .add(ARRAY_DATA_OFFSET as usize)
            .cast::<T>()
            .add(index as usize))
    }
}

/// `array.get` of scalars: array in slot `a`, index in slot `b`.
pub(crate) struct ElementGet<O, D>(PhantomData<(O, D)>);

impl<O: LoadOp, D: Dest> Instr for ElementGet<O, D> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `element` is within the array.
        unsafe {
            let number = trap!(element::<O::Memory>(r)).read_unaligned();
            D::put(r, O::widen(number));
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// `array.set` of scalars: array in slot `a`, index in slot `b`, value in slot `dst`.
pub(crate) struct ElementSet<O>(PhantomData<O>);

impl<O: StoreOp> Instr for ElementSet<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `element` is within the array.
        unsafe {
            let value = O::narrow(SlotD::get(r));
            trap!(element::<O::Memory>(r)).write_unaligned(value);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// `array.len`: slot `a`.
pub(crate) struct ArrayLen<D>(PhantomData<D>);

impl<D: Dest> Instr for ArrayLen<D> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; an array has its length behind the type word.
        unsafe {
            let array = trap!(object(r, Trap::NullArrayReference));
            let len = array.add(ARRAY_LENGTH_OFFSET as usize).cast::<u32>().read();
            D::put(r, len);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

pub(crate) static ARRAY_LEN: [Handler; 2] =
    [handler::<ArrayLen<ToAcc>>(), handler::<ArrayLen<ToSlot>>()];

/// Accesses to one kind of scalar in a structure or array.
pub(crate) struct ObjectRow {
    /// By destination.
    pub field_get: [Handler; 2],
    /// By destination.
    pub element_get: [Handler; 2],
    pub field_set: Handler,
    pub element_set: Handler,
}

const fn object_row<L: LoadOp, S: StoreOp>() -> ObjectRow {
    ObjectRow {
        field_get: [
            handler::<FieldGet<L, ToAcc>>(),
            handler::<FieldGet<L, ToSlot>>(),
        ],
        element_get: [
            handler::<ElementGet<L, ToAcc>>(),
            handler::<ElementGet<L, ToSlot>>(),
        ],
        field_set: handler::<FieldSet<S>>(),
        element_set: handler::<ElementSet<S>>(),
    }
}

macro_rules! object_rows {
    ($($kind:ident $load:ident $store:ident;)*) => {
        /// What a field or element of an object holds, as far as an access is concerned.
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum Kind { $($kind),* }

        /// By [`Kind`].
        pub(crate) static OBJECT: &[ObjectRow] =
            &[$(object_row::<scalar_memory::$load, scalar_memory::$store>()),*];
    };
}

object_rows! {
    I8S I32Load8S I32Store8;
    I8U I32Load8U I32Store8;
    I16S I32Load16S I32Store16;
    I16U I32Load16U I32Store16;
    I32 I32Load I32Store;
    I64 I64Load I64Store;
    F32 F32Load F32Store;
    F64 F64Load F64Store;
}
