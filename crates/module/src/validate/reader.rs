//! Numbers in the binary format (§5.2.2).
//!
//! A function takes the bytes and a position, and gives the number and the position behind it;
//! nothing where the bytes end too early or the number does not fit.

/// A number of at most 32 bits.
#[inline(always)]
pub(super) fn u32(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let low = *bytes.get(at)?;
    if low < 0x80 {
        return Some((low.into(), at + 1));
    }
    match *bytes.get(at + 1)? {
        high if high < 0x80 => Some((u32::from(high) << 7 | u32::from(low & 0x7f), at + 2)),
        _ => long_u32(bytes, at),
    }
}

#[inline(never)]
fn long_u32(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
        let (value, next) = unsigned::<32>(bytes, at)?;
        return Some((value as u32, next));
    };
    // All bytes at once. The lowest of these bits is that of the last byte.
    let word = u64::from_le_bytes(*word);
    let ends = !word & 0x80_8080_8080;
    let bits = word & (ends ^ ends.wrapping_sub(1));
    let value = (bits & 0x7f)
        | (bits & 0x7f00) >> 1
        | (bits & 0x7f_0000) >> 2
        | (bits & 0x7f00_0000) >> 3
        | (bits & 0x7f_0000_0000) >> 4;
    let fits = ends != 0 && value <= u32::MAX.into();
    fits.then(|| (value as u32, at + 1 + ends.trailing_zeros() as usize / 8))
}

/// A number of at most 64 bits.
#[inline]
pub(super) fn u64(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    unsigned::<64>(bytes, at)
}

/// A signed number of at most 33 bits.
#[inline]
pub(super) fn s33(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    signed::<33>(bytes, at)
}

/// Skips a signed number of at most 32 bits.
#[inline]
pub(super) fn skip_s32(bytes: &[u8], at: usize) -> Option<usize> {
    Some(signed::<32>(bytes, at)?.1)
}

/// Skips a signed number of at most 64 bits.
#[inline]
pub(super) fn skip_s64(bytes: &[u8], at: usize) -> Option<usize> {
    Some(signed::<64>(bytes, at)?.1)
}

fn unsigned<const BITS: u32>(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let (mut value, mut shift) = (0_u64, 0);
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        // The last byte has few bits left: neither may it set more, nor may another one follow.
        if shift + 7 > BITS && byte >> (BITS - shift) != 0 {
            return None;
        }
        if byte < 0x80 {
            return Some((value, at));
        }
        shift += 7;
    }
}

fn signed<const BITS: u32>(bytes: &[u8], mut at: usize) -> Option<(i64, usize)> {
    let (mut value, mut shift) = (0_i64, 0);
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= i64::from(byte & 0x7f) << shift;
        if shift + 7 >= BITS {
            // What is above the last bit of the number has to be copies of it.
            let rest = ((byte << 1) as i8) >> (BITS - shift);
            if byte >= 0x80 || (rest != 0 && rest != -1) {
                return None;
            }
        }
        shift += 7;
        if byte < 0x80 {
            let unused = 64_u32.saturating_sub(shift);
            return Some(((value << unused) >> unused, at));
        }
    }
}
