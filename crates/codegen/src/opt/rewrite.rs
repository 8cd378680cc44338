//! Rewriting of expressions by rules that are text.
//!
//! A rule is a line of algebra, `(T.add (T.add x A) B) => (T.add x (T.add A B))`. Lower-case
//! letters stand for any value, the same one wherever the letter is; `A`, `B` and `C` for
//! constants; `T` is `i32` or `i64`, and a line with `T` is two rules. Numbers are constants of
//! the type that their place has; `W` is the number of bits of `T`, `MIN` its least signed number.
//! After `if` come conditions, which the bits of constants and what is known of values decide.
//! What is on the right and depends on constants only is computed when the rule is applied.
//!
//! The text is read once into a flat table of nodes, indexed by the operator at the root of the
//! left side. Applying a rule looks at no more instructions than its left side has operators.
//! Rules must make progress by themselves (fewer or cheaper operators, constants further out),
//! for what they make is offered to the rules again. `tests/rules.rs` runs both sides of each rule
//! on awkward numbers.

mod read;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use tierra_ir::{BinaryOp, CompareOp, Function, InstData, Type, UnaryOp, Value};

/// A scalar operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// Of one operand.
    Unary(UnaryOp),
    /// Of two.
    Binary(BinaryOp),
    /// A comparison.
    Compare(CompareOp),
    /// The choice between two values of a type.
    Select(Type),
}

const ROOTS: usize = UnaryOp::ALL.len() + BinaryOp::ALL.len() + CompareOp::ALL.len() + 1;

impl Op {
    fn from_name(name: &str) -> Option<Op> {
        let select = || {
            let ty = name.strip_suffix(".select")?;
            let ty = Type::ALL.into_iter().find(|t| t.name() == ty)?;
            Some(Op::Select(ty))
        };
        UnaryOp::from_name(name)
            .map(Op::Unary)
            .or_else(|| BinaryOp::from_name(name).map(Op::Binary))
            .or_else(|| CompareOp::from_name(name).map(Op::Compare))
            .or_else(select)
    }

    /// The operator and the operands of an instruction, if it is of this kind.
    fn of(func: &Function, data: &InstData) -> Option<(Op, [Value; 3])> {
        const NO: Value = Value(u32::MAX);
        Some(match *data {
            InstData::Unary { op, arg } => (Op::Unary(op), [arg, NO, NO]),
            InstData::Binary { op, args } => (Op::Binary(op), [args[0], args[1], NO]),
            InstData::Compare { op, args } => (Op::Compare(op), [args[0], args[1], NO]),
            InstData::Select { cond, args } => {
                (Op::Select(func.ty(args[0])), [cond, args[0], args[1]])
            }
            _ => return None,
        })
    }

    fn root(self) -> usize {
        match self {
            Op::Unary(op) => op as usize,
            Op::Binary(op) => UnaryOp::ALL.len() + op as usize,
            Op::Compare(op) => UnaryOp::ALL.len() + BinaryOp::ALL.len() + op as usize,
            Op::Select(_) => ROOTS - 1,
        }
    }

    fn arity(self) -> usize {
        match self {
            Op::Unary(_) => 1,
            Op::Binary(_) | Op::Compare(_) => 2,
            Op::Select(_) => 3,
        }
    }

    fn operand(self, index: usize) -> Type {
        match self {
            Op::Unary(op) => op.args()[index],
            Op::Binary(op) => op.args()[index],
            Op::Compare(op) => op.args()[index],
            Op::Select(ty) => [Type::I32, ty, ty][index],
        }
    }

    /// The type of the result.
    pub fn result(self) -> Type {
        match self {
            Op::Unary(op) => op.result(),
            Op::Binary(op) => op.result(),
            Op::Compare(_) => Type::I32,
            Op::Select(ty) => ty,
        }
    }

    /// What it makes of constants; `None` if it traps or is a choice.
    pub fn eval(self, bits: [u64; 3]) -> Option<u64> {
        let [a, b, _] = bits.map(u128::from);
        let result = match self {
            Op::Unary(op) => op.eval(a).ok()?,
            Op::Binary(op) => op.eval(a, b).ok()?,
            Op::Compare(op) => op.eval(a, b),
            Op::Select(_) => {
                return Some(if bits[0] as u32 != 0 {
                    bits[1]
                } else {
                    bits[2]
                });
            }
        };
        Some(result as u64)
    }

    fn data(self, args: [Value; 3]) -> InstData {
        let [a, b, c] = args;
        match self {
            Op::Unary(op) => InstData::Unary { op, arg: a },
            Op::Binary(op) => InstData::Binary { op, args: [a, b] },
            Op::Compare(op) => InstData::Compare { op, args: [a, b] },
            Op::Select(_) => InstData::Select {
                cond: a,
                args: [b, c],
            },
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Apply(Op, [u16; 3]),
    Any(u8),
    Constant(u8),
    Literal(u64),
}

/// A condition on what letters stand for. Constants come first.
#[derive(Clone, Copy, Debug)]
enum Condition {
    /// The constant is a power of two.
    PowerOfTwo(u8),
    /// The constant is above 1 and below 2^31.
    Small(u8),
    /// The constant is less than 2^32.
    Fits(u8),
    /// All bits that the value may have are in the constant.
    Covers(u8, u8),
    /// None of the bits that the value may have is in the constant.
    Disjoint(u8, u8),
    /// The sum with the constant is below 2^32.
    NoWrap(u8, u8),
    /// The value is 0 or 1.
    Bool(u8),
    /// The value's bit 31 is 0.
    Positive(u8),
}

#[derive(Clone, Debug)]
struct Rule {
    left: u16,
    right: u16,
    conditions: [Option<Condition>; 2],
    /// Which line of the text it is.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests name rules by it"))]
    line: u32,
}

/// What the letters of a rule stand for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bindings {
    values: [Option<Value>; 4],
    constants: [Option<u64>; 4],
}

/// What comes out of a rule.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Outcome {
    /// A value that is there.
    Value(Value),
    /// A constant.
    Bits(u64),
    /// An operation.
    Data(InstData),
}

/// What rules need of the function they work on.
pub trait Graph {
    /// The function.
    fn func(&self) -> &Function;
    /// The bits of a value that may be 1.
    fn ones(&self, value: Value) -> u64;
    /// The greatest number that an integer may be, without sign, where the graph is worked on.
    fn max(&self, value: Value) -> u64;
    /// Makes an instruction, or finds one like it, and gives its result.
    fn emit(&mut self, data: InstData) -> Value;
}

/// A table of rules.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    nodes: Vec<Node>,
    /// In the order of their roots.
    rules: Vec<Rule>,
    /// By root, where its rules start; one more than there are roots.
    start: Vec<u16>,
}

impl Rules {
    /// Applies the first rule that fits.
    pub fn apply(&self, graph: &mut impl Graph, data: &InstData) -> Option<Outcome> {
        let (op, args) = Op::of(graph.func(), data)?;
        let root = op.root();
        let range = self.start[root] as usize..self.start[root + 1] as usize;
        for rule in &self.rules[range] {
            let mut bindings = Bindings::default();
            let Node::Apply(wanted, children) = self.nodes[rule.left as usize] else {
                unreachable!("a left side is an operator");
            };
            if wanted != op || !self.fit_all(graph.func(), op, children, args, &mut bindings) {
                continue;
            }
            let holds = |c: &Option<Condition>| c.is_none_or(|c| holds(graph, c, &bindings));
            if !rule.conditions.iter().all(holds) {
                continue;
            }
            if let Some(outcome) = self.build_root(graph, rule.right, &bindings) {
                return Some(outcome);
            }
        }
        None
    }

    /// Operands are looked at from the last one on: that is where constants are.
    fn fit_all(
        &self,
        func: &Function,
        op: Op,
        children: [u16; 3],
        args: [Value; 3],
        bindings: &mut Bindings,
    ) -> bool {
        let mut pairs = children.into_iter().zip(args).take(op.arity()).rev();
        pairs.all(|(child, arg)| self.fits(func, child, arg, bindings))
    }

    fn fits(&self, func: &Function, node: u16, value: Value, bindings: &mut Bindings) -> bool {
        match self.nodes[node as usize] {
            Node::Any(letter) => match &mut bindings.values[letter as usize] {
                Some(bound) => *bound == value,
                free => {
                    *free = Some(value);
                    true
                }
            },
            Node::Literal(bits) => func.as_const(value) == Some(bits),
            Node::Constant(letter) => {
                let Some(bits) = func.as_const(value) else {
                    return false;
                };
                match &mut bindings.constants[letter as usize] {
                    Some(bound) => *bound == bits,
                    free => {
                        *free = Some(bits);
                        true
                    }
                }
            }
            Node::Apply(wanted, children) => {
                let Some(inst) = func.def_inst(value) else {
                    return false;
                };
                match Op::of(func, func.data(inst)) {
                    Some((op, args)) if op == wanted => {
                        let args = args.map(|a| if a.0 == u32::MAX { a } else { func.resolve(a) });
                        self.fit_all(func, op, children, args, bindings)
                    }
                    _ => false,
                }
            }
        }
    }

    fn build_root(
        &self,
        graph: &mut impl Graph,
        node: u16,
        bindings: &Bindings,
    ) -> Option<Outcome> {
        if let Some(bits) = self.bits(node, bindings)? {
            return Some(Outcome::Bits(bits));
        }
        Some(match self.nodes[node as usize] {
            Node::Apply(op, children) => {
                Outcome::Data(op.data(self.operands(graph, op, children, bindings)?))
            }
            _ => Outcome::Value(self.build(graph, node, Type::I32, bindings)?),
        })
    }

    fn operands(
        &self,
        graph: &mut impl Graph,
        op: Op,
        children: [u16; 3],
        bindings: &Bindings,
    ) -> Option<[Value; 3]> {
        let mut args = [Value(u32::MAX); 3];
        for index in 0..op.arity() {
            args[index] = self.build(graph, children[index], op.operand(index), bindings)?;
        }
        Some(args)
    }

    fn build(
        &self,
        graph: &mut impl Graph,
        node: u16,
        ty: Type,
        bindings: &Bindings,
    ) -> Option<Value> {
        if let Some(bits) = self.bits(node, bindings)? {
            return Some(graph.emit(InstData::Const { ty, bits }));
        }
        match self.nodes[node as usize] {
            Node::Any(letter) => bindings.values[letter as usize],
            Node::Apply(op, children) => {
                let args = self.operands(graph, op, children, bindings)?;
                Some(graph.emit(op.data(args)))
            }
            Node::Constant(_) | Node::Literal(..) => unreachable!("constants have bits"),
        }
    }

    /// The bits of what depends on constants only: `Some(None)` if it doesn't, `None` if they
    /// can't be computed.
    fn bits(&self, node: u16, bindings: &Bindings) -> Option<Option<u64>> {
        Some(match self.nodes[node as usize] {
            Node::Literal(bits) => Some(bits),
            Node::Constant(letter) => bindings.constants[letter as usize],
            Node::Any(_) => None,
            Node::Apply(op, children) => {
                let mut args = [0; 3];
                for index in 0..op.arity() {
                    match self.bits(children[index], bindings)? {
                        Some(bits) => args[index] = bits,
                        None => return Some(None),
                    }
                }
                Some(op.eval(args)?)
            }
        })
    }
}

fn holds(graph: &impl Graph, condition: Condition, bindings: &Bindings) -> bool {
    let constant =
        |letter: u8| bindings.constants[letter as usize].expect("conditions name what is bound");
    let value =
        |letter: u8| bindings.values[letter as usize].expect("conditions name what is bound");
    let ones = |letter: u8| graph.ones(value(letter));
    match condition {
        Condition::PowerOfTwo(a) => constant(a).is_power_of_two(),
        Condition::Small(a) => (2..1 << 31).contains(&constant(a)),
        Condition::Fits(a) => constant(a) <= u32::MAX.into(),
        Condition::Covers(a, x) => ones(x) & !constant(a) == 0,
        Condition::Disjoint(a, x) => ones(x) & constant(a) == 0,
        Condition::NoWrap(a, x) => constant(a)
            .checked_add(graph.max(value(x)))
            .is_some_and(|sum| sum <= u32::MAX.into()),
        Condition::Bool(x) => ones(x) <= 1,
        Condition::Positive(x) => graph.max(value(x)) >> 31 == 0,
    }
}
