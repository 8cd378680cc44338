//! wasi-threads for guests that Tierra runs: a thread is a store of its own with another
//! instance of the module, which shares the process and the imported memory.

use std::sync::Arc;
use std::thread;

use tierra::{Caller, Error, Instance, Linker, Result, Store};

use crate::errno::Errno;
use crate::link::WasiHandle;
use crate::process::{ExitStatus, Wasi};
use crate::threads::{ThreadSpawner, WasiThread};

/// Makes the stores in which threads of a process run.
pub trait ThreadHost: Send + Sync + 'static {
    /// The data of these stores.
    type Data: Send + 'static;

    /// A store for a new thread, with `wasi` in its data.
    fn store(&self, wasi: WasiHandle) -> Result<Store<Self::Data>>;

    /// Where the store's data has the handle.
    fn handle(data: &mut Self::Data) -> &mut WasiHandle;

    /// Instantiates the module in such a store, with the memory that all threads share.
    fn instantiate(&self, store: &mut Store<Self::Data>) -> Result<Instance>;
}

impl WasiHandle {
    /// Lets the guest start threads, which `host` has places for.
    #[must_use]
    pub fn with_threads<H: ThreadHost>(mut self, host: Arc<H>) -> WasiHandle {
        self.spawner = Some(Arc::new(Spawner(host)));
        self
    }
}

/// Defines `thread-spawn` of the module `wasi`. `get` finds the handle in the data of a store;
/// it must have been given a host for threads.
///
/// # Errors
/// When the name is taken.
pub fn add_threads_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiHandle + Copy + Send + Sync + 'static,
) -> Result<()> {
    linker.func_wrap(
        "wasi",
        "thread-spawn",
        move |mut caller: Caller<'_, T>, start_arg: i32| -> Result<i32> {
            let handle = get(caller.data_mut());
            let spawner = handle.spawner.clone();
            let spawner = spawner.ok_or_else(|| {
                Error::msg("this guest cannot start threads: its host made no place for them")
            })?;
            let started = handle.process().thread_spawn(&*spawner, start_arg);
            started.map_err(|stop| handle.stopped(stop))
        },
    )?;
    Ok(())
}

/// How a process ended, once its first thread has: other threads are stopped and waited for.
///
/// # Errors
/// The first thread's own error if that ended the process. If another thread's trap did, or the
/// embedder, the [`ExitStatus`].
pub fn finish(wasi: &Arc<Wasi>, outcome: Result<()>) -> Result<u32> {
    let decided = wasi.end(match &outcome {
        Ok(()) => ExitStatus::Exited(0),
        Err(error) => match error.exit_code() {
            Some(code) => ExitStatus::Exited(code.cast_unsigned()),
            None => ExitStatus::Trapped(error.to_string()),
        },
    });
    wasi.join_threads();
    match (wasi.status(), outcome) {
        (Some(ExitStatus::Exited(code)), _) => Ok(*code),
        (_, Err(error)) if decided => Err(error),
        (Some(status), _) => Err(Error::new(status.clone())),
        (None, _) => unreachable!("`end` leaves a status"),
    }
}

struct Spawner<H>(Arc<H>);

impl<H: ThreadHost> ThreadSpawner for Spawner<H> {
    fn spawn(&self, thread: WasiThread, start_arg: i32) -> std::result::Result<(), Errno> {
        let host = self.0.clone();
        thread::Builder::new()
            .name(format!("wasi-thread-{}", thread.id()))
            .spawn(move || {
                if let Err(error) = run(host, &thread, start_arg)
                    && thread.process().status().is_none()
                {
                    thread.trapped(format!("{error:?}"));
                }
            })
            .map_err(|_| Errno::Again)?;
        Ok(())
    }
}

/// Runs one thread from its start to its end.
fn run<H: ThreadHost>(host: Arc<H>, thread: &WasiThread, start_arg: i32) -> Result<()> {
    let handle = WasiHandle::new(thread.process().clone()).with_threads(host.clone());
    let mut store = host.store(handle)?;
    let interrupt = store.interrupt_handle();
    // Before any guest code: a process that ends meanwhile must stop this thread.
    H::handle(store.data_mut()).attach(interrupt);
    let instance = host.instantiate(&mut store)?;
    let start = instance.get_typed_func::<(i32, i32), ()>(&store, "wasi_thread_start")?;
    start.call(&mut store, (thread.id().cast_signed(), start_arg))
}
