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

mod read {
    //! Reading the text of rules.
    use super::*;
    use alloc::vec;

    impl Rules {
        /// Reads rules.
        ///
        /// # Panics
        /// When the text is wrong. It is ours.
        pub fn parse(text: &str) -> Rules {
            let mut rules = Rules::default();
            let mut roots: Vec<Vec<Rule>> = vec![Vec::new(); ROOTS];
            for (number, line) in text.lines().enumerate() {
                let line = line.split(';').next().unwrap_or_default().trim();
                let widths: &[Type] = match line {
                    "" => &[],
                    line if line.contains("T.") => &[Type::I32, Type::I64],
                    _ => &[Type::I64],
                };
                for &width in widths {
                    let rule = Reader {
                        nodes: &mut rules.nodes,
                        width,
                        line,
                        rest: line,
                    }
                    .rule(number as u32);
                    let Node::Apply(op, _) = rules.nodes[rule.left as usize] else {
                        panic!("`{line}` has no operator on the left");
                    };
                    roots[op.root()].push(rule);
                }
            }
            rules.start.push(0);
            for root in roots {
                rules.rules.extend(root);
                rules.start.push(rules.rules.len() as u16);
            }
            rules
        }
    }

    struct Reader<'a> {
        nodes: &'a mut Vec<Node>,
        width: Type,
        line: &'a str,
        rest: &'a str,
    }

    impl<'a> Reader<'a> {
        fn rule(mut self, line: u32) -> Rule {
            let left = self.node(self.width);
            assert_eq!(self.token(), "=>", "in `{}`", self.line);
            let Node::Apply(op, _) = self.nodes[left as usize] else {
                panic!("`{}` has no operator on the left", self.line);
            };
            let right = self.node(op.result());
            let mut conditions = [None; 2];
            for condition in &mut conditions {
                match self.token() {
                    "" => break,
                    "if" | "and" => *condition = Some(self.condition()),
                    other => panic!("`{other}` in `{}`", self.line),
                }
            }
            Rule {
                left,
                right,
                conditions,
                line,
            }
        }

        fn token(&mut self) -> &'a str {
            let rest = self.rest.trim_start();
            let end = match rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')') {
                Some(0) => 1,
                Some(end) => end,
                None => rest.len(),
            };
            let (token, rest) = rest.split_at(end);
            self.rest = rest;
            token
        }

        fn push(&mut self, node: Node) -> u16 {
            self.nodes.push(node);
            u16::try_from(self.nodes.len() - 1).expect("there are few rules")
        }

        fn node(&mut self, ty: Type) -> u16 {
            let (width, bits) = (self.width, self.width.bytes() * 8);
            let mask = if ty.bytes() == 4 {
                u64::from(u32::MAX)
            } else {
                u64::MAX
            };
            let token = self.token();
            let node = match token {
                "(" => return self.apply(),
                "x" | "y" | "z" => Node::Any(letter(token)),
                "A" | "B" | "C" => Node::Constant(letter(token)),
                "W" => Node::Literal(bits.into()),
                "MIN" => Node::Literal(1 << (width.bytes() * 8 - 1)),
                number => match number.parse::<i64>() {
                    Ok(number) => Node::Literal(number as u64 & mask),
                    Err(_) => panic!("`{number}` in `{}`", self.line),
                },
            };
            self.push(node)
        }

        fn apply(&mut self) -> u16 {
            let width = self.width.name();
            let name = self.token().replace('T', width);
            let op = Op::from_name(&name)
                .unwrap_or_else(|| panic!("no operator `{name}` for `{}`", self.line));
            let mut children = [0; 3];
            for (index, child) in children.iter_mut().enumerate().take(op.arity()) {
                *child = self.node(op.operand(index));
            }
            assert_eq!(self.token(), ")", "in `{}`", self.line);
            self.push(Node::Apply(op, children))
        }

        fn condition(&mut self) -> Condition {
            let name = alloc::string::String::from(self.token());
            let a = letter(self.token());
            match name.as_str() {
                "power-of-two" => Condition::PowerOfTwo(a),
                "fits" => Condition::Fits(a),
                "bool" => Condition::Bool(a),
                "positive" => Condition::Positive(a),
                "small" => Condition::Small(a),
                "covers" => Condition::Covers(a, letter(self.token())),
                "disjoint" => Condition::Disjoint(a, letter(self.token())),
                "no-wrap" => Condition::NoWrap(a, letter(self.token())),
                _ => panic!("no condition `{name}` for `{}`", self.line),
            }
        }
    }

    fn letter(token: &str) -> u8 {
        match token {
            "x" | "A" => 0,
            "y" | "B" => 1,
            "z" | "C" => 2,
            _ => panic!("`{token}` is no letter"),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Both sides of each rule, on awkward numbers.
    use super::*;
    use crate::opt::rules::RULES;

    const NUMBERS: [u64; 26] = [
        0,
        1,
        2,
        3,
        4,
        5,
        7,
        8,
        24,
        31,
        32,
        33,
        63,
        64,
        127,
        128,
        255,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_fffe,
        0xffff_ffff,
        0x1_0000_0000,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        0xffff_ffff_ffff_ff85,
        u64::MAX,
    ];

    struct Trial {
        values: [u64; 3],
        constants: [u64; 3],
    }

    impl Rules {
        fn run(&self, node: u16, ty: Type, trial: &Trial) -> Option<u64> {
            let narrow = |bits: u64| {
                if ty.bytes() == 4 {
                    bits as u32 as u64
                } else {
                    bits
                }
            };
            Some(match self.nodes[node as usize] {
                Node::Any(letter) => narrow(trial.values[letter as usize]),
                Node::Constant(letter) => narrow(trial.constants[letter as usize]),
                Node::Literal(bits) => bits,
                Node::Apply(op, children) => {
                    let mut args = [0; 3];
                    for index in 0..op.arity() {
                        args[index] = self.run(children[index], op.operand(index), trial)?;
                    }
                    op.eval(args)?
                }
            })
        }

        /// The types of the letters of values, then of constants.
        fn types(&self, node: u16, ty: Type, types: &mut [[Option<Type>; 3]; 2]) {
            match self.nodes[node as usize] {
                Node::Any(letter) => types[0][letter as usize] = Some(ty),
                Node::Constant(letter) => types[1][letter as usize] = Some(ty),
                Node::Literal(..) => {}
                Node::Apply(op, children) => {
                    for index in 0..op.arity() {
                        self.types(children[index], op.operand(index), types);
                    }
                }
            }
        }
    }

    fn holds(condition: Condition, trial: &Trial) -> bool {
        let (c, x) = (
            |a: u8| trial.constants[a as usize],
            |x: u8| trial.values[x as usize],
        );
        match condition {
            Condition::PowerOfTwo(a) => c(a).is_power_of_two(),
            Condition::Small(a) => (2..1 << 31).contains(&c(a)),
            Condition::Fits(a) => c(a) >> 32 == 0,
            Condition::Covers(a, b) => x(b) & !c(a) == 0,
            Condition::Disjoint(a, b) => x(b) & c(a) == 0,
            Condition::NoWrap(a, b) => c(a).checked_add(x(b)).is_some_and(|s| s >> 32 == 0),
            Condition::Bool(a) => x(a) <= 1,
            Condition::Positive(a) => x(a) >> 31 == 0,
        }
    }

    #[test]
    fn both_sides_of_each_rule() {
        let rules = Rules::parse(RULES);
        for rule in &rules.rules {
            let line = RULES
                .lines()
                .nth(rule.line as usize)
                .expect("it has a line");
            let Node::Apply(op, _) = rules.nodes[rule.left as usize] else {
                panic!("`{line}` has no operator on the left");
            };
            let mut types = [[None; 3]; 2];
            rules.types(rule.left, op.result(), &mut types);
            let letters: Vec<(usize, usize)> = (0..6)
                .map(|i| (i / 3, i % 3))
                .filter(|(kind, letter)| types[*kind][*letter].is_some())
                .collect();
            let mut tried = 0;
            for number in 0..NUMBERS.len().pow(letters.len() as u32) {
                let mut trial = Trial {
                    values: [0; 3],
                    constants: [0; 3],
                };
                let mut rest = number;
                for &(kind, letter) in &letters {
                    let bits = NUMBERS[rest % NUMBERS.len()];
                    rest /= NUMBERS.len();
                    let ty = types[kind][letter].expect("it was filtered");
                    let place = if kind == 0 {
                        &mut trial.values
                    } else {
                        &mut trial.constants
                    };
                    place[letter] = if ty.bytes() == 4 {
                        bits as u32 as u64
                    } else {
                        bits
                    };
                }
                if !rule.conditions.iter().flatten().all(|c| holds(*c, &trial)) {
                    continue;
                }
                tried += 1;
                let left = rules.run(rule.left, op.result(), &trial);
                let right = rules.run(rule.right, op.result(), &trial);
                // A right side that can't be computed is not applied.
                assert!(
                    left == right,
                    "`{line}`: {left:x?} != {right:x?} for {:x?} {:x?}",
                    trial.values,
                    trial.constants,
                );
            }
            assert!(tried > 0, "`{line}` was never tried");
        }
    }
}
