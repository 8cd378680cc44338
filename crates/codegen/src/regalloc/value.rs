//! What is known of each virtual register, in one record: an operand costs one cache line.

use super::interface::{Function, PReg, RegClass, VReg};
use super::order::NONE;

/// No register.
pub(super) const NO_REG: u8 = u8::MAX;

/// How members of live sets are numbered: each kind apart.
pub(super) const KINDS: usize = 3;

pub(super) mod kind {
    pub(in super::super) const INT: u8 = 0;
    pub(in super::super) const VEC: u8 = 1;
    /// References, in general registers.
    pub(in super::super) const REF: u8 = 2;
}

pub(super) mod flag {
    /// The record is filled in.
    pub(in super::super) const KNOWN: u8 = 1;
    /// It can be made anew and is not stored.
    pub(in super::super) const REMAT: u8 = 2;
    /// It is stored right after its definition, so that its slot is always valid.
    pub(in super::super) const STORED: u8 = 4;
    /// It is a block parameter that arrives in its slot.
    pub(in super::super) const BORN: u8 = 8;
    /// It is in a register at this point, and its slot is valid as well.
    pub(in super::super) const CLEAN: u8 = 16;
    /// It has a slot.
    pub(in super::super) const SLOT: u8 = 32;
    /// It is a block parameter.
    pub(in super::super) const PARAM: u8 = 64;
    /// It takes 16 bytes.
    pub(in super::super) const WIDE: u8 = 128;
}

/// A value. Positions are those of [`super::order::Order`].
#[derive(Clone, Copy)]
pub(super) struct Value {
    /// The next use.
    pub(super) next: u32,
    /// The last use there is in the order.
    pub(super) last: u32,
    /// The last use that has been passed.
    pub(super) recent: u32,
    /// The definition; of a parameter, the start of its block.
    pub(super) def: u32,
    /// The number in live sets, if it is used in other blocks.
    pub(super) member: u32,
    /// A parameter that it is passed to.
    pub(super) param: u32,
    /// Of short-lived use by different steps.
    pub(super) mark: u32,
    /// What the stores made so far cost.
    pub(super) stores: f32,
    /// Where it would be used as a fixed operand.
    pub(super) wanted_at: u32,
    /// The fixed register of that use.
    pub(super) wanted: u8,
    /// Where it is.
    pub(super) reg: u8,
    /// Where it was defined.
    pub(super) def_reg: u8,
    /// Where it would best be again.
    pub(super) home: u8,
    pub(super) flags: u8,
    pub(super) kind: u8,
    /// What the current instruction needs of it.
    pub(super) need: u8,
    /// Where it goes before the current instruction.
    pub(super) goes: u8,
}

impl Value {
    pub(super) const UNKNOWN: Self = Self {
        next: NONE,
        last: NONE,
        recent: 0,
        def: NONE,
        member: NONE,
        param: NONE,
        mark: NONE,
        stores: 0.0,
        wanted_at: NONE,
        wanted: NO_REG,
        reg: NO_REG,
        def_reg: NO_REG,
        home: NO_REG,
        flags: 0,
        kind: kind::INT,
        need: 0,
        goes: NO_REG,
    };

    #[inline]
    pub(super) fn learn<F: Function>(&mut self, f: &F, vreg: VReg) {
        if self.flags & flag::KNOWN != 0 {
            return;
        }
        let info = f.vreg(vreg);
        self.flags |= flag::KNOWN;
        if info.size > 8 {
            self.flags |= flag::WIDE;
        }
        if f.remat(vreg) {
            self.flags |= flag::REMAT;
        }
        self.kind = match info.class {
            RegClass::Vec => kind::VEC,
            RegClass::Int if info.is_ref => kind::REF,
            RegClass::Int => kind::INT,
        };
    }

    #[inline]
    pub(super) fn class(&self) -> usize {
        class_of_kind(self.kind)
    }

    #[inline]
    pub(super) fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// Whether it need not be stored to be found again.
    #[inline]
    pub(super) fn is_safe(&self) -> bool {
        self.has(flag::REMAT | flag::STORED | flag::CLEAN)
    }

    /// The bit of its kind, as in [`Barrier::kinds`].
    pub(super) fn kind_bit(&self) -> u8 {
        1 << self.kind
    }
}

pub(super) const fn class_of_kind(kind: u8) -> usize {
    (kind == kind::VEC) as usize
}

/// A register by its dense index.
pub(super) fn preg(index: u8) -> PReg {
    let class = if index < 32 {
        RegClass::Int
    } else {
        RegClass::Vec
    };
    PReg::new(class, index & 31)
}

/// An instruction that no value of some kinds stays in a register across.
pub(super) struct Barrier {
    pub(super) position: u32,
    /// A bit for each kind.
    pub(super) kinds: u8,
}
