//! The bytes of one instruction, from its form and its operands.
//!
//! What depends on where the instruction stands is left 0 and reported as a [`Field`], for the
//! assembler to fill in.

use alloc::vec::Vec;

use super::address::Address;
use super::arg::Arg;
use super::assembler::Label;
use super::form::{Coding, Form, NOWHERE, Page};
use super::reg::{Gpr, Size, Xmm};

/// No instruction is longer than 15 bytes, and the last word that is written may begin behind it.
const ROOM: usize = 32;

/// The instruction that is being written.
///
/// It is written where it will stay, and in parts of constant length of which only the low bytes
/// count: copies of any length are calls, and reading back what was just written in other parts
/// stalls the processor for longer than all of the rest takes.
struct Writer<'a> {
    bytes: &'a mut [u8; ROOM],
    len: usize,
    field: Option<Field>,
}

/// A field whose value is not known here.
pub(super) struct Field {
    /// Where it begins in the instruction.
    pub at: u32,
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

impl Writer<'_> {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Appends the low `count` bytes of `word`.
    #[inline]
    fn put(&mut self, word: u64, count: u8) {
        self.bytes[self.len..self.len + 8].copy_from_slice(&word.to_le_bytes());
        self.len += usize::from(count);
    }

    /// The last `count` bytes are to hold `value`.
    fn mark(&mut self, count: usize, value: Value) {
        let at = (self.len - count) as u32;
        self.field = Some(Field { at, value });
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
        match p.page.map {
            0 => {}
            1 => self.push(0x0f),
            2 => self.put(0x380f, 2),
            _ => self.put(0x3a0f, 2),
        }
    }

    fn vex(&mut self, p: &Prefixes) {
        let last = (!p.vvvv & 15) << 3 | p.page.prefix;
        let not_reg = u8::from(p.reg < 8) << 7;
        if p.page.map == 1 && !p.wide && p.index < 8 && p.base < 8 {
            self.push(0xc5);
            self.push(not_reg | last);
        } else {
            let middle = not_reg | u8::from(p.index < 8) << 6 | u8::from(p.base < 8) << 5;
            self.push(0xc4);
            self.push(middle | p.page.map);
            self.push(u8::from(p.wide) << 7 | last);
        }
    }

    fn evex(&mut self, p: &Prefixes) {
        let first = u8::from(p.reg < 8) << 7
            | u8::from(p.index < 8) << 6
            | u8::from(p.base < 8) << 5
            | 0x10
            | p.page.map;
        let second = u8::from(p.wide) << 7 | (!p.vvvv & 15) << 3 | 0x04 | p.page.prefix;
        self.put(u32::from_le_bytes([0x62, first, second, 0x08]).into(), 4);
    }

    fn immediate(&mut self, arg: &Arg, width: u8) {
        match *arg {
            Arg::I(value) => self.put(value as u64, width),
            Arg::S(symbol) => {
                self.put(0, 8);
                self.mark(8, Value::Address { symbol });
            }
            _ => unreachable!("the form takes an immediate, and {arg:?} was selected for it"),
        }
    }
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

/// Appends the instruction of this form with these operands, which the form takes.
pub(super) fn encode(
    code: &mut Vec<u8>,
    form: &Form,
    condition: u8,
    size: Size,
    args: &[Arg],
    avx: bool,
) -> Option<Field> {
    let start = code.len();
    code.extend_from_slice(&[0; ROOM]);
    let bytes = code.last_chunk_mut().expect("there is as much room");
    let mut out = Writer {
        bytes,
        len: 0,
        field: None,
    };
    out.instruction(form, condition, size, args, avx);
    let (len, field) = (out.len, out.field);
    code.truncate(start + len);
    field
}

impl Writer<'_> {
    fn instruction(&mut self, form: &Form, condition: u8, size: Size, args: &[Arg], avx: bool) {
        let slots = &form.slots;
        let tail = form.immediate_bytes(size);
        let low_bits = number(args, slots.opcode);
        let address = match args.get(usize::from(slots.rm)) {
            Some(Arg::M(mem)) => {
                // EVEX counts displacements of one byte in units of what is accessed.
                let unit = match form.coding {
                    Coding::Evex => i32::from(form.memory_bytes(slots.rm, size)),
                    _ => 1,
                };
                Address::memory(mem, unit, tail)
            }
            Some(_) => Address::register(number(args, slots.rm)),
            None => Address::absent(low_bits),
        };
        let reg = number(args, slots.reg);
        let prefixes = Prefixes {
            page: form.page,
            reg,
            index: address.index,
            base: address.base,
            vvvv: number(args, slots.vvvv),
            wide: form.wide || (form.sized && size == Size::Q),
            byte_register: names_byte_register(form, size, args),
        };
        match form.coding {
            Coding::Vex => self.vex(&prefixes),
            Coding::Twin if avx => self.vex(&prefixes),
            Coding::Legacy | Coding::Twin => {
                assert_destructive(form, args);
                self.legacy(form, size, &prefixes);
            }
            Coding::Evex => self.evex(&prefixes),
        }
        let above_byte = form.sized && form.sizes & 1 != 0 && size != Size::B;
        self.push(form.opcode + condition + (low_bits & 7) + u8::from(above_byte));
        let field = if slots.reg == NOWHERE { form.ext } else { reg };
        self.put(address.word | u64::from(field & 7) << 3, address.count);
        if let Some(value) = address.value {
            self.mark(4, value);
        }
        if form.fixed {
            self.push(form.ext);
        }
        if slots.imm_reg != NOWHERE {
            self.push(number(args, slots.imm_reg) << 4);
        }
        if slots.imm != NOWHERE {
            self.immediate(&args[usize::from(slots.imm)], tail);
        }
    }
}

/// SPL, BPL, SIL and DIL share their numbers with AH, CH, DH and BH, and need a REX.
fn names_byte_register(form: &Form, size: Size, args: &[Arg]) -> bool {
    let possible = form.byte_registers || size == Size::B;
    possible
        && args
            .iter()
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
