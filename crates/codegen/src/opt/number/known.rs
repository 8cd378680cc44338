//! What follows from a condition, and what follows for one.

use super::Walk;
use super::facts::range_of_bits;
use super::relation::{Range, Relation};
use tierra_ir::{BinaryOp, InstData, Type, UnaryOp, Value};

/// How many conditions one is taken apart into.
const PARTS: usize = 8;
/// How many instructions a range is looked for through.
const DEPTH: u32 = 3;

impl Walk<'_> {
    /// Takes note that a condition is true or false from here on.
    pub(super) fn assume(&mut self, cond: Value, truth: bool) {
        let mut parts = [(cond, truth); PARTS];
        let (mut next, mut end) = (0, 1);
        while next < end {
            let (cond, truth) = parts[next];
            next += 1;
            self.learn_truth(cond, truth);
            let Some(inst) = self.func.def_inst(cond) else {
                continue;
            };
            let mut part = |cond, truth| {
                if end < PARTS {
                    parts[end] = (cond, truth);
                    end += 1;
                }
            };
            match *self.func.data(inst) {
                InstData::Unary {
                    op: UnaryOp::I32Eqz | UnaryOp::I64Eqz,
                    arg,
                } => part(arg, !truth),
                InstData::Unary {
                    op: UnaryOp::I64ExtendI32U | UnaryOp::I64ExtendI32S,
                    arg,
                } => part(arg, truth),
                InstData::Binary {
                    op: BinaryOp::I32And,
                    args,
                } if truth => args.into_iter().for_each(|arg| part(arg, true)),
                InstData::Binary {
                    op: BinaryOp::I32Or | BinaryOp::I64Or,
                    args,
                } if !truth => args.into_iter().for_each(|arg| part(arg, false)),
                InstData::Compare { op, args } => {
                    if let Some(relation) = Relation::of(op) {
                        let relation = if truth { relation } else { relation.negate() };
                        self.learn_relation(args, relation);
                    }
                }
                _ => {}
            }
        }
    }

    /// A value is not 0, or is.
    fn learn_truth(&mut self, value: Value, truth: bool) {
        if truth {
            let ty = self.func.ty(value);
            let zero = Range::one(ty, 0);
            let range = self.range(value);
            let not_equal = Relation::of(tierra_ir::CompareOp::I32Ne).expect("of integers");
            self.learn(value, range.given(not_equal, zero, ty));
        } else {
            self.learn_bits(value, 0);
        }
    }

    /// A value is this constant.
    pub(super) fn learn_bits(&mut self, value: Value, bits: u64) {
        self.learn(value, Range::one(self.func.ty(value), bits));
    }

    fn learn_relation(&mut self, [a, b]: [Value; 2], relation: Relation) {
        let ty = self.func.ty(a);
        let (x, y) = (self.range(a), self.range(b));
        self.learn(a, x.given(relation, y, ty));
        self.learn(b, y.given(relation.swap(), x, ty));
        if self.func.as_const(a).is_none() && self.func.as_const(b).is_none() {
            self.state.facts.relate(a, b, relation);
        }
    }

    fn learn(&mut self, value: Value, range: Range) {
        let integer = matches!(self.func.ty(value), Type::I32 | Type::I64);
        if integer && self.func.as_const(value).is_none() && range != self.range(value) {
            self.state.facts.learn(value, range);
        }
    }

    /// The value that an integer is known to have.
    pub(super) fn single(&self, value: Value) -> Option<u64> {
        self.state.facts.range(value)?.single()
    }

    /// The range of an integer.
    pub(super) fn range(&self, value: Value) -> Range {
        self.range_through(value, DEPTH)
    }

    /// A sum, a number that became wider: their ranges follow from those of their operands. The
    /// depth bounds the recursion.
    fn range_through(&self, value: Value, depth: u32) -> Range {
        let ty = self.func.ty(value);
        let mut range = range_of_bits(self.func, value, self.state.ones[value.index()]);
        if let Some(known) = self.state.facts.range(value) {
            range = known.intersect(range);
        }
        let Some(inst) = self.func.def_inst(value).filter(|_| depth > 0) else {
            return range;
        };
        let derived = match *self.func.data(inst) {
            InstData::Unary {
                op: UnaryOp::I64ExtendI32U,
                arg,
            } => {
                let narrow = self.range_through(arg, depth - 1);
                Some(Range {
                    smin: narrow.min as i64,
                    smax: narrow.max as i64,
                    ..narrow
                })
            }
            InstData::Unary {
                op: UnaryOp::I32WrapI64,
                arg,
            } => {
                let wide = self.range_through(arg, depth - 1);
                (wide.max <= u32::MAX.into()).then(|| {
                    let mut range = Range::up_to(ty, wide.max);
                    range.min = wide.min;
                    range
                })
            }
            InstData::Binary {
                op: BinaryOp::I32Add | BinaryOp::I64Add,
                args,
            } => self
                .func
                .as_const(args[1])
                .and_then(|bits| self.range_through(args[0], depth - 1).plus(ty, bits)),
            _ => None,
        };
        derived.map_or(range, |derived| range.intersect(derived))
    }

    /// How two integers compare, as far as is known.
    pub(super) fn relation(&self, [a, b]: [Value; 2]) -> Relation {
        if a == b {
            return Relation::of(tierra_ir::CompareOp::I32Eq).expect("of integers");
        }
        let known = self.state.facts.relation(a, b);
        known.and(self.range(a).compare(self.range(b)))
    }

    /// Whether a condition is known to hold.
    pub(super) fn truth(&self, cond: Value) -> Option<bool> {
        let range = self.range(cond);
        match range {
            Range { max: 0, .. } => Some(false),
            Range { min: 1.., .. } => Some(true),
            // Not 0, but on both sides of it.
            _ => None,
        }
    }
}
