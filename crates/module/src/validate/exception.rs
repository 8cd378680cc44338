//! Exceptions, with those of the first proposal (§3.3.8.13).

use super::Stop;
use super::context::{Signature, Types};
use super::stack::{Body, FrameKind};
use super::ty::Ty;

/// The largest number of clauses of `try_table`.
const MAX_CATCHES: u32 = 10_000;

impl Body<'_> {
    /// The clauses of `try_table`; labels count from outside of it.
    pub(super) fn catches(&mut self) -> Result<(), Stop> {
        let count = self.u32()?;
        if count > MAX_CATCHES {
            return Err(Stop::Invalid);
        }
        for _ in 0..count {
            let kind = self.byte()?;
            let carried = match kind {
                0 | 1 => {
                    let tag = self.u32()?;
                    self.cx.tag(tag)?
                }
                2 | 3 => Types::NONE,
                _ => return Err(Stop::Invalid),
            };
            let depth = self.u32()?;
            let label = self.label(depth)?.label;
            self.catch_matches(carried, kind & 1 != 0, label)?;
        }
        Ok(())
    }

    /// Whether a label takes what an exception carries, and then the exception if it is wanted.
    fn catch_matches(&self, carried: Types, exn: bool, label: Types) -> Result<(), Stop> {
        let pool = &self.cx.pool;
        let exn = if exn { &[Ty::EXN][..] } else { &[] };
        let (carried, label) = (carried.slice(pool), label.slice(pool));
        if carried.len() + exn.len() != label.len() {
            return Err(Stop::Invalid);
        }
        let mut pairs = carried.iter().chain(exn).zip(label);
        pairs.try_for_each(|(sub, sup)| self.cx.matches(*sub, *sup))
    }

    pub(super) fn throw(&mut self) -> Result<(), Stop> {
        let tag = self.u32()?;
        self.pop_all(self.cx.tag(tag)?)?;
        self.unreachable()
    }

    pub(super) fn throw_ref(&mut self) -> Result<(), Stop> {
        self.pop(Ty::EXN.nullable())?;
        self.unreachable()
    }

    /// Whether the current frame is one of these.
    pub(super) fn is_in(&self, kinds: &[FrameKind]) -> Result<(), Stop> {
        let frame = self.frames.last();
        let is = frame.is_some_and(|frame| kinds.contains(&frame.kind));
        is.then_some(()).ok_or(Stop::Invalid)
    }

    pub(super) fn catch(&mut self) -> Result<(), Stop> {
        self.is_in(&[FrameKind::Try, FrameKind::Catch])?;
        let tag = self.u32()?;
        let Signature { params, results } = self.pop_signature()?;
        self.push_frame(FrameKind::Catch, params, results);
        self.push_all(self.cx.tag(tag)?)
    }

    pub(super) fn catch_all(&mut self) -> Result<(), Stop> {
        self.is_in(&[FrameKind::Try, FrameKind::Catch])?;
        let Signature { params, results } = self.pop_signature()?;
        self.push_frame(FrameKind::CatchAll, params, results);
        Ok(())
    }

    pub(super) fn rethrow(&mut self) -> Result<(), Stop> {
        let depth = self.u32()?;
        match self.label(depth)?.kind {
            FrameKind::Catch | FrameKind::CatchAll => self.unreachable(),
            _ => Err(Stop::Invalid),
        }
    }

    pub(super) fn delegate(&mut self) -> Result<(), Stop> {
        self.is_in(&[FrameKind::Try])?;
        let depth = self.u32()?;
        let frame = self.pop_frame()?;
        self.label(depth)?;
        self.push_all(frame.results)
    }
}
