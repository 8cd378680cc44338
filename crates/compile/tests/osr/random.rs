//! Random nests of blocks, loops, conditions and handlers.

use crate::{Tally, check};
use std::fmt::Write;

struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % limit as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What a branch may go to, or `rethrow` may name.
#[derive(Clone, Copy)]
struct Label {
    /// How many operands a branch takes, all `i32`.
    arity: usize,
    is_catch: bool,
}

/// A function under way. Statements leave the operand stack as it was.
struct Writer {
    rng: Rng,
    text: String,
    labels: Vec<Label>,
    /// How many statements there may still be.
    budget: usize,
    handlers: bool,
}

const LOCALS: usize = 5;
/// What returns from anywhere.
const RESULTS: &str = "local.get 0 local.get $l local.get $v ";

impl Writer {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push(' ');
    }

    fn expression(&mut self, depth: usize) {
        match self.rng.below(if depth == 0 { 2 } else { 6 }) {
            0 => {
                let _ = write!(self.text, "local.get {} ", self.rng.below(LOCALS));
            }
            1 => {
                let _ = write!(self.text, "i32.const {} ", self.rng.below(9));
            }
            2 => {
                self.address();
                self.put("i32.load");
            }
            _ => {
                self.expression(depth - 1);
                self.expression(depth - 1);
                let ops = ["add", "sub", "mul", "xor", "and", "or", "lt_u", "rotl"];
                let op = ops[self.rng.below(ops.len())];
                let _ = write!(self.text, "i32.{op} ");
            }
        }
    }

    fn expressions(&mut self, count: usize) {
        for _ in 0..count {
            self.expression(1);
        }
    }

    fn condition(&mut self) {
        self.expression(1);
        let mask = [1, 2, 3, 6][self.rng.below(4)];
        let _ = write!(self.text, "i32.const {mask} i32.and ");
    }

    fn address(&mut self) {
        self.expression(0);
        self.put("i32.const 15 i32.and i32.const 4 i32.mul");
    }

    /// Takes operands off the stack.
    fn consume(&mut self, count: usize) {
        for _ in 0..count {
            let _ = write!(self.text, "local.set {} ", self.rng.below(LOCALS));
        }
    }

    fn statements(&mut self) {
        for _ in 0..1 + self.rng.below(4) {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            self.statement();
        }
    }

    fn statement(&mut self) {
        let is_deep = self.labels.len() > 7;
        match self.rng.below(if is_deep { 7 } else { 16 }) {
            0 => {
                self.expression(2);
                self.consume(1);
            }
            1 => {
                self.address();
                self.expression(2);
                self.put("i32.store");
            }
            2 => self.other_types(),
            3 => self.branch_if(),
            4 => self.branch(),
            5 => self.branch_table(),
            6 if self.handlers && self.rng.one_in(2) => self.throw(),
            6 => {
                self.expression(1);
                self.put("call $f");
                self.consume(1);
            }
            7..=11 => self.structure("loop"),
            12 => self.structure("block"),
            13 => self.condition_block(),
            14 if self.handlers => self.try_table(),
            15 if self.handlers => self.legacy(),
            _ => self.structure("block"),
        }
    }

    fn other_types(&mut self) {
        self.expression(1);
        let which = self.rng.below(4);
        self.put(match which {
            0 => "i64.extend_i32_u local.get $l i64.const 3 i64.mul i64.add local.set $l",
            1 => "i32x4.splat local.get $v v128.xor local.set $v",
            2 => "ref.i31 local.set $r",
            _ => {
                "drop local.get $r ref.is_null if else \
                 local.get $r i31.get_u local.set 1 end"
            }
        });
    }

    /// A label and the depth by which it is named.
    fn label(&mut self) -> Option<(usize, usize)> {
        let count = self.labels.len();
        let index = (count > 0).then(|| self.rng.below(count))?;
        Some((count - 1 - index, self.labels[index].arity))
    }

    fn branch_if(&mut self) {
        let Some((depth, arity)) = self.label() else {
            return;
        };
        self.expressions(arity);
        self.condition();
        let _ = write!(self.text, "br_if {depth} ");
        self.consume(arity);
    }

    fn branch(&mut self) {
        let Some((depth, arity)) = self.label() else {
            return;
        };
        if self.rng.one_in(8) {
            self.expressions(arity);
            let _ = write!(self.text, "br {depth} ");
            return;
        }
        self.condition();
        self.put("if");
        self.expressions(arity);
        let _ = write!(self.text, "br {} end ", depth + 1);
    }

    fn branch_table(&mut self) {
        let Some((depth, arity)) = self.label() else {
            return;
        };
        let count = self.labels.len();
        let alike = |(index, label): (usize, &Label)| {
            (label.arity == arity).then_some(count - 1 - index + 1)
        };
        let alike: Vec<usize> = self.labels.iter().enumerate().filter_map(alike).collect();
        self.condition();
        self.put("if");
        self.expressions(arity);
        self.expression(1);
        self.put("br_table");
        for _ in 0..self.rng.below(4) {
            let _ = write!(self.text, "{} ", alike[self.rng.below(alike.len())]);
        }
        let _ = write!(self.text, "{} end ", depth + 1);
    }

    fn throw(&mut self) {
        self.condition();
        self.put("if");
        let count = self.labels.len();
        let catch = self.labels.iter().rposition(|label| label.is_catch);
        match (self.rng.below(3), catch) {
            (0, Some(index)) => {
                let _ = write!(self.text, "rethrow {} ", count - 1 - index + 1);
            }
            (1, _) => self.put("throw $c"),
            _ => {
                self.expression(1);
                self.put("throw $a");
            }
        }
        self.put("end");
    }

    fn open(&mut self, what: &str, params: usize, results: usize, arity: usize) {
        self.put(what);
        let list = |count| "i32 ".repeat(count);
        if params > 0 {
            let _ = write!(self.text, "(param {}) ", list(params));
        }
        if results > 0 {
            let _ = write!(self.text, "(result {}) ", list(results));
        }
        self.labels.push(Label {
            arity,
            is_catch: false,
        });
    }

    /// A `block` or a `loop`, over operands that stay and with parameters that may.
    fn structure(&mut self, what: &str) {
        let is_loop = what == "loop";
        let [below, params, results] = [3, 3, 3].map(|n| self.rng.below(n));
        self.expressions(below + params);
        self.open(
            what,
            params,
            results,
            if is_loop { params } else { results },
        );
        let now = self.rng.below(params + 1);
        self.consume(now);
        if is_loop {
            self.put("local.get $steps i32.eqz if");
            self.put(RESULTS);
            self.put("return end local.get $steps i32.const 1 i32.sub local.set $steps");
        }
        self.statements();
        self.consume(params - now);
        if is_loop {
            self.expressions(params);
            self.condition();
            self.put("br_if 0");
            self.consume(params);
        }
        self.expressions(results);
        self.labels.pop();
        self.put("end");
        self.consume(results + below);
    }

    fn condition_block(&mut self) {
        let [params, results] = [2, 2].map(|n| self.rng.below(n));
        self.expressions(params);
        self.condition();
        let has_else = params != results || self.rng.one_in(2);
        self.open("if", params, results, results);
        self.consume(params);
        self.statements();
        self.expressions(results);
        if has_else {
            self.put("else");
            self.statements();
            self.consume(params);
            self.expressions(results);
        }
        self.labels.pop();
        self.put("end");
        self.consume(results);
    }

    fn try_table(&mut self) {
        self.open("block", 0, 1, 1);
        let outer = self.labels.len();
        let plain = (0..outer).filter(|index| self.labels[*index].arity == 0);
        let plain: Vec<usize> = plain.collect();
        let mut clauses = String::from("(catch $a 0) ");
        if let Some(index) = plain.first() {
            let _ = write!(clauses, "(catch_all {}) ", outer - 1 - index);
        }
        // The clauses come behind the type, which is empty.
        self.open(&format!("try_table {clauses}"), 0, 0, 0);
        self.statements();
        self.labels.pop();
        self.put("end");
        self.expression(1);
        self.labels.pop();
        self.put("end");
        self.consume(1);
    }

    fn legacy(&mut self) {
        if self.rng.one_in(3) && !self.labels.is_empty() {
            let depth = self.rng.below(self.labels.len());
            self.open("try", 0, 0, 0);
            self.statements();
            self.labels.pop();
            let _ = write!(self.text, "delegate {depth} ");
            return;
        }
        self.expression(1);
        self.open("try", 0, 1, 1);
        self.statements();
        self.expression(1);
        let innermost = self.labels.len() - 1;
        self.labels[innermost].is_catch = true;
        for clause in ["catch $a", "catch_all"] {
            if self.rng.one_in(4) {
                continue;
            }
            self.put(clause);
            self.statements();
            if clause == "catch_all" {
                self.expression(1);
            }
        }
        self.labels.pop();
        self.put("end");
        self.consume(2);
    }
}

fn program(seed: u64, handlers: bool) -> String {
    let mut writer = Writer {
        rng: Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        text: String::new(),
        labels: Vec::new(),
        budget: 60,
        handlers,
    };
    while writer.budget > 0 {
        writer.budget -= 1;
        writer.structure("loop");
    }
    format!(
        "(module (memory 1 1) (tag $a (param i32)) (tag $c)
          (func (param i32 i32) (result i32 i64 v128)
            (local i32 i32 i32) (local $l i64) (local $v v128) (local $r i31ref) (local $steps i32)
            i32.const 60 local.set $steps
            {} {RESULTS})
          (func $f (param $x i32) (result i32)
            (if (i32.eq (local.get $x) (i32.const 3)) (then (throw $a (local.get $x))))
            (i32.add (local.get $x) (i32.const 5))))",
        writer.text
    )
}

fn run(seeds: core::ops::Range<u64>, handlers: bool) {
    let times = std::env::var("TIERRA_CASES").map_or(1, |n| n.parse().expect("a number"));
    let mut tally = Tally::default();
    for seed in seeds.start..seeds.start + times * (seeds.end - seeds.start) {
        let text = program(seed, handlers);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&text, &[&[1, 2], &[4, 1]], &mut tally);
        }));
        if let Err(panic) = result {
            println!("seed {seed}: {text}");
            std::panic::resume_unwind(panic);
        }
    }
    assert!(tally.entries > 1000);
}

#[test]
fn control() {
    run(0..60, false);
}

#[test]
fn handlers() {
    run(10_000..10_060, true);
}
