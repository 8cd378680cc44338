//! Constant expressions (§3.3.12), decoded once into a few operators.

use crate::{ModuleError, convert};
use alloc::{boxed::Box, format, vec::Vec};
use tierra_core::index::{FuncIdx, GlobalIdx, TypeIdx};
use tierra_core::types::HeapType;
use wasmparser::Operator;

/// An operator of a constant expression.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the specification's names")]
pub enum ConstOp {
    I32Const(u32),
    I64Const(u64),
    F32Const(u32),
    F64Const(u64),
    V128Const(u128),
    GlobalGet(GlobalIdx),
    RefFunc(FuncIdx),
    RefNull(HeapType<TypeIdx>),
    I32Add,
    I32Sub,
    I32Mul,
    I64Add,
    I64Sub,
    I64Mul,
    StructNew(TypeIdx),
    StructNewDefault(TypeIdx),
    ArrayNew(TypeIdx),
    ArrayNewDefault(TypeIdx),
    ArrayNewFixed(TypeIdx, u32),
    RefI31,
    AnyConvertExtern,
    ExternConvertAny,
}

/// A validated constant expression in postfix order, without its `end`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstExpr(pub Box<[ConstOp]>);

impl ConstExpr {
    pub(crate) fn read(expr: &wasmparser::ConstExpr<'_>) -> Result<Self, ModuleError> {
        let mut ops = Vec::with_capacity(1);
        for op in expr.get_operators_reader() {
            ops.push(match op? {
                Operator::End => break,
                Operator::I32Const { value } => ConstOp::I32Const(value as u32),
                Operator::I64Const { value } => ConstOp::I64Const(value as u64),
                Operator::F32Const { value } => ConstOp::F32Const(value.bits()),
                Operator::F64Const { value } => ConstOp::F64Const(value.bits()),
                #[cfg(feature = "simd")]
                Operator::V128Const { value } => ConstOp::V128Const(value.i128() as u128),
                Operator::GlobalGet { global_index } => ConstOp::GlobalGet(GlobalIdx(global_index)),
                Operator::RefFunc { function_index } => ConstOp::RefFunc(FuncIdx(function_index)),
                Operator::RefNull { hty } => ConstOp::RefNull(convert::heap_type(hty)?),
                Operator::I32Add => ConstOp::I32Add,
                Operator::I32Sub => ConstOp::I32Sub,
                Operator::I32Mul => ConstOp::I32Mul,
                Operator::I64Add => ConstOp::I64Add,
                Operator::I64Sub => ConstOp::I64Sub,
                Operator::I64Mul => ConstOp::I64Mul,
                Operator::StructNew { struct_type_index } => {
                    ConstOp::StructNew(TypeIdx(struct_type_index))
                }
                Operator::StructNewDefault { struct_type_index } => {
                    ConstOp::StructNewDefault(TypeIdx(struct_type_index))
                }
                Operator::ArrayNew { array_type_index } => {
                    ConstOp::ArrayNew(TypeIdx(array_type_index))
                }
                Operator::ArrayNewDefault { array_type_index } => {
                    ConstOp::ArrayNewDefault(TypeIdx(array_type_index))
                }
                Operator::ArrayNewFixed {
                    array_type_index,
                    array_size,
                } => ConstOp::ArrayNewFixed(TypeIdx(array_type_index), array_size),
                Operator::RefI31 => ConstOp::RefI31,
                Operator::AnyConvertExtern => ConstOp::AnyConvertExtern,
                Operator::ExternConvertAny => ConstOp::ExternConvertAny,
                other => {
                    let message =
                        format!("operator {other:?} in a constant expression is not supported");
                    return Err(ModuleError::malformed(message, None));
                }
            });
        }
        Ok(Self(ops.into()))
    }

    /// The value of `i32.const` or `i64.const` alone, the common case of offsets.
    pub fn as_const_offset(&self) -> Option<u64> {
        match *self.0 {
            [ConstOp::I32Const(v)] => Some(v.into()),
            [ConstOp::I64Const(v)] => Some(v),
            _ => None,
        }
    }
}
