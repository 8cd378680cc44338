//! Constant expressions (§3.3.12), evaluated in an instance that is being made.
//!
//! Their allocations may collect, so every heap reference on the operand stack is a root; it is
//! read back when an operator takes it.

use crate::store::StorePtr;
use crate::{Error, Module, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::{CompositeType, RefKind, ValType, slots_of};
use tierra_module::{ConstExpr, ConstOp};
use tierra_vm::{GcRef, Instance, builtins};

/// An operand.
#[derive(Clone, Copy)]
enum Operand {
    /// A number or a function reference.
    Plain(u64),
    Vector([u64; 2]),
    /// The position of a root.
    Root(u32, u64),
}

/// Evaluates the constant expressions of an instance. What it roots stays rooted until the
/// scope is left that its user has opened.
pub(crate) struct Evaluator<'m> {
    store: StorePtr,
    vm: *mut Instance,
    module: &'m Module,
    stack: Vec<Operand>,
    /// Slots of operands, for operators that take several.
    slots: Vec<u64>,
}

impl<'m> Evaluator<'m> {
    pub(crate) fn new(store: StorePtr, vm: *mut Instance, module: &'m Module) -> Self {
        Self {
            store,
            vm,
            module,
            stack: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// The value as slots; the second one counts for a vector. A reference is good until the
    /// next allocation.
    pub(crate) fn value(&mut self, expr: &ConstExpr) -> Result<[u64; 2]> {
        let mark = self.store.base().roots_mark();
        let operand = self.operand(expr)?;
        let value = self.read(operand);
        self.store.base_mut().roots_release(mark);
        Ok(value)
    }

    /// The values of a list of reference expressions.
    pub(crate) fn list(&mut self, exprs: &[ConstExpr]) -> Result<Box<[u64]>> {
        let mark = self.store.base().roots_mark();
        let operands = exprs
            .iter()
            .map(|e| self.operand(e))
            .collect::<Result<Vec<_>>>()?;
        let values = operands.into_iter().map(|o| self.read(o)[0]).collect();
        self.store.base_mut().roots_release(mark);
        Ok(values)
    }

    fn read(&self, operand: Operand) -> [u64; 2] {
        match operand {
            Operand::Plain(v) => [v, 0],
            Operand::Vector(v) => v,
            Operand::Root(position, stamp) => {
                let value = self.store.base().root_at(position, stamp);
                [value.expect("the evaluator's scope is open").slot(), 0]
            }
        }
    }

    fn root(&mut self, slot: u64) -> Operand {
        let (position, stamp) = self.store.base_mut().push_root(GcRef::from_slot(slot));
        Operand::Root(position, stamp)
    }

    fn pop(&mut self) -> [u64; 2] {
        let operand = self
            .stack
            .pop()
            .expect("validation: operators find their operands");
        self.read(operand)
    }

    fn binary(&mut self, f: impl FnOnce(u64, u64) -> u64) -> Operand {
        let ([b, _], [a, _]) = (self.pop(), self.pop());
        Operand::Plain(f(a, b))
    }

    /// Moves the upper operands, of these types, into `slots`.
    fn take(&mut self, types: &[ValType<TypeIdx>]) {
        self.slots.clear();
        self.slots.reserve(slots_of(types).max(1));
        let first = self.stack.len() - types.len();
        for (i, ty) in types.iter().enumerate() {
            let value = self.read(self.stack[first + i]);
            self.slots.extend_from_slice(&value[..ty.slots()]);
        }
        self.stack.truncate(first);
    }

    fn operand(&mut self, expr: &ConstExpr) -> Result<Operand> {
        for op in &expr.0 {
            let operand = self.step(op)?;
            self.stack.push(operand);
        }
        Ok(self
            .stack
            .pop()
            .expect("validation: an expression has a value"))
    }

    fn step(&mut self, op: &ConstOp) -> Result<Operand> {
        let vm = self.vm;
        let narrow = |v: u64| u64::from(v as u32);
        Ok(match *op {
            ConstOp::I32Const(v) | ConstOp::F32Const(v) => Operand::Plain(v.into()),
            ConstOp::I64Const(v) | ConstOp::F64Const(v) => Operand::Plain(v),
            ConstOp::V128Const(v) => Operand::Vector([v as u64, (v >> 64) as u64]),
            ConstOp::I32Add => self.binary(|a, b| narrow(a.wrapping_add(b))),
            ConstOp::I32Sub => self.binary(|a, b| narrow(a.wrapping_sub(b))),
            ConstOp::I32Mul => self.binary(|a, b| narrow(a.wrapping_mul(b))),
            ConstOp::I64Add => self.binary(u64::wrapping_add),
            ConstOp::I64Sub => self.binary(u64::wrapping_sub),
            ConstOp::I64Mul => self.binary(u64::wrapping_mul),
            ConstOp::GlobalGet(i) => {
                // SAFETY: the instance is alive.
                let global = unsafe { &*(*vm).data }.global(i);
                match (global.ty().content, global.ref_kind()) {
                    (_, Some(RefKind::Heap)) => self.root(global.get()[0]),
                    (ValType::V128, _) => Operand::Vector(global.get()),
                    _ => Operand::Plain(global.get()[0]),
                }
            }
            // SAFETY: the instance is alive.
            ConstOp::RefFunc(f) => Operand::Plain(unsafe { (*(*vm).data).func(f) } as usize as u64),
            ConstOp::RefNull(_) => Operand::Plain(0),
            ConstOp::RefI31 => {
                let [v, _] = self.pop();
                Operand::Plain(GcRef::i31(v as u32).slot())
            }
            // Both have one representation.
            ConstOp::AnyConvertExtern | ConstOp::ExternConvertAny => {
                let [v, _] = self.pop();
                self.root(v)
            }
            ConstOp::StructNew(ty) => {
                let fields = self.field_types(ty);
                self.take(&fields);
                // SAFETY: the instance is alive; the slots hold the fields, which the builtin
                // keeps from the collector.
                let made = unsafe { builtins::struct_new(vm, ty, self.slots.as_ptr()) };
                self.made(made)?
            }
            ConstOp::StructNewDefault(ty) => {
                // SAFETY: the instance is alive.
                let made = unsafe { builtins::struct_new_default(vm, ty) };
                self.made(made)?
            }
            ConstOp::ArrayNew(ty) => {
                let [len, _] = self.pop();
                self.take(&self.field_types(ty));
                // SAFETY: as for structures.
                let made = unsafe { builtins::array_new(vm, ty, self.slots.as_ptr(), len as u32) };
                self.made(made)?
            }
            ConstOp::ArrayNewDefault(ty) => {
                let [len, _] = self.pop();
                // SAFETY: the instance is alive.
                let made = unsafe { builtins::array_new_default(vm, ty, len as u32) };
                self.made(made)?
            }
            ConstOp::ArrayNewFixed(ty, len) => {
                let element = self.field_types(ty)[0];
                self.take(&alloc::vec![element; len as usize]);
                // SAFETY: as for structures.
                let made = unsafe { builtins::array_new_fixed(vm, ty, self.slots.as_ptr(), len) };
                self.made(made)?
            }
        })
    }

    fn made(&mut self, made: core::result::Result<u64, Trap>) -> Result<Operand> {
        let slot = made.map_err(|trap| Error::from_trap(trap, None))?;
        Ok(self.root(slot))
    }

    /// The value types of the fields of a structure, or of the element of an array.
    fn field_types(&self, ty: TypeIdx) -> Vec<ValType<TypeIdx>> {
        match &self.module.module().types[ty.index()].composite {
            CompositeType::Struct(fields) => fields.iter().map(|f| f.storage.unpacked()).collect(),
            CompositeType::Array(field) => alloc::vec![field.storage.unpacked()],
            CompositeType::Func(_) => unreachable!("validation: not a function type"),
        }
    }
}
