//! What register allocation asks of a function in machine instructions, and what it answers.
//!
//! The function is in SSA form: every virtual register has one definition, which dominates its
//! uses; control flow joins by block parameters. The allocator sees instructions only as lists
//! of operands with constraints, a set of clobbered registers and a few facts.
//!
//! # What the producer guarantees
//! - Block 0 is the entry and has no predecessors; blocks are numbered in an order in which
//!   every block comes after its immediate dominator, and the numbering is the layout.
//! - No critical edges: a block with several successors has no successor with several
//!   predecessors. Only blocks with one successor pass arguments ([`Function::branch_args`]).
//! - The last instruction of a block is its terminator and defines nothing, except that a call
//!   with handlers is a terminator that defines its results; they may be used on the way to its
//!   first successor only.
//! - A handler block ([`Function::is_handler`]) has one predecessor and no parameters; what is
//!   live into it must be in slots there, because the registers are lost on the way. Its first
//!   instruction may define values in fixed registers (the exception).
//! - Only reducible control flow; loops are given by [`Function::loop_depth`] and headers are the
//!   targets of edges from blocks with equal or larger number.
//! - An instruction has at most 64 operands besides calls, which may have more.
//!
//! # What the allocator guarantees
//! Every operand has a location that satisfies its constraint, and inserting the edits at their
//! points makes the function compute what it did before. See `checker`.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// A kind of registers that values move between freely.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum RegClass {
    /// General registers.
    Int = 0,
    /// Floating point and vector registers.
    Vec = 1,
}

/// A machine register: the class and the hardware number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PReg(u8);

impl PReg {
    /// The register of a class; `number` is below 32.
    pub const fn new(class: RegClass, number: u8) -> Self {
        assert!(number < 32);
        Self((class as u8) << 5 | number)
    }

    /// A general register.
    pub const fn int(number: u8) -> Self {
        Self::new(RegClass::Int, number)
    }

    /// A vector register.
    pub const fn vec(number: u8) -> Self {
        Self::new(RegClass::Vec, number)
    }

    /// The class.
    pub const fn class(self) -> RegClass {
        if self.0 < 32 {
            RegClass::Int
        } else {
            RegClass::Vec
        }
    }

    /// The hardware number.
    pub const fn number(self) -> u8 {
        self.0 & 31
    }

    /// A dense index below 64, for tables and sets.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for PReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.class() {
            RegClass::Int => 'r',
            RegClass::Vec => 'x',
        };
        write!(f, "{prefix}{}", self.number())
    }
}

/// A set of machine registers.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct PRegSet(pub u64);

impl PRegSet {
    /// No registers.
    pub const EMPTY: Self = Self(0);

    /// This set with a register.
    #[must_use]
    pub const fn with(self, reg: PReg) -> Self {
        Self(self.0 | 1 << reg.0)
    }

    /// This set without a register.
    #[must_use]
    pub const fn without(self, reg: PReg) -> Self {
        Self(self.0 & !(1 << reg.0))
    }

    /// Whether the register is in it.
    pub const fn contains(self, reg: PReg) -> bool {
        self.0 >> reg.0 & 1 != 0
    }

    /// The registers of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A virtual register: an SSA value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VReg(pub u32);

impl fmt::Debug for VReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// What a value is like in memory, and whether the collector has to know of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VRegInfo {
    /// The kind of register.
    pub class: RegClass,
    /// The size of its spill slot in bytes: 8 or 16.
    pub size: u8,
    /// Whether it is a reference into the collected heap.
    pub is_ref: bool,
}

/// Where, and when, an instruction wants an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constraint {
    /// Read before any result is written; in a register.
    Use,
    /// As `Use`, in a register or a slot.
    UseAny,
    /// Read until the end: shares no register with a result.
    UseLate,
    /// Read before any result is written, in this register. The register may also be clobbered
    /// by the instruction or hold one of its results.
    UseFixed(PReg),
    /// Written after everything is read; in a register.
    Def,
    /// Written before everything is read: shares no register with a use. (A scratch register is
    /// such a definition without uses.)
    DefEarly,
    /// Written after everything is read, to this register.
    DefFixed(PReg),
    /// Written to the register of the operand with this index, which is a `Use` of the same class.
    /// If that value lives on, it is copied first.
    DefTied(u8),
}

impl Constraint {
    /// Whether the operand is a result.
    pub const fn is_def(self) -> bool {
        matches!(
            self,
            Self::Def | Self::DefEarly | Self::DefFixed(_) | Self::DefTied(_)
        )
    }
}

/// An operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// The value.
    pub vreg: VReg,
    /// What is asked of its place.
    pub constraint: Constraint,
}

/// A block, by its place in the layout.
pub type BlockIx = u32;
/// An instruction, by its place in the function; those of a block are consecutive, and blocks
/// follow each other in order.
pub type InstIx = u32;

/// The function whose registers are to be allocated.
pub trait Function {
    /// The number of blocks.
    fn num_blocks(&self) -> u32;
    /// The number of instructions.
    fn num_insts(&self) -> u32;
    /// The number of virtual registers.
    fn num_vregs(&self) -> u32;
    /// The instructions of a block, of which there is at least one.
    fn block_insts(&self, block: BlockIx) -> Range<InstIx>;
    /// The successors of a block. There are no duplicates.
    fn successors(&self, block: BlockIx) -> &[BlockIx];
    /// The predecessors of a block.
    fn predecessors(&self, block: BlockIx) -> &[BlockIx];
    /// The immediate dominator; of the entry, the entry.
    fn idom(&self, block: BlockIx) -> BlockIx;
    /// How many loops the block is in.
    fn loop_depth(&self, block: BlockIx) -> u32;
    /// How often the block runs, relative to others: an estimate, positive.
    fn frequency(&self, block: BlockIx) -> f32;
    /// Whether the block is reached by an exception.
    fn is_handler(&self, block: BlockIx) -> bool;
    /// The parameters of a block.
    fn block_params(&self, block: BlockIx) -> &[VReg];
    /// What a block with one successor passes to the successor's parameters.
    fn branch_args(&self, block: BlockIx) -> &[VReg];
    /// What a value is like.
    fn vreg(&self, vreg: VReg) -> VRegInfo;
    /// Whether the value is made anew at little cost and without reading any other value: its
    /// definition has one operand and may be repeated anywhere by [`Edit::Remat`].
    fn remat(&self, vreg: VReg) -> bool;
    /// The operands of an instruction.
    fn operands(&self, inst: InstIx) -> &[Operand];
    /// What the instruction destroys besides its results: nothing that lives on is there.
    fn clobbers(&self, inst: InstIx) -> PRegSet;
    /// Whether it copies its first operand, a use, to its second, a definition, of the same class.
    fn is_move(&self, inst: InstIx) -> bool;
    /// Whether the collector may run in it: references that live on are in slots.
    fn is_safepoint(&self, inst: InstIx) -> bool;
}

/// The registers of a machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Those that may be allocated, by class, the preferred ones first. Constraints may name
    /// others as well (the stack pointer is none of these).
    pub allocatable: [Vec<PReg>; 2],
    /// One register of each class that is never allocated, for moves between slots and to break
    /// cycles.
    pub scratch: [PReg; 2],
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Location {
    /// In a register.
    Reg(PReg),
    /// In the frame: the offset in bytes from the start of the spill area.
    Slot(u32),
}

/// Something to be done between instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Copy a value: register to register, register to slot or slot to register.
    Move {
        /// From where.
        from: Location,
        /// To where.
        to: Location,
        /// The value: its size and class are [`Function::vreg`]'s.
        vreg: VReg,
    },
    /// Exchange two general registers.
    Swap(PReg, PReg),
    /// Make a value anew, in a register.
    Remat {
        /// The value.
        vreg: VReg,
        /// The register.
        to: PReg,
    },
}

/// The answer.
#[derive(Default, Debug)]
pub struct Output {
    /// The location of every operand, those of each instruction from `starts[inst]` on.
    pub locations: Vec<Location>,
    /// Where the operands of an instruction begin in `locations`; one more than there are
    /// instructions.
    pub starts: Vec<u32>,
    /// What is to be done, and before which instruction; in the order of instructions and in the
    /// order in which it is to be done. What happens on an edge is before the terminator of the
    /// one or before the first instruction of the other block.
    pub edits: Vec<(InstIx, Edit)>,
    /// The bytes of the spill area, a multiple of 16.
    pub frame_size: u32,
    /// The slots that hold references at each safepoint, in the order of instructions.
    pub safepoint_slots: Vec<(InstIx, u32)>,
}
