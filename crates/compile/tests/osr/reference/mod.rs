//! A plain interpreter of some operators, which tells what a function holds whenever it comes to
//! the head of a loop.
//!
//! Fuel is what operators it has executed: that is what blocks are charged for, as long as nothing
//! leaves a block in its middle.

mod operators;

use crate::value::{Exception, Value};
use std::collections::HashMap;
use tierra_core::index::{FuncIdx, TagIdx, TypeIdx};
use tierra_core::types::ValType;
use tierra_core::{SlotType, Trap};
use tierra_ir::eval::Stop;
use tierra_module::Module;
use wasmparser::{BlockType, Catch, Operator};

/// The bytes of the memory that programs may write.
pub const WINDOW: usize = 256;
/// The bytes of the memory.
pub const MEMORY: u64 = 1 << 16;
/// How many arrivals are kept for each loop.
const KEPT: usize = 40;

/// What a function holds at the head of a loop.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Where the loop is in the module.
    pub at: u32,
    pub state: Vec<Value>,
    pub memory: Vec<u8>,
    pub exceptions: Vec<Exception>,
    /// The fuel used so far, if it is known.
    pub used: Option<u64>,
}

/// Something that runs.
pub struct Reference<'m> {
    module: &'m Module,
    bodies: Vec<Body<'m>>,
    pub memory: Vec<u8>,
    pub exceptions: Vec<Exception>,
    /// The operators executed so far.
    pub used: u64,
    /// Whether a call that threw has left a block in its middle.
    pub is_inexact: bool,
    pub arrivals: Vec<Arrival>,
    seen: HashMap<u32, usize>,
    depth: usize,
}

struct Body<'m> {
    locals: Vec<ValType<TypeIdx>>,
    code: Vec<(Operator<'m>, u32)>,
    /// By operator that opens a block, its `end` or `delegate`.
    ends: HashMap<usize, usize>,
    elses: HashMap<usize, usize>,
    /// By legacy `try`, its clauses.
    clauses: HashMap<usize, Vec<(usize, Option<u32>)>>,
}

struct Frame {
    kind: Kind,
    base: usize,
    /// How many operands a branch takes.
    arity: usize,
    start: usize,
}

enum Kind {
    Block,
    Loop,
    TryTable(Vec<Catch>),
    Try,
    Catch(Value),
}

struct Activation<'a, 'm> {
    body: &'a Body<'m>,
    pc: usize,
    locals: Vec<Value>,
    stack: Vec<Value>,
    frames: Vec<Frame>,
}

impl<'m> Body<'m> {
    fn new(module: &'m Module, func: FuncIdx) -> Self {
        let body = module.body(func).expect("it is defined");
        let reader = wasmparser::BinaryReader::new(body.bytes, body.offset as u64);
        let function = wasmparser::FunctionBody::new(reader);
        let mut locals = module.func_type(func).params.to_vec();
        for group in function.get_locals_reader().expect("it is valid") {
            let (count, ty) = group.expect("it is valid");
            let ty = tierra_module::val_type(ty).expect("it is valid");
            locals.extend((0..count).map(|_| ty));
        }
        let operators = function.get_operators_reader().expect("it is valid");
        let code = operators.into_iter_with_offsets();
        let code = code.map(|operator| operator.expect("it is valid"));
        let mut this = Self {
            locals,
            code: code.map(|(op, at)| (op, at as u32)).collect(),
            ends: HashMap::new(),
            elses: HashMap::new(),
            clauses: HashMap::new(),
        };
        this.pair();
        this
    }

    fn pair(&mut self) {
        let mut open = vec![usize::MAX];
        for (index, (op, _)) in self.code.iter().enumerate() {
            let innermost = *open.last().expect("it is valid");
            match op {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Try { .. }
                | Operator::TryTable { .. } => open.push(index),
                Operator::Else => {
                    self.elses.insert(innermost, index);
                }
                Operator::Catch { tag_index } => {
                    let clauses = self.clauses.entry(innermost).or_default();
                    clauses.push((index, Some(*tag_index)));
                }
                Operator::CatchAll => {
                    let clauses = self.clauses.entry(innermost).or_default();
                    clauses.push((index, None));
                }
                Operator::End | Operator::Delegate { .. } => {
                    open.pop();
                    self.ends.insert(innermost, index);
                }
                _ => {}
            }
        }
    }
}

impl<'m> Reference<'m> {
    pub fn new(module: &'m Module) -> Self {
        let bodies = module.defined_funcs().map(|func| Body::new(module, func));
        Self {
            module,
            bodies: bodies.collect(),
            memory: vec![0; WINDOW],
            exceptions: Vec::new(),
            used: 0,
            is_inexact: false,
            arrivals: Vec::new(),
            seen: HashMap::new(),
            depth: 0,
        }
    }

    /// Runs a function that is defined here. Arrivals are noted in the first one only.
    pub fn call(&mut self, func: u32, args: &[Value]) -> Result<Vec<Value>, Stop> {
        self.depth += 1;
        let bodies = core::mem::take(&mut self.bodies);
        let result = self.run(&bodies, func, args);
        self.bodies = bodies;
        self.depth -= 1;
        result
    }

    fn run(&mut self, bodies: &[Body<'m>], func: u32, args: &[Value]) -> Result<Vec<Value>, Stop> {
        let body = &bodies[func as usize];
        let ty = self.module.func_type(FuncIdx(func));
        let mut locals = args.to_vec();
        for ty in &body.locals[args.len()..] {
            locals.push(Value::zero(self.module, *ty));
        }
        let mut a = Activation {
            body,
            pc: 0,
            locals,
            stack: Vec::new(),
            frames: vec![Frame {
                kind: Kind::Block,
                base: 0,
                arity: ty.results.len(),
                start: usize::MAX,
            }],
        };
        loop {
            match self.step(bodies, &mut a) {
                Err(Stop::Exception { tag, exception }) => {
                    if !self.catch(&mut a, tag, exception) {
                        return Err(Stop::Exception { tag, exception });
                    }
                }
                Err(stop) => return Err(stop),
                Ok(()) if a.frames.is_empty() => return Ok(a.stack),
                Ok(()) => {}
            }
        }
    }

    fn arity(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(ty) => {
                let ty = self.module.func_type_at(TypeIdx(ty));
                (ty.params.len(), ty.results.len())
            }
        }
    }

    /// The function comes to the head of the loop that is its innermost frame.
    fn arrive(&mut self, a: &Activation<'_, 'm>, at: u32) {
        let seen = self.seen.entry(at).or_default();
        if self.depth > 1 || *seen == KEPT {
            return;
        }
        *seen += 1;
        let mut state = a.locals.clone();
        let mut operands = a.stack.iter().copied();
        let mut taken = 0;
        for frame in &a.frames {
            state.extend(operands.by_ref().take(frame.base - taken));
            taken = frame.base;
            if let Kind::Catch(exception) = frame.kind {
                state.push(exception);
            }
        }
        state.extend(operands);
        self.arrivals.push(Arrival {
            at,
            state,
            memory: self.memory.clone(),
            exceptions: self.exceptions.clone(),
            used: (!self.is_inexact).then_some(self.used),
        });
    }

    fn branch(&mut self, a: &mut Activation<'_, 'm>, depth: u32) {
        let index = a.frames.len() - 1 - depth as usize;
        let Frame {
            base, arity, start, ..
        } = a.frames[index];
        let first = a.stack.len() - arity;
        a.stack.drain(base..first);
        if matches!(a.frames[index].kind, Kind::Loop) {
            a.frames.truncate(index + 1);
            a.pc = start + 1;
            let at = a.body.code[start].1;
            self.arrive(a, at);
        } else {
            a.frames.truncate(index);
            a.pc = match a.frames.len() {
                0 => usize::MAX,
                _ => a.body.ends[&start] + 1,
            };
        }
    }

    /// Goes on where an exception is caught, if it is.
    fn catch(&mut self, a: &mut Activation<'_, 'm>, tag: u32, exception: u32) -> bool {
        let payload = self.exceptions[(exception / 2 - 1) as usize]
            .payload
            .clone();
        let exception = Value::reference(exception);
        let mut next = a.frames.len();
        while let Some(index) = next.checked_sub(1) {
            next = index;
            let Frame { base, start, .. } = a.frames[index];
            if let Kind::TryTable(catches) = &a.frames[index].kind {
                let found = catches.iter().find_map(|catch| match *catch {
                    Catch::One { tag: t, label } => (t == tag).then_some((true, false, label)),
                    Catch::OneRef { tag: t, label } => (t == tag).then_some((true, true, label)),
                    Catch::All { label } => Some((false, false, label)),
                    Catch::AllRef { label } => Some((false, true, label)),
                });
                if let Some((wants_payload, wants_ref, label)) = found {
                    a.frames.truncate(index);
                    a.stack.truncate(base);
                    if wants_payload {
                        a.stack.extend(payload);
                    }
                    a.stack.extend(wants_ref.then_some(exception));
                    self.branch(a, label);
                    return true;
                }
            }
            if !matches!(a.frames[index].kind, Kind::Try) {
                continue;
            }
            if let Operator::Delegate { relative_depth } = a.body.code[a.body.ends[&start]].0 {
                next = index - relative_depth as usize;
            }
            let clauses = a.body.clauses.get(&start);
            let mut clauses = clauses.into_iter().flatten();
            if let Some((clause, wants)) = clauses.find(|c| c.1.is_none_or(|t| t == tag)) {
                a.frames.truncate(index + 1);
                a.stack.truncate(base);
                a.frames[index].kind = Kind::Catch(exception);
                if wants.is_some() {
                    a.stack.extend(payload);
                }
                a.pc = clause + 1;
                self.used += 1;
                return true;
            }
        }
        false
    }

    fn throw(&mut self, tag: u32, payload: Vec<Value>) -> Stop {
        self.exceptions.push(Exception { tag, payload });
        let exception = 2 * self.exceptions.len() as u32;
        Stop::Exception { tag, exception }
    }

    fn open(&mut self, a: &mut Activation<'_, 'm>, kind: Kind, ty: BlockType, start: usize) {
        let (params, results) = self.arity(ty);
        let is_loop = matches!(kind, Kind::Loop);
        a.frames.push(Frame {
            kind,
            base: a.stack.len() - params,
            arity: if is_loop { params } else { results },
            start,
        });
        if is_loop {
            let at = a.body.code[start].1;
            self.arrive(a, at);
        }
    }

    fn step(&mut self, bodies: &[Body<'m>], a: &mut Activation<'_, 'm>) -> Result<(), Stop> {
        let here = a.pc;
        let op = &a.body.code[here].0;
        a.pc += 1;
        if matches!(op, Operator::Catch { .. } | Operator::CatchAll) {
            let start = a.frames.pop().expect("it is valid").start;
            a.pc = a.body.ends[&start] + 1;
            return Ok(());
        }
        self.used += 1;
        assert!(self.used < 1_000_000, "the program doesn't end");
        match *op {
            Operator::Nop => {}
            Operator::Unreachable => return Err(Trap::Unreachable.into()),
            Operator::Block { blockty } => self.open(a, Kind::Block, blockty, here),
            Operator::Loop { blockty } => self.open(a, Kind::Loop, blockty, here),
            Operator::Try { blockty } => self.open(a, Kind::Try, blockty, here),
            Operator::TryTable { ref try_table } => {
                let kind = Kind::TryTable(try_table.catches.clone());
                self.open(a, kind, try_table.ty, here);
            }
            Operator::If { blockty } => {
                let cond = a.pop();
                self.open(a, Kind::Block, blockty, here);
                if cond == 0 {
                    // Without an `else`, the `end` is not come to.
                    match a.body.elses.get(&here) {
                        Some(or_else) => a.pc = or_else + 1,
                        None => {
                            a.frames.pop();
                            a.pc = a.body.ends[&here] + 1;
                        }
                    }
                }
            }
            Operator::Else => {
                let start = a.frames.pop().expect("it is valid").start;
                a.pc = a.body.ends[&start] + 1;
            }
            Operator::End | Operator::Delegate { .. } => {
                a.frames.pop();
            }
            Operator::Br { relative_depth } => self.branch(a, relative_depth),
            Operator::BrIf { relative_depth } => {
                if a.pop() != 0 {
                    self.branch(a, relative_depth);
                }
            }
            Operator::BrTable { ref targets } => {
                let index = a.pop() as usize;
                let labels: Vec<u32> = targets.targets().map(|t| t.expect("valid")).collect();
                let label = labels.get(index).copied();
                self.branch(a, label.unwrap_or(targets.default()));
            }
            Operator::Return => self.branch(a, a.frames.len() as u32 - 1),
            Operator::Call { function_index } => {
                let count = self.module.func_type(FuncIdx(function_index)).params.len();
                let args = a.stack.split_off(a.stack.len() - count);
                self.depth += 1;
                let results = self.run(bodies, function_index, &args);
                self.depth -= 1;
                self.is_inexact |= results.is_err();
                a.stack.extend(results?);
            }
            Operator::Throw { tag_index } => {
                let ty = self.module.tags[TagIdx(tag_index).index()];
                let count = self.module.func_type_at(ty).params.len();
                let payload = a.stack.split_off(a.stack.len() - count);
                return Err(self.throw(tag_index, payload));
            }
            Operator::Rethrow { relative_depth } => {
                let index = a.frames.len() - 1 - relative_depth as usize;
                let Kind::Catch(exception) = a.frames[index].kind else {
                    unreachable!("it is valid")
                };
                return Err(self.again(exception.bits));
            }
            Operator::ThrowRef => {
                let exception = a.pop();
                return Err(self.again(exception));
            }
            Operator::I32Load { .. } => {
                let address = a.pop() as u64;
                let bits = self.load(address)?;
                a.push(SlotType::I32, bits.into());
            }
            Operator::I32Store { .. } => {
                let (value, address) = (a.pop(), a.pop() as u64);
                self.store(address, value as u32)?;
            }
            ref op => a.simple(op)?,
        }
        Ok(())
    }

    fn again(&self, exception: u128) -> Stop {
        let exception = exception as u32;
        let tag = self.exceptions[(exception / 2 - 1) as usize].tag;
        Stop::Exception { tag, exception }
    }

    fn place(&self, address: u64) -> Result<usize, Stop> {
        if address + 4 > MEMORY {
            return Err(Trap::MemoryOutOfBounds.into());
        }
        assert!(
            address as usize + 4 <= WINDOW,
            "programs stay in the window"
        );
        Ok(address as usize)
    }

    fn load(&self, address: u64) -> Result<u32, Stop> {
        let place = self.place(address)?;
        let bytes = self.memory[place..][..4].try_into();
        Ok(u32::from_le_bytes(bytes.expect("4 bytes")))
    }

    fn store(&mut self, address: u64, bits: u32) -> Result<(), Stop> {
        let place = self.place(address)?;
        self.memory[place..][..4].copy_from_slice(&bits.to_le_bytes());
        Ok(())
    }
}
