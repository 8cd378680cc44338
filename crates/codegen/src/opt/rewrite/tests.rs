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
                for (index, child) in children.into_iter().enumerate().take(op.arity()) {
                    args[index] = self.run(child, op.operand(index), trial)?;
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
                for (index, child) in children.into_iter().enumerate().take(op.arity()) {
                    self.types(child, op.operand(index), types);
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
