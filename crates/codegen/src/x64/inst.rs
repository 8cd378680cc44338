//! Instructions after selection: with virtual registers, and some that are several in the end.

use crate::mach::Mach;
use crate::regalloc::interface::VReg;
use alloc::vec::Vec;
use tierra_asm::x64::{Cc, Label, Op, Scale, Size};
use tierra_ir::{CallConv, Symbol};

/// What an instruction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Code {
    /// One of the assembler's.
    Op(Op),
    /// Something that emission makes instructions of.
    Pseudo(Pseudo),
}

/// Instructions that are several in the end, or none. "Operands" are those of the assembler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pseudo {
    /// Where parameters, or an exception, are when control comes in.
    Entry,
    /// To the only successor.
    Jump,
    /// To the first successor on the condition, else to the second.
    Branch,
    /// By a table: the index, a temporary register; `aux` is the number of the table.
    Switch,
    /// Out of the function.
    Return,
    /// A call; `aux` is its number.
    Call,
    /// A call in place of the function; `aux` is its number.
    TailCall,
    /// A trap, with the code `aux`.
    Trap,
    /// A trap on the condition.
    TrapIf,
    /// A call of the symbol `aux` if the stack pointer is below what is in memory.
    Poll,
    /// 0 or 1 in a register by a condition.
    SetCond,
    /// A conditional move by a condition that may need two.
    CmovCond,
    /// A choice between two vector registers: result and first choice in one, other choice.
    SelectVec,
    /// The number of leading zeros, with the help of `bsr`: result, operand.
    LeadingZeros,
    /// The number of trailing zeros, with the help of `bsf`: result, operand.
    TrailingZeros,
    /// A signed division in RAX and RDX, with its traps: divisor. `aux` is 1 for the remainder.
    DivSigned,
    /// The smaller (`aux` 0) or larger float: result and first operand, second.
    MinMax {
        /// Whether it is a double.
        double: bool,
    },
    /// A float to an integer: result, operand.
    FloatToInt(FloatToInt),
    /// An unsigned 64-bit integer to a float: result, operand.
    UnsignedToFloat {
        /// Whether it is a double.
        double: bool,
    },
    /// A loop around a compare-and-exchange: memory, operand; RAX is what was there. `aux` is the
    /// operation's number.
    RmwLoop,
}

/// Which conversion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FloatToInt {
    /// Whether the float is a double.
    pub double: bool,
    /// Whether the integer is signed.
    pub signed: bool,
    /// Whether it saturates instead of trapping.
    pub saturating: bool,
}

/// When something is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cond {
    /// On a condition of the machine.
    Cc(Cc),
    /// After a comparison of floats: they are equal, and neither is a NaN.
    Equal,
    /// After a comparison of floats: not `Equal`.
    NotEqual,
}

impl Cond {
    pub fn invert(self) -> Cond {
        match self {
            Cond::Cc(cc) => Cond::Cc(cc.invert()),
            Cond::Equal => Cond::NotEqual,
            Cond::NotEqual => Cond::Equal,
        }
    }
}

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inst {
    pub code: Code,
    pub size: Size,
    pub cond: Option<Cond>,
    /// The trap that a fault of its memory access means, or 0; of `TrapIf`, the trap.
    pub trap: u8,
    pub arg_count: u8,
    pub args: u32,
    pub aux: u32,
    pub location: u32,
}

impl Inst {
    /// Whether it depends on the flags: nothing that is put before it may change them.
    pub fn reads_flags(&self) -> bool {
        self.cond.is_some() || matches!(self.code, Code::Op(Op::Adc | Op::Sbb))
    }
}

/// An operand for the assembler.
#[derive(Clone, Copy, Debug)]
pub(super) enum MArg {
    /// The allocator's operand with this number: a register, or a slot.
    Operand(u8),
    Imm(i64),
    Mem(MMem),
}

/// A place in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct MMem {
    pub base: Base,
    /// The operand that is the index, or `NO_INDEX`.
    pub index: u8,
    pub scale: Scale,
    pub disp: i32,
}

pub(super) const NO_INDEX: u8 = u8::MAX;

/// What an address starts from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    /// Nothing but the index.
    None,
    Operand(u8),
    Frame(Area),
    Label(Label),
    Symbol(u32),
}

/// Parts of the frame. The distance within is in the displacement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Area {
    /// Arguments on the stack that the function was given.
    Incoming,
    /// Arguments on the stack that it gives to others.
    Outgoing,
    /// Where callees put results that don't fit in registers.
    Results,
    /// A slot of the IR function.
    Slot(u32),
}

/// Whom a call calls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Symbol(Symbol),
    /// The first operand.
    Address,
    /// The cell at the first operand, plus this.
    Cell(i32),
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallInfo {
    pub target: Target,
    pub conv: CallConv,
    /// The bytes of its arguments on the stack.
    pub stack: u32,
    /// Handlers: start and end.
    pub handlers: (u32, u32),
}

/// A function after selection.
#[derive(Default)]
pub(crate) struct Code64 {
    pub(super) mach: Mach<Inst>,
    pub(super) args: Vec<MArg>,
    pub(super) calls: Vec<CallInfo>,
    /// Tags of handlers and the numbers of their blocks.
    pub(super) handlers: Vec<(Option<u32>, u32)>,
    /// Jump tables: the blocks' numbers, by ranges.
    pub(super) tables: Vec<(u32, u32)>,
    pub(super) table_blocks: Vec<u32>,
    /// The size of the outgoing arguments' area.
    pub(super) outgoing: u32,
    /// The size of the area for results.
    pub(super) results: u32,
    /// Whether it needs the frame pointer.
    pub(super) needs_frame: bool,
    /// Whether it has calls, besides tail calls.
    pub(super) has_calls: bool,
    /// Whether it calls functions that preserve nothing.
    pub(super) calls_guest: bool,
    /// The context's register.
    pub(super) context: Option<VReg>,
    /// Whether it asks for the cell that it was called through.
    pub(super) uses_cell: bool,
}

impl Code64 {
    /// Finds the order of a function's blocks. Whether all loops have one entry is the result.
    pub fn order(&mut self, func: &tierra_ir::Function) -> bool {
        self.mach.order.compute(func)
    }

    /// The function as the register allocator sees it.
    pub fn function(&self) -> &impl crate::regalloc::interface::Function {
        &self.mach
    }

    pub(super) fn clear(&mut self) {
        self.mach.clear();
        self.args.clear();
        self.calls.clear();
        self.handlers.clear();
        self.tables.clear();
        self.table_blocks.clear();
        (self.outgoing, self.results) = (0, 0);
        self.needs_frame = false;
        self.has_calls = false;
        self.calls_guest = false;
        self.uses_cell = false;
        self.context = None;
    }

    pub(super) fn args(&self, inst: &Inst) -> &[MArg] {
        let start = inst.args as usize;
        &self.args[start..start + inst.arg_count as usize]
    }
}
