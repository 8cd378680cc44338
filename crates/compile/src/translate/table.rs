//! Tables. The elements of tables of functions are entries of 32 bytes, others slots.

use super::builtin::imm;
use super::{Translator, ref_kind};
use crate::layout::{self, CONSTANT, class, of_instance, plain};
use tierra_core::Trap;
use tierra_core::index::TableIdx;
use tierra_core::types::{RefKind, TableType, ValType};
use tierra_ir::{Access, BinaryOp, CompareOp, MemFlags, Type, UnaryOp, Value};
use tierra_vm::NO_TYPE;
use tierra_vm::builtins::Builtin;

impl Translator<'_> {
    fn table_type(&self, table: TableIdx) -> TableType<tierra_core::index::TypeIdx> {
        self.module.tables[table.index()].ty
    }

    pub(super) fn table_is_64(&self, table: u32) -> bool {
        self.table_type(TableIdx(table)).limits.is_64
    }

    fn table_index_ty(&self, table: u32) -> Type {
        if self.table_is_64(table) {
            Type::I64
        } else {
            Type::I32
        }
    }

    fn table_kind(&self, table: TableIdx) -> RefKind {
        ref_kind(self.module, self.table_type(table).element.heap)
    }

    /// The length of a table that can't grow: the type says so, also of an import.
    fn fixed_len(&self, table: TableIdx) -> Option<u64> {
        let limits = self.table_type(table).limits;
        if self.options.tables.fixed(table).is_some() {
            return Some(limits.min);
        }
        limits.max.filter(|max| *max == limits.min)
    }

    fn table_def(&mut self, table: TableIdx) -> Value {
        self.element_of(layout::INSTANCE_TABLES, table.0)
    }

    fn table_len(&mut self, table: TableIdx, def: Value) -> Value {
        match self.fixed_len(table) {
            Some(len) => self.i64(len),
            None => self.load(
                Access::I64,
                of_instance(class::TABLE_DEF),
                def,
                layout::TABLE_LEN,
            ),
        }
    }

    /// The address of an element that is there; traps if it isn't.
    pub(super) fn table_element(&mut self, table: u32, index: Value, trap: Trap) -> Value {
        let table = TableIdx(table);
        let index = self.wide_index(index);
        let def = self.table_def(table);
        let len = self.table_len(table, def);
        let outside = self.compare(CompareOp::I64GeU, index, len);
        self.trap_if(outside, trap);
        let flags: MemFlags = if self.fixed_len(table).is_some() {
            CONSTANT
        } else {
            of_instance(class::TABLE_DEF)
        };
        let base = self.load(Access::I64, flags, def, layout::TABLE_BASE);
        let shift = match self.table_kind(table) {
            RefKind::Func => layout::ENTRY_SHIFT,
            RefKind::Heap => 3,
        };
        let distance = self.shift_left(index, shift);
        self.binary(BinaryOp::I64Add, base, distance)
    }

    pub(super) fn table_get(&mut self, table: u32) {
        let index = self.pop();
        let element = self.table_element(table, index, Trap::TableOutOfBounds);
        let flags = plain(class::TABLE);
        let value = match self.table_kind(TableIdx(table)) {
            RefKind::Func => self.load(Access::I64, flags, element, layout::ENTRY_FUNCREF),
            RefKind::Heap => self.load(Access::Ref, flags, element, 0),
        };
        self.typed(
            value,
            ValType::Ref(self.table_type(TableIdx(table)).element),
        );
        self.push(value);
    }

    pub(super) fn table_set(&mut self, table: u32) {
        let value = self.pop();
        let index = self.pop();
        let element = self.table_element(table, index, Trap::TableOutOfBounds);
        match self.table_kind(TableIdx(table)) {
            RefKind::Func => self.set_entry(element, value),
            // The upper half of the slot is zero already.
            RefKind::Heap => self.store(Access::Ref, plain(class::TABLE), element, 0, value),
        }
    }

    /// Writes the entry of a function reference, which says what the reference points to.
    fn set_entry(&mut self, entry: Value, func: Value) {
        let (null, some, done) = (self.cold_block(), self.new_block(), self.new_block());
        let params = [Type::I64, Type::I64, Type::I32];
        let [record, instance, ty] = params.map(|ty| self.b.func.append_param(done, ty));
        let is_null = self.is_null(func);
        self.branch(is_null, null, some);
        self.enter(null);
        let (zero, no_type) = (self.i64(0), self.i32(NO_TYPE.0));
        self.b.jump(done, &[zero, zero, no_type]);
        self.enter(some);
        let parts = [
            (Access::I64, layout::FUNCREF_RECORD),
            (Access::I64, layout::FUNCREF_INSTANCE),
            (Access::I32, layout::FUNCREF_TYPE),
        ];
        let parts =
            parts.map(|(access, offset)| self.load(access, plain(class::FUNC), func, offset));
        self.b.jump(done, &parts);
        self.enter(done);
        let flags = plain(class::TABLE);
        for (access, offset, value) in [
            (Access::I64, layout::ENTRY_RECORD, record),
            (Access::I64, layout::ENTRY_INSTANCE, instance),
            (Access::I32, layout::ENTRY_TYPE, ty),
            (Access::I64, layout::ENTRY_FUNCREF, func),
        ] {
            self.store(access, flags, entry, offset, value);
        }
    }

    pub(super) fn table_size(&mut self, table: u32) {
        let def = self.table_def(TableIdx(table));
        let mut len = self.table_len(TableIdx(table), def);
        if !self.table_is_64(table) {
            len = self.unary(UnaryOp::I32WrapI64, len);
        }
        self.push(len);
    }

    pub(super) fn table_grow(&mut self, table: u32) {
        let (is_64, ty) = (self.table_is_64(table), self.table_index_ty(table));
        self.builtin(Builtin::TableGrow, 2, imm(is_64, table, 0u32), Some(ty));
    }
}
