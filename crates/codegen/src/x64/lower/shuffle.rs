//! Shuffles: bytes of two vectors by a constant. What one instruction can do is recognized; the
//! rest takes two lookups and a union.

use super::{A, Lower};
use crate::regalloc::interface::VReg;
use tierra_asm::x64::{Op, Size};
use tierra_ir::{Type, Value};

/// Instructions that interleave halves of two vectors, with the mask that they are.
const INTERLEAVES: [(Op, usize, u8); 8] = [
    (Op::Punpcklbw, 1, 0),
    (Op::Punpckhbw, 1, 8),
    (Op::Punpcklwd, 2, 0),
    (Op::Punpckhwd, 2, 8),
    (Op::Punpckldq, 4, 0),
    (Op::Punpckhdq, 4, 8),
    (Op::Punpcklqdq, 8, 0),
    (Op::Punpckhqdq, 8, 8),
];

/// Byte `index` of what an interleaving of lanes of `width` bytes from `start` on selects.
fn interleaved(index: usize, width: usize, start: u8) -> u8 {
    let lane = index / width;
    start + (lane / 2 * width + index % width) as u8 + 16 * (lane % 2) as u8
}

/// The mask as 32-bit lanes, if it moves those whole.
fn dwords(mask: &[u8; 16]) -> Option<[u8; 4]> {
    let mut lanes = [0; 4];
    for (lane, bytes) in lanes.iter_mut().zip(mask.chunks(4)) {
        let first = bytes[0];
        if first % 4 != 0 || !(1..4).all(|i| bytes[i] == first + i as u8) {
            return None;
        }
        *lane = first / 4;
    }
    Some(lanes)
}

fn imm(lanes: [u8; 4]) -> i64 {
    i64::from(lanes.iter().rev().fold(0, |all, lane| all << 2 | lane & 3))
}

impl Lower<'_> {
    pub(super) fn shuffle(&mut self, args: [Value; 2], mut mask: [u8; 16]) {
        let [mut a, mut b] = args.map(|v| self.func.resolve(v));
        if a == b {
            mask.iter_mut().for_each(|m| *m &= 15);
        }
        if mask.iter().all(|m| *m >= 16) {
            a = b;
            mask.iter_mut().for_each(|m| *m &= 15);
        }
        let d = self.def();
        if mask.iter().all(|m| *m < 16) {
            let v = self.reg(a);
            return self.permute(d, v, mask);
        }
        if mask[0] >= 16 {
            core::mem::swap(&mut a, &mut b);
            mask.iter_mut().for_each(|m| *m ^= 16);
        }
        let (a, b) = (self.reg(a), self.reg(b));
        for (op, width, start) in INTERLEAVES {
            if (0..16).all(|i| mask[i] == interleaved(i, width, start)) {
                return self.vec3(op, d, a, A::Use(b));
            }
        }
        // Bytes in a row, from the first vector on into the second.
        if (0..16).all(|i| mask[i] == mask[0] + i as u8) {
            return self.vec3i(Op::Palignr, d, b, A::Use(a), i64::from(mask[0]));
        }
        if (0..16).all(|i| mask[i] & 15 == i as u8)
            && (0..8).all(|i| mask[2 * i] >> 4 == mask[2 * i + 1] >> 4)
        {
            let blend = (0..8).fold(0, |all, i| all | i64::from(mask[2 * i] >> 4) << i);
            return self.vec3i(Op::Pblendw, d, a, A::Use(b), blend);
        }
        if let Some(lanes) = dwords(&mask)
            && lanes[0] < 4
            && lanes[1] < 4
            && lanes[2] >= 4
            && lanes[3] >= 4
        {
            return self.vec3i(Op::Shufps, d, a, A::Use(b), imm(lanes));
        }
        let (first, second) = (self.temp(Type::V128), self.temp(Type::V128));
        let from_first = self.pool(&mask.map(|m| if m < 16 { m } else { 0x80 }));
        self.vec3(Op::Pshufb, first, a, from_first);
        let from_second = self.pool(&mask.map(|m| if m < 16 { 0x80 } else { m & 15 }));
        self.vec3(Op::Pshufb, second, b, from_second);
        self.vec3(Op::Por, d, first, A::Use(second));
    }

    /// Bytes of one vector.
    fn permute(&mut self, d: VReg, a: VReg, mask: [u8; 16]) {
        if let Some(lanes) = dwords(&mask) {
            let imm = A::Imm(imm(lanes));
            return self.push(Op::Pshufd, Size::Q, &[A::Def(d), A::Use(a), imm]);
        }
        if (0..16).all(|i| mask[i] == (mask[0] + i as u8) & 15) {
            return self.vec3i(Op::Palignr, d, a, A::Use(a), i64::from(mask[0]));
        }
        let mask = self.pool(&mask);
        self.vec3(Op::Pshufb, d, a, mask);
    }
}
