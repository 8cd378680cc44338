//! The ways in which a guest can trap: one enum, one wording, one byte across any border.

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// A trap of the guest. `Display` prints the specification's wording.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Trap { $($(#[$doc])* $name = $code,)* }

        impl Trap {
            /// Every trap, in the order of its code.
            pub const ALL: &[Trap] = &[$(Trap::$name),*];

            /// The specification's wording.
            pub const fn message(self) -> &'static str {
                match self { $(Trap::$name => $text,)* }
            }

            /// The trap with this code, if there is one.
            pub const fn from_code(code: u8) -> Option<Trap> {
                match code { $($code => Some(Trap::$name),)* _ => None }
            }
        }
    };
}

traps! {
    /// The `unreachable` instruction was executed.
    Unreachable = 1, "unreachable";
    /// A memory access outside of the memory's bounds.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// A table access outside of the table's bounds.
    TableOutOfBounds = 3, "out of bounds table access";
    /// `call_indirect` with an index outside of the table.
    UndefinedElement = 4, "undefined element";
    /// `call_indirect` through a null table entry.
    UninitializedElement = 5, "uninitialized element";
    /// `call_indirect` through an entry of another type.
    IndirectCallTypeMismatch = 6, "indirect call type mismatch";
    /// A signed division or an addition overflowed.
    IntegerOverflow = 7, "integer overflow";
    /// A division by zero.
    IntegerDivideByZero = 8, "integer divide by zero";
    /// A NaN, or a float out of range, converted to an integer.
    InvalidConversionToInteger = 9, "invalid conversion to integer";
    /// The guest's call depth exceeded the configured limit.
    StackOverflow = 10, "call stack exhausted";
    /// A null reference where a value was needed.
    NullReference = 11, "null reference";
    /// `call_ref` of a null function reference.
    NullFunctionReference = 12, "null function reference";
    /// A struct access through a null reference.
    NullStructReference = 13, "null structure reference";
    /// An array access through a null reference.
    NullArrayReference = 14, "null array reference";
    /// `i31.get` of a null reference.
    NullI31Reference = 15, "null i31 reference";
    /// `throw_ref` of a null reference.
    NullExceptionReference = 16, "null exception reference";
    /// An array access outside of the array's bounds.
    ArrayOutOfBounds = 17, "out of bounds array access";
    /// `ref.cast` to a type that the value doesn't have.
    CastFailure = 18, "cast failure";
    /// An atomic access that is not naturally aligned.
    UnalignedAtomic = 19, "unaligned atomic";
    /// `memory.atomic.wait` on a memory that is not shared.
    ExpectedSharedMemory = 20, "expected shared memory";
    /// The store's fuel is used up.
    OutOfFuel = 21, "all fuel consumed";
    /// The store's deadline passed, or the host interrupted it.
    Interrupted = 22, "interrupted";
    /// An allocation would exceed the limits of the store or of the engine.
    AllocationTooLarge = 23, "allocation size too large";
    /// The store's garbage-collected heap is full.
    OutOfMemory = 24, "garbage-collected heap exhausted";
    /// A guest called an import that `--trap-unknown-imports` stubbed out.
    UnknownImport = 25, "unknown import called";
    /// Another thread of the same guest process ended it.
    ProcessEnded = 26, "another thread ended the process";
}

impl core::fmt::Display for Trap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Trap {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for &trap in Trap::ALL {
            assert_eq!(Trap::from_code(trap as u8), Some(trap));
        }
        assert_eq!(Trap::from_code(0), None);
    }
}
