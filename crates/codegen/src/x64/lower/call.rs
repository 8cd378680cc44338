//! Calls.

use super::super::abi::{self, Place, Places};
use super::super::inst::{Area, CallInfo, Pseudo, Target};
use super::address::Address;
use super::{A, Lower};
use crate::regalloc::interface::VReg;
use alloc::vec::Vec;
use tierra_asm::x64::{Op, Size};
use tierra_ir::{Access, CallConv, Callee, Inst, InstData, SigRef, Type, Value, ValueList};

impl Lower<'_> {
    /// A call, with or without handlers.
    pub(super) fn call(&mut self, sig: SigRef, callee: Callee, args: ValueList) {
        let mut places = core::mem::take(&mut self.state.places);
        let signature = &self.func.signatures[sig.index()];
        places.assign(signature);
        let conv = signature.conv;
        let inst = self.inst;
        let data = *self.func.data(inst);
        let mut out = Vec::with_capacity(16);
        let target = self.callee(callee, &mut out, None);
        self.arguments(args, &places, &mut out, Area::Outgoing, 0);
        if let Some(place) = places.hidden {
            let area = self.temp(Type::I64);
            let address = Address::frame(Area::Results, 0);
            self.push(Op::Lea, Size::Q, &[A::Def(area), A::Mem(address)]);
            self.pass(area, place, &mut out);
        }
        let mut clobbers = abi::clobbers(conv);
        let mut extended = None;
        for (value, place) in self.func.results(inst).zip(&places.results) {
            let (Some(v), Place::Reg(r)) = (self.vreg_of(value), *place) else {
                continue;
            };
            clobbers = clobbers.without(r);
            if conv != CallConv::Guest && self.ty(value) == Type::I32 {
                // C leaves the upper half undefined.
                if data.is_terminator() {
                    self.unsupported("a call with handlers that returns an i32 of C");
                }
                let raw = self.temp(Type::I32);
                out.push(A::HiddenDef(raw, r));
                extended = Some((v, raw));
            } else {
                out.push(A::HiddenDef(v, r));
            }
        }
        let handlers = self.handlers(&data);
        let code = &mut *self.code;
        code.outgoing = code.outgoing.max(places.stack);
        code.results = code.results.max(places.area);
        code.needs_frame = true;
        code.has_calls = true;
        code.calls_guest |= conv != CallConv::C;
        code.calls.push(CallInfo {
            target,
            conv,
            stack: places.stack,
            handlers,
        });
        let number = code.calls.len() as u32 - 1;
        self.pseudo(Pseudo::Call, Size::Q, None, number, &out);
        self.code.mach.set_clobbers(clobbers);
        self.code.mach.last().is_safepoint = data.is_safepoint();
        if let Some((v, raw)) = extended {
            self.push(Op::Mov, Size::D, &[A::Def(v), A::Use(raw)]);
        }
        self.state.places = places;
        if !data.is_terminator() {
            self.load_results(inst, sig);
        }
    }

    /// Loads the results that didn't fit in registers.
    pub(super) fn load_results(&mut self, inst: Inst, sig: SigRef) {
        let mut places = core::mem::take(&mut self.state.places);
        places.assign(&self.func.signatures[sig.index()]);
        for (value, place) in self.func.results(inst).zip(&places.results) {
            if let (Some(v), Place::Stack(offset)) = (self.vreg_of(value), *place) {
                self.load_place(v, self.ty(value), Address::frame(Area::Results, offset));
            }
        }
        self.state.places = places;
    }

    fn handlers(&mut self, data: &InstData) -> (u32, u32) {
        let start = self.code.handlers.len() as u32;
        if let InstData::TryCall { targets, .. } = *data {
            let targets = &self.func.targets(targets)[1..];
            for (target, tag) in targets.iter().zip(self.func.handlers(self.inst)) {
                let number = self.code.mach.order.number(target.block);
                self.code.handlers.push((*tag, number));
            }
        }
        (start, self.code.handlers.len() as u32)
    }

    /// A call in place of the function. Arguments on the stack go where those of the function
    /// are, if there is room; else they are put together first, because the frame is in the way.
    pub(super) fn tail_call(&mut self, sig: SigRef, callee: Callee, args: ValueList) {
        if self.func.signature.conv != CallConv::Guest {
            self.unsupported("a tail call from a function of another convention");
        }
        let mut places = core::mem::take(&mut self.state.places);
        places.assign(&self.func.signatures[sig.index()]);
        let own = self.state.own.stack;
        let mut out = Vec::with_capacity(16);
        let target = self.callee(callee, &mut out, Some(abi::TAIL_TARGET));
        let (area, shift) = if places.stack <= own {
            (Area::Incoming, own - places.stack)
        } else {
            // Behind the return address.
            (Area::Outgoing, 8)
        };
        self.arguments(args, &places, &mut out, area, shift);
        if let Some(mut place) = places.hidden {
            if let Place::Stack(offset) = &mut place {
                *offset += shift;
            }
            let hidden = self.own_area();
            match place {
                Place::Reg(r) => out.push(A::HiddenUse(hidden, r)),
                Place::Stack(offset) => {
                    let address = A::Mem(Address::frame(area, offset));
                    self.push(Op::Mov, Size::Q, &[address, A::Use(hidden)]);
                }
            }
        }
        let code = &mut *self.code;
        if places.stack > own {
            code.outgoing = code.outgoing.max(places.stack + 16);
        }
        // Functions may go round in tail calls for ever: the check of the stack, which is how they
        // notice that they are to stop, takes a frame.
        let checked = self.func.stack_limit.is_some();
        code.needs_frame |= places.stack != own || checked;
        code.has_calls |= checked;
        code.calls.push(CallInfo {
            target,
            conv: CallConv::Guest,
            stack: places.stack,
            handlers: (0, 0),
        });
        let number = code.calls.len() as u32 - 1;
        self.pseudo(Pseudo::TailCall, Size::Q, None, number, &out);
        self.state.places = places;
    }

    /// Whom to call; the first operand, if it is in a register.
    fn callee(
        &mut self,
        callee: Callee,
        out: &mut Vec<A>,
        fixed: Option<tierra_asm::x64::Gpr>,
    ) -> Target {
        let (value, target) = match callee {
            Callee::Symbol(symbol) => return Target::Symbol(symbol),
            Callee::Address(value) => (value, Target::Address),
            Callee::Cell(value, offset) => (value, Target::Cell(offset)),
        };
        let v = self.reg(value);
        out.push(match fixed {
            Some(r) => A::UseAt(v, abi::int(r)),
            None => A::Use(v),
        });
        target
    }

    fn arguments(
        &mut self,
        args: ValueList,
        places: &Places,
        out: &mut Vec<A>,
        area: Area,
        shift: u32,
    ) {
        for (&arg, place) in self.func.values(args).iter().zip(&places.params) {
            match *place {
                Place::Reg(r) => out.push(A::HiddenUse(self.reg(arg), r)),
                Place::Stack(offset) => {
                    self.store_place(arg, Address::frame(area, offset + shift));
                }
            }
        }
    }

    fn pass(&mut self, v: VReg, place: Place, out: &mut Vec<A>) {
        match place {
            Place::Reg(r) => out.push(A::HiddenUse(v, r)),
            Place::Stack(offset) => {
                let address = A::Mem(Address::frame(Area::Outgoing, offset));
                self.push(Op::Mov, Size::Q, &[address, A::Use(v)]);
            }
        }
    }

    /// Writes a value of any type to memory of ours; all eight bytes of a general register.
    pub(super) fn store_place(&mut self, value: Value, address: Address) {
        let ty = self.ty(value);
        if ty.is_int() {
            let v = self.reg(value);
            self.push(Op::Mov, Size::Q, &[A::Mem(address), A::Use(v)]);
        } else {
            self.store_at(Access::of(ty), address, value);
        }
    }

    /// Reads a value of any type from memory of ours.
    pub(super) fn load_place(&mut self, v: VReg, ty: Type, address: Address) {
        let access = if ty == Type::Ref {
            Access::I32
        } else {
            Access::of(ty)
        };
        self.load_to(v, access, address);
    }
}
