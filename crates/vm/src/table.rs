//! Tables.

use crate::layout::{FuncRef, TableDef, TableFunc};
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use tierra_core::types::{RefKind, TableType};

/// A table. Guest code sees its definition, which comes first.
#[repr(C)]
pub struct Table {
    def: UnsafeCell<TableDef>,
    elements: UnsafeCell<Elements>,
    ty: TableType,
    kind: RefKind,
}

/// What the definition points to. The vectors are only touched to grow them.
enum Elements {
    Funcs(Vec<TableFunc>),
    Slots(Vec<u64>),
}

impl Table {
    /// A table of the type's minimal size, all null; `None` if there is no room.
    pub(crate) fn new(ty: TableType, kind: RefKind) -> Option<Self> {
        let elements = match kind {
            RefKind::Func => Elements::Funcs(Vec::new()),
            RefKind::Heap => Elements::Slots(Vec::new()),
        };
        let def = TableDef {
            base: NonNull::<u64>::dangling().as_ptr().cast(),
            len: 0,
        };
        let table = Self {
            def: UnsafeCell::new(def),
            elements: UnsafeCell::new(elements),
            ty,
            kind,
        };
        // SAFETY: null is of every type that a table may start with.
        unsafe { table.grow(ty.limits.min, 0)? };
        Some(table)
    }

    /// What guest code sees.
    pub fn def(&self) -> NonNull<TableDef> {
        NonNull::from(&self.def).cast()
    }

    /// The declared type.
    pub fn ty(&self) -> TableType {
        self.ty
    }

    /// The type with the current size as its minimum: what imports are matched against.
    pub fn current_type(&self) -> TableType {
        let mut ty = self.ty;
        ty.limits.min = self.len();
        ty
    }

    /// How its elements are represented.
    pub fn kind(&self) -> RefKind {
        self.kind
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> u64 {
        // SAFETY: only growth writes the length, on this thread.
        unsafe { (*self.def.get()).len as u64 }
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An element as a slot.
    #[inline]
    pub fn get(&self, index: u64) -> Option<u64> {
        // SAFETY: an index below the length is within the elements, which are of this kind.
        (index < self.len()).then(|| unsafe {
            match self.kind {
                RefKind::Func => (*self.funcs().add(index as usize)).funcref as u64,
                RefKind::Heap => *self.slots().add(index as usize),
            }
        })
    }

    /// Sets an element; `None` if there is no such element.
    ///
    /// # Safety
    /// The value is a reference of the table's type and of its store.
    #[inline]
    pub unsafe fn set(&self, index: u64, value: u64) -> Option<()> {
        // SAFETY: one element at an index that is checked; the value is the caller's.
        unsafe { self.fill(index, value, 1) }
    }

    /// Sets `len` elements; `None`, and no change, if they are not all there.
    ///
    /// # Safety
    /// As for [`Table::set`].
    pub unsafe fn fill(&self, at: u64, value: u64, len: u64) -> Option<()> {
        let range = self.range(at, len)?;
        // SAFETY: the range is within the elements, which are of this kind; a function
        // reference is valid by the caller's promise.
        unsafe {
            match self.kind {
                RefKind::Func => {
                    let entry = TableFunc::new(value as *const FuncRef);
                    range.for_each(|i| self.funcs().add(i).write(entry));
                }
                RefKind::Heap => range.for_each(|i| self.slots().add(i).write(value)),
            }
        }
        Some(())
    }

    /// Copies `len` elements from a table (maybe this one); `None`, and no change, if they are
    /// not all there.
    ///
    /// # Safety
    /// The elements of `from` are of this table's type and store.
    pub unsafe fn copy(&self, at: u64, from: &Table, from_at: u64, len: u64) -> Option<()> {
        let source = from.range(from_at, len)?;
        let target = self.range(at, len)?;
        debug_assert_eq!(self.kind, from.kind);
        // SAFETY: both ranges are within bounds, of the same kind, and may overlap.
        unsafe {
            match self.kind {
                RefKind::Func => from
                    .funcs()
                    .add(source.start)
                    .copy_to(self.funcs().add(target.start), target.len()),
                RefKind::Heap => from
                    .slots()
                    .add(source.start)
                    .copy_to(self.slots().add(target.start), target.len()),
            }
        }
        Some(())
    }

    /// Grows by `delta` elements of this value as far as the type and the system admit; the
    /// limits of the store have been asked. Returns the length before.
    ///
    /// # Safety
    /// As for [`Table::set`].
    pub(crate) unsafe fn grow(&self, delta: u64, value: u64) -> Option<u64> {
        let old = self.len();
        let new = self.grown(delta)?;
        // SAFETY: the store belongs to this thread, and the vectors are borrowed only here.
        let elements = unsafe { &mut *self.elements.get() };
        let additional = new - old as usize;
        let base = match elements {
            Elements::Funcs(funcs) => {
                funcs.try_reserve(additional).ok()?;
                // SAFETY: the caller's.
                funcs.resize(new, unsafe { TableFunc::new(value as *const FuncRef) });
                funcs.as_mut_ptr().cast()
            }
            Elements::Slots(slots) => {
                slots.try_reserve(additional).ok()?;
                slots.resize(new, value);
                slots.as_mut_ptr().cast()
            }
        };
        // SAFETY: nobody holds a reference into the definition.
        unsafe { self.def.get().write(TableDef { base, len: new }) };
        Some(old)
    }

    /// The length after growth by `delta`, if the type admits it.
    pub(crate) fn grown(&self, delta: u64) -> Option<usize> {
        let new = self.len().checked_add(delta)?;
        let index_max = if self.ty.limits.is_64 {
            u64::MAX
        } else {
            u32::MAX.into()
        };
        if new > self.ty.limits.max.unwrap_or(u64::MAX).min(index_max) {
            return None;
        }
        usize::try_from(new).ok()
    }

    /// Every slot of a table of heap references.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(*mut u64)) {
        if self.kind == RefKind::Heap {
            for i in 0..self.len() as usize {
                // SAFETY: within the elements.
                visit(unsafe { self.slots().add(i) });
            }
        }
    }

    fn range(&self, at: u64, len: u64) -> Option<core::ops::Range<usize>> {
        let end = at.checked_add(len).filter(|end| *end <= self.len())?;
        Some(at as usize..end as usize)
    }

    fn funcs(&self) -> *mut TableFunc {
        debug_assert_eq!(self.kind, RefKind::Func);
        // SAFETY: only growth writes the base, on this thread.
        unsafe { (*self.def.get()).base.cast() }
    }

    fn slots(&self) -> *mut u64 {
        debug_assert_eq!(self.kind, RefKind::Heap);
        // SAFETY: as above.
        unsafe { (*self.def.get()).base.cast() }
    }
}
