//! Globals.

use crate::layout::GlobalCell;
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use tierra_core::types::{GlobalType, RefKind};

/// A global. Guest code sees its cell, which comes first.
#[repr(C)]
pub struct Global {
    cell: UnsafeCell<GlobalCell>,
    ty: GlobalType,
    kind: Option<RefKind>,
}

impl Global {
    pub(crate) fn new(ty: GlobalType, kind: Option<RefKind>, value: [u64; 2]) -> Self {
        Self {
            cell: UnsafeCell::new(GlobalCell(value)),
            ty,
            kind,
        }
    }

    /// The type.
    pub fn ty(&self) -> GlobalType {
        self.ty
    }

    /// How its value is represented, if it is a reference.
    pub fn ref_kind(&self) -> Option<RefKind> {
        self.kind
    }

    /// The value as slots; the second one counts for a `v128` only.
    pub fn get(&self) -> [u64; 2] {
        // SAFETY: the store, and with it the cell, belongs to this thread; nobody keeps a
        // reference into the cell.
        unsafe { (*self.cell.get()).0 }
    }

    /// Sets the value. It must be of the global's type and of its store: the caller has checked.
    pub fn set(&self, value: [u64; 2]) {
        // SAFETY: as in `get`.
        unsafe { (*self.cell.get()).0 = value };
    }

    /// What guest code sees.
    pub fn cell(&self) -> NonNull<GlobalCell> {
        NonNull::from(&self.cell).cast()
    }
}
