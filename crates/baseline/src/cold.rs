//! Code behind the function, for what hardly ever happens. It needs no state: it traps, or it
//! preserves what the code it goes back to has in registers.

use crate::compiler::Compiler;
use crate::convert::FloatToInt;
use crate::emit::at;
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Arg, Cc, Gpr, Label, Mem, Op, Size, Xmm};
use tierra_core::Trap;
use tierra_core::index::MemoryIdx;
use tierra_vm::offsets::{ENTRY_FUNCREF, EXEC_FUEL, INSTANCE_EXEC};

/// A piece of cold code.
#[derive(Clone, Copy)]
pub(crate) struct Cold {
    label: Label,
    /// Where it belongs in the source.
    position: u32,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Trap(u8),
    /// A call that preserves all registers but the scratch register.
    Call {
        symbol: u32,
        back: Label,
    },
    /// The stack check of the function's entry.
    Stack {
        back: Label,
    },
    /// The fuel doesn't suffice: it gets back what was charged.
    Fuel {
        units: u32,
    },
    /// The entry of a table, in RBX, has another type: null or a mismatch.
    Entry,
    /// The callee in the scratch register is not the one that the cell of the call has.
    Callee {
        cell: Mem,
        back: Label,
    },
    /// An atomic access is not aligned; out of bounds counts more.
    Misaligned {
        memory: MemoryIdx,
        index: Gpr,
        offset: u64,
        size: u32,
    },
    /// A division by -1.
    MinusOne {
        size: Size,
        remainder: bool,
        back: Label,
    },
    /// A conversion that the instruction can't do.
    FloatToInt {
        kind: FloatToInt,
        d: Gpr,
        a: Xmm,
        back: Label,
    },
    /// A NaN is the result of a minimum or maximum.
    Nan {
        double: bool,
        d: Xmm,
        b: Xmm,
        back: Label,
    },
    /// A number with the highest bit becomes a float.
    LargeUnsigned {
        double: bool,
        d: Xmm,
        a: Gpr,
        back: Label,
    },
}

impl Compiler<'_> {
    fn add_cold(&mut self, kind: Kind) -> Label {
        let label = self.asm.label();
        let position = self.position;
        self.s.cold.push(Cold {
            label,
            position,
            kind,
        });
        label
    }

    /// Where a trap of the operator at hand is raised.
    pub fn trap_label(&mut self, trap: Trap) -> Label {
        let code = trap as u8;
        // Checks come in groups.
        for cold in self.s.cold.iter().rev().take(3) {
            if let Kind::Trap(other) = cold.kind
                && (other, cold.position) == (code, self.position)
            {
                return cold.label;
            }
        }
        self.add_cold(Kind::Trap(code))
    }

    pub fn trap_if(&mut self, cc: Cc, trap: Trap) {
        let label = self.trap_label(trap);
        self.asm.jcc(cc, label);
    }

    pub fn cold_call(&mut self, symbol: u32, back: Label) -> Label {
        self.add_cold(Kind::Call { symbol, back })
    }

    pub fn cold_stack(&mut self, back: Label) -> Label {
        self.add_cold(Kind::Stack { back })
    }

    /// The units are told later: the number under which to tell them.
    pub fn cold_fuel(&mut self) -> (Label, usize) {
        let label = self.add_cold(Kind::Fuel { units: 0 });
        (label, self.s.cold.len() - 1)
    }

    pub fn set_cold_fuel(&mut self, number: usize, cost: u32) {
        if let Kind::Fuel { units } = &mut self.s.cold[number].kind {
            *units = cost;
        }
    }

    pub fn cold_entry(&mut self) -> Label {
        self.add_cold(Kind::Entry)
    }

    pub fn cold_callee(&mut self, cell: Mem, back: Label) -> Label {
        self.add_cold(Kind::Callee { cell, back })
    }

    pub fn cold_misaligned(
        &mut self,
        memory: MemoryIdx,
        index: Gpr,
        offset: u64,
        size: u32,
    ) -> Label {
        self.add_cold(Kind::Misaligned {
            memory,
            index,
            offset,
            size,
        })
    }

    pub fn cold_minus_one(&mut self, size: Size, remainder: bool, back: Label) -> Label {
        self.add_cold(Kind::MinusOne {
            size,
            remainder,
            back,
        })
    }

    pub fn cold_float_to_int(&mut self, kind: FloatToInt, d: Gpr, a: Xmm, back: Label) -> Label {
        self.add_cold(Kind::FloatToInt { kind, d, a, back })
    }

    pub fn cold_nan(&mut self, double: bool, d: Xmm, b: Xmm, back: Label) -> Label {
        self.add_cold(Kind::Nan { double, d, b, back })
    }

    pub fn cold_large_unsigned(&mut self, double: bool, d: Xmm, a: Gpr, back: Label) -> Label {
        self.add_cold(Kind::LargeUnsigned { double, d, a, back })
    }

    /// A trap here.
    pub fn raise(&mut self, code: u8) {
        self.call_symbol(self.options.symbols.trap);
        self.out.traps.push((self.asm.offset(), code));
    }

    pub fn cold_code(&mut self) {
        // Cold code may need more of it, traps in the end.
        let mut index = 0;
        while let Some(&cold) = self.s.cold.get(index) {
            index += 1;
            self.asm.bind(cold.label);
            self.position = cold.position;
            self.locate();
            self.cold(cold.kind);
        }
    }

    fn cold(&mut self, kind: Kind) {
        match kind {
            Kind::Trap(code) => self.raise(code),
            Kind::Call { symbol, back } => {
                self.call_symbol(symbol);
                self.asm.jmp(back);
            }
            Kind::Stack { back } => {
                self.call_symbol(self.options.symbols.stack_slow);
                let exec = at(Gpr::RDI, INSTANCE_EXEC);
                self.rm(Op::Mov, Size::Q, SCRATCH, exec);
                self.asm.jmp(back);
            }
            Kind::Fuel { units } => {
                self.mi(Op::Add, Size::Q, at(SCRATCH, EXEC_FUEL), units.into());
                self.raise(Trap::OutOfFuel as u8);
            }
            Kind::Entry => {
                let null = self.trap_label(Trap::UninitializedElement);
                self.mi(Op::Cmp, Size::Q, at(Gpr::RBX, ENTRY_FUNCREF), 0);
                self.asm.jcc(Cc::E, null);
                self.raise(Trap::IndirectCallTypeMismatch as u8);
            }
            Kind::Callee { cell, back } => {
                let several = self.asm.label();
                self.mi(Op::Cmp, Size::Q, cell, 0);
                self.asm.jcc(Cc::NE, several);
                self.mr(Op::Mov, Size::Q, cell, SCRATCH);
                self.asm.jmp(back);
                self.asm.bind(several);
                self.mi(Op::Or, Size::B, cell, 1);
                self.asm.jmp(back);
            }
            Kind::Misaligned {
                memory,
                index,
                offset,
                size,
            } => {
                // It ends here: all registers but the index are free.
                let temp = if index == Gpr::RAX {
                    Gpr::RCX
                } else {
                    Gpr::RAX
                };
                self.load_memory_def(memory);
                self.check_bounds(index, offset, size, temp);
                self.raise(Trap::UnalignedAtomic as u8);
            }
            Kind::MinusOne {
                size,
                remainder,
                back,
            } => {
                // The quotient is the negative, which only the minimum doesn't have; the
                // remainder is 0.
                if remainder {
                    self.rr(Op::Xor, Size::D, Gpr::RDX, Gpr::RDX);
                } else {
                    self.r(Op::Neg, size, Gpr::RAX);
                    self.trap_if(Cc::O, Trap::IntegerOverflow);
                }
                self.asm.jmp(back);
            }
            Kind::FloatToInt { kind, d, a, back } => {
                self.float_to_int_cold(kind, d, a, back);
                self.asm.jmp(back);
            }
            Kind::Nan { double, d, b, back } => {
                let op = if double { Op::Addsd } else { Op::Addss };
                self.xxx(op, d, d, Arg::X(b));
                self.asm.jmp(back);
            }
            Kind::LargeUnsigned { double, d, a, back } => {
                self.large_unsigned(double, d, a);
                self.asm.jmp(back);
            }
        }
    }
}
