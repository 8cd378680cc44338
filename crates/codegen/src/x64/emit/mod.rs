//! Emission: registers and slots are known, and instructions become bytes.
//!
//! Blocks are laid out in their order, those that run seldom behind all others. What happens
//! once in a blue moon within an instruction (the trap of a check, the odd case of a conversion)
//! is [`cold`] code behind that.

mod call;
mod cold;
mod convert;
mod frame;
mod pseudo;
mod spills;

use super::inst::{Area, Base, Code, Code64, Cond, Inst, MArg, MMem, NO_INDEX, Pseudo};
use crate::opt::Level;
use crate::pipeline::Options;
use crate::regalloc::interface::{
    Edit, Function as _, InstIx, Location, Output, PReg, RegClass, VReg,
};
use alloc::vec::Vec;
use cold::Cold;
use frame::Layout;
use tierra_asm::code::CompiledFunction;
use tierra_asm::x64::{Arg, Assembler, Cc, Gpr, Label, Mem, Op, Size, TooLarge, Xmm};
use tierra_ir::{Function, InstData};

/// What the start of an innermost loop is a multiple of: a few instructions that lie across such a
/// border may take twice the time.
const LOOP_ALIGN: u32 = 32;

/// The memory of emission.
#[derive(Default)]
pub(crate) struct Emitter {
    labels: Vec<Label>,
    /// Blocks in the order of the code.
    order: Vec<u32>,
    /// By block, where a jump to it really goes.
    target: Vec<u32>,
    steps: Vec<u32>,
    is_cold: Vec<bool>,
    /// Whether a block is the header of an innermost loop.
    is_tight: Vec<bool>,
    cold: Vec<Cold>,
    landings: Vec<Label>,
    layout: Layout,
}

/// A function in the middle of emission.
struct Emit<'a> {
    func: &'a Function,
    code: &'a Code64,
    alloc: &'a Output,
    asm: &'a mut Assembler,
    out: &'a mut CompiledFunction,
    options: &'a Options,
    state: &'a mut Emitter,
    /// The block after the one at hand, in the order of the code.
    next: Option<u32>,
    /// The instruction at hand, and where its result goes if it is repeated.
    inst: InstIx,
    remat: Option<PReg>,
    last_location: Option<u32>,
    flags: Option<Flags>,
}

/// What the flags tell after an instruction, if nothing was emitted since.
#[derive(Clone, Copy, PartialEq)]
struct Flags {
    /// Where the instruction ends.
    end: u32,
    result: Gpr,
    size: Size,
    /// Whether there is no overflow, so that signed conditions hold too.
    signed: bool,
}

/// Whether an operation sets the flags by its result, and if so, whether there is no overflow.
fn sets_flags(op: Op, args: &[Arg]) -> Option<bool> {
    match op {
        Op::And | Op::Or | Op::Xor => Some(true),
        Op::Add | Op::Sub | Op::Neg => Some(false),
        Op::Shl | Op::Shr | Op::Sar if !matches!(args, [_, Arg::I(0) | Arg::R(_)]) => Some(false),
        _ => None,
    }
}

/// Lets the tables follow the code, which was drawn together.
fn move_rows(out: &mut CompiledFunction, asm: &Assembler) {
    let mut moved = asm.moved();
    for (offset, _) in &mut out.traps {
        *offset = moved.at(*offset);
    }
    let mut moved = asm.moved();
    for (offset, _) in &mut out.locations {
        *offset = moved.at(*offset);
    }
    let mut moved = asm.moved();
    for call in &mut out.calls {
        call.return_pc = moved.at(call.return_pc);
    }
}

impl Emitter {
    /// Writes a function.
    ///
    /// # Errors
    /// When it is too large.
    pub fn emit(
        &mut self,
        func: &Function,
        code: &Code64,
        alloc: &Output,
        asm: &mut Assembler,
        options: &Options,
        out: &mut CompiledFunction,
    ) -> Result<(), TooLarge> {
        out.clear();
        self.cold.clear();
        self.landings.clear();
        self.layout.compute(func, code, alloc);
        self.arrange(func, code, alloc);
        self.find_loops(code, options.opt_level);
        self.labels.clear();
        self.labels
            .extend((0..code.mach.order.len()).map(|_| asm.label()));
        let mut emit = Emit {
            func,
            code,
            alloc,
            asm,
            out,
            options,
            state: self,
            next: None,
            inst: 0,
            remat: None,
            last_location: None,
            flags: None,
        };
        emit.function();
        asm.relax();
        move_rows(out, asm);
        for (handler, label) in out.handlers.iter_mut().zip(&self.landings) {
            handler.landing_pc = asm.offset_of(*label).expect("handlers are emitted");
        }
        let finished = asm.finish()?;
        out.code.extend_from_slice(&finished.bytes);
        out.relocs.extend_from_slice(&finished.relocs);
        let inlined = func.inlined().iter();
        out.inlined
            .extend(inlined.map(|i| (i.location, i.caller.unwrap_or(u32::MAX))));
        out.code_len = finished.code_len;
        out.align = 16;
        out.frame_size = self.layout.size;
        Ok(())
    }

    /// Finds the headers of innermost loops, to align them: those of a way back with no other header on it.
    fn find_loops(&mut self, code: &Code64, level: Level) {
        let order = &code.mach.order;
        let count = order.len() as u32;
        self.is_tight.clear();
        self.is_tight.resize(count as usize, false);
        if level < Level::Full {
            return;
        }
        let mut behind = 0;
        for index in 0..count {
            for &header in order.successors(index).iter().filter(|s| **s <= index) {
                self.is_tight[header as usize] |= header >= behind;
                behind = behind.max(header + 1);
            }
        }
    }

    /// Finds the order of the code, and blocks that are nothing but a jump.
    fn arrange(&mut self, func: &Function, code: &Code64, alloc: &Output) {
        let order = &code.mach.order;
        let count = order.len() as u32;
        self.target.clear();
        self.is_cold.clear();
        for index in 0..count {
            let block = order.block(index);
            let traps = func
                .last_inst(block)
                .is_some_and(|inst| matches!(func.data(inst), InstData::Trap(_)));
            let seldom = func.is_cold(block) || order.is_handler(index) || traps;
            let below = index > 0 && self.is_cold[order.idom(index) as usize];
            self.is_cold.push(index > 0 && (seldom || below));
            let insts = code.mach.block_insts(index);
            let first = insts.start;
            let jumps = insts.len() == 1
                && code.mach.nodes[first as usize].data.code == Code::Pseudo(Pseudo::Jump);
            let edit = alloc.edits.partition_point(|(inst, _)| *inst < first);
            let edited = alloc
                .edits
                .get(edit)
                .is_some_and(|(inst, _)| *inst == first);
            let empty = jumps && !edited && index > 0;
            self.target.push(if empty {
                order.successors(index)[0]
            } else {
                index
            });
        }
        for index in (0..count).rev() {
            let successors = order.successors(index);
            self.is_cold[index as usize] |= index > 0
                && !successors.is_empty()
                && successors
                    .iter()
                    .all(|s| *s > index && self.is_cold[*s as usize]);
        }
        // Chains of empty blocks that don't end soon, as empty loops, are left alone.
        self.steps.clear();
        self.steps.extend_from_slice(&self.target);
        for index in 0..count {
            let mut end = index;
            for _ in 0..16 {
                end = self.steps[end as usize];
            }
            let found = self.steps[end as usize] == end;
            self.target[index as usize] = if found { end } else { index };
        }
        self.order.clear();
        for cold in [false, true] {
            let blocks = (0..count)
                .filter(|b| self.is_cold[*b as usize] == cold && self.target[*b as usize] == *b);
            self.order.extend(blocks);
        }
    }
}

impl Emit<'_> {
    fn function(&mut self) {
        self.prologue();
        let mut index = 0;
        while let Some(&block) = self.state.order.get(index) {
            self.next = self.state.order.get(index + 1).copied();
            self.block(block);
            index += 1;
        }
        self.cold_code();
    }

    fn block(&mut self, block: u32) {
        let label = self.state.labels[block as usize];
        let is_hot = self.state.is_tight[block as usize] && !self.state.is_cold[block as usize];
        if is_hot && self.options.opt_level == Level::Full {
            self.asm.align_relaxed(LOOP_ALIGN);
        }
        self.asm.bind(label);
        self.flags = None;
        let insts = self.code.mach.block_insts(block);
        let edits = &self.alloc.edits;
        let mut edit = edits.partition_point(|(inst, _)| *inst < insts.start);
        for inst in insts {
            while let Some((_, found)) = edits.get(edit).filter(|(at, _)| *at == inst) {
                self.edit(inst, *found);
                edit += 1;
            }
            self.inst = inst;
            self.instruction(block);
        }
    }

    fn instruction(&mut self, block: u32) {
        let inst = self.code.mach.nodes[self.inst as usize].data;
        self.locate(inst.location);
        match inst.code {
            Code::Op(op) => self.operation(op, &inst),
            Code::Pseudo(pseudo) => self.pseudo(pseudo, &inst, block),
        }
    }

    /// From here on, code comes from this place in the source.
    fn locate(&mut self, location: u32) {
        if self.last_location != Some(location) {
            self.last_location = Some(location);
            self.out.locations.push((self.asm.offset(), location));
        }
    }

    fn operation(&mut self, op: Op, inst: &Inst) {
        if self.code.mach.is_move(self.inst) && self.is_same() {
            return;
        }
        let mut args = [Arg::I(0); 4];
        let list = self.code.args(inst);
        for (arg, from) in args.iter_mut().zip(list) {
            *arg = self.arg(*from);
        }
        let args = &args[..list.len()];
        if op == Op::Test && self.is_tested(inst, args) {
            return;
        }
        if inst.trap != 0 {
            self.out.traps.push((self.asm.offset(), inst.trap));
        }
        match (op, args, inst.cond) {
            (_, _, Some(Cond::Cc(cc))) => self.asm.emit_cc(op, cc, inst.size, args),
            // Flags are not alive where a constant is made, but where one is made again.
            (Op::Mov, [Arg::R(r), Arg::I(0)], _) if self.remat.is_none() => {
                self.asm.emit(Op::Xor, Size::D, &[Arg::R(*r), Arg::R(*r)]);
            }
            _ => self.asm.emit(op, inst.size, args),
        }
        if let (Some(signed), [Arg::R(result), ..]) = (sets_flags(op, args), args) {
            self.flags = Some(Flags {
                end: self.asm.offset(),
                result: *result,
                size: inst.size,
                signed,
            });
        }
    }

    /// Whether the flags already tell what a test of a register would.
    fn is_tested(&self, inst: &Inst, args: &[Arg]) -> bool {
        let [Arg::R(a), Arg::R(b)] = *args else {
            return false;
        };
        let next = self.code.mach.nodes[self.inst as usize + 1].data;
        let signed = match next.cond {
            Some(Cond::Cc(Cc::E | Cc::NE)) => false,
            Some(Cond::Cc(Cc::L | Cc::GE)) => true,
            _ => return false,
        };
        a == b
            && self.flags.is_some_and(|flags| {
                (flags.end, flags.result, flags.size) == (self.asm.offset(), a, inst.size)
                    && (flags.signed || !signed)
            })
    }

    /// Whether a copy has nothing to do.
    fn is_same(&self) -> bool {
        self.location(0) == self.location(1)
    }

    fn location(&self, operand: u8) -> Location {
        match self.remat {
            Some(r) => Location::Reg(r),
            None => {
                let start = self.alloc.starts[self.inst as usize];
                self.alloc.locations[start as usize + operand as usize]
            }
        }
    }

    // Operands.

    fn arg(&self, arg: MArg) -> Arg {
        match arg {
            MArg::Operand(operand) => self.place(self.location(operand)),
            MArg::Imm(value) => Arg::I(value),
            MArg::Mem(mem) => Arg::M(self.mem(mem)),
        }
    }

    fn place(&self, location: Location) -> Arg {
        match location {
            Location::Reg(r) if r.class() == RegClass::Int => Arg::R(Gpr(r.number())),
            Location::Reg(r) => Arg::X(Xmm(r.number())),
            Location::Slot(offset) => Arg::M(self.state.layout.spill(offset)),
        }
    }

    fn mem(&self, mem: MMem) -> Mem {
        let register = |operand| match self.location(operand) {
            Location::Reg(r) => Gpr(r.number()),
            Location::Slot(_) => unreachable!("addresses are made of registers"),
        };
        let (base, disp) = match mem.base {
            Base::Operand(operand) => (register(operand), mem.disp),
            Base::Frame(area) => {
                let (base, start) = self.state.layout.area(area);
                (base, start + mem.disp)
            }
            Base::Label(label) => {
                return Mem::Label {
                    label,
                    disp: mem.disp,
                };
            }
            Base::Symbol(symbol) => {
                return Mem::Symbol {
                    symbol,
                    addend: mem.disp,
                };
            }
            Base::None => {
                let index = register(mem.index);
                return Mem::Scaled {
                    index,
                    scale: mem.scale,
                    disp: mem.disp,
                };
            }
        };
        if mem.index == NO_INDEX {
            Mem::Base { base, disp }
        } else {
            Mem::Index {
                base,
                index: register(mem.index),
                scale: mem.scale,
                disp,
            }
        }
    }

    /// The register of an operand of the assembler.
    fn gpr(&self, inst: &Inst, index: usize) -> Gpr {
        match self.arg(self.code.args(inst)[index]) {
            Arg::R(r) => r,
            other => unreachable!("{other:?} instead of a general register"),
        }
    }

    fn xmm(&self, inst: &Inst, index: usize) -> Xmm {
        match self.arg(self.code.args(inst)[index]) {
            Arg::X(x) => x,
            other => unreachable!("{other:?} instead of a vector register"),
        }
    }

    // Edits.

    fn edit(&mut self, before: InstIx, edit: Edit) {
        match edit {
            Edit::Move { from, to, vreg } => self.move_value(from, to, vreg),
            Edit::Swap(a, b) => {
                let [a, b] = [a, b].map(|r| Arg::R(Gpr(r.number())));
                self.asm.emit(Op::Xchg, Size::Q, &[a, b]);
            }
            Edit::Remat { vreg, to } => {
                let Some(inst) = self.code.mach.remat_inst(vreg) else {
                    let place = Mem::Base {
                        base: Gpr::RBP,
                        disp: -8,
                    };
                    let args = [Arg::R(Gpr(to.number())), Arg::M(place)];
                    return self.asm.emit(Op::Mov, Size::Q, &args);
                };
                self.inst = inst;
                let inst = self.code.mach.nodes[inst as usize].data;
                let next = self.code.mach.nodes[before as usize].data;
                let Code::Op(op) = inst.code else {
                    unreachable!("what is made again is one instruction")
                };
                self.remat = Some(to);
                let zero = matches!(self.code.args(&inst), [_, MArg::Imm(0)]);
                if zero && op == Op::Mov && !next.reads_flags() {
                    let r = Arg::R(Gpr(to.number()));
                    self.asm.emit(Op::Xor, Size::D, &[r, r]);
                } else {
                    self.operation(op, &inst);
                }
                self.remat = None;
            }
        }
    }

    fn move_value(&mut self, from: Location, to: Location, vreg: VReg) {
        let info = self.code.mach.vreg(vreg);
        let memory = matches!((from, to), (Location::Slot(_), _) | (_, Location::Slot(_)));
        let op = match (info.class, memory, info.size) {
            (RegClass::Int, ..) => Op::Mov,
            (RegClass::Vec, false, _) => Op::Movaps,
            (RegClass::Vec, true, 16) => Op::Movups,
            (RegClass::Vec, true, _) => Op::Movsd,
        };
        // To memory, all of a slot is written: who reads it may take the value for a wide one,
        // which costs nothing to make of a narrow one.
        let to_register = matches!(to, Location::Reg(_));
        let size = match info.class {
            RegClass::Int if to_register && self.code.mach.is_narrow(vreg) => Size::D,
            _ => Size::Q,
        };
        let (from, to) = (self.place(from), self.place(to));
        self.asm.emit(op, size, &[to, from]);
    }

    // Jumps.

    fn label(&self, block: u32) -> Label {
        self.state.labels[self.state.target[block as usize] as usize]
    }

    fn jump(&mut self, block: u32) {
        if self.next != Some(self.state.target[block as usize]) {
            let label = self.label(block);
            self.asm.jmp(label);
        }
    }

    fn branch(&mut self, cond: Cond, then: u32, or_else: u32) {
        match cond {
            Cond::Cc(cc) if self.next == Some(self.state.target[then as usize]) => {
                let label = self.label(or_else);
                self.asm.jcc(cc.invert(), label);
            }
            Cond::Cc(cc) => {
                let label = self.label(then);
                self.asm.jcc(cc, label);
                self.jump(or_else);
            }
            Cond::NotEqual => {
                let label = self.label(then);
                self.asm.jcc(Cc::NE, label);
                self.asm.jcc(Cc::P, label);
                self.jump(or_else);
            }
            Cond::Equal => self.branch(Cond::NotEqual, or_else, then),
        }
    }

    /// To a label on a condition.
    fn jump_if(&mut self, cond: Cond, label: Label) {
        match cond {
            Cond::Cc(cc) => self.asm.jcc(cc, label),
            Cond::NotEqual => {
                self.asm.jcc(Cc::NE, label);
                self.asm.jcc(Cc::P, label);
            }
            Cond::Equal => {
                let not = self.asm.label();
                self.asm.jcc_short(Cc::P, not);
                self.asm.jcc(Cc::E, label);
                self.asm.bind(not);
            }
        }
    }

    fn area_mem(&self, area: Area, disp: i32) -> Mem {
        let (base, start) = self.state.layout.area(area);
        Mem::Base {
            base,
            disp: start + disp,
        }
    }
}
