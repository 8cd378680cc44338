//! Which references are not null: what needs no check.
//!
//! A value is not null because its type says so, wherever it is used; or because of a check that
//! dominates what follows. Control is structured: what comes behind an operator in the same
//! control frame is dominated by it, and so is what comes behind the frame if nothing jumps
//! there. So facts from checks are kept in a log, and those of a frame are taken back where its
//! `else` or a handler begins, and at its end if somebody branches there.

use super::Translator;
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::{RefType, ValType};
use tierra_ir::{Type, Value};

/// What is known of values.
#[derive(Default)]
pub(super) struct Facts {
    /// By value; values beyond the end may be null.
    non_null: Vec<bool>,
    /// What checks found, in their order.
    log: Vec<Value>,
}

impl Facts {
    pub fn clear(&mut self) {
        self.non_null.clear();
        self.log.clear();
    }

    /// Where the log stands.
    pub fn mark(&self) -> usize {
        self.log.len()
    }

    /// Takes back what checks have found since.
    pub fn forget(&mut self, mark: usize) {
        for value in self.log.drain(mark..) {
            self.non_null[value.index()] = false;
        }
    }

    fn is_non_null(&self, value: Value) -> bool {
        self.non_null.get(value.index()).is_some_and(|known| *known)
    }

    fn set(&mut self, value: Value) {
        let index = value.index();
        if self.non_null.len() <= index {
            self.non_null.resize(index + 1, false);
        }
        self.non_null[index] = true;
    }
}

/// Whether a type excludes null.
pub(super) fn excludes_null(ty: ValType<TypeIdx>) -> bool {
    matches!(
        ty,
        ValType::Ref(RefType {
            nullable: false,
            ..
        })
    )
}

impl Translator<'_> {
    pub(super) fn is_non_null(&self, value: Value) -> bool {
        self.s.facts.is_non_null(value)
    }

    /// A value is of this type wherever it is used.
    #[inline]
    pub(super) fn typed(&mut self, value: Value, ty: ValType<TypeIdx>) {
        if excludes_null(ty) {
            self.never_null(value);
        }
    }

    /// A value is never null.
    pub(super) fn never_null(&mut self, value: Value) {
        self.s.facts.set(value);
    }

    /// A value is not null from here on.
    pub(super) fn note_non_null(&mut self, value: Value) {
        if !self.is_non_null(value) {
            self.s.facts.set(value);
            self.s.facts.log.push(value);
        }
    }

    /// Traps if a reference is null.
    pub(super) fn check_null(&mut self, value: Value, trap: Trap) {
        if self.is_non_null(value) {
            return;
        }
        if self.b.func.ty(value) == Type::I64 {
            let null = self.is_null(value);
            self.trap_if(null, trap);
        } else {
            let bits = self.bits(value);
            self.trap_unless(bits, trap);
        }
        self.note_non_null(value);
    }
}
