//! References, structures and arrays.
//!
//! Numbers, vectors and references into the heap are read and written inline. The objects hold
//! references to functions as numbers that the store knows, so these go through a builtin, as
//! does everything that allocates.

use super::builtin::{Immediates, imm};
use super::{Translator, ref_kind, value_type};
use crate::layout::{self, class, field_class, plain};
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::{
    CompositeType, FieldType, HeapType, RefKind, RefType, StorageType, ValType,
};
use tierra_ir::{Access, AliasClass, BinaryOp, CompareOp, InstData, Type, UnaryOp, Value};
use tierra_module::Module;
use tierra_vm::builtins::Builtin;
use tierra_vm::gc::layout::struct_layout;

/// How a field or element is accessed; none for references to functions.
fn access(module: &Module, storage: StorageType<TypeIdx>, signed: bool) -> Option<Access> {
    match storage {
        StorageType::I8 if signed => Some(Access::S8I32),
        StorageType::I8 => Some(Access::U8I32),
        StorageType::I16 if signed => Some(Access::S16I32),
        StorageType::I16 => Some(Access::U16I32),
        StorageType::Val(ValType::Ref(r)) if ref_kind(module, r.heap) == RefKind::Func => None,
        StorageType::Val(ty) => Some(Access::of(value_type(module, ty))),
    }
}

fn element_class(access: Access) -> AliasClass {
    match access {
        Access::Ref => class::ELEMENTS[5],
        access => class::ELEMENTS[access.bytes().ilog2() as usize],
    }
}

impl Translator<'_> {
    pub(super) fn ref_null(&mut self, heap: HeapType<TypeIdx>) {
        self.constant(super::ref_ty(self.module, RefType::nullable(heap)), 0);
    }

    pub(super) fn ref_is_null(&mut self) {
        let value = self.pop();
        let null = self.is_null(value);
        self.push(null);
    }

    pub(super) fn ref_eq(&mut self) {
        let b = self.pop();
        let a = self.pop();
        let (a, b) = (self.bits(a), self.bits(b));
        let same = self.compare(CompareOp::I32Eq, a, b);
        self.push(same);
    }

    pub(super) fn ref_func(&mut self, func: u32) {
        let value = self.element_of(layout::INSTANCE_FUNCS, func);
        self.never_null(value);
        self.push(value);
    }

    pub(super) fn ref_as_non_null(&mut self) {
        let value = self.top(1)[0];
        self.check_null(value, Trap::NullReference);
    }

    pub(super) fn ref_i31(&mut self) {
        let value = self.pop();
        let one = self.i32(1);
        let shifted = self.binary(BinaryOp::I32Shl, value, one);
        let bits = self.binary(BinaryOp::I32Or, shifted, one);
        let reference = self.b.value(InstData::BitsToRef(bits));
        self.never_null(reference);
        self.push(reference);
    }

    pub(super) fn i31_get(&mut self, shift: BinaryOp) {
        let value = self.pop();
        self.check_null(value, Trap::NullI31Reference);
        let bits = self.bits(value);
        let one = self.i32(1);
        let number = self.binary(shift, bits, one);
        self.push(number);
    }

    /// The address of an object. Neither is it null, nor is the address kept.
    pub(super) fn object(&mut self, reference: Value) -> Value {
        let exec = self.exec();
        let flags = plain(class::HEAP_BASE);
        let base = self.load(Access::I64, flags, exec, layout::EXEC_HEAP_BASE);
        let bits = self.bits(reference);
        let offset = self.unary(UnaryOp::I64ExtendI32U, bits);
        self.binary(BinaryOp::I64Add, base, offset)
    }

    /// The same, after a check for null.
    fn checked_object(&mut self, reference: Value, trap: Trap) -> Value {
        self.check_null(reference, trap);
        self.object(reference)
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
    pub(super) fn element_slots(&self, ty: TypeIdx) -> u32 {
        self.element(ty).unpacked().slots() as u32
    }

    fn field_offset(&mut self, ty: TypeIdx, field: u32) -> i32 {
        let offset = struct_layout(self.fields(ty)).offsets[field as usize];
        i32::try_from(offset).expect("a structure has at most 10000 fields")
    }

    /// A builtin that makes an object.
    pub(super) fn allocate(&mut self, builtin: Builtin, count: usize, immediates: Immediates) {
        self.builtin(builtin, count, immediates, Some(Type::Ref));
        let object = self.top(1)[0];
        self.never_null(object);
    }

    pub(super) fn struct_new(&mut self, ty: TypeIdx) {
        let count = self.fields(ty).len();
        self.allocate(Builtin::StructNew, count, imm(0u32, ty.0, 0u32));
    }

    pub(super) fn struct_get(&mut self, ty: TypeIdx, field: u32, signed: bool) {
        let storage = self.fields(ty)[field as usize].storage;
        let Some(access) = access(self.module, storage, signed) else {
            let immediates = imm(signed, ty.0, field);
            self.builtin(Builtin::StructGet, 1, immediates, Some(Type::I64));
            return self.typed(self.top(1)[0], storage.unpacked());
        };
        let offset = self.field_offset(ty, field);
        let reference = self.pop();
        let object = self.checked_object(reference, Trap::NullStructReference);
        let value = self.load(access, plain(field_class(field)), object, offset);
        self.typed(value, storage.unpacked());
        self.push(value);
    }

    pub(super) fn struct_set(&mut self, ty: TypeIdx, field: u32) {
        let storage = self.fields(ty)[field as usize].storage;
        let Some(access) = access(self.module, storage, false) else {
            return self.builtin(Builtin::StructSet, 2, imm(0u32, ty.0, field), None);
        };
        let offset = self.field_offset(ty, field);
        let value = self.pop();
        let reference = self.pop();
        let object = self.checked_object(reference, Trap::NullStructReference);
        self.store(access, plain(field_class(field)), object, offset, value);
    }

    /// The address of an element less [`layout::ARRAY_DATA`].
    fn array_element(&mut self, access: Access, reference: Value, index: Value) -> Value {
        let array = self.checked_object(reference, Trap::NullArrayReference);
        let flags = plain(class::HEADER);
        let len = self.load(Access::I32, flags, array, layout::ARRAY_LENGTH);
        let outside = self.compare(CompareOp::I32GeU, index, len);
        self.trap_if(outside, Trap::ArrayOutOfBounds);
        let index = self.unary(UnaryOp::I64ExtendI32U, index);
        let distance = self.shift_left(index, access.bytes().ilog2());
        self.binary(BinaryOp::I64Add, array, distance)
    }

    pub(super) fn array_get(&mut self, ty: TypeIdx, signed: bool) {
        let storage = self.element(ty);
        let Some(access) = access(self.module, storage, signed) else {
            let immediates = imm(signed, ty.0, 0u32);
            self.builtin(Builtin::ArrayGet, 2, immediates, Some(Type::I64));
            return self.typed(self.top(1)[0], storage.unpacked());
        };
        let index = self.pop();
        let reference = self.pop();
        let element = self.array_element(access, reference, index);
        let flags = plain(element_class(access));
        let value = self.load(access, flags, element, layout::ARRAY_DATA);
        self.typed(value, storage.unpacked());
        self.push(value);
    }

    pub(super) fn array_set(&mut self, ty: TypeIdx) {
        let Some(access) = access(self.module, self.element(ty), false) else {
            return self.builtin(Builtin::ArraySet, 3, imm(0u32, ty.0, 0u32), None);
        };
        let value = self.pop();
        let index = self.pop();
        let reference = self.pop();
        let element = self.array_element(access, reference, index);
        let flags = plain(element_class(access));
        self.store(access, flags, element, layout::ARRAY_DATA, value);
    }

    pub(super) fn array_len(&mut self) {
        let reference = self.pop();
        let array = self.checked_object(reference, Trap::NullArrayReference);
        let flags = plain(class::HEADER);
        let len = self.load(Access::I32, flags, array, layout::ARRAY_LENGTH);
        self.push(len);
    }
}
