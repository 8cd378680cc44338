//! What instructions do to memory and whether anybody can see it.
//!
//! Alias classes are mapped to at most [`LANES`] *lanes*, so that a set of them is a word. Lane 0
//! is class 0, which overlaps everything; lane 1 is no memory but the time between two safepoints,
//! of which the bits of references depend; the last lane is shared by all classes that are left.

use alloc::vec::Vec;
use tierra_ir::{AliasClass, Callee, Effects, Function, InstData};

/// The number of lanes.
pub(super) const LANES: usize = 32;
/// Class 0: all memory.
pub(super) const ANY: u8 = 0;
/// What safepoints change.
pub(super) const SAFEPOINTS: u8 = 1;

/// A set of lanes.
pub(super) type LaneSet = u32;

/// The lanes of a function's classes.
#[derive(Default)]
pub(super) struct Lanes {
    /// By class; 0 if it has none yet.
    of: Vec<u8>,
    count: u8,
}

impl Lanes {
    pub(super) fn clear(&mut self) {
        self.of.clear();
        self.count = SAFEPOINTS + 1;
    }

    /// The lanes in use.
    pub(super) fn count(&self) -> usize {
        self.count.into()
    }

    /// The lane of a class.
    pub(super) fn of(&mut self, class: AliasClass) -> u8 {
        let index = usize::from(class.0);
        if index == 0 {
            return ANY;
        }
        if index >= self.of.len() {
            self.of.resize(index + 1, 0);
        }
        if self.of[index] == 0 {
            self.of[index] = self.count.min(LANES as u8 - 1);
            self.count = (self.count + 1).min(LANES as u8);
        }
        self.of[index]
    }
}

/// What an instruction writes: the lane of a class, everything, or nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    Nothing,
    Class(AliasClass),
    Everything,
}

/// What an instruction writes. An atomic access orders all others: other threads may have written
/// anything before it.
pub(super) fn writes(data: &InstData) -> Writes {
    match data {
        InstData::Store { flags, .. } => Writes::Class(flags.class),
        InstData::AtomicLoad { .. }
        | InstData::AtomicStore { .. }
        | InstData::AtomicRmw { .. }
        | InstData::AtomicCmpxchg { .. }
        | InstData::Fence
        | InstData::TryCall { .. }
        | InstData::TailCall { .. } => Writes::Everything,
        InstData::Call {
            effects: Effects::All,
            ..
        } => Writes::Everything,
        _ => Writes::Nothing,
    }
}

impl Lanes {
    /// What an instruction writes, as lanes. Class 0 is all of them.
    pub(super) fn written(&mut self, data: &InstData) -> LaneSet {
        match writes(data) {
            Writes::Nothing => 0,
            Writes::Everything => LaneSet::MAX,
            Writes::Class(class) => match self.of(class) {
                ANY => LaneSet::MAX & !(1 << SAFEPOINTS),
                lane => 1 << lane | 1 << ANY,
            },
        }
    }
}

/// Whether an instruction depends on its operands only and does nothing else. A call through a cell
/// depends on memory, whatever the callee does.
pub(super) fn is_pure(data: &InstData) -> bool {
    let cell = matches!(
        data,
        InstData::Call {
            callee: Callee::Cell(..),
            ..
        }
    );
    data.is_pure() && !cell
}

/// Whether what happens before the instruction can be seen by others there: it may leave the
/// function, or it reads what it likes.
pub(super) fn observes(data: &InstData) -> bool {
    match data {
        InstData::Load { flags, .. } | InstData::Store { flags, .. } => flags.trap != 0,
        InstData::Unary { op, .. } => op.can_trap(),
        InstData::Binary { op, .. } => op.can_trap(),
        InstData::TrapIf { .. } | InstData::TrapUnless { .. } | InstData::Poll { .. } => true,
        InstData::Call { .. } => !is_pure(data),
        data => data.is_terminator() || !matches!(writes(data), Writes::Nothing),
    }
}

/// Whether an instruction may end the function's run or change something that outlives it: nothing
/// that may trap can be moved from behind it to before it.
pub(super) fn is_side_effect(data: &InstData) -> bool {
    may_leave(data) || !matches!(writes(data), Writes::Nothing)
}

/// Whether an instruction that ends no block may leave the function, or never end.
pub(super) fn may_leave(data: &InstData) -> bool {
    match data {
        InstData::Load { flags, .. } | InstData::Store { flags, .. } => flags.trap != 0,
        InstData::Unary { op, .. } => op.can_trap(),
        InstData::Binary { op, .. } => op.can_trap(),
        InstData::TrapIf { .. } | InstData::TrapUnless { .. } | InstData::Poll { .. } => true,
        InstData::AtomicLoad { flags, .. }
        | InstData::AtomicStore { flags, .. }
        | InstData::AtomicRmw { flags, .. }
        | InstData::AtomicCmpxchg { flags, .. } => flags.trap != 0,
        InstData::Call { effects, .. } => matches!(effects, Effects::All),
        _ => false,
    }
}

/// The lanes that loops write.
#[derive(Default)]
pub(super) struct LoopWrites {
    by_loop: Vec<LaneSet>,
}

impl LoopWrites {
    /// Looks at all reachable blocks. Lanes are given out as classes are met.
    pub(super) fn compute(&mut self, func: &Function, flow: &tierra_ir::Flow, lanes: &mut Lanes) {
        self.by_loop.clear();
        self.by_loop.resize(flow.num_loops(), 0);
        for &block in flow.rpo() {
            let mut written = 0;
            for inst in func.insts(block) {
                let data = func.data(inst);
                if let InstData::Load { flags, .. } = data {
                    lanes.of(flags.class);
                }
                written |= lanes.written(data);
            }
            if let Some(l) = flow.loop_of(block) {
                self.by_loop[l.index()] |= written;
            }
        }
        for l in flow.loops().rev() {
            if let Some(parent) = flow.loop_parent(l) {
                self.by_loop[parent.index()] |= self.by_loop[l.index()];
            }
        }
    }

    /// The lanes that a loop, or one inside of it, writes.
    pub(super) fn of(&self, l: tierra_ir::Loop) -> LaneSet {
        self.by_loop[l.index()]
    }
}
