//! A fast checksum against accidents.

/// Odd, so that multiplication loses nothing.
const K: u64 = 0x9e37_79b9_7f4a_7c15;
const LANES: usize = 4;
const BLOCK: usize = 8 * LANES;

/// The checksum of bytes, with the 8 bytes at `hole` taken as zeros (none if it lies behind the
/// end).
///
/// Four independent lanes of words keep the multiplier busy. Every step can be undone, so two
/// inputs that differ in one word differ in the result.
pub fn checksum(bytes: &[u8], hole: usize) -> u64 {
    let mut lanes = [K, K ^ 1, K ^ 2, K ^ 3];
    let mut step = |block: &[u8]| {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = (*lane ^ u64::from_le_bytes(*word))
                .rotate_left(29)
                .wrapping_mul(K);
        }
    };
    // The blocks up to the hole's end, copied, to have zeros there.
    let split = (hole + 8).next_multiple_of(BLOCK).min(bytes.len());
    let (head, tail) = bytes.split_at(split);
    let mut head = head.to_vec();
    if let Some(hole) = head.get_mut(hole..hole + 8) {
        hole.fill(0);
    }
    let (blocks, rest) = tail.as_chunks::<BLOCK>();
    head.resize(head.len().next_multiple_of(BLOCK), 0);
    head.chunks_exact(BLOCK).for_each(&mut step);
    blocks.iter().for_each(|block| step(block));
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    step(&last);
    let mut hash = bytes.len() as u64;
    for lane in lanes {
        hash = (hash ^ lane).rotate_left(29).wrapping_mul(K);
    }
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts() {
        for len in [24, 31, 32, 33, 64, 100] {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
            let sum = checksum(&bytes, 8);
            for bit in 0..len * 8 {
                let mut other = bytes.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                let in_hole = (8..16).contains(&(bit / 8));
                assert_eq!(checksum(&other, 8) == sum, in_hole, "{len}: bit {bit}");
            }
            for shorter in 0..len {
                assert_ne!(checksum(&bytes[..shorter], 8), sum);
            }
        }
    }
}
