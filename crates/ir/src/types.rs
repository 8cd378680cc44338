//! Types of values, and signatures.

use alloc::vec::Vec;
use core::fmt;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Type {
    /// 32 bits. Booleans are 0 or 1 of this type.
    I32,
    /// 64 bits; also addresses.
    I64,
    /// An IEEE 754 single.
    F32,
    /// An IEEE 754 double.
    F64,
    /// 16 bytes.
    V128,
    /// A 32-bit reference into a heap whose collector moves objects: stack maps tell of it.
    Ref,
}

impl Type {
    /// Every type.
    pub const ALL: [Type; 6] = [
        Type::I32,
        Type::I64,
        Type::F32,
        Type::F64,
        Type::V128,
        Type::Ref,
    ];

    /// The size in bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Type::I32 | Type::F32 | Type::Ref => 4,
            Type::I64 | Type::F64 => 8,
            Type::V128 => 16,
        }
    }

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::V128 => "v128",
            Type::Ref => "ref",
        }
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// Whether it is passed in general registers.
    pub const fn is_int(self) -> bool {
        matches!(self, Type::I32 | Type::I64 | Type::Ref)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A calling convention, by name. What it means on a machine is data of the code generator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum CallConv {
    /// Ours: everything in registers as far as possible, several results, tail calls, nothing
    /// preserved.
    #[default]
    Guest,
    /// The system's C convention; at most one result. A function of this convention preserves what
    /// C wants preserved.
    C,
    /// A call out of guest code into the runtime, by way of a stub: as C, with arguments in
    /// registers only (six integers at most). The callee may trap, throw, collect and walk the
    /// stack.
    Builtin,
}

impl CallConv {
    /// Every convention.
    pub const ALL: [CallConv; 3] = [CallConv::Guest, CallConv::C, CallConv::Builtin];

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            CallConv::Guest => "guest",
            CallConv::C => "c",
            CallConv::Builtin => "builtin",
        }
    }

    /// The convention of this name.
    pub fn from_name(name: &str) -> Option<CallConv> {
        CallConv::ALL.into_iter().find(|conv| conv.name() == name)
    }
}

/// What goes into a call and comes out.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Signature {
    /// The types of the parameters.
    pub params: Vec<Type>,
    /// The types of the results.
    pub results: Vec<Type>,
    /// How they are passed.
    pub conv: CallConv,
}
