//! Tables.

use crate::externs::handle;
use crate::store::{StoreBase, StoreId};
use crate::types::{TableType, ValType};
use crate::{AsContext, AsContextMut, Context, Error, Result, Val};
use alloc::format;
use core::ptr::NonNull;
use tierra_core::Trap;
use tierra_core::types as core_types;

/// A table of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Table {
    store: StoreId,
    ptr: NonNull<tierra_vm::Table>,
}

handle!(Table tierra_vm::Table, "table");

impl Table {
    /// A table of its type's minimal size, full of `init`.
    ///
    /// # Errors
    /// When `init` is not of the type, or a limit of the store or the system forbids it.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Val) -> Result<Self> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        ValType::Ref(ty.element.clone()).keep_in(base);
        let ty = ty.to_core();
        init.check(base, core_types::ValType::Ref(ty.element))?;
        let ptr = base
            .core_mut()
            .new_table(ty)
            .context("cannot create a table")?;
        let table = Self::from_ptr(base, ptr);
        let value = init.slots(base)[0];
        // SAFETY: the value was checked.
        unsafe { table.raw(base).fill(0, value, ty.limits.min) };
        Ok(table)
    }

    /// The type.
    ///
    /// # Panics
    /// When the table belongs to another store; so do all methods.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let store = store.as_context();
        let base = store.ptr.base();
        TableType::from_core(base, self.raw(base).ty())
    }

    /// The number of elements.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.raw(store.as_context().ptr.base()).len()
    }

    /// An element; `None` out of bounds.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Val> {
        let mut store = store.as_context_mut();
        let base = store.ptr.base_mut();
        let table = self.raw(base);
        let slot = table.get(index)?;
        let kind = base.kind_of(core_types::ValType::Ref(table.ty().element));
        // SAFETY: a table holds elements of its type.
        Some(unsafe { Val::read(base, kind, &raw const slot) })
    }

    /// Sets an element.
    ///
    /// # Errors
    /// When the value is not of the table's type; with [`Trap::TableOutOfBounds`] out of bounds.
    pub fn set(&self, store: impl AsContextMut, index: u64, value: Val) -> Result<()> {
        self.fill(store, index, value, 1)
    }

    /// Sets `len` elements.
    ///
    /// # Errors
    /// As for [`Table::set`].
    pub fn fill(&self, mut store: impl AsContextMut, at: u64, value: Val, len: u64) -> Result<()> {
        let store = store.as_context_mut();
        let base = store.ptr.base();
        let value = self.checked(base, value)?;
        // SAFETY: the value was checked.
        let filled = unsafe { self.raw(base).fill(at, value, len) };
        filled.ok_or_else(|| Error::from(Trap::TableOutOfBounds))
    }

    /// Grows by `delta` elements of this value; returns the size before.
    ///
    /// # Errors
    /// When the value is not of the table's type, or the table's maximum, a limit of the store
    /// or the system forbids it.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Val) -> Result<u64> {
        let mut store = store.as_context_mut();
        let value = self.checked(store.ptr.base(), init)?;
        // SAFETY: the table belongs to the store; the value was checked.
        let grown = unsafe { store.ptr.core_mut().grow_table(self.as_ptr(), delta, value) };
        grown.ok_or_else(|| Error::msg(format!("a table cannot grow by {delta} elements")))
    }

    fn checked(&self, store: &StoreBase, value: Val) -> Result<u64> {
        value.check(
            store,
            core_types::ValType::Ref(self.raw(store).ty().element),
        )?;
        Ok(value.slots(store)[0])
    }
}
