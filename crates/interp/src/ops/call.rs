//! Calls and returns.
//!
//! A frame is `[parameters][header][locals][operands]`, slot 0 first. The header has three
//! slots: where to go on, the caller's frame, the caller's instance. The caller's arguments are
//! the callee's parameters where they lie; results are found in the same place.
//!
//! Every instruction from which the stack may be walked ends with a [`Site`] word, so that the
//! address behind it (which frames keep) leads back to the code it belongs to.

use super::memory::reload;
use super::trap;
use crate::code::{FRAME_HEADER, Header};
use crate::dispatch::{Flow, Instr, Regs, Stop, handler};
use crate::operand::*;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
use tierra_core::Trap;
use tierra_core::index::TypeId;
use tierra_vm::{FuncRecord, FuncRef, Instance, Status, TableDef, TableFunc};

/// The last word of an instruction from which the stack may be walked.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Site {
    /// The first argument's slot.
    pub base: u16,
    /// Slots of the arguments.
    pub params: u16,
    /// Words from the first instruction of the code to the word behind this one.
    pub back: u32,
}

impl Site {
    pub fn word(self) -> u64 {
        u64::from(self.base) | u64::from(self.params) << 16 | u64::from(self.back) << 32
    }
}

#[inline(always)]
unsafe fn site(r: &Regs, n: usize) -> &'static Site {
    // SAFETY: the instruction has its site in this word; code outlives its execution.
    unsafe { &*r.ip.add(n).cast::<Site>() }
}

/// What a call needs to know of its callee.
#[derive(Clone, Copy)]
pub(crate) struct Callee {
    pub record: *const FuncRecord,
    pub instance: *mut Instance,
}

/// The callee's frame doesn't fit: untranslated, interrupted or too deep.
#[inline(always)]
fn slowly(r: &mut Regs, words: usize, callee: Callee) -> Flow {
    // Accumulators are dead at calls, and the size is read again.
    r.acc = callee.record as u64;
    r.len = words;
    Flow::Goto(handler::<CallSlowly>())
}

/// Makes a call possible that wasn't, and tries it again: `acc` is the callee's record, `len` the
/// length of the calling instruction.
struct CallSlowly;

impl Instr for CallSlowly {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `slowly` gives the record of a live function.
        unsafe {
            let record = r.acc as *const FuncRecord;
            match crate::run::enter_slow(r.ip.add(r.len), r.sp, r.inst, record) {
                None => {
                    reload(r);
                    Flow::Next
                }
                Some(stop) => Flow::Stop(stop),
            }
        }
    }
}

/// Enters a function whose arguments begin at slot `site.base`; `words` is the length of the
/// calling instruction.
#[inline(always)]
unsafe fn enter(r: &mut Regs, site: &Site, words: usize, callee: Callee) -> Flow {
    // SAFETY: records and their code live as long as the store; the frame is checked against
    // the stack's limit before anything is written to it.
    unsafe {
        let code = (*callee.record).interp_code.load(Ordering::Acquire);
        let header = &*code.cast::<Header>();
        let sp = r.sp.add(site.base.into());
        let end = sp as usize as u64 + u64::from(header.frame_bytes);
        if end > (*(*r.inst).exec).interp_limit.load(Ordering::Relaxed) as u64 {
            return slowly(r, words, callee);
        }
        let frame = sp.add(site.params.into());
        *frame = r.ip.add(words) as u64;
        *frame.add(1) = r.sp as u64;
        *frame.add(2) = r.inst as u64;
        let locals = frame.add(FRAME_HEADER);
        for i in 0..header.zeroed_slots as usize {
            *locals.add(i) = 0;
        }
        r.ip = code.add(Header::WORDS);
        r.sp = sp;
        if callee.instance != r.inst {
            r.inst = callee.instance;
            reload(r);
        }
    }
    Flow::Next
}

/// A call of a function of the same instance: the second word is its record.
pub(crate) struct Call;

impl Instr for Call {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `enter`'s.
        unsafe {
            let callee = Callee {
                record: r.word(1) as *const FuncRecord,
                instance: r.inst,
            };
            enter(r, site(r, 2), 3, callee)
        }
    }
}

/// A call of an import: the second word is its index.
pub(crate) struct CallImport;

impl Instr for CallImport {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `enter`'s; validation bounds the index.
        unsafe {
            let func = &**(*r.inst).funcs.add(r.word(1) as usize);
            enter(
                r,
                site(r, 2),
                3,
                Callee {
                    record: func.record,
                    instance: func.instance,
                },
            )
        }
    }
}

/// The callee that `call_indirect` finds in a table: words 1 and 2 are
/// `{index slot: u16, is 64: u16, table: u32}` and the type. The handler `S` is for entries whose
/// type is another than the wanted one, but may be below it.
#[inline(always)]
unsafe fn table_callee<S: Instr>(r: &Regs, slow: bool) -> Result<Callee, Flow> {
    // SAFETY: `Instr::run`'s contract; validation bounds the indices.
    unsafe {
        let args = r.args();
        let table: &TableDef = &**(*r.inst).tables.add(args.b as usize);
        let index: u64 = if args.a != 0 {
            r.get(args.dst)
        } else {
            r.get::<u32>(args.dst).into()
        };
        if index >= table.len as u64 {
            return Err(Flow::Stop(Stop::trap(Trap::UndefinedElement)));
        }
        let entry = &*table.base.cast::<TableFunc>().add(index as usize);
        let wanted: TypeId = *(*r.inst).type_ids.add(r.word(2) as usize);
        if entry.type_id != wanted {
            if !slow {
                return Err(Flow::Goto(handler::<S>()));
            }
            crate::run::check_indirect(r.inst, entry, wanted)
                .map_err(|trap| Flow::Stop(Stop::trap(trap)))?;
        }
        Ok(Callee {
            record: entry.record,
            instance: entry.instance,
        })
    }
}

/// `call_indirect`. `SLOW` also looks for supertypes.
pub(crate) struct CallIndirect<const SLOW: bool = false>;

impl<const SLOW: bool> Instr for CallIndirect<SLOW> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `enter`'s.
        unsafe {
            match table_callee::<CallIndirect<true>>(r, SLOW) {
                Ok(callee) => enter(r, site(r, 3), 4, callee),
                Err(flow) => flow,
            }
        }
    }
}

#[inline(always)]
unsafe fn ref_callee(r: &Regs) -> Result<Callee, Trap> {
    // SAFETY: `Instr::run`'s contract; a function reference is null or of this store.
    unsafe {
        let func = r.get::<u64>(r.args().dst) as *const FuncRef;
        let func = func.as_ref().ok_or(Trap::NullFunctionReference)?;
        Ok(Callee {
            record: func.record,
            instance: func.instance,
        })
    }
}

/// `call_ref`: slot `dst` is the reference.
pub(crate) struct CallRef;

impl Instr for CallRef {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `enter`'s.
        unsafe {
            let callee = trap!(ref_callee(r));
            enter(r, site(r, 2), 3, callee)
        }
    }
}

/// Replaces the frame by that of a callee. `own` is the parameter slots of the running function.
#[inline(always)]
unsafe fn replace(r: &mut Regs, site: &Site, words: usize, own: usize, callee: Callee) -> Flow {
    // SAFETY: as `enter`; the old header is read before arguments are moved over it.
    unsafe {
        let code = (*callee.record).interp_code.load(Ordering::Acquire);
        let header = &*code.cast::<Header>();
        let end = r.sp as usize as u64 + u64::from(header.frame_bytes);
        if end > (*(*r.inst).exec).interp_limit.load(Ordering::Relaxed) as u64 {
            return slowly(r, words, callee);
        }
        let old = r.sp.add(own);
        let (ip, sp, inst) = (*old, *old.add(1), *old.add(2));
        r.sp.copy_from(r.sp.add(site.base.into()), site.params.into());
        let frame = r.sp.add(site.params.into());
        *frame = ip;
        *frame.add(1) = sp;
        *frame.add(2) = inst;
        let locals = frame.add(FRAME_HEADER);
        for i in 0..header.zeroed_slots as usize {
            *locals.add(i) = 0;
        }
        r.ip = code.add(Header::WORDS);
        if callee.instance != r.inst {
            r.inst = callee.instance;
            reload(r);
        }
    }
    Flow::Next
}

/// `return_call`: as [`Call`], with the caller's parameter slots in the third word.
pub(crate) struct ReturnCall;

impl Instr for ReturnCall {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `replace`'s.
        unsafe {
            let callee = Callee {
                record: r.word(1) as *const FuncRecord,
                instance: r.inst,
            };
            replace(r, site(r, 3), 4, r.word(2) as usize, callee)
        }
    }
}

/// `return_call` of an import.
pub(crate) struct ReturnCallImport;

impl Instr for ReturnCallImport {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `replace`'s; validation bounds the index.
        unsafe {
            let func = &**(*r.inst).funcs.add(r.word(1) as usize);
            let callee = Callee {
                record: func.record,
                instance: func.instance,
            };
            replace(r, site(r, 3), 4, r.word(2) as usize, callee)
        }
    }
}

/// `return_call_indirect`: as [`CallIndirect`], with the caller's parameter slots in word 3.
pub(crate) struct ReturnCallIndirect<const SLOW: bool = false>;

impl<const SLOW: bool> Instr for ReturnCallIndirect<SLOW> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `replace`'s.
        unsafe {
            match table_callee::<ReturnCallIndirect<true>>(r, SLOW) {
                Ok(callee) => replace(r, site(r, 4), 5, r.word(3) as usize, callee),
                Err(flow) => flow,
            }
        }
    }
}

/// `return_call_ref`: as [`CallRef`], with the caller's parameter slots in word 2.
pub(crate) struct ReturnCallRef;

impl Instr for ReturnCallRef {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; `replace`'s.
        unsafe {
            let callee = trap!(ref_callee(r));
            replace(r, site(r, 3), 4, r.word(2) as usize, callee)
        }
    }
}

/// Goes back to the caller of the frame whose header is at slot `header`.
#[inline(always)]
unsafe fn leave(r: &mut Regs, ip: u64, sp: u64, inst: u64) {
    r.ip = ip as *const u64;
    r.sp = sp as *mut u64;
    let inst = inst as *mut Instance;
    if inst != r.inst {
        r.inst = inst;
        // SAFETY: the caller's instance, which is running again.
        unsafe { reload(r) };
    }
}

#[inline(always)]
unsafe fn header(r: &Regs, slot: u32) -> (u64, u64, u64) {
    // SAFETY: the header of the running frame.
    unsafe {
        let header = r.slot(slot);
        (*header, *header.add(1), *header.add(2))
    }
}

/// `return` of nothing; the header is at slot `b`, as in all returns.
pub(crate) struct Return0;

impl Instr for Return0 {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let (ip, sp, inst) = header(r, r.args().b);
            leave(r, ip, sp, inst);
        }
        Flow::Next
    }
}

/// `return` of one scalar: slot `a`, the accumulator, or the third word. The caller finds it in
/// its slot and in the accumulator.
pub(crate) struct Return1<T, A>(PhantomData<(T, A)>);

impl<T: Scalar, A: Source> Instr for Return1<T, A> {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract. The header is read first: with no parameters the
        // result lies over it.
        unsafe {
            let value = A::get::<T>(r);
            let (ip, sp, inst) = header(r, r.args().b);
            value.set_acc(r);
            r.set(0u32, value);
            leave(r, ip, sp, inst);
        }
        Flow::Next
    }
}

/// `return` of `dst` slots that begin at slot `a`.
pub(crate) struct ReturnSpan;

impl Instr for ReturnSpan {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract.
        unsafe {
            let args = r.args();
            let (ip, sp, inst) = header(r, args.b);
            r.sp.copy_from(r.slot(args.a), args.dst.into());
            leave(r, ip, sp, inst);
        }
        Flow::Next
    }
}

/// By class, then operand: slot, accumulator, third word.
pub(crate) static RETURN1: [[crate::dispatch::Handler; 3]; 3] = {
    [
        [
            handler::<Return1<u64, SlotA>>(),
            handler::<Return1<u64, Acc>>(),
            handler::<Return1<u64, ImmWord>>(),
        ],
        [
            handler::<Return1<f32, SlotA>>(),
            handler::<Return1<f32, Acc>>(),
            handler::<Return1<f32, ImmWord>>(),
        ],
        [
            handler::<Return1<f64, SlotA>>(),
            handler::<Return1<f64, Acc>>(),
            handler::<Return1<f64, ImmWord>>(),
        ],
    ]
};

/// The only instruction of the code of a function that the interpreter doesn't run, a host
/// function or one with machine code: calls it and returns. The second word is the record.
pub(crate) struct HostCall;

impl Instr for HostCall {
    #[inline(always)]
    unsafe fn run(r: &mut Regs) -> Flow {
        // SAFETY: `Instr::run`'s contract; the record of a host function has one, and the frame
        // was checked for the larger of parameters and results.
        unsafe { call_out(r, &*(r.word(1) as *const FuncRecord)) }
    }
}

/// Calls a function that the interpreter doesn't run in place of the running one, whose parameters take
/// as many slots, and returns from it.
///
/// # Safety
/// The record is of a host function, or of machine code that has no more results than the frame has
/// room for.
#[inline(always)]
pub(super) unsafe fn call_out(r: &mut Regs, record: &FuncRecord) -> Flow {
    // SAFETY: the caller's; the frame's header is behind its parameters.
    unsafe {
        let (ip, sp, inst) = header(r, record.param_slots);
        if record.host.is_none() && crate::run::ends_activation(r.inst, ip, record) {
            return Flow::Stop(Stop::TAIL_CALL);
        }
        let status = crate::run::call_host(record, r.inst, r.sp, ip, sp, inst);
        let results = r.sp;
        r.acc = *results;
        r.f32 = f32::load(results);
        r.f64 = f64::load(results);
        r.inst = core::ptr::null_mut();
        leave(r, ip, sp, inst);
        match status {
            Status::Done => Flow::Next,
            Status::Trap => Flow::Stop(crate::run::pending_trap(r.inst)),
            Status::Host => Flow::Stop(Stop::HOST),
            Status::Throw => super::exception::unwind(r),
            Status::TailCall => unreachable!("whoever calls goes on with tail calls"),
        }
    }
}

/// Ends an entry from Rust.
pub(crate) struct Exit;

impl Instr for Exit {
    #[inline(always)]
    unsafe fn run(_: &mut Regs) -> Flow {
        Flow::Stop(Stop::DONE)
    }
}
