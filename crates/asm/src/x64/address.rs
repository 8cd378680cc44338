//! ModRM, SIB and displacement: what the register-or-memory operand becomes.
//!
//! All of it is computed into one word before a byte is written, since prefixes stand before it
//! and depend on it too.

use super::arg::Mem;
use super::encode::Value;
use super::reg::{Gpr, Scale};

/// The register-or-memory operand.
pub(super) struct Address {
    /// ModRM with an empty register field, SIB, displacement.
    pub word: u64,
    /// The bytes of `word`.
    pub count: u8,
    /// The registers whose high bits go into prefixes.
    pub index: u8,
    pub base: u8,
    /// What the last four bytes are to hold.
    pub value: Option<Value>,
}

impl Address {
    /// No such operand; `low_bits` is the register in the opcode, if there is one.
    #[inline]
    pub fn absent(low_bits: u8) -> Address {
        Self::simple(0, 0, low_bits)
    }

    /// A register.
    #[inline]
    pub fn register(number: u8) -> Address {
        Self::simple(0xc0 | u64::from(number & 7), 1, number)
    }

    #[inline]
    fn simple(word: u64, count: u8, base: u8) -> Address {
        Address {
            word,
            count,
            index: 0,
            base,
            value: None,
        }
    }

    /// A place in memory. A displacement of one byte counts in units of `unit` bytes; `tail`
    /// bytes of immediates will follow.
    #[inline]
    pub fn memory(mem: &Mem, unit: i32, tail: u8) -> Address {
        match *mem {
            Mem::Base { base, disp }
            | Mem::Scaled {
                index: base,
                scale: Scale::X1,
                disp,
            } => Self::based(base, disp, unit),
            Mem::Index {
                base,
                index,
                scale,
                disp,
            } => {
                let low = base.0 & 7;
                let (mode, bytes, width) = displacement(low, disp, unit);
                Address {
                    word: mode | 4 | sib(index, scale, low) | bytes << 16,
                    count: 2 + width,
                    index: index.0,
                    base: base.0,
                    value: None,
                }
            }
            Mem::Scaled { index, scale, disp } => Address {
                word: 4 | sib(index, scale, 5) | u64::from(disp as u32) << 16,
                count: 6,
                index: index.0,
                base: 0,
                value: None,
            },
            Mem::Label { label, disp } => {
                let addend = disp.wrapping_sub(4 + i32::from(tail));
                Self::relative(Value::Label { label, addend })
            }
            Mem::Symbol { symbol, addend } => {
                let addend = i64::from(addend) - 4 - i64::from(tail);
                Self::relative(Value::Symbol { symbol, addend })
            }
        }
    }

    #[inline]
    fn based(base: Gpr, disp: i32, unit: i32) -> Address {
        let low = base.0 & 7;
        let (mode, bytes, width) = displacement(low, disp, unit);
        if low == Gpr::RSP.0 {
            // The number of RSP and R12 announces SIB, which can name them as a base alone.
            Self::simple(mode | 0x2404 | bytes << 16, 2 + width, base.0)
        } else {
            Self::simple(mode | u64::from(low) | bytes << 8, 1 + width, base.0)
        }
    }

    #[inline]
    fn relative(value: Value) -> Address {
        Address {
            value: Some(value),
            ..Self::simple(5, 5, 0)
        }
    }
}

/// The mode bits of ModRM, the displacement and the number of its bytes. RBP and R13 as a base
/// (`low` 5) can't go without.
#[inline]
fn displacement(low: u8, disp: i32, unit: i32) -> (u64, u64, u8) {
    let short = if unit == 1 {
        Some(disp)
    } else {
        (disp % unit == 0).then_some(disp / unit)
    };
    match short {
        Some(0) if low != Gpr::RBP.0 => (0x00, 0, 0),
        Some(short @ -128..=127) => (0x40, u64::from(short as u8), 1),
        _ => (0x80, u64::from(disp as u32), 4),
    }
}

/// SIB, as the second byte.
#[inline]
fn sib(index: Gpr, scale: Scale, base: u8) -> u64 {
    assert!(index != Gpr::RSP, "rsp can't be an index");
    u64::from((scale as u8) << 6 | (index.0 & 7) << 3 | base) << 8
}
