//! Frames of machine code: walking them, and leaving them.
//!
//! Frames are chained by frame pointers; return addresses lead to the tables of their code. An
//! activation's outermost frame is that of an entry adapter, which has a handler for everything:
//! what ends a run goes on there, with a status.

use crate::code::{self, CodeObject};
use crate::tables::{Function, Kind, Tables};
use tierra_core::index::FuncIdx;
use tierra_ir::Inlined;
use tierra_vm::builtins::exn_tag;
use tierra_vm::{
    ExecContext, Frames, Instance, MachineExit, Pending, RawFrame, Resume, Status, Walk,
};

/// A frame during a walk.
#[derive(Clone, Copy)]
struct Frame {
    fp: usize,
    /// The return address in it.
    pc: usize,
}

/// The code of a frame.
struct Place {
    object: &'static CodeObject,
    tables: &'static Tables,
    function: Function,
}

impl Frame {
    fn of(exit: MachineExit) -> Self {
        let MachineExit { fp, pc } = exit;
        Self { fp, pc }
    }

    fn place(self) -> Place {
        let object = code::find(self.pc - 1).expect("a frame of machine code is in code memory");
        let offset = (self.pc - 1 - object.start()) as u32;
        let tables = object.tables_at(offset).expect("code that runs has tables");
        let function = tables
            .function(offset)
            .expect("code has functions all over");
        Place {
            object,
            tables,
            function,
        }
    }

    /// The frame that called.
    unsafe fn caller(self) -> Self {
        // SAFETY: the frame is alive.
        unsafe {
            let fp = self.fp as *const usize;
            Self {
                fp: *fp,
                pc: *fp.add(1),
            }
        }
    }

    unsafe fn instance(self) -> *mut Instance {
        // SAFETY: functions with frames keep it there.
        unsafe { *((self.fp - 8) as *const *mut Instance) }
    }
}

impl Place {
    fn offset(&self, pc: usize) -> u32 {
        (pc - self.object.start()) as u32
    }
}

/// The trap of the place before a return address, or of an instruction that faulted.
pub fn trap_code(pc: usize) -> Option<u8> {
    let place = Frame { fp: 0, pc }.place();
    let offset = place.offset(pc);
    place
        .tables
        .trap(offset)
        .or_else(|| place.tables.trap(offset - 1))
}

/// The function that left, and where it stands, as an offset in its module.
pub fn function_of_exit(exec: &ExecContext) -> (FuncIdx, u32) {
    let frame = Frame::of(exec.machine_exit.get());
    let place = frame.place();
    let Kind::Function(func) = place.function.kind else {
        unreachable!("only functions count");
    };
    let location = place.tables.location(place.offset(frame.pc - 1));
    (func, location)
}

/// Whether the native stack is used up.
pub fn is_full(exec: &ExecContext) -> bool {
    let frame = Frame::of(exec.machine_exit.get());
    let size = frame.place().function.frame_size as usize;
    frame.fp.saturating_sub(size) < exec.native_limit.get()
}

/// Whether the function that left is the outermost one of its activation.
pub fn is_outermost(exec: &ExecContext) -> bool {
    let frame = Frame::of(exec.machine_exit.get());
    // SAFETY: the frame is alive, and at least an entry adapter's is below it.
    let caller = unsafe { frame.caller() };
    caller.place().function.kind == Kind::Entry
}

/// Lets the innermost machine activation end with a status.
///
/// # Safety
/// Machine code has left to Rust, which is about to return to it.
pub unsafe fn to_entry(exec: &ExecContext, status: Status) {
    let mut frame = Frame::of(exec.machine_exit.get());
    loop {
        let place = frame.place();
        if place.function.kind == Kind::Entry {
            let call = place.tables.call(place.offset(frame.pc));
            let landing = call.and_then(|call| place.tables.handlers_of(call).next());
            let (_, landing) = landing.expect("an entry adapter has a handler");
            resume(exec, frame, &place, landing, status as usize);
            return;
        }
        // SAFETY: not the outermost frame yet.
        frame = unsafe { frame.caller() };
    }
}

fn resume(exec: &ExecContext, frame: Frame, place: &Place, landing: u32, value: usize) {
    exec.resume.set(Resume {
        pc: place.object.start() + landing as usize,
        fp: frame.fp,
        sp: frame.fp - place.function.frame_size as usize,
        value,
        params: [0; 2],
    });
}

/// Goes on at the innermost handler for the pending exception in this activation, or ends it.
///
/// # Safety
/// As [`to_entry`]; an exception is pending.
pub unsafe fn throw(exec: &ExecContext) {
    // SAFETY: the caller's.
    let store = unsafe { exec.store().as_mut() };
    let Pending::Throw(exn) = store.pending else {
        unreachable!("an exception is pending");
    };
    let mut frame = Frame::of(exec.machine_exit.get());
    loop {
        let place = frame.place();
        if place.function.kind == Kind::Entry {
            // SAFETY: the caller's.
            unsafe { to_entry(exec, Status::Throw) };
            return;
        }
        // SAFETY: a live frame of a function.
        if let Some(landing) = unsafe { handler(frame, &place, exn.slot()) } {
            store.pending = Pending::None;
            resume(exec, frame, &place, landing, exn.0 as usize);
            return;
        }
        // SAFETY: not the outermost frame yet.
        frame = unsafe { frame.caller() };
    }
}

/// Where a frame goes on with an exception.
unsafe fn handler(frame: Frame, place: &Place, exn: u64) -> Option<u32> {
    let call = place.tables.call(place.offset(frame.pc))?;
    for (tag, landing) in place.tables.handlers_of(call) {
        // SAFETY: a function with handlers keeps its instance; the exception is the store's.
        let catches = unsafe {
            tag.is_none_or(|tag| {
                let vm = frame.instance();
                core::ptr::eq(exn_tag(vm, exn), *(*vm).tags.add(tag as usize))
            })
        };
        if catches {
            return Some(landing);
        }
    }
    None
}

/// The frames of machine code.
pub struct MachineFrames;

/// Calls a function with every frame of an activation, innermost first, until it says `false`.
unsafe fn each(frames: &Frames<'_>, mut f: impl FnMut(Frame, &Place) -> bool) {
    if frames.machine_exit.pc == 0 {
        return;
    }
    let mut frame = Frame::of(frames.machine_exit);
    loop {
        let place = frame.place();
        if place.function.kind == Kind::Entry || !f(frame, &place) {
            return;
        }
        // SAFETY: not the outermost frame yet.
        frame = unsafe { frame.caller() };
    }
}

impl Walk for MachineFrames {
    unsafe fn visit_roots(&self, frames: Frames<'_>, visit: &mut dyn FnMut(*mut u64)) {
        // SAFETY: frames are alive, and their slots are as the stack maps say.
        unsafe {
            each(&frames, |frame, place| {
                if let Some(call) = place.tables.call(place.offset(frame.pc)) {
                    for offset in place.tables.map_of(call) {
                        let slot = frame.fp.wrapping_add_signed(offset as isize) as *mut u32;
                        let mut value = u64::from(*slot);
                        visit(&raw mut value);
                        *slot = value as u32;
                    }
                }
                true
            });
        }
    }

    unsafe fn visit_frames(&self, frames: Frames<'_>, visit: &mut dyn FnMut(RawFrame) -> bool) {
        // SAFETY: frames are alive.
        unsafe {
            each(&frames, |frame, place| match place.function.kind {
                Kind::Function(func) => {
                    let instance = frame.instance();
                    let location = place.tables.location(place.offset(frame.pc - 1));
                    // Elsewhere than in this function, if something was inlined.
                    let func = Inlined::index(location).is_none().then_some(func);
                    place.tables.places(location).all(|offset| {
                        visit(RawFrame {
                            instance,
                            func,
                            offset,
                            tier: place.function.tier(),
                        })
                    })
                }
                _ => true,
            });
        }
    }

    unsafe fn instance(&self, frames: Frames<'_>) -> *mut Instance {
        let mut instance = core::ptr::null_mut();
        // SAFETY: frames are alive.
        unsafe {
            each(&frames, |frame, place| {
                let is_function = matches!(place.function.kind, Kind::Function(_));
                if is_function {
                    instance = frame.instance();
                }
                !is_function
            });
        }
        instance
    }
}
