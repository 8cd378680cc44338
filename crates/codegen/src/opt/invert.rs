//! Loop inversion: `while` becomes `if` and `do while`.
//!
//! A loop whose header `H` decides whether to go on costs a jump and a branch each time around.
//! `H` is copied: edges from outside lead to the copy, those from inside to `H`, which so becomes
//! the end of the loop. Where both lead inside, a new block is the loop's header; it is only
//! reached if the body runs, so that what the body does anyway can be moved before the loop.
//!
//! ```text
//! outside → H → body → H           outside → H' → L → body → H → L
//!           H → exit          =>             H' → exit       H → exit
//! ```
//!
//! *SSA.* What `H` defines has now two definitions. Inside of the loop all other blocks are behind
//! `L`, which takes those as parameters that are used there. Outside, uses are behind the exit,
//! which gets parameters too if `H` dominates it. A loop with uses elsewhere is left as it is.
//!
//! *Cost.* A loop that is entered from the header of another waits for the next round; there are
//! few rounds. Each is linear, and only headers of few instructions are copied.

use super::copy::{append_args, duplicate, redirect, target};
use super::preheader::place;
use alloc::vec::Vec;
use tierra_ir::{Block, Edge, Flow, Function, InstData, Loop, Target, Value, ValueDef};

const ROUNDS: usize = 4;
/// Headers of more instructions than this are not copied.
const MAX_INSTS: usize = 16;
const NONE: u32 = u32::MAX;
const IN_BODY: u8 = 1;
const IN_EXIT: u8 = 2;

/// Memory of the pass.
#[derive(Default)]
pub(super) struct State {
    candidates: Vec<Candidate>,
    /// By block, whether it is the header of a candidate.
    is_header: Vec<bool>,
    /// By value, the candidate whose header defines it.
    owner: Vec<u32>,
    /// By value, where it is used.
    used: Vec<u8>,
    /// By value, the parameter that it is in the body, and behind the exit.
    in_body: Vec<u32>,
    in_exit: Vec<u32>,
    /// By value of a header, its copy.
    copy: Vec<u32>,
    values: Vec<Value>,
    more: Vec<Value>,
    targets: Vec<Target>,
    new: Vec<(Block, Block)>,
}

#[derive(Clone, Copy)]
struct Candidate {
    header: Block,
    /// The header's targets, and which of them is inside.
    body: Block,
    exit: Block,
    inside: u32,
    /// Whether the header dominates the exit.
    owns_exit: bool,
    refused: bool,
}

/// Where a use of what a header defines is.
enum Place {
    Header,
    Body,
    Exit,
    Elsewhere,
}

impl Candidate {
    fn place(&self, flow: &Flow, block: Block) -> Place {
        if block == self.header {
            Place::Header
        } else if flow.dominates(self.body, block) {
            Place::Body
        } else if self.owns_exit && flow.dominates(self.exit, block) {
            Place::Exit
        } else {
            Place::Elsewhere
        }
    }
}

impl State {
    /// Inverts loops. Whether any was is the result; the flow is not valid then.
    pub(super) fn run(&mut self, func: &mut Function, flow: &mut Flow) -> bool {
        for round in 0..ROUNDS {
            if round > 0 {
                flow.compute(func);
            }
            let waiting = self.find_candidates(func, flow);
            if !self.candidates.is_empty() {
                self.find_uses(func, flow);
            }
            if self.candidates.iter().all(|c| c.refused) {
                return round > 0;
            }
            self.new.clear();
            self.make_params(func, flow);
            self.rewrite_uses(func, flow);
            for index in 0..self.candidates.len() {
                if !self.candidates[index].refused {
                    self.invert(func, flow, self.candidates[index]);
                }
            }
            place(func, &mut self.new);
            if !waiting {
                break;
            }
        }
        true
    }

    /// Finds loops to invert. Whether some must wait for the next round is the result: an edge
    /// that enters one loop must not be copied with the header of another.
    fn find_candidates(&mut self, func: &Function, flow: &Flow) -> bool {
        self.candidates.clear();
        self.is_header.clear();
        self.is_header.resize(func.num_blocks(), false);
        let mut waiting = false;
        for l in flow.loops().rev() {
            let Some(candidate) = candidate(func, flow, l) else {
                continue;
            };
            let entered_from = flow
                .predecessors(candidate.header)
                .iter()
                .filter(|edge| !flow.in_loop(edge.from, l));
            let mut entered_from = entered_from.map(|edge| edge.from);
            let enters = |block: Block| {
                let other = flow.loop_of(block).filter(|l| flow.header(*l) == block);
                other.is_some_and(|other| !flow.in_loop(candidate.header, other))
            };
            let mut entered = [candidate.body, candidate.exit].into_iter().filter(|b| enters(*b));
            if entered_from.any(|block| self.is_header[block.index()])
                || entered.any(|block| self.is_header[block.index()])
            {
                waiting = true;
                continue;
            }
            self.is_header[candidate.header.index()] = true;
            self.candidates.push(candidate);
        }
        waiting
    }

    fn find_uses(&mut self, func: &Function, flow: &Flow) {
        let values = func.num_values();
        for (table, value) in [
            (&mut self.owner, NONE),
            (&mut self.in_body, NONE),
            (&mut self.in_exit, NONE),
            (&mut self.copy, NONE),
        ] {
            table.clear();
            table.resize(values, value);
        }
        self.used.clear();
        self.used.resize(values, 0);
        for (index, candidate) in self.candidates.iter().enumerate() {
            defined(func, candidate.header, |v| {
                self.owner[v.index()] = index as u32
            });
        }
        for &block in flow.rpo() {
            for inst in func.insts(block) {
                func.for_each_operand(inst, |value| {
                    let owner = self.owner[value.index()];
                    if owner == NONE {
                        return;
                    }
                    let candidate = &mut self.candidates[owner as usize];
                    match candidate.place(flow, block) {
                        Place::Header => {}
                        Place::Body => self.used[value.index()] |= IN_BODY,
                        Place::Exit => self.used[value.index()] |= IN_EXIT,
                        Place::Elsewhere => candidate.refused = true,
                    }
                });
            }
        }
        for candidate in &mut self.candidates {
            if !candidate.owns_exit {
                continue;
            }
            // Edges to the exit from the body bring what is used there.
            let mut from_body = false;
            for edge in flow.predecessors(candidate.exit) {
                match candidate.place(flow, edge.from) {
                    Place::Body => from_body = true,
                    Place::Elsewhere => candidate.refused = true,
                    Place::Header | Place::Exit => {}
                }
            }
            if from_body {
                defined(func, candidate.header, |value| {
                    let used = &mut self.used[value.index()];
                    if *used & IN_EXIT != 0 {
                        *used |= IN_BODY;
                    }
                });
            }
        }
    }

    fn make_params(&mut self, func: &mut Function, flow: &Flow) {
        for index in 0..self.candidates.len() {
            let candidate = self.candidates[index];
            if candidate.refused {
                continue;
            }
            let landing = func.new_block();
            self.values.clear();
            defined(func, candidate.header, |value| self.values.push(value));
            let mut exit_values = Vec::new();
            self.more.clear();
            for index in 0..self.values.len() {
                let value = self.values[index];
                let ty = func.ty(value);
                let used = self.used[value.index()];
                if used & IN_BODY != 0 {
                    self.in_body[value.index()] = func.append_param(landing, ty).0;
                    self.more.push(value);
                }
                if used & IN_EXIT != 0 {
                    self.in_exit[value.index()] = func.append_param(candidate.exit, ty).0;
                    exit_values.push(value);
                }
            }
            for &edge in flow.predecessors(candidate.exit) {
                let place = candidate.place(flow, edge.from);
                let args: Vec<Value> = exit_values
                    .iter()
                    .map(|value| self.reaching(*value, &place))
                    .collect();
                if !args.is_empty() {
                    append_args(func, edge, &args, &mut self.values);
                }
            }
            self.land(func, candidate, landing);
        }
    }

    /// Puts the landing between the header and the body: it takes what is used there, and the
    /// arguments of the edge.
    fn land(&mut self, func: &mut Function, candidate: Candidate, landing: Block) {
        let edge = Edge {
            from: candidate.header,
            index: candidate.inside,
        };
        let old = target(func, edge).args;
        let mut passed = Vec::new();
        for index in 0..old.len() {
            let value = func.values(old)[index];
            let ty = func.ty(value);
            passed.push(func.append_param(landing, ty));
            self.more.push(value);
        }
        let args = func.list(&self.more);
        redirect(
            func,
            edge,
            Target {
                block: landing,
                args,
            },
        );
        let args = func.list(&passed);
        let block = candidate.body;
        let targets = func.target_list(&[Target { block, args }]);
        let end = func
            .last_inst(candidate.header)
            .expect("it ends with the branch");
        let jump = func.new_inst(InstData::Jump(targets), func.location(end));
        func.append(landing, jump);
        if func.is_cold(candidate.body) {
            func.set_cold(landing);
        }
        self.new.push((landing, candidate.body));
    }

    fn reaching(&self, value: Value, place: &Place) -> Value {
        let param = match place {
            Place::Header | Place::Elsewhere => return value,
            Place::Body => self.in_body[value.index()],
            Place::Exit => self.in_exit[value.index()],
        };
        debug_assert_ne!(param, NONE, "uses were looked for");
        Value(param)
    }

    fn rewrite_uses(&self, func: &mut Function, flow: &Flow) {
        for &block in flow.rpo() {
            let mut next = func.first_inst(block);
            while let Some(inst) = next {
                next = func.next_inst(inst);
                func.map_operands(inst, |value| match self.owner.get(value.index()) {
                    None | Some(&NONE) => value,
                    Some(&owner) => {
                        let candidate = &self.candidates[owner as usize];
                        if candidate.refused {
                            return value;
                        }
                        self.reaching(value, &candidate.place(flow, block))
                    }
                });
            }
        }
    }

    /// Copies the header for those who come from outside.
    fn invert(&mut self, func: &mut Function, flow: &Flow, candidate: Candidate) {
        let header = candidate.header;
        let copy = func.new_block();
        for index in 0..func.params(header).len() {
            let param = func.params(header)[index];
            let ty = func.ty(param);
            self.copy[param.index()] = func.append_param(copy, ty).0;
        }
        let mut next = func.first_inst(header);
        while let Some(inst) = next {
            next = func.next_inst(inst);
            let data = duplicate(func, *func.data(inst), &mut self.targets);
            let new = func.new_inst(data, func.location(inst));
            func.append(copy, new);
            func.map_operands(new, |value| match self.copy.get(value.index()) {
                None | Some(&NONE) => value,
                Some(&copy) => Value(copy),
            });
            for (old, new) in func.results(inst).zip(func.results(new)) {
                self.copy[old.index()] = new.0;
            }
        }
        let l = flow.loop_of(header).expect("it is a header");
        for &edge in flow.predecessors(header) {
            if !flow.in_loop(edge.from, l) {
                let args = target(func, edge).args;
                redirect(func, edge, Target { block: copy, args });
            }
        }
        if func.is_cold(header) {
            func.set_cold(copy);
        }
        self.new.push((copy, header));
    }
}

/// Calls a function with each value that a block defines.
fn defined(func: &Function, block: Block, mut f: impl FnMut(Value)) {
    let is_own = |value: Value| !matches!(func.def(value), ValueDef::Alias(_));
    func.params(block)
        .iter()
        .copied()
        .filter(|v| is_own(*v))
        .for_each(&mut f);
    for inst in func.insts(block) {
        func.results(inst).for_each(&mut f);
    }
}

/// The loop, if its header decides whether to go on and is cheap to copy.
fn candidate(func: &Function, flow: &Flow, l: Loop) -> Option<Candidate> {
    let header = flow.header(l);
    let end = func.last_inst(header)?;
    let InstData::Branch { targets, .. } = *func.data(end) else {
        return None;
    };
    let targets = func.targets(targets);
    let inside = match [0, 1].map(|i| flow.in_loop(targets[i].block, l)) {
        [true, false] => 0,
        [false, true] => 1,
        _ => return None,
    };
    let (body, exit) = (targets[inside].block, targets[1 - inside].block);
    let latch = |edge: &Edge| edge.from == header;
    if body == header || flow.predecessors(header).iter().any(latch) {
        return None;
    }
    for (count, inst) in func.insts(header).enumerate() {
        let call = matches!(
            func.data(inst),
            InstData::Call { .. } | InstData::CalleeCell
        );
        if call || count >= MAX_INSTS {
            return None;
        }
    }
    Some(Candidate {
        header,
        body,
        exit,
        inside: inside as u32,
        owns_exit: flow.dominates(header, exit),
        refused: false,
    })
}
