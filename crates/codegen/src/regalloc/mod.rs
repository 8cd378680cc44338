//! Register allocation.
//!
//! # The problem
//! A function in SSA form uses as many values as it likes; the machine has some fifteen registers
//! of each class. Each operand gets a register or a slot of the frame, and *edits*, moves between
//! instructions, bring values to where they are wanted. What counts is how often edits run, and
//! how long finding them takes.
//!
//! # The idea
//! In SSA form a value never changes, so its slot, once written, is right for ever, and a spilled
//! value need be stored only once. Which values are in registers can be decided in one walk
//! forward, knowing for each how far away its next use is (Braun and Hack, 2009): the one needed
//! last leaves. Registers are chosen in the same walk, in an order in which definitions come
//! before uses, where taking any free one never fails; hints make it the right one.
//!
//! The steps, each in its file:
//! 1. `order`: the order of blocks and the loops.
//! 2. `liveness`: a walk backward. Live sets (`sets`), next uses, wishes for registers, pressure.
//! 3. `scan`: the walk forward. `entry` says what is in registers where ways meet, `constrained`
//!    does instructions that want certain registers.
//! 4. `slots`: spilled values that don't live at the same time share slots.
//! 5. `finish`: edges and the list of edits; `moves` makes parallel moves one after the other.
//! 6. `safepoints`: which slots hold references.
//!
//! # Invariants
//! - At each point of the walk forward a live value is in one register at most; it is in its slot
//!   if it is in none, or else it can be made anew.
//! - What is in registers at the end of a block with several successors is a superset of what
//!   each of them begins with, in the same registers: such edges need no edits.
//! - A slot that is valid at a point is valid at all points that it dominates.
//! - Scratch registers hold nothing across an instruction.
//!
//! `checker` verifies the answers without any of this.
//!
//! # Cost
//! Linear but for sorting spilled values and for live sets, which share their parts (see `sets`).
//! Per block the registers are looked at once; an edge that needs no moves costs nothing more. An
//! instruction takes some 0.05–0.15 µs (`cargo run --release --example regalloc-scaling`).

mod checker;
mod constrained;
mod entry;
mod finish;
pub mod interface;
mod liveness;
mod moves;
mod order;
mod safepoints;
mod scan;
mod sets;
mod slots;
mod value;

use alloc::vec::Vec;
pub use checker::{Violation, check};
use interface::{BlockIx, Function, InstIx, Location, Machine, Output, PReg};
use liveness::{Liveness, Registers};
use order::Order;

/// The working memory of register allocation, to be used for one function after another.
#[derive(Default)]
pub struct Allocator {
    registers: Registers,
    order: Order,
    live: Liveness,
    frequency: Vec<f32>,

    // The state at the current point.
    block: BlockIx,
    inst: InstIx,
    position: u32,
    block_end: u32,
    /// The positions of the innermost loop.
    loop_range: (u32, u32),
    /// The registers in use at the header of that loop, and of every loop.
    loop_homes: u64,
    homes_by_loop: Vec<u64>,
    occupied: u64,
    occupants: Occupants,

    /// What is to be done in each block.
    acts: Vec<Act>,
    act_ranges: Vec<(u32, u32)>,
    /// What is in registers at the end of each block.
    exits: Vec<Held>,
    exit_ranges: Vec<(u32, u32)>,
    /// What is in registers at the start of blocks with several predecessors, but for parameters.
    entries: Vec<Held>,
    entry_ranges: Vec<(u32, u32)>,
    /// The values that have slots.
    spilled: Vec<u32>,
    /// The operands that are in slots, by place in [`Output::locations`].
    slot_uses: Vec<(u32, u32)>,

    entry_work: entry::Work,
    constrained_work: constrained::Work,
    slots: slots::Slots,
    moves: moves::Moves,
    finish_work: finish::Work,
    safepoint_work: safepoints::Work,
}

/// The values in registers.
struct Occupants([u32; 64]);

impl Default for Occupants {
    fn default() -> Self {
        Self([order::NONE; 64])
    }
}

impl core::ops::Deref for Occupants {
    type Target = [u32; 64];
    fn deref(&self) -> &[u32; 64] {
        &self.0
    }
}

impl core::ops::DerefMut for Occupants {
    fn deref_mut(&mut self) -> &mut [u32; 64] {
        &mut self.0
    }
}

/// A value in a register at a border of blocks.
#[derive(Clone, Copy)]
struct Held {
    vreg: u32,
    reg: u8,
    /// Whether its slot is valid too, or not needed.
    is_clean: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Move,
    Load,
    /// Left out if the value turns out to be stored after its definition.
    Store,
    Remat,
}

/// An edit whose slot is not known yet.
#[derive(Clone, Copy)]
struct Act {
    inst: InstIx,
    vreg: u32,
    action: Action,
    from: u8,
    to: u8,
}

impl Allocator {
    /// Allocates the registers of a function.
    pub fn allocate<F: Function>(&mut self, f: &F, machine: &Machine, out: &mut Output) {
        self.set_machine(machine);
        self.frequency.clear();
        self.frequency
            .extend((0..f.num_blocks()).map(|block| f.frequency(block)));
        self.order.compute(f);
        self.live.compute(f, &self.order, &self.registers);
        self.clear(f.num_blocks() as usize);
        self.entry_work.clear(f.num_insts() as usize);
        lay_out(f, out);
        self.scan(f, out);
        self.assign_slots(out);
        self.finish(f, out);
        self.list_safepoints(f, out);
    }

    fn set_machine(&mut self, machine: &Machine) {
        let index = |reg: &PReg| reg.index() as u8;
        for class in 0..2 {
            let registers = &machine.allocatable[class];
            self.registers.preferred[class].clear();
            self.registers.preferred[class].extend(registers.iter().map(index));
            self.registers.masks[class] = registers.iter().fold(0, |mask, r| mask | 1 << r.index());
        }
        self.registers.scratch = machine.scratch.each_ref().map(index);
    }

    fn clear(&mut self, blocks: usize) {
        self.occupied = 0;
        self.loop_homes = 0;
        self.homes_by_loop.clear();
        self.homes_by_loop.resize(self.order.loops.len(), 0);
        self.constrained_work.clear();
        self.acts.clear();
        self.exits.clear();
        self.entries.clear();
        self.slot_uses.clear();
        self.spilled.clear();
        self.block = 0;
        for ranges in [
            &mut self.act_ranges,
            &mut self.exit_ranges,
            &mut self.entry_ranges,
        ] {
            ranges.clear();
            ranges.resize(blocks, (0, 0));
        }
    }
}

/// Gives each operand its place in the answer.
fn lay_out<F: Function>(f: &F, out: &mut Output) {
    out.starts.clear();
    let mut count = 0;
    for inst in 0..f.num_insts() {
        out.starts.push(count);
        count += f.operands(inst).len() as u32;
    }
    out.starts.push(count);
    out.locations.clear();
    out.locations
        .resize(count as usize, Location::Reg(PReg::int(0)));
    out.edits.clear();
    out.safepoint_slots.clear();
}
