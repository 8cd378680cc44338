//! A body while it is validated: where it is read, the operands, the frames (appendix A.3).

use super::Stop;
use super::context::{Context, Types};
use super::reader;
use super::ty::Ty;
use alloc::vec::Vec;

/// How many operands there can be; a body with more is left to the other validator.
pub(super) const OPERANDS: usize = 1 << 10;
/// How many places for operands are below the first, so that there is always something to look at.
pub(super) const SPARE: usize = 2;

/// What opened a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FrameKind {
    Block,
    Loop,
    If,
    Else,
    TryTable,
    Try,
    Catch,
    CatchAll,
}

/// A block that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub params: Types,
    pub results: Types,
    /// What a branch to it takes.
    pub label: Types,
    /// Where its operands begin.
    pub height: u32,
    /// How many locals had been set when it was opened.
    pub inits: u32,
    pub kind: FrameKind,
    /// Whether its code is unreachable from here on.
    pub unreachable: bool,
}

impl Frame {
    /// Whether nothing is left to do at its end: with so many operands and this on top, there are
    /// exactly its results, of which there is one at most, and none but results have a type.
    #[inline(always)]
    pub fn is_done(&self, top: usize, operand: Ty, inits: usize) -> bool {
        self.inits as usize == inits
            && top == self.height as usize + self.results.len()
            && match self.results.single() {
                Some(result) => result == operand && self.kind != FrameKind::If,
                None => self.results.len() == 0 && self.params.len() == 0,
            }
    }
}

/// A body. `Err` is what the methods say of it, not that something went wrong here.
pub(super) struct Body<'a> {
    pub cx: &'a Context<'a>,
    pub code: &'a [u8],
    /// What is read next.
    pub at: usize,
    /// The operands, from [`SPARE`] to [`Body::top`].
    pub operands: &'a mut [Ty; OPERANDS],
    pub top: usize,
    /// Where those of the current frame begin.
    pub height: usize,
    /// The types of locals, and behind them one that no operand has.
    pub locals: &'a mut [Ty],
    pub frames: &'a mut Vec<Frame>,
    /// The locals that were set and had no value before, in order.
    pub inits: &'a mut Vec<u32>,
}

impl Body<'_> {
    /// The byte that is next.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, Stop> {
        let byte = *self.code.get(self.at).ok_or(Stop::Invalid)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    pub fn u32(&mut self) -> Result<u32, Stop> {
        let (value, next) = reader::u32(self.code, self.at).ok_or(Stop::Invalid)?;
        self.at = next;
        Ok(value)
    }

    #[inline]
    pub fn skip(&mut self, bytes: usize) -> Result<(), Stop> {
        if self.code.len() - self.at < bytes {
            return Err(Stop::Invalid);
        }
        self.at += bytes;
        Ok(())
    }

    #[inline]
    pub fn push(&mut self, ty: Ty) -> Result<(), Stop> {
        *self.operands.get_mut(self.top).ok_or(Stop::Unsure)? = ty;
        self.top += 1;
        Ok(())
    }

    #[inline(never)]
    pub fn push_all(&mut self, types: Types) -> Result<(), Stop> {
        let cx = self.cx;
        for ty in types.slice(&cx.pool) {
            self.push(*ty)?;
        }
        Ok(())
    }

    /// Takes an operand of any type.
    #[inline]
    pub fn pop_any(&mut self) -> Result<Ty, Stop> {
        if self.top > self.height {
            self.top -= 1;
            return Ok(self.operands[self.top]);
        }
        self.is_unreachable()
            .then_some(Ty::BOTTOM)
            .ok_or(Stop::Invalid)
    }

    /// Takes an operand that is a value of a type.
    #[inline(always)]
    pub fn pop(&mut self, expected: Ty) -> Result<Ty, Stop> {
        if self.top > self.height && self.operands.get(self.top - 1) == Some(&expected) {
            self.top -= 1;
            return Ok(expected);
        }
        self.slow_pop(expected)
    }

    #[inline(never)]
    fn slow_pop(&mut self, expected: Ty) -> Result<Ty, Stop> {
        let ty = self.pop_any()?;
        if ty != expected && ty != Ty::BOTTOM {
            self.cx.matches(ty, expected)?;
        }
        Ok(ty)
    }

    /// Takes a reference of any type, which is known.
    pub fn pop_ref(&mut self) -> Result<Ty, Stop> {
        match self.pop_any()? {
            Ty::BOTTOM => Err(Stop::Unsure),
            ty if ty.is_ref() => Ok(ty),
            _ => Err(Stop::Invalid),
        }
    }

    /// Takes operands of these types, the last one first.
    #[inline(never)]
    pub fn pop_all(&mut self, types: Types) -> Result<(), Stop> {
        let cx = self.cx;
        self.pop_slice(types.slice(&cx.pool))
    }

    pub fn pop_slice(&mut self, types: &[Ty]) -> Result<(), Stop> {
        for ty in types.iter().rev() {
            self.pop(*ty)?;
        }
        Ok(())
    }

    /// Takes operands of these types, and gives them back as values of exactly these.
    pub fn pop_push(&mut self, types: &[Ty]) -> Result<(), Stop> {
        self.pop_slice(types)?;
        for ty in types {
            self.push(*ty)?;
        }
        Ok(())
    }

    /// Whether the operands are there that could be taken.
    pub fn peek_all(&self, types: &[Ty]) -> Result<(), Stop> {
        let mut top = self.top;
        for expected in types.iter().rev() {
            if top > self.height {
                top -= 1;
                let ty = self.operands[top];
                if ty != *expected && ty != Ty::BOTTOM {
                    self.cx.matches(ty, *expected)?;
                }
            } else if !self.is_unreachable() {
                return Err(Stop::Invalid);
            }
        }
        Ok(())
    }

    fn is_unreachable(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.unreachable)
    }

    /// Nothing comes after this in the current frame.
    pub fn unreachable(&mut self) -> Result<(), Stop> {
        self.frames.last_mut().ok_or(Stop::Invalid)?.unreachable = true;
        self.top = self.height;
        Ok(())
    }

    #[inline(always)]
    /// Opens a frame above the operands.
    pub fn push_frame(&mut self, kind: FrameKind, params: Types, results: Types) {
        self.height = self.top;
        self.frames.push(Frame {
            params,
            results,
            label: if kind == FrameKind::Loop {
                params
            } else {
                results
            },
            height: self.height as u32,
            inits: self.inits.len() as u32,
            kind,
            unreachable: false,
        });
    }

    /// Closes the current frame, with its results on the stack and nothing else. They are gone
    /// then, and so are the values of locals that were set in it.
    pub fn pop_frame(&mut self) -> Result<Frame, Stop> {
        let frame = *self.frames.last().ok_or(Stop::Invalid)?;
        self.pop_all(frame.results)?;
        if self.top != self.height {
            return Err(Stop::Invalid);
        }
        for local in self.inits.drain(frame.inits as usize..) {
            let local = &mut self.locals[local as usize];
            *local = local.unset();
        }
        self.frames.pop();
        self.height = self
            .frames
            .last()
            .map_or(SPARE, |below| below.height as usize);
        Ok(frame)
    }

    /// The frame that a label stands for.
    #[inline]
    pub fn label(&self, depth: u32) -> Result<&Frame, Stop> {
        let place = self.frames.len().checked_sub(depth as usize + 1);
        Ok(&self.frames[place.ok_or(Stop::Invalid)?])
    }
}
