//! Small stand-ins for the handlers of numeric operators, accesses to memory and conditional
//! branches: one for each
//! operator, which finds out where its operands are and where the result goes. Constants are
//! not folded; compilers have done that.

use super::branch::{Back, BranchMode, Forward, jump};
use super::memory::{Address, LoadOp, StoreOp, address, place_of, place_of_in};
use super::numeric::{BinaryOp, Mode, UnaryOp};
use super::trap;
use crate::dispatch::{Flow, Handler, Instr, Regs, Stop, handler};
use crate::operand::*;
use core::marker::PhantomData;
use tierra_core::Trap;

/// The lowest bit of a numeric instruction's mode: the result goes to a slot, too.
const TO_SLOT: u32 = 1;

/// What the translator knows of a binary operator.
pub(crate) struct BinaryRow {
    handler: Handler,
    pub commutes: bool,
    pub fold: fn(u64, u64) -> Option<u64>,
}

pub(crate) const fn binary_row<O: BinaryOp>(commutes: bool) -> BinaryRow {
    BinaryRow {
        handler: handler::<AnyBinary<O>>(),
        commutes,
        fold: |_, _| None,
    }
}

impl BinaryRow {
    /// By destination: accumulator, slot.
    pub fn ops(&self, mode: Mode) -> [Op; 2] {
        [0, TO_SLOT].map(|to| Op::with_mode(self.handler, (mode as u32) << 1 | to))
    }
}

/// What the translator knows of a unary operator.
pub(crate) struct UnaryRow {
    handler: Handler,
    pub fold: fn(u64) -> Option<u64>,
}

pub(crate) const fn unary_row<O: UnaryOp>() -> UnaryRow {
    UnaryRow {
        handler: handler::<AnyUnary<O>>(),
        fold: |_| None,
    }
}

impl UnaryRow {
    /// By operand (slot, accumulator), then destination.
    pub fn ops(&self) -> [[Op; 2]; 2] {
        [0, 1].map(|acc| [0, TO_SLOT].map(|to| Op::with_mode(self.handler, acc << 1 | to)))
    }
}

/// `dst = op(a)`
struct AnyUnary<O>(PhantomData<O>);

impl<O: UnaryOp> Instr for AnyUnary<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let value = trap!(O::eval(unary_operand::<O::A>(r)));
            finish(r, value, 2)
        }
    }
}

#[inline(never)]
unsafe fn unary_operand<T: Scalar>(r: &Regs) -> T {
    // SAFETY: `Instr::run`'s contract.
    unsafe {
        if r.mode() >> 1 == 0 {
            SlotA::get(r)
        } else {
            Acc::get(r)
        }
    }
}

/// Puts the result where it goes, and goes on.
#[inline(never)]
unsafe fn finish<T: Scalar>(r: &mut Regs, value: T, words: usize) -> Flow {
    // SAFETY: `Instr::run`'s contract.
    unsafe {
        if r.mode() & TO_SLOT != 0 {
            ToSlot::put(r, value)
        } else {
            ToAcc::put(r, value)
        }
        r.ip = r.ip.add(words);
    }
    Flow::Next
}

/// `dst = op(a, b)`
struct AnyBinary<O>(PhantomData<O>);

impl<O: BinaryOp> Instr for AnyBinary<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let (a, b) = operands::<O::A>(r);
            let value = trap!(O::eval(a, b));
            finish(
                r,
                value,
                if r.mode() >> 1 < Mode::SlotWide as u32 {
                    2
                } else {
                    3
                },
            )
        }
    }
}

#[inline(never)]
unsafe fn operands<T: Scalar>(r: &Regs) -> (T, T) {
    const fn is(mode: u32, a: Mode, b: Mode) -> bool {
        mode == a as u32 || mode == b as u32
    }
    // SAFETY: `Instr::run`'s contract; the mode is one that the translator knows.
    unsafe {
        let mode = r.mode() >> 1;
        if mode == Mode::SlotSlot as u32 {
            return (SlotA::get(r), SlotB::get(r));
        }
        if mode == Mode::AccSlot as u32 {
            return (Acc::get(r), SlotB::get(r));
        }
        // One operand is a slot or the accumulator, the other one the accumulator or a constant.
        let (one, other) = match mode {
            m if is(m, Mode::SlotAcc, Mode::SlotAcc) => return (SlotA::get(r), Acc::get(r)),
            m if is(m, Mode::SlotImm, Mode::ImmSlot) => (SlotA::get(r), Imm::get(r)),
            m if is(m, Mode::AccImm, Mode::ImmAcc) => (Acc::get(r), Imm::get(r)),
            m if is(m, Mode::SlotWide, Mode::WideSlot) => (SlotA::get(r), T::Wide::get(r)),
            _ => (Acc::get(r), T::Wide::get(r)),
        };
        match mode {
            m if is(m, Mode::ImmSlot, Mode::ImmAcc) => (other, one),
            m if is(m, Mode::WideSlot, Mode::WideAcc) => (other, one),
            _ => (one, other),
        }
    }
}

/// What the translator knows of a comparison that a branch follows.
pub(crate) struct BranchRow(Handler);

pub(crate) const fn branch_row<O: BinaryOp<R = u32>>() -> BranchRow {
    BranchRow(handler::<AnyBranch<O>>())
}

impl BranchRow {
    pub fn op(&self, mode: BranchMode, back: bool, when: bool) -> Op {
        Op::with_mode(
            self.0,
            (mode as u32) << 2 | u32::from(back) << 1 | u32::from(when),
        )
    }
}

/// A comparison and a branch.
struct AnyBranch<O>(PhantomData<O>);

impl<O: BinaryOp<R = u32>> Instr for AnyBranch<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let (a, b) = branch_operands::<O::A>(r);
            branch(r, O::eval(a, b))
        }
    }
}

#[inline(never)]
unsafe fn branch(r: &mut Regs, holds: Result<u32, Trap>) -> Flow {
    let holds = trap!(holds) != 0;
    // SAFETY: `Instr::run`'s contract.
    unsafe {
        let (mode, distance) = (r.mode(), r.args().b as i32);
        if holds != (mode & 1 != 0) {
            r.ip = r.ip.add(2);
            Flow::Next
        } else if mode & 2 != 0 {
            jump::<Back>(r, distance)
        } else {
            jump::<Forward>(r, distance)
        }
    }
}

#[inline(never)]
unsafe fn branch_operands<T: Scalar>(r: &Regs) -> (T, T) {
    // SAFETY: `Instr::run`'s contract; the mode is one that the translator knows.
    unsafe {
        match r.mode() >> 2 {
            m if m == BranchMode::SlotSlot as u32 => (SlotD::get(r), SlotA::get(r)),
            m if m == BranchMode::AccSlot as u32 => (Acc::get(r), SlotA::get(r)),
            m if m == BranchMode::SlotAcc as u32 => (SlotD::get(r), Acc::get(r)),
            m if m == BranchMode::SlotImm as u32 => (SlotD::get(r), Imm16::get(r)),
            _ => (Acc::get(r), Imm16::get(r)),
        }
    }
}

/// In the place of an [`Address`], the general forms: 32-bit, then 64-bit addresses.
const GENERAL: u32 = 7;

/// What the translator knows of a load.
pub(crate) struct LoadRow(Handler);

pub(crate) const fn load_row<O: LoadOp>() -> LoadRow {
    LoadRow(handler::<AnyLoad<O>>())
}

impl LoadRow {
    fn ops(&self, form: u32) -> [Op; 2] {
        [0, TO_SLOT].map(|to| Op::with_mode(self.0, form << 1 | to))
    }

    /// By destination: accumulator, slot.
    pub fn short(&self, address: Address) -> [Op; 2] {
        self.ops(address as u32)
    }

    /// By destination: accumulator, slot.
    pub fn general(&self, is_64: bool) -> [Op; 2] {
        self.ops(GENERAL + u32::from(is_64))
    }
}

/// What the translator knows of a store.
pub(crate) struct StoreRow(Handler);

pub(crate) const fn store_row<O: StoreOp>() -> StoreRow {
    StoreRow(handler::<AnyStore<O>>())
}

impl StoreRow {
    fn ops(&self, form: u32) -> [Op; 3] {
        [0, 1, 2].map(|value| Op::with_mode(self.0, form << 2 | value))
    }

    /// By value: slot, accumulator, the word behind the address's.
    pub fn short(&self, address: Address) -> [Op; 3] {
        self.ops(address as u32)
    }

    pub fn general(&self, is_64: bool) -> Op {
        self.ops(GENERAL + u32::from(is_64))[0]
    }
}

/// Words of an access of some form, without those of a value.
fn words(form: u32) -> usize {
    if form <= Address::Constant as u32 {
        2
    } else {
        3
    }
}

/// The place of an access.
#[inline(never)]
unsafe fn access(r: &Regs, form: u32, size: usize) -> Result<*mut u8, Flow> {
    // SAFETY: `Instr::run`'s contract.
    unsafe {
        if form >= GENERAL {
            let address = if form == GENERAL {
                address::<false>(r)
            } else {
                address::<true>(r)
            };
            return place_of_in(r, r.args().b, address, r.word(2), size)
                .map_err(|trap| Flow::Stop(Stop::trap(trap)));
        }
        let is = |a: Address, b: Address, c: Address| [a, b, c].iter().any(|x| *x as u32 == form);
        let first: u32 = if form == Address::Constant as u32 {
            0
        } else if is(Address::Acc, Address::AccImm, Address::AccSlot) {
            Acc::get(r)
        } else {
            SlotA::get(r)
        };
        let second: u32 = if is(Address::SlotImm, Address::AccImm, Address::AccImm) {
            ImmWord::get(r)
        } else if is(Address::SlotSlot, Address::AccSlot, Address::AccSlot) {
            SlotWord::get(r)
        } else {
            0
        };
        place_of(r, first.wrapping_add(second), r.args().b, size)
    }
}

/// `dst` = a number in memory
struct AnyLoad<O>(PhantomData<O>);

impl<O: LoadOp> Instr for AnyLoad<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the place is within the memory.
        unsafe {
            let form = r.mode() >> 1;
            match access(r, form, size_of::<O::Memory>()) {
                Ok(place) => {
                    let value = O::widen(place.cast::<O::Memory>().read_unaligned());
                    finish(r, value, words(form))
                }
                Err(flow) => flow,
            }
        }
    }
}

/// A number in memory = a value
struct AnyStore<O>(PhantomData<O>);

impl<O: StoreOp> Instr for AnyStore<O> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the place is within the memory.
        unsafe {
            match access(r, r.mode() >> 2, size_of::<O::Memory>()) {
                Ok(place) => {
                    let value = O::narrow(stored(r));
                    place.cast::<O::Memory>().write_unaligned(value);
                    Flow::Next
                }
                Err(flow) => flow,
            }
        }
    }
}

/// The value of a store; goes on to the next instruction.
#[inline(never)]
unsafe fn stored<T: Scalar>(r: &mut Regs) -> T {
    // SAFETY: `Instr::run`'s contract.
    unsafe {
        let words = words(r.mode() >> 2);
        let (value, words) = match r.mode() & 3 {
            0 => (SlotD::get(r), words),
            1 => (Acc::get(r), words),
            _ => (T::load(r.ip.add(words)), words + 1),
        };
        r.ip = r.ip.add(words);
        value
    }
}
