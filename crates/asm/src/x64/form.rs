//! What one row of the table says: the form of an instruction.
//!
//! A form is written like an entry of the processor's manual,
//!
//! ```text
//! form(b"MR", [RM, R], ONE_BYTE, 0x88).sizes(BWDQ)
//! ```
//!
//! - the *slots*, one letter per operand, say where an operand goes: `R` the register field of
//!   ModRM, `M` its register-or-memory field, `V` the extra register of VEX, `O` the low bits of
//!   the opcode, `I` an immediate, `4` a register in an immediate byte, `D` a branch
//!   displacement, `-` nowhere;
//! - the *kinds* say what the operand may be and how wide it is;
//! - the *page* is the mandatory prefix and the opcode map; then the opcode;
//! - methods add what most forms don't have.
//!
//! A form with `sizes` follows the operation's size: REX.W for 64 bits, the prefix 66 for 16, and,
//! if it has a byte form, the low bit of the opcode for all but 8. A form without is what it is at
//! any size.
//!
//! Forms that are `twin` have a VEX encoding of the same page and opcode. The row has the operands
//! of that; the older encoding demands that the operand in `V` be the destination.

use super::features::Features;

/// The classes an operand may belong to, as bits: a kind accepts some, an argument is in some.
pub(super) mod class {
    pub const GPR: u16 = 1 << 0;
    pub const RAX: u16 = 1 << 1;
    pub const RCX: u16 = 1 << 2;
    pub const XMM: u16 = 1 << 3;
    pub const XMM0: u16 = 1 << 4;
    pub const MEM: u16 = 1 << 5;
    /// Signed 8 bits, after sign extension from the operation's size.
    pub const S8: u16 = 1 << 6;
    /// What an operation of this size can take: up to signed 32 bits.
    pub const S32: u16 = 1 << 7;
    pub const ONE: u16 = 1 << 8;
    pub const U8: u16 = 1 << 9;
    pub const U16: u16 = 1 << 10;
    pub const U32: u16 = 1 << 11;
    pub const I64: u16 = 1 << 12;
    pub const LABEL: u16 = 1 << 13;
    pub const SYMBOL: u16 = 1 << 14;
    pub const ABSENT: u16 = 1 << 15;
}

/// The width of an operand is that of the operation.
pub(super) const BY_SIZE: u8 = 0;
/// The memory operand is an address only.
pub(super) const NO_ACCESS: u8 = 0xff;

/// What an operand may be.
#[derive(Copy, Clone)]
pub(super) struct Kind {
    /// Classes.
    pub accept: u16,
    /// Bytes of a register that are used, or of the immediate that are written.
    pub width: u8,
    /// Bytes of memory that are accessed.
    pub memory: u8,
}

/// The names that rows use.
pub(super) mod kind {
    use super::{BY_SIZE, Kind, NO_ACCESS, class};

    const fn kind(accept: u16, width: u8, memory: u8) -> Kind {
        Kind {
            accept,
            width,
            memory,
        }
    }

    pub const NONE: Kind = kind(class::ABSENT, NO_ACCESS, NO_ACCESS);

    pub const R: Kind = kind(class::GPR, BY_SIZE, NO_ACCESS);
    pub const R32: Kind = kind(class::GPR, 4, NO_ACCESS);
    pub const R64: Kind = kind(class::GPR, 8, NO_ACCESS);
    pub const RM: Kind = kind(class::GPR | class::MEM, BY_SIZE, BY_SIZE);
    pub const RM8: Kind = kind(class::GPR | class::MEM, 1, 1);
    pub const RM16: Kind = kind(class::GPR | class::MEM, 2, 2);
    pub const RM32: Kind = kind(class::GPR | class::MEM, 4, 4);
    pub const RM64: Kind = kind(class::GPR | class::MEM, 8, 8);
    /// A register of 32 bits, or memory of fewer.
    pub const R32M8: Kind = kind(class::GPR | class::MEM, 4, 1);
    pub const R32M16: Kind = kind(class::GPR | class::MEM, 4, 2);
    /// The accumulator.
    pub const AX: Kind = kind(class::RAX, BY_SIZE, NO_ACCESS);
    /// The count of a shift.
    pub const CL: Kind = kind(class::RCX, 1, NO_ACCESS);

    pub const M: Kind = kind(class::MEM, NO_ACCESS, BY_SIZE);
    pub const M32: Kind = kind(class::MEM, NO_ACCESS, 4);
    pub const M64: Kind = kind(class::MEM, NO_ACCESS, 8);
    pub const M128: Kind = kind(class::MEM, NO_ACCESS, 16);
    pub const ADDRESS: Kind = kind(class::MEM, NO_ACCESS, NO_ACCESS);

    pub const X: Kind = kind(class::XMM, 16, NO_ACCESS);
    pub const XMM0: Kind = kind(class::XMM0, 16, NO_ACCESS);
    pub const XM8: Kind = kind(class::XMM | class::MEM, 16, 1);
    pub const XM16: Kind = kind(class::XMM | class::MEM, 16, 2);
    pub const XM32: Kind = kind(class::XMM | class::MEM, 16, 4);
    pub const XM64: Kind = kind(class::XMM | class::MEM, 16, 8);
    pub const XM128: Kind = kind(class::XMM | class::MEM, 16, 16);

    /// One signed byte, extended to the operation's size.
    pub const I8: Kind = kind(class::S8, 1, NO_ACCESS);
    /// As wide as the operation, at most four bytes, which are extended.
    pub const IZ: Kind = kind(class::S32, BY_SIZE, NO_ACCESS);
    pub const I32: Kind = kind(class::S32, 4, NO_ACCESS);
    pub const U8: Kind = kind(class::U8, 1, NO_ACCESS);
    pub const U16: Kind = kind(class::U16, 2, NO_ACCESS);
    pub const U32: Kind = kind(class::U32, 4, NO_ACCESS);
    pub const I64: Kind = kind(class::I64 | class::SYMBOL, 8, NO_ACCESS);
    /// The constant 1, which the opcode implies.
    pub const ONE: Kind = kind(class::ONE, 1, NO_ACCESS);
    /// Where a branch goes.
    pub const TARGET: Kind = kind(class::LABEL | class::SYMBOL, 4, NO_ACCESS);
}

/// A mandatory prefix and an opcode map, numbered as in VEX.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// 0 nothing, 1 for 66, 2 for F3, 3 for F2.
    pub prefix: u8,
    /// 0 for one-byte opcodes, 1 for 0F, 2 for 0F 38, 3 for 0F 3A.
    pub map: u8,
}

/// The names that rows use.
pub(super) mod page {
    use super::Page;

    const fn page(prefix: u8, map: u8) -> Page {
        Page { prefix, map }
    }

    pub const ONE_BYTE: Page = page(0, 0);
    pub const F3: Page = page(2, 0);
    pub const P0F: Page = page(0, 1);
    pub const P66_0F: Page = page(1, 1);
    pub const PF3_0F: Page = page(2, 1);
    pub const PF2_0F: Page = page(3, 1);
    pub const P0F38: Page = page(0, 2);
    pub const P66_0F38: Page = page(1, 2);
    pub const PF3_0F38: Page = page(2, 2);
    pub const PF2_0F38: Page = page(3, 2);
    pub const P66_0F3A: Page = page(1, 3);
    pub const PF2_0F3A: Page = page(3, 3);
}

/// Sets of sizes, by bit.
pub(super) mod sizes {
    pub const B: u8 = 1;
    pub const Q: u8 = 8;
    pub const WD: u8 = 6;
    pub const DQ: u8 = 12;
    pub const WDQ: u8 = 14;
    pub const BWDQ: u8 = 15;
    /// The size says nothing.
    pub const ANY: u8 = 15;
}

/// The encodings that a form has.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Coding {
    /// Prefixes and REX.
    Legacy,
    /// Legacy, and VEX where there is AVX.
    Twin,
    /// VEX only.
    Vex,
    /// EVEX only, 128 bits, without masks.
    Evex,
}

/// No operand has this place.
pub(super) const NOWHERE: u8 = 7;

/// Where operands go: for each place the number of the operand, or `NOWHERE`.
#[derive(Copy, Clone)]
pub(super) struct Slots {
    pub reg: u8,
    pub rm: u8,
    pub vvvv: u8,
    pub opcode: u8,
    pub imm: u8,
    pub imm_reg: u8,
    pub target: u8,
}

/// One form of one instruction.
#[derive(Copy, Clone)]
pub(super) struct Form {
    /// The classes of four operands, 16 bits each.
    pub accept: u64,
    /// What the processor must have, apart from AVX for twins.
    pub needs: Features,
    pub sizes: u8,
    /// The operation's size chooses prefixes and the opcode's low bit.
    pub sized: bool,
    pub coding: Coding,
    pub wide: bool,
    pub lock: bool,
    /// The condition is added to the opcode.
    pub conditional: bool,
    /// The byte after the opcode is `ext`.
    pub fixed: bool,
    pub page: Page,
    pub opcode: u8,
    /// The opcode of a branch with one byte of displacement, or 0.
    pub short: u8,
    /// What stands in ModRM's register field when no operand does.
    pub ext: u8,
    pub slots: Slots,
    pub kinds: [Kind; 4],
    /// The name, if it isn't the instruction's.
    pub name: Option<&'static str>,
}

/// A form of `kinds` that go where `slots` says. The module's documentation tells the letters.
pub(super) const fn form<const N: usize>(
    slots: &[u8; N],
    kinds: [Kind; N],
    page: Page,
    opcode: u8,
) -> Form {
    let mut all = [kind::NONE; 4];
    let mut places = Slots {
        reg: NOWHERE,
        rm: NOWHERE,
        vvvv: NOWHERE,
        opcode: NOWHERE,
        imm: NOWHERE,
        imm_reg: NOWHERE,
        target: NOWHERE,
    };
    let mut accept = 0;
    let mut i = 0;
    while i < 4 {
        if i < N {
            all[i] = kinds[i];
            let number = i as u8;
            match slots[i] {
                b'R' => places.reg = number,
                b'M' => places.rm = number,
                b'V' => places.vvvv = number,
                b'O' => places.opcode = number,
                b'I' => places.imm = number,
                b'4' => places.imm_reg = number,
                b'D' => places.target = number,
                b'-' => {}
                _ => panic!("a slot that is not known"),
            }
        }
        accept |= (all[i].accept as u64) << (16 * i);
        i += 1;
    }
    Form {
        accept,
        needs: Features::NONE,
        sizes: sizes::ANY,
        sized: false,
        coding: Coding::Legacy,
        wide: false,
        lock: false,
        conditional: false,
        fixed: false,
        page,
        opcode,
        short: 0,
        ext: 0,
        slots: places,
        kinds: all,
        name: None,
    }
}

impl Form {
    /// Only these sizes, and the encoding follows them.
    pub const fn sizes(mut self, sizes: u8) -> Form {
        self.sizes = sizes;
        self.sized = true;
        self
    }

    /// Only these sizes; the encoding is the same.
    pub const fn only(mut self, sizes: u8) -> Form {
        self.sizes = sizes;
        self
    }

    /// An opcode extension, `/digit` in the manual.
    pub const fn ext(mut self, digit: u8) -> Form {
        self.ext = digit;
        self
    }

    /// A constant byte after the opcode.
    pub const fn fixed(mut self, byte: u8) -> Form {
        self.fixed = true;
        self.ext = byte;
        self
    }

    /// W is set at any size.
    pub const fn w1(mut self) -> Form {
        self.wide = true;
        self
    }

    /// Legacy and VEX.
    pub const fn twin(mut self) -> Form {
        self.coding = Coding::Twin;
        self
    }

    /// VEX only.
    pub const fn vex(mut self) -> Form {
        self.coding = Coding::Vex;
        self
    }

    /// EVEX only.
    pub const fn evex(mut self) -> Form {
        self.coding = Coding::Evex;
        self
    }

    /// With the LOCK prefix.
    pub const fn lock(mut self) -> Form {
        self.lock = true;
        self
    }

    /// With a condition.
    pub const fn conditional(mut self) -> Form {
        self.conditional = true;
        self
    }

    /// A branch that has a short form.
    pub const fn short(mut self, opcode: u8) -> Form {
        self.short = opcode;
        self
    }

    /// Needs these features too.
    pub const fn needs(mut self, features: Features) -> Form {
        self.needs = self.needs.union(features);
        self
    }

    /// A disassembler calls this form otherwise.
    pub const fn named(mut self, name: &'static str) -> Form {
        self.name = Some(name);
        self
    }

    /// Whether registers that are named by one byte of theirs may be operands.
    pub const fn byte_operand(&self, number: u8, size: super::Size) -> bool {
        let width = self.kinds[number as usize].width;
        width == 1 || (width == BY_SIZE && size.bytes() == 1)
    }

    /// The number of immediate bytes at this size.
    pub const fn immediate_bytes(&self, size: super::Size) -> u8 {
        if self.slots.imm_reg != NOWHERE {
            1
        } else if self.slots.imm == NOWHERE {
            0
        } else {
            match self.kinds[self.slots.imm as usize].width {
                BY_SIZE if size.bytes() == 8 => 4,
                BY_SIZE => size.bytes(),
                width => width,
            }
        }
    }
}

/// All of `forms` need `features`.
pub(super) const fn with_needs<const N: usize>(
    mut forms: [Form; N],
    features: Features,
) -> [Form; N] {
    let mut i = 0;
    while i < N {
        forms[i] = forms[i].needs(features);
        i += 1;
    }
    forms
}
