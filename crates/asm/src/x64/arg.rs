//! Operands as a compiler gives them.

use super::assembler::Label;
use super::reg::{Gpr, Scale, Xmm};

/// A place in memory.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Mem {
    /// `[base + disp]`
    Base {
        /// The base.
        base: Gpr,
        /// A constant distance.
        disp: i32,
    },
    /// `[base + index * scale + disp]`
    Index {
        /// The base.
        base: Gpr,
        /// The index; not RSP, which hardware can't express.
        index: Gpr,
        /// What the index is multiplied by.
        scale: Scale,
        /// A constant distance.
        disp: i32,
    },
    /// `[index * scale + disp]`, always with four bytes of displacement unless the scale is 1.
    Scaled {
        /// The index; not RSP.
        index: Gpr,
        /// What the index is multiplied by.
        scale: Scale,
        /// A constant distance.
        disp: i32,
    },
    /// `[label + disp]`, relative to the instruction: code or a constant.
    Label {
        /// The place.
        label: Label,
        /// A constant distance from it.
        disp: i32,
    },
    /// `[symbol + addend]`, relative to the instruction; becomes a relocation.
    Symbol {
        /// A number that the linker knows.
        symbol: u32,
        /// A constant distance from it.
        addend: i32,
    },
}

/// An operand.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Arg {
    /// A general register.
    R(Gpr),
    /// A vector register.
    X(Xmm),
    /// Memory.
    M(Mem),
    /// A constant. For operations of 8, 16 and 32 bits it may be given signed or unsigned.
    I(i64),
    /// A place in this code.
    L(Label),
    /// A place that the linker knows.
    S(u32),
}

impl From<Gpr> for Arg {
    fn from(r: Gpr) -> Arg {
        Arg::R(r)
    }
}

impl From<Xmm> for Arg {
    fn from(x: Xmm) -> Arg {
        Arg::X(x)
    }
}

impl From<Mem> for Arg {
    fn from(m: Mem) -> Arg {
        Arg::M(m)
    }
}

impl From<Label> for Arg {
    fn from(l: Label) -> Arg {
        Arg::L(l)
    }
}
