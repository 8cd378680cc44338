//! Tests of types. Null, `i31` and an equal type are decided inline; whether a type is below
//! another one, or of which kind an object is, decides a builtin.

use crate::builtin::imm;
use crate::compiler::{Compiler, Result};
use crate::emit::{at, outgoing, size_of};
use crate::value::{Ty, ref_kind};
use tierra_asm::x64::abi::SCRATCH;
use tierra_asm::x64::{Cc, Gpr, Label, Mem, Op, Scale, Size};
use tierra_core::Trap;
use tierra_core::index::TypeIdx;
use tierra_core::types::{HeapType, RefKind, RefType};
use tierra_vm::builtins::{Builtin, pack_ref_type};
use tierra_vm::offsets::*;

impl Compiler<'_> {
    /// Whether a builtin may have to decide.
    fn asks(&self, to: RefType<TypeIdx>) -> bool {
        match to.heap {
            HeapType::Concrete(ty) => !self.module.types[ty.index()].is_final,
            HeapType::Eq | HeapType::Struct | HeapType::Array => true,
            _ => false,
        }
    }

    /// Makes the state one that is still true after a builtin, if one may be called.
    fn expect_call(&mut self, to: RefType<TypeIdx>) {
        if self.asks(to) {
            self.clean_all();
            self.forget_all();
        }
    }

    /// Goes to `yes` if the reference is of the type, else to `no`. Both can be reached as far as
    /// the compilation is concerned, even if the type alone decides: what counts as dead, and
    /// costs no fuel, is a matter of the bytecode. The second register is overwritten.
    fn test(
        &mut self,
        [value, temp]: [Gpr; 2],
        ty: Ty,
        to: RefType<TypeIdx>,
        [yes, no]: [Label; 2],
    ) -> Result {
        self.rr(Op::Test, size_of(ty), value, value);
        self.asm.jcc(Cc::E, if to.nullable { yes } else { no });
        match (ref_kind(self.module, to.heap), to.heap) {
            (_, HeapType::Any | HeapType::Extern | HeapType::Exn | HeapType::Func) => {
                self.asm.jmp(yes);
            }
            (_, HeapType::None | HeapType::NoExtern | HeapType::NoExn | HeapType::NoFunc) => {
                self.asm.jmp(no);
            }
            (RefKind::Func, HeapType::Concrete(index)) => {
                self.compare_type(at(value, FUNCREF_TYPE), temp, index);
                self.decide(value, index, yes, no)?;
            }
            (RefKind::Heap, HeapType::Concrete(index)) => {
                self.ri(Op::Test, Size::D, value, 1);
                self.asm.jcc(Cc::NE, no);
                self.load_heap();
                let object = Mem::Index {
                    base: SCRATCH,
                    index: value,
                    scale: Scale::X1,
                    disp: OBJECT_TYPE,
                };
                self.compare_type(object, temp, index);
                self.decide(value, index, yes, no)?;
            }
            (_, HeapType::I31) => {
                self.ri(Op::Test, Size::D, value, 1);
                self.asm.jcc(Cc::NE, yes);
                self.asm.jmp(no);
            }
            (_, heap) => {
                self.ri(Op::Test, Size::D, value, 1);
                self.asm
                    .jcc(Cc::NE, if heap == HeapType::Eq { yes } else { no });
                self.ask(value, heap, yes, no)?;
            }
        }
        Ok(())
    }

    /// Compares the type that is at a place with one of the module.
    fn compare_type(&mut self, actual: Mem, temp: Gpr, index: TypeIdx) {
        self.rm(Op::Mov, Size::D, temp, actual);
        self.load_type_ids();
        self.rm(Op::Cmp, Size::D, temp, at(SCRATCH, index.0 as i32 * 4));
    }

    /// After a comparison with a type: equal is yes; another one may be below it.
    fn decide(&mut self, value: Gpr, index: TypeIdx, yes: Label, no: Label) -> Result {
        self.asm.jcc(Cc::E, yes);
        if self.module.types[index.index()].is_final {
            self.asm.jmp(no);
            return Ok(());
        }
        self.ask(value, HeapType::Concrete(index), yes, no)
    }

    fn ask(&mut self, value: Gpr, heap: HeapType<TypeIdx>, yes: Label, no: Label) -> Result {
        let word = pack_ref_type(RefType::non_null(heap), ref_kind(self.module, heap));
        self.reserve_outgoing(8);
        self.mr(Op::Mov, Size::Q, outgoing(0), value);
        self.emit_builtin(Builtin::RefTest, imm(0u32, 0, word), (0, 0))?;
        self.mi(Op::Cmp, Size::D, outgoing(0), 0);
        self.asm.jcc(Cc::NE, yes);
        self.asm.jmp(no);
        Ok(())
    }

    pub fn ref_test(&mut self, to: RefType<TypeIdx>) -> Result {
        let ty = self.top_ty();
        let value = self.pop_gpr(ty);
        self.expect_call(to);
        let d = self.alloc_int();
        let (yes, no, done) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.test([value, d], ty, to, [yes, no])?;
        self.asm.bind(yes);
        self.load_int(d, 1);
        self.asm.jmp(done);
        self.asm.bind(no);
        self.load_int(d, 0);
        self.asm.bind(done);
        self.push(d, Ty::I32);
        Ok(())
    }

    /// The topmost operand in a register that still holds it where the state may not know.
    /// And another register.
    fn look_at_top(&mut self, to: RefType<TypeIdx>) -> ([Gpr; 2], Ty) {
        let ty = self.top_ty();
        let r = self.pop_own(ty);
        self.push(r, ty);
        self.expect_call(to);
        ([r.gpr(), self.alloc_int()], ty)
    }

    /// The value stays as it is.
    pub fn ref_cast(&mut self, to: RefType<TypeIdx>) -> Result {
        let (regs, ty) = self.look_at_top(to);
        let (yes, no) = (self.asm.label(), self.trap_label(Trap::CastFailure));
        self.test(regs, ty, to, [yes, no])?;
        self.asm.bind(yes);
        Ok(())
    }

    /// `br_on_cast`, or `br_on_cast_fail` if `when` is false. The value stays on the stack.
    pub fn br_on_cast(&mut self, depth: u32, to: RefType<TypeIdx>, when: bool) -> Result {
        let (regs, ty) = self.look_at_top(to);
        let (taken, next) = (self.asm.label(), self.asm.label());
        if when {
            self.test(regs, ty, to, [taken, next])?;
        } else {
            self.test(regs, ty, to, [next, taken])?;
        }
        self.asm.bind(taken);
        self.jump(depth)?;
        self.asm.bind(next);
        self.open_fuel();
        Ok(())
    }
}
