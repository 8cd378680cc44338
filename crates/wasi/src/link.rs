//! The functions as imports of guests that Tierra runs.
//!
//! A host call takes the typed path of the linker, and neither allocates nor counts references:
//! memory is borrowed as a slice, beside the host's data with the [`WasiHandle`] in it, and the
//! handle remembers which memory is whose. Only a shared memory is copied from and to by calls.

use std::sync::Arc;

use tierra::{
    Caller, Error, Exit, Extern, Instance, InterruptHandle, Linker, Memory, Result, SharedMemory,
    Trap,
};

use crate::abi::Abi;
use crate::errno::Errno;
use crate::guest::{Call, Guest, Interrupt, Stop};
use crate::process::{Registration, Wasi};
use crate::threads::ThreadSpawner;

/// One thread of a process, as a part of its store's data.
///
/// A store that WASI is linked into has one, which [`add_to_linker`] is told how to find.
pub struct WasiHandle {
    wasi: Arc<Wasi>,
    pub(crate) spawner: Option<Arc<dyn ThreadSpawner + Send + Sync>>,
    attached: Option<Attached>,
    memory: Option<GuestMemory>,
    imported: Option<SharedMemory>,
}

/// What stops the store, known to the process.
struct Attached {
    interrupt: Arc<StoreInterrupt>,
    _registration: Registration,
}

/// The memory of the instance that called last.
struct GuestMemory {
    instance: Instance,
    place: Place,
}

enum Place {
    Own(Memory),
    Shared(SharedMemory),
}

impl WasiHandle {
    /// A thread of a process.
    pub fn new(wasi: Arc<Wasi>) -> WasiHandle {
        WasiHandle {
            wasi,
            spawner: None,
            attached: None,
            memory: None,
            imported: None,
        }
    }

    /// The process.
    pub fn process(&self) -> &Arc<Wasi> {
        &self.wasi
    }

    /// Lets the end of the process stop the guest of this handle's store, from now on. The
    /// guest's first call of WASI does it, too; threads that may never call need it.
    pub fn attach(&mut self, interrupt: InterruptHandle) {
        let interrupt = Arc::new(StoreInterrupt(interrupt));
        self.attached = Some(Attached {
            _registration: self.wasi.register(interrupt.clone()),
            interrupt,
        });
    }

    /// The memory of guests that export none: one that they import.
    pub fn set_memory(&mut self, memory: SharedMemory) {
        self.imported = Some(memory);
    }

    /// Why a guest must not continue, as an error that ends it.
    pub(crate) fn stopped(&self, stop: Stop) -> Error {
        match stop {
            Stop::Exit(code) => Exit(code.cast_signed()).into(),
            Stop::Interrupted if self.wasi.status().is_some() => Trap::ProcessEnded.into(),
            Stop::Interrupted => Trap::Interrupted.into(),
        }
    }

    fn remembers(&self, instance: Instance) -> bool {
        self.memory
            .as_ref()
            .is_some_and(|memory| memory.instance == instance)
    }
}

/// A store's interruption. It has no descriptor to wait for: calls that wait look at it every
/// hundredth of a second.
pub(crate) struct StoreInterrupt(pub(crate) InterruptHandle);

impl Interrupt for StoreInterrupt {
    fn pending(&self) -> bool {
        self.0.is_pending()
    }

    fn raise(&self) {
        self.0.interrupt();
    }
}

/// Defines the functions of `wasi_snapshot_preview1` and `wasi_unstable`. `get` finds the handle
/// in the data of a store.
///
/// A guest's memory is what the instance that calls exports as `memory`. `proc_exit` ends the
/// guest with the error [`tierra::Exit`]; a call that is stopped ends it with
/// [`Trap::Interrupted`], or [`Trap::ProcessEnded`] if another thread ended the process.
///
/// ```
/// use tierra::{Engine, Linker, Module, Store};
/// use tierra_wasi::{OutputPipe, Stdout, Wasi, WasiHandle};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (import "wasi_snapshot_preview1" "fd_write"
///         (func $write (param i32 i32 i32 i32) (result i32)))
///     (memory (export "memory") 1)
///     (data (i32.const 0) "\08\00\00\00\03\00\00\00hi\n")
///     (func (export "_start")
///         (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#)?;
/// let output = OutputPipe::new();
/// let wasi = Wasi::builder().stdout(Stdout::Pipe(output.clone())).build()?;
///
/// let mut linker = Linker::new(&engine);
/// tierra_wasi::add_to_linker(&mut linker, |wasi: &mut WasiHandle| wasi)?;
/// let mut store = Store::new(&engine, WasiHandle::new(wasi));
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&store, "_start")?.call(&mut store, ())?;
/// assert_eq!(output.take(), b"hi\n");
/// # Ok::<(), tierra::Error>(())
/// ```
///
/// # Errors
/// When one of the names is taken.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiHandle + Copy + Send + Sync + 'static,
) -> Result<()> {
    macro_rules! define {
        ([] $($module:ident::$name:ident($($p:ident: $t:ident),*) -> $r:ident;)*) => {
            for abi in Abi::ALL {
                $(linker.func_wrap(
                    abi.module(),
                    stringify!($name),
                    move |mut caller: Caller<'_, T> $(, $p: $t)*| -> define!(@result $r) {
                        let errno = call(&mut caller, get, abi, |wasi, call| wasi.$name(call $(, $p)*))?;
                        define!(@return $r errno)
                    },
                )?;)*
            }
        };
        (@result errno) => { Result<i32> };
        (@result never) => { Result<()> };
        (@return errno $errno:ident) => { Ok($errno.code().into()) };
        (@return never $errno:ident) => {{ let _ = $errno; Ok(()) }};
    }
    crate::for_each_wasi_function!(define);
    Ok(())
}

/// Makes one call on behalf of the guest.
#[inline]
fn call<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut WasiHandle,
    abi: Abi,
    function: impl FnOnce(&Wasi, &mut Call<'_>) -> std::result::Result<Errno, Stop>,
) -> Result<Errno> {
    let own = prepare(caller, &get)?;
    let (bytes, data) = match own {
        Some(memory) => memory.data_and_store_mut(&mut *caller),
        None => (&mut [][..], caller.data_mut()),
    };
    let handle = get(data);
    let (Some(attached), Some(memory)) = (&handle.attached, &handle.memory) else {
        unreachable!("`prepare` leaves both");
    };
    let interrupt = &*attached.interrupt;
    let outcome = match &memory.place {
        Place::Own(_) => {
            let mut guest = Borrowed { bytes, interrupt };
            function(&handle.wasi, &mut Call::new(&mut guest, abi))
        }
        Place::Shared(memory) => {
            let mut guest = Shared { memory, interrupt };
            function(&handle.wasi, &mut Call::new(&mut guest, abi))
        }
    };
    outcome.map_err(|stop| handle.stopped(stop))
}

/// Leaves in the handle what stops the store, and the caller's memory; returns that memory if
/// it can be borrowed.
#[inline]
fn prepare<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: &impl Fn(&mut T) -> &mut WasiHandle,
) -> Result<Option<Memory>> {
    let instance = caller.instance();
    let handle = get(caller.data_mut());
    let known = instance.is_some_and(|instance| handle.remembers(instance));
    if !known || handle.attached.is_none() {
        look_up(caller, get, instance)?;
    }
    match get(caller.data_mut()).memory.as_ref().map(|m| &m.place) {
        Some(Place::Own(memory)) => Ok(Some(*memory)),
        _ => Ok(None),
    }
}

#[cold]
fn look_up<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: &impl Fn(&mut T) -> &mut WasiHandle,
    instance: Option<Instance>,
) -> Result<()> {
    let instance = instance.ok_or_else(|| {
        Error::msg("a WASI function was called by the host itself; its memory is a guest's")
    })?;
    let exported = caller.get_export("memory").and_then(Extern::into_memory);
    let shared = exported.and_then(|memory| memory.as_shared(&*caller));
    let interrupt = caller.interrupt_handle();
    let handle = get(caller.data_mut());
    let place = match (shared, exported, &handle.imported) {
        (Some(shared), _, _) => Place::Shared(shared),
        (None, Some(own), _) => Place::Own(own),
        (None, None, Some(imported)) => Place::Shared(imported.clone()),
        (None, None, None) => {
            return Err(Error::msg(
                "a module that calls WASI functions must export its memory as `memory`",
            ));
        }
    };
    handle.memory = Some(GuestMemory { instance, place });
    if handle.attached.is_none() {
        handle.attach(interrupt);
    }
    Ok(())
}

/// A guest with a memory that only its own thread touches.
struct Borrowed<'a> {
    bytes: &'a mut [u8],
    interrupt: &'a StoreInterrupt,
}

impl Borrowed<'_> {
    fn range(
        &self,
        address: u32,
        length: usize,
    ) -> std::result::Result<std::ops::Range<usize>, Errno> {
        let start = address as usize;
        let end = start.checked_add(length).ok_or(Errno::Fault)?;
        if end <= self.bytes.len() {
            Ok(start..end)
        } else {
            Err(Errno::Fault)
        }
    }
}

impl Guest for Borrowed<'_> {
    fn read(&self, address: u32, into: &mut [u8]) -> std::result::Result<(), Errno> {
        let range = self.range(address, into.len())?;
        into.copy_from_slice(&self.bytes[range]);
        Ok(())
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> std::result::Result<(), Errno> {
        let range = self.range(address, bytes.len())?;
        self.bytes[range].copy_from_slice(bytes);
        Ok(())
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn interrupt(&self) -> &dyn Interrupt {
        self.interrupt
    }
}

/// A guest with a memory that other threads use meanwhile.
struct Shared<'a> {
    memory: &'a SharedMemory,
    interrupt: &'a StoreInterrupt,
}

impl Guest for Shared<'_> {
    fn read(&self, address: u32, into: &mut [u8]) -> std::result::Result<(), Errno> {
        let read = self.memory.read(address.into(), into);
        read.map_err(|_| Errno::Fault)
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> std::result::Result<(), Errno> {
        let written = self.memory.write(address.into(), bytes);
        written.map_err(|_| Errno::Fault)
    }

    fn size(&self) -> u64 {
        self.memory.data_size() as u64
    }

    fn interrupt(&self) -> &dyn Interrupt {
        self.interrupt
    }
}
