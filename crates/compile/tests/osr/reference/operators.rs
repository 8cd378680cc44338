//! Operators that do nothing but compute.

use super::Activation;
use crate::value::Value;
use tierra_core::{SlotType, Trap};
use tierra_ir::eval::Stop;
use wasmparser::Operator;

impl Activation<'_, '_> {
    pub(super) fn pop(&mut self) -> u128 {
        self.stack.pop().expect("it is valid").bits
    }

    pub(super) fn push(&mut self, ty: SlotType, bits: u128) {
        self.stack.push(Value { ty, bits });
    }

    fn two(&mut self, ty: SlotType, f: impl Fn(u64, u64) -> u64) {
        let (b, a) = (self.pop() as u64, self.pop() as u64);
        self.push(ty, f(a, b).into());
    }

    /// The same for numbers of 32 bits.
    fn narrow(&mut self, f: impl Fn(u32, u32) -> u32) {
        self.two(SlotType::I32, |a, b| f(a as u32, b as u32).into());
    }

    /// Executes such an operator.
    pub(super) fn simple(&mut self, op: &Operator<'_>) -> Result<(), Stop> {
        match *op {
            Operator::Drop => {
                self.pop();
            }
            Operator::Select => {
                let cond = self.pop();
                let b = self.stack.pop().expect("it is valid");
                if cond == 0 {
                    *self.stack.last_mut().expect("it is valid") = b;
                }
            }
            Operator::LocalGet { local_index } => {
                self.stack.push(self.locals[local_index as usize]);
            }
            Operator::LocalSet { local_index } => {
                let value = self.stack.pop().expect("it is valid");
                self.locals[local_index as usize] = value;
            }
            Operator::LocalTee { local_index } => {
                let value = *self.stack.last().expect("it is valid");
                self.locals[local_index as usize] = value;
            }
            Operator::I32Const { value } => self.push(SlotType::I32, (value as u32).into()),
            Operator::I64Const { value } => self.push(SlotType::I64, (value as u64).into()),
            Operator::F32Const { value } => self.push(SlotType::F32, value.bits().into()),
            Operator::F64Const { value } => self.push(SlotType::F64, value.bits().into()),
            Operator::V128Const { value } => {
                self.push(SlotType::V128, u128::from_le_bytes(*value.bytes()));
            }
            Operator::I32Add => self.narrow(u32::wrapping_add),
            Operator::I32Sub => self.narrow(u32::wrapping_sub),
            Operator::I32Mul => self.narrow(u32::wrapping_mul),
            Operator::I32And => self.narrow(|a, b| a & b),
            Operator::I32Or => self.narrow(|a, b| a | b),
            Operator::I32Xor => self.narrow(|a, b| a ^ b),
            Operator::I32Rotl => self.narrow(|a, b| a.rotate_left(b)),
            Operator::I32LtU => self.narrow(|a, b| (a < b).into()),
            Operator::I32Eq => self.narrow(|a, b| (a == b).into()),
            Operator::I32DivU => {
                if self.stack.last().is_some_and(|b| b.bits == 0) {
                    return Err(Trap::IntegerDivideByZero.into());
                }
                self.narrow(|a, b| a / b);
            }
            Operator::I32Eqz => {
                let bits = u128::from(self.pop() == 0);
                self.push(SlotType::I32, bits);
            }
            Operator::I64Add => self.two(SlotType::I64, u64::wrapping_add),
            Operator::I64Mul => self.two(SlotType::I64, u64::wrapping_mul),
            Operator::I64ExtendI32U => {
                let bits = self.pop();
                self.push(SlotType::I64, bits);
            }
            Operator::I32WrapI64 => {
                let bits = u128::from(self.pop() as u32);
                self.push(SlotType::I32, bits);
            }
            Operator::I32ReinterpretF32 => {
                let bits = self.pop();
                self.push(SlotType::I32, bits);
            }
            Operator::F32ReinterpretI32 => {
                let bits = self.pop();
                self.push(SlotType::F32, bits);
            }
            Operator::I64ReinterpretF64 => {
                let bits = self.pop();
                self.push(SlotType::I64, bits);
            }
            Operator::V128Xor => {
                let (b, a) = (self.pop(), self.pop());
                self.push(SlotType::V128, a ^ b);
            }
            Operator::I32x4Splat => {
                let lane = self.pop();
                let bits = lane | lane << 32 | lane << 64 | lane << 96;
                self.push(SlotType::V128, bits);
            }
            Operator::RefNull { .. } => self.push(SlotType::Ref, 0),
            Operator::RefI31 => {
                let bits = self.pop() as u32;
                self.push(SlotType::Ref, (bits << 1 | 1).into());
            }
            Operator::I31GetU => {
                let bits = self.pop();
                if bits == 0 {
                    return Err(Trap::NullI31Reference.into());
                }
                self.push(SlotType::I32, bits >> 1);
            }
            Operator::RefIsNull => {
                let bits = u128::from(self.pop() == 0);
                self.push(SlotType::I32, bits);
            }
            Operator::RefAsNonNull => {
                if self.stack.last().is_some_and(|value| value.bits == 0) {
                    return Err(Trap::NullReference.into());
                }
            }
            ref op => panic!("programs don't contain {op:?}"),
        }
        Ok(())
    }
}
