//! Branches. A distance is in words, from the branch itself, and signed.
//!
//! Backward branches poll: they read the limit that an interrupter makes impossible, so that no
//! loop runs past a deadline. The read hides behind the branch.

use super::numeric::*;
use super::trap;
use crate::dispatch::{Flow, Instr, Regs, Stop, handler};
use crate::operand::*;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
use tierra_core::Trap;

/// Whether a branch goes backward, and so polls.
pub(crate) trait Direction {
    const BACK: bool;
}
pub(crate) struct Forward;
pub(crate) struct Back;
impl Direction for Forward {
    const BACK: bool = false;
}
impl Direction for Back {
    const BACK: bool = true;
}

/// Goes to the instruction at a distance; polls when it goes back.
#[inline(always)]
pub(super) unsafe fn jump<D: Direction>(r: &mut Regs, distance: i32) -> Flow {
    // SAFETY: the translator computed the distance within the same code; the instance's context
    // lives as long as its store.
    unsafe {
        r.ip = r.ip.offset(distance as isize);
        if D::BACK && (*(*r.inst).exec).interp_limit.load(Ordering::Relaxed) == 0 {
            return Flow::Goto(handler::<Poll>());
        }
    }
    Flow::Taken
}

/// Acts on an interruption, then executes the instruction at `ip`, whichever it is. It begins a
/// block, so accumulators don't matter.
struct Poll;

impl Instr for Poll {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: the running instance.
        trap!(unsafe {
            crate::run::leave(r.ip, r.sp, r.inst);
            crate::run::poll(r.inst)
        });
        Flow::Next
    }
}

/// `br`
pub(crate) struct Br<D>(PhantomData<D>);

impl<D: Direction> Instr for Br<D> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe { jump::<D>(r, r.args().b as i32) }
    }
}

/// A comparison and a branch. `WHEN` is the outcome that takes the branch: comparisons of floats
/// have no negation.
#[cfg(not(tierra_compact))]
pub(crate) struct BrCompare<O, A, B, D, const WHEN: bool>(PhantomData<(O, A, B, D)>);

#[cfg(not(tierra_compact))]
impl<O: BinaryOp<R = u32>, A: Source, B: Source, D: Direction, const WHEN: bool> Instr
    for BrCompare<O, A, B, D, WHEN>
{
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let holds = trap!(O::eval(A::get(r), B::get(r)));
            if (holds != 0) == WHEN {
                return jump::<D>(r, r.args().b as i32);
            }
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}

/// Where the operands of a fused comparison are.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum BranchMode {
    /// `dst`, `a`
    SlotSlot,
    /// accumulator, `a`
    AccSlot,
    /// `dst`, accumulator
    SlotAcc,
    /// `dst`, the constant `a`
    SlotImm,
    /// accumulator, the constant `a`
    AccImm,
}

#[cfg(tierra_compact)]
pub(crate) use super::compact::{BranchRow, branch_row};
#[cfg(not(tierra_compact))]
pub(crate) use full::BranchRow;
#[cfg(not(tierra_compact))]
use full::branch_row;

/// One handler for each place that operands may be in, and each way.
#[cfg(not(tierra_compact))]
mod full {
    use super::*;
    use crate::dispatch::Handler;

    /// By mode, then direction (forward, back), then outcome (false, true).
    pub(crate) struct BranchRow([[[Handler; 2]; 2]; 5]);

    impl BranchRow {
        pub fn op(&self, mode: BranchMode, back: bool, when: bool) -> Op {
            self.0[mode as usize][usize::from(back)][usize::from(when)].into()
        }
    }

    const fn outcomes<O: BinaryOp<R = u32>, A: Source, B: Source>() -> [[Handler; 2]; 2] {
        [
            [
                handler::<BrCompare<O, A, B, Forward, false>>(),
                handler::<BrCompare<O, A, B, Forward, true>>(),
            ],
            [
                handler::<BrCompare<O, A, B, Back, false>>(),
                handler::<BrCompare<O, A, B, Back, true>>(),
            ],
        ]
    }

    pub const fn branch_row<O: BinaryOp<R = u32>>() -> BranchRow {
        BranchRow([
            outcomes::<O, SlotD, SlotA>(),
            outcomes::<O, Acc, SlotA>(),
            outcomes::<O, SlotD, Acc>(),
            outcomes::<O, SlotD, Imm16>(),
            outcomes::<O, Acc, Imm16>(),
        ])
    }
}

macro_rules! branch_rows {
    ($($op:ident)*) => {
        /// One row per comparison.
        pub(crate) static BR_COMPARE: &[BranchRow] = &[$(branch_row::<$op>()),*];
    };
}
for_each_comparison!(branch_rows);

/// `i32.and` and a branch when any bit, or none, is left.
pub(crate) static BR_AND: BranchRow = branch_row::<I32TestBits>();

pub(crate) struct I32TestBits;
impl BinaryOp for I32TestBits {
    type A = u32;
    type R = u32;
    #[inline(always)]
    fn eval(a: u32, b: u32) -> Result<u32, Trap> {
        Ok(u32::from(a & b != 0))
    }
}

/// `br_table`: `dst` or the accumulator is the index, `b` the number of targets without the
/// default. Distances follow, two to a word.
pub(crate) struct BrTable<A>(PhantomData<A>);

impl<A: Source> Instr for BrTable<A> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the table has one entry more than `b` says.
        unsafe {
            let index = A::get::<u32>(r).min(r.args().b);
            let distance = *r.ip.add(2).cast::<i32>().add(index as usize);
            // The direction isn't known, so every jump through a table polls.
            jump::<Back>(r, distance)
        }
    }
}

/// `unreachable`
pub(crate) struct Unreachable;

impl Instr for Unreachable {
    #[inline(always)]
    unsafe fn run(_: &mut Regs) -> Flow {
        Flow::Stop(Stop::trap(Trap::Unreachable))
    }
}

/// Charges the fuel of the block that begins here, the amount in `b`.
pub(crate) struct Fuel;

impl Instr for Fuel {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the instance's context lives as long as its store.
        unsafe {
            let fuel = &(*(*r.inst).exec).fuel;
            let Some(left) = fuel
                .get()
                .checked_sub(r.args().b.into())
                .filter(|left| *left >= 0)
            else {
                return Flow::Stop(Stop::trap(Trap::OutOfFuel));
            };
            fuel.set(left);
            r.ip = r.ip.add(2);
        }
        Flow::Next
    }
}
