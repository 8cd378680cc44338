//! Where blocks begin and end.

use super::super::abi::{self, Place};
use super::super::inst::{Area, Pseudo};
use super::address::Address;
use super::{A, Lower};
use tierra_asm::x64::{Gpr, Op, Size};
use tierra_ir::{CallConv, InstData, Symbol, Targets, Type, Value, ValueList};

impl Lower<'_> {
    /// What comes before the first instruction of a block.
    pub(super) fn begin_block(&mut self, index: u32) {
        self.location = match self.func.first_inst(self.block) {
            Some(inst) => self.func.location(inst),
            None => 0,
        };
        if index == 0 {
            self.entry();
        } else if self.code.mach.order.is_handler(index) {
            let param = self.func.params(self.block)[0];
            match self.vreg_of(param) {
                Some(v) => self.landing(&[A::HiddenDef(v, abi::int(Gpr::RAX))]),
                None => self.landing(&[]),
            }
        } else {
            let mut params = core::mem::take(&mut self.state.params);
            params.clear();
            for &param in self.func.params(self.block) {
                params.push(self.reg(param));
            }
            self.code.mach.set_params(index, params.iter().copied());
            self.state.params = params;
            self.results_after_try(index);
        }
    }

    fn landing(&mut self, args: &[A]) {
        self.pseudo(Pseudo::Entry, Size::Q, None, 0, args);
    }

    /// Parameters come in registers, others are loaded.
    fn entry(&mut self) {
        let own = core::mem::take(&mut self.state.own);
        let from_c = self.func.signature.conv != CallConv::Guest;
        let mut args = alloc::vec::Vec::new();
        let mut extended = alloc::vec::Vec::new();
        let entry = self.block;
        for (&param, place) in self.func.params(entry).iter().zip(&own.params) {
            let (Some(v), Place::Reg(r)) = (self.vreg_of(param), *place) else {
                continue;
            };
            if from_c && self.ty(param) == Type::I32 {
                let raw = self.temp(Type::I32);
                args.push(A::HiddenDef(raw, r));
                extended.push((v, raw));
            } else {
                args.push(A::HiddenDef(v, r));
            }
        }
        // The prologue stores it for others to find.
        if let Some(context) = self.func.context_param
            && let Some(v) = self.vreg_of(self.func.params(entry)[context as usize])
        {
            self.code.mach.set_framed(v);
            self.code.context = Some(v);
        }
        if let (Some(v), Some(Place::Reg(r))) = (self.hidden, own.hidden) {
            args.push(A::HiddenDef(v, r));
        }
        if let Some(v) = self.cell {
            args.push(A::HiddenDef(v, abi::int(abi::CELL)));
        }
        self.landing(&args);
        for (v, raw) in extended {
            self.push(Op::Mov, Size::D, &[A::Def(v), A::Use(raw)]);
        }
        for (&param, place) in self.func.params(entry).iter().zip(&own.params) {
            if let (Some(v), Place::Stack(offset)) = (self.vreg_of(param), *place) {
                self.load_place(v, self.ty(param), Address::frame(Area::Incoming, offset));
            }
        }
        if let (Some(v), Some(Place::Stack(offset))) = (self.hidden, own.hidden) {
            self.load_place(v, Type::I64, Address::frame(Area::Incoming, offset));
        }
        self.state.own = own;
    }

    pub(super) fn jump(&mut self, targets: Targets) {
        let target = self.func.targets(targets)[0];
        let mut args = core::mem::take(&mut self.state.params);
        args.clear();
        for &arg in self.func.values(target.args) {
            args.push(self.reg(arg));
        }
        let index = self.code.mach.order.number(self.block);
        self.code.mach.set_args(index, args.iter().copied());
        self.state.params = args;
        self.pseudo(Pseudo::Jump, Size::Q, None, 0, &[]);
    }

    pub(super) fn branch(&mut self, cond: Value, targets: Targets) {
        let targets = self.func.targets(targets);
        if targets[0].block == targets[1].block {
            self.pseudo(Pseudo::Jump, Size::Q, None, 0, &[]);
            return;
        }
        let cond = self.cond(cond);
        self.pseudo(Pseudo::Branch, Size::Q, Some(cond), 0, &[]);
    }

    pub(super) fn switch(&mut self, index: Value, targets: Targets) {
        let targets = self.func.targets(targets);
        if targets.iter().all(|t| t.block == targets[0].block) {
            self.pseudo(Pseudo::Jump, Size::Q, None, 0, &[]);
            return;
        }
        let start = self.code.table_blocks.len() as u32;
        for target in targets {
            let number = self.code.mach.order.number(target.block);
            self.code.table_blocks.push(number);
        }
        let end = self.code.table_blocks.len() as u32;
        self.code.tables.push((start, end));
        let table = self.code.tables.len() as u32 - 1;
        let index = self.reg(index);
        let temp = self.temp(Type::I64);
        let args = [A::Use(index), A::Temp(temp)];
        self.pseudo(Pseudo::Switch, Size::D, None, table, &args);
    }

    pub(super) fn ret(&mut self, values: ValueList) {
        let own = core::mem::take(&mut self.state.own);
        let values = self.func.values(values);
        let mut args = alloc::vec::Vec::with_capacity(values.len().min(8));
        for (&value, place) in values.iter().zip(&own.results) {
            match *place {
                Place::Reg(r) => args.push(A::HiddenUse(self.reg(value), r)),
                Place::Stack(offset) => {
                    let area = self.own_area();
                    let address = Address::reg(area, offset as i32);
                    self.store_place(value, address);
                }
            }
        }
        self.state.own = own;
        self.pseudo(Pseudo::Return, Size::Q, None, 0, &args);
    }

    /// The address of the area for results that the caller gave.
    pub(super) fn own_area(&mut self) -> crate::regalloc::interface::VReg {
        match self.hidden {
            Some(v) => v,
            None => {
                let v = self.temp(Type::I64);
                self.hidden = Some(v);
                v
            }
        }
    }

    pub(super) fn poll(&mut self, address: Value, offset: i32, slow: Symbol) {
        let flags = tierra_ir::MemFlags::default();
        let address = self.address(address, offset, flags);
        self.pseudo(Pseudo::Poll, Size::Q, None, slow.0, &[A::Mem(address)]);
        self.code.needs_frame = true;
        self.code.has_calls = true;
    }

    /// Results of a call with handlers that are in memory, at the start of the block where it
    /// goes on.
    fn results_after_try(&mut self, index: u32) {
        let [pred] = *self.code.mach.order.predecessors(index) else {
            return;
        };
        let pred = self.code.mach.order.block(pred);
        let Some(inst) = self.func.last_inst(pred) else {
            return;
        };
        if let InstData::TryCall { sig, .. } = *self.func.data(inst) {
            self.load_results(inst, sig);
        }
    }
}
