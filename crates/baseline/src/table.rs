//! Tables. The elements of tables of functions are entries of 32 bytes, others slots.

use crate::builtin::imm;
use crate::compiler::{Compiler, Result};
use crate::emit::at;
use crate::value::{Ty, ref_kind};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Cc, Gpr, Op, Size};
use tierra_core::Trap;
use tierra_core::types::RefKind;
use tierra_vm::NO_TYPE;
use tierra_vm::builtins::Builtin;
use tierra_vm::offsets::*;

impl Compiler<'_> {
    pub fn table_is_64(&self, table: u32) -> bool {
        self.module.tables[table as usize].ty.limits.is_64
    }

    fn table_index_ty(&self, table: u32) -> Ty {
        if self.table_is_64(table) {
            Ty::I64
        } else {
            Ty::I32
        }
    }

    fn table_kind(&self, table: u32) -> RefKind {
        let ty = self.module.tables[table as usize].ty;
        ref_kind(self.module, ty.element.heap)
    }

    pub fn table_get(&mut self, table: u32) {
        let index = self.pop();
        let entry = self.table_entry(table, index, Trap::TableOutOfBounds);
        let (ty, offset) = match self.table_kind(table) {
            RefKind::Func => (Ty::I64, ENTRY_FUNCREF),
            RefKind::Heap => (Ty::Ref, 0),
        };
        self.load(entry.into(), at(entry, offset), ty);
        self.push(entry, ty);
    }

    pub fn table_set(&mut self, table: u32) {
        let kind = self.table_kind(table);
        let ty = match kind {
            RefKind::Func => Ty::I64,
            RefKind::Heap => Ty::Ref,
        };
        let value = self.pop_gpr(ty);
        let index = self.pop();
        let entry = self.table_entry(table, index, Trap::TableOutOfBounds);
        match kind {
            RefKind::Func => self.set_entry(entry, value),
            // The upper half of the slot is zero already.
            RefKind::Heap => self.mr(Op::Mov, Size::D, at(entry, 0), value),
        }
    }

    /// Writes the entry of a function reference, which says what the reference points to.
    fn set_entry(&mut self, entry: Gpr, func: Gpr) {
        let (null, done) = (self.asm.label(), self.asm.label());
        self.mr(Op::Mov, Size::Q, at(entry, ENTRY_FUNCREF), func);
        self.rr(Op::Test, Size::Q, func, func);
        self.asm.jcc(Cc::E, null);
        for (size, from, to) in [
            (Size::Q, FUNCREF_RECORD, ENTRY_RECORD),
            (Size::Q, FUNCREF_INSTANCE, ENTRY_INSTANCE),
            (Size::D, FUNCREF_TYPE, ENTRY_TYPE),
        ] {
            self.rm(Op::Mov, size, SCRATCH, at(func, from));
            self.mr(Op::Mov, size, at(entry, to), SCRATCH);
        }
        self.asm.jmp(done);
        self.asm.bind(null);
        self.mi(Op::Mov, Size::Q, at(entry, ENTRY_RECORD), 0);
        self.mi(Op::Mov, Size::Q, at(entry, ENTRY_INSTANCE), 0);
        let no_type = at(entry, ENTRY_TYPE);
        self.mi(Op::Mov, Size::D, no_type, NO_TYPE.0.into());
        self.asm.bind(done);
    }

    pub fn table_size(&mut self, table: u32) {
        let ty = self.table_index_ty(table);
        let d = self.alloc_int();
        self.load_element(d, INSTANCE_TABLES, table);
        self.load(d.into(), at(d, TABLE_LEN), ty);
        self.push(d, ty);
    }

    pub fn table_grow(&mut self, table: u32) -> Result {
        let (is_64, ty) = (self.table_is_64(table), self.table_index_ty(table));
        self.builtin(Builtin::TableGrow, 2, imm(is_64, table, 0u32), Some(ty))
    }
}
