//! What is in registers where a block begins.
//!
//! A block with one predecessor goes on with what that one left. Where several meet, a value is
//! in a register if it is on most of the ways in, weighed by frequency, and needed before
//! something that no register survives; on the other ways it is loaded at the end of the
//! predecessor.
//!
//! At the header of a loop, the ways back are not known yet. What the loop uses is brought in if
//! there is room; what only lives through it keeps its register if the loop leaves one over all
//! the way, else it would be loaded anew in each round.

use super::interface::{BlockIx, Function};
use super::order::NONE;
use super::scan::FAR;
use super::value::{KINDS, NO_REG, flag};
use super::{Allocator, Held};
use alloc::vec::Vec;
use core::ops::Range;

/// Working memory.
#[derive(Default)]
pub(super) struct Work {
    candidates: Vec<Candidate>,
    members: Vec<u32>,
    preds: Vec<BlockIx>,
    /// How many more values may be looked at in headers.
    budget: usize,
}

/// A value that may be in a register.
#[derive(Clone, Copy)]
struct Candidate {
    vreg: u32,
    /// How much of the frequency comes with it in a register.
    weight: f32,
    ways: u32,
    /// A register that it comes in.
    reg: u8,
    is_clean: bool,
    /// Whether it is one of the block's parameters.
    is_param: bool,
    is_kept: bool,
    /// How far away it is needed.
    distance: u32,
}

/// What is ahead of a block.
struct Ahead {
    /// What no register survives, by kind.
    barriers: [u32; KINDS],
    /// The last position of the loop that begins here.
    loop_end: Option<u32>,
    /// How many values that live through this loop may keep registers, by class.
    room: [u32; 2],
    total: f32,
}

impl Work {
    pub(super) fn clear(&mut self, insts: usize) {
        self.budget = 64 * insts + 1024;
    }
}

impl Allocator {
    pub(super) fn exits_of(&self, block: BlockIx) -> Range<usize> {
        let (first, end) = self.exit_ranges[block as usize];
        first as usize..end as usize
    }

    /// Fills the registers for the start of a block.
    /// They hold what they did at the end of `before`.
    pub(super) fn enter<F: Function>(&mut self, f: &F, block: BlockIx, before: BlockIx) {
        let preds = f.predecessors(block);
        let inherits = preds.len() == 1 && f.block_params(block).is_empty();
        if inherits && preds[0] == before && !f.is_handler(block) {
            return self.filter_registers(block);
        }
        self.clear_registers();
        match preds {
            [] => {}
            _ if f.is_handler(block) => {}
            &[pred] if inherits => {
                for i in self.exits_of(pred) {
                    let held = self.exits[i];
                    let live_in = &self.live.live_in[block as usize];
                    if self.live.is_in(live_in, self.value(held.vreg)) {
                        self.keep(held);
                    }
                }
            }
            _ => self.meet(f, block),
        }
    }

    fn keep(&mut self, held: Held) {
        self.assign(held.vreg, held.reg);
        if held.is_clean {
            self.value_mut(held.vreg).flags |= flag::CLEAN;
        }
    }

    fn meet<F: Function>(&mut self, f: &F, block: BlockIx) {
        let order = &self.order;
        let place = order.index[block as usize];
        let comes_before = |pred: &&BlockIx| order.index[**pred as usize] < place;
        self.entry_work.preds.clear();
        self.entry_work
            .preds
            .extend(f.predecessors(block).iter().filter(comes_before));
        let frequency = &self.frequency;
        let hottest = (0..self.entry_work.preds.len())
            .max_by(|&a, &b| {
                let of = |i: usize| frequency[self.entry_work.preds[i] as usize];
                of(a).total_cmp(&of(b))
            })
            .expect("a block that can be reached has a predecessor before it");
        self.entry_work.preds.swap(0, hottest);

        self.entry_work.candidates.clear();
        let total = self.collect(block);
        let mut ahead = self.look_ahead(block, total);
        if let Some(end) = ahead.loop_end {
            self.collect_used(block, end, &mut ahead);
        }
        for param in f.block_params(block) {
            if self.value(param.0).next != NONE {
                self.add_candidate(param.0, total, NO_REG, true);
            }
        }
        for class in 0..2 {
            self.select(block, class, &ahead);
        }
        self.hand_out(f, block);
        self.store_dropped();
        for i in 0..self.entry_work.candidates.len() {
            let vreg = self.entry_work.candidates[i].vreg;
            self.value_mut(vreg).mark = NONE;
        }
    }

    fn add_candidate(&mut self, vreg: u32, weight: f32, reg: u8, is_param: bool) {
        let distance = self.distance(vreg);
        self.value_mut(vreg).mark = self.entry_work.candidates.len() as u32;
        self.entry_work.candidates.push(Candidate {
            vreg,
            weight,
            ways: 1,
            reg,
            is_clean: true,
            is_param,
            is_kept: false,
            distance,
        });
    }

    /// Collects what comes in registers on any way.
    fn collect(&mut self, block: BlockIx) -> f32 {
        let mut total = 0.0;
        for i in 0..self.entry_work.preds.len() {
            let pred = self.entry_work.preds[i];
            let weight = self.frequency[pred as usize];
            total += weight;
            for j in self.exits_of(pred) {
                let held = self.exits[j];
                let value = self.value(held.vreg);
                let is_safe = held.is_safe(value.flags);
                if value.mark == NONE {
                    let live_in = &self.live.live_in[block as usize];
                    if !self.live.is_in(live_in, value) {
                        continue;
                    }
                    self.add_candidate(held.vreg, 0.0, held.reg, false);
                    let last = self.entry_work.candidates.last_mut();
                    last.expect("one was added").ways = 0;
                }
                let mark = self.value(held.vreg).mark;
                let candidate = &mut self.entry_work.candidates[mark as usize];
                candidate.weight += weight;
                candidate.ways += 1;
                candidate.is_clean &= is_safe;
            }
        }
        total
    }

    fn look_ahead(&self, block: BlockIx, total: f32) -> Ahead {
        let (start, end) = self.loop_range;
        let inner = self.order.loop_of[block as usize];
        let is_header = inner != NONE && self.order.loops[inner as usize].header == block;
        let often = self.frequency[block as usize] / 2.0;
        debug_assert!(!is_header || start == self.position);
        Ahead {
            barriers: self.barriers_after(self.position - 1, end, often),
            loop_end: is_header.then_some(end),
            room: [0; 2],
            total,
        }
    }

    /// Adds what the loop uses though it comes in slots, and finds the room left by the loop.
    fn collect_used(&mut self, block: BlockIx, loop_end: u32, ahead: &mut Ahead) {
        let inner = self.order.loop_of[block as usize];
        let mut unused = [0; 2];
        for kind in 0..KINDS {
            let set = self.live.live_in[block as usize][kind];
            let count = self.live.sets.len(set) as usize;
            let work = &mut self.entry_work;
            if count > work.budget {
                continue;
            }
            work.budget -= count;
            work.members.clear();
            self.live
                .sets
                .for_each(set, |member| work.members.push(member));
            for i in 0..count {
                let member = self.entry_work.members[i];
                let vreg = self.live.members[kind][member as usize];
                let value = *self.value(vreg);
                if value.next > loop_end {
                    unused[value.class()] += 1;
                } else if value.mark == NONE
                    && value.next <= ahead.barriers[kind]
                    && self.distance(vreg) < FAR
                {
                    self.add_candidate(vreg, 0.0, NO_REG, false);
                }
            }
        }
        for (class, unused) in unused.into_iter().enumerate() {
            let all = self.registers.masks[class].count_ones();
            let pressure = self.live.loop_pressure[inner as usize][class];
            ahead.room[class] = all.saturating_sub(pressure.saturating_sub(unused));
        }
    }

    /// Whether a use comes on most ways through a loop.
    fn is_regular(&self, header: BlockIx, use_: u32) -> bool {
        const MOST: f32 = 0.6;
        let user = self.order.block_of[use_ as usize];
        self.frequency[user as usize] >= MOST * self.frequency[header as usize]
    }

    /// Chooses the values of a class that are in registers.
    fn select(&mut self, block: BlockIx, class: usize, ahead: &Ahead) {
        let ways = self.entry_work.preds.len() as u32;
        let is_tight = ahead.room[class] == 0;
        let mut left = self.registers.masks[class].count_ones();
        // What is used comes before what lives through.
        for is_through in [false, true] {
            let mut chosen = 0;
            for i in 0..self.entry_work.candidates.len() {
                let candidate = self.entry_work.candidates[i];
                let value = self.value(candidate.vreg);
                if value.class() != class || candidate.is_kept {
                    continue;
                }
                let barrier = ahead.barriers[value.kind as usize];
                let comes = candidate.is_param || 2.0 * candidate.weight >= ahead.total;
                let wanted = match ahead.loop_end {
                    Some(_) if is_through => comes && barrier == NONE,
                    Some(_) => {
                        candidate.distance < FAR
                            && value.next <= barrier
                            && (!is_tight
                                || candidate.is_param
                                || self.is_regular(block, value.next))
                    }
                    None if is_through => false,
                    None if candidate.is_param => value.next <= barrier,
                    None => {
                        candidate.ways == ways
                            || comes && (barrier == NONE || value.next <= barrier)
                    }
                };
                if wanted {
                    self.entry_work.candidates.swap(chosen, i);
                    let (a, b) = (chosen, i);
                    for place in [a, b] {
                        let vreg = self.entry_work.candidates[place].vreg;
                        self.value_mut(vreg).mark = place as u32;
                    }
                    chosen += 1;
                }
            }
            let most = if is_through {
                left.min(ahead.room[class])
            } else {
                left
            } as usize;
            let chosen = &mut self.entry_work.candidates[..chosen];
            if chosen.len() > most {
                chosen.sort_unstable_by_key(|candidate| candidate.distance);
            }
            let kept = chosen.len().min(most);
            for candidate in &mut chosen[..kept] {
                candidate.is_kept = true;
            }
            for (place, candidate) in chosen.iter().enumerate() {
                self.live.values[candidate.vreg as usize].mark = place as u32;
            }
            left -= kept as u32;
        }
    }

    /// Gives the chosen values registers: first those that they come in most often.
    fn hand_out<F: Function>(&mut self, f: &F, block: BlockIx) {
        let first = self.entries.len() as u32;
        let main = self.entry_work.preds[0];
        for i in self.exits_of(main) {
            let held = self.exits[i];
            let mark = self.value(held.vreg).mark;
            let candidate = self.entry_work.candidates.get(mark as usize);
            if !self.registers.is_allocatable(held.reg) {
                continue;
            }
            if let Some(&Candidate {
                is_kept: true,
                is_clean,
                ..
            }) = candidate
            {
                self.enter_with(Held { is_clean, ..held });
            }
        }
        self.hand_out_params(f, block, main);
        for i in 0..self.entry_work.candidates.len() {
            let candidate = self.entry_work.candidates[i];
            let value = self.value(candidate.vreg);
            if !candidate.is_kept || candidate.is_param || value.reg != NO_REG {
                continue;
            }
            let free = self.registers.masks[value.class()] & !self.occupied;
            let reg = if candidate.reg != NO_REG && free >> candidate.reg & 1 != 0 {
                candidate.reg
            } else {
                self.choose(value.class(), free, candidate.vreg)
            };
            self.enter_with(Held {
                vreg: candidate.vreg,
                reg,
                is_clean: candidate.is_clean,
            });
        }
        self.entry_ranges[block as usize] = (first, self.entries.len() as u32);
    }

    fn enter_with(&mut self, held: Held) {
        self.keep(held);
        self.entries.push(held);
    }

    fn hand_out_params<F: Function>(&mut self, f: &F, block: BlockIx, main: BlockIx) {
        for i in self.exits_of(main) {
            let held = self.exits[i];
            self.value_mut(held.vreg).goes = held.reg;
        }
        let args = f.branch_args(main).iter();
        for (&param, arg) in f.block_params(block).iter().zip(args) {
            let value = *self.value(param.0);
            if value.next == NONE {
                continue;
            }
            if !self.entry_work.candidates[value.mark as usize].is_kept {
                self.value_mut(param.0).flags |= flag::BORN | flag::STORED;
                self.want_slot(param.0);
                continue;
            }
            let free = self.registers.masks[value.class()] & !self.occupied;
            let comes = self.value(arg.0).goes;
            let reg = if comes != NO_REG && free >> comes & 1 != 0 {
                comes
            } else {
                self.choose(value.class(), free, param.0)
            };
            self.define(param.0, reg);
        }
        for i in self.exits_of(main) {
            let held = self.exits[i];
            self.value_mut(held.vreg).goes = NO_REG;
        }
    }

    /// What comes in a register and goes on in its slot must be stored somewhere.
    fn store_dropped(&mut self) {
        let is_dropped = |candidate: &Candidate| !candidate.is_kept && !candidate.is_clean;
        if !self.entry_work.candidates.iter().any(is_dropped) {
            return;
        }
        for i in 0..self.entry_work.preds.len() {
            let pred = self.entry_work.preds[i];
            for j in self.exits_of(pred) {
                let held = self.exits[j];
                let value = self.value(held.vreg);
                let candidate = self.entry_work.candidates.get(value.mark as usize);
                let is_lost = candidate.is_some_and(is_dropped);
                if is_lost && !held.is_safe(value.flags) {
                    self.stores_here(held.vreg, pred);
                }
            }
        }
    }
}
