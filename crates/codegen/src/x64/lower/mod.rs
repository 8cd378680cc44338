//! Instruction selection.
//!
//! Blocks are walked from the last to the first, instructions likewise: when an instruction is
//! reached, it is known whether anybody wants its result in a register. What nobody wants is left
//! out, which is how an operator that became part of another's address, operand or condition
//! disappears. For each instruction of the IR the machine's are made in the order of execution
//! and then turned round, because everything is collected in reverse.
//!
//! What may become part of another instruction: constants; additions and shifts as addresses,
//! comparisons as conditions, in the same block (they are cheap to do twice, and elsewhere they
//! might land in a loop); a load that has one use, if nothing that can be observed lies between.
//! For that, instructions are numbered by *moments*: a new one begins after each that writes,
//! traps or calls.
//!
//! An `i32` in a register is zero-extended to 64 bits. So `i64.extend_i32_u` is no instruction:
//! both values are one virtual register.

mod address;
mod atomic;
mod call;
mod compare;
mod control;
mod convert;
mod divide;
mod float;
mod integer;
mod lane;
mod memory;
mod recipe;
mod shuffle;
mod vector;

use super::abi::Places;
use super::inst::{Base, Code, Code64, Cond, Inst, MArg, MMem, NO_INDEX, Pseudo};
use crate::regalloc::interface::{Constraint, Operand, PReg, VReg};
use address::{Address, Start};
use alloc::vec::Vec;
use tierra_asm::x64::{Assembler, Features, Label, Op, Size};
use tierra_ir::{Block, Function, InstData, Type, UnaryOp, Value, ValueDef};

/// The memory of instruction selection.
#[derive(Default)]
pub(crate) struct Lowering {
    /// By value, its virtual register, `NONE`, or `FOLDED`.
    vregs: Vec<u32>,
    /// By value, the number of uses, up to 2.
    uses: Vec<u8>,
    /// By instruction, the moment before it.
    moments: Vec<u32>,
    /// By instruction, the number of calls before it.
    calls: Vec<u32>,
    operands: Vec<Operand>,
    args: Vec<MArg>,
    params: Vec<VReg>,
    own: Places,
    places: Places,
}

const NONE: u32 = u32::MAX;
/// The value is part of another instruction, though it can't be left out by itself.
const FOLDED: u32 = u32::MAX - 1;

/// An operand of a machine instruction, in the order of the assembler.
#[derive(Clone, Copy)]
enum A {
    /// A result.
    Def(VReg),
    /// A result in the register of an operand.
    Mod(VReg, VReg),
    /// An operand in a register.
    Use(VReg),
    /// An operand in a register or in memory.
    UseAny(VReg),
    /// An operand that is read after results are written.
    UseLate(VReg),
    /// An operand in this register.
    UseAt(VReg, PReg),
    /// The same as the operand before with this number.
    Again(u8),
    /// Memory. What it is made of is read late if the flag is set.
    Mem(Address),
    Imm(i64),
    /// An operand that the assembler doesn't name.
    HiddenUse(VReg, PReg),
    /// A result that the assembler doesn't name.
    HiddenDef(VReg, PReg),
    /// A register of its own, for nobody to read.
    Temp(VReg),
}

/// A function in the middle of instruction selection.
struct Lower<'a> {
    func: &'a Function,
    code: &'a mut Code64,
    asm: &'a mut Assembler,
    state: &'a mut Lowering,
    avx: bool,
    features: Features,
    /// The instruction at hand, its block and what it is in the source.
    inst: tierra_ir::Inst,
    block: Block,
    location: u32,
    /// The address of the area for results that the caller gave.
    hidden: Option<VReg>,
    /// The cell that the function was called through.
    cell: Option<VReg>,
    /// Whether loads must stay where they are, because what is folded has other uses.
    no_loads: bool,
    failed: Option<&'static str>,
}

impl Lowering {
    /// Selects instructions for a function whose order of blocks is in `code`.
    ///
    /// # Errors
    /// What there is no code for.
    pub fn lower(
        &mut self,
        func: &Function,
        asm: &mut Assembler,
        code: &mut Code64,
    ) -> Result<(), &'static str> {
        code.clear();
        self.count(func, code);
        self.own.assign(&func.signature);
        let features = asm.features();
        let mut lower = Lower {
            func,
            code,
            asm,
            state: self,
            avx: features.contains(Features::AVX),
            features,
            inst: tierra_ir::Inst(0),
            block: func.entry(),
            location: 0,
            hidden: None,
            cell: None,
            no_loads: false,
            failed: None,
        };
        lower.function();
        match lower.failed {
            Some(what) => Err(what),
            None => Ok(()),
        }
    }

    /// Counts uses and numbers moments.
    fn count(&mut self, func: &Function, code: &Code64) {
        self.vregs.clear();
        self.vregs.resize(func.num_values(), NONE);
        self.uses.clear();
        self.uses.resize(func.num_values(), 0);
        self.moments.clear();
        self.moments.resize(func.num_insts(), 0);
        self.calls.clear();
        self.calls.resize(func.num_insts(), 0);
        let (mut moment, mut calls) = (0, 0);
        for index in 0..code.mach.order.len() as u32 {
            for inst in func.insts(code.mach.order.block(index)) {
                self.moments[inst.index()] = moment;
                self.calls[inst.index()] = calls;
                calls += u32::from(matches!(func.data(inst), InstData::Call { .. }));
                moment += u32::from(ends_moment(func.data(inst)));
                func.for_each_operand(inst, |value| {
                    let uses = &mut self.uses[func.resolve(value).index()];
                    *uses = (*uses + 1).min(2);
                });
            }
            moment += 1;
        }
    }
}

/// Whether an instruction can be observed: loads don't move across it.
fn ends_moment(data: &InstData) -> bool {
    match data {
        InstData::Load { flags, .. } => flags.trap != 0,
        data => !data.is_removable(),
    }
}

impl Lower<'_> {
    fn function(&mut self) {
        for index in (0..self.code.mach.order.len() as u32).rev() {
            let start = self.code.mach.len();
            self.block = self.code.mach.order.block(index);
            let mut next = self.func.last_inst(self.block);
            while let Some(inst) = next {
                next = self.func.prev_inst(inst);
                self.inst = inst;
                self.location = self.func.location(inst);
                let before = self.code.mach.len();
                self.lower_inst(inst);
                self.code.mach.reverse_from(before);
            }
            let before = self.code.mach.len();
            self.begin_block(index);
            self.code.mach.reverse_from(before);
            self.code.mach.end_block(index, start);
        }
        self.code.mach.finish();
    }

    fn lower_inst(&mut self, inst: tierra_ir::Inst) {
        let data = *self.func.data(inst);
        let wanted = self.func.results(inst).any(|v| self.vreg_of(v).is_some());
        if !wanted && data.is_removable() {
            return;
        }
        if self.func.results(inst).len() == 1
            && self.state.vregs[self.func.result(inst).index()] == FOLDED
        {
            return;
        }
        match data {
            InstData::Const { ty, bits } => self.constant(ty, bits),
            InstData::V128Const(constant) => {
                let bytes = self.func.constant_bytes(constant);
                self.vector_constant(bytes);
            }
            InstData::Unary { op, arg } => self.unary(op, arg),
            InstData::Binary { op, args } => self.binary(op, args),
            InstData::Compare { op, args } => self.compare(op, args),
            InstData::Wide { op, args } => self.wide(op, args),
            InstData::Vector { op, args } => self.vector(op, args),
            InstData::Lane { op, lane, args } => self.lane(op, lane, args),
            InstData::Shuffle { args, mask } => {
                let mask = self.func.constant_bytes(mask);
                self.shuffle(args, mask);
            }
            InstData::Select { cond, args } => self.select(cond, args),
            InstData::RefToBits(arg) | InstData::BitsToRef(arg) => {
                let (d, a) = (self.def(), self.reg(arg));
                self.copy(d, a);
            }
            InstData::Load {
                access,
                flags,
                address,
                offset,
            } => {
                self.load(access, flags, address, offset);
            }
            InstData::Store {
                access,
                flags,
                address,
                value,
                offset,
            } => {
                self.store(access, flags, address, value, offset);
            }
            InstData::AtomicLoad {
                access,
                flags,
                address,
            } => {
                self.load(access, flags, address, 0);
            }
            InstData::AtomicStore {
                access,
                flags,
                address,
                value,
            } => {
                self.atomic_store(access, flags, address, value);
            }
            InstData::AtomicRmw {
                op,
                access,
                flags,
                address,
                value,
            } => {
                self.atomic_rmw(op, access, flags, address, value);
            }
            InstData::AtomicCmpxchg {
                access,
                flags,
                address,
                args,
            } => {
                self.atomic_cmpxchg(access, flags, address, args);
            }
            InstData::Fence => self.push(Op::Mfence, Size::Q, &[]),
            InstData::SlotAddress(_) | InstData::SymbolAddress(_) => {
                let (d, address) = (self.def(), self.address_of_inst(&data));
                self.push(Op::Lea, Size::Q, &[A::Def(d), A::Mem(address)]);
                self.code.mach.set_remat(d);
            }
            // The prologue moves it where `begin_block` finds it.
            InstData::CalleeCell => {
                self.cell = Some(self.def());
                self.code.uses_cell = true;
            }
            InstData::Poll {
                address,
                offset,
                slow,
            } => self.poll(address, offset, slow),
            InstData::TrapIf { cond, trap } => self.trap_if(cond, trap, false),
            InstData::TrapUnless { cond, trap } => self.trap_if(cond, trap, true),
            InstData::Call {
                sig, callee, args, ..
            } => self.call(sig, callee, args),
            InstData::TryCall {
                sig, callee, args, ..
            } => self.call(sig, callee, args),
            InstData::TailCall { sig, callee, args } => self.tail_call(sig, callee, args),
            InstData::Jump(targets) => self.jump(targets),
            InstData::Branch { cond, targets } => self.branch(cond, targets),
            InstData::Switch { index, targets } => self.switch(index, targets),
            InstData::Return(args) => self.ret(args),
            InstData::Trap(trap) => {
                self.pseudo(Pseudo::Trap, Size::Q, None, u32::from(trap), &[]);
                self.code.needs_frame = true;
            }
        }
    }

    // Values.

    /// The value that shares its register: behind aliases and zero-extensions.
    fn canonical(&self, value: Value) -> Value {
        let mut value = self.func.resolve(value);
        while let ValueDef::Result(inst, _) = self.func.def(value)
            && let InstData::Unary {
                op: UnaryOp::I64ExtendI32U,
                arg,
            } = *self.func.data(inst)
        {
            value = self.func.resolve(arg);
        }
        value
    }

    fn ty(&self, value: Value) -> Type {
        self.func.ty(value)
    }

    /// The register of a value. Asking for it makes the value wanted.
    fn reg(&mut self, value: Value) -> VReg {
        let value = self.canonical(value);
        match self.state.vregs[value.index()] {
            NONE | FOLDED => {
                let vreg = self.code.mach.new_vreg(self.func.ty(value));
                self.state.vregs[value.index()] = vreg.0;
                vreg
            }
            vreg => VReg(vreg),
        }
    }

    /// The register of a value, if somebody wants it.
    fn vreg_of(&self, value: Value) -> Option<VReg> {
        let vreg = self.state.vregs[value.index()];
        (vreg != NONE && vreg != FOLDED).then_some(VReg(vreg))
    }

    /// The register for the first result of the instruction at hand.
    fn def(&mut self) -> VReg {
        self.result(0)
    }

    /// The register for a result of the instruction at hand.
    fn result(&mut self, index: usize) -> VReg {
        let value = self
            .func
            .results(self.inst)
            .nth(index)
            .expect("it has the result");
        self.reg(value)
    }

    /// A new register.
    fn temp(&mut self, ty: Type) -> VReg {
        self.code.mach.new_vreg(ty)
    }

    /// What an instruction in the same block as the one at hand is, if the value is made by it.
    fn near(&self, value: Value) -> Option<(tierra_ir::Inst, InstData)> {
        let inst = self.func.def_inst(value)?;
        (self.func.block_of(inst) == Some(self.block)).then(|| (inst, *self.func.data(inst)))
    }

    /// Whether there is a call between a value's definition in this block and the instruction at
    /// hand.
    fn crosses_call(&self, value: Value) -> bool {
        self.near(value).is_some_and(|(inst, data)| {
            let after =
                self.state.calls[inst.index()] + u32::from(matches!(data, InstData::Call { .. }));
            after < self.state.calls[self.inst.index()]
        })
    }

    /// The constant that a value is, sign-extended from its type.
    fn int_const(&self, value: Value) -> Option<i64> {
        let bits = self.func.as_const(self.canonical(value))?;
        Some(match self.ty(self.func.resolve(value)) {
            Type::I32 | Type::Ref => i64::from(bits as i32),
            Type::I64 => bits as i64,
            _ => return None,
        })
    }

    /// The constant that a value is, if it fits an immediate operand.
    fn imm(&self, value: Value) -> Option<i64> {
        self.int_const(value).filter(|v| i32::try_from(*v).is_ok())
    }

    /// The value as a second operand that may be memory: a load, a constant in the pool, or
    /// whatever register or slot.
    fn rm(&mut self, value: Value) -> A {
        match self.memory_operand(value) {
            Some(memory) => memory,
            None => A::UseAny(self.reg(value)),
        }
    }

    /// The value as a second operand: an immediate, or as [`Lower::rm`].
    fn rmi(&mut self, value: Value) -> A {
        match self.imm(value) {
            Some(imm) => A::Imm(imm),
            None => self.rm(value),
        }
    }

    // Instructions.

    fn push(&mut self, op: Op, size: Size, args: &[A]) {
        self.push_code(Code::Op(op), size, None, 0, args);
    }

    fn push_cc(&mut self, op: Op, cond: Cond, size: Size, args: &[A]) {
        self.push_code(Code::Op(op), size, Some(cond), 0, args);
    }

    fn pseudo(&mut self, pseudo: Pseudo, size: Size, cond: Option<Cond>, aux: u32, args: &[A]) {
        self.push_code(Code::Pseudo(pseudo), size, cond, aux, args);
    }

    /// A copy that the allocator may do away with.
    fn copy(&mut self, to: VReg, from: VReg) {
        use crate::regalloc::interface::{Function, RegClass};
        let op = match self.code.mach.vreg(to).class {
            RegClass::Int => Op::Mov,
            RegClass::Vec => Op::Movaps,
        };
        // The use comes first: the allocator wants it so.
        self.push(op, Size::Q, &[A::Use(from), A::Def(to)]);
        let end = self.code.args.len();
        self.code.args.swap(end - 2, end - 1);
        self.code.mach.last().is_move = true;
    }

    /// Appends an instruction.
    fn push_code(&mut self, code: Code, size: Size, cond: Option<Cond>, aux: u32, args: &[A]) {
        let mut operands = core::mem::take(&mut self.state.operands);
        let mut out = core::mem::take(&mut self.state.args);
        operands.clear();
        out.clear();
        let (mut trap, mut location) = (0, self.location);
        for arg in args {
            let mut operand = |vreg, constraint| {
                operands.push(Operand { vreg, constraint });
                operands.len() as u8 - 1
            };
            out.push(match *arg {
                A::Def(v) => MArg::Operand(operand(v, Constraint::Def)),
                A::Mod(d, s) => {
                    let tied = operand(s, Constraint::Use);
                    MArg::Operand(operand(d, Constraint::DefTied(tied)))
                }
                A::Use(v) => MArg::Operand(operand(v, Constraint::Use)),
                A::UseAny(v) => MArg::Operand(operand(v, Constraint::UseAny)),
                A::UseLate(v) => MArg::Operand(operand(v, Constraint::UseLate)),
                A::UseAt(v, r) => MArg::Operand(operand(v, Constraint::UseFixed(r))),
                A::Again(index) => out[index as usize],
                A::Imm(value) => MArg::Imm(value),
                A::HiddenUse(v, r) => {
                    operand(v, Constraint::UseFixed(r));
                    continue;
                }
                A::HiddenDef(v, r) => {
                    operand(v, Constraint::DefFixed(r));
                    continue;
                }
                A::Temp(v) => MArg::Operand(operand(v, Constraint::DefEarly)),
                A::Mem(address) => {
                    let constraint = if address.late {
                        Constraint::UseLate
                    } else {
                        Constraint::Use
                    };
                    if address.trap != 0 {
                        trap = address.trap;
                        location = address.location;
                        self.code.needs_frame = true;
                    }
                    let base = match address.start {
                        Start::None => Base::None,
                        Start::Reg(v) => Base::Operand(operand(v, constraint)),
                        Start::Frame(area) => Base::Frame(area),
                        Start::Label(label) => Base::Label(label),
                        Start::Symbol(symbol) => Base::Symbol(symbol),
                    };
                    let index = match address.index {
                        Some((v, _)) => operand(v, constraint),
                        None => NO_INDEX,
                    };
                    let scale = address.index.map_or(tierra_asm::x64::Scale::X1, |(_, s)| s);
                    MArg::Mem(MMem {
                        base,
                        index,
                        scale,
                        disp: address.disp,
                    })
                }
            });
        }
        let inst = Inst {
            code,
            size,
            cond,
            trap,
            arg_count: out.len() as u8,
            args: self.code.args.len() as u32,
            aux,
            location,
        };
        self.code.args.extend_from_slice(&out);
        self.code.mach.push(inst, &operands);
        self.state.operands = operands;
        self.state.args = out;
    }

    /// `d = op(a, b)` for vector registers, in three-operand or two-operand form.
    fn vec3(&mut self, op: Op, d: VReg, a: VReg, b: A) {
        if self.avx {
            self.push(op, Size::Q, &[A::Def(d), A::Use(a), b]);
        } else {
            self.push(op, Size::Q, &[A::Mod(d, a), A::Again(0), b]);
        }
    }

    /// As [`Lower::vec3`], with an immediate.
    fn vec3i(&mut self, op: Op, d: VReg, a: VReg, b: A, imm: i64) {
        if self.avx {
            self.push(op, Size::Q, &[A::Def(d), A::Use(a), b, A::Imm(imm)]);
        } else {
            self.push(op, Size::Q, &[A::Mod(d, a), A::Again(0), b, A::Imm(imm)]);
        }
    }

    /// `d = op(a, a)`: for operations whose first operand only fills the rest of the register.
    fn vec_self(&mut self, op: Op, size: Size, d: VReg, a: VReg, imm: Option<i64>) {
        let first = if self.avx {
            [A::Def(d), A::Use(a)]
        } else {
            [A::Mod(d, a), A::Again(0)]
        };
        let last = if self.avx { A::Again(1) } else { A::Again(0) };
        match imm {
            Some(imm) => self.push(op, size, &[first[0], first[1], last, A::Imm(imm)]),
            None => self.push(op, size, &[first[0], first[1], last]),
        }
    }

    /// A vector constant as an operand in memory.
    fn pool(&mut self, bytes: &[u8]) -> A {
        A::Mem(Address::label(self.asm.constant(bytes)))
    }

    /// Sixteen bytes made of a repeated pattern, as an operand in memory.
    fn splat_pool(&mut self, pattern: &[u8]) -> A {
        let mut bytes = [0; 16];
        for chunk in bytes.chunks_mut(pattern.len()) {
            chunk.copy_from_slice(pattern);
        }
        self.pool(&bytes)
    }

    /// A vector constant in a register of its own.
    fn pool_reg(&mut self, bytes: [u8; 16]) -> VReg {
        let d = self.temp(Type::V128);
        self.vector_constant_to(d, bytes);
        d
    }

    /// All zero, in a register.
    fn zero(&mut self, ty: Type) -> VReg {
        let d = self.temp(ty);
        let op = if ty == Type::V128 {
            Op::Pxor
        } else {
            Op::Xorps
        };
        self.push(op, Size::Q, &[A::Def(d), A::Again(0), A::Again(0)]);
        self.code.mach.set_remat(d);
        d
    }

    fn constant(&mut self, ty: Type, bits: u64) {
        let d = self.def();
        match ty {
            Type::I32 | Type::Ref => {
                self.push(Op::Mov, Size::D, &[A::Def(d), A::Imm(bits as i64)]);
            }
            Type::I64 => self.push(Op::Mov, Size::Q, &[A::Def(d), A::Imm(bits as i64)]),
            Type::F32 | Type::F64 if bits == 0 => {
                self.push(Op::Xorps, Size::Q, &[A::Def(d), A::Again(0), A::Again(0)]);
            }
            Type::F32 => {
                let place = self.pool(&(bits as u32).to_le_bytes());
                self.push(Op::Movss, Size::Q, &[A::Def(d), place]);
            }
            Type::F64 => {
                let place = self.pool(&bits.to_le_bytes());
                self.push(Op::Movsd, Size::Q, &[A::Def(d), place]);
            }
            Type::V128 => unreachable!("vector constants are instructions of their own"),
        }
        self.code.mach.set_remat(d);
    }

    fn vector_constant(&mut self, bytes: [u8; 16]) {
        let d = self.def();
        self.vector_constant_to(d, bytes);
    }

    fn vector_constant_to(&mut self, d: VReg, bytes: [u8; 16]) {
        match bytes {
            [0, ..] if bytes == [0; 16] => {
                self.push(Op::Pxor, Size::Q, &[A::Def(d), A::Again(0), A::Again(0)]);
            }
            [0xff, ..] if bytes == [0xff; 16] => {
                self.push(Op::Pcmpeqd, Size::Q, &[A::Def(d), A::Again(0), A::Again(0)]);
            }
            _ => {
                let place = self.pool(&bytes);
                self.push(Op::Movaps, Size::Q, &[A::Def(d), place]);
            }
        }
        self.code.mach.set_remat(d);
    }

    /// Remembers that there is no code for something.
    fn unsupported(&mut self, what: &'static str) {
        self.failed.get_or_insert(what);
    }
}

impl Address {
    /// A constant in the pool, or a table.
    fn label(label: Label) -> Address {
        Address {
            start: Start::Label(label),
            ..Address::NONE
        }
    }
}
