//! Random functions with every constraint, structured, with jumps out of loops and handlers.

use crate::program::*;
use tierra_codegen::regalloc::interface::*;

/// What a random function is made of.
#[derive(Clone, Copy)]
pub struct Shape {
    pub ints: u8,
    pub vecs: u8,
    /// Statements, more or less.
    pub size: usize,
    /// How many of the values in scope are likely to be used.
    pub width: usize,
    /// One of so many uses is of any value in scope.
    pub far: usize,
    /// Whether calls and safepoints are made.
    pub calls: bool,
    /// Whether cold blocks are moved to the end.
    pub shuffled: bool,
}

struct Generator {
    random: Random,
    shape: Shape,
    program: Program,
    block: BlockIx,
    scope: Vec<VReg>,
    left: usize,
    depth: u32,
    frequency: f32,
    loops: Vec<LoopContext>,
}

/// A loop that is being generated.
struct LoopContext {
    /// Blocks that leave to behind it, which passes values on from there.
    exits: Vec<BlockIx>,
    /// Blocks that go on with its next round.
    latches: Vec<BlockIx>,
}

/// Makes a random function.
pub fn generate(seed: u64, shape: Shape) -> Program {
    let mut random = Random::new(seed);
    random.next();
    let mut generator = Generator {
        random,
        shape,
        program: Program::default(),
        block: 0,
        scope: vec![],
        left: shape.size,
        depth: 0,
        frequency: 1.0,
        loops: vec![],
    };
    generator.block = generator.program.block(1.0, 0);
    generator.entry();
    while generator.left > 0 {
        generator.statement();
    }
    let uses = (0..4).map(|_| generator.pick()).collect::<Vec<_>>();
    let operands = uses
        .into_iter()
        .map(|v| op(v, Constraint::UseAny))
        .collect();
    generator.program.inst(generator.block, operands);
    let mut program = generator.program;
    if shape.shuffled {
        let cold = program.blocks.iter().map(|block| block.frequency < 0.3);
        let cold: Vec<bool> = cold.collect();
        program.move_to_end(&cold);
    }
    program.finish();
    program
}

impl Generator {
    fn entry(&mut self) {
        let mut operands = vec![];
        for number in 0..3 {
            let value = self.program.int();
            operands.push(op(value, Constraint::DefFixed(PReg::int(number))));
            self.scope.push(value);
        }
        let value = self.program.value(RegClass::Vec, 16, false, false);
        operands.push(op(value, Constraint::DefFixed(PReg::vec(1))));
        self.scope.push(value);
        let value = self.program.value(RegClass::Int, 8, true, false);
        operands.push(op(value, Constraint::DefFixed(PReg::int(14))));
        self.scope.push(value);
        self.program.inst(self.block, operands);
    }

    fn new_value(&mut self) -> VReg {
        match self.random.below(10) {
            0..5 => self.program.int(),
            5..7 => self.program.value(RegClass::Int, 8, true, false),
            7 => self.program.value(RegClass::Vec, 8, false, false),
            _ => self.program.value(RegClass::Vec, 16, false, false),
        }
    }

    fn like(&mut self, value: VReg) -> VReg {
        let info = self.program.values[value.0 as usize].info;
        self.program
            .value(info.class, info.size, info.is_ref, false)
    }

    fn pick(&mut self) -> VReg {
        let width = self.scope.len().min(self.shape.width);
        if self.random.one_in(self.shape.far) {
            return self.scope[self.random.below(self.scope.len())];
        }
        self.scope[self.scope.len() - 1 - self.random.below(width)]
    }

    /// A value like another one.
    fn pick_like(&mut self, value: VReg) -> VReg {
        let info = self.program.values[value.0 as usize].info;
        for _ in 0..8 {
            let other = self.pick();
            if self.program.values[other.0 as usize].info == info {
                return other;
            }
        }
        let fits = |v: &&VReg| self.program.values[v.0 as usize].info == info;
        if let Some(&other) = self.scope.iter().rev().find(fits) {
            return other;
        }
        let made = self.like(value);
        self.program
            .inst(self.block, vec![op(made, Constraint::Def)]);
        self.scope.push(made);
        made
    }

    fn pick_class(&mut self, class: RegClass) -> VReg {
        let like = match class {
            RegClass::Int => VReg(0),
            RegClass::Vec => VReg(3),
        };
        self.pick_like(like)
    }

    fn result(&mut self, operands: &mut Vec<Operand>, constraint: Constraint) {
        let value = self.new_value();
        operands.push(op(value, constraint));
        self.scope.push(value);
    }

    fn statement(&mut self) {
        self.left = self.left.saturating_sub(1);
        match self.random.below(40) {
            0..12 => self.plain(),
            12..17 => self.tied(),
            17..19 => self.remat(),
            19..21 => self.copy(),
            21..24 => self.shift(),
            24..26 => self.divide(),
            26..28 => self.early_late(),
            28..31 if self.shape.calls => {
                self.call(false);
            }
            31 if self.shape.calls => self.safepoint(),
            32 if self.shape.calls => self.guarded_call(),
            33..36 => self.branch(),
            36..38 => self.repeat(),
            38 => self.leave_loop(),
            _ => self.plain(),
        }
    }

    fn plain(&mut self) {
        let mut operands = vec![];
        for _ in 0..self.random.below(3) {
            let constraint = if self.random.one_in(4) {
                Constraint::UseAny
            } else {
                Constraint::Use
            };
            let value = self.pick();
            operands.push(op(value, constraint));
        }
        if !self.random.one_in(5) {
            self.result(&mut operands, Constraint::Def);
        }
        self.program.inst(self.block, operands);
    }

    fn tied(&mut self) {
        let (a, b) = (self.pick(), self.pick());
        let result = self.like(a);
        let mut operands = vec![
            op(a, Constraint::Use),
            op(b, Constraint::Use),
            op(result, Constraint::DefTied(0)),
        ];
        match self.random.below(6) {
            0 => operands[1].constraint = Constraint::UseLate,
            1 => {
                operands.remove(1);
                operands[1].constraint = Constraint::DefTied(0);
            }
            2 => self.result(&mut operands, Constraint::DefEarly),
            3 => self.result(&mut operands, Constraint::Def),
            _ => {}
        }
        self.scope.push(result);
        self.program.inst(self.block, operands);
    }

    fn remat(&mut self) {
        let class = self.pick();
        let info = self.program.values[class.0 as usize].info;
        let value = self.program.value(info.class, info.size, info.is_ref, true);
        self.program
            .inst(self.block, vec![op(value, Constraint::Def)]);
        self.scope.push(value);
    }

    fn copy(&mut self) {
        let source = self.pick();
        let result = self.like(source);
        let operands = vec![op(source, Constraint::Use), op(result, Constraint::Def)];
        self.program.inst(self.block, operands).is_move = true;
        self.scope.push(result);
    }

    fn shift(&mut self) {
        let (value, count) = (
            self.pick_class(RegClass::Int),
            self.pick_class(RegClass::Int),
        );
        let result = self.program.int();
        let mut operands = vec![
            op(value, Constraint::Use),
            op(count, Constraint::UseFixed(PReg::int(1))),
            op(result, Constraint::DefTied(0)),
        ];
        if self.random.one_in(4) {
            operands[1].constraint = Constraint::UseFixed(PReg::int(14));
        }
        self.scope.push(result);
        self.program.inst(self.block, operands);
    }

    fn divide(&mut self) {
        let (a, b) = (
            self.pick_class(RegClass::Int),
            self.pick_class(RegClass::Int),
        );
        let (quotient, rest) = (self.program.int(), self.program.int());
        let by = [Constraint::Use, Constraint::UseAny, Constraint::UseLate];
        let mut operands = vec![
            op(a, Constraint::UseFixed(PReg::int(0))),
            op(b, by[self.random.below(3)]),
            op(quotient, Constraint::DefFixed(PReg::int(0))),
        ];
        let mut clobbers = PRegSet::EMPTY;
        self.scope.push(quotient);
        if self.random.one_in(2) {
            operands.push(op(rest, Constraint::DefFixed(PReg::int(2))));
            self.scope.push(rest);
        } else {
            clobbers = clobbers.with(PReg::int(2)).with(PReg::vec(0));
        }
        self.program.inst(self.block, operands).clobbers = clobbers;
    }

    fn early_late(&mut self) {
        let mut operands = vec![];
        for constraint in [Constraint::Use, Constraint::UseLate, Constraint::UseAny] {
            if !self.random.one_in(3) {
                let value = self.pick();
                operands.push(op(value, constraint));
            }
        }
        if self.random.one_in(3) {
            self.result(&mut operands, Constraint::Def);
        }
        self.result(&mut operands, Constraint::DefEarly);
        let inst = self.program.inst(self.block, operands);
        if self.random.one_in(3) {
            inst.clobbers = PRegSet::EMPTY.with(PReg::int(0));
        }
    }

    fn call(&mut self, is_last: bool) -> usize {
        let mut operands = vec![];
        for number in 0..self.random.below(self.shape.ints as usize - 1) {
            let value = self.pick_class(RegClass::Int);
            let reg = PReg::int(number as u8);
            operands.push(op(value, Constraint::UseFixed(reg)));
        }
        for number in 0..self.random.below(self.shape.vecs as usize - 1) {
            let value = self.pick_class(RegClass::Vec);
            let reg = PReg::vec(number as u8);
            operands.push(op(value, Constraint::UseFixed(reg)));
        }
        for _ in 0..self.random.below(8) / 4 * 8 {
            let value = self.pick();
            operands.push(op(value, Constraint::UseAny));
        }
        if self.random.one_in(3) {
            let value = self.pick_class(RegClass::Int);
            operands.push(op(value, Constraint::Use));
        }
        let mut made = 0;
        for reg in [PReg::int(0), PReg::int(1), PReg::vec(0)] {
            if self.random.one_in(2) {
                let is_ref = reg.class() == RegClass::Int && self.random.one_in(2);
                let value = self.program.value(reg.class(), 8, is_ref, false);
                operands.push(op(value, Constraint::DefFixed(reg)));
                self.scope.push(value);
                made += 1;
            }
        }
        let is_safepoint = self.random.below(4) != 0;
        let keeps_vectors = !is_last && self.random.one_in(5);
        let inst = self.program.inst(self.block, operands);
        inst.clobbers = PRegSet(if keeps_vectors { 0xffff_ffff } else { u64::MAX });
        inst.is_safepoint = is_safepoint;
        made
    }

    fn safepoint(&mut self) {
        let value = self.pick();
        let operands = vec![op(value, Constraint::Use)];
        self.program.inst(self.block, operands).is_safepoint = true;
    }

    /// Starts a new block.
    fn open(&mut self, frequency: f32) -> BlockIx {
        self.frequency = frequency;
        self.block = self.program.block(frequency, self.depth);
        self.block
    }

    fn guarded_call(&mut self) {
        let from = self.block;
        let frequency = self.frequency;
        let scope = self.scope.len();
        let made = self.call(true);
        // A call that survives in no register and one that destroys nothing.
        if self.random.one_in(4) && made == 0 {
            let inst = self.program.blocks[from as usize].insts.last_mut();
            inst.unwrap().clobbers = PRegSet::EMPTY;
        }
        let next = self.open(frequency);
        for _ in 0..self.random.below(3) {
            self.plain();
        }
        let mut ends = vec![self.block];
        let mut succs = vec![next];
        for _ in 0..1 + self.random.below(2) {
            self.scope.truncate(scope);
            let handler = self.open(frequency * 0.01);
            self.program.blocks[handler as usize].is_handler = true;
            let exception = self.program.value(RegClass::Int, 8, true, false);
            let operands = vec![op(exception, Constraint::DefFixed(PReg::int(0)))];
            self.program.inst(handler, operands);
            self.scope.push(exception);
            for _ in 0..self.random.below(4) {
                self.plain();
            }
            succs.push(handler);
            ends.push(self.block);
        }
        self.program.link(from, &succs);
        self.scope.truncate(scope);
        self.join(&ends, frequency, scope);
    }

    /// Brings ways together, with parameters.
    fn join(&mut self, ends: &[BlockIx], frequency: f32, scope: usize) {
        let kinds: Vec<VReg> = (0..self.random.below(4)).map(|_| self.pick()).collect();
        let join = self.open(frequency);
        self.program.blocks[join as usize].params.clear();
        let mut params = vec![];
        for &kind in &kinds {
            params.push(self.like(kind));
        }
        for &end in ends {
            let args = kinds.iter().map(|&kind| self.visible_at(end, kind, scope));
            let args = args.collect();
            self.program.blocks[end as usize].args = args;
            self.program.jump(end, &[join]);
        }
        self.program.blocks[join as usize].params = params.clone();
        self.scope.extend(params);
    }

    /// A value like another one that may be used at the end of a block, made there if need be.
    fn visible_at(&mut self, block: BlockIx, kind: VReg, scope: usize) -> VReg {
        let info = self.program.values[kind.0 as usize].info;
        let is_like = |program: &Program, v: VReg| program.values[v.0 as usize].info == info;
        let insts = &self.program.blocks[block as usize].insts;
        let local = insts.iter().flat_map(|inst| &inst.operands);
        let made = local.filter(|o| o.constraint.is_def() && is_like(&self.program, o.vreg));
        let made: Vec<VReg> = made.map(|o| o.vreg).collect();
        if !made.is_empty() && !self.random.one_in(4) {
            return made[self.random.below(made.len())];
        }
        let outer = self.scope[..scope].iter().copied();
        let outer: Vec<VReg> = outer.filter(|&v| is_like(&self.program, v)).collect();
        outer[self.random.below(outer.len())]
    }

    fn branch(&mut self) {
        let (from, frequency) = (self.block, self.frequency);
        let scope = self.scope.len();
        let ways = [2, 2, 2, 3, 5][self.random.below(5)];
        let mut heads = vec![];
        let mut ends = vec![];
        let is_skewed = self.random.one_in(2);
        for way in 0..ways {
            let share = match (is_skewed, way) {
                (true, 0) => 0.98,
                (true, _) => 0.01,
                _ => 1.0 / ways as f32,
            };
            heads.push(self.open(frequency * share));
            for _ in 0..self.random.below(6) {
                if self.left > 0 {
                    self.statement();
                }
            }
            ends.push(self.block);
            self.scope.truncate(scope);
        }
        let condition = self.pick();
        self.program
            .inst(from, vec![op(condition, Constraint::Use)]);
        self.program.link(from, &heads);
        self.join(&ends, frequency, scope);
    }

    fn repeat(&mut self) {
        if self.depth >= 4 {
            return;
        }
        let (before, frequency) = (self.block, self.frequency);
        let kinds: Vec<VReg> = (0..self.random.below(4)).map(|_| self.pick()).collect();
        self.program.blocks[before as usize].args = kinds.clone();
        self.depth += 1;
        let header = self.open(frequency * 8.0);
        let params: Vec<VReg> = kinds.iter().map(|&kind| self.like(kind)).collect();
        self.program.blocks[header as usize].params = params.clone();
        self.program.jump(before, &[header]);
        self.scope.extend(params.iter().copied());
        let inside = self.scope.len();
        self.loops.push(LoopContext {
            exits: vec![],
            latches: vec![],
        });
        for _ in 0..1 + self.random.below(8) {
            if self.left > 0 {
                self.statement();
            }
        }
        let bottom = self.block;
        let condition = self.pick();
        let visible = self.scope.len();
        let again = self.program.block(frequency * 7.0, self.depth);
        let args = kinds
            .iter()
            .map(|&kind| self.visible_at_like(kind, visible));
        let args = args.collect();
        self.program.blocks[again as usize].args = args;
        self.program.jump(again, &[header]);
        self.program
            .inst(bottom, vec![op(condition, Constraint::Use)]);
        self.depth -= 1;
        let context = self.loops.pop().unwrap();
        for latch in context.latches {
            let args = kinds.iter().map(|&kind| self.visible_at_like(kind, inside));
            let args = args.collect();
            self.program.blocks[latch as usize].args = args;
            self.program.jump(latch, &[header]);
        }
        let out = self.program.block(frequency, self.depth);
        self.program.link(bottom, &[again, out]);
        self.scope.truncate(inside);
        self.block = out;
        self.frequency = frequency;
        let mut ends = context.exits;
        if ends.is_empty() {
            return;
        }
        ends.push(out);
        self.scope.truncate(inside);
        self.join(&ends, frequency, inside);
    }

    fn visible_at_like(&mut self, kind: VReg, visible: usize) -> VReg {
        let info = self.program.values[kind.0 as usize].info;
        let values = self.scope[..visible].iter().copied();
        let like: Vec<VReg> = values
            .filter(|v| self.program.values[v.0 as usize].info == info)
            .collect();
        let recent = like.len().min(6);
        like[like.len() - 1 - self.random.below(recent)]
    }

    /// Leaves a loop, or goes on with its next round, on a side way.
    fn leave_loop(&mut self) {
        if self.loops.is_empty() {
            return self.plain();
        }
        let which = self.random.below(self.loops.len());
        let from = self.block;
        let condition = self.pick();
        let depth = self.depth - (self.loops.len() - 1 - which) as u32;
        let goes_on = self.random.one_in(2);
        let side = self.program.block(self.frequency * 0.1, depth);
        if goes_on {
            self.loops[which].latches.push(side);
        } else {
            self.program.blocks[side as usize].depth = depth - 1;
            self.loops[which].exits.push(side);
        }
        let frequency = self.frequency * 0.9;
        let next = self.open(frequency);
        self.program
            .inst(from, vec![op(condition, Constraint::Use)]);
        self.program.link(from, &[next, side]);
    }
}
