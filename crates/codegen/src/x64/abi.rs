//! Registers, and how functions call each other.

use crate::regalloc::interface::{Machine, PReg, PRegSet};
use alloc::vec::Vec;
use tierra_asm::x64::{Gpr, Xmm};
use tierra_ir::{CallConv, Signature, Type};

pub(super) const fn int(r: Gpr) -> PReg {
    PReg::int(r.0)
}

pub(super) const fn vec(x: Xmm) -> PReg {
    PReg::vec(x.0)
}

/// The general register that is never allocated: emission uses it within an instruction, the
/// allocator between two. A call through a cell passes the cell in it.
pub(super) const SCRATCH: Gpr = Gpr::R11;
/// The vector register that is never allocated.
pub(super) const SCRATCH_XMM: Xmm = Xmm::XMM15;
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

const GUEST_INTS: [Gpr; 8] = [
    Gpr::RDI,
    Gpr::RSI,
    Gpr::RDX,
    Gpr::RCX,
    Gpr::R8,
    Gpr::R9,
    Gpr::R10,
    Gpr::RAX,
];
const GUEST_RESULTS: [Gpr; 4] = [Gpr::RAX, Gpr::RDX, Gpr::RCX, Gpr::RSI];
const VECTOR_PARAMS: u8 = 8;
const VECTOR_RESULTS: u8 = 4;

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

/// Gives out registers, then places on the stack.
struct Counter<'a> {
    ints: &'a [Gpr],
    next_int: usize,
    next_vec: u8,
    vecs: u8,
    offset: u32,
}

impl Counter<'_> {
    fn place(&mut self, ty: Type) -> Place {
        if ty.is_int() {
            if let Some(r) = self.ints.get(self.next_int) {
                self.next_int += 1;
                return Place::Reg(int(*r));
            }
        } else if self.next_vec < self.vecs {
            self.next_vec += 1;
            return Place::Reg(PReg::vec(self.next_vec - 1));
        }
        let size = if ty == Type::V128 { 16 } else { 8 };
        let offset = self.offset.next_multiple_of(size);
        self.offset = offset + size;
        Place::Stack(offset)
    }
}

impl Places {
    /// Finds the places of a signature.
    pub fn assign(&mut self, sig: &Signature) {
        let (ints, results): (&[Gpr], &[Gpr]) = match sig.conv {
            CallConv::Guest => (&GUEST_INTS, &GUEST_RESULTS),
            CallConv::C | CallConv::Builtin => (&C_INTS, &GUEST_RESULTS[..1]),
        };
        let vecs = if sig.conv == CallConv::Guest {
            VECTOR_RESULTS
        } else {
            1
        };
        let mut out = Counter {
            ints: results,
            next_int: 0,
            next_vec: 0,
            vecs,
            offset: 0,
        };
        self.results.clear();
        self.results
            .extend(sig.results.iter().map(|ty| out.place(*ty)));
        self.area = out.offset.next_multiple_of(16);
        let mut into = Counter {
            ints,
            next_int: 0,
            next_vec: 0,
            vecs: VECTOR_PARAMS,
            offset: 0,
        };
        self.params.clear();
        self.params
            .extend(sig.params.iter().map(|ty| into.place(*ty)));
        self.hidden = (self.area > 0).then(|| into.place(Type::I64));
        self.stack = into.offset.next_multiple_of(16);
    }
}

/// C's integer parameters: as ours, but R10 and RAX are none.
const C_INTS: [Gpr; 6] = [Gpr::RDI, Gpr::RSI, Gpr::RDX, Gpr::RCX, Gpr::R8, Gpr::R9];
