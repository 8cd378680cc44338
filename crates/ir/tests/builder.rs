//! The builder: random functions are written again with a variable for each value, which must
//! become SSA form that does the same and has no more parameters than there were.

mod common;

use common::{accept, case, run};
use tierra_ir::builder::State;
use tierra_ir::generate::Rng;
use tierra_ir::{
    Block, Builder, Cleaner, Flow, Function, Inst, InstData, Target, ValueList, Variable,
    split_critical_edges,
};

struct Writer<'a> {
    builder: Builder<'a>,
    old: &'a Function,
    flow: &'a Flow,
    variables: Vec<Variable>,
    blocks: Vec<Block>,
    /// By block, the jumps to it that are not yet written.
    left: Vec<usize>,
    seal: Rng,
}

impl Writer<'_> {
    fn block(&mut self, block: Block) {
        self.builder.switch_to(self.blocks[block.index()]);
        let own = self.own_params(block);
        for (index, param) in own.iter().enumerate() {
            let value = self.builder.func.params(self.blocks[block.index()])[index];
            self.builder.set(self.variables[param.index()], value);
        }
        // The results of a call with handlers are there where it goes on.
        if let [edge] = self.flow.predecessors(block)
            && edge.index == 0
            && self.old.is_try(edge.from)
        {
            let end = self.old.last_inst(edge.from).expect("a terminator");
            let from = self.blocks[edge.from.index()];
            let new = self.builder.func.last_inst(from).expect("a terminator");
            self.keep_results(end, new);
        }
        for inst in self.old.insts(block) {
            self.inst(inst);
        }
    }

    /// The parameters that don't come from jumps: of the entry, and of handlers.
    fn own_params(&self, block: Block) -> Vec<tierra_ir::Value> {
        let handler = self
            .flow
            .predecessors(block)
            .iter()
            .any(|edge| self.old.is_try(edge.from));
        match handler || block == self.old.entry() {
            true => self.old.params(block).to_vec(),
            false => Vec::new(),
        }
    }

    fn keep_results(&mut self, old: Inst, new: Inst) {
        let results = self.builder.func.results(new);
        for (from, to) in self.old.results(old).zip(results) {
            self.builder.set(self.variables[from.index()], to);
        }
    }

    fn inst(&mut self, inst: Inst) {
        self.builder.at(self.old.location(inst));
        let mut values = Vec::new();
        self.old.for_each_own_operand(inst, |value| {
            values.push(self.builder.get(self.variables[value.index()]));
        });
        let data = self.translate(*self.old.data(inst));
        if let InstData::Jump(targets) = *self.old.data(inst) {
            let target = self.old.targets(targets)[0];
            let args: Vec<_> = self
                .old
                .values(target.args)
                .iter()
                .map(|value| self.builder.get(self.variables[value.index()]))
                .collect();
            for (param, value) in self.old.params(target.block).iter().zip(args) {
                self.builder.set(self.variables[param.index()], value);
            }
        }
        // The operands in their order take the place of the old ones.
        let mut values = values.into_iter();
        let new = self.builder.func.new_inst(data, 0);
        self.builder
            .func
            .map_operands(new, |_| values.next().expect("as many operands"));
        let new = self.builder.push(*self.builder.func.data(new));
        if matches!(data, InstData::TryCall { .. }) {
            let tags = self.old.handlers(inst).to_vec();
            self.builder.func.set_handlers(new, tags);
        }
        if !data.is_terminator() {
            self.keep_results(inst, new);
        }
        for target in self.old.targets(self.old.data(inst).targets()) {
            let left = &mut self.left[target.block.index()];
            *left -= 1;
            if *left == 0 && self.seal.one_in(2) {
                self.builder.seal(self.blocks[target.block.index()]);
            }
        }
    }

    /// The same with lists of the new function, whose values are still to come.
    fn translate(&mut self, mut data: InstData) -> InstData {
        use InstData::*;
        let (old, func) = (self.old, &mut *self.builder.func);
        match &mut data {
            V128Const(constant) | Shuffle { mask: constant, .. } => {
                *constant = func.constant(old.constant_bytes(*constant));
            }
            Wide { args, .. } | Vector { args, .. } | Lane { args, .. } | Return(args) => {
                *args = func.list(old.values(*args));
            }
            Call { args, .. } | TailCall { args, .. } | TryCall { args, .. } => {
                *args = func.list(old.values(*args));
            }
            Select { args, cond } => {
                // Its type is that of an operand.
                let ty = old.ty(args[0]);
                *cond = func.params(func.entry())[0];
                let like = (0..func.num_values() as u32).map(tierra_ir::Value);
                let like = like.into_iter().find(|value| func.ty(*value) == ty);
                *args = [like.expect("an operand was read"); 2];
            }
            _ => {}
        }
        let targets: Vec<Target> = old
            .targets(data.targets())
            .iter()
            .map(|target| Target {
                block: self.blocks[target.block.index()],
                args: ValueList::EMPTY,
            })
            .collect();
        let new = self.builder.func.target_list(&targets);
        match &mut data {
            Jump(targets)
            | Branch { targets, .. }
            | Switch { targets, .. }
            | TryCall { targets, .. } => *targets = new,
            _ => {}
        }
        data
    }
}

fn write_again(old: &Function, state: &mut State, seed: u64) -> Function {
    let mut func = Function::new(old.name.clone(), old.signature.clone());
    func.signatures.clone_from(&old.signatures);
    func.slots.clone_from(&old.slots);
    let mut flow = Flow::new();
    flow.compute(old);
    let mut builder = Builder::new(&mut func, state);
    let variables = (0..old.num_values() as u32)
        .map(|value| builder.variable(old.ty(tierra_ir::Value(value))))
        .collect();
    let blocks = (0..old.num_blocks()).map(|_| builder.block()).collect();
    let left = (0..old.num_blocks() as u32)
        .map(|block| flow.predecessors(Block(block)).len())
        .collect();
    let mut writer = Writer {
        builder,
        old,
        flow: &flow,
        variables,
        blocks,
        left,
        seal: Rng::new(seed),
    };
    for &block in old.layout() {
        for param in writer.own_params(block) {
            let to = writer.blocks[block.index()];
            writer.builder.func.append_param(to, old.ty(param));
        }
    }
    // In the order of a front end: a block after one that leads to it.
    for &block in flow.rpo() {
        writer.block(block);
    }
    writer.builder.finish();
    func
}

fn params(func: &Function) -> usize {
    func.layout()
        .iter()
        .map(|block| func.params(*block).len())
        .sum()
}

#[test]
fn variables_become_values() {
    let mut state = State::default();
    let mut cleaner = Cleaner::new();
    for seed in 0..200 {
        let mut case = case(seed, 60);
        for func in &mut case.program.functions {
            cleaner.dead_code(func);
            split_critical_edges(func);
        }
        let expected = run(&case.program.functions, &case);
        let mut again = Vec::new();
        for func in &case.program.functions {
            let mut new = write_again(func, &mut state, seed);
            accept(&new, "written again");
            cleaner.dead_code(&mut new);
            assert!(params(&new) <= params(func), "{func}\n{new}");
            again.push(new);
        }
        if let (Some(expected), Some(outcome)) = (expected, run(&again, &case)) {
            assert_eq!(outcome, expected, "seed {seed}");
        }
    }
}
