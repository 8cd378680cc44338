//! The register file: what each register holds.
//!
//! A register is *free*, or holds a local, an operand or the base of the memory. What is *dirty* is
//! in the register only; otherwise the place in the frame holds it too. What the operator at hand
//! works with is *pinned*: nobody else may have it. Operands that were popped are free and pinned.

use crate::value::Ty;
use tierra_asm::x64::{Gpr, Xmm};

/// A register of either kind: general ones come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reg(pub u8);

/// A set of registers.
pub(crate) type Set = u32;

/// What values live in: all but RSP, RBP and the scratch register.
pub(crate) const INTS: Set = 0xffff & !(1 << 4 | 1 << 5 | 1 << 11);
/// All vector registers but the scratch register.
pub(crate) const VECS: Set = 0x7fff << 16;
pub(crate) const ALL: Set = INTS | VECS;

impl Reg {
    pub const NONE: Reg = Reg(0xff);
    pub const SCRATCH: Reg = Reg::int(tierra_asm::x64::abi::SCRATCH);
    pub const SCRATCH_VEC: Reg = Reg::vec(tierra_asm::x64::abi::SCRATCH_XMM);

    pub const fn int(r: Gpr) -> Reg {
        Reg(r.0)
    }

    pub const fn vec(x: Xmm) -> Reg {
        Reg(x.0 + 16)
    }

    #[inline(always)]
    pub const fn is_vec(self) -> bool {
        self.0 >= 16
    }

    #[inline(always)]
    pub fn gpr(self) -> Gpr {
        debug_assert!(self.0 < 16, "a general register");
        Gpr(self.0)
    }

    #[inline(always)]
    pub fn xmm(self) -> Xmm {
        debug_assert!((16..32).contains(&self.0), "a vector register");
        Xmm(self.0 - 16)
    }

    #[inline(always)]
    pub const fn bit(self) -> Set {
        1 << self.0
    }

    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<Gpr> for Reg {
    fn from(r: Gpr) -> Self {
        Self::int(r)
    }
}

impl From<Xmm> for Reg {
    fn from(x: Xmm) -> Self {
        Self::vec(x)
    }
}

/// Iterates over a set, by number.
#[derive(Clone, Copy)]
pub(crate) struct Each(pub Set);

impl Iterator for Each {
    type Item = Reg;

    #[inline]
    fn next(&mut self) -> Option<Reg> {
        if self.0 == 0 {
            return None;
        }
        let r = Reg(self.0.trailing_zeros() as u8);
        self.0 &= self.0 - 1;
        Some(r)
    }
}

/// The registers that values of a type live in.
#[inline(always)]
pub(crate) const fn class(ty: Ty) -> Set {
    if ty.is_vec() { VECS } else { INTS }
}

/// What a register holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holder {
    Nothing,
    Local(u32),
    /// An operand, by its place on the stack.
    Operand(u32),
    /// The base of memory 0.
    Base,
}

impl Holder {
    /// In a word: states are copied at every branch.
    #[inline(always)]
    const fn pack(self) -> u32 {
        match self {
            Holder::Nothing => 0,
            Holder::Base => 1,
            Holder::Local(i) => i << 2 | 2,
            Holder::Operand(i) => i << 2 | 3,
        }
    }

    #[inline(always)]
    const fn unpack(word: u32) -> Holder {
        match word & 3 {
            0 => Holder::Nothing,
            1 => Holder::Base,
            2 => Holder::Local(word >> 2),
            _ => Holder::Operand(word >> 2),
        }
    }
}

/// What all registers hold: the state of the code at a place, as far as registers are concerned.
/// Whatever is not here is in its place in the frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holders {
    /// Of registers in `used`; of others it says nothing.
    holder: [u32; 32],
    pub used: Set,
    pub dirty: Set,
}

impl Holders {
    pub const EMPTY: Holders = Holders {
        holder: [Holder::Nothing.pack(); 32],
        used: 0,
        dirty: 0,
    };

    #[inline]
    pub fn set(&mut self, r: Reg, holder: Holder, dirty: bool) {
        self.holder[r.index()] = holder.pack();
        self.used |= r.bit();
        if dirty {
            self.dirty |= r.bit();
        } else {
            self.dirty &= !r.bit();
        }
    }

    #[inline]
    pub fn free(&mut self, r: Reg) {
        self.used &= !r.bit();
        self.dirty &= !r.bit();
    }

    #[inline(always)]
    pub fn get(&self, r: Reg) -> Holder {
        debug_assert!(self.used & r.bit() != 0, "it holds something");
        Holder::unpack(self.holder[r.index()])
    }

    #[inline(always)]
    pub fn is_dirty(&self, r: Reg) -> bool {
        self.dirty & r.bit() != 0
    }
}
