//! Code behind the function, for what hardly ever happens.

use super::super::inst::FloatToInt;
use super::Emit;
use tierra_asm::x64::{Arg, Gpr, Label, Op, Size, Xmm};
use tierra_core::Trap;

/// A piece of cold code.
#[derive(Clone, Copy)]
pub(super) enum Cold {
    /// A trap.
    Trap {
        label: Label,
        code: u8,
        location: u32,
    },
    /// A call that preserves all registers.
    Call {
        label: Label,
        symbol: u32,
        back: Label,
        location: u32,
    },
    /// The stack may not have room for a large frame.
    LargeFrame {
        label: Label,
        slow: u32,
        back: Label,
        context: Gpr,
        offsets: [i32; 2],
        size: u32,
        location: u32,
    },
    /// A division by -1.
    MinusOne {
        label: Label,
        size: Size,
        remainder: bool,
        back: Label,
        location: u32,
    },
    /// A conversion that the instruction can't do.
    FloatToInt {
        label: Label,
        kind: FloatToInt,
        size: Size,
        d: Gpr,
        a: Xmm,
        back: Label,
        location: u32,
    },
    /// A NaN is the result of a minimum or maximum.
    Nan {
        label: Label,
        double: bool,
        d: Xmm,
        b: Arg,
        back: Label,
    },
    /// A number with the highest bit becomes a float.
    LargeUnsigned {
        label: Label,
        double: bool,
        d: Xmm,
        a: Gpr,
        back: Label,
    },
}

impl Emit<'_> {
    /// Where a trap with this code is raised.
    pub(super) fn trap_label(&mut self, code: u8, location: u32) -> Label {
        // Checks come in groups.
        for cold in self.state.cold.iter().rev().take(4) {
            if let Cold::Trap {
                label,
                code: c,
                location: l,
            } = *cold
                && (c, l) == (code, location)
            {
                return label;
            }
        }
        let label = self.asm.label();
        self.state.cold.push(Cold::Trap {
            label,
            code,
            location,
        });
        label
    }

    /// A cold call of a symbol, which goes on at `back`.
    pub(super) fn cold_call(&mut self, symbol: u32, back: Label) -> Label {
        let label = self.asm.label();
        let location = self.last_location.unwrap_or(0);
        self.state.cold.push(Cold::Call {
            label,
            symbol,
            back,
            location,
        });
        label
    }

    /// A trap here.
    pub(super) fn trap(&mut self, code: u8) {
        match self.options.trap_stub {
            Some(stub) => {
                self.asm.emit(Op::Call, Size::Q, &[Arg::S(stub.0)]);
                self.out.traps.push((self.asm.offset(), code));
            }
            None => {
                self.out.traps.push((self.asm.offset(), code));
                self.asm.emit(Op::Ud2, Size::Q, &[]);
            }
        }
    }

    pub(super) fn cold_code(&mut self) {
        // Cold code may need more of it, traps in the end.
        let mut index = 0;
        while let Some(&cold) = self.state.cold.get(index) {
            index += 1;
            self.cold(cold);
        }
    }

    fn cold(&mut self, cold: Cold) {
        match cold {
            Cold::Trap {
                label,
                code,
                location,
            } => {
                self.asm.bind(label);
                self.locate(location);
                self.trap(code);
            }
            Cold::Call {
                label,
                symbol,
                back,
                location,
            } => {
                self.asm.bind(label);
                self.locate(location);
                self.asm.emit(Op::Call, Size::Q, &[Arg::S(symbol)]);
                self.asm.jmp(back);
            }
            Cold::LargeFrame {
                label,
                slow,
                back,
                context,
                offsets,
                size,
                location,
            } => {
                // Somebody may want the function to stop. If it goes on, and there still is no
                // room, the stack is used up. Whoever is called finds the context in the frame,
                // so the return address must not be there.
                let (rsp, place) = (Arg::R(Gpr::RSP), Arg::I(16));
                self.asm.bind(label);
                self.locate(location);
                self.asm.emit(Op::Sub, Size::Q, &[rsp, place]);
                self.asm.emit(Op::Call, Size::Q, &[Arg::S(slow)]);
                let trap = self.trap_label(Trap::StackOverflow as u8, location);
                self.compare_room(context, offsets, size, trap);
                self.asm.emit(Op::Add, Size::Q, &[rsp, place]);
                self.asm.jmp(back);
            }
            Cold::MinusOne {
                label,
                size,
                remainder,
                back,
                location,
            } => {
                self.asm.bind(label);
                self.locate(location);
                self.divide_by_minus_one(size, remainder, back, location);
            }
            Cold::FloatToInt {
                label,
                kind,
                size,
                d,
                a,
                back,
                location,
            } => {
                self.asm.bind(label);
                self.locate(location);
                self.float_to_int_cold(kind, size, d, a, location);
                self.asm.jmp(back);
            }
            Cold::Nan {
                label,
                double,
                d,
                b,
                back,
            } => {
                self.asm.bind(label);
                let op = if double { Op::Addsd } else { Op::Addss };
                self.asm.emit(op, Size::Q, &[Arg::X(d), Arg::X(d), b]);
                self.asm.jmp(back);
            }
            Cold::LargeUnsigned {
                label,
                double,
                d,
                a,
                back,
            } => {
                self.asm.bind(label);
                self.large_unsigned(double, d, a);
                self.asm.jmp(back);
            }
        }
    }
}
