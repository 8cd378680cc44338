//! A function: arrays of everything, and the order of its blocks and instructions.

mod lists;
mod operands;

use crate::entity::{Block, Constant, Inst, SigRef, Slot, Symbol, Value};
use crate::inst::InstData;
use crate::types::{Signature, Type};
use alloc::string::String;
use alloc::vec::Vec;
pub use lists::{Target, Targets, ValueList};

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueDef {
    /// A result of an instruction.
    Result(Inst, u32),
    /// A parameter of a block.
    Param(Block, u32),
    /// Another value, which it was found to equal. Follow with [`Function::resolve`].
    Alias(Value),
}

/// Where a function finds the end of its stack: the `i64` in memory at
/// `[[context + offsets[0]] + offsets[1]]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackLimit {
    /// The offsets, from the context parameter on.
    pub offsets: [i32; 2],
    /// What to call, with all registers preserved, when the frame would end below the limit.
    /// When it returns, the function goes on.
    pub slow: Symbol,
}

/// Where an instruction is that was copied from another function: what comes with a location that
/// has [`Inlined::BIT`], the rest of which is its index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlined {
    /// The place in the source.
    pub location: u32,
    /// The location of the call in whose stead the copy is; it may be such an index again. `None`
    /// if the call was one in place of the function.
    pub caller: Option<u32>,
}

impl Inlined {
    /// The bit that tells an index from a place.
    pub const BIT: u32 = 1 << 31;

    /// The index that a location is, if it is one.
    pub fn index(location: u32) -> Option<usize> {
        (location & Self::BIT != 0).then_some((location & !Self::BIT) as usize)
    }
}

/// One more than a valid id: none.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct InstNode {
    data: InstData,
    block: u32,
    prev: u32,
    next: u32,
    first_result: u32,
    results: u32,
    location: u32,
}

#[derive(Clone, Debug)]
struct BlockNode {
    params: Vec<Value>,
    first: u32,
    last: u32,
    cold: bool,
}

/// A function in SSA form.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// The name, for people.
    pub name: String,
    /// What it takes and gives. The parameters are those of the entry block.
    pub signature: Signature,
    /// Where the instance is among the parameters: its value is kept where walks of the stack find
    /// it (at a fixed place of the frame).
    pub context_param: Option<u32>,
    /// How it notices that the stack is used up: on entry, before its frame is used.
    pub stack_limit: Option<StackLimit>,
    /// Signatures of its calls.
    pub signatures: Vec<Signature>,
    /// Sizes of the pieces of its frame in bytes; each is aligned to 16.
    pub slots: Vec<u32>,
    /// The tags of handlers: for each [`InstData::TryCall`] that was given some, the tag of each
    /// target after the first. `None` catches everything. In the order of instructions.
    handlers: Vec<(Inst, Vec<Option<u32>>)>,
    inlined: Vec<Inlined>,
    constants: Vec<[u8; 16]>,
    values: Vec<(Type, ValueDef)>,
    insts: Vec<InstNode>,
    blocks: Vec<BlockNode>,
    layout: Vec<Block>,
    pool: Vec<Value>,
    targets: Vec<Target>,
}

impl Function {
    /// An empty function, without blocks.
    pub fn new(name: impl Into<String>, signature: Signature) -> Self {
        Self {
            name: name.into(),
            signature,
            ..Self::default()
        }
    }

    /// Makes it empty, keeping the memory.
    pub fn clear(&mut self) {
        self.name.clear();
        self.signature.params.clear();
        self.signature.results.clear();
        self.context_param = None;
        self.stack_limit = None;
        self.signatures.clear();
        self.slots.clear();
        self.handlers.clear();
        self.inlined.clear();
        self.constants.clear();
        self.values.clear();
        self.insts.clear();
        self.blocks.clear();
        self.layout.clear();
        self.pool.clear();
        self.targets.clear();
    }

    // Making things.

    /// A new block, which is nowhere yet.
    pub fn new_block(&mut self) -> Block {
        let block = Block::from_index(self.blocks.len());
        self.blocks.push(BlockNode {
            params: Vec::new(),
            first: NONE,
            last: NONE,
            cold: false,
        });
        block
    }

    /// Puts a block at the end of the layout. The first one is the entry.
    pub fn append_block(&mut self, block: Block) {
        self.layout.push(block);
    }

    /// A new parameter of a block.
    pub fn append_param(&mut self, block: Block, ty: Type) -> Value {
        let params = &mut self.blocks[block.index()].params;
        let def = ValueDef::Param(block, params.len() as u32);
        let value = Value::from_index(self.values.len());
        self.values.push((ty, def));
        params.push(value);
        value
    }

    /// Puts a list of values into the pool.
    pub fn list(&mut self, values: &[Value]) -> ValueList {
        let start = u32::try_from(self.pool.len()).expect("a pool has fewer than 2^32 values");
        self.pool.extend_from_slice(values);
        ValueList {
            start,
            len: values.len() as u32,
        }
    }

    /// Copies a list, so that one may change without the other.
    pub fn copy_list(&mut self, list: ValueList) -> ValueList {
        let start = u32::try_from(self.pool.len()).expect("a pool has fewer than 2^32 values");
        self.pool.extend_from_within(list.range());
        ValueList {
            start,
            len: list.len,
        }
    }

    /// Puts targets into the table.
    pub fn target_list(&mut self, targets: &[Target]) -> Targets {
        let start = u32::try_from(self.targets.len()).expect("there are fewer than 2^32 targets");
        self.targets.extend_from_slice(targets);
        Targets {
            start,
            len: targets.len() as u32,
        }
    }

    /// Keeps a 16-byte constant.
    pub fn constant(&mut self, bytes: [u8; 16]) -> Constant {
        let constant = Constant::from_index(self.constants.len());
        self.constants.push(bytes);
        constant
    }

    /// Keeps a signature.
    pub fn new_signature(&mut self, signature: Signature) -> SigRef {
        let sig = SigRef::from_index(self.signatures.len());
        self.signatures.push(signature);
        sig
    }

    /// The location of what was copied in the stead of a call at `caller`; see [`Inlined`].
    ///
    /// # Panics
    /// When there are 2^31 of them.
    pub fn inline_location(&mut self, location: u32, caller: Option<u32>) -> u32 {
        let inlined = Inlined { location, caller };
        // What comes one after the other is often of one place.
        if self.inlined.last() != Some(&inlined) {
            self.inlined.push(inlined);
        }
        let index = self.inlined.len() as u32 - 1;
        assert!(index < Inlined::BIT, "too many places");
        index | Inlined::BIT
    }

    /// A new piece of the frame.
    pub fn new_slot(&mut self, bytes: u32) -> Slot {
        let slot = Slot::from_index(self.slots.len());
        self.slots.push(bytes);
        slot
    }

    /// Makes an instruction with its results, in no block yet. `location` is a place in the
    /// source, for tables of code.
    pub fn new_inst(&mut self, data: InstData, location: u32) -> Inst {
        let inst = Inst::from_index(self.insts.len());
        let first = Value::from_index(self.values.len());
        let mut count = 0;
        let mut result = |ty| {
            self.values.push((ty, ValueDef::Result(inst, count)));
            count += 1;
        };
        match data {
            InstData::Call { sig, .. } | InstData::TryCall { sig, .. } => {
                let results = &self.signatures[sig.index()].results;
                results.iter().for_each(|ty| result(*ty));
            }
            InstData::Wide { .. } => [Type::I64; 2].into_iter().for_each(result),
            _ => {
                if let Some(ty) = self.result_type(&data) {
                    self.values.push((ty, ValueDef::Result(inst, 0)));
                    count = 1;
                }
            }
        }
        self.new_inst_with_results(data, location, first, count)
    }

    /// Makes an instruction whose results are made apart from it.
    pub(crate) fn new_inst_with_results(
        &mut self,
        data: InstData,
        location: u32,
        first: Value,
        count: u32,
    ) -> Inst {
        let inst = Inst::from_index(self.insts.len());
        self.insts.push(InstNode {
            data,
            block: NONE,
            prev: NONE,
            next: NONE,
            first_result: first.0,
            results: count,
            location,
        });
        inst
    }

    /// Replaces the table of values.
    pub(crate) fn set_values(&mut self, values: Vec<(Type, ValueDef)>) {
        self.values = values;
    }

    /// The type of the only result of an instruction, if it has one. Not for calls.
    pub fn result_type(&self, data: &InstData) -> Option<Type> {
        use InstData::*;
        Some(match *data {
            Const { ty, .. } => ty,
            V128Const(_) | Shuffle { .. } => Type::V128,
            Unary { op, .. } => op.result(),
            Binary { op, .. } => op.result(),
            Compare { .. } | RefToBits(_) => Type::I32,
            Vector { op, .. } => op.result(),
            Lane { op, .. } => op.result(),
            Select { args, .. } => self.ty(args[0]),
            BitsToRef(_) => Type::Ref,
            Load { access, .. }
            | AtomicLoad { access, .. }
            | AtomicRmw { access, .. }
            | AtomicCmpxchg { access, .. } => access.ty(),
            SlotAddress(_) | SymbolAddress(_) | CalleeCell => Type::I64,
            _ => return None,
        })
    }

    /// Puts an instruction at the end of a block.
    pub fn append(&mut self, block: Block, inst: Inst) {
        let last = self.blocks[block.index()].last;
        self.link(block, last, inst, NONE);
    }

    /// Puts an instruction before another.
    pub fn insert_before(&mut self, inst: Inst, before: Inst) {
        let node = &self.insts[before.index()];
        let (block, prev) = (Block(node.block), node.prev);
        self.link(block, prev, inst, before.0);
    }

    /// Puts an instruction at the start of a block.
    pub fn prepend(&mut self, block: Block, inst: Inst) {
        let first = self.blocks[block.index()].first;
        self.link(block, NONE, inst, first);
    }

    fn link(&mut self, block: Block, prev: u32, inst: Inst, next: u32) {
        let node = &mut self.insts[inst.index()];
        debug_assert_eq!(node.block, NONE, "{inst} is in a block already");
        (node.block, node.prev, node.next) = (block.0, prev, next);
        match prev {
            NONE => self.blocks[block.index()].first = inst.0,
            prev => self.insts[prev as usize].next = inst.0,
        }
        match next {
            NONE => self.blocks[block.index()].last = inst.0,
            next => self.insts[next as usize].prev = inst.0,
        }
    }

    /// Takes an instruction out of its block.
    pub fn remove(&mut self, inst: Inst) {
        let node = &mut self.insts[inst.index()];
        let (block, prev, next) = (node.block, node.prev, node.next);
        (node.block, node.prev, node.next) = (NONE, NONE, NONE);
        if block == NONE {
            return;
        }
        match prev {
            NONE => self.blocks[block as usize].first = next,
            prev => self.insts[prev as usize].next = next,
        }
        match next {
            NONE => self.blocks[block as usize].last = prev,
            next => self.insts[next as usize].prev = prev,
        }
    }

    /// Replaces what an instruction does. The results stay: they have the same types.
    pub fn replace(&mut self, inst: Inst, data: InstData) {
        self.insts[inst.index()].data = data;
    }

    /// Makes a value another name of a second one, of the same type.
    pub fn alias(&mut self, value: Value, to: Value) {
        debug_assert_ne!(self.resolve(to), value, "an alias of itself");
        self.values[value.index()].1 = ValueDef::Alias(to);
    }

    /// Replaces the parameters of a block.
    pub fn set_params(&mut self, block: Block, params: Vec<Value>) {
        for (index, value) in params.iter().enumerate() {
            self.values[value.index()].1 = ValueDef::Param(block, index as u32);
        }
        self.blocks[block.index()].params = params;
    }

    /// Takes the parameters of a block away. It is for the caller to say what becomes of them.
    pub fn take_params(&mut self, block: Block) -> Vec<Value> {
        core::mem::take(&mut self.blocks[block.index()].params)
    }

    /// Moves all instructions of a block to the end of another.
    pub fn move_insts(&mut self, from: Block, to: Block) {
        let BlockNode { first, last, .. } = self.blocks[from.index()];
        let mut next = first;
        while next != NONE {
            let node = &mut self.insts[next as usize];
            node.block = to.0;
            next = node.next;
        }
        if first != NONE {
            let end = core::mem::replace(&mut self.blocks[to.index()].last, last);
            self.insts[first as usize].prev = end;
            match end {
                NONE => self.blocks[to.index()].first = first,
                end => self.insts[end as usize].next = first,
            }
        }
        let node = &mut self.blocks[from.index()];
        (node.first, node.last) = (NONE, NONE);
    }

    /// Replaces the parameters of a block, whose definitions say that they are.
    pub(crate) fn set_params_only(&mut self, block: Block, params: Vec<Value>) {
        self.blocks[block.index()].params = params;
    }

    /// Replaces the order of blocks. The first is the entry.
    pub fn set_layout(&mut self, layout: Vec<Block>) {
        self.layout = layout;
    }

    /// Replaces the order of blocks and gives back the old one, for its memory.
    pub fn replace_layout(&mut self, layout: Vec<Block>) -> Vec<Block> {
        core::mem::replace(&mut self.layout, layout)
    }

    /// Marks a block as seldom run.
    pub fn set_cold(&mut self, block: Block) {
        self.blocks[block.index()].cold = true;
    }

    /// Gives the handlers of a `TryCall` their tags, one for each target after the first.
    pub fn set_handlers(&mut self, inst: Inst, tags: Vec<Option<u32>>) {
        // Whoever makes instructions in order appends here.
        match self.handlers.binary_search_by_key(&inst, |(i, _)| *i) {
            Ok(index) => self.handlers[index].1 = tags,
            Err(index) => self.handlers.insert(index, (inst, tags)),
        }
    }

    // Looking.

    /// The tags of a `TryCall`'s handlers.
    pub fn handlers(&self, inst: Inst) -> &[Option<u32>] {
        match self.handlers.binary_search_by_key(&inst, |(i, _)| *i) {
            Ok(index) => &self.handlers[index].1,
            Err(_) => &[],
        }
    }

    /// The blocks in their order, the entry first.
    pub fn layout(&self) -> &[Block] {
        &self.layout
    }

    /// The entry block.
    pub fn entry(&self) -> Block {
        self.layout[0]
    }

    /// The number of blocks that were ever made.
    pub fn num_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The number of instructions that were ever made.
    pub fn num_insts(&self) -> usize {
        self.insts.len()
    }

    /// The number of 16-byte constants.
    pub fn num_constants(&self) -> usize {
        self.constants.len()
    }

    /// The number of values that were ever made.
    pub fn num_values(&self) -> usize {
        self.values.len()
    }

    /// The parameters of a block.
    pub fn params(&self, block: Block) -> &[Value] {
        &self.blocks[block.index()].params
    }

    /// Whether a block is seldom run.
    pub fn is_cold(&self, block: Block) -> bool {
        self.blocks[block.index()].cold
    }

    /// The instructions of a block in their order.
    pub fn insts(&self, block: Block) -> impl Iterator<Item = Inst> + '_ {
        let mut next = self.blocks[block.index()].first;
        core::iter::from_fn(move || {
            let inst = (next != NONE).then_some(Inst(next))?;
            next = self.insts[inst.index()].next;
            Some(inst)
        })
    }

    /// The first instruction of a block.
    pub fn first_inst(&self, block: Block) -> Option<Inst> {
        let first = self.blocks[block.index()].first;
        (first != NONE).then_some(Inst(first))
    }

    /// The last instruction of a block: its terminator, once it is complete.
    pub fn last_inst(&self, block: Block) -> Option<Inst> {
        let last = self.blocks[block.index()].last;
        (last != NONE).then_some(Inst(last))
    }

    /// The instruction after this one in its block.
    pub fn next_inst(&self, inst: Inst) -> Option<Inst> {
        let next = self.insts[inst.index()].next;
        (next != NONE).then_some(Inst(next))
    }

    /// The instruction before this one in its block.
    pub fn prev_inst(&self, inst: Inst) -> Option<Inst> {
        let prev = self.insts[inst.index()].prev;
        (prev != NONE).then_some(Inst(prev))
    }

    /// The block that an instruction is in.
    pub fn block_of(&self, inst: Inst) -> Option<Block> {
        let block = self.insts[inst.index()].block;
        (block != NONE).then_some(Block(block))
    }

    /// What an instruction does.
    pub fn data(&self, inst: Inst) -> &InstData {
        &self.insts[inst.index()].data
    }

    /// What locations with [`Inlined::BIT`] are about. The caller of each comes before it.
    pub fn inlined(&self) -> &[Inlined] {
        &self.inlined
    }

    /// The place in the source that an instruction comes from, or an index; see [`Inlined`].
    pub fn location(&self, inst: Inst) -> u32 {
        self.insts[inst.index()].location
    }

    /// The results of an instruction: consecutive values.
    pub fn results(&self, inst: Inst) -> impl ExactSizeIterator<Item = Value> + use<> {
        let node = &self.insts[inst.index()];
        let first = node.first_result;
        (0..node.results).map(move |index| Value(first + index))
    }

    /// The only, or the first, result.
    pub fn result(&self, inst: Inst) -> Value {
        debug_assert!(self.insts[inst.index()].results > 0);
        Value(self.insts[inst.index()].first_result)
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.values[value.index()].0
    }

    /// Where a value comes from.
    pub fn def(&self, value: Value) -> ValueDef {
        self.values[value.index()].1
    }

    /// The value behind aliases.
    pub fn resolve(&self, mut value: Value) -> Value {
        while let ValueDef::Alias(to) = self.values[value.index()].1 {
            value = to;
        }
        value
    }

    /// The value behind aliases, with a shorter way there for the next time.
    pub fn resolve_mut(&mut self, value: Value) -> Value {
        operands::resolve(&mut self.values, value)
    }

    /// The instruction that makes a value, behind aliases.
    pub fn def_inst(&self, value: Value) -> Option<Inst> {
        match self.def(self.resolve(value)) {
            ValueDef::Result(inst, _) => Some(inst),
            _ => None,
        }
    }

    /// The bits of a scalar constant.
    pub fn as_const(&self, value: Value) -> Option<u64> {
        match *self.data(self.def_inst(value)?) {
            InstData::Const { bits, .. } => Some(bits),
            _ => None,
        }
    }

    /// The values of a list.
    pub fn values(&self, list: ValueList) -> &[Value] {
        &self.pool[list.range()]
    }

    /// The values of a list, to change.
    pub fn values_mut(&mut self, list: ValueList) -> &mut [Value] {
        &mut self.pool[list.range()]
    }

    /// Targets.
    pub fn targets(&self, targets: Targets) -> &[Target] {
        &self.targets[targets.range()]
    }

    /// Targets, to change.
    pub fn targets_mut(&mut self, targets: Targets) -> &mut [Target] {
        &mut self.targets[targets.range()]
    }

    /// Keeps those arguments of a target whose places a function wants to keep.
    pub fn retain_args(
        &mut self,
        targets: Targets,
        index: usize,
        mut keep: impl FnMut(usize) -> bool,
    ) {
        let args = &mut self.targets[targets.range()][index].args;
        let list = &mut self.pool[args.range()];
        let mut kept = 0;
        for place in 0..list.len() {
            if keep(place) {
                list[kept] = list[place];
                kept += 1;
            }
        }
        args.len = kept as u32;
    }

    /// The bytes of a constant.
    pub fn constant_bytes(&self, constant: Constant) -> [u8; 16] {
        self.constants[constant.index()]
    }

    /// Whether a block ends with a [`InstData::TryCall`]: its successors after the first are
    /// handlers.
    pub fn is_try(&self, block: Block) -> bool {
        self.last_inst(block)
            .is_some_and(|end| matches!(self.data(end), InstData::TryCall { .. }))
    }

    /// The targets of a block's terminator.
    pub fn successors(&self, block: Block) -> &[Target] {
        match self.last_inst(block) {
            Some(inst) => self.targets(self.data(inst).targets()),
            None => &[],
        }
    }
}
