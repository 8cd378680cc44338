//! Operands for every form: special registers, every shape of address, constants at their limits.

use std::vec;
use std::vec::Vec;

use super::super::arg::{Arg, Mem};
use super::super::assembler::Label;
use super::super::features::Features;
use super::super::form::{Coding, Form, NOWHERE, class};
use super::super::reg::{Gpr, Scale, Size, Xmm};

/// A generator of Marsaglia's family: the same cases every time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const DISPLACEMENTS: [i32; 12] = [
    0,
    1,
    -1,
    16,
    127,
    128,
    -128,
    -129,
    2032,
    i32::MAX,
    i32::MIN,
    0x1234_5678,
];

const SCALES: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

/// The label that memory operands of cases name: bound at 0.
pub const START: Label = Label(0);

/// The symbol of cases.
pub const SYMBOL: u32 = 77;

/// Every shape of address with every displacement, and every register as base and as index.
fn addresses() -> Vec<Mem> {
    let mut all = Vec::new();
    for disp in DISPLACEMENTS {
        for base in Gpr::ALL {
            all.push(Mem::Base { base, disp });
        }
        for scale in SCALES {
            for (base, index) in [
                (Gpr::RBP, Gpr::RAX),
                (Gpr::R13, Gpr::R12),
                (Gpr::RSP, Gpr::R9),
            ] {
                all.push(Mem::Index {
                    base,
                    index,
                    scale,
                    disp,
                });
            }
            let index = Gpr::RBX;
            all.push(Mem::Scaled { index, scale, disp });
        }
    }
    for index in Gpr::ALL.into_iter().filter(|r| *r != Gpr::RSP) {
        all.push(Mem::Scaled {
            index,
            scale: Scale::X4,
            disp: -4,
        });
        for base in Gpr::ALL {
            all.push(Mem::Index {
                base,
                index,
                scale: Scale::X8,
                disp: 0,
            });
        }
    }
    for disp in [0, 8, -8, 4096] {
        all.push(Mem::Label { label: START, disp });
        all.push(Mem::Symbol {
            symbol: SYMBOL,
            addend: disp,
        });
    }
    all
}

/// Constants at the limits of `width` bytes.
fn constants(accept: u16, size: Size) -> Vec<i64> {
    const UNSIGNED: [i64; 8] = [0, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0xffff_ffff];
    if accept & class::ONE != 0 {
        return vec![1];
    }
    let mut all = match accept & (class::U8 | class::U16 | class::U32) {
        class::U8 => UNSIGNED[..5].to_vec(),
        class::U16 => UNSIGNED[..7].to_vec(),
        class::U32 => UNSIGNED.to_vec(),
        _ => Vec::new(),
    };
    let limits = |bits: u32| {
        let top = 1_i64 << (bits - 1);
        [0, 1, -1, top - 1, -top]
    };
    if accept & class::S8 != 0 {
        all.extend(limits(8));
    }
    if accept & class::S32 != 0 {
        let bits = 8 * u32::from(size.bytes());
        for narrow in [8, 16, 32].into_iter().filter(|b| *b <= bits) {
            all.extend(limits(narrow));
        }
        if bits < 64 {
            all.extend([(1 << bits) - 1, 1 << (bits - 1)]);
        }
    }
    if accept & class::I64 != 0 {
        all.extend([i64::MAX, i64::MIN, 1 << 32, -1, 0, 0x1234_5678_9abc_def0]);
    }
    all
}

/// The arguments an operand of this form may have.
fn choices(accept: u16, size: Size, addresses: &[Mem]) -> Vec<Arg> {
    let mut all = Vec::new();
    if accept & class::GPR != 0 {
        all.extend(Gpr::ALL.map(Arg::R));
    }
    if accept & class::RAX != 0 {
        all.push(Arg::R(Gpr::RAX));
    }
    if accept & class::RCX != 0 {
        all.push(Arg::R(Gpr::RCX));
    }
    if accept & class::XMM != 0 {
        all.extend(Xmm::ALL.map(Arg::X));
    }
    if accept & class::XMM0 != 0 {
        all.push(Arg::X(Xmm::XMM0));
    }
    if accept & class::MEM != 0 {
        all.extend(addresses.iter().copied().map(Arg::M));
    }
    if accept & class::LABEL != 0 {
        all.push(Arg::L(START));
    }
    if accept & class::SYMBOL != 0 {
        all.push(Arg::S(SYMBOL));
    }
    all.extend(constants(accept, size).into_iter().map(Arg::I));
    all
}

/// Calls `check` with operands of `form` at `size`: every choice of every operand once with the
/// others at random, and some where all are.
pub fn for_each(
    form: &Form,
    size: Size,
    features: Features,
    random: &mut Random,
    mut check: impl FnMut(&[Arg]),
) {
    let addresses = addresses();
    let operands: Vec<Vec<Arg>> = form
        .kinds
        .iter()
        .map(|kind| kind.accept)
        .filter(|accept| *accept != class::ABSENT)
        .map(|accept| choices(accept, size, &addresses))
        .collect();
    let mut one = |fixed: Option<(usize, Arg)>, random: &mut Random| {
        let mut args: Vec<Arg> = operands.iter().map(|all| random.pick(all)).collect();
        if let Some((i, arg)) = fixed {
            args[i] = arg;
        }
        let destructive = form.coding == Coding::Twin && !features.contains(Features::AVX)
            || form.coding == Coding::Legacy;
        let vvvv = usize::from(form.slots.vvvv);
        if destructive && form.slots.vvvv != NOWHERE {
            let other = if vvvv == 0 {
                usize::from(form.slots.rm)
            } else {
                0
            };
            args[vvvv] = args[other];
        }
        check(&args);
    };
    if operands.is_empty() {
        one(None, random);
        return;
    }
    for (i, all) in operands.iter().enumerate() {
        for arg in all {
            one(Some((i, *arg)), random);
        }
    }
    for _ in 0..20 {
        one(None, random);
    }
}
