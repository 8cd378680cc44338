//! References, the heap, tables and bulk operations.
//!
//! Most of these are calls of [`tierra_vm::builtins`]: their operands lie in consecutive slots
//! from `dst`, where the result goes too, `a` and `b` are immediate operands, and a site ends
//! the instruction, since a builtin may collect garbage and so walk the stack.

use super::memory::{LoadOp, StoreOp, reload};
use super::numeric::UnaryOp;
use super::{memory as scalar_memory, trap};
use crate::dispatch::{Flow, Handler, Instr, Regs, Stop, handler};
use crate::operand::*;
use core::marker::PhantomData;
use tierra_core::Trap;
use tierra_vm::Instance;
use tierra_vm::builtins::{Operands, Operation};
use tierra_vm::gc::layout::{ARRAY_DATA_OFFSET, ARRAY_LENGTH_OFFSET};

/// `[handler][Args][c][Site]`
pub(crate) struct CallBuiltin<B>(PhantomData<B>);

impl<B: Operation> Instr for CallBuiltin<B> {
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
unsafe fn call<B: Operation>(ip: *const u64, sp: *mut u64, vm: *mut Instance) -> Result<(), Trap> {
    // SAFETY: the caller's.
    unsafe {
        let args = &*ip.add(1).cast::<Args>();
        let at = sp.add(args.dst.into());
        B::call(Operands {
            vm,
            at,
            a: args.a.into(),
            b: args.b,
            c: *ip.add(2),
        })
    }
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
