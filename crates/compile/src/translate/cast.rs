//! Tests of types. Null, `i31` and an equal type are decided inline; whether a type is below
//! another one, or of which kind an object is, decides a builtin.

use super::builtin::imm;
use super::{Result, Translator, ref_kind};
use crate::layout::{self, class, plain};
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::{HeapType, RefKind, RefType};
use tierra_ir::{Access, Block, CompareOp, InstData, Type, UnaryOp, Value};
use tierra_vm::builtins::{Builtin, pack_ref_type};

impl Translator<'_> {
    /// The bits of a reference that isn't a function's. They are stale after the next call.
    pub(super) fn bits(&mut self, reference: Value) -> Value {
        self.b.value(InstData::RefToBits(reference))
    }

    /// Whether a reference is null, as a condition.
    pub(super) fn is_null(&mut self, reference: Value) -> Value {
        if self.is_non_null(reference) {
            return self.i32(0);
        }
        if self.b.func.ty(reference) == Type::I64 {
            return self.unary(UnaryOp::I64Eqz, reference);
        }
        let bits = self.bits(reference);
        self.unary(UnaryOp::I32Eqz, bits)
    }

    /// Goes to `yes` if the reference is of the type, else to `no`: the block is complete. Both can
    /// be reached as far as the translation is concerned, even if the type alone decides: what
    /// counts as dead, and costs no fuel, is a matter of the bytecode.
    fn test(&mut self, value: Value, to: RefType<TypeIdx>, yes: Block, no: Block) {
        if !self.is_non_null(value) {
            let null = if to.nullable { yes } else { no };
            let some = self.new_block();
            let is_null = self.is_null(value);
            self.branch(is_null, null, some);
            self.enter(some);
        }
        match (ref_kind(self.module, to.heap), to.heap) {
            (_, HeapType::Any | HeapType::Extern | HeapType::Exn | HeapType::Func) => {
                let always = self.i32(1);
                self.branch(always, yes, no);
            }
            (_, HeapType::None | HeapType::NoExtern | HeapType::NoExn | HeapType::NoFunc) => {
                let never = self.i32(0);
                self.branch(never, yes, no);
            }
            (RefKind::Func, HeapType::Concrete(ty)) => {
                let flags = plain(class::FUNC);
                let actual = self.load(Access::I32, flags, value, layout::FUNCREF_TYPE);
                self.test_concrete(value, actual, ty, yes, no);
            }
            (RefKind::Heap, HeapType::Concrete(ty)) => {
                self.test_i31(value, no);
                let object = self.object(value);
                let flags = plain(class::HEADER);
                let actual = self.load(Access::I32, flags, object, layout::OBJECT_TYPE);
                self.test_concrete(value, actual, ty, yes, no);
            }
            (_, HeapType::I31) => {
                let tag = self.i31_tag(value);
                self.branch(tag, yes, no);
            }
            (_, heap) => {
                self.test_i31(value, if heap == HeapType::Eq { yes } else { no });
                self.test_slowly(value, to.heap, yes, no);
            }
        }
    }

    fn i31_tag(&mut self, value: Value) -> Value {
        let bits = self.bits(value);
        let one = self.i32(1);
        self.binary(tierra_ir::BinaryOp::I32And, bits, one)
    }

    /// An `i31` goes to a block, everything else on.
    fn test_i31(&mut self, value: Value, i31: Block) {
        let object = self.new_block();
        let tag = self.i31_tag(value);
        self.branch(tag, i31, object);
        self.enter(object);
    }

    /// A function or an object with a type.
    fn test_concrete(&mut self, value: Value, actual: Value, ty: TypeIdx, yes: Block, no: Block) {
        let wanted = self.type_id(ty);
        let same = self.compare(CompareOp::I32Eq, actual, wanted);
        if self.module.types[ty.index()].is_final {
            return self.branch(same, yes, no);
        }
        let other = self.new_block();
        self.branch(same, yes, other);
        self.enter(other);
        self.test_slowly(value, HeapType::Concrete(ty), yes, no);
    }

    fn test_slowly(&mut self, value: Value, heap: HeapType<TypeIdx>, yes: Block, no: Block) {
        let word = pack_ref_type(RefType::non_null(heap), ref_kind(self.module, heap));
        let at = self.call_builtin(Builtin::RefTest, imm(0u32, 0, word), &[value]);
        let (result, _) = self.get_operand(at, 0, Type::I32);
        self.branch(result, yes, no);
    }

    pub(super) fn ref_test(&mut self, to: RefType<TypeIdx>) {
        let value = self.pop();
        let (yes, no, done) = (self.new_block(), self.new_block(), self.new_block());
        let result = self.b.func.append_param(done, Type::I32);
        self.test(value, to, yes, no);
        for (block, bit) in [(yes, 1), (no, 0)] {
            self.enter(block);
            let bit = self.i32(bit);
            self.b.jump(done, &[bit]);
        }
        self.enter(done);
        self.push(result);
    }

    /// The value stays as it is.
    pub(super) fn ref_cast(&mut self, to: RefType<TypeIdx>) {
        let value = self.top(1)[0];
        let (yes, no) = (self.new_block(), self.cold_block());
        self.test(value, to, yes, no);
        self.enter(no);
        self.b.push(InstData::Trap(Trap::CastFailure as u8));
        self.enter(yes);
        if !to.nullable {
            self.note_non_null(value);
        }
    }

    /// `br_on_cast`, or `br_on_cast_fail` if `when` is false. The value stays on the stack.
    pub(super) fn br_on_cast(&mut self, depth: u32, to: RefType<TypeIdx>, when: bool) -> Result {
        let value = self.top(1)[0];
        let (taken, next) = (self.new_block(), self.new_block());
        if when {
            self.test(value, to, taken, next);
        } else {
            self.test(value, to, next, taken);
        }
        self.enter(taken);
        self.jump(depth)?;
        self.enter(next);
        if !when && !to.nullable {
            self.note_non_null(value);
        }
        self.open_fuel();
        Ok(())
    }
}
