//! A function in machine instructions with virtual registers.
//!
//! Which instructions there are is the machine's business: here they are a payload, beside what
//! the register allocator wants to know of each.
//!
//! Selection walks the function backwards, so that it knows of every value whether and how it is
//! used before it comes to the definition. Instructions are therefore collected in reverse, and
//! [`Mach::finish`] turns everything round.

use crate::flow::Order;
use crate::regalloc::interface::{
    BlockIx, Function, InstIx, Operand, PRegSet, RegClass, VReg, VRegInfo,
};
use alloc::vec::Vec;
use core::ops::Range;
use tierra_ir::Type;

/// What the allocator knows of an instruction, and the instruction.
pub(crate) struct Node<I> {
    pub data: I,
    operands: u32,
    count: u8,
    pub is_move: bool,
    pub is_safepoint: bool,
    /// An index into the sets of clobbered registers.
    clobbers: u32,
    /// The value that may be made again by this instruction, or `NONE`.
    remat: u32,
}

/// A value's register.
#[derive(Clone, Copy)]
struct VRegData {
    info: VRegInfo,
    /// The instruction to be repeated, `FRAMED` or `NONE`.
    remat: u32,
    /// Whether only 32 bits of it are ever other than zero.
    is_narrow: bool,
}

/// What is a list for each block, in one vector.
struct Lists<T> {
    items: Vec<T>,
    ranges: Vec<(u32, u32)>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            ranges: Vec::new(),
        }
    }
}

impl<T> Lists<T> {
    fn clear(&mut self, blocks: usize) {
        self.items.clear();
        self.ranges.clear();
        self.ranges.resize(blocks, (0, 0));
    }

    fn get(&self, block: BlockIx) -> &[T] {
        let (start, end) = self.ranges[block as usize];
        &self.items[start as usize..end as usize]
    }

    fn set(&mut self, block: BlockIx, items: impl IntoIterator<Item = T>) {
        let start = self.items.len() as u32;
        self.items.extend(items);
        self.ranges[block as usize] = (start, self.items.len() as u32);
    }
}

/// See the [module](self).
pub(crate) struct Mach<I> {
    pub nodes: Vec<Node<I>>,
    operands: Vec<Operand>,
    clobbers: Vec<PRegSet>,
    vregs: Vec<VRegData>,
    has_wide: bool,
    /// The blocks, their edges, dominators and loops.
    pub order: Order,
    insts: Vec<(u32, u32)>,
    params: Lists<VReg>,
    args: Lists<VReg>,
}

const NONE: u32 = u32::MAX;
/// The value has a place of its own in the frame.
const FRAMED: u32 = u32::MAX - 1;

impl<I> Default for Mach<I> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            operands: Vec::new(),
            clobbers: Vec::new(),
            vregs: Vec::new(),
            has_wide: false,
            order: Order::default(),
            insts: Vec::new(),
            params: Lists::default(),
            args: Lists::default(),
        }
    }
}

impl<I> Mach<I> {
    /// Makes it empty, for the blocks of `order`.
    pub fn clear(&mut self) {
        let blocks = self.order.len();
        self.nodes.clear();
        self.operands.clear();
        self.clobbers.clear();
        self.clobbers.push(PRegSet::EMPTY);
        self.vregs.clear();
        self.has_wide = false;
        self.insts.clear();
        self.insts.resize(blocks, (0, 0));
        self.params.clear(blocks);
        self.args.clear(blocks);
    }

    /// A new virtual register for a value of this type.
    pub fn new_vreg(&mut self, ty: Type) -> VReg {
        let info = VRegInfo {
            class: if ty.is_int() {
                RegClass::Int
            } else {
                RegClass::Vec
            },
            size: if ty == Type::V128 { 16 } else { 8 },
            is_ref: ty == Type::Ref,
        };
        let is_narrow = matches!(ty, Type::I32 | Type::Ref);
        self.has_wide |= ty == Type::V128;
        self.vregs.push(VRegData {
            info,
            remat: NONE,
            is_narrow,
        });
        VReg(self.vregs.len() as u32 - 1)
    }

    /// Whether there are values of 16 bytes.
    pub fn has_wide(&self) -> bool {
        self.has_wide
    }

    /// Whether the upper half of the value's register is zero.
    pub fn is_narrow(&self, vreg: VReg) -> bool {
        self.vregs[vreg.0 as usize].is_narrow
    }

    /// The number of instructions so far.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Appends an instruction, which is the one before those that are there.
    pub fn push(&mut self, data: I, operands: &[Operand]) -> &mut Node<I> {
        let start = self.operands.len() as u32;
        self.operands.extend_from_slice(operands);
        self.nodes.push(Node {
            data,
            operands: start,
            count: u8::try_from(operands.len()).expect("a machine instruction has few operands"),
            is_move: false,
            is_safepoint: false,
            clobbers: 0,
            remat: NONE,
        });
        self.nodes.last_mut().expect("it was pushed")
    }

    /// The last instruction.
    pub fn last(&mut self) -> &mut Node<I> {
        self.nodes.last_mut().expect("there is one")
    }

    /// Says what the last instruction destroys besides its results.
    pub fn set_clobbers(&mut self, set: PRegSet) {
        let index = self.clobbers.len() as u32;
        self.clobbers.push(set);
        self.nodes.last_mut().expect("there is one").clobbers = index;
    }

    /// Says that the last instruction may be repeated instead of keeping this value, its result.
    pub fn set_remat(&mut self, vreg: VReg) {
        self.nodes.last_mut().expect("there is one").remat = vreg.0;
    }

    /// Says that a value can be had from the frame at any time.
    pub fn set_framed(&mut self, vreg: VReg) {
        self.vregs[vreg.0 as usize].remat = FRAMED;
    }

    /// The instruction that makes a value again; `None` if it is in the frame.
    pub fn remat_inst(&self, vreg: VReg) -> Option<InstIx> {
        let inst = self.vregs[vreg.0 as usize].remat;
        (inst != FRAMED).then_some(inst)
    }

    /// The instructions from `start` on were pushed in the order of execution.
    pub fn reverse_from(&mut self, start: usize) {
        self.nodes[start..].reverse();
    }

    /// The block's instructions are those from `start` on.
    pub fn end_block(&mut self, block: BlockIx, start: usize) {
        self.insts[block as usize] = (start as u32, self.nodes.len() as u32);
    }

    /// Gives a block its parameters.
    pub fn set_params(&mut self, block: BlockIx, params: impl IntoIterator<Item = VReg>) {
        self.params.set(block, params);
    }

    /// Gives a block the arguments that it passes on.
    pub fn set_args(&mut self, block: BlockIx, args: impl IntoIterator<Item = VReg>) {
        self.args.set(block, args);
    }

    /// Turns round what was collected in reverse.
    pub fn finish(&mut self) {
        let total = self.nodes.len() as u32;
        self.nodes.reverse();
        for range in &mut self.insts {
            *range = (total - range.1, total - range.0);
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if node.remat != NONE {
                self.vregs[node.remat as usize].remat = index as u32;
            }
        }
    }
}

impl<I> Function for Mach<I> {
    fn num_blocks(&self) -> u32 {
        self.insts.len() as u32
    }

    fn num_insts(&self) -> u32 {
        self.nodes.len() as u32
    }

    fn num_vregs(&self) -> u32 {
        self.vregs.len() as u32
    }

    fn block_insts(&self, block: BlockIx) -> Range<InstIx> {
        let (start, end) = self.insts[block as usize];
        start..end
    }

    fn successors(&self, block: BlockIx) -> &[BlockIx] {
        self.order.successors(block)
    }

    fn predecessors(&self, block: BlockIx) -> &[BlockIx] {
        self.order.predecessors(block)
    }

    fn idom(&self, block: BlockIx) -> BlockIx {
        self.order.idom(block)
    }

    fn loop_depth(&self, block: BlockIx) -> u32 {
        self.order.loop_depth(block)
    }

    fn frequency(&self, block: BlockIx) -> f32 {
        self.order.frequency(block)
    }

    fn is_handler(&self, block: BlockIx) -> bool {
        self.order.is_handler(block)
    }

    fn block_params(&self, block: BlockIx) -> &[VReg] {
        self.params.get(block)
    }

    fn branch_args(&self, block: BlockIx) -> &[VReg] {
        self.args.get(block)
    }

    fn vreg(&self, vreg: VReg) -> VRegInfo {
        self.vregs[vreg.0 as usize].info
    }

    fn remat(&self, vreg: VReg) -> bool {
        self.vregs[vreg.0 as usize].remat != NONE
    }

    fn operands(&self, inst: InstIx) -> &[Operand] {
        let node = &self.nodes[inst as usize];
        let start = node.operands as usize;
        &self.operands[start..start + node.count as usize]
    }

    fn clobbers(&self, inst: InstIx) -> PRegSet {
        self.clobbers[self.nodes[inst as usize].clobbers as usize]
    }

    fn is_move(&self, inst: InstIx) -> bool {
        self.nodes[inst as usize].is_move
    }

    fn is_safepoint(&self, inst: InstIx) -> bool {
        self.nodes[inst as usize].is_safepoint
    }
}
