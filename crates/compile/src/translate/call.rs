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
    Access, Block, Callee, CompareOp, Effects, InstData, SigRef, Signature, Symbol, Type, UnaryOp,
    Value,
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

/// What is called, once its index or reference is taken off the stack: not null, and in the table.
#[derive(Clone, Copy)]
enum Place {
    /// A function of the module.
    Own(FuncIdx),
    Import(FuncIdx),
    /// The entry of a table.
    Entry {
        ty: TypeIdx,
        table: u32,
        entry: Value,
    },
    /// A function reference.
    Ref(Value),
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
        let module = self.module;
        let place = self.callee_place(target);
        let count = module.func_type_at(ty).params.len();
        self.charge(count + module.func_type_at(ty).results.len())?;
        // Not the list itself: builtins use it.
        let mut args = core::mem::take(&mut self.s.values);
        args.clear();
        args.push(self.context);
        args.extend_from_slice(self.top(count));
        self.pop_many(count);
        match self.seen_callee(place, ty) {
            None => self.call_place(place, ty, tail, &mut args)?,
            Some(seen) => self.call_guarded(place, ty, tail, seen, &mut args)?,
        }
        self.s.values = args;
        if tail {
            self.unreachable_from_here();
        }
        Ok(())
    }

    /// Calls a function directly if it is the one that is called, as it was so far.
    fn call_guarded(
        &mut self,
        place: Place,
        ty: TypeIdx,
        tail: bool,
        (seen, func): (Value, FuncIdx),
        args: &mut [Value],
    ) -> Result {
        let (other, join) = self.guard(seen, func);
        if tail {
            self.call_place(Place::Own(func), ty, tail, args)?;
            self.enter(other);
            return self.call_place(place, ty, tail, args);
        }
        let module = self.module;
        self.append_types(join, &module.func_type_at(ty).results);
        self.call_place(Place::Own(func), ty, tail, args)?;
        self.leave_to(join, ty);
        self.enter(other);
        self.call_place(place, ty, tail, args)?;
        self.leave_to(join, ty);
        self.enter(join);
        self.push_params(join);
        Ok(())
    }

    /// Goes to where the ways of a call meet, with its results.
    fn leave_to(&mut self, join: Block, ty: TypeIdx) {
        let count = self.module.func_type_at(ty).results.len();
        self.jump_block(join, count);
        self.pop_many(count);
    }

    /// Goes on where the function seen so far is called; else in the first block that is returned.
    /// The second one is for where the ways meet.
    fn guard(&mut self, seen: Value, func: FuncIdx) -> (Block, Block) {
        let own = self.element_of(layout::INSTANCE_FUNCS, func.0);
        let same = self.compare(CompareOp::I64Eq, seen, own);
        let (then, other, join) = (self.new_block(), self.cold_block(), self.new_block());
        self.branch(same, then, other);
        self.enter(then);
        (other, join)
    }

    /// The function that was seen to be called here, and the reference to compare with its own.
    fn seen_callee(&mut self, place: Place, ty: TypeIdx) -> Option<(Value, FuncIdx)> {
        let seen = self.options.feedback?.callee(self.b.location())?;
        if self.module.funcs.get(seen.index()) != Some(&ty) {
            return None;
        }
        let flags = plain(class::TABLE);
        match place {
            Place::Own(_) | Place::Import(_) => None,
            Place::Ref(func) => Some((func, seen)),
            Place::Entry { entry, .. } => {
                let func = self.load(Access::I64, flags, entry, layout::ENTRY_FUNCREF);
                Some((func, seen))
            }
        }
    }

    fn callee_place(&mut self, target: Target) -> Place {
        match target {
            Target::Func(f) if f.index() < self.module.imported_funcs => Place::Import(f),
            Target::Func(f) => Place::Own(f),
            Target::Indirect { ty, table } => {
                let index = self.pop();
                let entry = self.table_element(table, index, Trap::UndefinedElement);
                Place::Entry { ty, table, entry }
            }
            Target::Ref(_) => {
                let func = self.pop();
                self.check_null(func, Trap::NullFunctionReference);
                Place::Ref(func)
            }
        }
    }

    /// Calls what is at a place, and pushes the results. The first argument is the context.
    fn call_place(&mut self, place: Place, ty: TypeIdx, tail: bool, args: &mut [Value]) -> Result {
        let found = match place {
            Place::Own(_) => None,
            Place::Import(f) => Some(self.import(f)),
            Place::Entry { ty, table, entry } => Some(self.table_callee(ty, table, entry)),
            Place::Ref(func) => Some(self.ref_callee(func)),
        };
        let (callee, context) = match (found, place) {
            (Some(found), _) => (
                Callee::Cell(found.record, layout::RECORD_ENTRY),
                found.instance,
            ),
            (None, Place::Own(f)) => (Callee::Symbol(Symbol(f.0)), self.context),
            _ => unreachable!("only functions of the module have no record here"),
        };
        let module = self.module;
        let sig = self.signature_of(ty);
        args[0] = context;
        let list = self.b.func.list(args);
        if tail {
            if let Some(found) = found {
                self.return_host_call(found.record, sig, callee, args);
            }
            let args = list;
            self.b.push(InstData::TailCall { sig, callee, args });
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
    /// use.
    fn return_host_call(&mut self, record: Value, sig: SigRef, callee: Callee, args: &[Value]) {
        let flags = plain(class::FUNC);
        let host = self.load(Access::I64, flags, record, layout::RECORD_HOST);
        let no_host = self.unary(UnaryOp::I64Eqz, host);
        let (guest, host) = (self.new_block(), self.cold_block());
        self.branch(no_host, guest, host);
        self.enter(host);
        let args = self.b.func.list(args);
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
        sig: SigRef,
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

    fn ref_callee(&mut self, func: Value) -> Found {
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

    fn table_callee(&mut self, ty: TypeIdx, table: u32, entry: Value) -> Found {
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
