//! Instructions.

use crate::entity::{Constant, SigRef, Slot, Symbol, Value};
use crate::function::{Targets, ValueList};
use crate::op::{BinaryOp, CompareOp, LaneOp, UnaryOp, VectorOp, WideOp};
use crate::types::Type;

/// How many bytes a load or store moves, and what it makes of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the table says all")]
pub enum Access {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref,
    /// Bytes and halves of an `i32`; signed ones for loads only.
    U8I32,
    S8I32,
    U16I32,
    S16I32,
    /// Parts of an `i64`.
    U8I64,
    S8I64,
    U16I64,
    S16I64,
    U32I64,
    S32I64,
    /// The low 32 or 64 bits of a vector; a load makes the rest zero.
    V128Low32,
    V128Low64,
}

impl Access {
    /// Every access.
    pub const ALL: [Access; 18] = {
        use Access::*;
        [
            I32, I64, F32, F64, V128, Ref, U8I32, S8I32, U16I32, S16I32, U8I64, S8I64, U16I64,
            S16I64, U32I64, S32I64, V128Low32, V128Low64,
        ]
    };

    /// The bytes in memory.
    pub const fn bytes(self) -> u32 {
        use Access::*;
        match self {
            U8I32 | S8I32 | U8I64 | S8I64 => 1,
            U16I32 | S16I32 | U16I64 | S16I64 => 2,
            I32 | F32 | Ref | U32I64 | S32I64 | V128Low32 => 4,
            I64 | F64 | V128Low64 => 8,
            V128 => 16,
        }
    }

    /// The type of the value.
    pub const fn ty(self) -> Type {
        use Access::*;
        match self {
            I32 | U8I32 | S8I32 | U16I32 | S16I32 => Type::I32,
            I64 | U8I64 | S8I64 | U16I64 | S16I64 | U32I64 | S32I64 => Type::I64,
            F32 => Type::F32,
            F64 => Type::F64,
            V128 | V128Low32 | V128Low64 => Type::V128,
            Ref => Type::Ref,
        }
    }

    /// The access of a whole value.
    pub const fn of(ty: Type) -> Access {
        match ty {
            Type::I32 => Access::I32,
            Type::I64 => Access::I64,
            Type::F32 => Access::F32,
            Type::F64 => Access::F64,
            Type::V128 => Access::V128,
            Type::Ref => Access::Ref,
        }
    }

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        use Access::*;
        match self {
            I32 => "i32",
            I64 => "i64",
            F32 => "f32",
            F64 => "f64",
            V128 => "v128",
            Ref => "ref",
            U8I32 => "i32.u8",
            S8I32 => "i32.s8",
            U16I32 => "i32.u16",
            S16I32 => "i32.s16",
            U8I64 => "i64.u8",
            S8I64 => "i64.s8",
            U16I64 => "i64.u16",
            S16I64 => "i64.s16",
            U32I64 => "i64.u32",
            S32I64 => "i64.s32",
            V128Low32 => "v128.low32",
            V128Low64 => "v128.low64",
        }
    }

    /// The access of this name.
    pub fn from_name(name: &str) -> Option<Access> {
        Access::ALL.into_iter().find(|access| access.name() == name)
    }

    /// Whether a load extends the sign: no access of stores and atomics.
    pub const fn is_signed(self) -> bool {
        use Access::*;
        matches!(self, S8I32 | S16I32 | S8I64 | S16I64 | S32I64)
    }

    /// Whether atomics may have it: an unsigned integer.
    pub const fn is_atomic(self) -> bool {
        !self.is_signed() && matches!(self.ty(), Type::I32 | Type::I64)
    }
}

/// Memory that doesn't overlap memory of another class. Class 0 may overlap everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct AliasClass(pub u16);

impl AliasClass {
    /// Any memory at all.
    pub const ANY: AliasClass = AliasClass(0);
}

/// What is known of an access.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct MemFlags {
    /// Which memory it is.
    pub class: AliasClass,
    /// The trap that a fault of the access means; 0 if it can't fault. One that can is never
    /// moved, dropped or merged across anything that can be observed.
    pub trap: u8,
    /// Whether the memory never changes while the function runs, calls included. A load of such
    /// memory that can't fault may be moved anywhere.
    pub readonly: bool,
    /// Whether the memory is there wherever the address is known: a load may be moved to where the
    /// function would not have come, as long as nothing writes in between.
    pub anytime: bool,
}

impl MemFlags {
    /// An access that can't fault.
    pub const fn new(class: AliasClass) -> Self {
        Self {
            class,
            trap: 0,
            readonly: false,
            anytime: false,
        }
    }

    /// The same for memory that doesn't change.
    #[must_use]
    pub const fn readonly(mut self) -> Self {
        self.readonly = true;
        self
    }

    /// The same for memory that is there wherever its address is known.
    #[must_use]
    pub const fn anytime(mut self) -> Self {
        self.anytime = true;
        self
    }

    /// The same for an access whose fault is this trap.
    #[must_use]
    pub const fn trapping(mut self, trap: u8) -> Self {
        self.trap = trap;
        self
    }
}

/// What an atomic read-modify-write does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say all")]
pub enum RmwOp {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Exchange,
}

impl RmwOp {
    /// Every operation.
    pub const ALL: [RmwOp; 6] = [
        RmwOp::Add,
        RmwOp::Sub,
        RmwOp::And,
        RmwOp::Or,
        RmwOp::Xor,
        RmwOp::Exchange,
    ];

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            RmwOp::Add => "add",
            RmwOp::Sub => "sub",
            RmwOp::And => "and",
            RmwOp::Or => "or",
            RmwOp::Xor => "xor",
            RmwOp::Exchange => "xchg",
        }
    }

    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<RmwOp> {
        RmwOp::ALL.into_iter().find(|op| op.name() == name)
    }
}

/// Whom a call calls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Callee {
    /// A function by its symbol.
    Symbol(Symbol),
    /// The function at this address, an `i64`.
    Address(Value),
    /// The function whose address is in memory at `cell + offset`. It can find the cell, without
    /// the offset, by [`InstData::CalleeCell`].
    Cell(Value, i32),
}

/// What a call may do besides returning results.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Effects {
    /// Anything.
    #[default]
    All,
    /// It reads memory, and neither writes, traps, throws nor collects.
    Reads,
    /// It depends on its arguments only, and ends.
    None,
}

impl Effects {
    /// The name in the text form, where nothing stands for anything.
    pub const fn name(self) -> &'static str {
        match self {
            Effects::All => "",
            Effects::Reads => "reads",
            Effects::None => "pure",
        }
    }
}

/// An instruction: an operator and its operands. Results are [`Function::results`].
///
/// [`Function::results`]: crate::Function::results
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum InstData {
    /// A scalar or null constant: its bits, zero-extended. Result: `ty`, not `V128`.
    Const {
        /// The type.
        ty: Type,
        /// The bits.
        bits: u64,
    },
    /// A vector constant.
    V128Const(Constant),
    /// `op(arg)`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        arg: Value,
    },
    /// `op(args)`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The operands.
        args: [Value; 2],
    },
    /// `op(args)`
    Compare {
        /// The operator.
        op: CompareOp,
        /// The operands.
        args: [Value; 2],
    },
    /// `op(args)`, two results.
    Wide {
        /// The operator.
        op: WideOp,
        /// The operands.
        args: ValueList,
    },
    /// `op(args)`
    Vector {
        /// The operator.
        op: VectorOp,
        /// The operands, as many as the operator has.
        args: ValueList,
    },
    /// `op(args, lane)`
    Lane {
        /// The operator.
        op: LaneOp,
        /// The lane.
        lane: u8,
        /// The operands, as many as the operator has.
        args: ValueList,
    },
    /// The bytes of two vectors that the constant selects.
    Shuffle {
        /// The vectors.
        args: [Value; 2],
        /// Sixteen numbers below 32.
        mask: Constant,
    },
    /// `args[0]` if the condition, an `i32`, is not 0, else `args[1]`.
    Select {
        /// The condition.
        cond: Value,
        /// The operands, of one type.
        args: [Value; 2],
    },
    /// The bits of a reference, an `i32`. They are stale after the next safepoint.
    RefToBits(Value),
    /// The reference with these bits, an `i32`.
    BitsToRef(Value),
    /// The value at `address + offset`.
    Load {
        /// What is read.
        access: Access,
        /// What is known of it.
        flags: MemFlags,
        /// The address, an `i64`.
        address: Value,
        /// Added to the address.
        offset: i32,
    },
    /// Writes a value to `address + offset`.
    Store {
        /// What is written; not one that is signed.
        access: Access,
        /// What is known of it.
        flags: MemFlags,
        /// The address, an `i64`.
        address: Value,
        /// The value.
        value: Value,
        /// Added to the address.
        offset: i32,
    },
    /// Reads atomically and sequentially consistent. The address is aligned.
    AtomicLoad {
        /// What is read: an unsigned integer.
        access: Access,
        /// What is known of it.
        flags: MemFlags,
        /// The address, an `i64`.
        address: Value,
    },
    /// Writes atomically and sequentially consistent. The address is aligned.
    AtomicStore {
        /// What is written: an unsigned integer.
        access: Access,
        /// What is known of it.
        flags: MemFlags,
        /// The address, an `i64`.
        address: Value,
        /// The value.
        value: Value,
    },
    /// Replaces what is at the address by `op` of it and the value; the result is what was there.
    AtomicRmw {
        /// What is done.
        op: RmwOp,
        /// What is there: an unsigned integer.
        access: Access,
        /// What is known of it.
        flags: MemFlags,
        /// The address, an `i64`.
        address: Value,
        /// The operand.
        value: Value,
    },
    /// Replaces what is at the address if it is `args[0]`, narrowed to the access, by `args[1]`;
    /// the result is what was there.
    AtomicCmpxchg {
        /// What is there: an unsigned integer.
        access: Access,
        /// What is known of it.
        flags: MemFlags,
        /// The address, an `i64`.
        address: Value,
        /// The expected and the new value.
        args: [Value; 2],
    },
    /// Orders all accesses before it and all after it.
    Fence,
    /// The address of a piece of the frame.
    SlotAddress(Slot),
    /// The address of a symbol.
    SymbolAddress(Symbol),
    /// The address of the cell through which this function was called ([`Callee::Cell`]); at the
    /// start of the entry block, if anywhere.
    CalleeCell,
    /// Calls the symbol, with all registers preserved, if the stack pointer is below the `i64`
    /// at `address + offset`, which any thread may change: how a loop notices that it is to stop.
    Poll {
        /// The address, an `i64`.
        address: Value,
        /// Added to the address.
        offset: i32,
        /// What to call.
        slow: Symbol,
    },
    /// Traps if the condition, an `i32`, is not 0.
    TrapIf {
        /// The condition.
        cond: Value,
        /// The trap.
        trap: u8,
    },
    /// Traps if the condition, an `i32`, is 0.
    TrapUnless {
        /// The condition.
        cond: Value,
        /// The trap.
        trap: u8,
    },
    /// A call. References that live on are in the stack map.
    Call {
        /// The signature.
        sig: SigRef,
        /// What it may do.
        effects: Effects,
        /// Whom.
        callee: Callee,
        /// The arguments.
        args: ValueList,
    },

    // Terminators.
    /// To the one target.
    Jump(Targets),
    /// To the first of two targets if the condition, an `i32`, is not 0, else to the second.
    Branch {
        /// The condition.
        cond: Value,
        /// Both targets.
        targets: Targets,
    },
    /// To the target with the index, an `i32`, or to the last if there are not so many.
    Switch {
        /// The index.
        index: Value,
        /// The targets, the default last.
        targets: Targets,
    },
    /// Back to the caller.
    Return(ValueList),
    /// A trap.
    Trap(u8),
    /// A call in place of this function: its results are the function's.
    TailCall {
        /// The signature; its results are the function's.
        sig: SigRef,
        /// Whom.
        callee: Callee,
        /// The arguments.
        args: ValueList,
    },
    /// A call whose exceptions are caught. It goes on at the first target, where its results may
    /// be used; the targets after that are handlers, without arguments: blocks of one parameter,
    /// a `Ref`, the exception, that nothing else jumps to. Which one it is decides
    /// [`Function::handlers`].
    ///
    /// [`Function::handlers`]: crate::Function::handlers
    TryCall {
        /// The signature.
        sig: SigRef,
        /// Whom.
        callee: Callee,
        /// The arguments.
        args: ValueList,
        /// Where to go on; then the handlers, each with its tag.
        targets: Targets,
    },
}

impl InstData {
    /// Whether it ends a block.
    pub const fn is_terminator(&self) -> bool {
        matches!(
            self,
            Self::Jump(_)
                | Self::Branch { .. }
                | Self::Switch { .. }
                | Self::Return(_)
                | Self::Trap(_)
                | Self::TailCall { .. }
                | Self::TryCall { .. }
        )
    }

    /// Where it may go, if it is a terminator that goes somewhere.
    pub const fn targets(&self) -> Targets {
        match self {
            Self::Jump(targets)
            | Self::Branch { targets, .. }
            | Self::Switch { targets, .. }
            | Self::TryCall { targets, .. } => *targets,
            _ => Targets::EMPTY,
        }
    }

    /// Whether it can be left out when nobody uses its results.
    pub const fn is_removable(&self) -> bool {
        match self {
            Self::Unary { op, .. } => !op.can_trap(),
            Self::Binary { op, .. } => !op.can_trap(),
            Self::Load { flags, .. } => flags.trap == 0,
            Self::RefToBits(_) | Self::BitsToRef(_) | Self::CalleeCell => true,
            Self::Call { effects, .. } => !matches!(effects, Effects::All),
            other => other.is_pure(),
        }
    }

    /// Whether it depends on its operands only and does nothing else: it may be moved and merged.
    /// (A division that traps is not: it may be merged with one that dominates it, not moved up.)
    pub const fn is_pure(&self) -> bool {
        match self {
            Self::Const { .. }
            | Self::V128Const(_)
            | Self::Compare { .. }
            | Self::Wide { .. }
            | Self::Vector { .. }
            | Self::Lane { .. }
            | Self::Shuffle { .. }
            | Self::Select { .. }
            | Self::SlotAddress(_)
            | Self::SymbolAddress(_) => true,
            Self::Unary { op, .. } => !op.can_trap(),
            Self::Binary { op, .. } => !op.can_trap(),
            Self::Load { flags, .. } => flags.trap == 0 && flags.readonly,
            Self::Call { effects, .. } => matches!(effects, Effects::None),
            _ => false,
        }
    }

    /// Whether the collector may run in it. References that live on are in stack maps there.
    pub const fn is_safepoint(&self) -> bool {
        match self {
            Self::Call { effects, .. } => matches!(effects, Effects::All),
            Self::TryCall { .. } => true,
            _ => false,
        }
    }
}
