//! Calls.
//!
//! A function of the module is called by its symbol, in the same instance. All others are called
//! through their record, whose machine entry is never null, in the instance that the function
//! reference, the table's entry or the import names. What names record and instance waits in a
//! register that no argument is in.
//!
//! No register survives a call: what is in registers only is written to the frame before.

use crate::builtin::imm;
use crate::compiler::{Compiler, Result};
use crate::counting::record_field;
use crate::emit::{at, frame, outgoing};
use crate::frame::INSTANCE;
use crate::regs::{Reg, class};
use crate::value::{Operand, Ty};
use tierra_asm::x64::abi::{Counter, Place, SCRATCH, SCRATCH_XMM, ValueClass};
use tierra_asm::x64::{Arg, Cc, Gpr, Op, Size};
use tierra_core::Trap;
use tierra_core::index::{FuncIdx, TypeIdx};
use tierra_core::types::{FuncType, ValType};
use tierra_vm::builtins::Builtin;
use tierra_vm::offsets::*;

/// What is called.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Func(FuncIdx),
    Indirect { ty: TypeIdx, table: u32 },
    Ref(TypeIdx),
}

/// Where the callee is found when the arguments are in place.
#[derive(Clone, Copy)]
enum Callee {
    Symbol(u32),
    /// In [`FINDER`]: what holds record and instance, at these offsets.
    Found {
        record: i32,
        instance: i32,
    },
}

/// The register of what names the callee: no argument is in it.
const FINDER: Gpr = Gpr::RBX;

impl Compiler<'_> {
    pub fn call(&mut self, target: Target, tail: bool) -> Result {
        let module = self.module;
        let ty = match target {
            Target::Func(f) => module.funcs[f.index()],
            Target::Indirect { ty, .. } | Target::Ref(ty) => ty,
        };
        let ty = module.func_type_at(ty);
        self.charge(ty.params.len() + ty.results.len())?;
        let callee = match target {
            Target::Func(f) if f.index() < module.imported_funcs => self.import(f),
            Target::Func(f) => Callee::Symbol(f.0),
            Target::Indirect { ty: index, table } => self.table_callee(index, table, ty)?,
            Target::Ref(_) => self.ref_callee(),
        };
        if tail {
            return self.tail_call(callee, ty);
        }
        let handlers = self.handlers()?;
        let (args, results) = self.sizes(ty);
        self.place_args(ty, 0, args, Some(args).filter(|_| results > 0));
        self.truncate(self.s.stack.len() - ty.params.len());
        // The arguments are in registers that the state doesn't know of.
        self.forget_all();
        self.emit_call(callee);
        self.record_call(handlers)?;
        if args > 0 {
            // The callee removed its arguments; the area for them is part of the frame.
            self.ri(Op::Sub, Size::Q, Gpr::RSP, args.into());
        }
        self.reserve_outgoing(args + results);
        self.push_call_results(ty, args);
        Ok(())
    }

    /// The bytes of arguments and of results on the stack.
    fn sizes(&self, ty: &FuncType<TypeIdx>) -> (u32, u32) {
        let mut results = Counter::results();
        for ty in &ty.results {
            results.place(Ty::of(self.module, *ty).class());
        }
        let mut params = Counter::params();
        params.place(ValueClass::Int);
        for ty in &ty.params {
            params.place(Ty::of(self.module, *ty).class());
        }
        if results.size() > 0 {
            params.place(ValueClass::Int);
        }
        (params.size(), results.size())
    }

    /// Brings the topmost operands to where the callee wants them, those on the stack from `shift`
    /// bytes on. `area` is where the area for results is. What stays in registers is written to
    /// the frame first.
    fn place_args(&mut self, ty: &FuncType<TypeIdx>, shift: u32, size: u32, area: Option<u32>) {
        let first = self.s.stack.len() - ty.params.len();
        self.clean_below(first);
        self.s.plan.clear();
        let mut places = Counter::params();
        places.place(ValueClass::Int);
        for (i, param) in ty.params.iter().enumerate() {
            let entry = self.s.stack[first + i];
            match places.place(Ty::of(self.module, *param).class()) {
                Place::Int(r) => self.plan_operand(r.into(), &entry),
                Place::Vec(x) => self.plan_operand(x.into(), &entry),
                Place::Stack(offset) => self.plan_store(outgoing(offset + shift), &entry),
            }
        }
        self.carry_out();
        if let Some(area) = area {
            let place = outgoing(area);
            match places.place(ValueClass::Int) {
                Place::Int(r) => self.rm(Op::Lea, Size::Q, r, place),
                Place::Stack(offset) => {
                    self.rm(Op::Lea, Size::Q, SCRATCH, place);
                    self.mr(Op::Mov, Size::Q, outgoing(offset + shift), SCRATCH);
                }
                Place::Vec(_) => unreachable!("an address is an integer"),
            }
        }
        self.reserve_outgoing(size + shift);
    }

    /// Writes to the frame what is in registers only, except operands from `first` on.
    fn clean_below(&mut self, first: usize) {
        use crate::regs::{Each, Holder};
        let mut kept = 0;
        for r in Each(self.regs.dirty) {
            if matches!(self.regs.get(r), Holder::Operand(i) if i as usize >= first) {
                kept |= r.bit();
            }
        }
        self.regs.dirty &= !kept;
        self.clean_all();
    }

    fn emit_call(&mut self, callee: Callee) {
        self.locate();
        match callee {
            Callee::Symbol(symbol) => {
                self.rm(Op::Mov, Size::Q, Gpr::RDI, frame(INSTANCE));
                if self.options.counting.is_some() {
                    let entry = self.entry_of(symbol);
                    self.asm.emit(Op::Call, Size::Q, &[entry]);
                } else {
                    self.call_symbol(symbol);
                }
            }
            Callee::Found { record, instance } => {
                self.rm(Op::Mov, Size::Q, SCRATCH, at(FINDER, record));
                self.rm(Op::Mov, Size::Q, Gpr::RDI, at(FINDER, instance));
                self.note_callee();
                let entry = Arg::M(at(SCRATCH, RECORD_ENTRY));
                self.asm.emit(Op::Call, Size::Q, &[entry]);
            }
        }
    }

    /// The entry of a function of the module, in its record, whose address is in the scratch
    /// register then, as whoever compiles it first expects.
    fn entry_of(&mut self, func: u32) -> Arg {
        let record = record_field(FuncIdx(func), 0);
        self.rm(Op::Lea, Size::Q, SCRATCH, record);
        Arg::M(at(SCRATCH, RECORD_ENTRY))
    }

    /// Pushes the results of a call: those in registers first become known.
    fn push_call_results(&mut self, ty: &FuncType<TypeIdx>, area: u32) {
        let mut places = Counter::results();
        let first = self.s.stack.len();
        let mut on_stack = false;
        for result in &ty.results {
            let ty = Ty::of(self.module, *result);
            match places.place(ty.class()) {
                Place::Int(r) => self.push(r, ty),
                Place::Vec(x) => self.push(x, ty),
                Place::Stack(_) => {
                    on_stack = true;
                    self.push_entry(crate::value::Loc::Home, ty);
                }
            }
        }
        if on_stack {
            self.fetch_results(first, &ty.results, area);
        }
    }

    /// Brings results from the area for them to their places in the frame.
    fn fetch_results(&mut self, first: usize, results: &[ValType<TypeIdx>], area: u32) {
        let mut places = Counter::results();
        for (i, result) in results.iter().enumerate() {
            let ty = Ty::of(self.module, *result);
            if let Place::Stack(offset) = places.place(ty.class()) {
                let home = self.s.stack[first + i].home;
                self.lowest = self.lowest.min(home);
                self.copy_mem(frame(home), outgoing(area + offset), ty);
            }
        }
    }

    // Callees.

    /// Loads an element of an array of addresses that the instance points to.
    pub fn load_element(&mut self, d: Gpr, array: i32, index: u32) {
        self.rm(Op::Mov, Size::Q, d, frame(INSTANCE));
        self.rm(Op::Mov, Size::Q, d, at(d, array));
        let offset = u64::from(index) * 8;
        match i32::try_from(offset) {
            Ok(offset) => self.rm(Op::Mov, Size::Q, d, at(d, offset)),
            Err(_) => unreachable!("a module has fewer than 2^28 of anything"),
        }
    }

    fn import(&mut self, func: FuncIdx) -> Callee {
        self.vacate(FINDER.into());
        self.load_element(FINDER, INSTANCE_FUNCS, func.0);
        Callee::Found {
            record: FUNCREF_RECORD,
            instance: FUNCREF_INSTANCE,
        }
    }

    fn ref_callee(&mut self) -> Callee {
        let func = self.pop();
        let func = self.in_reg(func, Ty::I64).gpr();
        self.vacate(FINDER.into());
        self.rr(Op::Test, Size::Q, func, func);
        self.trap_if(Cc::E, Trap::NullFunctionReference);
        if func != FINDER {
            self.rr(Op::Mov, Size::Q, FINDER, func);
        }
        Callee::Found {
            record: FUNCREF_RECORD,
            instance: FUNCREF_INSTANCE,
        }
    }

    fn table_callee(
        &mut self,
        index: TypeIdx,
        table: u32,
        ty: &FuncType<TypeIdx>,
    ) -> Result<Callee> {
        let is_final = self.module.types[index.index()].is_final;
        let operand = self.pop();
        let entry = self.table_entry(table, operand, Trap::UndefinedElement);
        self.vacate(FINDER.into());
        if entry != FINDER {
            self.rr(Op::Mov, Size::Q, FINDER, entry);
        }
        if !is_final {
            // A builtin may have to look: nothing may be in registers then.
            let count = ty.params.len();
            self.clean_all();
            self.forget_all();
            self.charge(count)?;
        }
        self.load_type_ids();
        let id = at(SCRATCH, index.0 as i32 * 4);
        self.rm(Op::Mov, Size::D, SCRATCH, id);
        self.mr(Op::Cmp, Size::D, at(FINDER, ENTRY_TYPE), SCRATCH);
        if is_final {
            let label = self.cold_entry();
            self.asm.jcc(Cc::NE, label);
        } else {
            self.check_subtype(index)?;
        }
        Ok(Callee::Found {
            record: ENTRY_RECORD,
            instance: ENTRY_INSTANCE,
        })
    }

    /// Loads the address of the canonical ids of types into the scratch register.
    pub fn load_type_ids(&mut self) {
        self.rm(Op::Mov, Size::Q, SCRATCH, frame(INSTANCE));
        self.rm(Op::Mov, Size::Q, SCRATCH, at(SCRATCH, INSTANCE_TYPE_IDS));
    }

    /// The entry in [`FINDER`] is of another type: null, a subtype, or a mismatch.
    fn check_subtype(&mut self, index: TypeIdx) -> Result {
        let good = self.asm.label();
        self.asm.jcc(Cc::E, good);
        self.mi(Op::Cmp, Size::Q, at(FINDER, ENTRY_FUNCREF), 0);
        self.trap_if(Cc::E, Trap::UninitializedElement);
        // The entry waits behind the builtin's operand.
        self.reserve_outgoing(16);
        self.rm(Op::Mov, Size::D, SCRATCH, at(FINDER, ENTRY_TYPE));
        self.mr(Op::Mov, Size::Q, outgoing(0), SCRATCH);
        self.mr(Op::Mov, Size::Q, outgoing(8), FINDER);
        self.emit_builtin(Builtin::CheckSubtype, imm(0u32, index.0, 0u32), (0, 0))?;
        self.rm(Op::Mov, Size::Q, FINDER, outgoing(8));
        self.mi(Op::Cmp, Size::D, outgoing(0), 0);
        self.trap_if(Cc::E, Trap::IndirectCallTypeMismatch);
        self.asm.bind(good);
        Ok(())
    }

    // Tail calls.

    fn tail_call(&mut self, callee: Callee, ty: &FuncType<TypeIdx>) -> Result {
        if let Callee::Found { record, .. } = callee {
            self.return_host_call(callee, record, ty)?;
        }
        let (args, results) = self.sizes(ty);
        self.place_args(ty, 8, args + 8, None);
        if results > 0 {
            self.pass_own_area(ty, 8);
        }
        match callee {
            Callee::Symbol(_) => self.rm(Op::Mov, Size::Q, Gpr::RDI, frame(INSTANCE)),
            Callee::Found { record, instance } => {
                self.rm(Op::Mov, Size::Q, Gpr::RDI, at(FINDER, instance));
                self.rm(Op::Mov, Size::Q, FINDER, at(FINDER, record));
            }
        }
        self.leave_frame(args);
        match callee {
            Callee::Symbol(symbol) if self.options.counting.is_some() => {
                let entry = self.entry_of(symbol);
                self.asm.emit(Op::Jmp, Size::Q, &[entry]);
            }
            Callee::Symbol(symbol) => self.asm.emit(Op::Jmp, Size::Q, &[Arg::S(symbol)]),
            Callee::Found { .. } => {
                self.rr(Op::Mov, Size::Q, SCRATCH, FINDER);
                let entry = Arg::M(at(SCRATCH, RECORD_ENTRY));
                self.asm.emit(Op::Jmp, Size::Q, &[entry]);
            }
        }
        self.unreachable_from_here();
        Ok(())
    }

    /// The callee writes its results where this function would have written its own.
    fn pass_own_area(&mut self, ty: &FuncType<TypeIdx>, shift: u32) {
        let mut places = Counter::params();
        places.place(ValueClass::Int);
        for param in &ty.params {
            places.place(Ty::of(self.module, *param).class());
        }
        let own = frame(self.area_home);
        match places.place(ValueClass::Int) {
            Place::Int(r) => self.rm(Op::Mov, Size::Q, r, own),
            Place::Stack(offset) => {
                self.rm(Op::Mov, Size::Q, SCRATCH, own);
                self.mr(Op::Mov, Size::Q, outgoing(offset + shift), SCRATCH);
            }
            Place::Vec(_) => unreachable!("an address is an integer"),
        }
    }

    /// Leaves the frame, with arguments on the stack from 8 bytes on in their final order: they
    /// move over the frame, behind the return address, the last one first because the places may
    /// overlap.
    fn leave_frame(&mut self, args: u32) {
        if args == 0 && self.own_stack == 0 {
            return self.asm.emit(Op::Leave, Size::Q, &[]);
        }
        // The caller's frame pointer waits where no argument is.
        let caller = Gpr::R12;
        let to = 8 + self.own_stack as i32 - args as i32;
        self.rm(Op::Mov, Size::Q, SCRATCH, at(Gpr::RBP, 8));
        self.mr(Op::Mov, Size::Q, outgoing(0), SCRATCH);
        self.rm(Op::Mov, Size::Q, caller, at(Gpr::RBP, 0));
        for offset in (0..=args).rev().step_by(8) {
            self.xm(Op::Movsd, SCRATCH_XMM, outgoing(offset));
            self.mx(Op::Movsd, at(Gpr::RBP, to + offset as i32), SCRATCH_XMM);
        }
        self.rm(Op::Lea, Size::Q, Gpr::RSP, at(Gpr::RBP, to));
        self.rr(Op::Mov, Size::Q, Gpr::RBP, caller);
    }

    /// A host function is called with the frame kept, although the operator is a tail call: the
    /// frame tells the host function which instance called it, whose memory and exports it may
    /// use.
    fn return_host_call(&mut self, callee: Callee, record: i32, ty: &FuncType<TypeIdx>) -> Result {
        let guest = self.asm.label();
        self.rm(Op::Mov, Size::Q, SCRATCH, at(FINDER, record));
        self.mi(Op::Cmp, Size::Q, at(SCRATCH, RECORD_HOST), 0);
        self.asm.jcc(Cc::E, guest);
        // The state is that of the other way: what was written to the frame there was not here.
        let dirty = self.regs.dirty;
        let (args, results) = self.sizes(ty);
        self.place_args(ty, 0, args, None);
        if results > 0 {
            self.pass_own_area(ty, 0);
        }
        self.emit_call(callee);
        if args > 0 {
            self.ri(Op::Sub, Size::Q, Gpr::RSP, args.into());
        }
        // Results are where this function's are to be.
        self.leave_and_return();
        self.asm.bind(guest);
        self.regs.dirty = dirty;
        Ok(())
    }

    // Tables.

    /// The address of an element that is there, in a register of the operator's; traps if it
    /// isn't.
    pub fn table_entry(&mut self, table: u32, index: Operand, trap: Trap) -> Gpr {
        let ty = self.module.tables[table as usize].ty;
        let index_ty = if ty.limits.is_64 { Ty::I64 } else { Ty::I32 };
        let entry = self.in_own_reg(index, index_ty).gpr();
        let def = self.alloc(class(Ty::I64)).gpr();
        self.load_element(def, INSTANCE_TABLES, table);
        self.rm(Op::Cmp, Size::Q, entry, at(def, TABLE_LEN));
        self.trap_if(Cc::AE, trap);
        let shift = match crate::value::ref_kind(self.module, ty.element.heap) {
            tierra_core::types::RefKind::Func => ENTRY_SHIFT,
            tierra_core::types::RefKind::Heap => 3,
        };
        self.ri(Op::Shl, Size::Q, entry, shift.into());
        self.rm(Op::Add, Size::Q, entry, at(def, TABLE_BASE));
        // The other register is free again.
        self.pinned &= !Reg::int(def).bit();
        entry
    }
}
