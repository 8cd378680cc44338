//! Locals and globals.

use super::{Result, Translator, value_type};
use crate::layout::{CONSTANT, INSTANCE_GLOBALS, global_class, of_instance};
use tierra_ir::{Access, MemFlags, Value};

impl Translator<'_> {
    pub(super) fn local_get(&mut self, local: u32) {
        let (variable, non_null) = self.s.locals[local as usize];
        let value = self.b.get(variable);
        // Only from here on: the same value may be in other variables, unchecked.
        if non_null {
            self.note_non_null(value);
        }
        self.push(value);
    }

    pub(super) fn local_set(&mut self, local: u32) {
        let value = self.pop();
        self.b.set(self.s.locals[local as usize].0, value);
    }

    pub(super) fn local_tee(&mut self, local: u32) {
        let value = self.top(1)[0];
        self.b.set(self.s.locals[local as usize].0, value);
    }

    /// The address of a global, and what there is to know of accesses to it.
    fn global(&mut self, global: u32) -> (Value, Access, MemFlags) {
        let ty = self.module.globals[global as usize];
        let cell = self.element_of(INSTANCE_GLOBALS, global);
        let flags = if ty.mutable {
            of_instance(global_class(self.module, global))
        } else {
            CONSTANT
        };
        (cell, Access::of(value_type(self.module, ty.content)), flags)
    }

    pub(super) fn global_get(&mut self, global: u32) -> Result {
        let (cell, access, flags) = self.global(global);
        let value = self.load(access, flags, cell, 0);
        self.typed(value, self.module.globals[global as usize].content);
        self.push(value);
        Ok(())
    }

    /// The upper half of the slot of a narrow value is zero already.
    pub(super) fn global_set(&mut self, global: u32) -> Result {
        let value = self.pop();
        let (cell, access, flags) = self.global(global);
        self.store(access, flags, cell, 0, value);
        Ok(())
    }
}
