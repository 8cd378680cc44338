//! Structures, arrays and casts (§3.3.5).

use super::Stop;
use super::context::is_packed;
use super::stack::Body;
use super::ty::Ty;
use tierra_core::types::{FieldType, HeapType, StorageType};

/// What a field holds, as an operand.
fn unpacked<C: Copy>(field: &FieldType<C>) -> Ty
where
    Ty: From<tierra_core::types::ValType<C>>,
{
    field.storage.unpacked().into()
}

fn ensure(holds: bool) -> Result<(), Stop> {
    holds.then_some(()).ok_or(Stop::Invalid)
}

impl Body<'_> {
    pub(super) fn struct_new(&mut self) -> Result<(), Stop> {
        let ty = self.u32()?;
        for field in self.cx.fields(ty)?.iter().rev() {
            self.pop(unpacked(field))?;
        }
        self.push(Ty::concrete(false, ty))
    }

    pub(super) fn struct_new_default(&mut self) -> Result<(), Stop> {
        let ty = self.u32()?;
        let mut fields = self.cx.fields(ty)?.iter();
        ensure(fields.all(|field| unpacked(field).is_defaultable()))?;
        self.push(Ty::concrete(false, ty))
    }

    /// The structure type and the field whose indices are next.
    fn field(&mut self) -> Result<(u32, FieldType<tierra_core::index::TypeIdx>), Stop> {
        let ty = self.u32()?;
        let field = self.u32()?;
        let field = self.cx.fields(ty)?.get(field as usize);
        Ok((ty, *field.ok_or(Stop::Invalid)?))
    }

    pub(super) fn struct_get(&mut self, packed: bool) -> Result<(), Stop> {
        let (ty, field) = self.field()?;
        ensure(is_packed(&field) == packed)?;
        self.pop(Ty::concrete(true, ty))?;
        self.push(unpacked(&field))
    }

    pub(super) fn struct_set(&mut self) -> Result<(), Stop> {
        let (ty, field) = self.field()?;
        ensure(field.mutable)?;
        self.pop_slice(&[Ty::concrete(true, ty), unpacked(&field)])
    }

    /// The array type whose index is next, and its elements.
    fn array(&mut self) -> Result<(u32, FieldType<tierra_core::index::TypeIdx>), Stop> {
        let ty = self.u32()?;
        Ok((ty, self.cx.array(ty)?))
    }

    /// The same, of an array that can be changed.
    fn mutable_array(&mut self) -> Result<(u32, FieldType<tierra_core::index::TypeIdx>), Stop> {
        let (ty, element) = self.array()?;
        ensure(element.mutable)?;
        Ok((ty, element))
    }

    pub(super) fn array_new(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.array()?;
        self.pop_slice(&[unpacked(&element), Ty::I32])?;
        self.push(Ty::concrete(false, ty))
    }

    pub(super) fn array_new_default(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.array()?;
        ensure(unpacked(&element).is_defaultable())?;
        self.pop(Ty::I32)?;
        self.push(Ty::concrete(false, ty))
    }

    pub(super) fn array_new_fixed(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.array()?;
        let count = self.u32()? as usize;
        // Of those that only unreachable code has there may be any number.
        let there = count.min(self.top - self.height);
        for _ in 0..there {
            self.pop(unpacked(&element))?;
        }
        if there < count {
            self.pop(unpacked(&element))?;
        }
        self.push(Ty::concrete(false, ty))
    }

    pub(super) fn array_new_data(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.array()?;
        self.data()?;
        ensure(!unpacked(&element).is_ref())?;
        self.pop_slice(&[Ty::I32, Ty::I32])?;
        self.push(Ty::concrete(false, ty))
    }

    /// Whether the segment whose index is next has references that such an element can hold.
    fn elem_matches(&mut self, element: Ty) -> Result<(), Stop> {
        let segment = self.elem()?;
        self.cx.matches(segment, element)
    }

    pub(super) fn array_new_elem(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.array()?;
        self.elem_matches(unpacked(&element))?;
        self.pop_slice(&[Ty::I32, Ty::I32])?;
        self.push(Ty::concrete(false, ty))
    }

    pub(super) fn array_get(&mut self, packed: bool) -> Result<(), Stop> {
        let (ty, element) = self.array()?;
        ensure(is_packed(&element) == packed)?;
        self.pop_slice(&[Ty::concrete(true, ty), Ty::I32])?;
        self.push(unpacked(&element))
    }

    pub(super) fn array_set(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.mutable_array()?;
        self.pop_slice(&[Ty::concrete(true, ty), Ty::I32, unpacked(&element)])
    }

    pub(super) fn array_len(&mut self) -> Result<(), Stop> {
        self.pop(Ty::reference(true, HeapType::Array))?;
        self.push(Ty::I32)
    }

    pub(super) fn array_fill(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.mutable_array()?;
        let operands = [Ty::concrete(true, ty), Ty::I32, unpacked(&element), Ty::I32];
        self.pop_slice(&operands)
    }

    pub(super) fn array_copy(&mut self) -> Result<(), Stop> {
        let (to, to_element) = self.mutable_array()?;
        let (from, from_element) = self.array()?;
        match (from_element.storage, to_element.storage) {
            (StorageType::Val(from), StorageType::Val(to)) => {
                self.cx.matches(from.into(), to.into())?;
            }
            (from, to) => ensure(from == to)?,
        }
        let (to, from) = (Ty::concrete(true, to), Ty::concrete(true, from));
        self.pop_slice(&[to, Ty::I32, from, Ty::I32, Ty::I32])
    }

    pub(super) fn array_init_data(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.mutable_array()?;
        self.data()?;
        ensure(!unpacked(&element).is_ref())?;
        self.pop_slice(&[Ty::concrete(true, ty), Ty::I32, Ty::I32, Ty::I32])
    }

    pub(super) fn array_init_elem(&mut self) -> Result<(), Stop> {
        let (ty, element) = self.mutable_array()?;
        self.elem_matches(unpacked(&element))?;
        self.pop_slice(&[Ty::concrete(true, ty), Ty::I32, Ty::I32, Ty::I32])
    }

    /// The type that is tested for is next; takes a reference of its hierarchy.
    fn cast_to(&mut self, nullable: bool) -> Result<Ty, Stop> {
        let ty = self.ref_type(nullable)?;
        let top = self.cx.top(ty.heap())?;
        self.pop(Ty::reference(true, top))?;
        Ok(ty)
    }

    pub(super) fn ref_test(&mut self, nullable: bool) -> Result<(), Stop> {
        self.cast_to(nullable)?;
        self.push(Ty::I32)
    }

    pub(super) fn ref_cast(&mut self, nullable: bool) -> Result<(), Stop> {
        let ty = self.cast_to(nullable)?;
        self.push(ty)
    }

    /// `br_on_cast` and, if the branch is taken on failure, `br_on_cast_fail`.
    pub(super) fn br_on_cast(&mut self, on_failure: bool) -> Result<(), Stop> {
        let flags = self.byte()?;
        ensure(flags < 4)?;
        let depth = self.u32()?;
        let from = self.ref_type(flags & 1 != 0)?;
        let to = self.ref_type(flags & 2 != 0)?;
        self.cx.matches(to, from)?;
        // What is not of the type that is tested for is not null if that takes null.
        let rest = if to.is_nullable() {
            from.non_null()
        } else {
            from
        };
        let (taken, stays) = if on_failure { (rest, to) } else { (to, rest) };
        let label = self.label(depth)?.label;
        let cx = self.cx;
        let [below @ .., last] = label.slice(&cx.pool) else {
            return Err(Stop::Invalid);
        };
        cx.matches(taken, *last)?;
        self.pop(from)?;
        self.pop_push(below)?;
        self.push(stays)
    }

    /// Takes a reference of one hierarchy, and gives it as one of another.
    pub(super) fn convert(
        &mut self,
        from: HeapType<tierra_core::index::TypeIdx>,
    ) -> Result<(), Stop> {
        let to = match from {
            HeapType::Any => HeapType::Extern,
            _ => HeapType::Any,
        };
        let ty = self.pop_ref()?;
        self.cx.matches(ty, Ty::reference(true, from))?;
        self.push(Ty::reference(ty.is_nullable(), to))
    }

    pub(super) fn ref_eq(&mut self) -> Result<(), Stop> {
        let eq = Ty::reference(true, HeapType::Eq);
        self.pop_slice(&[eq, eq])?;
        self.push(Ty::I32)
    }

    pub(super) fn ref_i31(&mut self) -> Result<(), Stop> {
        self.pop(Ty::I32)?;
        self.push(Ty::reference(false, HeapType::I31))
    }

    pub(super) fn i31_get(&mut self) -> Result<(), Stop> {
        self.pop(Ty::reference(true, HeapType::I31))?;
        self.push(Ty::I32)
    }
}
