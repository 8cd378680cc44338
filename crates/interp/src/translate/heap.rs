//! References, tables, structures and arrays.

use super::control::Condition;
use super::stack::{Kind, Operand};
use super::{Result, Translator, Ty, ty};
use crate::dispatch::handler;
use crate::operand::{Acc, Args, Op, SlotA, ToAcc, ToSlot};
use crate::ops::numeric::{CompareId, UNARY, Unary, UnaryId};
use crate::ops::reference::*;
use tierra_core::index::TypeIdx;
use tierra_core::types::{
    CompositeType, FieldType, HeapType, RefKind, RefType, StorageType, ValType,
};
use tierra_vm::builtins::operation::*;
use tierra_vm::builtins::{Operation, pack_ref_type};
use tierra_vm::gc::layout::struct_layout;

/// The immediate operands of a builtin.
#[derive(Clone, Copy, Default)]
pub(super) struct Immediates {
    pub a: u16,
    pub b: u32,
    pub c: u64,
}

/// The kind of access to a stored type; none for vectors and function references.
fn kind(
    module: &tierra_module::Module,
    storage: StorageType<TypeIdx>,
    signed: bool,
) -> Option<Object> {
    use crate::ops::reference::Kind as K;
    let kind = match storage {
        StorageType::I8 if signed => K::I8S,
        StorageType::I8 => K::I8U,
        StorageType::I16 if signed => K::I16S,
        StorageType::I16 => K::I16U,
        StorageType::Val(ValType::I32) => K::I32,
        StorageType::Val(ValType::I64) => K::I64,
        StorageType::Val(ValType::F32) => K::F32,
        StorageType::Val(ValType::F64) => K::F64,
        StorageType::Val(ValType::V128) => return None,
        StorageType::Val(t) => match ty(module, t) {
            Ty::HeapRef => K::I32,
            _ => return None,
        },
    };
    Some(&OBJECT[kind as usize])
}

type Object = &'static ObjectRow;

impl Translator<'_> {
    /// An operator that a builtin does: operands and result in canonical slots. The operands
    /// stay on the stack while references are noted, since collecting may move them.
    pub(super) fn builtin<B: Operation>(
        &mut self,
        operands: usize,
        immediates: Immediates,
        result: Option<Ty>,
    ) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        self.flush_top(operands);
        self.clobber();
        self.flush_refs();
        let dst = match operands {
            0 => self.height as u16,
            _ => self.stack[self.stack.len() - operands].slot,
        };
        self.mark();
        let Immediates { a, b, c } = immediates;
        self.emit_instr::<CallBuiltin<B>>(Args { dst, a, b });
        self.emit_word(c);
        self.emit_site(0, 0);
        for _ in 0..operands {
            self.pop();
        }
        if let Some(ty) = result {
            self.push(Kind::Slot, ty)?;
        }
        Ok(())
    }

    pub(super) fn ref_is_null(&mut self) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let row = &UNARY[UnaryId::I64Eqz as usize];
        let emitted = self.unary_row(row.ops(), Some(row.fold), Ty::I32, false)?;
        if let Some((pos, a)) = emitted {
            self.note_test(pos, CompareId::I64Eq, a);
        }
        Ok(())
    }

    pub(super) fn ref_as_non_null(&mut self) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let entry = self.stack[self.stack.len() - 1];
        let a = match entry.kind {
            Kind::Local(local) => self.locals[local as usize].slot,
            _ => {
                self.flush_top(1);
                entry.slot
            }
        };
        self.mark();
        self.emit_instr::<RefAsNonNull>(Args { dst: 0, a, b: 0 });
        Ok(())
    }

    /// The comparison of the reference on top with null. The reference stays on the stack, in a
    /// slot.
    fn null_test(&mut self) -> Condition {
        self.flush_top(1);
        let entry = self.stack[self.stack.len() - 1];
        let a = self.operand(entry);
        Condition::Compare {
            op: CompareId::I64Eq,
            a,
            b: Operand::Const(0),
            negated: false,
        }
    }

    pub(super) fn br_on_null(&mut self, depth: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let condition = self.null_test();
        let entry = self.pop();
        let height = self.height;
        self.branch_if(condition, true, depth)?;
        debug_assert_eq!(height, self.height);
        self.push(Kind::Slot, entry.ty)
    }

    pub(super) fn br_on_non_null(&mut self, depth: u32) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let condition = self.null_test();
        self.branch_if(condition, false, depth)?;
        self.pop();
        Ok(())
    }

    pub(super) fn br_on_cast(&mut self, depth: u32, to: RefType<TypeIdx>, when: bool) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        // The reference stays; the test is made on a copy of it.
        self.flush_top(1);
        let entry = self.stack[self.stack.len() - 1];
        self.push(Kind::Slot, entry.ty)?;
        let copy = self.stack[self.stack.len() - 1].slot;
        self.emit_copy(copy, Operand::Slot(entry.slot), entry.ty);
        if let Some((_, cost)) = &mut self.fuel {
            *cost -= 1;
        }
        self.ref_test(to)?;
        let condition = self.take_condition();
        self.branch_if(condition, when, depth)
    }

    fn cast_word(&self, to: RefType<TypeIdx>) -> u64 {
        let kind = match super::ref_ty(self.module, to) {
            Ty::FuncRef => RefKind::Func,
            _ => RefKind::Heap,
        };
        pack_ref_type(to, kind)
    }

    pub(super) fn ref_test(&mut self, to: RefType<TypeIdx>) -> Result {
        let c = self.cast_word(to);
        self.builtin::<RefTest>(
            1,
            Immediates {
                c,
                ..Default::default()
            },
            Some(Ty::I32),
        )
    }

    pub(super) fn ref_cast(&mut self, to: RefType<TypeIdx>) -> Result {
        let c = self.cast_word(to);
        let result = super::ref_ty(self.module, to);
        self.builtin::<RefCast>(
            1,
            Immediates {
                c,
                ..Default::default()
            },
            Some(result),
        )
    }

    /// `ref.i31`, `i31.get_s`, `i31.get_u`
    pub(super) fn i31<O: crate::ops::numeric::UnaryOp>(&mut self, ty: Ty) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let handlers = [
            [
                handler::<Unary<O, SlotA, ToAcc>>(),
                handler::<Unary<O, SlotA, ToSlot>>(),
            ],
            [
                handler::<Unary<O, Acc, ToAcc>>(),
                handler::<Unary<O, Acc, ToSlot>>(),
            ],
        ];
        self.unary_row(handlers.map(|h| h.map(Op::from)), None, ty, true)?;
        Ok(())
    }

    /// Changes only the type: `any.convert_extern` and its inverse.
    pub(super) fn convert_reference(&mut self) {
        self.begin_op();
    }

    fn fields(&self, ty: TypeIdx) -> &[FieldType<TypeIdx>] {
        match &self.module.types[ty.index()].composite {
            CompositeType::Struct(fields) => fields,
            _ => unreachable!("validation checks the type"),
        }
    }

    pub(super) fn element(&self, ty: TypeIdx) -> StorageType<TypeIdx> {
        match &self.module.types[ty.index()].composite {
            CompositeType::Array(field) => field.storage,
            _ => unreachable!("validation checks the type"),
        }
    }

    pub(super) fn struct_new(&mut self, index: TypeIdx) -> Result {
        let count = if self.reachable {
            self.fields(index).len()
        } else {
            0
        };
        let b = index.0;
        self.builtin::<StructNew>(
            count,
            Immediates {
                b,
                ..Default::default()
            },
            Some(Ty::HeapRef),
        )
    }

    pub(super) fn struct_get(&mut self, index: TypeIdx, field: u32, signed: bool) -> Result {
        if !self.reachable {
            return Ok(());
        }
        let fields = self.fields(index);
        let storage = fields[field as usize].storage;
        let ty = ty(self.module, storage.unpacked());
        let Some(row) = kind(self.module, storage, signed) else {
            let immediates = Immediates {
                a: signed.into(),
                b: index.0,
                c: field.into(),
            };
            return self.builtin::<StructGet>(1, immediates, Some(ty));
        };
        let b = struct_layout(fields).offsets[field as usize];
        self.begin_op();
        let a = self.pop_slot();
        self.mark();
        self.emit_result(row.field_get, Args { dst: 0, a, b }, ty)?;
        Ok(())
    }

    pub(super) fn struct_set(&mut self, index: TypeIdx, field: u32) -> Result {
        if !self.reachable {
            return Ok(());
        }
        let fields = self.fields(index);
        let Some(row) = kind(self.module, fields[field as usize].storage, false) else {
            let immediates = Immediates {
                a: 0,
                b: index.0,
                c: field.into(),
            };
            return self.builtin::<StructSet>(2, immediates, None);
        };
        let b = struct_layout(fields).offsets[field as usize];
        self.begin_op();
        let dst = self.pop_slot();
        let a = self.pop_slot();
        self.mark();
        self.emit(row.field_set, Args { dst, a, b });
        Ok(())
    }

    pub(super) fn array_get(&mut self, index: TypeIdx, signed: bool) -> Result {
        if !self.reachable {
            return Ok(());
        }
        let storage = self.element(index);
        let ty = ty(self.module, storage.unpacked());
        let Some(row) = kind(self.module, storage, signed) else {
            let immediates = Immediates {
                a: signed.into(),
                b: index.0,
                c: 0,
            };
            return self.builtin::<ArrayGet>(2, immediates, Some(ty));
        };
        self.begin_op();
        let b = self.pop_slot().into();
        let a = self.pop_slot();
        self.mark();
        self.emit_result(row.element_get, Args { dst: 0, a, b }, ty)?;
        Ok(())
    }

    pub(super) fn array_set(&mut self, index: TypeIdx) -> Result {
        if !self.reachable {
            return Ok(());
        }
        let Some(row) = kind(self.module, self.element(index), false) else {
            return self.builtin::<ArraySet>(
                3,
                Immediates {
                    b: index.0,
                    ..Default::default()
                },
                None,
            );
        };
        self.begin_op();
        let dst = self.pop_slot();
        let b = self.pop_slot().into();
        let a = self.pop_slot();
        self.mark();
        self.emit(row.element_set, Args { dst, a, b });
        Ok(())
    }

    pub(super) fn array_len(&mut self) -> Result {
        if !self.begin_op() {
            return Ok(());
        }
        let a = self.pop_slot();
        self.mark();
        self.emit_result(ARRAY_LEN, Args { dst: 0, a, b: 0 }, Ty::I32)?;
        Ok(())
    }

    /// Slots of an array's unpacked element.
    pub(super) fn element_slots(&self, ty: TypeIdx) -> u16 {
        self.element(ty).unpacked().slots() as u16
    }

    pub(super) fn table_ty(&self, table: u32) -> Ty {
        super::ref_ty(self.module, self.module.tables[table as usize].ty.element)
    }

    pub(super) fn table_is_64(&self, table: u32) -> bool {
        self.module.tables[table as usize].ty.limits.is_64
    }

    pub(super) fn table_index_ty(&self, table: u32) -> Ty {
        if self.table_is_64(table) {
            Ty::I64
        } else {
            Ty::I32
        }
    }

    pub(super) fn memory_index_ty(&self, memory: u32) -> Ty {
        if self.memory_is_64(memory) {
            Ty::I64
        } else {
            Ty::I32
        }
    }

    pub(super) fn ref_null(&mut self, heap: HeapType<TypeIdx>) -> Result {
        let ty = super::ref_ty(self.module, RefType::nullable(heap));
        self.constant(0, ty)
    }
}
