//! Registers, and how functions call each other.

use crate::regalloc::interface::{Machine, PReg, PRegSet};
use alloc::vec::Vec;
use tierra_asm::x64::abi::{self, C_INT_PARAMS, Counter, INT_RESULTS, VECTOR_PARAMS, ValueClass};
pub(super) use tierra_asm::x64::abi::{SCRATCH, SCRATCH_XMM};
use tierra_asm::x64::{Gpr, Xmm};
use tierra_ir::{CallConv, Signature, Type};

pub(super) const fn int(r: Gpr) -> PReg {
    PReg::int(r.0)
}

pub(super) const fn vec(x: Xmm) -> PReg {
    PReg::vec(x.0)
}

/// Where the cell of the call is kept at the entry, so that the prologue has its scratch
/// register. No parameter is in it.
pub(super) const CELL: Gpr = Gpr::RBX;
/// The callee of a tail call: no argument is in it.
pub(super) const TAIL_TARGET: Gpr = Gpr::RBX;

/// Preferred first: those without calls' arguments come last, those that need a prefix too.
const INTS: [Gpr; 13] = [
    Gpr::RAX,
    Gpr::RCX,
    Gpr::RDX,
    Gpr::RSI,
    Gpr::RDI,
    Gpr::R8,
    Gpr::R9,
    Gpr::R10,
    Gpr::RBX,
    Gpr::R12,
    Gpr::R13,
    Gpr::R14,
    Gpr::R15,
];

/// What C wants preserved, the frame pointer aside.
pub(super) const C_SAVED: [Gpr; 5] = [Gpr::RBX, Gpr::R12, Gpr::R13, Gpr::R14, Gpr::R15];

/// The registers for the allocator.
pub(crate) fn machine() -> Machine {
    Machine {
        allocatable: [INTS.map(int).to_vec(), (0..15).map(PReg::vec).collect()],
        scratch: [int(SCRATCH), vec(SCRATCH_XMM)],
    }
}

/// What a call destroys. The results are among it.
pub(super) fn clobbers(conv: CallConv) -> PRegSet {
    let mut set = PRegSet::EMPTY;
    for r in INTS {
        if conv != CallConv::C || !C_SAVED.contains(&r) {
            set = set.with(int(r));
        }
    }
    for x in 0..15 {
        set = set.with(PReg::vec(x));
    }
    set
}

/// Where a parameter or result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Reg(PReg),
    /// The offset in the area of arguments, or of results.
    Stack(u32),
}

/// Where everything goes that a signature tells of.
#[derive(Default)]
pub(super) struct Places {
    pub params: Vec<Place>,
    pub results: Vec<Place>,
    /// The address of the area for results, if they don't all fit in registers.
    pub hidden: Option<Place>,
    /// The size of the arguments on the stack, a multiple of 16.
    pub stack: u32,
    /// The size of the area for results.
    pub area: u32,
}

/// The next place for a value of a type.
fn place(counter: &mut Counter, ty: Type) -> Place {
    let class = match ty {
        Type::V128 => ValueClass::Vector,
        ty if ty.is_int() => ValueClass::Int,
        _ => ValueClass::Float,
    };
    match counter.place(class) {
        abi::Place::Int(r) => Place::Reg(int(r)),
        abi::Place::Vec(x) => Place::Reg(vec(x)),
        abi::Place::Stack(offset) => Place::Stack(offset),
    }
}

impl Places {
    /// Finds the places of a signature.
    pub fn assign(&mut self, sig: &Signature) {
        let (mut into, mut out) = match sig.conv {
            CallConv::Guest => (Counter::params(), Counter::results()),
            CallConv::C | CallConv::Builtin => (
                Counter::new(&C_INT_PARAMS, VECTOR_PARAMS),
                Counter::new(&INT_RESULTS[..1], 1),
            ),
        };
        self.results.clear();
        self.results
            .extend(sig.results.iter().map(|ty| place(&mut out, *ty)));
        self.area = out.size();
        self.params.clear();
        self.params
            .extend(sig.params.iter().map(|ty| place(&mut into, *ty)));
        self.hidden = (self.area > 0).then(|| place(&mut into, Type::I64));
        self.stack = into.size();
    }
}
