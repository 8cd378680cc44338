//! Regions, and jumps out of them.

use super::body::Body;
use super::{Config, Rng, types};
use crate::entity::{Block, Value};
use crate::function::{Function, Target};
use crate::inst::{Effects, InstData};
use crate::op::{BinaryOp, UnaryOp};
use crate::types::{CallConv, Signature, Type};
use alloc::vec::Vec;

/// Where a jump out of the region at hand may go.
#[derive(Clone)]
struct Label {
    block: Block,
    params: Vec<Type>,
    /// For the header of a loop, whose first parameter counts down, that parameter.
    counter: Option<Value>,
}

struct Region<'a> {
    body: Body<'a>,
    labels: Vec<Label>,
    /// How many statements may follow.
    left: u32,
    loops: u32,
}

const MAX_DEPTH: usize = 12;
const MAX_LOOPS: u32 = 3;
const TRAPS: [u8; 4] = [1, 2, 6, 11];

pub(super) fn generate(rng: Rng, name: &str, signature: Signature, config: &Config) -> Function {
    let mut region = Region {
        body: Body::new(Function::new(name, signature), rng, config),
        labels: Vec::new(),
        left: config.size,
        loops: 0,
    };
    region.body.open();
    while region.left > 0 && region.body.block.is_some() {
        region.statements();
    }
    if region.body.block.is_some() {
        region.end();
    }
    region.body.func
}

impl Region<'_> {
    /// Some statements; the last one may be a jump.
    fn statements(&mut self) {
        let count = 1 + self.body.rng.below(8);
        for _ in 0..count {
            if self.left == 0 || self.body.block.is_none() {
                return;
            }
            self.left -= 1;
            self.statement();
        }
        let inside = !self.labels.is_empty();
        if inside && self.body.block.is_some() && self.body.rng.one_in(8) {
            self.leave();
        }
    }

    fn statement(&mut self) {
        let nested = self.labels.len() < MAX_DEPTH;
        match self.body.rng.below(40) {
            0..20 => self.body.operator(),
            20..23 => self.body.load(),
            23..26 => self.body.store(),
            26 => self.body.atomic(),
            27 => self.trap(),
            28 | 29 => self.call(),
            30 if nested => self.try_call(),
            31 => self.body.poll(),
            32..35 if nested => self.branch(),
            35 if nested => self.switch(),
            36 | 37 if nested && self.loops < MAX_LOOPS => self.counted_loop(),
            38 | 39 => self.conditional_jump(),
            _ => self.body.operator(),
        }
    }

    /// A trap that is seldom taken.
    fn trap(&mut self) {
        if !self.config().traps {
            return;
        }
        let ([a, b], trap) = (
            [(); 2].map(|()| self.body.any(Type::I32)),
            *self.body.rng.pick(&TRAPS),
        );
        let bits = self.body.rng.any() as u32;
        let odd = self.body.constant_of(Type::I32, bits.into());
        let sum = self.body.binary(BinaryOp::I32Add, [a, b]);
        let cond = self.body.binary(BinaryOp::I32Xor, [sum, odd]);
        let data = if self.body.rng.one_in(2) {
            InstData::TrapUnless { cond, trap }
        } else {
            let op = UnaryOp::I32Eqz;
            let cond = self.body.value(InstData::Unary { op, arg: cond });
            InstData::TrapIf { cond, trap }
        };
        self.body.push(data);
    }

    fn config(&self) -> &Config {
        self.body.config
    }

    // Calls.

    fn call(&mut self) {
        let Some((sig, callable, callee, args)) = self.body.callee(true, |_| true) else {
            return;
        };
        let args = self.body.func.list(&args);
        let inst = self.body.push(InstData::Call {
            sig,
            effects: callable.effects,
            callee,
            args,
        });
        self.body.keep_results(inst);
        self.body.clear_cell(callee);
    }

    /// A call with handlers, which join what follows it.
    fn try_call(&mut self) {
        if !self.config().try_calls || !self.config().refs {
            return;
        }
        let fits = |callable: &super::Callable| callable.effects == Effects::All;
        let Some((sig, _, callee, args)) = self.body.callee(false, fits) else {
            return;
        };
        let end = self.label();
        let next = self.body.new_block(&[]);
        let tags: Vec<Option<u32>> = match self.body.rng.below(3) {
            0 => Vec::from([None]),
            1 => Vec::from([Some(self.body.rng.below(4) as u32)]),
            _ => Vec::from([Some(self.body.rng.below(4) as u32), None]),
        };
        let mut targets = Vec::from([self.body.target(next, &[])]);
        for _ in &tags {
            let handler = self.body.new_block(&[Type::Ref]);
            targets.push(self.body.target(handler, &[]));
        }
        let (args, list) = (self.body.func.list(&args), self.body.targets(&targets));
        let inst = self.body.push(InstData::TryCall {
            sig,
            callee,
            args,
            targets: list,
        });
        self.body.func.set_handlers(inst, tags);
        for handler in &targets[1..] {
            self.arm(handler.block, &end);
        }
        let mark = self.body.mark();
        self.body.switch_to(next);
        self.body.keep_results(inst);
        let args = self.body.anys(&end.params);
        let target = self.body.target(end.block, &args);
        self.body.jump(target);
        self.body.back_to(mark);
        self.join(&end);
    }

    // Regions.

    /// The end of a new region.
    fn label(&mut self) -> Label {
        let config = self.body.config;
        let params = types(&mut self.body.rng, 3, config);
        Label {
            block: self.body.new_block(&params),
            params,
            counter: None,
        }
    }

    /// Goes on at the end of a region.
    fn join(&mut self, end: &Label) {
        self.body.switch_to(end.block);
        self.body.keep_params(end.block);
    }

    /// A block with what follows it, to the end of the region.
    fn arm(&mut self, block: Block, end: &Label) {
        let mark = self.body.mark();
        self.body.switch_to(block);
        self.body.keep_params(block);
        self.labels.push(end.clone());
        if self.body.rng.one_in(10) {
            self.body.func.set_cold(block);
        }
        self.statements();
        self.labels.pop();
        if self.body.block.is_some() {
            let args = self.body.anys(&end.params);
            let target = self.body.target(end.block, &args);
            self.body.jump(target);
        }
        self.body.back_to(mark);
    }

    /// One arm or two.
    fn branch(&mut self) {
        let end = self.label();
        let cond = self.body.condition();
        let arms: Vec<Block> = (0..1 + self.body.rng.below(2))
            .map(|_| self.body.new_block(&[]))
            .collect();
        let then = self.body.target(arms[0], &[]);
        let or_else = match arms.get(1) {
            Some(block) => self.body.target(*block, &[]),
            None => {
                let args = self.body.anys(&end.params);
                self.body.target(end.block, &args)
            }
        };
        self.body.branch(cond, then, or_else);
        arms.iter().for_each(|block| self.arm(*block, &end));
        self.join(&end);
    }

    fn switch(&mut self) {
        let end = self.label();
        let any = self.body.any(Type::I32);
        let mask = self.body.constant_of(Type::I32, 7);
        let index = match self.body.rng.one_in(3) {
            true => any,
            false => self.body.binary(BinaryOp::I32And, [any, mask]),
        };
        let arms: Vec<Block> = (0..1 + self.body.rng.below(4))
            .map(|_| self.body.new_block(&[]))
            .collect();
        let mut targets = Vec::new();
        for _ in 0..1 + self.body.rng.below(8) {
            targets.push(self.some_target(&arms, &end));
        }
        for block in &arms {
            targets.push(self.body.target(*block, &[]));
        }
        let targets = self.body.targets(&targets);
        self.body.push(InstData::Switch { index, targets });
        arms.iter().for_each(|block| self.arm(*block, &end));
        self.join(&end);
    }

    fn some_target(&mut self, arms: &[Block], end: &Label) -> Target {
        match self.body.rng.below(4) {
            0 => {
                let args = self.body.anys(&end.params);
                self.body.target(end.block, &args)
            }
            1 => match self.outer() {
                Some(target) => target,
                None => self.body.target(arms[0], &[]),
            },
            _ => {
                let block = *self.body.rng.pick(arms);
                self.body.target(block, &[])
            }
        }
    }

    /// A loop whose header leaves it when the counter is 0.
    fn counted_loop(&mut self) {
        let end = self.label();
        let config = self.body.config;
        let mut params = types(&mut self.body.rng, 3, config);
        params.insert(0, Type::I32);
        let header = self.body.new_block(&params);
        let trips = self.body.rng.below(6) as u128;
        let mut args = self.body.anys(&params);
        args[0] = self.body.constant_of(Type::I32, trips);
        let target = self.body.target(header, &args);
        self.body.jump(target);
        let mark = self.body.mark();
        self.body.switch_to(header);
        let counter = self.body.func.params(header)[0];
        self.body.keep_params(header);
        let inside = self.body.new_block(&[]);
        let then = self.body.target(inside, &[]);
        let args = self.body.anys(&end.params);
        let or_else = self.body.target(end.block, &args);
        self.body.branch(counter, then, or_else);
        let start = Label {
            block: header,
            params,
            counter: Some(counter),
        };
        self.labels.push(end.clone());
        self.labels.push(start.clone());
        self.loops += 1;
        self.body.switch_to(inside);
        while self.body.block.is_some() && self.left > 0 && !self.body.rng.one_in(3) {
            self.statements();
        }
        if self.body.block.is_some() {
            let target = self.jump_to(&start);
            self.body.jump(target);
        }
        self.loops -= 1;
        self.labels.truncate(self.labels.len() - 2);
        self.body.back_to(mark);
        self.join(&end);
    }

    // Jumps.

    /// A target with arguments from what is in reach. A loop goes on with one trip less.
    fn jump_to(&mut self, label: &Label) -> Target {
        let mut args = self.body.anys(&label.params);
        if let Some(counter) = label.counter {
            let one = self.body.constant_of(Type::I32, 1);
            args[0] = self.body.binary(BinaryOp::I32Sub, [counter, one]);
        }
        self.body.target(label.block, &args)
    }

    /// A target outside of the region at hand.
    fn outer(&mut self) -> Option<Target> {
        if self.labels.is_empty() {
            return None;
        }
        let label = self.body.rng.pick(&self.labels).clone();
        Some(self.jump_to(&label))
    }

    /// Perhaps a jump to somewhere outside.
    fn conditional_jump(&mut self) {
        let Some(then) = self.outer() else {
            return;
        };
        let next = self.body.new_block(&[]);
        let cond = self.body.condition();
        let or_else = self.body.target(next, &[]);
        match self.body.rng.one_in(2) {
            true => self.body.branch(cond, then, or_else),
            false => self.body.branch(cond, or_else, then),
        }
        self.body.switch_to(next);
    }

    /// An end of the region that is none of the ordinary.
    fn leave(&mut self) {
        match self.body.rng.below(8) {
            0 if self.config().traps => {
                let trap = *self.body.rng.pick(&TRAPS);
                self.body.push(InstData::Trap(trap));
            }
            1 => self.end(),
            _ => {
                let target = self.outer().expect("it is a region inside of another");
                self.body.jump(target);
            }
        }
    }

    /// A return, or a tail call. Before it, some of what is in reach is put where it is seen.
    fn end(&mut self) {
        for _ in 0..4 {
            self.body.store();
        }
        let signature = &self.body.func.signature;
        let (conv, results) = (signature.conv, signature.results.clone());
        if self.config().tail_calls && conv == CallConv::Guest && self.body.rng.one_in(2) {
            let fits = |callable: &super::Callable| {
                callable.signature.conv == conv && callable.signature.results == results
            };
            if let Some((sig, _, callee, args)) = self.body.callee(false, fits) {
                let args = self.body.func.list(&args);
                self.body.push(InstData::TailCall { sig, callee, args });
                return;
            }
        }
        let values = self.body.anys(&results);
        let args = self.body.func.list(&values);
        self.body.push(InstData::Return(args));
    }
}
