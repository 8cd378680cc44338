//! Which form fits the operands.
//!
//! An argument belongs to classes, a form accepts classes, four operands of 16 bits each: a form
//! fits when the two words have a bit in common in each of the four lanes, which is one sum
//! without carries. The forms of an instruction are ordered so that the first that fits is the
//! shortest.

use super::arg::{Arg, Mem};
use super::features::Features;
use super::form::{Form, class};
use super::reg::{Gpr, Scale, Size, Xmm};

/// The classes of the arguments, one lane each.
pub(super) fn classes(size: Size, args: &[Arg]) -> u64 {
    let absent = u64::from(class::ABSENT) * 0x0001_0001_0001_0001;
    let mut lanes = absent << (16 * args.len()).min(63);
    if args.len() == 4 {
        lanes = 0;
    }
    for (i, arg) in args.iter().enumerate() {
        lanes |= u64::from(classes_of(size, arg)) << (16 * i);
    }
    lanes
}

fn classes_of(size: Size, arg: &Arg) -> u16 {
    match *arg {
        Arg::R(Gpr::RAX) => class::GPR | class::RAX,
        Arg::R(Gpr::RCX) => class::GPR | class::RCX,
        Arg::R(_) => class::GPR,
        Arg::X(Xmm::XMM0) => class::XMM | class::XMM0,
        Arg::X(_) => class::XMM,
        Arg::M(_) => class::MEM,
        Arg::I(value) => classes_of_constant(size, value),
        Arg::L(_) => class::LABEL,
        Arg::S(_) => class::SYMBOL,
    }
}

fn classes_of_constant(size: Size, value: i64) -> u16 {
    let mut classes = class::I64;
    if let Ok(value) = u32::try_from(value) {
        classes |= class::U32;
        classes |= if value < 1 << 16 { class::U16 } else { 0 };
        classes |= if value < 1 << 8 { class::U8 } else { 0 };
        classes |= if value == 1 { class::ONE } else { 0 };
    }
    if let Some(value) = sign_extended(size, value) {
        classes |= if i32::try_from(value).is_ok() {
            class::S32
        } else {
            0
        };
        classes |= if i8::try_from(value).is_ok() {
            class::S8
        } else {
            0
        };
    }
    classes
}

/// A constant of the operation's size, given signed or unsigned, as the signed one.
pub(super) fn sign_extended(size: Size, value: i64) -> Option<i64> {
    let unused = 64 - 8 * u32::from(size.bytes());
    let signed = value << unused >> unused;
    let unsigned = ((value as u64) << unused >> unused) as i64;
    (value == signed || value == unsigned).then_some(signed)
}

/// The first form that takes these classes at this size on this processor.
#[inline]
pub(super) fn select(
    forms: &'static [Form],
    lanes: u64,
    size: Size,
    features: Features,
) -> Option<&'static Form> {
    forms.iter().find(|form| fits(form, lanes, size, features))
}

/// Whether the form takes these classes at this size on this processor.
#[inline]
pub(super) fn fits(form: &Form, lanes: u64, size: Size, features: Features) -> bool {
    const TOPS: u64 = 0x8000_8000_8000_8000;
    let common = form.accept & lanes;
    // A lane without its top bit can't carry into the next one.
    let occupied = ((common & !TOPS) + !TOPS) | common;
    occupied & TOPS == TOPS && form.sizes & size.bytes() != 0 && features.contains(form.needs)
}

/// The same address in its shortest form.
pub(super) fn shortest(mem: Mem) -> Mem {
    match mem {
        Mem::Scaled {
            index,
            scale: Scale::X1,
            disp,
        } => Mem::Base { base: index, disp },
        mem => mem,
    }
}
