//! Types in code, and references (§3.3.4).

use super::Stop;
use super::reader;
use super::stack::Body;
use super::ty::Ty;
use tierra_core::Features;
use tierra_core::index::TypeIdx;
use tierra_core::types::HeapType;

impl Body<'_> {
    /// A value type (§5.3.4).
    pub(super) fn val_type(&mut self) -> Result<Ty, Stop> {
        match self.byte()? {
            0x7f => Ok(Ty::I32),
            0x7e => Ok(Ty::I64),
            0x7d => Ok(Ty::F32),
            0x7c => Ok(Ty::F64),
            0x7b if self.cx.has(Features::SIMD) => Ok(Ty::V128),
            0x64 => self.ref_type(false),
            0x63 => self.ref_type(true),
            byte => self.reference(true, abstract_heap(byte)?),
        }
    }

    /// A reference to the heap type that is next.
    pub(super) fn ref_type(&mut self, nullable: bool) -> Result<Ty, Stop> {
        let heap = self.heap_type()?;
        self.reference(nullable, heap)
    }

    fn heap_type(&mut self) -> Result<HeapType<TypeIdx>, Stop> {
        // The number of an abstract type is a negative one of one byte.
        let (number, next) = reader::s33(self.code, self.at).ok_or(Stop::Invalid)?;
        match u32::try_from(number) {
            Ok(index) => {
                self.at = next;
                Ok(HeapType::Concrete(TypeIdx(index)))
            }
            Err(_) => abstract_heap(self.byte()?),
        }
    }

    /// A reference type, if it exists and the features that it takes are on.
    fn reference(&self, nullable: bool, heap: HeapType<TypeIdx>) -> Result<Ty, Stop> {
        let on = self.cx.has(Features::REFERENCE_TYPES)
            && match heap {
                HeapType::Concrete(ty) => {
                    let on = self.cx.has(Features::GC);
                    (on || self.cx.has(Features::FUNCTION_REFERENCES))
                        && ty.index() < self.cx.module.types.len()
                }
                HeapType::Func | HeapType::Extern => {
                    nullable || self.cx.has(Features::FUNCTION_REFERENCES)
                }
                HeapType::Exn | HeapType::NoExn => self.cx.has(Features::EXCEPTIONS),
                _ => self.cx.has(Features::GC),
            };
        on.then(|| Ty::reference(nullable, heap))
            .ok_or(Stop::Invalid)
    }

    pub(super) fn ref_null(&mut self) -> Result<(), Stop> {
        let ty = self.ref_type(true)?;
        self.push(ty)
    }

    pub(super) fn ref_is_null(&mut self) -> Result<(), Stop> {
        match self.pop_any()? {
            ty if ty.is_ref() || ty == Ty::BOTTOM => self.push(Ty::I32),
            _ => Err(Stop::Invalid),
        }
    }

    pub(super) fn ref_func(&mut self) -> Result<(), Stop> {
        let func = self.u32()?;
        let ty = self.cx.module.funcs.get(func as usize);
        match ty {
            Some(ty) if self.cx.is_declared(func) => self.push(Ty::concrete(false, ty.0)),
            _ => Err(Stop::Invalid),
        }
    }

    pub(super) fn ref_as_non_null(&mut self) -> Result<(), Stop> {
        let ty = self.pop_ref()?;
        self.push(ty.non_null())
    }

    pub(super) fn br_on_null(&mut self) -> Result<(), Stop> {
        let depth = self.u32()?;
        let ty = self.pop_ref()?;
        let label = self.label(depth)?.label;
        let cx = self.cx;
        self.pop_push(label.slice(&cx.pool))?;
        self.push(ty.non_null())
    }

    pub(super) fn br_on_non_null(&mut self) -> Result<(), Stop> {
        let depth = self.u32()?;
        let label = self.label(depth)?.label;
        let cx = self.cx;
        match label.slice(&cx.pool) {
            [below @ .., ty] if ty.is_ref() => {
                self.pop(ty.nullable())?;
                self.pop_push(below)
            }
            _ => Err(Stop::Invalid),
        }
    }
}

/// The abstract heap type of a byte (§5.3.2).
fn abstract_heap(byte: u8) -> Result<HeapType<TypeIdx>, Stop> {
    Ok(match byte {
        0x74 => HeapType::NoExn,
        0x73 => HeapType::NoFunc,
        0x72 => HeapType::NoExtern,
        0x71 => HeapType::None,
        0x70 => HeapType::Func,
        0x6f => HeapType::Extern,
        0x6e => HeapType::Any,
        0x6d => HeapType::Eq,
        0x6c => HeapType::I31,
        0x6b => HeapType::Struct,
        0x6a => HeapType::Array,
        0x69 => HeapType::Exn,
        _ => return Err(Stop::Invalid),
    })
}
