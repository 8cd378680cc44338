//! Values as both sides have them.

use tierra_core::SlotType;
use tierra_core::index::TypeIdx;
use tierra_core::types::ValType;
use tierra_ir::Type;
use tierra_module::Module;

/// A value, as its bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Value {
    pub ty: SlotType,
    pub bits: u128,
}

/// What was thrown. References to exceptions are twice their number, from 1 on.
#[derive(Clone, Debug)]
pub struct Exception {
    pub tag: u32,
    pub payload: Vec<Value>,
}

/// What a slot holds for a type of the module.
pub fn slot_type(module: &Module, ty: ValType<TypeIdx>) -> SlotType {
    match tierra_compile::value_type(module, ty) {
        Type::I32 => SlotType::I32,
        Type::I64 => SlotType::I64,
        Type::F32 => SlotType::F32,
        Type::F64 => SlotType::F64,
        Type::V128 => SlotType::V128,
        Type::Ref => SlotType::Ref,
    }
}

impl Value {
    pub fn i32(bits: u32) -> Self {
        Self {
            ty: SlotType::I32,
            bits: bits.into(),
        }
    }

    pub fn reference(bits: u32) -> Self {
        Self {
            ty: SlotType::Ref,
            bits: bits.into(),
        }
    }

    pub fn zero(module: &Module, ty: ValType<TypeIdx>) -> Self {
        Self {
            ty: slot_type(module, ty),
            bits: 0,
        }
    }
}
