//! A shorter way to the most frequent instructions: those of general registers at 32 and 64 bits,
//! narrow loads, and calls.
//!
//! A compiler that writes tens of megabytes of code per second can't afford to look for the form of
//! every move. For the rows below the form is known from the operands' kinds, so the bytes are put
//! together in one word. Which bytes they are is still the table's business: a test compares what
//! is written here with what [`Assembler::emit`] writes, for all rows, registers and kinds of
//! addresses. Operations that have no row, and other sizes, go the long way.

use super::address::Address;
use super::arg::{Arg, Mem};
use super::assembler::{Assembler, RelocKind};
use super::reg::{Gpr, Size};
use super::table::Op;

/// The opcode that takes a register and a register or memory, in this order.
#[inline(always)]
const fn opcode(op: Op) -> Option<u8> {
    Some(match op {
        Op::Add => 0x03,
        Op::Or => 0x0b,
        Op::And => 0x23,
        Op::Sub => 0x2b,
        Op::Xor => 0x33,
        Op::Cmp => 0x3b,
        Op::Mov => 0x8b,
        _ => return None,
    })
}

impl Assembler {
    /// `emit` of an operation on two registers.
    #[inline]
    pub fn emit_rr(&mut self, op: Op, size: Size, d: Gpr, s: Gpr) {
        match (opcode(op), size) {
            // The table's first form has the destination in memory's place.
            (Some(opcode), Size::D | Size::Q) => {
                self.write_direct(opcode - 2, size, s, &Address::register(d.0));
            }
            _ if op as u16 == Op::Test as u16 && matches!(size, Size::D | Size::Q) => {
                self.write_direct(0x85, size, s, &Address::register(d.0));
            }
            _ => self.emit(op, size, &[Arg::R(d), Arg::R(s)]),
        }
    }

    /// `emit` of an operation on a register and memory.
    #[inline]
    pub fn emit_rm(&mut self, op: Op, size: Size, d: Gpr, mem: Mem) {
        let opcode = match op {
            Op::Lea => Some(0x8d),
            op => opcode(op),
        };
        let long = match op {
            Op::Movzx8 => Some(0xb6),
            Op::Movzx16 => Some(0xb7),
            _ => None,
        };
        match (opcode, long, size, mem) {
            (Some(opcode), _, Size::D | Size::Q, Mem::Base { .. } | Mem::Index { .. }) => {
                self.write_direct(opcode, size, d, &Address::memory(&mem, 1, 0));
            }
            (_, Some(opcode), Size::D, Mem::Base { .. } | Mem::Index { .. }) => {
                self.write_long(opcode, d, &Address::memory(&mem, 1, 0));
            }
            _ => self.emit(op, size, &[Arg::R(d), Arg::M(mem)]),
        }
    }

    /// `emit` of an operation on memory and a constant.
    #[inline]
    pub fn emit_mi(&mut self, op: Op, size: Size, mem: Mem, imm: i64) {
        match (op, size, mem) {
            (Op::Mov, Size::D, Mem::Base { .. } | Mem::Index { .. }) => {
                let address = Address::memory(&mem, 1, 0);
                self.write_direct(0xc7, size, Gpr::RAX, &address);
                self.append(u64::from(imm as u32), 4);
            }
            _ => self.emit(op, size, &[Arg::M(mem), Arg::I(imm)]),
        }
    }

    /// `emit` of a call of a symbol.
    #[inline]
    pub fn emit_call(&mut self, symbol: u32) {
        self.append(0xe8, 1);
        self.relocate(self.offset(), RelocKind::Rel32, symbol, -4);
        self.append(0, 4);
    }

    /// `emit` of an operation on memory and a register.
    #[inline]
    pub fn emit_mr(&mut self, op: Op, size: Size, mem: Mem, s: Gpr) {
        match (opcode(op), size, mem) {
            (Some(opcode), Size::D | Size::Q, Mem::Base { .. } | Mem::Index { .. }) => {
                self.write_direct(opcode - 2, size, s, &Address::memory(&mem, 1, 0));
            }
            _ => self.emit(op, size, &[Arg::M(mem), Arg::R(s)]),
        }
    }

    /// `emit` of an operation on a register and a constant.
    #[inline]
    pub fn emit_ri(&mut self, op: Op, size: Size, d: Gpr, imm: i64) {
        let wide = u8::from(matches!(size, Size::Q)) << 3;
        let rex = u64::from(0x40 | wide | d.0 >> 3);
        let has_rex = rex != 0x40;
        let (word, len) = match (op, opcode(op), size, i8::try_from(imm)) {
            (Op::Mov, _, Size::D, _) => {
                let number = u64::from(d.0 & 7);
                (u64::from(imm as u32) << 8 | 0xb8 | number, 5)
            }
            (_, Some(opcode), Size::D | Size::Q, imm8) if !matches!(op, Op::Mov) => {
                let digit = opcode >> 3;
                let rm = u64::from(0xc0 | digit << 3 | d.0 & 7) << 8;
                match imm8 {
                    Ok(imm) => (u64::from(imm as u8) << 16 | rm | 0x83, 3),
                    // The accumulator has a form of its own.
                    Err(_) if d.0 == 0 || i32::try_from(imm).is_err() => {
                        return self.emit(op, size, &[Arg::R(d), Arg::I(imm)]);
                    }
                    Err(_) => (u64::from(imm as u32) << 16 | rm | 0x81, 6),
                }
            }
            _ => return self.emit(op, size, &[Arg::R(d), Arg::I(imm)]),
        };
        if has_rex {
            self.append(word << 8 | rex, len + 1);
        } else {
            self.append(word, len);
        }
    }

    /// With an opcode of two bytes, the first of which is 0F.
    #[inline]
    fn write_long(&mut self, opcode: u8, reg: Gpr, address: &Address) {
        let rex = reg.0 >> 3 << 2 | address.index >> 3 << 1 | address.base >> 3;
        if rex != 0 {
            self.append(u64::from(0x40 | rex), 1);
        }
        let rest = address.word | u64::from(reg.0 & 7) << 3;
        let word = rest << 16 | u64::from(opcode) << 8 | 0x0f;
        self.append(word, 2 + address.count);
    }

    #[inline]
    fn write_direct(&mut self, opcode: u8, size: Size, reg: Gpr, address: &Address) {
        let wide = u8::from(matches!(size, Size::Q)) << 3;
        let rex = wide | reg.0 >> 3 << 2 | address.index >> 3 << 1 | address.base >> 3;
        let rest = address.word | u64::from(reg.0 & 7) << 3;
        // Six bytes of address at most, an opcode and a prefix.
        let mut word = rest << 8 | u64::from(opcode);
        let mut len = 1 + address.count;
        if rex != 0 {
            word = word << 8 | u64::from(0x40 | rex);
            len += 1;
        }
        self.append(word, len);
    }
}
