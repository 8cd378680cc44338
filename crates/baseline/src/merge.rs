//! Where ways meet: what code at a label expects, and getting there.
//!
//! **Problem.** The code at a label is written once, but every way that leads there has its values
//! in other registers. **Idea.** What a label expects is one [`Holders`]: what each register holds;
//! all else is in its place in the frame. The first jump to a label ahead says what it expects:
//! what it has. Later jumps move their values there. As no code at the label is written yet, they
//! may also *weaken* what it expects: a register that holds a copy of what the frame has too, and
//! that a jump would have to load, is expected no more; and what is dirty at one jump is dirty for
//! the label. A loop's head is behind all that: jumps back arrive exactly as it was entered.
//!
//! **Invariants.** Planning a jump changes nothing of the state, so that code can go on with it
//! where the jump is not taken. The operands below a control frame are in registers or in their
//! places, never constants or unread locals, from the frame's beginning on.
//!
//! **Cost.** A jump costs the number of registers, however many locals and operands there are.

use crate::compiler::Compiler;
use crate::emit::frame;
use crate::regs::{Each, Holder, Holders, INTS, Reg, Set, class};
use crate::value::{Entry, Loc, Ty};
use tierra_asm::x64::Mem;
use tierra_asm::x64::abi::{SCRATCH, SCRATCH_XMM};

/// A value that is written to a place in the frame, before registers change.
#[derive(Clone, Copy)]
struct Store {
    from: Loc,
    /// Where it is, if it is in its place.
    home: i32,
    to: Mem,
    ty: Ty,
}

/// What a register is loaded with, after registers have changed.
#[derive(Clone, Copy)]
enum Load {
    Const(u64),
    From(Mem),
}

/// Values on their way: all at once, as far as anybody can tell.
pub(crate) struct Plan {
    stores: Vec<Store>,
    /// The registers that get the value of another one, and which.
    moved: Set,
    source: [Reg; 32],
    /// How many registers get the value of one.
    uses: [u8; 34],
    loaded: Set,
    load: [(Load, Ty); 32],
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            stores: Vec::new(),
            moved: 0,
            source: [Reg::NONE; 32],
            uses: [0; 34],
            loaded: 0,
            load: [(Load::Const(0), Ty::I32); 32],
        }
    }
}

/// The numbers under which the scratch registers' uses would be counted: nobody asks.
const SCRATCHES: [usize; 2] = [32, 33];

impl Plan {
    pub fn clear(&mut self) {
        self.stores.clear();
        (self.moved, self.loaded) = (0, 0);
        self.uses = [0; 34];
    }

    fn is_empty(&self) -> bool {
        self.stores.is_empty() && self.moved | self.loaded == 0
    }

    /// A register gets the value of another one.
    pub fn register(&mut self, to: Reg, from: Reg) {
        if to != from {
            self.moved |= to.bit();
            self.source[to.index()] = from;
            self.uses[from.index()] += 1;
        }
    }

    fn load(&mut self, to: Reg, load: Load, ty: Ty) {
        self.loaded |= to.bit();
        self.load[to.index()] = (load, ty);
    }

    /// A register is loaded from memory, when all others have changed.
    pub fn memory(&mut self, to: Reg, from: Mem, ty: Ty) {
        self.load(to, Load::From(from), ty);
    }
}

impl Compiler<'_> {
    // Plans.

    /// A register gets the value of an operand.
    pub fn plan_operand(&mut self, to: Reg, entry: &Entry) {
        let ty = entry.ty;
        let plan = &mut self.s.plan;
        match entry.loc {
            Loc::Const(bits) => plan.load(to, Load::Const(bits), ty),
            Loc::Reg(r) => plan.register(to, r),
            Loc::Home => plan.load(to, Load::From(frame(entry.home)), ty),
            Loc::Local(i) => {
                let local = &self.s.locals[i as usize];
                match local.reg {
                    Reg::NONE => plan.load(to, Load::From(frame(local.home)), ty),
                    r => plan.register(to, r),
                }
            }
            Loc::Flags(_) => unreachable!("conditions are settled before values move"),
        }
    }

    /// A place in memory of ours gets the value of an operand.
    pub fn plan_store(&mut self, to: Mem, entry: &Entry) {
        let (mut from, mut home) = (entry.loc, entry.home);
        if let Loc::Local(i) = from {
            let local = &self.s.locals[i as usize];
            home = local.home;
            from = match local.reg {
                Reg::NONE => Loc::Home,
                r => Loc::Reg(r),
            };
        }
        let ty = entry.ty;
        self.s.plan.stores.push(Store { from, home, to, ty });
    }

    /// Does what was planned. The state is what it was, the registers are not.
    pub fn carry_out(&mut self) {
        for index in 0..self.s.plan.stores.len() {
            let Store { from, home, to, ty } = self.s.plan.stores[index];
            match from {
                Loc::Reg(r) => self.store(to, r, ty),
                Loc::Const(bits) => self.store_const(to, bits),
                Loc::Home => self.copy_mem(to, frame(home), ty),
                Loc::Local(_) | Loc::Flags(_) => unreachable!("resolved when it was planned"),
            }
        }
        self.move_registers();
        for r in Each(self.s.plan.loaded) {
            let (load, ty) = self.s.plan.load[r.index()];
            match load {
                Load::Const(bits) => self.load_const(r, bits, ty),
                Load::From(mem) => self.load(r, mem, ty),
            }
        }
    }

    /// Moves between registers, in an order in which no value is lost. Of a cycle, one value waits
    /// in a scratch register.
    fn move_registers(&mut self) {
        let mut pending = self.s.plan.moved;
        while pending != 0 {
            let mut done = 0;
            for r in Each(pending) {
                if self.s.plan.uses[r.index()] == 0 {
                    let from = self.s.plan.source[r.index()];
                    self.move_reg(r, from);
                    self.s.plan.uses[index_of(from)] -= u8::from(index_of(from) < 32);
                    done |= r.bit();
                }
            }
            pending &= !done;
            if done == 0 {
                let r = Reg(pending.trailing_zeros() as u8);
                let scratch = if r.is_vec() {
                    Reg::vec(SCRATCH_XMM)
                } else {
                    Reg::int(SCRATCH)
                };
                self.move_reg(scratch, r);
                for other in Each(pending) {
                    if self.s.plan.source[other.index()] == r {
                        self.s.plan.source[other.index()] = scratch;
                    }
                }
                self.s.plan.uses[r.index()] = 0;
            }
        }
    }

    // Labels.

    /// Constants and unread locals among the topmost operands become registers or places in the
    /// frame: what lies below a control frame must not depend on how it is left.
    pub fn normalize(&mut self, count: usize) {
        let len = self.s.stack.len();
        for index in len - count..len {
            let entry = self.s.stack[index];
            match entry.loc {
                Loc::Reg(_) | Loc::Home => continue,
                Loc::Flags(_) => unreachable!("conditions are settled before values move"),
                Loc::Local(i) => self.s.locals[i as usize].unread -= 1,
                Loc::Const(_) => {}
            }
            let free = class(entry.ty) & !self.regs.used & !self.pinned;
            self.s.plan.clear();
            if free.count_ones() > 4 {
                let r = Reg(free.trailing_zeros() as u8);
                self.plan_operand(r, &entry);
                self.carry_out();
                self.hold(r, Holder::Operand(index as u32), true);
            } else {
                self.lowest = self.lowest.min(entry.home);
                self.plan_store(frame(entry.home), &entry);
                self.carry_out();
                self.s.stack[index].loc = Loc::Home;
            }
        }
    }

    /// The state at a label with so many results, whose first jump is here.
    fn define_label(&mut self, index: usize, results: usize) {
        let base = self.s.control[index].base;
        let first = self.s.stack.len() - results;
        let mut state = Holders::EMPTY;
        for r in Each(self.regs.used) {
            let dirty = self.regs.is_dirty(r);
            match self.regs.get(r) {
                Holder::Operand(i) if (i as usize) < base => {
                    state.set(r, Holder::Operand(i), dirty);
                }
                Holder::Operand(i) if i as usize >= first => {
                    let place = base + (i as usize - first);
                    state.set(r, Holder::Operand(place as u32), dirty || first != base);
                }
                Holder::Operand(_) | Holder::Nothing => {}
                holder => state.set(r, holder, dirty),
            }
        }
        for place in 0..results.min(4) {
            let entry = &self.s.stack[first + place];
            if matches!(entry.loc, Loc::Reg(_) | Loc::Home) {
                continue;
            }
            let free = class(entry.ty) & !state.used;
            if free.count_ones() > 2 {
                let r = Reg(free.trailing_zeros() as u8);
                state.set(r, Holder::Operand((base + place) as u32), true);
            }
        }
        self.s.control[index].is_reached = true;
        self.s.states[index] = state;
    }

    /// Plans to go to the label of a control frame with the topmost operands. If the label is
    /// `ahead`, it may still expect less. Whether there is anything to do.
    pub fn plan_jump(&mut self, index: usize, results: usize, ahead: bool) -> bool {
        if !self.s.control[index].is_reached {
            self.define_label(index, results);
        }
        let base = self.s.control[index].base;
        let first = self.s.stack.len() - results;
        self.s.plan.clear();
        if first != base || self.has_results_at_home(index, results, first) {
            self.plan_results_at_home(index, results, first);
        }
        let mut state = self.s.states[index];
        // Registers whose values arrive in registers, so that nothing has to be written.
        let mut kept: Set = 0;
        for r in Each(state.used) {
            let dirty = state.is_dirty(r);
            let (now, home, ty) = match state.get(r) {
                Holder::Local(i) => {
                    let local = &self.s.locals[i as usize];
                    (local.reg, local.home, local.ty)
                }
                Holder::Base => (self.base, self.base_home(), Ty::I64),
                Holder::Operand(i) if (i as usize) < base => {
                    let entry = &self.s.stack[i as usize];
                    let now = match entry.loc {
                        Loc::Reg(now) => now,
                        _ => Reg::NONE,
                    };
                    (now, entry.home, entry.ty)
                }
                Holder::Operand(i) => {
                    let entry = self.s.stack[first + (i as usize - base)];
                    match entry.loc {
                        Loc::Home if first != base => {
                            // It was brought to its place at the label.
                            let home = self.result_home(index, i as usize - base, first);
                            self.s.plan.memory(r, frame(home), entry.ty);
                        }
                        _ => self.plan_operand(r, &entry),
                    }
                    if let Loc::Reg(now) = entry.loc {
                        kept |= now.bit();
                    }
                    if !dirty {
                        if ahead {
                            state.dirty |= r.bit();
                        } else {
                            let home = self.result_home(index, i as usize - base, first);
                            self.lowest = self.lowest.min(home);
                            self.plan_store(frame(home), &entry);
                        }
                    }
                    continue;
                }
                Holder::Nothing => unreachable!("it is used"),
            };
            if now == Reg::NONE {
                if ahead && !dirty {
                    state.free(r);
                } else {
                    self.s.plan.memory(r, frame(home), ty);
                }
                continue;
            }
            kept |= now.bit();
            if !dirty && self.regs.is_dirty(now) {
                if ahead {
                    state.dirty |= r.bit();
                } else {
                    self.plan_home(now, home, ty);
                }
            }
            self.s.plan.register(r, now);
        }
        for r in Each(self.regs.dirty & !kept) {
            let (home, ty) = match self.regs.get(r) {
                Holder::Local(i) => {
                    let local = &self.s.locals[i as usize];
                    (local.home, local.ty)
                }
                Holder::Operand(i) if (i as usize) < base => {
                    let entry = &self.s.stack[i as usize];
                    (entry.home, entry.ty)
                }
                // A result that is expected at home is there already; others are dropped.
                _ => continue,
            };
            self.plan_home(r, home, ty);
        }
        self.s.states[index] = state;
        !self.s.plan.is_empty()
    }

    fn plan_home(&mut self, r: Reg, home: i32, ty: Ty) {
        self.lowest = self.lowest.min(home);
        self.s.plan.stores.push(Store {
            from: Loc::Reg(r),
            home,
            to: frame(home),
            ty,
        });
    }

    /// Where a label expects a result that isn't in a register.
    fn result_home(&self, index: usize, place: usize, first: usize) -> i32 {
        let base = self.s.control[index].base;
        let below = match base {
            0 => self.operands_at,
            base => self.s.stack[base - 1].home,
        };
        let above = self.s.stack[first..].iter().take(place + 1);
        below - above.map(|entry| entry.ty.bytes()).sum::<i32>()
    }

    /// Whether a label expects a result in its place in the frame, where it isn't.
    fn has_results_at_home(&self, index: usize, results: usize, first: usize) -> bool {
        let base = self.s.control[index].base as u32;
        let state = &self.s.states[index];
        (0..results).any(|place| {
            self.s.stack[first + place].loc != Loc::Home
                && !holds(state, Holder::Operand(base + place as u32))
        })
    }

    /// Plans for the results that a label doesn't expect in registers. Those that are in the frame
    /// go towards its start, the first ones first, so that none is overwritten.
    fn plan_results_at_home(&mut self, index: usize, results: usize, first: usize) {
        let base = self.s.control[index].base;
        let mut home = match base {
            0 => self.operands_at,
            base => self.s.stack[base - 1].home,
        };
        for place in 0..results {
            let entry = self.s.stack[first + place];
            home -= entry.ty.bytes();
            let expected = holds(
                &self.s.states[index],
                Holder::Operand((base + place) as u32),
            );
            let moves = match entry.loc {
                Loc::Home => home != entry.home,
                _ => !expected,
            };
            if moves {
                self.lowest = self.lowest.min(home);
                self.plan_store(frame(home), &entry);
            }
        }
    }

    /// From here on, the state is another one. The operands are those of that state.
    pub fn restore(&mut self, state: &Holders) {
        for r in Each(self.regs.used) {
            match self.regs.get(r) {
                Holder::Local(i) => self.s.locals[i as usize].reg = Reg::NONE,
                Holder::Operand(i) => {
                    if let Some(entry) = self.s.stack.get_mut(i as usize) {
                        entry.loc = Loc::Home;
                    }
                }
                _ => {}
            }
        }
        self.base = Reg::NONE;
        self.regs = Holders::EMPTY;
        for r in Each(state.used) {
            self.hold(r, state.get(r), state.is_dirty(r));
        }
        self.pinned = 0;
        debug_assert!(self.regs.used & INTS & Reg::SCRATCH.bit() == 0);
    }
}

fn holds(state: &Holders, holder: Holder) -> bool {
    Each(state.used).any(|r| state.get(r) == holder)
}

fn index_of(r: Reg) -> usize {
    match r {
        Reg::SCRATCH => SCRATCHES[0],
        Reg::SCRATCH_VEC => SCRATCHES[1],
        r => r.index(),
    }
}
