//! A second way into a function: at the head of a loop, with the state that the interpreter leaves
//! there ([`tierra_core::frame`]).
//!
//! The function is compiled as always. Behind it comes one more beginning, which makes the same frame
//! from the state instead of the parameters, and goes to the head of the loop. What it is given is the
//! instance and, if results don't fit in registers, where they go.

use crate::compiler::{Compiler, State, compile};
use crate::emit::{at, frame};
use crate::osr::LoopState;
use crate::regs::{Each, Holder, Holders};
use crate::value::Ty;
use crate::{Error, Options};
use tierra_asm::code::CompiledFunction;
use tierra_asm::x64::abi::{Counter, SCRATCH, ValueClass};
use tierra_asm::x64::{Gpr, Label, Op, Size};
use tierra_core::FrameState;
use tierra_core::index::FuncIdx;
use tierra_module::Module;
use tierra_vm::offsets::EXEC_OSR_BUFFER;

/// A way into a function's code.
#[derive(Clone, Debug)]
pub struct LoopEntry {
    /// What it reads.
    pub state: FrameState,
    /// Where it is in the code.
    pub offset: u32,
}

/// The head of a loop that is to have an entry.
pub(crate) struct Head {
    label: Label,
    regs: Holders,
    /// The places of locals and operands.
    homes: Vec<(Ty, i32)>,
    /// Of the loop's operator.
    position: u32,
}

/// Compiles a function with an entry at the head of the loop whose operator is at an offset in the
/// module; `None` if there is no such loop that can be reached, and then the code is as always.
///
/// # Errors
/// As [`compile`].
pub fn compile_with_entry(
    module: &Module,
    func: FuncIdx,
    at: u32,
    options: &Options,
    state: &mut State,
    out: &mut CompiledFunction,
) -> Result<Option<LoopEntry>, Error> {
    state.watch(at, true);
    let compiled = compile(module, func, options, state, out);
    let (found, offset) = state.unwatch();
    compiled?;
    let entry = |(LoopState { state, .. }, offset)| LoopEntry { state, offset };
    Ok(found.zip(offset).map(entry))
}

impl Compiler<'_> {
    /// Notes the head of a loop, where code is now.
    pub fn note_head(&mut self, label: Label) {
        let locals = self.s.locals.iter().map(|local| (local.ty, local.home));
        let operands = self.s.stack.iter().map(|entry| (entry.ty, entry.home));
        let homes: Vec<_> = locals.chain(operands).collect();
        let lowest = homes.iter().map(|(_, home)| *home).min();
        self.lowest = self.lowest.min(lowest.unwrap_or(0));
        self.s.head = Some(Head {
            label,
            regs: self.regs,
            homes,
            position: self.position,
        });
    }

    /// Writes the entry at the head that was noted, if one was.
    pub fn loop_entry(&mut self) {
        let Some(head) = self.s.head.take() else {
            return;
        };
        self.s.entry = Some(self.asm.offset());
        self.position = head.position;
        self.locate();
        if self.own_stack > 0 {
            // Whoever returns from the function removes its arguments.
            self.r(Op::Pop, Size::Q, SCRATCH);
            let bytes = i64::from(self.own_stack);
            self.ri(Op::Sub, Size::Q, Gpr::RSP, bytes);
            self.r(Op::Push, Size::Q, SCRATCH);
        }
        let mut places = Counter::params();
        places.place(ValueClass::Int);
        let area = self.hidden.map(|_| places.place(ValueClass::Int));
        self.entry_size_at = Some(self.begin_frame(area));
        if self.has_base {
            self.load_base();
        }
        self.load_exec();
        let buffer = at(SCRATCH, EXEC_OSR_BUFFER);
        self.rm(Op::Mov, Size::Q, Gpr::RAX, buffer);
        let mut offset = 0;
        for (ty, home) in &head.homes {
            self.copy_mem(frame(*home), at(Gpr::RAX, offset), *ty);
            offset += ty.bytes();
        }
        for r in Each(head.regs.used) {
            let (ty, home) = match head.regs.get(r) {
                Holder::Local(i) => head.homes[i as usize],
                Holder::Operand(i) => head.homes[self.s.locals.len() + i as usize],
                Holder::Base => (Ty::I64, self.base_home()),
                Holder::Nothing => unreachable!("it is used"),
            };
            self.load(r, frame(home), ty);
        }
        self.asm.jmp(head.label);
    }
}
