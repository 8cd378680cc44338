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
