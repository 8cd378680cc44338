//! The switches of the standard: one row per feature.

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident $bit:literal $text:literal $default:literal;)*) => {
        /// A set of WebAssembly features that modules may use.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct Features(u32);

        impl Features {
            $($(#[$doc])* pub const $name: Features = Features(1 << $bit);)*

            /// Every feature with the name that flags and errors use.
            pub const ALL: &[(&str, Features)] = &[$(($text, Features::$name)),*];

            const DEFAULT: u32 = 0 $(| ($default as u32) << $bit)*;
        }
    };
}

features! {
    /// Imported and exported globals may be mutable.
    MUTABLE_GLOBAL 0 "mutable-global" true;
    /// Float to integer conversions that saturate.
    SATURATING_FLOAT_TO_INT 1 "saturating-float-to-int" true;
    /// Sign extension operators.
    SIGN_EXTENSION 2 "sign-extension" true;
    /// Reference types, several tables.
    REFERENCE_TYPES 3 "reference-types" true;
    /// Several results; blocks with parameters.
    MULTI_VALUE 4 "multi-value" true;
    /// Bulk operations on memories and tables, passive segments.
    BULK_MEMORY 5 "bulk-memory" true;
    /// 128-bit vectors.
    SIMD 6 "simd" true;
    /// Relaxed vector operators, in their deterministic profile.
    RELAXED_SIMD 7 "relaxed-simd" true;
    /// Shared memories and atomic operators.
    THREADS 8 "threads" true;
    /// Tail calls.
    TAIL_CALL 9 "tail-call" true;
    /// Arithmetic in constant expressions.
    EXTENDED_CONST 10 "extended-const" true;
    /// Typed function references.
    FUNCTION_REFERENCES 11 "function-references" true;
    /// Structures, arrays, `i31` and casts.
    GC 12 "gc" true;
    /// Exceptions with `exnref`.
    EXCEPTIONS 13 "exceptions" true;
    /// Several memories.
    MULTI_MEMORY 14 "multi-memory" true;
    /// Memories and tables with 64-bit indices.
    MEMORY64 15 "memory64" true;
    /// Memories with pages of one byte.
    CUSTOM_PAGE_SIZES 16 "custom-page-sizes" true;
    /// 128-bit integer arithmetic.
    WIDE_ARITHMETIC 17 "wide-arithmetic" true;
    /// `try`, `catch`, `rethrow` and `delegate` of the first exceptions proposal.
    LEGACY_EXCEPTIONS 18 "legacy-exceptions" true;
    /// Floats; off for modules that must not use them.
    FLOATS 19 "floats" true;
}

impl Features {
    /// Only what the first version of the standard had.
    pub const WASM1: Features = Features(Self::MUTABLE_GLOBAL.0 | Self::FLOATS.0);

    /// Whether every feature of `other` is on.
    pub const fn contains(self, other: Features) -> bool {
        self.0 & other.0 == other.0
    }

    /// The features with `other` switched on or off.
    #[must_use]
    pub const fn with(self, other: Features, on: bool) -> Features {
        if on {
            Features(self.0 | other.0)
        } else {
            Features(self.0 & !other.0)
        }
    }

    /// The feature of this name.
    pub fn by_name(name: &str) -> Option<Features> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// The names of the features that are on.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL
            .iter()
            .filter(move |(_, f)| self.contains(*f))
            .map(|(n, _)| *n)
    }
}

impl Default for Features {
    fn default() -> Self {
        Features(Self::DEFAULT)
    }
}
