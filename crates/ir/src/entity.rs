//! Typed ids: indices into the arrays of a function.

use core::fmt;

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident $sigil:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into an array.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of the next element of an array.
            ///
            /// # Panics
            /// When there are 2³² elements; a function is refused long before.
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("a function has fewer than 2^32 of anything"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.0)
            }
        }
    )*};
}

entities! {
    /// An SSA value: the result of an instruction or the parameter of a block.
    Value "v";
    /// A basic block.
    Block "block";
    /// An instruction.
    Inst "inst";
    /// A signature that the function's calls use.
    SigRef "sig";
    /// Something outside of the function, by the number that its producer gave to it.
    Symbol "sym";
    /// A piece of the function's frame whose address can be taken.
    Slot "slot";
    /// A 16-byte constant of the function.
    Constant "const";
    /// A loop, while [`Flow`](crate::Flow) knows of it.
    Loop "loop";
}
