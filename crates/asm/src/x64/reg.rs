//! Registers, sizes, scales and conditions, numbered as the hardware numbers them.

macro_rules! registers {
    ($type:ident: $($name:ident $number:literal)*) => {
        impl $type {
            $(#[doc = concat!("`", stringify!($name), "`.")] pub const $name: $type = $type($number);)*

            /// All of them, by number.
            pub const ALL: [$type; 16] = [$($type::$name),*];
        }
    };
}

/// A general-purpose register, 0 to 15.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Gpr(pub u8);

registers! { Gpr:
    RAX 0 RCX 1 RDX 2 RBX 3 RSP 4 RBP 5 RSI 6 RDI 7
    R8 8 R9 9 R10 10 R11 11 R12 12 R13 13 R14 14 R15 15
}

/// A vector register, 0 to 15.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Xmm(pub u8);

registers! { Xmm:
    XMM0 0 XMM1 1 XMM2 2 XMM3 3 XMM4 4 XMM5 5 XMM6 6 XMM7 7
    XMM8 8 XMM9 9 XMM10 10 XMM11 11 XMM12 12 XMM13 13 XMM14 14 XMM15 15
}

/// The width of a general operation: 8, 16, 32 or 64 bits.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Size {
    /// 8 bits.
    B,
    /// 16 bits.
    W,
    /// 32 bits.
    D,
    /// 64 bits.
    Q,
}

impl Size {
    /// The number of bytes.
    pub const fn bytes(self) -> u8 {
        1 << self as u8
    }
}

/// What the index of an address is multiplied by.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Scale {
    /// Times 1.
    X1,
    /// Times 2.
    X2,
    /// Times 4.
    X4,
    /// Times 8.
    X8,
}

/// A condition on the flags; the number is the hardware's.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Cc {
    /// Overflow.
    O,
    /// No overflow.
    NO,
    /// Below, unsigned; carry.
    B,
    /// Above or equal, unsigned; no carry.
    AE,
    /// Equal; zero.
    E,
    /// Not equal; not zero.
    NE,
    /// Below or equal, unsigned.
    BE,
    /// Above, unsigned.
    A,
    /// Negative.
    S,
    /// Not negative.
    NS,
    /// Parity; unordered after a comparison of floats.
    P,
    /// No parity; ordered after a comparison of floats.
    NP,
    /// Less, signed.
    L,
    /// Greater or equal, signed.
    GE,
    /// Less or equal, signed.
    LE,
    /// Greater, signed.
    G,
}

impl Cc {
    /// All conditions, by number.
    pub const ALL: [Cc; 16] = [
        Cc::O,
        Cc::NO,
        Cc::B,
        Cc::AE,
        Cc::E,
        Cc::NE,
        Cc::BE,
        Cc::A,
        Cc::S,
        Cc::NS,
        Cc::P,
        Cc::NP,
        Cc::L,
        Cc::GE,
        Cc::LE,
        Cc::G,
    ];

    /// The opposite condition: the hardware keeps them in pairs.
    #[must_use]
    pub const fn invert(self) -> Cc {
        Self::ALL[self as usize ^ 1]
    }
}
