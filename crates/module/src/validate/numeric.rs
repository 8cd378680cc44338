//! Operators that are rows of the tables, constants, variables, and what fits any type.

use super::Stop;
use super::codes::Code;
use super::reader;
use super::stack::Body;
use super::ty::Ty;

impl Body<'_> {
    pub(super) fn plain(&mut self, code: Code) -> Result<(), Stop> {
        for operand in code.operands().rev() {
            self.pop(operand)?;
        }
        self.push(code.result())
    }

    pub(super) fn wide(&mut self, code: Code) -> Result<(), Stop> {
        self.plain(code)?;
        self.push(code.result())
    }

    pub(super) fn i32_const(&mut self) -> Result<(), Stop> {
        self.at = reader::skip_s32(self.code, self.at).ok_or(Stop::Invalid)?;
        self.push(Ty::I32)
    }

    pub(super) fn i64_const(&mut self) -> Result<(), Stop> {
        self.at = reader::skip_s64(self.code, self.at).ok_or(Stop::Invalid)?;
        self.push(Ty::I64)
    }

    /// A constant of so many bytes.
    pub(super) fn fixed_const(&mut self, ty: Ty, bytes: usize) -> Result<(), Stop> {
        self.skip(bytes)?;
        self.push(ty)
    }

    pub(super) fn drop_(&mut self) -> Result<(), Stop> {
        self.pop_any()?;
        Ok(())
    }

    pub(super) fn select(&mut self) -> Result<(), Stop> {
        self.pop(Ty::I32)?;
        match (self.pop_any()?, self.pop_any()?) {
            (a, b) if a.is_ref() || b.is_ref() => Err(Stop::Invalid),
            (Ty::BOTTOM, ty) | (ty, Ty::BOTTOM) => self.push(ty),
            (a, b) if a == b => self.push(a),
            _ => Err(Stop::Invalid),
        }
    }

    pub(super) fn typed_select(&mut self) -> Result<(), Stop> {
        if self.u32()? != 1 {
            return Err(Stop::Invalid);
        }
        let ty = self.val_type()?;
        self.pop_slice(&[ty, ty, Ty::I32])?;
        self.push(ty)
    }

    /// The local whose index is next: index and type, with whether it has a value.
    fn local(&mut self) -> Result<(u32, Ty), Stop> {
        let local = self.u32()?;
        match self.locals.get(local as usize) {
            Some(&ty) if ty != Ty::NOTHING => Ok((local, ty)),
            _ => Err(Stop::Invalid),
        }
    }

    pub(super) fn local_get(&mut self) -> Result<(), Stop> {
        let (_, ty) = self.local()?;
        if ty.is_unset() {
            return Err(Stop::Invalid);
        }
        self.push(ty)
    }

    /// Gives the type of the local.
    pub(super) fn local_set(&mut self) -> Result<Ty, Stop> {
        let (local, ty) = self.local()?;
        self.pop(ty.set())?;
        if ty.is_unset() {
            self.locals[local as usize] = ty.set();
            self.inits.push(local);
        }
        Ok(ty.set())
    }

    pub(super) fn local_tee(&mut self) -> Result<(), Stop> {
        let ty = self.local_set()?;
        self.push(ty)
    }

    /// The global whose index is next: its type, and whether it can be set.
    fn global(&mut self) -> Result<(Ty, bool), Stop> {
        let global = self.u32()?;
        let global = self.cx.globals.get(global as usize);
        global.copied().ok_or(Stop::Invalid)
    }

    pub(super) fn global_get(&mut self) -> Result<(), Stop> {
        let (ty, _) = self.global()?;
        self.push(ty)
    }

    pub(super) fn global_set(&mut self) -> Result<(), Stop> {
        match self.global()? {
            (ty, true) => self.pop(ty).map(drop),
            (_, false) => Err(Stop::Invalid),
        }
    }
}
