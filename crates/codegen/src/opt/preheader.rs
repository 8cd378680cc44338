//! A block before each loop: the only one outside that leads to the header, and leads nowhere
//! else. What is moved out of the loop goes there. Those that stay empty are cleaned away.

use super::copy::{redirect, target};
use alloc::vec::Vec;
use tierra_ir::{Block, Edge, Flow, Function, InstData, Loop, Target};

/// Memory of the pass.
#[derive(Default)]
pub(super) struct State {
    /// By loop.
    preheader: Vec<Option<Block>>,
    edges: Vec<Edge>,
    /// New blocks, each with the header before which it goes.
    new: Vec<(Block, Block)>,
}

impl State {
    /// Gives each loop a preheader. Afterwards the flow is valid.
    pub(super) fn run(&mut self, func: &mut Function, flow: &mut Flow) {
        self.preheader.clear();
        self.new.clear();
        for l in flow.loops() {
            let preheader = self.before(func, flow, l);
            self.preheader.push(preheader);
        }
        if self.new.is_empty() {
            return;
        }
        let headers: Vec<Block> = flow.loops().map(|l| flow.header(l)).collect();
        place(func, &mut self.new);
        flow.compute(func);
        // Loops may have other numbers now.
        let old = core::mem::take(&mut self.preheader);
        self.preheader.resize(flow.num_loops(), None);
        for (header, preheader) in headers.into_iter().zip(old) {
            if let Some(l) = flow.loop_of(header).filter(|l| flow.header(*l) == header) {
                self.preheader[l.index()] = preheader;
            }
        }
    }

    /// The block before a loop; none if it is entered by a handler's edge.
    pub(super) fn of(&self, l: Loop) -> Option<Block> {
        self.preheader[l.index()]
    }

    fn before(&mut self, func: &mut Function, flow: &Flow, l: Loop) -> Option<Block> {
        let header = flow.header(l);
        self.edges.clear();
        let outside = |edge: &&Edge| !flow.in_loop(edge.from, l);
        self.edges
            .extend(flow.predecessors(header).iter().filter(outside));
        let &first = self.edges.first()?;
        if let [only] = *self.edges
            && func.successors(only.from).len() == 1
        {
            return Some(only.from);
        }
        let block = func.new_block();
        let location = func
            .last_inst(first.from)
            .map_or(0, |end| func.location(end));
        let args = if let [only] = *self.edges {
            let args = target(func, only).args;
            redirect(
                func,
                only,
                Target {
                    block,
                    args: tierra_ir::ValueList::EMPTY,
                },
            );
            args
        } else {
            for &edge in &self.edges {
                let args = target(func, edge).args;
                redirect(func, edge, Target { block, args });
            }
            let mut params = Vec::new();
            for index in 0..func.params(header).len() {
                let ty = func.ty(func.params(header)[index]);
                params.push(func.append_param(block, ty));
            }
            func.list(&params)
        };
        if self.edges.iter().all(|edge| func.is_cold(edge.from)) {
            func.set_cold(block);
        }
        let targets = func.target_list(&[Target {
            block: header,
            args,
        }]);
        let jump = func.new_inst(InstData::Jump(targets), location);
        func.append(block, jump);
        self.new.push((block, header));
        Some(block)
    }
}

/// Puts new blocks into the layout, each before another one.
pub(super) fn place(func: &mut Function, new: &mut [(Block, Block)]) {
    new.sort_by_key(|(_, before)| *before);
    let mut layout = Vec::with_capacity(func.layout().len() + new.len());
    for &block in func.layout() {
        let start = new.partition_point(|(_, before)| *before < block);
        let here = new[start..]
            .iter()
            .take_while(|(_, before)| *before == block);
        layout.extend(here.map(|(block, _)| *block));
        layout.push(block);
    }
    func.set_layout(layout);
}
