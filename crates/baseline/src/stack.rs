//! Registers for operands and locals: giving them out, taking them back, operands in and out.

use crate::compiler::Compiler;
use crate::emit::frame;
use crate::regs::{ALL, Each, Holder, INTS, Reg, Set, VECS, class};
use crate::value::{Cond, Entry, Loc, Operand, Ty};
use tierra_asm::x64::{Cc, Gpr, Op, Size, Xmm};

impl Compiler<'_> {
    // Registers.

    /// A register for the operator at hand.
    #[inline]
    pub fn alloc(&mut self, class: Set) -> Reg {
        let free = class & !self.regs.used & !self.pinned;
        let r = match free {
            0 => self.evict(class),
            free => Reg(free.trailing_zeros() as u8),
        };
        self.pinned |= r.bit();
        r
    }

    pub fn alloc_int(&mut self) -> Gpr {
        self.alloc(INTS).gpr()
    }

    pub fn alloc_vec(&mut self) -> Xmm {
        self.alloc(VECS).xmm()
    }

    /// Empties a register of the class: a clean one if there is one, and not the same as last.
    #[cold]
    fn evict(&mut self, class: Set) -> Reg {
        let candidates = class & self.regs.used & !self.pinned;
        let clean = candidates & !self.regs.dirty;
        let from = if clean != 0 { clean } else { candidates };
        assert!(
            from != 0,
            "an operator needs fewer registers than there are"
        );
        let above = from & !0 << (self.victim & 31);
        let r = Reg(if above != 0 { above } else { from }.trailing_zeros() as u8);
        self.victim = r.0 + 1;
        self.release(r);
        r
    }

    /// What is in a register goes to its place in the frame.
    pub fn release(&mut self, r: Reg) {
        let dirty = self.regs.is_dirty(r);
        match self.regs.get(r) {
            Holder::Nothing => unreachable!("only what is used is released"),
            Holder::Local(i) => {
                let local = &mut self.s.locals[i as usize];
                local.reg = Reg::NONE;
                let (home, ty) = (local.home, local.ty);
                if dirty {
                    self.store_home(home, r, ty);
                }
            }
            Holder::Operand(i) => {
                let entry = &mut self.s.stack[i as usize];
                entry.loc = Loc::Home;
                let (home, ty) = (entry.home, entry.ty);
                if dirty {
                    self.store_home(home, r, ty);
                }
            }
            Holder::Base => self.base = Reg::NONE,
        }
        self.regs.free(r);
    }

    /// Gives a register to the operator at hand. What was in it still is, but it is elsewhere
    /// too.
    pub fn vacate(&mut self, r: Reg) {
        self.pinned |= r.bit();
        if self.regs.used & r.bit() == 0 {
            return;
        }
        let holder = self.regs.get(r);
        let class = if r.is_vec() { VECS } else { INTS };
        let free = class & !self.regs.used & !self.pinned;
        if free == 0 {
            return self.release(r);
        }
        let to = Reg(free.trailing_zeros() as u8);
        self.move_reg(to, r);
        let dirty = self.regs.is_dirty(r);
        self.regs.free(r);
        self.hold(to, holder, dirty);
    }

    /// A register holds something from here on, which knows it.
    pub fn hold(&mut self, r: Reg, holder: Holder, dirty: bool) {
        self.regs.set(r, holder, dirty);
        match holder {
            Holder::Nothing => unreachable!("it is something"),
            Holder::Local(i) => self.s.locals[i as usize].reg = r,
            Holder::Operand(i) => self.s.stack[i as usize].loc = Loc::Reg(r),
            Holder::Base => self.base = r,
        }
    }

    /// Everything that is in registers only is in the frame too from here on.
    pub fn clean_all(&mut self) {
        for r in Each(self.regs.dirty) {
            let (home, ty) = match self.regs.get(r) {
                Holder::Local(i) => {
                    let local = &self.s.locals[i as usize];
                    (local.home, local.ty)
                }
                Holder::Operand(i) => {
                    let entry = &self.s.stack[i as usize];
                    (entry.home, entry.ty)
                }
                holder => unreachable!("{holder:?} is dirty"),
            };
            self.store_home(home, r, ty);
        }
        self.regs.dirty = 0;
    }

    /// Registers hold nothing any more: what was in them is in the frame.
    pub fn forget_all(&mut self) {
        debug_assert!(self.regs.dirty == 0, "values would be lost");
        for r in Each(self.regs.used) {
            match self.regs.get(r) {
                Holder::Local(i) => self.s.locals[i as usize].reg = Reg::NONE,
                Holder::Operand(i) => self.s.stack[i as usize].loc = Loc::Home,
                Holder::Base => self.base = Reg::NONE,
                Holder::Nothing => {}
            }
        }
        self.regs.used = 0;
        debug_assert!(self.regs.used & !ALL == 0);
    }

    // Pushing.

    /// Where the next operand's place is.
    #[inline]
    pub fn next_home(&self, ty: Ty) -> i32 {
        let below = self.s.stack.last().map_or(self.operands_at, |e| e.home);
        below - ty.bytes()
    }

    #[inline]
    pub fn push_entry(&mut self, loc: Loc, ty: Ty) {
        let home = self.next_home(ty);
        self.has_refs |= ty == Ty::Ref;
        self.s.stack.push(Entry { loc, ty, home });
    }

    #[inline]
    pub fn push(&mut self, r: impl Into<Reg>, ty: Ty) {
        let r = r.into();
        let index = self.s.stack.len() as u32;
        self.push_entry(Loc::Reg(r), ty);
        self.regs.set(r, Holder::Operand(index), true);
        self.pinned |= r.bit();
    }

    #[inline]
    pub fn push_const(&mut self, bits: u64, ty: Ty) {
        self.settled = self.settled.min(self.s.stack.len());
        self.push_entry(Loc::Const(bits), ty);
    }

    #[inline]
    pub fn push_flags(&mut self, cond: Cond) {
        self.push_entry(Loc::Flags(cond), Ty::I32);
        self.has_flags = true;
    }

    /// The condition that is the topmost operand becomes a number: the flags won't last.
    #[cold]
    pub fn settle_flags(&mut self) {
        self.has_flags = false;
        let Some(Loc::Flags(cond)) = self.s.stack.last().map(|e| e.loc) else {
            return;
        };
        self.s.stack.pop();
        let d = self.alloc_int();
        self.set_cond(d, cond);
        self.push(d, Ty::I32);
    }

    // Popping.

    #[inline]
    pub fn pop_entry(&mut self) -> Entry {
        let entry = self.s.stack.pop();
        let entry = entry.expect("validation counts the operands");
        match entry.loc {
            Loc::Reg(r) => self.regs.free(r),
            Loc::Local(i) => self.s.locals[i as usize].unread -= 1,
            _ => {}
        }
        entry
    }

    /// Drops the topmost operands.
    pub fn drop_operands(&mut self, count: usize) {
        for _ in 0..count {
            self.pop_entry();
        }
    }

    /// The topmost operand, wherever it is.
    #[inline]
    pub fn pop(&mut self) -> Operand {
        let entry = self.pop_entry();
        match entry.loc {
            Loc::Const(bits) => Operand::Const(bits),
            Loc::Reg(r) => {
                self.pinned |= r.bit();
                Operand::Reg { r, own: true }
            }
            Loc::Home => Operand::Home(entry.home),
            Loc::Local(i) => Operand::Reg {
                r: self.local_reg(i),
                own: false,
            },
            Loc::Flags(cond) => {
                let d = self.alloc_int();
                self.set_cond(d, cond);
                self.has_flags = false;
                Operand::Reg {
                    r: d.into(),
                    own: true,
                }
            }
        }
    }

    /// The register of a local, into which it is loaded if it isn't in one.
    #[inline]
    pub fn local_reg(&mut self, index: u32) -> Reg {
        let local = self.s.locals[index as usize];
        if local.reg != Reg::NONE {
            self.pinned |= local.reg.bit();
            return local.reg;
        }
        let r = self.alloc(class(local.ty));
        self.load(r, frame(local.home), local.ty);
        self.hold(r, Holder::Local(index), false);
        r
    }

    /// A popped operand in a register that is only read.
    #[inline]
    pub fn in_reg(&mut self, operand: Operand, ty: Ty) -> Reg {
        match operand {
            Operand::Reg { r, .. } => r,
            Operand::Const(bits) => {
                let d = self.alloc(class(ty));
                self.load_const(d, bits, ty);
                d
            }
            Operand::Home(home) => {
                let d = self.alloc(class(ty));
                self.load(d, frame(home), ty);
                d
            }
        }
    }

    /// A popped operand in a register that may be overwritten.
    pub fn in_own_reg(&mut self, operand: Operand, ty: Ty) -> Reg {
        if let Operand::Reg { r, own: false } = operand {
            let d = self.alloc(class(ty));
            self.move_reg(d, r);
            return d;
        }
        self.in_reg(operand, ty)
    }

    #[inline]
    pub fn pop_reg(&mut self, ty: Ty) -> Reg {
        let operand = self.pop();
        self.in_reg(operand, ty)
    }

    #[inline]
    pub fn pop_gpr(&mut self, ty: Ty) -> Gpr {
        self.pop_reg(ty).gpr()
    }

    pub fn pop_xmm(&mut self, ty: Ty) -> Xmm {
        self.pop_reg(ty).xmm()
    }

    pub fn pop_own(&mut self, ty: Ty) -> Reg {
        let operand = self.pop();
        self.in_own_reg(operand, ty)
    }

    /// The register for a result: the operand's own, or another one.
    #[inline]
    pub fn reuse(&mut self, operand: Operand, ty: Ty) -> Reg {
        match operand {
            Operand::Reg { r, own: true } if r.is_vec() == ty.is_vec() => r,
            _ => self.alloc(class(ty)),
        }
    }

    /// The topmost operand as a condition.
    pub fn pop_cond(&mut self) -> Cond {
        if let Some(Loc::Flags(cond)) = self.s.stack.last().map(|e| e.loc) {
            self.s.stack.pop();
            self.has_flags = false;
            return cond;
        }
        self.has_flags = false;
        let operand = self.pop();
        if let Operand::Home(home) = operand {
            self.mi(Op::Cmp, Size::D, frame(home), 0);
        } else {
            let r = self.in_reg(operand, Ty::I32).gpr();
            self.rr(Op::Test, Size::D, r, r);
        }
        Cond::Cc(Cc::NE)
    }

    // Locals.

    pub fn local_get(&mut self, index: u32) {
        let local = &mut self.s.locals[index as usize];
        local.unread += 1;
        let ty = local.ty;
        self.settled = self.settled.min(self.s.stack.len());
        self.push_entry(Loc::Local(index), ty);
    }

    /// Operands that are a local, unread, get its value before it changes. One of them may have
    /// the register.
    #[cold]
    fn read_local(&mut self, index: u32) {
        let mut left = self.s.locals[index as usize].unread;
        let mut at = self.s.stack.len();
        let pinned = self.pinned;
        while left > 0 {
            at -= 1;
            if self.s.stack[at].loc != Loc::Local(index) {
                continue;
            }
            left -= 1;
            let local = self.s.locals[index as usize];
            let place = at as u32;
            if local.reg == Reg::NONE {
                let r = self.alloc(class(local.ty));
                self.load(r, frame(local.home), local.ty);
                self.hold(r, Holder::Operand(place), true);
            } else if left == 0 {
                self.s.locals[index as usize].reg = Reg::NONE;
                self.hold(local.reg, Holder::Operand(place), true);
            } else {
                self.pinned |= local.reg.bit();
                let r = self.alloc(class(local.ty));
                self.move_reg(r, local.reg);
                self.hold(r, Holder::Operand(place), true);
            }
            // There may be more of them than registers.
            self.pinned = pinned;
        }
        self.s.locals[index as usize].unread = 0;
    }

    pub fn local_set(&mut self, index: u32) {
        let top = self.s.stack.last().expect("validation counts the operands");
        if top.loc == Loc::Local(index) {
            return self.drop_operands(1);
        }
        let operand = self.pop();
        let r = self.assign(index, operand);
        self.hold(r, Holder::Local(index), true);
    }

    pub fn local_tee(&mut self, index: u32) {
        self.local_set(index);
        self.local_get(index);
    }

    /// A register with the new value of a local, whose old value is forgotten.
    fn assign(&mut self, index: u32, operand: Operand) -> Reg {
        if self.s.locals[index as usize].unread > 0 {
            self.read_local(index);
        }
        let local = self.s.locals[index as usize];
        if local.reg != Reg::NONE {
            self.regs.free(local.reg);
            self.s.locals[index as usize].reg = Reg::NONE;
        }
        match operand {
            Operand::Reg { r, own: true } => r,
            // Its own register is as good as any.
            _ if local.reg != Reg::NONE => {
                self.pinned |= local.reg.bit();
                match operand {
                    Operand::Const(bits) => self.load_const(local.reg, bits, local.ty),
                    Operand::Reg { r, .. } => self.move_reg(local.reg, r),
                    Operand::Home(home) => self.load(local.reg, frame(home), local.ty),
                }
                local.reg
            }
            _ => self.in_own_reg(operand, local.ty),
        }
    }
}
