//! Two ways from one instruction to the next, with the same handlers.
//!
//! An instruction is a type that implements [`Instr`]; [`handler`] wraps it for the backend that
//! the build script chose. Code holds the addresses of handlers, so dispatching is one load and
//! one jump.
//!
//! * *Sibling calls*: a handler ends by calling the next one. Nothing of the caller is left to
//!   do, so the optimizer makes it a jump, and the machine state stays in argument registers.
//!   A handler that kept an address of its own frame alive, or had to clean up after a panic,
//!   would break this: what is slow goes out of line, and builds with checks of arithmetic and
//!   assertions use the loop.
//! * *Loop*: a handler returns to a loop that calls the next one. Portable, slower, and the
//!   oracle of the other.

use tierra_core::Trap;
use tierra_vm::Instance;

/// The state of the machine between two instructions.
#[derive(Clone, Copy)]
pub(crate) struct Regs {
    /// The instruction to execute.
    pub ip: *const u64,
    /// The frame: slot 0 is the first parameter.
    pub sp: *mut u64,
    /// The first byte of memory 0.
    pub mem: *mut u8,
    /// The size of memory 0 in bytes (too small if another thread has grown it).
    pub len: usize,
    /// The instance.
    pub inst: *mut Instance,
    /// The accumulator of integers and references: the last result.
    pub acc: u64,
    /// The accumulator of `f32`.
    pub f32: f32,
    /// The accumulator of `f64`.
    pub f64: f64,
}

/// What happens after an instruction.
#[derive(Clone, Copy)]
pub(crate) enum Flow {
    /// The next instruction.
    Next,
    /// As `Next`; keeps the two ways out of a branch apart, so that each has its own jump.
    Taken,
    /// The rest is done by another handler, off the hot path, with the same state. A hot handler
    /// that called a function and went on would have to save registers whenever it runs.
    Goto(Handler),
    /// Back to the Rust code that entered.
    Stop(Stop),
}

/// Why the interpreter returns to the Rust code that entered it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Stop(u32);

impl Stop {
    pub const DONE: Stop = Stop(0);
    pub const THROW: Stop = Stop(0x100);
    pub const HOST: Stop = Stop(0x200);
    /// The context says what to go on with; the arguments are in the first frame's slots.
    pub const TAIL_CALL: Stop = Stop(0x300);

    pub const fn trap(trap: Trap) -> Stop {
        Stop(trap as u32)
    }

    pub fn as_trap(self) -> Option<Trap> {
        u8::try_from(self.0).ok().and_then(Trap::from_code)
    }
}

/// An instruction of the interpreter.
pub(crate) trait Instr {
    /// Executes the instruction at `r.ip` and advances `r.ip`, or leaves it for a stop.
    ///
    /// # Safety
    /// `r` is the state of a running interpreter and `r.ip` points at an instruction of this
    /// type, as the translator wrote it: operands name slots within the frame.
    unsafe fn run(r: &mut Regs) -> Flow;
}

#[cfg(all(tierra_sibling_dispatch, not(debug_assertions)))]
mod backend {
    use super::*;

    macro_rules! entry {
        ($abi:literal) => {
            /// A handler. Code holds its address.
            pub(crate) type Handler = unsafe extern $abi fn(
                *const u64,
                *mut u64,
                *mut u8,
                usize,
                *mut Instance,
                u64,
                f32,
                f64,
            ) -> Stop;

            unsafe extern $abi fn enter<I: Instr>(
                ip: *const u64,
                sp: *mut u64,
                mem: *mut u8,
                len: usize,
                inst: *mut Instance,
                acc: u64,
                f32: f32,
                f64: f64,
            ) -> Stop {
                let mut r = Regs { ip, sp, mem, len, inst, acc, f32, f64 };
                // SAFETY: dispatch jumps to the handler of the instruction at `ip`.
                match unsafe { I::run(&mut r) } {
                    // SAFETY: an instruction leaves `ip` at an instruction.
                    Flow::Next => unsafe { next(r) },
                    Flow::Taken => {
                        // SAFETY: emits nothing; keeps the optimizer from merging the two jumps.
                        unsafe { core::arch::asm!("", options(nomem, nostack, preserves_flags)) };
                        // SAFETY: as above.
                        unsafe { next(r) }
                    }
                    // SAFETY: a handler for the instruction at `ip`, as `Instr::run` says.
                    Flow::Goto(handler) => unsafe {
                        handler(r.ip, r.sp, r.mem, r.len, r.inst, r.acc, r.f32, r.f64)
                    },
                    // SAFETY: `r` is the state of a running interpreter.
                    Flow::Stop(stop) => unsafe {
                        let acc = stop.0.into();
                        halt(r.ip, r.sp, r.mem, r.len, r.inst, acc, r.f32, r.f64)
                    },
                }
            }

            /// Keeps where the interpreter stopped, for the walk of the stack. It has the
            /// signature of a handler, and the stop in place of the accumulator, so that leaving
            /// is a jump, too.
            #[cold]
            #[inline(never)]
            unsafe extern $abi fn halt(
                ip: *const u64,
                sp: *mut u64,
                _: *mut u8,
                _: usize,
                inst: *mut Instance,
                stop: u64,
                _: f32,
                _: f64,
            ) -> Stop {
                // SAFETY: `inst` is the instance of a running interpreter.
                unsafe { crate::run::leave(ip, sp, inst) };
                Stop(stop as u32)
            }
        };
    }

    // Windows' own convention has four registers; this one is the same everywhere on x86-64.
    #[cfg(target_arch = "x86_64")]
    entry!("sysv64");
    #[cfg(not(target_arch = "x86_64"))]
    entry!("C");

    #[inline(always)]
    unsafe fn next(r: Regs) -> Stop {
        // SAFETY: the first word of an instruction is the address of a handler that `handler`
        // made; the arguments are those of the running interpreter.
        unsafe {
            let entry: Handler = core::mem::transmute(*r.ip as usize);
            entry(r.ip, r.sp, r.mem, r.len, r.inst, r.acc, r.f32, r.f64)
        }
    }

    /// Runs until a stop.
    pub(crate) unsafe fn run(r: Regs) -> Stop {
        // SAFETY: the caller's.
        unsafe { next(r) }
    }

    /// The handler of an instruction.
    pub(crate) const fn handler<I: Instr>() -> Handler {
        enter::<I>
    }
}

#[cfg(not(all(tierra_sibling_dispatch, not(debug_assertions))))]
mod backend {
    use super::*;

    /// A handler. Code holds its address.
    pub(crate) type Handler = unsafe fn(&mut Regs) -> Flow;

    /// Runs until a stop.
    pub(crate) unsafe fn run(mut r: Regs) -> Stop {
        loop {
            // SAFETY: the first word of an instruction is the address of a handler that
            // `handler` made, and an instruction leaves `ip` at an instruction.
            let mut flow = unsafe {
                let entry: Handler = core::mem::transmute(*r.ip as usize);
                entry(&mut r)
            };
            while let Flow::Goto(handler) = flow {
                // SAFETY: a handler for the instruction at `ip`, as `Instr::run` says.
                flow = unsafe { handler(&mut r) };
            }
            if let Flow::Stop(stop) = flow {
                // SAFETY: `r` is the state of a running interpreter.
                unsafe { crate::run::leave(r.ip, r.sp, r.inst) };
                return stop;
            }
        }
    }

    /// The handler of an instruction.
    pub(crate) const fn handler<I: Instr>() -> Handler {
        I::run
    }
}

pub(crate) use backend::{Handler, handler, run};
