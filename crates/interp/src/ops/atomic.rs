//! Atomic accesses. Operands are in consecutive slots from `dst`, where the result goes too; `a`
//! tells whether addresses have 64 bits, `b` is the memory, the third word the offset.

use super::memory::{memory, place_in};
use super::trap;
use crate::dispatch::{Flow, Handler, Instr, Regs, handler};
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering, fence};
use tierra_core::index::MemoryIdx;
use tierra_core::{
    Trap, for_each_atomic_cmpxchg, for_each_atomic_load, for_each_atomic_rmw, for_each_atomic_store,
};
use tierra_vm::builtins;
use tierra_vm::sync::AtomicU64;

macro_rules! atomic_type {
    (u8) => {
        AtomicU8
    };
    (u16) => {
        AtomicU16
    };
    (u32) => {
        AtomicU32
    };
    (u64) => {
        AtomicU64
    };
}

macro_rules! value {
    (I32, $v:expr) => {
        u64::from($v as u32)
    };
    (I64, $v:expr) => {
        $v as u64
    };
}

#[inline(always)]
unsafe fn address(r: &Regs) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        let args = r.args();
        if args.a != 0 {
            r.get(args.dst)
        } else {
            r.get::<u32>(args.dst).into()
        }
    }
}

/// The place of an atomic access: in bounds, then aligned.
#[inline(always)]
unsafe fn atomic_place<T>(r: &Regs) -> Result<*mut T, Trap> {
    // SAFETY: the caller's.
    let place = unsafe { place_in::<T>(r, r.args().b, address(r), r.word(2))? };
    if place.addr() % size_of::<T>() != 0 {
        return Err(Trap::UnalignedAtomic);
    }
    Ok(place)
}

/// The value operand `n` (counted from the address).
#[inline(always)]
unsafe fn operand(r: &Regs, n: u32) -> u64 {
    // SAFETY: the caller's.
    unsafe { r.get(u32::from(r.args().dst) + n) }
}

macro_rules! instr {
    ($op:ident, $memory:ident, |$r:ident, $cell:ident| $body:expr) => {
        pub(crate) struct $op;
        impl Instr for $op {
            #[inline(always)]
            unsafe fn run($r: &mut Regs) -> Flow {
                // SAFETY: `Instr::run`'s contract; the place is in bounds and aligned, and
                // whoever else accesses it atomically does so through the same type or bytes of
                // it, as the specification's memory model describes.
                unsafe {
                    let place = trap!(atomic_place::<$memory>($r));
                    let $cell = <atomic_type!($memory)>::from_ptr(place);
                    $body;
                    $r.ip = $r.ip.add(3);
                }
                Flow::Next
            }
        }
    };
}

macro_rules! loads {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident as $wide:ident -> $r:ident;)*) => {
        $(instr!($op, $memory, |r, cell| {
            let value = cell.load(Ordering::SeqCst);
            r.set(r.args().dst, value!($r, value));
        });)*
        /// By identity: the atomic loads.
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum AtomicLoadId { $($op),* }
        pub(crate) static ATOMIC_LOAD: &[Handler] = &[$(handler::<$op>()),*];
    };
}
for_each_atomic_load!(loads);

macro_rules! stores {
    ($($op:ident $f:ident $visit:ident $text:literal $v:ident as $memory:ident;)*) => {
        $(instr!($op, $memory, |r, cell| cell.store(operand(r, 1) as $memory, Ordering::SeqCst));)*
        /// By identity: the atomic stores.
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum AtomicStoreId { $($op),* }
        pub(crate) static ATOMIC_STORE: &[Handler] = &[$(handler::<$op>()),*];
    };
}
for_each_atomic_store!(stores);

macro_rules! rmws {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident $method:ident $v:ident;)*) => {
        $(instr!($op, $memory, |r, cell| {
            let old = cell.$method(operand(r, 1) as $memory, Ordering::SeqCst);
            r.set(r.args().dst, value!($v, old));
        });)*
        /// By identity: the atomic read-modify-write operators.
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum AtomicRmwId { $($op),* }
        pub(crate) static ATOMIC_RMW: &[Handler] = &[$(handler::<$op>()),*];
    };
}
for_each_atomic_rmw!(rmws);

macro_rules! cmpxchgs {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident $v:ident;)*) => {
        $(instr!($op, $memory, |r, cell| {
            // What is expected is wrapped to the access's width, as what is written is.
            let (expected, new) = (operand(r, 1) as $memory, operand(r, 2) as $memory);
            let old = match cell.compare_exchange(expected, new, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(old) | Err(old) => old,
            };
            r.set(r.args().dst, value!($v, old));
        });)*
        /// By identity: the atomic compare-and-exchange operators.
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum AtomicCmpxchgId { $($op),* }
        pub(crate) static ATOMIC_CMPXCHG: &[Handler] = &[$(handler::<$op>()),*];
    };
}
for_each_atomic_cmpxchg!(cmpxchgs);

/// `atomic.fence`
pub(crate) struct Fence;

impl Instr for Fence {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        fence(Ordering::SeqCst);
        // SAFETY: `Instr::run`'s contract.
        unsafe { r.ip = r.ip.add(2) };
        Flow::Next
    }
}

/// `memory.atomic.notify`
pub(crate) struct Notify;

impl Instr for Notify {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the running instance.
        unsafe {
            let place = trap!(atomic_place::<u32>(r));
            let (index, count) = (r.args().b, operand(r, 1) as u32);
            let address = place.addr() - memory(r, index).base.addr();
            let woken = trap!(builtins::atomic_notify(
                r.inst,
                MemoryIdx(index),
                address as u64,
                count
            ));
            r.set(r.args().dst, u64::from(woken));
            r.ip = r.ip.add(3);
        }
        Flow::Next
    }
}

macro_rules! waits {
    ($($op:ident $memory:ident $builtin:ident;)*) => {$(
        #[doc = concat!("`memory.atomic.wait` of a `", stringify!($memory), "`")]
        pub(crate) struct $op;

        impl Instr for $op {
            #[inline(always)]
            unsafe fn run(r: &mut Regs) -> Flow {
                // SAFETY: `Instr::run`'s contract; the running instance.
                unsafe {
                    let place = trap!(atomic_place::<$memory>(r));
                    let index = r.args().b;
                    let (expected, timeout) = (operand(r, 1) as $memory, operand(r, 2) as i64);
                    let address = place.addr() - memory(r, index).base.addr();
                    let result = builtins::$builtin(
                        r.inst, MemoryIdx(index), address as u64, expected, timeout);
                    r.set(r.args().dst, u64::from(trap!(result)));
                    r.ip = r.ip.add(3);
                }
                Flow::Next
            }
        }
    )*};
}
waits! {
    Wait32 u32 atomic_wait32;
    Wait64 u64 atomic_wait64;
}
