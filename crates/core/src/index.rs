//! Typed indices: one newtype per index space, so that none is used for another.

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident $sigil:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a slice.
            #[inline(always)]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The index of a position in a slice.
            ///
            /// # Panics
            /// When the position exceeds `u32::MAX`: modules are bounded far below it.
            #[inline]
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("index spaces hold at most u32::MAX entries"))
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!($sigil, "{}"), self.0)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

indices! {
    /// A type of one module.
    TypeIdx "type";
    /// A function of one module, imports first.
    FuncIdx "func";
    /// A table of one module, imports first.
    TableIdx "table";
    /// A memory of one module, imports first.
    MemoryIdx "memory";
    /// A global of one module, imports first.
    GlobalIdx "global";
    /// A tag of one module, imports first.
    TagIdx "tag";
    /// An element segment of one module.
    ElemIdx "elem";
    /// A data segment of one module.
    DataIdx "data";
    /// A canonical type of one engine: equal ids are equal types.
    TypeId "t";
}
