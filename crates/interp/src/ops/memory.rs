//! Loads and stores of scalars.
//!
//! The short form serves memory 0 with 32-bit addresses: base and size are in registers, the
//! offset is `b`. The general form serves every other memory: `b` is the memory, the third word
//! the offset. Bounds are checked explicitly; a shared memory that another thread has grown
//! makes a check fail first and succeed once the size is read again.

use crate::dispatch::{Flow, Instr, Regs, Stop, handler};
use crate::operand::*;
use core::sync::atomic::Ordering;
use tierra_core::{Trap, for_each_load, for_each_store};
use tierra_vm::MemoryDef;

/// A number in memory that becomes a value.
pub(crate) trait LoadOp {
    type Memory: Copy;
    type R: Scalar;
    fn widen(number: Self::Memory) -> Self::R;
}

/// A value that becomes a number in memory.
pub(crate) trait StoreOp {
    type Memory: Copy;
    type V: Scalar;
    fn narrow(value: Self::V) -> Self::Memory;
}

/// The place of an access in memory 0, or how to go on: trap, or try again with the size that
/// the memory has by now.
#[inline(always)]
pub(crate) unsafe fn place<T>(r: &Regs, address: u32, offset: u32) -> Result<*mut T, Flow> {
    // SAFETY: the caller's.
    unsafe { place_of(r, address, offset, size_of::<T>()).map(<*mut u8>::cast) }
}

/// As [`place`], for an access of some bytes.
#[inline(always)]
pub(super) unsafe fn place_of(
    r: &Regs,
    address: u32,
    offset: u32,
    size: usize,
) -> Result<*mut u8, Flow> {
    let start = u64::from(address) + u64::from(offset);
    if start + size as u64 <= r.len as u64 {
        // SAFETY: within the memory.
        Ok(unsafe { r.mem.add(start as usize) })
    } else {
        Err(Flow::Goto(handler::<OutOfBounds>()))
    }
}

/// Any access to memory 0 that is out of bounds. Another thread may have grown the memory: then
/// its size is more than the register says, and the access is tried again.
struct OutOfBounds;

impl Instr for OutOfBounds {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: the running instance; its memory lives as long as its store.
        unsafe {
            let memory = &*(*r.inst).memory0;
            let len = memory.len.load(Ordering::SeqCst);
            if len <= r.len {
                return Flow::Stop(Stop::trap(Trap::MemoryOutOfBounds));
            }
            r.len = len;
            r.mem = memory.base;
        }
        Flow::Next
    }
}

/// Reads base and size of memory 0 again: after a call that may have changed them.
#[inline(always)]
pub(crate) unsafe fn reload(r: &mut Regs) {
    // SAFETY: the running instance; its memory lives as long as its store.
    unsafe {
        let memory = &*(*r.inst).memory0;
        r.mem = memory.base;
        r.len = memory.len.load(Ordering::Relaxed);
    }
}

/// A memory of the instance.
#[inline(always)]
pub(crate) unsafe fn memory<'a>(r: &Regs, index: u32) -> &'a MemoryDef {
    // SAFETY: validation bounds the index; memories live as long as their store.
    unsafe { &**(*r.inst).memories.add(index as usize) }
}

/// The place of an access in any memory.
#[inline(always)]
pub(crate) unsafe fn place_in<T>(
    r: &Regs,
    index: u32,
    address: u64,
    offset: u64,
) -> Result<*mut T, Trap> {
    // SAFETY: the caller's.
    unsafe { place_of_in(r, index, address, offset, size_of::<T>()).map(<*mut u8>::cast) }
}

/// As [`place_in`], for an access of some bytes.
#[inline(always)]
pub(super) unsafe fn place_of_in(
    r: &Regs,
    index: u32,
    address: u64,
    offset: u64,
    size: usize,
) -> Result<*mut u8, Trap> {
    // SAFETY: `memory`'s.
    let memory = unsafe { memory(r, index) };
    let len = memory.len.load(Ordering::Relaxed) as u64;
    let end = address
        .checked_add(offset)
        .and_then(|start| start.checked_add(size as u64));
    match end {
        // SAFETY: within the memory.
        Some(end) if end <= len => unsafe { Ok(memory.base.add((end - size as u64) as usize)) },
        _ => Err(Trap::MemoryOutOfBounds),
    }
}

/// The address operand in slot `a`, of 32 or 64 bits.
#[inline(always)]
pub(crate) unsafe fn address<const W64: bool>(r: &Regs) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        if W64 {
            r.get::<u64>(r.args().a)
        } else {
            r.get::<u32>(r.args().a).into()
        }
    }
}

/// A constant address: the whole of it is in `b`.
pub(crate) struct Zero;
impl Source for Zero {
    #[inline(always)]
    unsafe fn get<T: Scalar>(_: &Regs) -> T {
        T::from_imm(0)
    }
}

/// How the address of a short access is found: the index into a row.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Address {
    Slot,
    Acc,
    /// All of it is the offset.
    Constant,
    /// The sums of an `i32.add` that became part of the access; the second part is in the third
    /// word.
    SlotImm,
    SlotSlot,
    AccImm,
    AccSlot,
}

#[cfg(not(tierra_compact))]
impl Address {
    const COUNT: usize = 7;
}

#[cfg(tierra_compact)]
pub(crate) use super::compact::{LoadRow, StoreRow, load_row, store_row};
#[cfg(not(tierra_compact))]
pub(crate) use full::{LoadRow, StoreRow};
#[cfg(not(tierra_compact))]
use full::{load_row, store_row};

/// One handler for each place that operands may be in.
#[cfg(not(tierra_compact))]
mod full {
    use super::*;
    use crate::dispatch::Handler;
    use crate::ops::trap;
    use core::marker::PhantomData;

    /// Short load: `dst = memory0[address + b]`.
    pub(crate) struct Load<O, A, D, const WORDS: usize>(PhantomData<(O, A, D)>);

    impl<O: LoadOp, A: Source, D: Dest, const WORDS: usize> Instr for Load<O, A, D, WORDS> {
        #[inline(always)]
        unsafe fn run(r: &mut Regs) -> Flow {
            // SAFETY: `Instr::run`'s contract; `place` is within the memory.
            unsafe {
                let address = A::get::<u32>(r);
                match place::<O::Memory>(r, address, r.args().b) {
                    Ok(place) => {
                        let value = O::widen(place.read_unaligned());
                        D::put(r, value);
                        r.ip = r.ip.add(WORDS);
                        Flow::Next
                    }
                    Err(flow) => flow,
                }
            }
        }
    }

    /// General load: slot `a` is the address.
    pub(crate) struct LoadFrom<O, D, const W64: bool>(PhantomData<(O, D)>);

    impl<O: LoadOp, D: Dest, const W64: bool> Instr for LoadFrom<O, D, W64> {
        #[inline(always)]
        unsafe fn run(r: &mut Regs) -> Flow {
            // SAFETY: `Instr::run`'s contract; `place` is within the memory.
            unsafe {
                let address = address::<W64>(r);
                let place = trap!(place_in::<O::Memory>(r, r.args().b, address, r.word(2)));
                let value = O::widen(place.read_unaligned());
                D::put(r, value);
                r.ip = r.ip.add(3);
            }
            Flow::Next
        }
    }

    /// Short store: the address is slot `a` or the accumulator, the value slot `dst`, the
    /// accumulator or the third word.
    pub(crate) struct Store<O, A, V, const WORDS: usize>(PhantomData<(O, A, V)>);

    impl<O: StoreOp, A: Source, V: Source, const WORDS: usize> Instr for Store<O, A, V, WORDS> {
        #[inline(always)]
        unsafe fn run(r: &mut Regs) -> Flow {
            // SAFETY: `Instr::run`'s contract; `place` is within the memory.
            unsafe {
                let address = A::get::<u32>(r);
                let value = O::narrow(V::get(r));
                match place::<O::Memory>(r, address, r.args().b) {
                    Ok(place) => {
                        place.write_unaligned(value);
                        r.ip = r.ip.add(WORDS);
                        Flow::Next
                    }
                    Err(flow) => flow,
                }
            }
        }
    }

    /// General store: slot `a` is the address, slot `dst` the value.
    pub(crate) struct StoreTo<O, const W64: bool>(PhantomData<O>);

    impl<O: StoreOp, const W64: bool> Instr for StoreTo<O, W64> {
        #[inline(always)]
        unsafe fn run(r: &mut Regs) -> Flow {
            // SAFETY: `Instr::run`'s contract; `place` is within the memory.
            unsafe {
                let address = address::<W64>(r);
                let value = O::narrow(SlotD::get(r));
                trap!(place_in::<O::Memory>(r, r.args().b, address, r.word(2)))
                    .write_unaligned(value);
                r.ip = r.ip.add(3);
            }
            Flow::Next
        }
    }

    /// Handlers of a load; the last index is the destination (accumulator, slot).
    pub(crate) struct LoadRow {
        /// By [`Address`].
        short: [[Handler; 2]; Address::COUNT],
        /// By width of addresses: 32, 64 bits.
        general: [[Handler; 2]; 2],
    }

    impl LoadRow {
        /// By destination: accumulator, slot.
        pub fn short(&self, address: Address) -> [Op; 2] {
            self.short[address as usize].map(Op::from)
        }

        /// By destination: accumulator, slot.
        pub fn general(&self, is_64: bool) -> [Op; 2] {
            self.general[usize::from(is_64)].map(Op::from)
        }
    }

    const fn load_pair<O: LoadOp, A: Source, const WORDS: usize>() -> [Handler; 2] {
        [
            handler::<Load<O, A, ToAcc, WORDS>>(),
            handler::<Load<O, A, ToSlot, WORDS>>(),
        ]
    }

    pub const fn load_row<O: LoadOp>() -> LoadRow {
        LoadRow {
            short: [
                load_pair::<O, SlotA, 2>(),
                load_pair::<O, Acc, 2>(),
                load_pair::<O, Zero, 2>(),
                load_pair::<O, Sum<SlotA, ImmWord>, 3>(),
                load_pair::<O, Sum<SlotA, SlotWord>, 3>(),
                load_pair::<O, Sum<Acc, ImmWord>, 3>(),
                load_pair::<O, Sum<Acc, SlotWord>, 3>(),
            ],
            general: [
                [
                    handler::<LoadFrom<O, ToAcc, false>>(),
                    handler::<LoadFrom<O, ToSlot, false>>(),
                ],
                [
                    handler::<LoadFrom<O, ToAcc, true>>(),
                    handler::<LoadFrom<O, ToSlot, true>>(),
                ],
            ],
        }
    }

    /// Handlers of a store.
    pub(crate) struct StoreRow {
        /// By [`Address`], then value: slot, accumulator, the word behind the address's.
        short: [[Handler; 3]; Address::COUNT],
        /// By width of addresses: 32, 64 bits.
        general: [Handler; 2],
    }

    impl StoreRow {
        /// By value: slot, accumulator, the word behind the address's.
        pub fn short(&self, address: Address) -> [Op; 3] {
            self.short[address as usize].map(Op::from)
        }

        pub fn general(&self, is_64: bool) -> Op {
            self.general[usize::from(is_64)].into()
        }
    }

    const fn store_values<O: StoreOp, A: Source>() -> [Handler; 3] {
        [
            handler::<Store<O, A, SlotD, 2>>(),
            handler::<Store<O, A, Acc, 2>>(),
            handler::<Store<O, A, ImmWord, 3>>(),
        ]
    }

    const fn sum_store_values<O: StoreOp, A: Source>() -> [Handler; 3] {
        [
            handler::<Store<O, A, SlotD, 3>>(),
            handler::<Store<O, A, Acc, 3>>(),
            handler::<Store<O, A, ImmWord3, 4>>(),
        ]
    }

    pub const fn store_row<O: StoreOp>() -> StoreRow {
        StoreRow {
            short: [
                store_values::<O, SlotA>(),
                store_values::<O, Acc>(),
                store_values::<O, Zero>(),
                sum_store_values::<O, Sum<SlotA, ImmWord>>(),
                sum_store_values::<O, Sum<SlotA, SlotWord>>(),
                sum_store_values::<O, Sum<Acc, ImmWord>>(),
                sum_store_values::<O, Sum<Acc, SlotWord>>(),
            ],
            general: [
                handler::<StoreTo<O, false>>(),
                handler::<StoreTo<O, true>>(),
            ],
        }
    }
}

/// From the number in memory, already sign- or zero-extended, to the value.
macro_rules! value_of {
    (I32, $v:expr) => {
        $v as u32
    };
    (I64, $v:expr) => {
        $v as u64
    };
    (F32, $v:expr) => {
        f32::from_bits($v as u32)
    };
    (F64, $v:expr) => {
        f64::from_bits($v as u64)
    };
}

/// From the value to the number in memory.
macro_rules! bits_of {
    (I32, $v:expr) => {
        $v
    };
    (I64, $v:expr) => {
        $v
    };
    (F32, $v:expr) => {
        $v.to_bits()
    };
    (F64, $v:expr) => {
        $v.to_bits()
    };
}

macro_rules! loads {
    ($($op:ident $f:ident $visit:ident $text:literal $memory:ident as $wide:ident -> $r:ident;)*) => {
        $(
            pub(crate) struct $op;
            impl LoadOp for $op {
                type Memory = $memory;
                type R = super::rust_type!($r);
                #[inline(always)]
                fn widen(number: $memory) -> Self::R {
                    value_of!($r, (number as $wide))
                }
            }
        )*
        /// The loads, as indices into [`LOAD`].
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum LoadId { $($op),* }
        /// One row per load.
        pub(crate) static LOAD: &[LoadRow] = &[$(load_row::<$op>()),*];
    };
}
for_each_load!(loads);

macro_rules! stores {
    ($($op:ident $f:ident $visit:ident $text:literal $v:ident as $memory:ident;)*) => {
        $(
            pub(crate) struct $op;
            impl StoreOp for $op {
                type Memory = $memory;
                type V = super::rust_type!($v);
                #[inline(always)]
                fn narrow(value: Self::V) -> $memory {
                    bits_of!($v, value) as $memory
                }
            }
        )*
        /// The stores, as indices into [`STORE`].
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum StoreId { $($op),* }
        /// One row per store.
        pub(crate) static STORE: &[StoreRow] = &[$(store_row::<$op>()),*];
    };
}
for_each_store!(stores);
