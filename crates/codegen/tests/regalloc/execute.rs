//! Runs a function before and after allocation, on numbers that tell where they come from.

use crate::program::*;
use std::collections::HashMap;
use tierra_codegen::regalloc::interface::*;

fn mix(parts: &[u64]) -> u64 {
    let step = |hash: u64, &part: &u64| {
        let mixed = (hash ^ part).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ mixed >> 29
    };
    parts.iter().fold(0x1234_5678_9abc_def1, step)
}

/// The address after a collection.
fn collected(value: u64) -> u64 {
    mix(&[77, value])
}

/// The upper half of a wide value.
fn upper(value: u64) -> u64 {
    mix(&[99, value])
}

trait World {
    fn before(&mut self, inst: InstIx);
    fn read(&mut self, inst: InstIx, index: usize) -> u64;
    fn after(&mut self, inst: InstIx, results: &[(usize, u64)]);
    fn pass(&mut self, block: BlockIx, succ: BlockIx);
}

/// Follows one path through the function and returns what every instruction has read.
fn run(program: &Program, world: &mut dyn World, seed: u64, steps: usize) -> Vec<u64> {
    let mut random = Random::new(seed);
    let mut trace = vec![];
    let mut block = 0;
    for _ in 0..steps {
        let insts = program.block_insts(block);
        let succs = program.successors(block);
        let way = if succs.is_empty() {
            0
        } else {
            random.below(succs.len())
        };
        for inst in insts.clone() {
            world.before(inst);
            let operands = program.operands(inst);
            let mut read = vec![u64::from(inst)];
            for (i, operand) in operands.iter().enumerate() {
                if !operand.constraint.is_def() {
                    read.push(world.read(inst, i));
                }
            }
            let is_thrown = way > 0 && inst + 1 == insts.end;
            let mut results = vec![];
            for (i, operand) in operands.iter().enumerate() {
                if operand.constraint.is_def() && !is_thrown {
                    let value = if program.is_move(inst) {
                        read[1]
                    } else if program.remat(operand.vreg) {
                        mix(&[5, u64::from(operand.vreg.0)])
                    } else {
                        mix(&[i as u64, mix(&read), trace.len() as u64])
                    };
                    results.push((i, value));
                }
            }
            trace.push(mix(&read));
            world.after(inst, &results);
        }
        let Some(&succ) = succs.get(way) else {
            break;
        };
        world.pass(block, succ);
        block = succ;
    }
    trace
}

/// Before: values by their names.
struct Values<'a> {
    program: &'a Program,
    values: HashMap<VReg, u64>,
}

impl World for Values<'_> {
    fn before(&mut self, _: InstIx) {}

    fn read(&mut self, inst: InstIx, index: usize) -> u64 {
        self.values[&self.program.operands(inst)[index].vreg]
    }

    fn after(&mut self, inst: InstIx, results: &[(usize, u64)]) {
        let program = self.program;
        if program.is_safepoint(inst) {
            for (&vreg, value) in &mut self.values {
                if program.vreg(vreg).is_ref && !program.remat(vreg) {
                    *value = collected(*value);
                }
            }
        }
        for &(i, value) in results {
            self.values.insert(program.operands(inst)[i].vreg, value);
        }
    }

    fn pass(&mut self, block: BlockIx, succ: BlockIx) {
        let args = self.program.branch_args(block).iter();
        let passed: Vec<u64> = args.map(|arg| self.values[arg]).collect();
        for (&param, value) in self.program.block_params(succ).iter().zip(passed) {
            self.values.insert(param, value);
        }
    }
}

/// After: registers and slots.
struct Places<'a> {
    program: &'a Program,
    out: &'a Output,
    scratch: [PReg; 2],
    registers: [u64; 64],
    frame: Vec<u64>,
    garbage: u64,
}

impl Places<'_> {
    fn spoil(&mut self) -> u64 {
        self.garbage += 1;
        mix(&[1234, self.garbage])
    }

    fn load(&mut self, location: Location, size: u8) -> u64 {
        let Location::Slot(offset) = location else {
            let Location::Reg(reg) = location else {
                unreachable!()
            };
            return self.registers[reg.index()];
        };
        let low = self.frame[offset as usize / 8];
        if size > 8 && self.frame[offset as usize / 8 + 1] != upper(low) {
            return self.spoil();
        }
        low
    }

    fn store(&mut self, location: Location, size: u8, value: u64) {
        match location {
            Location::Reg(reg) => self.registers[reg.index()] = value,
            Location::Slot(offset) => {
                self.frame[offset as usize / 8] = value;
                if size > 8 {
                    self.frame[offset as usize / 8 + 1] = upper(value);
                }
            }
        }
    }
}

impl World for Places<'_> {
    fn before(&mut self, inst: InstIx) {
        let edits = &self.out.edits;
        let first = edits.partition_point(|&(at, _)| at < inst);
        let end = edits.partition_point(|&(at, _)| at <= inst);
        for &(_, edit) in &self.out.edits[first..end] {
            match edit {
                Edit::Move { from, to, vreg } => {
                    let size = self.program.vreg(vreg).size;
                    let value = self.load(from, size);
                    self.store(to, size, value);
                }
                Edit::Swap(a, b) => self.registers.swap(a.index(), b.index()),
                Edit::Remat { vreg, to } => {
                    self.registers[to.index()] = mix(&[5, u64::from(vreg.0)]);
                }
            }
        }
        for reg in self.scratch {
            self.registers[reg.index()] = self.spoil();
        }
    }

    fn read(&mut self, inst: InstIx, index: usize) -> u64 {
        let location = self.out.locations[self.out.starts[inst as usize] as usize + index];
        let vreg = self.program.operands(inst)[index].vreg;
        self.load(location, self.program.vreg(vreg).size)
    }

    fn after(&mut self, inst: InstIx, results: &[(usize, u64)]) {
        for index in 0..64 {
            if self.program.clobbers(inst).0 >> index & 1 != 0 {
                self.registers[index] = self.spoil();
            }
        }
        let slots = self.out.safepoint_slots.iter();
        for &(_, slot) in slots.filter(|(at, _)| *at == inst) {
            let value = &mut self.frame[slot as usize / 8];
            *value = collected(*value);
        }
        for &(i, value) in results {
            let location = self.out.locations[self.out.starts[inst as usize] as usize + i];
            self.store(location, 8, value);
        }
    }

    fn pass(&mut self, _: BlockIx, succ: BlockIx) {
        if self.program.is_handler(succ) {
            self.registers.iter_mut().for_each(|r| *r = !*r);
        }
    }
}

/// Whether an allocation makes the function read what it did before, on some path.
pub fn agrees(program: &Program, machine: &Machine, out: &Output, seed: u64) -> bool {
    let mut values = Values {
        program,
        values: HashMap::new(),
    };
    let mut places = Places {
        program,
        out,
        scratch: machine.scratch,
        registers: [0; 64],
        frame: vec![0; out.frame_size as usize / 8],
        garbage: 0,
    };
    let steps = 200;
    run(program, &mut values, seed, steps) == run(program, &mut places, seed, steps)
}
