//! The structures that guest code of every tier reads: their layout is the contract between
//! tiers (DESIGN §3), so they are `repr(C)` and told once, here.
//!
//! Values live in *slots* of 8 bytes, untagged; a `v128` takes two; `i32` and `f32` are
//! zero-extended. References outside of the heap are, in a slot, a pointer to a [`FuncRef`] for
//! the `func` hierarchy and a 32-bit heap offset for all others; null is 0 for both.
//!
//! Instances, records and function references are never freed or moved before their store is
//! dropped: guest code holds raw pointers to them.

use crate::StoreCore;
use core::cell::Cell;
use core::ptr::{NonNull, null, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use tierra_core::index::{FuncIdx, TypeId};

/// How a call into guest code or into a host function ended. What there is to know about an end
/// other than `Done` waits in the store ([`StoreCore::pending`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
#[must_use]
pub enum Status {
    /// Results are in the slots.
    Done = 0,
    /// The guest trapped.
    Trap = 1,
    /// An exception of the guest is on its way up.
    Throw = 2,
    /// The guest asked to end (`proc_exit`), a host function failed or panicked: nothing that
    /// the guest could catch.
    Host = 3,
    /// The function ended with a call of one that another tier runs: [`ExecContext::tail_call`].
    /// Its arguments are in the slots. Only tiers see it, never the host.
    TailCall = 4,
}

/// The one signature under which Rust code is called by guest code, and guest code by Rust.
///
/// `slots` holds the parameters at the call and the results after it; it has room for the
/// larger of the two.
pub type HostFn =
    unsafe extern "C" fn(exec: *const ExecContext, env: *mut Instance, slots: *mut u64) -> Status;

/// How Rust enters the machine code of a function: as [`HostFn`], with the record.
pub type EnterMachine = unsafe extern "C" fn(
    exec: *const ExecContext,
    instance: *mut Instance,
    slots: *mut u64,
    record: *const FuncRecord,
) -> Status;

/// Where machine code goes on after a call into Rust that ended otherwise than well: there, once
/// the call has returned.
pub type LeaveMachine = unsafe extern "C" fn(exec: *const ExecContext, status: Status);

/// The stable identity of a function's code, shared by all instances of its module. Entries are
/// cells: a tier publishes better code by one store.
#[repr(C)]
pub struct FuncRecord {
    /// Interpreter code: points at the header of translated code, never null. At first a stub
    /// whose frame is too large for any stack, so that the first call takes the slow path and
    /// translates.
    pub interp_code: AtomicPtr<u64>,
    /// Machine code under the machine-code ABI. In a store with a [`MachineTier`] it is never
    /// null once a function reference names the record: a function without machine code of its
    /// own has the [first entry](crate::MachineTier::first_entry), and after the first call the
    /// adapter of its type.
    ///
    /// [`MachineTier`]: crate::MachineTier
    pub machine_entry: AtomicPtr<u8>,
    /// Machine code that takes arguments from slots and calls `machine_entry`; null while the
    /// function has no machine code of its own.
    pub machine_adapter: AtomicPtr<u8>,
    /// Counts down to the next tier.
    pub budget: AtomicI32,
    /// How often the function was called in code of one pass that counts, modulo 2^32.
    pub calls: AtomicU32,
    /// The function's index in its module; 0 for a host function.
    pub index: FuncIdx,
    /// Slots of all parameters.
    pub param_slots: u32,
    /// Slots of all results.
    pub result_slots: u32,
    /// The host function, if it is one.
    pub host: Option<HostFn>,
    /// The host function under the convention of builtins, `(environment, parameters…) -> result`
    /// in registers, if it has one: an end other than well goes to
    /// [`ExecContext::leave_machine`].
    pub host_direct: Option<NonNull<()>>,
    /// What the tier keeps for the module of this function (opaque here); null for a host
    /// function.
    pub owner: *const (),
}

// SAFETY: the mutable parts are atomics; `owner` points to data that is `Sync` and outlives the
// record, as the tier that sets it guarantees.
unsafe impl Send for FuncRecord {}
// SAFETY: as above.
unsafe impl Sync for FuncRecord {}

/// A function with its instance: what a `funcref` points to. Stable until the store is dropped.
#[repr(C)]
pub struct FuncRef {
    /// The code.
    pub record: *const FuncRecord,
    /// The instance that the code runs in. For a host function: a [`HostEnv`], which begins
    /// with a valid instance without memories.
    pub instance: *mut Instance,
    /// The canonical type.
    pub type_id: TypeId,
    /// The index in the store's table of function references that heap objects use; 0 while it
    /// has none.
    pub heap_index: Cell<u32>,
}

/// A type id that no type has: a call through an entry that holds it misses.
pub const NO_TYPE: TypeId = TypeId(u32::MAX);

/// An entry of a table of functions: a copy of what [`FuncRef`] says, so that an indirect call
/// reads one cache line.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct TableFunc {
    /// The code; null for null.
    pub record: *const FuncRecord,
    /// The instance; null for null.
    pub instance: *mut Instance,
    /// The type; [`NO_TYPE`] for null.
    pub type_id: TypeId,
    /// The function reference; null for null.
    pub funcref: *const FuncRef,
}

impl TableFunc {
    /// The entry of a null reference.
    pub const NULL: TableFunc = TableFunc {
        record: null(),
        instance: null_mut(),
        type_id: NO_TYPE,
        funcref: null(),
    };

    /// The entry of a function reference.
    ///
    /// # Safety
    /// `funcref` is null or points to a function reference of a live store.
    pub unsafe fn new(funcref: *const FuncRef) -> Self {
        // SAFETY: the caller's.
        match unsafe { funcref.as_ref() } {
            None => Self::NULL,
            Some(f) => Self {
                record: f.record,
                instance: f.instance,
                type_id: f.type_id,
                funcref,
            },
        }
    }
}

/// What guest code sees of a table. Elements are [`TableFunc`] entries for the `func`
/// hierarchy, else slots.
#[repr(C)]
pub struct TableDef {
    /// The first element.
    pub base: *mut u8,
    /// The number of elements.
    pub len: usize,
}

/// What guest code sees of a memory.
#[repr(C)]
pub struct MemoryDef {
    /// The first byte. It moves only in memories that are not shared, and only by growth.
    pub base: *mut u8,
    /// The size in bytes. Other threads may grow a shared memory: a stale value is too small,
    /// so whoever finds an access out of bounds reads it again before it traps.
    pub len: AtomicUsize,
}

/// The value of a global: one slot, or two for a `v128`.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub struct GlobalCell(pub [u64; 2]);

/// A tag. Its address is its identity.
#[repr(C)]
pub struct TagDef {
    /// The canonical function type.
    pub type_id: TypeId,
}

/// The instance as guest code sees it: the one pointer that is passed along.
#[repr(C)]
pub struct Instance {
    /// The execution context of the stack that runs it.
    pub exec: *const ExecContext,
    /// Memory 0; an empty memory if there is none.
    pub memory0: *mut MemoryDef,
    /// Every memory.
    pub memories: *const *mut MemoryDef,
    /// Every global.
    pub globals: *const *mut GlobalCell,
    /// Every table.
    pub tables: *const *mut TableDef,
    /// Every function.
    pub funcs: *const *const FuncRef,
    /// Every tag.
    pub tags: *const *mut TagDef,
    /// The canonical id of each of the module's types.
    pub type_ids: *const TypeId,
    /// What the host keeps for the instance; null in a [`HostEnv`].
    pub data: *const crate::InstanceData,
}

/// What a host function runs in.
#[repr(C)]
pub struct HostEnv {
    /// An instance without anything, so that callers can treat all callees alike.
    pub instance: Instance,
    /// The closure, as the code of the host function knows it.
    pub closure: *mut (),
    /// The canonical type of the host function.
    pub type_id: TypeId,
}

/// Why a running guest has to stop at its next poll.
pub mod reason {
    /// The deadline passed or the host interrupted.
    pub const INTERRUPT: u32 = 1 << 0;
    /// The process that the thread belongs to ended.
    pub const PROCESS_ENDED: u32 = 1 << 1;
    /// Somebody wants to know where it stands: it goes on afterwards.
    pub const SAMPLE: u32 = 1 << 2;
}

/// One stack of one store on which guest code runs.
///
/// It is shared (`Arc`) between the store and the handles that interrupt it. Other threads touch
/// nothing but the atomics; all cells belong to the thread that runs the store.
#[repr(C)]
pub struct ExecContext {
    /// Native stack addresses below this one are out of bounds for machine code.
    pub stack_limit: AtomicUsize,
    /// Interpreter frames end at or below this address. An interrupter stores 0, which no frame
    /// satisfies: the stack check is the poll.
    pub interp_limit: AtomicUsize,
    /// Why the limits are impossible ([`reason`]).
    pub reasons: AtomicU32,
    /// What is left of the store's fuel.
    pub fuel: Cell<i64>,
    /// The first byte of the garbage-collected heap: references are offsets from here.
    pub heap_base: Cell<*mut u8>,
    /// The store.
    pub store: Cell<*mut StoreCore>,
    /// The innermost entry into guest code.
    pub activation: Cell<*mut Activation>,
    /// The first interpreter slot that no frame uses: the next entry puts its parameters here.
    pub interp_top: Cell<*mut u64>,
    /// The bounds of the interpreter's stack.
    pub interp_stack: Cell<(*mut u64, *mut u64)>,
    /// How many host functions are on the native stack below. Whoever samples reads it, too.
    pub host_depth: AtomicU32,
    /// What a run that ended with [`Status::TailCall`] is to go on with.
    pub tail_call: Cell<(*const FuncRecord, *mut Instance)>,
    /// How to enter machine code, if a tier makes some.
    pub enter_machine: Cell<Option<EnterMachine>>,
    /// How a function that machine code called directly ends its run.
    pub leave_machine: Cell<Option<LeaveMachine>>,
    /// Pointers to what machine code calls, by [`Builtin`](crate::builtins::Builtin).
    pub builtins: Cell<*const ()>,
    /// Where machine code stood when it last left to Rust: innermost activation's.
    pub machine_exit: Cell<MachineExit>,
    /// Where machine code goes on after a builtin that did not end well.
    pub resume: Cell<Resume>,
    /// The lowest address of the native stack that machine code may use.
    pub native_limit: Cell<usize>,
    /// The native stack of machine code: its lowest address and its end.
    pub native_stack: Cell<(usize, usize)>,
    /// The state of a function that is about to go on in better code (on-stack replacement), in
    /// the order of [`tierra_core::frame`]. Between writing and reading it nothing runs that could
    /// collect or write another one: it is no root.
    pub osr_buffer: Cell<*mut u64>,
    /// For how many ticks of a clock the next sample stands, and how deep in host functions the
    /// guest was at the last one.
    pub sample_ticks: AtomicU32,
    /// See above.
    pub sample_depth: AtomicU32,
}

/// Where machine code stands that has left to Rust.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MachineExit {
    /// The frame pointer of the function that left.
    pub fp: usize,
    /// The return address of the call by which it left, or the address of the instruction that
    /// faulted.
    pub pc: usize,
}

/// Where machine code goes on.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Resume {
    /// The instruction; 0 for behind the call.
    pub pc: usize,
    /// The frame pointer.
    pub fp: usize,
    /// The stack pointer.
    pub sp: usize,
    /// What is in the first result register.
    pub value: usize,
    /// What is in the first two parameter registers: only code that goes on at a function's entry
    /// looks at them.
    pub params: [usize; 2],
}

// SAFETY: the cells are only touched by the thread that holds the store exclusively; everybody
// else uses the atomics, through `interrupt`.
unsafe impl Send for ExecContext {}
// SAFETY: as above.
unsafe impl Sync for ExecContext {}

impl ExecContext {
    /// A context without a stack.
    pub const fn new() -> Self {
        Self {
            stack_limit: AtomicUsize::new(0),
            interp_limit: AtomicUsize::new(0),
            reasons: AtomicU32::new(0),
            fuel: Cell::new(0),
            heap_base: Cell::new(null_mut()),
            store: Cell::new(null_mut()),
            activation: Cell::new(null_mut()),
            interp_top: Cell::new(null_mut()),
            interp_stack: Cell::new((null_mut(), null_mut())),
            host_depth: AtomicU32::new(0),
            tail_call: Cell::new((null(), null_mut())),
            enter_machine: Cell::new(None),
            leave_machine: Cell::new(None),
            builtins: Cell::new(core::ptr::null()),
            machine_exit: Cell::new(MachineExit { fp: 0, pc: 0 }),
            resume: Cell::new(Resume {
                pc: 0,
                fp: 0,
                sp: 0,
                value: 0,
                params: [0; 2],
            }),
            native_limit: Cell::new(0),
            native_stack: Cell::new((0, 0)),
            osr_buffer: Cell::new(null_mut()),
            sample_ticks: AtomicU32::new(0),
            sample_depth: AtomicU32::new(0),
        }
    }

    /// Makes the guest stop at its next poll. Any thread may call it.
    pub fn interrupt(&self, reason: u32) {
        self.reasons.fetch_or(reason, Ordering::SeqCst);
        self.interp_limit.store(0, Ordering::SeqCst);
        self.stack_limit.store(usize::MAX, Ordering::SeqCst);
    }

    /// Puts the real limits in place again, unless a reason stands against it: whoever installs
    /// a limit reads the reasons once more after it.
    pub fn install_limits(&self) {
        self.interp_limit
            .store(self.interp_stack.get().1 as usize, Ordering::SeqCst);
        self.stack_limit
            .store(self.native_limit.get(), Ordering::SeqCst);
        let reasons = self.reasons.load(Ordering::SeqCst);
        if reasons != 0 {
            self.interrupt(reasons);
        }
    }

    /// Takes the reasons for which the guest was stopped and installs the limits again.
    pub fn take_reasons(&self) -> u32 {
        let reasons = self.reasons.swap(0, Ordering::SeqCst);
        self.install_limits();
        reasons
    }

    /// The store that this context runs.
    pub fn store(&self) -> NonNull<StoreCore> {
        NonNull::new(self.store.get()).expect("a context is used after its store is set")
    }
}

impl Default for ExecContext {
    fn default() -> Self {
        Self::new()
    }
}

/// One entry into guest code. It is kept by the entering Rust function and linked from the
/// context; walks of the stack go from activation to activation.
pub struct Activation {
    /// The entry below.
    pub previous: *mut Activation,
    /// Whose frames it has.
    pub tier: &'static dyn crate::Walk,
    /// The interpreter: the frame pointer of the first frame of this entry.
    pub entry_sp: *mut u64,
    /// The interpreter: where guest code stood when it last left to Rust: the word after the
    /// instruction.
    pub exit_ip: Cell<*const u64>,
    /// The interpreter: the frame that it left from.
    pub exit_sp: Cell<*mut u64>,
    /// The interpreter: the instance that it left from.
    pub exit_instance: Cell<*mut Instance>,
    /// [`ExecContext::machine_exit`] at the entry: where the activation below stands, if it is
    /// machine code.
    pub outer_exit: MachineExit,
}
