//! The bytes of one instruction, from its form and its operands.
//!
//! A pure function: what depends on where the instruction stands is left 0 and reported in
//! [`Encoded`], for the assembler to fill in.

use super::arg::{Arg, Mem};
use super::assembler::Label;
use super::form::{Coding, Form, NOWHERE, Page};
use super::reg::{Gpr, Scale, Size, Xmm};
use super::select::shortest;

/// An instruction, before it knows where it is.
pub(super) struct Encoded {
    bytes: [u8; 24],
    len: u8,
    /// The field that depends on the place, if there is one.
    pub field: Option<Field>,
}

/// A field whose value is not known here.
pub(super) struct Field {
    /// Where it begins in the instruction.
    pub at: u8,
    pub value: Value,
}

/// What a field will hold.
pub(super) enum Value {
    /// Four bytes: `label + addend` minus the place of the field.
    Label { label: Label, addend: i32 },
    /// Four bytes: `symbol + addend` minus the place of the field.
    Symbol { symbol: u32, addend: i64 },
    /// Eight bytes: the symbol's address.
    Address { symbol: u32 },
}

/// What ModRM's register-or-memory field names.
#[derive(Copy, Clone)]
enum Rm {
    Absent,
    Register(u8),
    Memory(Mem),
}

/// Everything the prefixes are made of.
struct Prefixes {
    page: Page,
    /// Register numbers whose high bits go into prefixes.
    reg: u8,
    index: u8,
    base: u8,
    vvvv: u8,
    wide: bool,
    /// Four byte registers are only reachable with some REX.
    byte_register: bool,
}

impl Encoded {
    /// The instruction's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn push(&mut self, byte: u8) {
        self.bytes[usize::from(self.len)] = byte;
        self.len += 1;
    }

    fn extend(&mut self, bytes: &[u8]) {
        let at = usize::from(self.len);
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }

    /// Leaves room for a field of four bytes.
    fn place(&mut self, value: Value) {
        self.field = Some(Field {
            at: self.len,
            value,
        });
        self.extend(&[0; 4]);
    }

    fn legacy(&mut self, form: &Form, size: Size, p: &Prefixes) {
        if form.lock {
            self.push(0xf0);
        }
        if form.sized && size == Size::W {
            self.push(0x66);
        }
        if p.page.prefix != 0 {
            self.push([0, 0x66, 0xf3, 0xf2][usize::from(p.page.prefix)]);
        }
        let rex = u8::from(p.wide) << 3 | p.reg >> 3 << 2 | p.index >> 3 << 1 | p.base >> 3;
        if rex != 0 || p.byte_register {
            self.push(0x40 | rex);
        }
        let map: &[u8] = match p.page.map {
            0 => &[],
            1 => &[0x0f],
            2 => &[0x0f, 0x38],
            _ => &[0x0f, 0x3a],
        };
        self.extend(map);
    }

    fn vex(&mut self, p: &Prefixes) {
        let last = (!p.vvvv & 15) << 3 | p.page.prefix;
        let not_reg = u8::from(p.reg < 8) << 7;
        if p.page.map == 1 && !p.wide && p.index < 8 && p.base < 8 {
            self.extend(&[0xc5, not_reg | last]);
        } else {
            let middle = not_reg | u8::from(p.index < 8) << 6 | u8::from(p.base < 8) << 5;
            self.extend(&[0xc4, middle | p.page.map, u8::from(p.wide) << 7 | last]);
        }
    }

    fn evex(&mut self, p: &Prefixes) {
        let first = u8::from(p.reg < 8) << 7
            | u8::from(p.index < 8) << 6
            | u8::from(p.base < 8) << 5
            | 0x10
            | p.page.map;
        let second = u8::from(p.wide) << 7 | (!p.vvvv & 15) << 3 | 0x04 | p.page.prefix;
        self.extend(&[0x62, first, second, 0x08]);
    }

    /// ModRM, SIB and displacement. A displacement of one byte counts in units of `unit` bytes;
    /// `tail` bytes of immediates will follow.
    fn modrm(&mut self, reg: u8, rm: Rm, unit: i32, tail: u8) {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Absent => {}
            Rm::Register(number) => self.push(0xc0 | reg | number & 7),
            Rm::Memory(Mem::Base { base, disp }) => {
                let low = base.0 & 7;
                let (mode, width) = displacement(low, disp, unit);
                self.push(mode | reg | low);
                if low == Gpr::RSP.0 {
                    self.push(0x24);
                }
                self.displace(disp, width, unit);
            }
            Rm::Memory(Mem::Index {
                base,
                index,
                scale,
                disp,
            }) => {
                let low = base.0 & 7;
                let (mode, width) = displacement(low, disp, unit);
                self.push(mode | reg | 4);
                self.push(sib(index, scale, low));
                self.displace(disp, width, unit);
            }
            Rm::Memory(Mem::Scaled { index, scale, disp }) => {
                self.push(reg | 4);
                self.push(sib(index, scale, 5));
                self.extend(&disp.to_le_bytes());
            }
            Rm::Memory(Mem::Label { label, disp }) => {
                self.push(reg | 5);
                let addend = disp.wrapping_sub(4 + i32::from(tail));
                self.place(Value::Label { label, addend });
            }
            Rm::Memory(Mem::Symbol { symbol, addend }) => {
                self.push(reg | 5);
                let addend = i64::from(addend) - 4 - i64::from(tail);
                self.place(Value::Symbol { symbol, addend });
            }
        }
    }

    fn displace(&mut self, disp: i32, width: u8, unit: i32) {
        match width {
            0 => {}
            1 => self.push((disp / unit) as u8),
            _ => self.extend(&disp.to_le_bytes()),
        }
    }

    fn immediate(&mut self, arg: &Arg, width: u8) {
        match *arg {
            Arg::I(value) => self.extend(&value.to_le_bytes()[..usize::from(width)]),
            Arg::S(symbol) => {
                self.field = Some(Field {
                    at: self.len,
                    value: Value::Address { symbol },
                });
                self.extend(&[0; 8]);
            }
            _ => unreachable!("the form takes an immediate, and {arg:?} was selected for it"),
        }
    }
}

/// The mode bits of ModRM and the bytes of displacement they announce. RBP and R13 as a base
/// (`low` 5) can't go without.
fn displacement(low: u8, disp: i32, unit: i32) -> (u8, u8) {
    if disp == 0 && low != Gpr::RBP.0 {
        (0x00, 0)
    } else if disp % unit == 0 && i8::try_from(disp / unit).is_ok() {
        (0x40, 1)
    } else {
        (0x80, 4)
    }
}

fn sib(index: Gpr, scale: Scale, base: u8) -> u8 {
    assert!(index != Gpr::RSP, "rsp can't be an index");
    (scale as u8) << 6 | (index.0 & 7) << 3 | base
}

/// The number of the register in slot `slot`.
fn number(args: &[Arg], slot: u8) -> u8 {
    match args.get(usize::from(slot)) {
        Some(Arg::R(Gpr(number)) | Arg::X(Xmm(number))) => {
            debug_assert!(*number < 16, "there are 16 registers");
            *number
        }
        _ => 0,
    }
}

/// The instruction of this form with these operands, which the form takes.
pub(super) fn encode(form: &Form, condition: u8, size: Size, args: &[Arg], avx: bool) -> Encoded {
    let slots = &form.slots;
    let rm = match args.get(usize::from(slots.rm)) {
        Some(Arg::M(mem)) => Rm::Memory(shortest(*mem)),
        Some(_) => Rm::Register(number(args, slots.rm)),
        None => Rm::Absent,
    };
    let low_bits = number(args, slots.opcode);
    let (index, base) = match rm {
        Rm::Absent => (0, low_bits),
        Rm::Register(number) => (0, number),
        Rm::Memory(Mem::Base { base, .. }) => (0, base.0),
        Rm::Memory(Mem::Index { base, index, .. }) => (index.0, base.0),
        Rm::Memory(Mem::Scaled { index, .. }) => (index.0, 0),
        Rm::Memory(Mem::Label { .. } | Mem::Symbol { .. }) => (0, 0),
    };
    let reg = number(args, slots.reg);
    let prefixes = Prefixes {
        page: form.page,
        reg,
        index,
        base,
        vvvv: number(args, slots.vvvv),
        wide: form.wide || (form.sized && size == Size::Q),
        byte_register: names_byte_register(form, size, args),
    };
    let mut out = Encoded {
        bytes: [0; 24],
        len: 0,
        field: None,
    };
    let mut unit = 1;
    match form.coding {
        Coding::Vex => out.vex(&prefixes),
        Coding::Twin if avx => out.vex(&prefixes),
        Coding::Legacy | Coding::Twin => {
            assert_destructive(form, args);
            out.legacy(form, size, &prefixes);
        }
        Coding::Evex => {
            unit = i32::from(form.kinds[usize::from(slots.rm)].memory);
            out.evex(&prefixes);
        }
    }
    let above_byte = form.sized && form.sizes & 1 != 0 && size != Size::B;
    out.push(form.opcode + condition + (low_bits & 7) + u8::from(above_byte));
    let field = if slots.reg == NOWHERE { form.ext } else { reg };
    let tail = form.immediate_bytes(size);
    out.modrm(field, rm, unit, tail);
    if form.fixed {
        out.push(form.ext);
    }
    if slots.imm_reg != NOWHERE {
        out.push(number(args, slots.imm_reg) << 4);
    }
    if slots.imm != NOWHERE {
        out.immediate(&args[usize::from(slots.imm)], tail);
    }
    out
}

/// SPL, BPL, SIL and DIL share their numbers with AH, CH, DH and BH, and need a REX.
fn names_byte_register(form: &Form, size: Size, args: &[Arg]) -> bool {
    args.iter()
        .enumerate()
        .any(|(i, arg)| matches!(arg, Arg::R(Gpr(4..=7))) && form.byte_operand(i as u8, size))
}

/// What legacy encodings can't say: a destination that is not the first source.
fn assert_destructive(form: &Form, args: &[Arg]) {
    let vvvv = form.slots.vvvv;
    if vvvv == NOWHERE {
        return;
    }
    let destination = if vvvv == 0 { form.slots.rm } else { 0 };
    assert_eq!(
        args[usize::from(vvvv)],
        args[usize::from(destination)],
        "without AVX the first source of {args:?} is the destination"
    );
}
