//! Types in the text format.

use super::{ExternType, FuncType, GlobalType, HeapType, Limits, RefType, ValType};
use core::fmt;

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Only its name: a type may mention itself.
            HeapType::Concrete(ty) => ty.fmt(f),
            other => other.to_core().fmt(f),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.heap, self.nullable) {
            (HeapType::Concrete(_), true) => write!(f, "(ref null {})", self.heap),
            (HeapType::Concrete(_), false) => write!(f, "(ref {})", self.heap),
            _ => self.to_core().fmt(f),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::Ref(r) => r.fmt(f),
            other => other.to_core().fmt(f),
        }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        for (word, types) in [("param", self.params()), ("result", self.results())] {
            if !types.is_empty() {
                write!(f, " ({word}")?;
                types.iter().try_for_each(|t| write!(f, " {t}"))?;
                f.write_str(")")?;
            }
        }
        f.write_str(")")
    }
}

fn limits(f: &mut fmt::Formatter<'_>, limits: &Limits) -> fmt::Result {
    if limits.is_64 {
        f.write_str(" i64")?;
    }
    write!(f, " {}", limits.min)?;
    limits.max.map_or(Ok(()), |max| write!(f, " {max}"))
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => ty.fmt(f),
            ExternType::Tag(ty) => {
                f.write_str("(tag")?;
                ty.params().iter().try_for_each(|t| write!(f, " {t}"))?;
                f.write_str(")")
            }
            ExternType::Table(ty) => {
                f.write_str("(table")?;
                limits(f, &ty.limits)?;
                write!(f, " {})", ty.element)
            }
            ExternType::Memory(ty) => {
                f.write_str("(memory")?;
                limits(f, &ty.limits)?;
                if ty.shared {
                    f.write_str(" shared")?;
                }
                if ty.page_size_log2 != 16 {
                    write!(f, " (pagesize {})", 1u64 << ty.page_size_log2)?;
                }
                f.write_str(")")
            }
            ExternType::Global(GlobalType {
                content,
                mutable: true,
            }) => {
                write!(f, "(global (mut {content}))")
            }
            ExternType::Global(GlobalType {
                content,
                mutable: false,
            }) => write!(f, "(global {content})"),
        }
    }
}
