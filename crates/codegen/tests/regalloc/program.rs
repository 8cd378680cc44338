//! Functions made of nothing but operands, to allocate registers for.

use std::fmt::Write;
use std::ops::Range;
use tierra_codegen::regalloc::interface::*;

/// A generator of pseudo-random numbers (xorshift).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

#[derive(Default, Clone)]
pub struct Inst {
    pub operands: Vec<Operand>,
    pub clobbers: PRegSet,
    pub is_move: bool,
    pub is_safepoint: bool,
}

#[derive(Clone, Default)]
pub struct Block {
    pub insts: Vec<Inst>,
    pub succs: Vec<BlockIx>,
    pub preds: Vec<BlockIx>,
    pub params: Vec<VReg>,
    pub args: Vec<VReg>,
    pub frequency: f32,
    pub depth: u32,
    pub is_handler: bool,
}

#[derive(Clone, Copy)]
pub struct Value {
    pub info: VRegInfo,
    pub remat: bool,
}

/// A function. Build blocks in any order, then [`Program::finish`].
#[derive(Default, Clone)]
pub struct Program {
    pub blocks: Vec<Block>,
    pub values: Vec<Value>,
    insts: Vec<Inst>,
    ranges: Vec<Range<InstIx>>,
    idoms: Vec<BlockIx>,
}

impl Program {
    pub fn block(&mut self, frequency: f32, depth: u32) -> BlockIx {
        self.blocks.push(Block {
            frequency,
            depth,
            ..Block::default()
        });
        self.blocks.len() as BlockIx - 1
    }

    pub fn value(&mut self, class: RegClass, size: u8, is_ref: bool, remat: bool) -> VReg {
        let info = VRegInfo {
            class,
            size,
            is_ref,
        };
        self.values.push(Value { info, remat });
        VReg(self.values.len() as u32 - 1)
    }

    pub fn int(&mut self) -> VReg {
        self.value(RegClass::Int, 8, false, false)
    }

    pub fn inst(&mut self, block: BlockIx, operands: Vec<Operand>) -> &mut Inst {
        let insts = &mut self.blocks[block as usize].insts;
        insts.push(Inst {
            operands,
            ..Inst::default()
        });
        insts.last_mut().unwrap()
    }

    /// Ends a block.
    pub fn jump(&mut self, block: BlockIx, succs: &[BlockIx]) {
        self.inst(block, vec![]);
        self.link(block, succs);
    }

    /// Gives a block successors.
    pub fn link(&mut self, block: BlockIx, succs: &[BlockIx]) {
        self.blocks[block as usize].succs = succs.to_vec();
        for &succ in succs {
            self.blocks[succ as usize].preds.push(block);
        }
    }

    /// Puts a block at the end of the layout for each entry of `last`.
    pub fn move_to_end(&mut self, is_last: &[bool]) {
        let count = self.blocks.len();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&block| is_last[block]);
        let mut place = vec![0; count];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new as BlockIx;
        }
        let old = std::mem::take(&mut self.blocks);
        self.blocks = order.iter().map(|&block| old[block].clone()).collect();
        for block in &mut self.blocks {
            for other in block.succs.iter_mut().chain(&mut block.preds) {
                *other = place[*other as usize];
            }
        }
    }

    /// Numbers the instructions and finds dominators.
    pub fn finish(&mut self) {
        self.insts.clear();
        self.ranges.clear();
        for block in &self.blocks {
            let first = self.insts.len() as InstIx;
            self.insts.extend(block.insts.iter().cloned());
            self.ranges.push(first..self.insts.len() as InstIx);
        }
        self.idoms = (0..self.blocks.len() as u32)
            .map(|b| b.saturating_sub(1))
            .collect();
    }
}

impl Function for Program {
    fn num_blocks(&self) -> u32 {
        self.blocks.len() as u32
    }
    fn num_insts(&self) -> u32 {
        self.insts.len() as u32
    }
    fn num_vregs(&self) -> u32 {
        self.values.len() as u32
    }
    fn block_insts(&self, block: BlockIx) -> Range<InstIx> {
        self.ranges[block as usize].clone()
    }
    fn successors(&self, block: BlockIx) -> &[BlockIx] {
        &self.blocks[block as usize].succs
    }
    fn predecessors(&self, block: BlockIx) -> &[BlockIx] {
        &self.blocks[block as usize].preds
    }
    fn idom(&self, block: BlockIx) -> BlockIx {
        self.idoms[block as usize]
    }
    fn loop_depth(&self, block: BlockIx) -> u32 {
        self.blocks[block as usize].depth
    }
    fn frequency(&self, block: BlockIx) -> f32 {
        self.blocks[block as usize].frequency
    }
    fn is_handler(&self, block: BlockIx) -> bool {
        self.blocks[block as usize].is_handler
    }
    fn block_params(&self, block: BlockIx) -> &[VReg] {
        &self.blocks[block as usize].params
    }
    fn branch_args(&self, block: BlockIx) -> &[VReg] {
        &self.blocks[block as usize].args
    }
    fn vreg(&self, vreg: VReg) -> VRegInfo {
        self.values[vreg.0 as usize].info
    }
    fn remat(&self, vreg: VReg) -> bool {
        self.values[vreg.0 as usize].remat
    }
    fn operands(&self, inst: InstIx) -> &[Operand] {
        &self.insts[inst as usize].operands
    }
    fn clobbers(&self, inst: InstIx) -> PRegSet {
        self.insts[inst as usize].clobbers
    }
    fn is_move(&self, inst: InstIx) -> bool {
        self.insts[inst as usize].is_move
    }
    fn is_safepoint(&self, inst: InstIx) -> bool {
        self.insts[inst as usize].is_safepoint
    }
}

/// An operand.
pub fn op(vreg: VReg, constraint: Constraint) -> Operand {
    Operand { vreg, constraint }
}

/// A machine with so many registers of each class, and one more of each as scratch.
pub fn machine(ints: u8, vecs: u8) -> Machine {
    Machine {
        allocatable: [
            (0..ints).map(PReg::int).collect(),
            (0..vecs).map(PReg::vec).collect(),
        ],
        scratch: [PReg::int(15), PReg::vec(15)],
    }
}

fn at(location: Location) -> String {
    match location {
        Location::Reg(reg) => format!("{reg:?}"),
        Location::Slot(slot) => format!("[{slot}]"),
    }
}

/// A function with its allocation, as text.
pub fn show(program: &Program, out: &Output) -> String {
    let mut text = String::new();
    for block in 0..program.num_blocks() {
        let info = &program.blocks[block as usize];
        write!(text, "block{block}").unwrap();
        if !info.params.is_empty() {
            write!(text, "{:?}", info.params).unwrap();
        }
        writeln!(text, ":").unwrap();
        for inst in program.block_insts(block) {
            for (_, edit) in out.edits.iter().filter(|(at, _)| *at == inst) {
                match *edit {
                    Edit::Move { from, to, vreg } => {
                        writeln!(text, "    {} <- {} ({vreg:?})", at(to), at(from)).unwrap();
                    }
                    Edit::Swap(a, b) => writeln!(text, "    {a:?} <-> {b:?}").unwrap(),
                    Edit::Remat { vreg, to } => {
                        writeln!(text, "    {to:?} <- anew ({vreg:?})").unwrap();
                    }
                }
            }
            write!(text, "  {inst}:").unwrap();
            let start = out.starts[inst as usize] as usize;
            for (i, operand) in program.operands(inst).iter().enumerate() {
                let kind = if operand.constraint.is_def() { "=" } else { "" };
                let place = at(out.locations[start + i]);
                write!(text, " {kind}{:?}@{place}", operand.vreg).unwrap();
            }
            let slots = out.safepoint_slots.iter().filter(|(at, _)| *at == inst);
            for (_, slot) in slots {
                write!(text, " ref[{slot}]").unwrap();
            }
            if inst + 1 == program.block_insts(block).end {
                write!(text, " -> {:?}", info.succs).unwrap();
                if !info.args.is_empty() {
                    write!(text, " {:?}", info.args).unwrap();
                }
            }
            writeln!(text).unwrap();
        }
    }
    text
}
