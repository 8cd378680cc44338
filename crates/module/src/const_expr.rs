//! Constant expressions (§3.3.12), decoded once into a few operators.

use crate::{ModuleError, convert};
use alloc::{boxed::Box, vec::Vec};
use tierra_core::index::{FuncIdx, GlobalIdx, TypeIdx};
use tierra_core::types::HeapType;
use wasmparser::BinaryReader;

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
    /// Decodes an expression that was validated. The general reader of operators would do, but
    /// it is large, and no small build needs it for anything else.
    pub(crate) fn read(expr: &wasmparser::ConstExpr<'_>) -> Result<Self, ModuleError> {
        let mut ops = Vec::with_capacity(1);
        let mut code = expr.get_binary_reader();
        loop {
            let offset = code.original_position();
            ops.push(match code.read_u8()? {
                0x0b => break,
                0x23 => ConstOp::GlobalGet(GlobalIdx(code.read_var_u32()?)),
                0x41 => ConstOp::I32Const(code.read_var_i32()? as u32),
                0x42 => ConstOp::I64Const(code.read_var_i64()? as u64),
                0x43 => ConstOp::F32Const(code.read_f32()?.bits()),
                0x44 => ConstOp::F64Const(code.read_f64()?.bits()),
                0x6a => ConstOp::I32Add,
                0x6b => ConstOp::I32Sub,
                0x6c => ConstOp::I32Mul,
                0x7c => ConstOp::I64Add,
                0x7d => ConstOp::I64Sub,
                0x7e => ConstOp::I64Mul,
                0xd0 => ConstOp::RefNull(convert::heap_type(code.read()?)?),
                0xd2 => ConstOp::RefFunc(FuncIdx(code.read_var_u32()?)),
                0xfb => Self::read_heap_op(&mut code, offset)?,
                #[cfg(feature = "simd")]
                0xfd if code.read_var_u32()? == 0x0c => {
                    let mut bytes = [0; 16];
                    bytes.copy_from_slice(code.read_bytes(16)?);
                    ConstOp::V128Const(u128::from_le_bytes(bytes))
                }
                _ => return Err(unsupported(offset)),
            });
        }
        Ok(Self(ops.into()))
    }

    /// The operators of the heap, behind their prefix.
    fn read_heap_op(code: &mut BinaryReader<'_>, offset: u64) -> Result<ConstOp, ModuleError> {
        Ok(match code.read_var_u32()? {
            0x00 => ConstOp::StructNew(TypeIdx(code.read_var_u32()?)),
            0x01 => ConstOp::StructNewDefault(TypeIdx(code.read_var_u32()?)),
            0x06 => ConstOp::ArrayNew(TypeIdx(code.read_var_u32()?)),
            0x07 => ConstOp::ArrayNewDefault(TypeIdx(code.read_var_u32()?)),
            0x08 => {
                let ty = TypeIdx(code.read_var_u32()?);
                ConstOp::ArrayNewFixed(ty, code.read_var_u32()?)
            }
            0x1a => ConstOp::AnyConvertExtern,
            0x1b => ConstOp::ExternConvertAny,
            0x1c => ConstOp::RefI31,
            _ => return Err(unsupported(offset)),
        })
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

fn unsupported(offset: u64) -> ModuleError {
    let message = "an operator in a constant expression is not supported";
    ModuleError::malformed(message.into(), Some(offset))
}
