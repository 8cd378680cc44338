//! Calls.
//!
//! A function of the module is called by its symbol, in the same instance. All others are called
//! through their record, whose machine entry is never null, in the instance that the function
//! reference, the table's entry or the import names.

use super::builtin::imm;
use super::{Result, Translator, signature};
use crate::layout::{self, class, plain};
use tierra_core::Trap;
use tierra_core::index::{FuncIdx, TableIdx, TypeIdx};
use tierra_ir::{
    Access, Callee, CompareOp, Effects, InstData, SigRef, Signature, Symbol, Type, UnaryOp, Value,
};
use tierra_vm::builtins::Builtin;

/// What is called.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Func(FuncIdx),
    Indirect { ty: TypeIdx, table: u32 },
    Ref(TypeIdx),
}

/// A record, and the instance that its code runs in.
#[derive(Clone, Copy)]
struct Found {
    record: Value,
    instance: Value,
}

impl Translator<'_> {
    /// The signature by which functions of a type are called.
    fn signature_of(&mut self, ty: TypeIdx) -> SigRef {
        if let Some(sig) = self.s.signatures[ty.index()] {
            return sig;
        }
        let mut new = Signature::default();
        signature(self.module, self.module.func_type_at(ty), &mut new);
        let sig = self.b.func.new_signature(new);
        self.s.signatures[ty.index()] = Some(sig);
        self.s.used_signatures.push(ty);
        sig
    }

    pub(super) fn call(&mut self, target: Target, tail: bool) -> Result {
        let target = match target {
            Target::Indirect { ty, table } => self.known_callee(ty, table).unwrap_or(target),
            _ => target,
        };
        let ty = match target {
            Target::Func(f) => self.module.funcs[f.index()],
            Target::Indirect { ty, .. } | Target::Ref(ty) => ty,
        };
        let found = match target {
            Target::Func(f) if f.index() < self.module.imported_funcs => Some(self.import(f)),
            Target::Func(_) => None,
            Target::Indirect { ty, table } => Some(self.table_callee(ty, table)),
            Target::Ref(_) => Some(self.ref_callee()),
        };
        let (callee, context) = match (found, target) {
            (Some(found), _) => (
                Callee::Cell(found.record, layout::RECORD_ENTRY),
                found.instance,
            ),
            (None, Target::Func(f)) => (Callee::Symbol(Symbol(f.0)), self.context),
            _ => unreachable!("only functions of the module have no record here"),
        };
        let module = self.module;
        let count = module.func_type_at(ty).params.len();
        self.charge(count + module.func_type_at(ty).results.len())?;
        let mut args = core::mem::take(&mut self.s.values);
        args.clear();
        args.push(context);
        args.extend_from_slice(self.top(count));
        self.pop_many(count);
        let sig = self.signature_of(ty);
        let list = self.b.func.list(&args);
        self.s.values = args;
        if tail {
            if let Some(found) = found {
                self.return_host_call(found.record, sig, callee);
            }
            let args = list;
            self.b.push(InstData::TailCall { sig, callee, args });
            self.unreachable_from_here();
            return Ok(());
        }
        let inst = self.call_throwing(sig, callee, list)?;
        let results = self.b.func.results(inst);
        for (value, ty) in results.zip(&module.func_type_at(ty).results) {
            self.typed(value, *ty);
            self.push(value);
        }
        Ok(())
    }

    /// A host function is called with the frame kept, although the operator is a tail call: the
    /// frame tells the host function which instance called it, whose memory and exports it may
    /// use. The callee's arguments are in `values`.
    fn return_host_call(&mut self, record: Value, sig: tierra_ir::SigRef, callee: Callee) {
        let flags = plain(class::FUNC);
        let host = self.load(Access::I64, flags, record, layout::RECORD_HOST);
        let no_host = self.unary(UnaryOp::I64Eqz, host);
        let (guest, host) = (self.new_block(), self.cold_block());
        self.branch(no_host, guest, host);
        self.enter(host);
        let args = self.b.func.list(&self.s.values);
        let call = self.b.push(InstData::Call {
            sig,
            effects: Effects::All,
            callee,
            args,
        });
        let results: Vec<Value> = self.b.func.results(call).collect();
        let results = self.b.func.list(&results);
        self.b.push(InstData::Return(results));
        self.enter(guest);
    }

    /// A call that may throw: to handlers of this function, if there are some around it.
    pub(super) fn call_throwing(
        &mut self,
        sig: tierra_ir::SigRef,
        callee: Callee,
        args: tierra_ir::ValueList,
    ) -> Result<tierra_ir::Inst> {
        if self.s.exceptions.is_handled() {
            return self.try_call(sig, callee, args);
        }
        Ok(self.b.push(InstData::Call {
            sig,
            effects: Effects::All,
            callee,
            args,
        }))
    }

    /// An import never changes, and neither does its reference.
    fn import(&mut self, func: FuncIdx) -> Found {
        let func = self.element_of(layout::INSTANCE_FUNCS, func.0);
        Found {
            record: self.constant_address(func, layout::FUNCREF_RECORD),
            instance: self.constant_address(func, layout::FUNCREF_INSTANCE),
        }
    }

    fn ref_callee(&mut self) -> Found {
        let func = self.pop();
        self.check_null(func, Trap::NullFunctionReference);
        let flags = plain(class::FUNC);
        Found {
            record: self.load(Access::I64, flags, func, layout::FUNCREF_RECORD),
            instance: self.load(Access::I64, flags, func, layout::FUNCREF_INSTANCE),
        }
    }

    /// The function that a constant index calls in a table that never changes. The index is taken
    /// off then.
    fn known_callee(&mut self, ty: TypeIdx, table: u32) -> Option<Target> {
        let table = self.options.tables.fixed(TableIdx(table))?;
        let index = *self.top(1).first()?;
        let InstData::Const { bits, .. } = *self.b.func.data(self.b.func.def_inst(index)?) else {
            return None;
        };
        let func = (*table.funcs.get(usize::try_from(bits).ok()?)?)?;
        if self.module.funcs[func.index()] != ty {
            return None;
        }
        self.pop();
        Some(Target::Func(func))
    }

    fn table_callee(&mut self, ty: TypeIdx, table: u32) -> Found {
        let index = self.pop();
        let entry = self.table_element(table, index, Trap::UndefinedElement);
        let flags = plain(class::TABLE);
        let actual = self.load(Access::I32, flags, entry, layout::ENTRY_TYPE);
        let wanted = self.type_id(ty);
        let same = self.compare(CompareOp::I32Eq, actual, wanted);
        let (other, good) = (self.cold_block(), self.new_block());
        self.branch(same, good, other);
        self.b.seal(other);
        self.b.switch_to(other);
        self.check_entry(ty, entry, actual, good);
        self.enter(good);
        Found {
            record: self.load(Access::I64, flags, entry, layout::ENTRY_RECORD),
            instance: match self.options.tables.fixed(TableIdx(table)) {
                Some(table) if table.is_own => self.context,
                _ => self.load(Access::I64, flags, entry, layout::ENTRY_INSTANCE),
            },
        }
    }

    /// An entry of another type: null, a subtype, or a mismatch.
    fn check_entry(&mut self, ty: TypeIdx, entry: Value, actual: Value, good: tierra_ir::Block) {
        let flags = plain(class::TABLE);
        let func = self.load(Access::I64, flags, entry, layout::ENTRY_FUNCREF);
        let null = self.unary(UnaryOp::I64Eqz, func);
        self.trap_if(null, Trap::UninitializedElement);
        if self.module.types[ty.index()].is_final {
            let mismatch = Trap::IndirectCallTypeMismatch as u8;
            self.b.push(InstData::Trap(mismatch));
            return;
        }
        let at = self.call_builtin(Builtin::CheckSubtype, imm(0u32, ty.0, 0u32), &[actual]);
        let (below, _) = self.get_operand(at, 0, Type::I32);
        self.trap_unless(below, Trap::IndirectCallTypeMismatch);
        self.b.jump(good, &[]);
    }
}
