//! Sections with many short entries, read without the general reader, which takes several times as
//! long for each. What is unusual in them gives nothing, and is left to that one.

use crate::module::{DataSegment, SegmentMode};
use crate::{ConstExpr, ConstOp};
use alloc::{boxed::Box, vec::Vec};
use core::ops::Range;
use tierra_core::index::{MemoryIdx, TypeIdx};

/// The number at `at`, which moves behind it.
fn read_number(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return u32::try_from(number).ok();
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
}

/// The byte ranges of so many bodies, which begin at `at` and fill the rest of a section: each is
/// behind its size.
pub(crate) fn bodies(section: &[u8], mut at: usize, count: u32) -> Option<Vec<Range<usize>>> {
    let mut bodies = Vec::with_capacity(section.len().min(count as usize));
    for _ in 0..count {
        let size = read_number(section, &mut at)?;
        let end = at.checked_add(size as usize)?;
        if end > section.len() {
            return None;
        }
        bodies.push(at..end);
        at = end;
    }
    (at == section.len()).then_some(bodies)
}

/// The types of a function section: numbers behind their count.
pub(crate) fn function_types(section: &[u8]) -> Option<Vec<TypeIdx>> {
    let mut at = 0;
    let count = read_number(section, &mut at)?;
    let mut types = Vec::with_capacity(section.len().min(count as usize));
    for _ in 0..count {
        types.push(TypeIdx(read_number(section, &mut at)?));
    }
    (at == section.len()).then_some(types)
}

/// The segments of a valid data section that begins at `at` and ends with the bytes, if all are for
/// the first memory, at a constant.
pub(crate) fn datas(bytes: &[u8], mut at: usize) -> Option<Vec<DataSegment>> {
    let count = read_number(bytes, &mut at)?;
    let mut datas = Vec::with_capacity((bytes.len() - at).min(count as usize));
    for _ in 0..count {
        // Active, `i32.const`, `end`.
        take(bytes, &mut at, 0x00)?;
        take(bytes, &mut at, 0x41)?;
        let offset = read_signed(bytes, &mut at)?;
        take(bytes, &mut at, 0x0b)?;
        let size = read_number(bytes, &mut at)?;
        let end = at.checked_add(size as usize)?;
        let offset = ConstExpr(Box::new([ConstOp::I32Const(offset as u32)]));
        datas.push(DataSegment {
            mode: SegmentMode::Active(MemoryIdx(0), offset),
            range: at..end,
        });
        at = end;
    }
    (at == bytes.len()).then_some(datas)
}

fn take(bytes: &[u8], at: &mut usize, byte: u8) -> Option<()> {
    let is = *bytes.get(*at)? == byte;
    *at += 1;
    is.then_some(())
}

/// The same as [`read_number`] for a number with a sign.
fn read_signed(bytes: &[u8], at: &mut usize) -> Option<i32> {
    let (mut number, mut shift) = (0_i64, 0);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= i64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            let unused = 64 - shift;
            return i32::try_from(number << unused >> unused).ok();
        }
        if shift > 28 {
            return None;
        }
    }
}
