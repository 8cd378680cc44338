//! Most operators, without a branch for each.
//!
//! What an operator does is hard to foretell for a processor: a jump by the operator goes wrong
//! once in two or three times, and that takes as long as everything else together. So operators
//! that read at most one local, compare at most two operands, and give at most one result are no
//! cases but rows of a table ([`Step`]), all of them treated alike by [`Body::steps`]: the row masks what an
//! operator has not. The jumps that remain mostly go the same way.
//!
//! A step is taken if everything is as usual: numbers of few bytes, operands of just the expected
//! types. If not, nothing has happened, and the operator is left to those who know what else there
//! can be.

use super::codes::{Code, Codes, Kind};
use super::stack::Body;
use super::ty::Ty;
use alloc::boxed::Box;
use core::hint::cold_path;

/// How many locals have a number of one byte. Steps are about no others.
pub(super) const NEAR: usize = 128;

/// What is done for an operator.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Step {
    /// The type of the topmost operand, and which of its bits count.
    top: u32,
    top_mask: u32,
    /// The same of the one below.
    below: u32,
    below_mask: u32,
    /// The type of the result.
    result: u32,
    /// Bits of the first four bytes that are set where a number goes on.
    goes_on: u32,
    /// How many bytes it has if no number goes on; zero if it is no step.
    len: u8,
    /// The largest value of the first byte behind the code.
    limit: u8,
    /// Where the result is put: two places above the second operand from the top.
    slot: u8,
    /// By how much the number of operands grows.
    growth: i8,
    /// All bits are set if it is about the local whose number follows: its type is the result.
    local: i8,
    /// All bits are set if the topmost operand has to be of the local's type.
    set: i8,
}

impl Step {
    const NONE: Step = Step {
        top: 0,
        top_mask: 0,
        below: 0,
        below_mask: 0,
        result: 0,
        goes_on: 0,
        len: 0,
        limit: u8::MAX,
        slot: 2,
        growth: 0,
        local: 0,
        set: 0,
    };

    /// The step of an operator without immediates.
    fn plain(operands: &[Ty], result: Ty) -> Self {
        let mut step = Step {
            len: 1,
            result: result.bits(),
            slot: 2 - operands.len() as u8,
            growth: i8::from(result != Ty::BOTTOM) - operands.len() as i8,
            ..Self::NONE
        };
        if let [.., top] = operands {
            (step.top, step.top_mask) = (top.bits(), !0);
        }
        if let [below, _] = operands {
            (step.below, step.below_mask) = (below.bits(), !0);
        }
        step
    }

    /// The same with a number behind the code.
    fn with_number(self) -> Self {
        Step {
            len: 2,
            goes_on: 0x8000,
            ..self
        }
    }

    /// The same with a place in memory behind the code.
    fn with_place(self, code: Code) -> Self {
        Step {
            len: 3,
            goes_on: 0x80_8000,
            limit: code.align(),
            ..self
        }
    }

    /// The same about a local.
    fn with_local(self, set: bool) -> Self {
        Step {
            local: -1,
            set: -i8::from(set),
            ..self.with_number()
        }
    }

    /// The step of an operator in a module whose first memory has addresses of this type.
    fn new(code: Code, address: Option<Ty>) -> Self {
        let mut operands = [Ty::BOTTOM; 2];
        for (operand, ty) in operands.iter_mut().zip(code.operands()) {
            *operand = ty;
        }
        match (code.kind, address) {
            (Kind::Unary, _) => Self::plain(&operands[..1], code.result()),
            (Kind::Binary, _) => Self::plain(&operands, code.result()),
            (Kind::I32Const | Kind::I64Const, _) => Self::plain(&[], code.result()).with_number(),
            (Kind::Load, Some(address)) => Self::plain(&[address], code.result()).with_place(code),
            (Kind::Store, Some(address)) => {
                Self::plain(&[address, operands[0]], Ty::BOTTOM).with_place(code)
            }
            (Kind::LocalGet, _) => Self {
                growth: 1,
                ..Self::NONE.with_local(false)
            },
            (Kind::LocalSet, _) => Self::plain(&[Ty::BOTTOM], Ty::BOTTOM).with_local(true),
            (Kind::LocalTee, _) => Self {
                growth: 0,
                ..Self::plain(&[Ty::BOTTOM], Ty::BOTTOM).with_local(true)
            },
            (Kind::Drop, _) => Self {
                top_mask: 0,
                ..Self::plain(&[Ty::BOTTOM], Ty::BOTTOM)
            },
            _ => Self::NONE,
        }
    }

    /// The length of an operator whose number goes on.
    fn long(&self, bytes: &[u8], at: u32) -> Option<u32> {
        if self.local != 0 {
            return None;
        }
        let word = bytes.get(at as usize..)?.first_chunk()?;
        // Four bytes of a number; with a fifth there could be too many bits.
        let number = 0x8080_8080 << ((u32::from(self.len) - 1) * 8);
        let ends = !u64::from_le_bytes(*word) & number;
        (ends != 0).then(|| ends.trailing_zeros() / 8 + 1)
    }
}

/// The steps of a module, by code.
pub(super) fn steps(codes: &Codes, address: Option<Ty>) -> Box<[Step; 256]> {
    let mut steps = Box::new([Step::NONE; 256]);
    for (step, code) in steps.iter_mut().zip(&codes.single) {
        *step = Step::new(*code, address);
    }
    steps
}

impl Body<'_> {
    /// Takes steps as long as it can.
    #[inline(never)]
    pub(super) fn steps(&mut self) {
        let steps = self.cx.steps();
        let bytes = self.code;
        let operands = &mut *self.operands;
        let Some(locals) = self.locals.first_chunk::<NEAR>() else {
            return;
        };
        // Numbers of 32 bits, because sums of them don't overflow where they are places.
        let (mut at, mut top) = (self.at as u32, self.top as u32);
        let height = self.height as u32;
        while let Some(word) = bytes.get(at as usize..at as usize + 4)
            && let low = top.wrapping_sub(2)
            && let Some(window) = operands.get_mut(low as usize..low as usize + 4)
            && let (Ok(word), Ok(window)) =
                (<[u8; 4]>::try_from(word), <&mut [Ty; 4]>::try_from(window))
        {
            let word = u32::from_le_bytes(word);
            let step = &steps[(word & 0xff) as usize];
            if step.len == 0 {
                break;
            }
            let (is_local, is_set) = (step.local as i32 as u32, step.set as i32 as u32);
            let local = locals[(word >> 8 & 0x7f & is_local) as usize].bits() & is_local;
            let wrong = ((window[1].bits() ^ (step.top | (local & is_set))) & step.top_mask)
                | ((window[0].bits() ^ step.below) & step.below_mask);
            let slot = u32::from(step.slot) & 3;
            if wrong != 0
                || Ty::from_bits(local).is_unset()
                || (word >> 8) as u8 > step.limit
                || low + slot < height
            {
                break;
            }
            let len = if word & step.goes_on == 0 {
                u32::from(step.len)
            } else {
                cold_path();
                let Some(len) = step.long(bytes, at) else {
                    break;
                };
                len
            };
            window[slot as usize] = Ty::from_bits(step.result | local);
            top = top.wrapping_add(step.growth as i32 as u32);
            at += len;
        }
        (self.at, self.top) = (at as usize, top as usize);
    }
}
