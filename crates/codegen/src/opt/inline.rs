//! Inlining: a call becomes a copy of what it calls.
//!
//! This is the mechanism; which calls are worth it, how deep and how much in all is for the caller
//! of [`Inliner::run`] to say, who knows the functions. Both functions run with the same instance:
//! the callee's context, if it has one, is what the call passes for it.
//!
//! A block with a call is cut behind it. The first part jumps to a copy of the callee's entry with
//! the arguments, the callee's returns jump to the second part, whose parameters are the results. A
//! call in place of the function keeps the callee's returns. What the callee calls can throw
//! through the call: if that has handlers, each such call gets them too, behind its own, with
//! landing blocks that jump to the old ones.
//!
//! Calls of a block are looked at from the last one on, so that the rest of the block is moved
//! once. The locations of copies tell the place in the callee and the call: see [`Inlined`].

use super::copy::with_lists;
use alloc::vec::Vec;
use tierra_ir::{
    Block, Callee, Effects, Function, Inlined, Inst, InstData, SigRef, Target, Targets, Type,
    Value, ValueList,
};

const NONE: u32 = u32::MAX;

/// Memory of inlining, to be used again.
#[derive(Default)]
pub struct Inliner {
    /// By the callee's ids, the caller's.
    values: Vec<u32>,
    blocks: Vec<u32>,
    signatures: Vec<u32>,
    slots: Vec<u32>,
    /// By the callee's [`Inlined`]s, their locations in the caller.
    places: Vec<u32>,
    /// The callee's blocks in reverse postorder.
    order: Vec<Block>,
    stack: Vec<(Block, u32)>,
    calls: Vec<Inst>,
    /// New blocks, and after which blocks of the layout they go: for each a range of `new` for each
    /// call, the last call first.
    new: Vec<Block>,
    pieces: Vec<(Block, u32, u32)>,
}

/// The call that is being replaced.
struct Site {
    /// Where results go; none if they are returned.
    after: Option<Block>,
    /// The handlers of the call with their tags.
    handlers: Vec<(Block, Option<u32>)>,
    /// The call's location; `None` if it is in place of the function, whose frame is gone then.
    location: Option<u32>,
}

/// Whether a function can be inlined at all.
pub fn can_inline(callee: &Function) -> bool {
    // The cell of a call is gone with the call.
    let entry = callee.insts(callee.entry());
    let mut insts = entry.map(|inst| callee.data(inst));
    !insts.any(|data| matches!(data, InstData::CalleeCell))
}

impl Inliner {
    /// One without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces calls by the functions that `choose` gives for them; those must be such as
    /// [`can_inline`], and have the signatures of the calls. Copies are not looked at again. The
    /// number of calls is the result; what is left of borders between blocks is for the
    /// [`Cleaner`](tierra_ir::Cleaner).
    pub fn run<'f>(
        &mut self,
        caller: &mut Function,
        mut choose: impl FnMut(&Function, Inst) -> Option<&'f Function>,
    ) -> usize {
        self.new.clear();
        self.pieces.clear();
        for index in 0..caller.layout().len() {
            let block = caller.layout()[index];
            let mut calls = core::mem::take(&mut self.calls);
            let is_call = |inst: &Inst| {
                matches!(
                    caller.data(*inst),
                    InstData::Call { .. } | InstData::TailCall { .. } | InstData::TryCall { .. }
                )
            };
            calls.extend(caller.insts(block).filter(is_call));
            while let Some(call) = calls.pop() {
                if let Some(callee) = choose(caller, call) {
                    self.inline(caller, block, call, callee);
                }
            }
            self.calls = calls;
        }
        if !self.pieces.is_empty() {
            self.lay_out(caller);
            caller.resolve_all();
        }
        self.pieces.len()
    }

    fn inline(&mut self, caller: &mut Function, block: Block, call: Inst, callee: &Function) {
        let start = self.new.len() as u32;
        let location = caller.location(call);
        let data = *caller.data(call);
        let (InstData::Call { args, .. }
        | InstData::TailCall { args, .. }
        | InstData::TryCall { args, .. }) = data
        else {
            unreachable!("it is a call");
        };
        let site = self.cut(caller, call, data);
        self.prepare(caller, callee, site.location);
        let entry = self.block(callee.entry());
        let targets = caller.target_list(&[Target { block: entry, args }]);
        let jump = caller.new_inst(InstData::Jump(targets), location);
        caller.append(block, jump);
        for index in 0..self.order.len() {
            self.copy_block(caller, callee, self.order[index], &site);
        }
        self.new.extend(site.after);
        self.pieces.push((block, start, self.new.len() as u32));
    }

    /// Takes the call out of its block and puts what follows it into a new one.
    fn cut(&mut self, caller: &mut Function, call: Inst, data: InstData) -> Site {
        let mut handlers = Vec::new();
        let after = match data {
            InstData::TailCall { .. } => None,
            _ => {
                let after = caller.new_block();
                for result in caller.results(call) {
                    let ty = caller.ty(result);
                    let param = caller.append_param(after, ty);
                    caller.alias(result, param);
                }
                Some(after)
            }
        };
        if let (InstData::TryCall { targets, .. }, Some(after)) = (data, after) {
            let tags = caller.handlers(call).iter().copied();
            let landings = caller.targets(targets)[1..].iter().map(|t| t.block);
            handlers.extend(landings.zip(tags));
            let go_on = caller.targets(targets)[0];
            let targets = caller.target_list(&[go_on]);
            let jump = caller.new_inst(InstData::Jump(targets), caller.location(call));
            caller.append(after, jump);
        }
        if let Some(after) = after {
            while let Some(inst) = caller.next_inst(call) {
                caller.remove(inst);
                caller.append(after, inst);
            }
        }
        caller.remove(call);
        let location = after.map(|_| caller.location(call));
        Site {
            after,
            handlers,
            location,
        }
    }

    /// Makes blocks with their parameters, and the tables of ids.
    fn prepare(&mut self, caller: &mut Function, callee: &Function, call: Option<u32>) {
        self.find_order(callee);
        self.places.clear();
        for inlined in callee.inlined() {
            let by = match inlined.caller {
                Some(location) => Some(self.place(caller, location, call)),
                None => call,
            };
            self.places
                .push(caller.inline_location(inlined.location, by));
        }
        for (table, len) in [
            (&mut self.values, callee.num_values()),
            (&mut self.signatures, callee.signatures.len()),
            (&mut self.slots, callee.slots.len()),
        ] {
            table.clear();
            table.resize(len, NONE);
        }
        for &block in &self.order {
            let copy = caller.new_block();
            if callee.is_cold(block) {
                caller.set_cold(copy);
            }
            for &param in callee.params(block) {
                self.values[param.index()] = caller.append_param(copy, callee.ty(param)).0;
            }
            self.blocks[block.index()] = copy.0;
        }
    }

    /// The callee's blocks that can be reached, in reverse postorder: definitions come before their
    /// uses.
    fn find_order(&mut self, callee: &Function) {
        self.blocks.clear();
        self.blocks.resize(callee.num_blocks(), NONE);
        self.order.clear();
        let count = |block: Block| callee.successors(block).len() as u32;
        let entry = callee.entry();
        // Any number but NONE says that a block was met; its copy comes later.
        self.blocks[entry.index()] = 0;
        self.stack.push((entry, count(entry)));
        while let Some((block, left)) = self.stack.last_mut() {
            let block = *block;
            if *left == 0 {
                self.stack.pop();
                self.order.push(block);
                continue;
            }
            *left -= 1;
            let next = callee.successors(block)[*left as usize].block;
            if self.blocks[next.index()] == NONE {
                self.blocks[next.index()] = 0;
                self.stack.push((next, count(next)));
            }
        }
        self.order.reverse();
    }

    /// The location in the caller of what is at a location of the callee.
    fn place(&self, caller: &mut Function, location: u32, call: Option<u32>) -> u32 {
        match Inlined::index(location) {
            Some(index) => self.places[index],
            None => caller.inline_location(location, call),
        }
    }

    fn block(&self, block: Block) -> Block {
        Block(self.blocks[block.index()])
    }

    fn copy_block(&mut self, caller: &mut Function, callee: &Function, block: Block, site: &Site) {
        let mut at = self.block(block);
        self.new.push(at);
        for inst in callee.insts(block) {
            let location = match (callee.data(inst), site.location) {
                // It takes the place of the copy.
                (InstData::TailCall { .. }, Some(location)) => location,
                _ => self.place(caller, callee.location(inst), site.location),
            };
            let data = self.import(caller, callee, inst);
            let mut tags: Vec<Option<u32>> = callee.handlers(inst).to_vec();
            let mut results = None;
            let data = match (data, site.after) {
                (InstData::Return(args), Some(block)) => {
                    InstData::Jump(caller.target_list(&[Target { block, args }]))
                }
                (InstData::TailCall { sig, callee, args }, Some(_)) => {
                    results = site.after;
                    InstData::Call {
                        sig,
                        effects: Effects::All,
                        callee,
                        args,
                    }
                }
                (data, _) => data,
            };
            let data = self.with_handlers(caller, data, &mut tags, site, location);
            let new = self.append(caller, callee, at, inst, data, location);
            if !tags.is_empty() {
                caller.set_handlers(new, tags);
            }
            if let (InstData::TryCall { targets, .. }, false) =
                (data, callee.data(inst).is_terminator())
            {
                at = caller.targets(targets)[0].block;
            }
            if let Some(block) = results {
                self.pass_results(caller, (at, new), block, location);
            }
        }
    }

    /// Behind a call that was in place of the callee: its results are the callee's.
    fn pass_results(
        &mut self,
        caller: &mut Function,
        (mut at, call): (Block, Inst),
        after: Block,
        location: u32,
    ) {
        if let InstData::TryCall { targets, .. } = *caller.data(call) {
            at = caller.targets(targets)[0].block;
        }
        let results: Vec<Value> = caller.results(call).collect();
        let args = caller.list(&results);
        let targets = caller.target_list(&[Target { block: after, args }]);
        let jump = caller.new_inst(InstData::Jump(targets), location);
        caller.append(at, jump);
    }

    /// Gives a call that may throw the handlers of the call that is replaced.
    fn with_handlers(
        &mut self,
        caller: &mut Function,
        data: InstData,
        tags: &mut Vec<Option<u32>>,
        site: &Site,
        location: u32,
    ) -> InstData {
        if site.handlers.is_empty() {
            return data;
        }
        let (sig, callee, args, old) = match data {
            InstData::Call {
                sig,
                effects: Effects::All,
                callee,
                args,
            } => (sig, callee, args, None),
            InstData::TryCall {
                sig,
                callee,
                args,
                targets,
            } => (sig, callee, args, Some(targets)),
            data => return data,
        };
        let mut targets = match old {
            Some(old) => caller.targets(old).to_vec(),
            None => {
                let block = caller.new_block();
                self.new.push(block);
                let args = ValueList::EMPTY;
                [Target { block, args }].to_vec()
            }
        };
        for &(handler, tag) in &site.handlers {
            let landing = caller.new_block();
            self.new.push(landing);
            caller.set_cold(landing);
            let exception = caller.append_param(landing, Type::Ref);
            let args = caller.list(&[exception]);
            let jump = caller.target_list(&[Target {
                block: handler,
                args,
            }]);
            let jump = caller.new_inst(InstData::Jump(jump), location);
            caller.append(landing, jump);
            targets.push(Target {
                block: landing,
                args: ValueList::EMPTY,
            });
            tags.push(tag);
        }
        let targets = caller.target_list(&targets);
        InstData::TryCall {
            sig,
            callee,
            args,
            targets,
        }
    }

    /// An instruction of the callee with the caller's ids, but for values, which are the callee's,
    /// in lists of the caller.
    fn import(&mut self, caller: &mut Function, callee: &Function, inst: Inst) -> InstData {
        let mut data = with_lists(
            *callee.data(inst),
            |list| caller.list(callee.values(list)),
            |targets| targets,
        );
        data = with_lists(
            data,
            |list| list,
            |targets: Targets| {
                let mut copies = callee.targets(targets).to_vec();
                for target in &mut copies {
                    target.block = self.block(target.block);
                    target.args = caller.list(callee.values(target.args));
                }
                caller.target_list(&copies)
            },
        );
        match &mut data {
            InstData::Call { sig, .. }
            | InstData::TailCall { sig, .. }
            | InstData::TryCall { sig, .. } => *sig = self.signature(caller, callee, *sig),
            InstData::V128Const(constant) | InstData::Shuffle { mask: constant, .. } => {
                *constant = caller.constant(callee.constant_bytes(*constant));
            }
            InstData::SlotAddress(slot) => {
                let copy = &mut self.slots[slot.index()];
                if *copy == NONE {
                    *copy = caller.new_slot(callee.slots[slot.index()]).0;
                }
                slot.0 = *copy;
            }
            _ => {}
        }
        data
    }

    fn signature(&mut self, caller: &mut Function, callee: &Function, sig: SigRef) -> SigRef {
        let copy = &mut self.signatures[sig.index()];
        if *copy == NONE {
            let signature = &callee.signatures[sig.index()];
            *copy = caller.new_signature(signature.clone()).0;
        }
        SigRef(*copy)
    }

    /// Makes the instruction, then says what its operands are: the type of a result may be that of
    /// an operand, so one result is made of its type first.
    fn append(
        &mut self,
        caller: &mut Function,
        callee: &Function,
        at: Block,
        old: Inst,
        data: InstData,
        location: u32,
    ) -> Inst {
        let results = callee.results(old);
        let is_call = matches!(data, InstData::Call { .. } | InstData::TryCall { .. });
        let new = if results.len() == 1 && !is_call {
            let ty = callee.ty(callee.result(old));
            let new = caller.new_inst(InstData::Const { ty, bits: 0 }, location);
            caller.replace(new, data);
            new
        } else {
            caller.new_inst(data, location)
        };
        caller.append(at, new);
        for (old, new) in results.zip(caller.results(new)) {
            self.values[old.index()] = new.0;
        }
        let values = &self.values;
        // Arguments to handlers of the caller, and results that are passed on, come after this.
        let map = |value: Value| Value(values[value.index()]);
        caller.map_operands(new, map);
        debug_assert!(
            !matches!(data, InstData::Call { callee: Callee::Address(v), .. } if v.0 == NONE)
        );
        new
    }

    /// Puts new blocks behind those in which the calls were.
    fn lay_out(&mut self, caller: &mut Function) {
        let mut layout = Vec::with_capacity(caller.layout().len() + self.new.len());
        let mut piece = 0;
        for &block in caller.layout() {
            layout.push(block);
            let start = piece;
            while self.pieces.get(piece).is_some_and(|p| p.0 == block) {
                piece += 1;
            }
            for &(_, start, end) in self.pieces[start..piece].iter().rev() {
                layout.extend_from_slice(&self.new[start as usize..end as usize]);
            }
        }
        caller.set_layout(layout);
    }
}
