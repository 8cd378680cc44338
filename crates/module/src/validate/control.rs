//! Blocks, branches and calls (§3.3.8).

use super::Stop;
use super::context::{Signature, Types};
use super::reader;
use super::stack::{Body, FrameKind};
use super::ty::Ty;
use tierra_core::Features;

/// The largest number of labels in `br_table`, without the default.
const MAX_LABELS: u32 = 7_654_321;

impl Body<'_> {
    /// The type of a block.
    fn block_type(&mut self) -> Result<Signature, Stop> {
        let byte = *self.code.get(self.at).ok_or(Stop::Invalid)?;
        let mut results = Types::NONE;
        if byte == 0x40 {
            self.at += 1;
        } else if byte & 0xc0 == 0x40 {
            results = Types::one(self.val_type()?);
        } else {
            let (index, next) = reader::s33(self.code, self.at).ok_or(Stop::Invalid)?;
            self.at = next;
            if !self.cx.has(Features::MULTI_VALUE) {
                return Err(Stop::Invalid);
            }
            return self
                .cx
                .signature(u32::try_from(index).map_err(|_| Stop::Invalid)?);
        }
        Ok(Signature {
            params: Types::NONE,
            results,
        })
    }

    #[inline(always)]
    pub(super) fn block(&mut self, kind: FrameKind) -> Result<(), Stop> {
        if self.code.get(self.at) == Some(&0x40) {
            self.at += 1;
            if kind == FrameKind::If {
                self.pop(Ty::I32)?;
            }
            self.push_frame(kind, Types::NONE, Types::NONE);
            return Ok(());
        }
        self.typed_block(kind)
    }

    #[inline(never)]
    fn typed_block(&mut self, kind: FrameKind) -> Result<(), Stop> {
        let ty = self.block_type()?;
        if kind == FrameKind::If {
            self.pop(Ty::I32)?;
        }
        self.pop_all(ty.params)?;
        self.open(kind, ty)
    }

    /// Opens a frame with its parameters.
    pub(super) fn open(&mut self, kind: FrameKind, ty: Signature) -> Result<(), Stop> {
        self.push_frame(kind, ty.params, ty.results);
        self.push_all(ty.params)
    }

    pub(super) fn try_table(&mut self) -> Result<(), Stop> {
        let ty = self.block_type()?;
        self.pop_all(ty.params)?;
        self.catches()?;
        self.open(FrameKind::TryTable, ty)
    }

    pub(super) fn else_(&mut self) -> Result<(), Stop> {
        self.is_in(&[FrameKind::If])?;
        let ty = self.pop_signature()?;
        self.open(FrameKind::Else, ty)
    }

    /// Closes a frame, and gives the type of its block.
    pub(super) fn pop_signature(&mut self) -> Result<Signature, Stop> {
        let frame = self.pop_frame()?;
        Ok(Signature {
            params: frame.params,
            results: frame.results,
        })
    }

    #[inline(always)]
    pub(super) fn end(&mut self) -> Result<(), Stop> {
        let operand = self.operands[self.top - 1];
        if let [.., below, frame] = &self.frames[..]
            && frame.is_done(self.top, operand, self.inits.len())
        {
            self.height = below.height as usize;
            self.frames.pop();
            return Ok(());
        }
        self.slow_end()
    }

    #[inline(never)]
    fn slow_end(&mut self) -> Result<(), Stop> {
        let frame = self.pop_frame()?;
        if frame.kind == FrameKind::If {
            // Without `else`, the parameters are the results.
            self.all_match(frame.params, frame.results)?;
        }
        self.push_all(frame.results)
    }

    /// Whether values of some types are values of others.
    pub(super) fn all_match(&self, sub: Types, sup: Types) -> Result<(), Stop> {
        if sub.len() != sup.len() {
            return Err(Stop::Invalid);
        }
        let pool = &self.cx.pool;
        let mut pairs = sub.slice(pool).iter().zip(sup.slice(pool));
        pairs.try_for_each(|(sub, sup)| self.cx.matches(*sub, *sup))
    }

    #[inline(always)]
    pub(super) fn br(&mut self) -> Result<(), Stop> {
        let depth = self.u32()?;
        let label = self.label(depth)?.label;
        if label.len() != 0 {
            self.pop_all(label)?;
        }
        self.unreachable()
    }

    #[inline(always)]
    pub(super) fn br_if(&mut self) -> Result<(), Stop> {
        let depth = self.u32()?;
        self.pop(Ty::I32)?;
        let label = self.label(depth)?.label;
        if label.len() == 0 {
            return Ok(());
        }
        let cx = self.cx;
        self.pop_push(label.slice(&cx.pool))
    }

    pub(super) fn br_table(&mut self) -> Result<(), Stop> {
        self.pop(Ty::I32)?;
        let count = self.u32()?;
        if count > MAX_LABELS {
            return Err(Stop::Invalid);
        }
        let cx = self.cx;
        let mut first: Option<Types> = None;
        for _ in 0..=count {
            let depth = self.u32()?;
            let label = self.label(depth)?.label;
            match first {
                Some(first) if first == label => continue,
                Some(first) if first.len() != label.len() => return Err(Stop::Invalid),
                _ => first = Some(label),
            }
            self.peek_all(label.slice(&cx.pool))?;
        }
        self.unreachable()
    }

    pub(super) fn return_(&mut self) -> Result<(), Stop> {
        self.pop_all(self.returns()?)?;
        self.unreachable()
    }

    /// What the function returns.
    fn returns(&self) -> Result<Types, Stop> {
        Ok(self.frames.first().ok_or(Stop::Invalid)?.results)
    }

    pub(super) fn call(&mut self) -> Result<(), Stop> {
        let func = self.u32()?;
        let ty = self.cx.func(func)?;
        self.call_with(ty)
    }

    #[inline(always)]
    fn call_with(&mut self, ty: Signature) -> Result<(), Stop> {
        let cx = self.cx;
        let params = ty.params.slice(&cx.pool);
        let base = self.top.wrapping_sub(params.len());
        let given = self.operands.get(base..self.top);
        if base >= self.height && given == Some(params) {
            self.top = base;
        } else {
            self.pop_all(ty.params)?;
        }
        match ty.results.single() {
            Some(result) => self.push(result),
            None if ty.results.len() == 0 => Ok(()),
            None => self.push_all(ty.results),
        }
    }

    fn return_call_with(&mut self, ty: Signature) -> Result<(), Stop> {
        self.all_match(ty.results, self.returns()?)?;
        self.pop_all(ty.params)?;
        self.unreachable()
    }

    pub(super) fn return_call(&mut self) -> Result<(), Stop> {
        let func = self.u32()?;
        let ty = self.cx.func(func)?;
        self.return_call_with(ty)
    }

    fn indirect(&mut self) -> Result<Signature, Stop> {
        let ty = self.u32()?;
        let table = self.u32()?;
        let (index, element) = self.cx.table(table)?;
        self.cx.matches(element, Ty::FUNCREF)?;
        self.pop(index)?;
        self.cx.signature(ty)
    }

    pub(super) fn call_indirect(&mut self) -> Result<(), Stop> {
        // Before reference types this was one byte, not a number, and had to be zero.
        if !self.cx.has(Features::REFERENCE_TYPES) {
            let (_, table) = reader::u32(self.code, self.at).ok_or(Stop::Invalid)?;
            if self.code.get(table) != Some(&0) {
                return Err(Stop::Invalid);
            }
        }
        let ty = self.indirect()?;
        self.call_with(ty)
    }

    pub(super) fn return_call_indirect(&mut self) -> Result<(), Stop> {
        let ty = self.indirect()?;
        self.return_call_with(ty)
    }

    fn through_ref(&mut self) -> Result<Signature, Stop> {
        let index = self.u32()?;
        let ty = self.cx.signature(index)?;
        self.pop(Ty::concrete(true, index))?;
        Ok(ty)
    }

    pub(super) fn call_ref(&mut self) -> Result<(), Stop> {
        let ty = self.through_ref()?;
        self.call_with(ty)
    }

    pub(super) fn return_call_ref(&mut self) -> Result<(), Stop> {
        let ty = self.through_ref()?;
        self.return_call_with(ty)
    }
}
