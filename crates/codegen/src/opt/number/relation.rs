//! Orders of integers: which of five ways two numbers can compare, and in which ranges they are.
//!
//! Two integers of a type are equal, or one is less: without sign and with sign, which need not
//! agree. That makes five outcomes, of which exactly one holds; a comparison is a set of them. What
//! is known of two numbers is a set too: a comparison whose set contains it is true, one whose set
//! is disjoint from it is false.

use tierra_ir::{CompareOp, Type};

/// A set of outcomes of comparing `a` with `b`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Relation(pub u8);

impl Relation {
    const EQUAL: u8 = 1;
    /// Less or greater without sign, then with sign.
    const LESS_LESS: u8 = 2;
    const LESS_GREATER: u8 = 4;
    const GREATER_LESS: u8 = 8;
    const GREATER_GREATER: u8 = 16;
    const LESS_U: u8 = Self::LESS_LESS | Self::LESS_GREATER;
    const GREATER_U: u8 = Self::GREATER_LESS | Self::GREATER_GREATER;
    const LESS_S: u8 = Self::LESS_LESS | Self::GREATER_LESS;
    const GREATER_S: u8 = Self::LESS_GREATER | Self::GREATER_GREATER;

    /// Nothing is known.
    pub(super) const ANY: Self = Self(31);

    /// When a comparison of integers is true.
    pub(super) fn of(op: CompareOp) -> Option<Self> {
        use CompareOp::*;
        Some(Self(match op {
            I32Eq | I64Eq => Self::EQUAL,
            I32Ne | I64Ne => !Self::EQUAL & 31,
            I32LtS | I64LtS => Self::LESS_S,
            I32LtU | I64LtU => Self::LESS_U,
            I32GtS | I64GtS => Self::GREATER_S,
            I32GtU | I64GtU => Self::GREATER_U,
            I32LeS | I64LeS => Self::LESS_S | Self::EQUAL,
            I32LeU | I64LeU => Self::LESS_U | Self::EQUAL,
            I32GeS | I64GeS => Self::GREATER_S | Self::EQUAL,
            I32GeU | I64GeU => Self::GREATER_U | Self::EQUAL,
            _ => return None,
        }))
    }

    /// What it is when the comparison is false.
    pub(super) const fn negate(self) -> Self {
        Self(!self.0 & 31)
    }

    /// Of `b` and `a`.
    pub(super) const fn swap(self) -> Self {
        let bits = self.0;
        Self(
            bits & Self::EQUAL
                | (bits & Self::LESS_LESS) << 3
                | (bits & Self::LESS_GREATER) << 1
                | (bits & Self::GREATER_LESS) >> 1
                | (bits & Self::GREATER_GREATER) >> 3,
        )
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether a comparison holds, if what is known decides it. Nothing at all is known where
    /// what is known is contradictory.
    pub(super) const fn decides(self, comparison: Self) -> Option<bool> {
        if self.0 == 0 {
            None
        } else if self.0 & !comparison.0 == 0 {
            Some(true)
        } else if self.0 & comparison.0 == 0 {
            Some(false)
        } else {
            None
        }
    }

    const fn within(self, outcomes: u8) -> bool {
        self.0 & !outcomes == 0
    }
}

/// Where an integer may be, without and with sign; an `i32` as the number that it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    pub min: u64,
    pub max: u64,
    pub smin: i64,
    pub smax: i64,
}

impl Range {
    /// All of a type.
    pub(super) const fn all(ty: Type) -> Self {
        match ty {
            Type::I32 => Self {
                min: 0,
                max: u32::MAX as u64,
                smin: i32::MIN as i64,
                smax: i32::MAX as i64,
            },
            _ => Self {
                min: 0,
                max: u64::MAX,
                smin: i64::MIN,
                smax: i64::MAX,
            },
        }
    }

    /// One number.
    pub(super) const fn one(ty: Type, bits: u64) -> Self {
        let signed = match ty {
            Type::I32 => bits as u32 as i32 as i64,
            _ => bits as i64,
        };
        Self {
            min: bits,
            max: bits,
            smin: signed,
            smax: signed,
        }
    }

    /// From 0 to a number, without sign.
    pub(super) fn up_to(ty: Type, max: u64) -> Self {
        let mut range = Self {
            max,
            ..Self::all(ty)
        };
        range.tighten(ty);
        range
    }

    /// The number, if there is only one.
    pub(super) const fn single(self) -> Option<u64> {
        if self.min == self.max {
            Some(self.min)
        } else {
            None
        }
    }

    /// What is in both; the first if nothing is: then the code at hand never runs.
    pub(super) fn intersect(self, other: Self) -> Self {
        let both = Self {
            min: self.min.max(other.min),
            max: self.max.min(other.max),
            smin: self.smin.max(other.smin),
            smax: self.smax.min(other.smax),
        };
        if both.min > both.max || both.smin > both.smax {
            self
        } else {
            both
        }
    }

    /// Lets each of the two orders learn from the other.
    fn tighten(&mut self, ty: Type) {
        let before = *self;
        let signed = |bits: u64| Self::one(ty, bits).smin;
        let bits = |signed: i64| match ty {
            Type::I32 => signed as u32 as u64,
            _ => signed as u64,
        };
        if signed(self.min) <= signed(self.max) && (signed(self.min) < 0) == (signed(self.max) < 0)
        {
            self.smin = self.smin.max(signed(self.min));
            self.smax = self.smax.min(signed(self.max));
        }
        if self.smin <= self.smax && (self.smin < 0) == (self.smax < 0) {
            self.min = self.min.max(bits(self.smin));
            self.max = self.max.min(bits(self.smax));
        }
        if self.min > self.max || self.smin > self.smax {
            *self = before;
        }
    }

    /// The sum with a constant, if it never leaves the type.
    pub(super) fn plus(self, ty: Type, bits: u64) -> Option<Self> {
        let all = Self::all(ty);
        let sum = Self {
            min: self.min.checked_add(bits)?,
            max: self.max.checked_add(bits).filter(|max| *max <= all.max)?,
            ..all
        };
        let mut sum = sum;
        sum.tighten(ty);
        Some(sum)
    }

    /// How numbers of these ranges may compare.
    pub(super) fn compare(self, other: Self) -> Relation {
        let mut outcomes = 31;
        if self.max < other.min
            || other.max < self.min
            || self.smax < other.smin
            || other.smax < self.smin
        {
            outcomes &= !Relation::EQUAL;
        }
        if self.min >= other.max {
            outcomes &= !Relation::LESS_U;
        }
        if self.max <= other.min {
            outcomes &= !Relation::GREATER_U;
        }
        if self.smin >= other.smax {
            outcomes &= !Relation::LESS_S;
        }
        if self.smax <= other.smin {
            outcomes &= !Relation::GREATER_S;
        }
        Relation(outcomes)
    }

    /// What is left of this range when its number compares so with one of the other.
    pub(super) fn given(self, relation: Relation, other: Self, ty: Type) -> Self {
        let mut limit = Self::all(ty);
        if relation.within(Relation::EQUAL) {
            limit = other;
        }
        if relation.within(Relation::LESS_U) {
            limit.max = limit.max.min(other.max.saturating_sub(1));
        } else if relation.within(Relation::LESS_U | Relation::EQUAL) {
            limit.max = limit.max.min(other.max);
        }
        if relation.within(Relation::GREATER_U) {
            limit.min = limit.min.max(other.min.saturating_add(1));
        } else if relation.within(Relation::GREATER_U | Relation::EQUAL) {
            limit.min = limit.min.max(other.min);
        }
        if relation.within(Relation::LESS_S) {
            limit.smax = limit.smax.min(other.smax.saturating_sub(1));
        } else if relation.within(Relation::LESS_S | Relation::EQUAL) {
            limit.smax = limit.smax.min(other.smax);
        }
        if relation.within(Relation::GREATER_S) {
            limit.smin = limit.smin.max(other.smin.saturating_add(1));
        } else if relation.within(Relation::GREATER_S | Relation::EQUAL) {
            limit.smin = limit.smin.max(other.smin);
        }
        // Not equal to one that is at an end.
        if relation.0 & Relation::EQUAL == 0
            && let Some(bits) = other.single()
        {
            if self.min == bits {
                limit.min = limit.min.max(bits.saturating_add(1));
            }
            if self.max == bits {
                limit.max = limit.max.min(bits.saturating_sub(1));
            }
        }
        let mut range = self.intersect(limit);
        range.tighten(ty);
        range
    }
}
