//! Numbers in the binary format (§5.2.2).
//!
//! A function takes the bytes and a position, and gives the number and the position behind it;
//! nothing where the bytes end too early or the number does not fit.

/// A number of at most 32 bits.
#[inline(always)]
pub(super) fn u32(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    match *bytes.get(at)? {
        byte if byte < 0x80 => Some((byte.into(), at + 1)),
        _ => long_u32(bytes, at),
    }
}

#[inline(never)]
fn long_u32(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let (value, next) = unsigned::<32>(bytes, at)?;
    Some((value as u32, next))
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
