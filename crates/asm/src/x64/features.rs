//! What a processor can do, as far as the table of instructions asks.

use alloc::string::String;
use core::fmt;

/// Where `cpuid` tells of a feature.
#[derive(Copy, Clone)]
enum Leaf {
    /// Leaf 1, ECX.
    Basic,
    /// Leaf 7.0, EBX.
    Extended,
    /// Leaf 0x8000_0001, ECX.
    Amd,
}

/// The bits of XCR0 that say the operating system saves the registers.
const SAVES_NOTHING: u64 = 0;
const SAVES_YMM: u64 = 0x06;
const SAVES_ZMM: u64 = 0xe6;

struct Row {
    name: &'static str,
    feature: Features,
    /// A processor that has the feature has these too.
    implies: Features,
    leaf: Leaf,
    bit: u8,
    saves: u64,
}

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident $number:literal $text:literal implies [$($implied:ident)*]
        $leaf:ident $bit:literal $saves:ident;)*) => {
        /// A set of processor features.
        #[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
        pub struct Features(u32);

        impl Features {
            $($(#[$doc])* pub const $name: Features = Features(1 << $number);)*

            /// No feature: what every x86-64 has, which includes SSE2.
            pub const NONE: Features = Features(0);

            /// Every feature.
            pub const fn all() -> Features {
                Features(0 $(| 1 << $number)*)
            }
        }

        /// Ordered so that a feature comes after those it implies.
        const ROWS: &[Row] = &[$(Row {
            name: $text,
            feature: Features::$name,
            implies: Features(0 $(| Features::$implied.0)*),
            leaf: Leaf::$leaf,
            bit: $bit,
            saves: $saves,
        }),*];
    };
}

features! {
    /// SSE3.
    SSE3 0 "sse3" implies [] Basic 0 SAVES_NOTHING;
    /// Supplemental SSE3.
    SSSE3 1 "ssse3" implies [SSE3] Basic 9 SAVES_NOTHING;
    /// SSE4.1.
    SSE41 2 "sse4.1" implies [SSSE3] Basic 19 SAVES_NOTHING;
    /// SSE4.2.
    SSE42 3 "sse4.2" implies [SSE41] Basic 20 SAVES_NOTHING;
    /// Population count.
    POPCNT 4 "popcnt" implies [] Basic 23 SAVES_NOTHING;
    /// Leading zero count.
    LZCNT 5 "lzcnt" implies [] Amd 5 SAVES_NOTHING;
    /// Bit manipulation, first set.
    BMI1 6 "bmi1" implies [] Extended 3 SAVES_NOTHING;
    /// Bit manipulation, second set.
    BMI2 7 "bmi2" implies [] Extended 8 SAVES_NOTHING;
    /// Three-operand encodings of vector instructions.
    AVX 8 "avx" implies [SSE42] Basic 28 SAVES_YMM;
    /// Broadcasts from registers.
    AVX2 9 "avx2" implies [AVX] Extended 5 SAVES_YMM;
    /// Fused multiply-add.
    FMA 10 "fma" implies [AVX] Basic 12 SAVES_YMM;
    /// AVX-512, foundation.
    AVX512F 11 "avx512f" implies [AVX2 FMA] Extended 16 SAVES_ZMM;
    /// AVX-512 on vectors of 128 bits.
    AVX512VL 12 "avx512vl" implies [AVX512F] Extended 31 SAVES_ZMM;
    /// AVX-512, bytes and words.
    AVX512BW 13 "avx512bw" implies [AVX512F] Extended 30 SAVES_ZMM;
    /// AVX-512, double and quad words.
    AVX512DQ 14 "avx512dq" implies [AVX512F] Extended 17 SAVES_ZMM;
}

/// A feature name that is not known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFeature(pub String);

impl fmt::Display for UnknownFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown processor feature `{}`", self.0)
    }
}

impl core::error::Error for UnknownFeature {}

impl Features {
    /// x86-64-v2: up to SSE4.2, and POPCNT.
    pub const fn baseline() -> Features {
        Features(Self::SSE3.0 | Self::SSSE3.0 | Self::SSE41.0 | Self::SSE42.0 | Self::POPCNT.0)
    }

    /// Whether every feature of `other` is here.
    pub const fn contains(self, other: Features) -> bool {
        self.0 & other.0 == other.0
    }

    /// The features of both.
    #[must_use]
    pub const fn union(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }

    /// The bits, for keys of caches. The numbers don't change.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The names of the features.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        ROWS.iter()
            .filter(move |row| self.contains(row.feature))
            .map(|row| row.name)
    }

    /// The baseline, changed as [`modify`](Self::modify) does.
    pub fn parse(text: &str) -> Result<Features, UnknownFeature> {
        Self::baseline().modify(text)
    }

    /// Adds features by name and takes away those with a minus: `"avx2,-bmi1"`, in this order.
    /// What a feature implies comes with it, and goes only by its own name; what needs a
    /// feature goes with it.
    pub fn modify(self, text: &str) -> Result<Features, UnknownFeature> {
        let mut set = self;
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let (name, on) = match word.strip_prefix('-') {
                Some(name) => (name, false),
                None => (word.strip_prefix('+').unwrap_or(word), true),
            };
            let row = ROWS
                .iter()
                .find(|row| row.name == name)
                .ok_or_else(|| UnknownFeature(String::from(name)))?;
            if on {
                set = Features(set.0 | row.feature.0).with_implied();
            } else {
                set = Features(set.0 & !row.feature.0).without_orphans();
            }
        }
        Ok(set)
    }

    /// What `cpuid` reports. `leaf` is given a leaf and a subleaf and gives EAX, EBX, ECX, EDX;
    /// `xcr0` is what `xgetbv` gives, or 0 where `cpuid` says that it doesn't exist.
    pub fn from_cpuid(leaf: impl Fn(u32, u32) -> [u32; 4], xcr0: u64) -> Features {
        let has = |number| leaf(number & 0x8000_0000, 0)[0] >= number;
        let basic = leaf(1, 0)[2];
        let extended = if has(7) { leaf(7, 0)[1] } else { 0 };
        let amd = if has(0x8000_0001) {
            leaf(0x8000_0001, 0)[2]
        } else {
            0
        };
        let mut set = Features::NONE;
        for row in ROWS {
            let word = match row.leaf {
                Leaf::Basic => basic,
                Leaf::Extended => extended,
                Leaf::Amd => amd,
            };
            if word >> row.bit & 1 != 0 && xcr0 & row.saves == row.saves {
                set.0 |= row.feature.0;
            }
        }
        set.without_orphans()
    }

    fn with_implied(mut self) -> Features {
        for row in ROWS.iter().rev() {
            if self.contains(row.feature) {
                self.0 |= row.implies.0;
            }
        }
        self
    }

    fn without_orphans(mut self) -> Features {
        for row in ROWS {
            if !self.contains(row.implies) {
                self.0 &= !row.feature.0;
            }
        }
        self
    }
}
