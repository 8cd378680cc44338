//! References, structures and arrays.
//!
//! Numbers, vectors and references into the heap are read and written inline. The objects hold
//! references to functions as numbers that the store knows, so these go through a builtin, as
//! does everything that allocates.

use crate::builtin::{Immediates, imm};
use crate::compiler::{Compiler, Result};
use crate::emit::{at, size_of};
use crate::value::{Operand, Ty, ref_kind};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Arg, Cc, Gpr, Mem, Op, Scale, Size};
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::{CompositeType, FieldType, HeapType, RefKind, StorageType, ValType};
use tierra_vm::builtins::Builtin;
use tierra_vm::offsets::*;

/// How a field or element is accessed: the instructions, the size of its number, its type.
#[derive(Clone, Copy)]
struct Access {
    load: Op,
    load_size: Size,
    store: Op,
    store_size: Size,
    bytes: u32,
    ty: Ty,
}

impl Access {
    fn narrow(load: Op, size: Size) -> Access {
        Access {
            load,
            load_size: Size::D,
            store: Op::Mov,
            store_size: size,
            bytes: size.bytes().into(),
            ty: Ty::I32,
        }
    }

    fn of(ty: Ty) -> Access {
        let (op, size, bytes) = match ty {
            Ty::I32 | Ty::Ref => (Op::Mov, Size::D, 4),
            Ty::I64 => (Op::Mov, Size::Q, 8),
            Ty::F32 => (Op::Movss, Size::Q, 4),
            Ty::F64 => (Op::Movsd, Size::Q, 8),
            Ty::V128 => (Op::Movups, Size::Q, 16),
        };
        Access {
            load: op,
            load_size: size,
            store: op,
            store_size: size,
            bytes,
            ty,
        }
    }
}

impl Compiler<'_> {
    /// How a field or element is accessed; not at all, if it is a reference to a function.
    fn access_of(&self, storage: StorageType<TypeIdx>, signed: bool) -> Option<Access> {
        match storage {
            StorageType::I8 if signed => Some(Access::narrow(Op::Movsx8, Size::B)),
            StorageType::I8 => Some(Access::narrow(Op::Movzx8, Size::B)),
            StorageType::I16 if signed => Some(Access::narrow(Op::Movsx16, Size::W)),
            StorageType::I16 => Some(Access::narrow(Op::Movzx16, Size::W)),
            StorageType::Val(ValType::Ref(r)) if ref_kind(self.module, r.heap) == RefKind::Func => {
                None
            }
            StorageType::Val(ty) => Some(Access::of(Ty::of(self.module, ty))),
        }
    }

    pub fn ref_null(&mut self, heap: HeapType<TypeIdx>) {
        let ty = match ref_kind(self.module, heap) {
            RefKind::Func => Ty::I64,
            RefKind::Heap => Ty::Ref,
        };
        self.push_const(0, ty);
    }

    pub fn ref_is_null(&mut self) {
        let ty = self.top_ty();
        self.eqz(ty);
    }

    pub fn ref_eq(&mut self) {
        self.compare(Size::D, Cc::E, Cc::E);
    }

    pub fn ref_func(&mut self, func: u32) {
        let d = self.alloc_int();
        self.load_element(d, INSTANCE_FUNCS, func);
        self.push(d, Ty::I64);
    }

    /// Traps if a reference is null.
    pub fn check_null(&mut self, r: Gpr, ty: Ty, trap: Trap) {
        self.rr(Op::Test, size_of(ty), r, r);
        self.trap_if(Cc::E, trap);
    }

    pub fn ref_as_non_null(&mut self) {
        let ty = self.top_ty();
        let r = self.pop_own(ty);
        self.check_null(r.gpr(), ty, Trap::NullReference);
        self.push(r, ty);
    }

    pub fn ref_i31(&mut self) {
        let d = self.pop_own(Ty::I32).gpr();
        self.rr(Op::Add, Size::D, d, d);
        self.ri(Op::Or, Size::D, d, 1);
        self.push(d, Ty::Ref);
    }

    pub fn i31_get(&mut self, shift: Op) {
        let d = self.pop_own(Ty::Ref).gpr();
        self.check_null(d, Ty::Ref, Trap::NullI31Reference);
        self.ri(shift, Size::D, d, 1);
        self.push(d, Ty::I32);
    }

    /// Loads the start of the heap into the scratch register.
    pub fn load_heap(&mut self) {
        self.load_exec();
        self.rm(Op::Mov, Size::Q, SCRATCH, at(SCRATCH, EXEC_HEAP_BASE));
    }

    fn fields(&self, ty: TypeIdx) -> &[FieldType<TypeIdx>] {
        match &self.module.types[ty.index()].composite {
            CompositeType::Struct(fields) => fields,
            _ => unreachable!("validation checks the type"),
        }
    }

    fn element(&self, ty: TypeIdx) -> StorageType<TypeIdx> {
        match &self.module.types[ty.index()].composite {
            CompositeType::Array(field) => field.storage,
            _ => unreachable!("validation checks the type"),
        }
    }

    /// Slots of an array's unpacked element.
    pub fn element_slots(&self, ty: TypeIdx) -> u32 {
        self.element(ty).unpacked().slots() as u32
    }

    fn field_offset(&mut self, ty: TypeIdx, field: u32) -> Result<i32> {
        self.charge(field as usize)?;
        let offset = tierra_vm::gc::layout::field_offset(self.fields(ty), field as usize);
        Ok(i32::try_from(offset).expect("a structure has at most 10000 fields"))
    }

    /// A builtin that makes an object.
    pub fn allocate(&mut self, builtin: Builtin, count: usize, immediates: Immediates) -> Result {
        self.builtin(builtin, count, immediates, Some(Ty::Ref))
    }

    pub fn struct_new(&mut self, ty: TypeIdx) -> Result {
        let count = self.fields(ty).len();
        self.allocate(Builtin::StructNew, count, imm(0u32, ty.0, 0u32))
    }

    /// A field of an object, behind a check for null.
    fn field(&mut self, reference: Gpr, offset: i32) -> Mem {
        self.check_null(reference, Ty::Ref, Trap::NullStructReference);
        self.load_heap();
        Mem::Index {
            base: SCRATCH,
            index: reference,
            scale: Scale::X1,
            disp: offset,
        }
    }

    fn load_access(&mut self, access: Access, from: Operand, mem: Mem) {
        let d = self.reuse(from, access.ty);
        if d.is_vec() {
            self.xm(access.load, d.xmm(), mem);
        } else {
            self.rm(access.load, access.load_size, d.gpr(), mem);
        }
        self.push(d, access.ty);
    }

    fn store_access(&mut self, access: Access, mem: Mem, value: crate::regs::Reg) {
        let value = if value.is_vec() {
            Arg::X(value.xmm())
        } else {
            Arg::R(value.gpr())
        };
        self.asm
            .emit(access.store, access.store_size, &[Arg::M(mem), value]);
    }

    pub fn struct_get(&mut self, ty: TypeIdx, field: u32, signed: bool) -> Result {
        let storage = self.fields(ty)[field as usize].storage;
        let Some(access) = self.access_of(storage, signed) else {
            let immediates = imm(signed, ty.0, field);
            return self.builtin(Builtin::StructGet, 1, immediates, Some(Ty::I64));
        };
        let offset = self.field_offset(ty, field)?;
        let operand = self.pop();
        let reference = self.in_reg(operand, Ty::Ref).gpr();
        let mem = self.field(reference, offset);
        self.load_access(access, operand, mem);
        Ok(())
    }

    pub fn struct_set(&mut self, ty: TypeIdx, field: u32) -> Result {
        let storage = self.fields(ty)[field as usize].storage;
        let Some(access) = self.access_of(storage, false) else {
            return self.builtin(Builtin::StructSet, 2, imm(0u32, ty.0, field), None);
        };
        let offset = self.field_offset(ty, field)?;
        let value = self.pop_reg(access.ty);
        let reference = self.pop_gpr(Ty::Ref);
        let mem = self.field(reference, offset);
        self.store_access(access, mem, value);
        Ok(())
    }

    /// An element of an array that is not null and has it.
    fn array_element(&mut self, access: Access, reference: Gpr, index: Gpr) -> Mem {
        self.check_null(reference, Ty::Ref, Trap::NullArrayReference);
        self.load_heap();
        self.rr(Op::Add, Size::Q, SCRATCH, reference);
        self.rm(Op::Cmp, Size::D, index, at(SCRATCH, ARRAY_LENGTH));
        self.trap_if(Cc::AE, Trap::ArrayOutOfBounds);
        let scale = match access.bytes {
            1 => Scale::X1,
            2 => Scale::X2,
            4 => Scale::X4,
            8 => Scale::X8,
            _ => {
                // Twice as far as the largest scale.
                self.mem_add(index);
                Scale::X8
            }
        };
        Mem::Index {
            base: SCRATCH,
            index,
            scale,
            disp: ARRAY_DATA,
        }
    }

    /// The scratch register moves on by 8 times an index.
    fn mem_add(&mut self, index: Gpr) {
        let mem = Mem::Index {
            base: SCRATCH,
            index,
            scale: Scale::X8,
            disp: 0,
        };
        self.rm(Op::Lea, Size::Q, SCRATCH, mem);
    }

    pub fn array_get(&mut self, ty: TypeIdx, signed: bool) -> Result {
        let storage = self.element(ty);
        let Some(access) = self.access_of(storage, signed) else {
            let immediates = imm(signed, ty.0, 0u32);
            return self.builtin(Builtin::ArrayGet, 2, immediates, Some(Ty::I64));
        };
        let operand = self.pop();
        let index = self.in_reg(operand, Ty::I32).gpr();
        let reference = self.pop_gpr(Ty::Ref);
        let mem = self.array_element(access, reference, index);
        self.load_access(access, operand, mem);
        Ok(())
    }

    pub fn array_set(&mut self, ty: TypeIdx) -> Result {
        let Some(access) = self.access_of(self.element(ty), false) else {
            return self.builtin(Builtin::ArraySet, 3, imm(0u32, ty.0, 0u32), None);
        };
        let value = self.pop_reg(access.ty);
        let index = self.pop_gpr(Ty::I32);
        let reference = self.pop_gpr(Ty::Ref);
        let mem = self.array_element(access, reference, index);
        self.store_access(access, mem, value);
        Ok(())
    }

    pub fn array_len(&mut self) {
        let operand = self.pop();
        let reference = self.in_reg(operand, Ty::Ref).gpr();
        self.check_null(reference, Ty::Ref, Trap::NullArrayReference);
        self.load_heap();
        let mem = Mem::Index {
            base: SCRATCH,
            index: reference,
            scale: Scale::X1,
            disp: ARRAY_LENGTH,
        };
        self.load_access(Access::of(Ty::I32), operand, mem);
    }
}
