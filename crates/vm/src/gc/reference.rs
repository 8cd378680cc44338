//! References into the heap.

use tierra_core::index::TypeId;

/// A reference into the heap: null, an `i31`, or the offset of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct GcRef(pub u32);

impl GcRef {
    /// The null reference.
    pub const NULL: Self = Self(0);

    /// `ref.i31`: the lower 31 bits of a number.
    #[inline]
    pub const fn i31(value: u32) -> Self {
        Self(value << 1 | 1)
    }

    /// The reference in a slot.
    #[inline]
    pub const fn from_slot(slot: u64) -> Self {
        Self(slot as u32)
    }

    /// The slot that holds the reference.
    #[inline]
    pub const fn slot(self) -> u64 {
        self.0 as u64
    }

    /// Whether it is null.
    #[inline]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// Whether it is an `i31`.
    #[inline]
    pub const fn is_i31(self) -> bool {
        self.0 & 1 != 0
    }

    /// The number of an `i31`, zero-extended (`i31.get_u`).
    #[inline]
    pub const fn as_i31(self) -> Option<u32> {
        if self.is_i31() {
            Some(self.0 >> 1)
        } else {
            None
        }
    }

    /// Where the object begins, if there is one.
    #[inline]
    pub const fn offset(self) -> Option<usize> {
        if self.is_null() || self.is_i31() {
            None
        } else {
            Some(self.0 as usize)
        }
    }
}

/// What a reference into the heap refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectKind {
    /// Nothing.
    Null,
    /// A number, zero-extended.
    I31(u32),
    /// A structure of this type.
    Struct(TypeId),
    /// An array of this type.
    Array(TypeId),
    /// A value of the host.
    Extern,
    /// An exception.
    Exn,
}
