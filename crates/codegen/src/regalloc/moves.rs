//! Parallel moves, made one after the other.
//!
//! Every destination is written once. A move is made when nobody has still to read what it
//! overwrites; what then remains are circles, each broken by keeping one value elsewhere: in the
//! scratch register of the class, or in a spare slot where that register is needed to get from
//! slot to slot.

use super::order::NONE;
use super::value::NO_REG;
use super::{Act, Action};
use alloc::vec::Vec;

/// Where a moved value comes from or goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place(u32);

const FIRST_SLOT: u32 = 64;
const OWN_SLOT: u32 = u32::MAX - 1;
const ANEW: u32 = u32::MAX;

impl Place {
    pub(super) const ANEW: Self = Self(ANEW);

    pub(super) fn reg(reg: u8) -> Self {
        Self(u32::from(reg))
    }

    /// A slot by its offset.
    pub(super) fn slot(offset: u32) -> Self {
        Self(FIRST_SLOT + offset / 8)
    }

    /// The slot of the value, wherever it is, or nowhere if it can be made anew. Nobody else
    /// writes to it.
    pub(super) fn own_slot(is_remat: bool) -> Self {
        Self(if is_remat { ANEW } else { OWN_SLOT })
    }

    fn is_reg(self) -> bool {
        self.0 < FIRST_SLOT
    }

    /// Whether it may be what another move writes to.
    fn is_shared(self) -> bool {
        self.0 < OWN_SLOT
    }

    fn is_memory(self) -> bool {
        !self.is_reg() && self.0 != ANEW
    }

    fn as_reg(self) -> u8 {
        if self.is_reg() { self.0 as u8 } else { NO_REG }
    }

    /// What this is to the outside.
    pub(super) fn kind(self) -> PlaceKind {
        match self.0 {
            ANEW => PlaceKind::Anew,
            OWN_SLOT => PlaceKind::OwnSlot,
            reg if reg < FIRST_SLOT => PlaceKind::Reg(reg as u8),
            slot => PlaceKind::Slot((slot - FIRST_SLOT) * 8),
        }
    }
}

/// A place, taken apart.
pub(super) enum PlaceKind {
    Reg(u8),
    Slot(u32),
    OwnSlot,
    Anew,
}

/// One move. When resolved, at most one end is in memory, and what is made anew goes to a register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) vreg: u32,
    pub(super) from: Place,
    pub(super) to: Place,
}

impl Move {
    /// As a part of a block, where slots are not yet known.
    pub(super) fn to_act(self, inst: u32) -> Act {
        let action = match self.from.0 {
            ANEW => Action::Remat,
            OWN_SLOT => Action::Load,
            _ => Action::Move,
        };
        Act {
            inst,
            vreg: self.vreg,
            action,
            from: self.from.as_reg(),
            to: self.to.as_reg(),
        }
    }
}

/// A parallel move, and the memory to resolve it.
#[derive(Default)]
pub(super) struct Moves {
    list: Vec<Move>,
    /// The move that writes to a place.
    writer: Vec<u32>,
    /// How many moves have still to read a place.
    readers: Vec<u32>,
    ready: Vec<u32>,
    circle: Vec<Move>,
    /// A slot to break circles with, once it is needed; its offset.
    pub(super) spare: Option<u32>,
    /// Where the spare slot may be.
    pub(super) frame_size: u32,
}

impl Moves {
    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn push(&mut self, vreg: u32, from: Place, to: Place) {
        if from != to {
            self.list.push(Move { vreg, from, to });
        }
    }

    /// Calls `emit` for one move after the other, and forgets them.
    pub(super) fn resolve(
        &mut self,
        class: impl Fn(u32) -> usize,
        scratch: [u8; 2],
        mut emit: impl FnMut(Move),
    ) {
        if self.list.is_empty() {
            return;
        }
        let scratch = |vreg| Place::reg(scratch[class(vreg)]);
        self.prepare();
        while let Some(i) = self.ready.pop() {
            let mv = self.list[i as usize];
            emit_through(mv, scratch(mv.vreg), &mut emit);
            self.writer[mv.to.0 as usize] = NONE;
            if mv.from.is_shared() {
                let readers = &mut self.readers[mv.from.0 as usize];
                *readers -= 1;
                let writer = self.writer[mv.from.0 as usize];
                if *readers == 0 && writer != NONE {
                    self.ready.push(writer);
                }
            }
        }
        for i in 0..self.list.len() {
            let first = self.list[i];
            if self.writer[first.to.0 as usize] == i as u32 {
                self.break_circle(first, &scratch, &mut emit);
            }
        }
        for mv in &self.list {
            self.writer[mv.to.0 as usize] = NONE;
            if mv.from.is_shared() {
                self.readers[mv.from.0 as usize] = 0;
            }
        }
        self.list.clear();
    }

    fn prepare(&mut self) {
        for (i, mv) in self.list.iter().enumerate() {
            let most = if mv.from.is_shared() {
                mv.from.0.max(mv.to.0)
            } else {
                mv.to.0
            };
            if self.writer.len() <= most as usize {
                self.writer.resize(most as usize + 64, NONE);
                self.readers.resize(most as usize + 64, 0);
            }
            debug_assert_eq!(self.writer[mv.to.0 as usize], NONE, "written twice");
            self.writer[mv.to.0 as usize] = i as u32;
            if mv.from.is_shared() {
                self.readers[mv.from.0 as usize] += 1;
            }
        }
        self.ready.clear();
        for (i, mv) in self.list.iter().enumerate().rev() {
            if self.readers[mv.to.0 as usize] == 0 {
                self.ready.push(i as u32);
            }
        }
    }

    fn break_circle(
        &mut self,
        first: Move,
        scratch: &impl Fn(u32) -> Place,
        emit: &mut impl FnMut(Move),
    ) {
        self.circle.clear();
        let mut mv = first;
        loop {
            self.circle.push(mv);
            let writer = &mut self.writer[mv.from.0 as usize];
            if mv.from == first.to {
                *writer = NONE;
                break;
            }
            mv = self.list[*writer as usize];
            *writer = NONE;
        }
        let crosses_memory = |mv: &Move| mv.from.is_memory() && mv.to.is_memory();
        let last = self.circle.len() - 1;
        let kept = self.circle[last].vreg;
        let keeper = if self.circle.iter().any(crosses_memory) {
            Place::slot(*self.spare.get_or_insert_with(|| {
                let offset = self.frame_size.next_multiple_of(16);
                self.frame_size = offset + 16;
                offset
            }))
        } else {
            // Its own class: the moves of a circle may be of both.
            scratch(kept)
        };
        let save = Move {
            vreg: kept,
            from: first.to,
            to: keeper,
        };
        emit_through(save, scratch(kept), emit);
        self.circle[last].from = keeper;
        for &mv in &self.circle {
            emit_through(mv, scratch(mv.vreg), emit);
        }
    }
}

/// Makes a move, through the scratch register if a machine can't make it at once.
fn emit_through(mv: Move, scratch: Place, emit: &mut impl FnMut(Move)) {
    if mv.from.is_reg() || mv.to.is_reg() {
        return emit(mv);
    }
    emit(Move { to: scratch, ..mv });
    emit(Move {
        from: scratch,
        ..mv
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRATCH: [u8; 2] = [30, 31];

    /// A circle through registers of both classes and slots: integers are the even numbers.
    #[test]
    fn circles_of_both_classes_use_the_right_scratch_register() {
        let (int, float) = (Place::reg(1), Place::reg(20));
        let (one, other) = (Place::slot(0), Place::slot(8));
        let circle = [
            (0, other, int),
            (2, int, one),
            (1, one, float),
            (3, float, other),
        ];
        for first in 0..circle.len() {
            let mut moves = Moves::default();
            for i in 0..circle.len() {
                let (vreg, from, to) = circle[(first + i) % circle.len()];
                moves.push(vreg, from, to);
            }
            let mut held: Vec<(Place, Place)> =
                circle.iter().map(|(_, from, _)| (*from, *from)).collect();
            moves.resolve(
                |vreg| vreg as usize % 2,
                SCRATCH,
                |mv| {
                    let unfit = Place::reg(SCRATCH[1 - mv.vreg as usize % 2]);
                    assert!(mv.from != unfit && mv.to != unfit, "{mv:?}");
                    let value = held.iter().find(|(place, _)| *place == mv.from);
                    let value = value.expect("it holds something").1;
                    held.retain(|(place, _)| *place != mv.to);
                    held.push((mv.to, value));
                },
            );
            for (_, from, to) in circle {
                assert!(held.contains(&(to, from)), "{from:?} to {to:?}: {held:?}");
            }
        }
    }
}
