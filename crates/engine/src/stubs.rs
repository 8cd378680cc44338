//! The few instructions at the start of every module's code by which it leaves to the runtime.
//!
//! All of them find the instance in the frame of the function that calls them (see the frame's
//! layout in `tierra-codegen`), keep where that function stands in the execution context, call a
//! builtin, and then look whether it says to go on elsewhere: after a trap, an exception, an
//! exit. So no Rust frame is ever skipped, and callers of builtins check nothing.

use crate::builtins::Special;
use core::mem::offset_of;
use tierra_asm::x64::{Arg, Assembler, Cc, Features, Gpr, Mem, Op, Size, Xmm};
use tierra_vm::{ExecContext, FuncRecord, Instance, MachineExit, Resume};

/// Where the stubs begin, as offsets in their code.
pub struct Stubs {
    /// The code.
    pub code: Vec<u8>,
    /// Calls the C function whose address is in R11.
    pub exit: u32,
    /// What explicit traps and faults come to.
    pub trap: u32,
    /// A poll of a loop; preserves all registers.
    pub poll: u32,
    /// The stack check of a function's entry: the context is in the first argument register.
    pub stack: u32,
    /// A function's budget is used up at its entry; preserves all registers.
    pub tier_entry: u32,
    /// The same at the head of a loop.
    pub tier_loop: u32,
    /// Stands for a function that was never called: its record is in the scratch register.
    pub lazy: u32,
    /// How many bytes they have pushed, each from an offset on.
    pub pushed: Vec<(u32, u32)>,
}

/// An assembler that keeps count of what is pushed.
struct Writer {
    a: Assembler,
    pushed: u32,
    rows: Vec<(u32, u32)>,
}

impl core::ops::Deref for Writer {
    type Target = Assembler;

    fn deref(&self) -> &Assembler {
        &self.a
    }
}

impl core::ops::DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Assembler {
        &mut self.a
    }
}

impl Writer {
    /// From here on so many bytes are pushed.
    fn now_pushed(&mut self, bytes: u32) {
        self.pushed = bytes;
        self.rows.push((self.a.offset(), bytes));
    }

    fn push(&mut self, r: Gpr) {
        self.emit(Op::Push, Size::Q, &[Arg::R(r)]);
        self.now_pushed(self.pushed + 8);
    }

    fn pop(&mut self, r: Gpr) {
        self.emit(Op::Pop, Size::Q, &[Arg::R(r)]);
        self.now_pushed(self.pushed - 8);
    }

    fn reserve(&mut self, bytes: u32) {
        self.emit(Op::Sub, Size::Q, &[Arg::R(Gpr::RSP), Arg::I(bytes.into())]);
        self.now_pushed(self.pushed + bytes);
    }

    fn release(&mut self, bytes: u32) {
        self.emit(Op::Add, Size::Q, &[Arg::R(Gpr::RSP), Arg::I(bytes.into())]);
        self.now_pushed(self.pushed - bytes);
    }
}

fn field(base: Gpr, offset: usize) -> Arg {
    let disp = i32::try_from(offset).expect("structures are small");
    Arg::M(Mem::Base { base, disp })
}

/// Loads the instance of the calling frame.
fn load_instance(a: &mut Assembler, to: Gpr) {
    let at = Arg::M(Mem::Base {
        base: Gpr::RBP,
        disp: -8,
    });
    a.emit(Op::Mov, Size::Q, &[Arg::R(to), at]);
}

/// Loads the address of a builtin; `to` holds the context.
fn load_builtin(a: &mut Assembler, to: Gpr, builtin: Special) {
    a.emit(
        Op::Mov,
        Size::Q,
        &[Arg::R(to), field(to, offset_of!(ExecContext, builtins))],
    );
    a.emit(
        Op::Mov,
        Size::Q,
        &[Arg::R(to), field(to, builtin.index() * 8)],
    );
}

const EXIT: usize = offset_of!(ExecContext, machine_exit);
const RESUME: usize = offset_of!(ExecContext, resume);

/// Keeps where the calling function stands; `exec` holds the context.
fn keep_exit(a: &mut Assembler, exec: Gpr, return_address: Arg, via: Gpr) {
    let (fp, pc) = (offset_of!(MachineExit, fp), offset_of!(MachineExit, pc));
    a.emit(Op::Mov, Size::Q, &[Arg::R(via), return_address]);
    a.emit(
        Op::Mov,
        Size::Q,
        &[field(exec, EXIT + fp), Arg::R(Gpr::RBP)],
    );
    a.emit(Op::Mov, Size::Q, &[field(exec, EXIT + pc), Arg::R(via)]);
}

/// Goes on where the context says; it is in R10.
fn go_on(a: &mut Assembler) {
    let resume = |offset: usize| field(Gpr::R10, RESUME + offset);
    a.emit(
        Op::Mov,
        Size::Q,
        &[Arg::R(Gpr::RCX), resume(offset_of!(Resume, pc))],
    );
    a.emit(
        Op::Mov,
        Size::Q,
        &[Arg::R(Gpr::RBP), resume(offset_of!(Resume, fp))],
    );
    a.emit(
        Op::Mov,
        Size::Q,
        &[Arg::R(Gpr::RSP), resume(offset_of!(Resume, sp))],
    );
    a.emit(
        Op::Mov,
        Size::Q,
        &[Arg::R(Gpr::RAX), resume(offset_of!(Resume, value))],
    );
    let params = offset_of!(Resume, params);
    for (i, reg) in [Gpr::RDI, Gpr::RSI].into_iter().enumerate() {
        a.emit(Op::Mov, Size::Q, &[Arg::R(reg), resume(params + 8 * i)]);
    }
    a.emit(
        Op::Mov,
        Size::Q,
        &[resume(offset_of!(Resume, pc)), Arg::I(0)],
    );
    a.emit(Op::Jmp, Size::Q, &[Arg::R(Gpr::RCX)]);
}

/// The general registers that a poll preserves besides R10, and in which order.
const SAVED: [Gpr; 12] = [
    Gpr::RAX,
    Gpr::RCX,
    Gpr::RDX,
    Gpr::RBX,
    Gpr::RSI,
    Gpr::RDI,
    Gpr::R8,
    Gpr::R9,
    Gpr::R12,
    Gpr::R13,
    Gpr::R14,
    Gpr::R15,
];

impl Stubs {
    /// Makes them.
    pub fn new() -> Self {
        let mut a = Writer {
            a: Assembler::new(Features::baseline()),
            pushed: 0,
            rows: Vec::new(),
        };
        let exit_label = a.label();
        let poll_label = a.label();

        // Trap: the builtin's argument is the instance.
        let trap = a.offset();
        load_instance(&mut a, Gpr::RDI);
        a.emit(
            Op::Mov,
            Size::Q,
            &[
                Arg::R(Gpr::R11),
                field(Gpr::RDI, offset_of!(Instance, exec)),
            ],
        );
        load_builtin(&mut a, Gpr::R11, Special::Trap);

        // Exit: the stack is misaligned by the return address, and aligned by the saved context.
        a.bind(exit_label);
        let exit = a.offset();
        load_instance(&mut a, Gpr::R10);
        a.emit(
            Op::Mov,
            Size::Q,
            &[
                Arg::R(Gpr::R10),
                field(Gpr::R10, offset_of!(Instance, exec)),
            ],
        );
        keep_exit(&mut a, Gpr::R10, field(Gpr::RSP, 0), Gpr::RAX);
        a.push(Gpr::R10);
        a.emit(Op::Call, Size::Q, &[Arg::R(Gpr::R11)]);
        a.pop(Gpr::R10);
        let elsewhere = a.label();
        let resumes = field(Gpr::R10, RESUME + offset_of!(Resume, pc));
        a.emit(Op::Cmp, Size::Q, &[resumes, Arg::I(0)]);
        a.jcc(Cc::NE, elsewhere);
        a.emit(Op::Ret, Size::Q, &[]);
        a.bind(elsewhere);
        go_on(&mut a);

        // Stack check: the frame's place for the instance is not written yet.
        a.now_pushed(0);
        let stack = a.offset();
        a.emit(Op::Mov, Size::Q, &[field_below(Gpr::RBP), Arg::R(Gpr::RDI)]);
        a.push(Gpr::R10);
        a.emit(Op::Mov, Size::D, &[Arg::R(Gpr::R10), Arg::I(1)]);
        let common = a.label();
        a.jmp(common);

        a.bind(poll_label);
        a.now_pushed(0);
        let poll = a.offset();
        a.push(Gpr::R10);
        a.emit(Op::Mov, Size::D, &[Arg::R(Gpr::R10), Arg::I(0)]);
        a.bind(common);
        emit_poll(&mut a, Special::Poll);

        a.now_pushed(0);
        let tier_entry = a.offset();
        a.push(Gpr::R10);
        a.emit(Op::Mov, Size::D, &[Arg::R(Gpr::R10), Arg::I(0)]);
        let common = a.label();
        a.jmp(common);
        a.now_pushed(0);
        let tier_loop = a.offset();
        a.push(Gpr::R10);
        a.emit(Op::Mov, Size::D, &[Arg::R(Gpr::R10), Arg::I(1)]);
        a.bind(common);
        emit_poll(&mut a, Special::Tier);

        a.now_pushed(0);
        let lazy = a.offset();
        emit_lazy(&mut a);

        let code = a.finish().expect("stubs are small").bytes.clone();
        Self {
            code,
            exit,
            trap,
            poll,
            stack,
            tier_entry,
            tier_loop,
            lazy,
            pushed: a.rows,
        }
    }
}

fn field_below(base: Gpr) -> Arg {
    Arg::M(Mem::Base { base, disp: -8 })
}

/// Room for the vectors.
const XMMS: u32 = 16 * 16;
/// The same, and for alignment.
const VECTORS: u32 = XMMS + 8;

/// What the guest has in registers while a stub of those that preserve all runs, from the lowest
/// address on, as it is pushed.
#[repr(C)]
pub struct Saved {
    vectors: [[u64; 2]; 16],
    _alignment: u64,
    _context: u64,
    /// Those of [`SAVED`], the last one first.
    general: [u64; SAVED.len()],
    r10: u64,
}

const _: () = assert!(core::mem::offset_of!(Saved, _context) == VECTORS as usize);

impl Saved {
    /// A general register, by number.
    ///
    /// # Panics
    /// When it is none that holds values.
    pub fn general(&self, number: u8) -> u64 {
        if number == Gpr::R10.0 {
            return self.r10;
        }
        let place = SAVED.iter().rev().position(|reg| reg.0 == number);
        self.general[place.expect("values are in no other registers")]
    }

    /// A vector register, by number.
    pub fn vector(&self, number: u8) -> [u64; 2] {
        self.vectors[usize::from(number)]
    }
}

/// Lets the builtin make code for a function, and goes there. The builtin gets the instance and the
/// record; if it can't, the guest ends where the function was called.
fn emit_lazy(a: &mut Writer) {
    a.push(Gpr::R10);
    for reg in SAVED {
        a.push(reg);
    }
    a.push(Gpr::R11);
    let exec = field(Gpr::RDI, offset_of!(Instance, exec));
    a.emit(Op::Mov, Size::Q, &[Arg::R(Gpr::R10), exec]);
    let pushed = (SAVED.len() + 2) * 8;
    keep_exit(a, Gpr::R10, field(Gpr::RSP, pushed), Gpr::RAX);
    // Return address, registers, the context: an even number of words.
    a.push(Gpr::R10);
    debug_assert_eq!((pushed + 16) % 16, 0);
    a.reserve(XMMS);
    let vector = |i: u8| field(Gpr::RSP, 16 * i as usize);
    for i in 0..16 {
        a.emit(Op::Movups, Size::Q, &[vector(i), Arg::X(Xmm(i))]);
    }
    a.emit(Op::Mov, Size::Q, &[Arg::R(Gpr::RSI), Arg::R(Gpr::R11)]);
    a.emit(Op::Mov, Size::Q, &[Arg::R(Gpr::R11), Arg::R(Gpr::R10)]);
    load_builtin(a, Gpr::R11, Special::Lazy);
    a.emit(Op::Call, Size::Q, &[Arg::R(Gpr::R11)]);
    for i in 0..16 {
        a.emit(Op::Movups, Size::Q, &[Arg::X(Xmm(i)), vector(i)]);
    }
    a.release(XMMS);
    a.pop(Gpr::R10);
    let elsewhere = a.label();
    let resumes = field(Gpr::R10, RESUME + offset_of!(Resume, pc));
    a.emit(Op::Cmp, Size::Q, &[resumes, Arg::I(0)]);
    a.jcc(Cc::NE, elsewhere);
    a.pop(Gpr::R11);
    for reg in SAVED.iter().rev() {
        a.pop(*reg);
    }
    a.pop(Gpr::R10);
    let entry = field(Gpr::R11, offset_of!(FuncRecord, machine_entry));
    a.emit(Op::Jmp, Size::Q, &[entry]);
    a.bind(elsewhere);
    go_on(a);
}

/// The common part of polls: R10 was pushed and tells which one it is. The builtin gets the
/// instance, that, and where the registers are.
fn emit_poll(a: &mut Writer, builtin: Special) {
    for reg in SAVED {
        a.push(reg);
    }
    a.emit(Op::Mov, Size::D, &[Arg::R(Gpr::RSI), Arg::R(Gpr::R10)]);
    load_instance(a, Gpr::RDI);
    a.emit(
        Op::Mov,
        Size::Q,
        &[
            Arg::R(Gpr::R10),
            field(Gpr::RDI, offset_of!(Instance, exec)),
        ],
    );
    let pushed = (SAVED.len() + 1) * 8;
    keep_exit(a, Gpr::R10, field(Gpr::RSP, pushed), Gpr::RAX);
    // Return address, registers, the context: an even number of words. Then the vectors.
    a.push(Gpr::R10);
    debug_assert_eq!((pushed + 16) % 16, 8);
    a.reserve(VECTORS);
    let vector = |i: u8| field(Gpr::RSP, 16 * i as usize);
    for i in 0..16 {
        a.emit(Op::Movups, Size::Q, &[vector(i), Arg::X(Xmm(i))]);
    }
    a.emit(Op::Mov, Size::Q, &[Arg::R(Gpr::R11), Arg::R(Gpr::R10)]);
    a.emit(Op::Mov, Size::Q, &[Arg::R(Gpr::RDX), Arg::R(Gpr::RSP)]);
    load_builtin(a, Gpr::R11, builtin);
    a.emit(Op::Call, Size::Q, &[Arg::R(Gpr::R11)]);
    for i in 0..16 {
        a.emit(Op::Movups, Size::Q, &[Arg::X(Xmm(i)), vector(i)]);
    }
    a.release(VECTORS);
    a.pop(Gpr::R10);
    let elsewhere = a.label();
    let resumes = field(Gpr::R10, RESUME + offset_of!(Resume, pc));
    a.emit(Op::Cmp, Size::Q, &[resumes, Arg::I(0)]);
    a.jcc(Cc::NE, elsewhere);
    for reg in SAVED.iter().rev() {
        a.pop(*reg);
    }
    a.pop(Gpr::R10);
    a.emit(Op::Ret, Size::Q, &[]);
    a.bind(elsewhere);
    go_on(a);
}
