//! Arguments, standard streams, exit, threads.

use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::world::*;
use tierra_wasi::*;

#[test]
fn every_function_is_in_the_table() {
    assert_eq!(FUNCTION_NAMES.len(), 46);
    let unique: std::collections::BTreeSet<_> = FUNCTION_NAMES.iter().collect();
    assert_eq!(unique.len(), 46);
}

#[test]
fn threads_can_share_a_process() {
    fn shared<T: Send + Sync>() {}
    shared::<Wasi>();
    shared::<WasiThread>();
}

#[test]
fn a_default_process_has_nothing() {
    let mut thread = Thread::new(Wasi::builder().build().unwrap());
    for get in [Wasi::args_sizes_get, Wasi::environ_sizes_get] {
        let mut call = Call::new(&mut thread.memory, Abi::Preview1);
        assert_eq!(
            get(&thread.wasi, &mut call, OUT, OUT + 4),
            Ok(Errno::Success)
        );
        assert_eq!((thread.u32(OUT), thread.u32(OUT + 4)), (0, 0));
    }
    assert_eq!(thread.read(0, 10).unwrap(), b"");
    assert_eq!(thread.write(1, b"x"), Ok(1));
    assert_eq!(thread.write(0, b"x"), Err(Errno::Notcapable));
    assert_eq!(thread.read(1, 1), Err(Errno::Notcapable));
    for fd in 3..10 {
        assert_eq!(call!(thread, fd_prestat_get(fd, OUT)), Err(Errno::Badf));
        assert_eq!(call!(thread, fd_fdstat_get(fd, OUT)), Err(Errno::Badf));
    }
}

#[test]
fn arguments_and_environment() {
    let builder = Wasi::builder()
        .args(["prog", "ä b", ""])
        .env("A", "1")
        .env("B", "x=y");
    let mut thread = Thread::new(builder.env("A", "2").build().unwrap());
    call!(thread, args_sizes_get(OUT, OUT + 4)).unwrap();
    assert_eq!((thread.u32(OUT), thread.u32(OUT + 4)), (3, 11));
    call!(thread, args_get(OUT, BUFFER)).unwrap();
    assert_eq!(thread.get(BUFFER, 11), "prog\0ä b\0\0".as_bytes());
    assert_eq!(thread.u32(OUT + 4), BUFFER as u32 + 5);
    call!(thread, environ_get(OUT, BUFFER)).unwrap();
    assert_eq!(thread.get(BUFFER, 10), b"B=x=y\0A=2\0");
}

#[test]
fn strings_that_cannot_be_passed() {
    assert!(Wasi::builder().arg("a\0b").build().is_err());
    assert!(Wasi::builder().env("A", "\0").build().is_err());
    assert!(Wasi::builder().env("A=B", "").build().is_err());
    assert!(Wasi::builder().env("", "x").build().is_err());
}

#[test]
fn names_of_preopens() {
    let mut w = World::new(Access::ReadOnly);
    call!(w.thread, fd_prestat_get(DIR, OUT)).unwrap();
    assert_eq!((w.thread.u32(OUT), w.thread.u32(OUT + 4)), (0, 1));
    call!(w.thread, fd_prestat_dir_name(DIR, BUFFER, 1)).unwrap();
    assert_eq!(w.thread.get(BUFFER, 1), b"/");
    let short = call!(w.thread, fd_prestat_dir_name(DIR, BUFFER, 0));
    assert_eq!(short, Err(Errno::Nametoolong));
    assert_eq!(
        call!(w.thread, fd_prestat_dir_name(0, BUFFER, 9)),
        Err(Errno::Badf)
    );
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(3);
        self.0.lock().unwrap().extend_from_slice(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn custom_streams() {
    let written = Shared::default();
    let wasi = Wasi::builder()
        .stdin(Stdin::Reader(Box::new(io::repeat(7))))
        .stderr(Stdout::Writer(Box::new(written.clone())))
        .build()
        .unwrap();
    let mut thread = Thread::new(wasi);
    assert_eq!(thread.read(0, 5).unwrap(), [7; 5]);
    assert_eq!(
        thread.write(2, b"hello"),
        Ok(3),
        "as much as the writer took"
    );
    assert_eq!(*written.0.lock().unwrap(), b"hel");
    call!(thread, fd_fdstat_get(2, OUT)).unwrap();
    assert_eq!(thread.get(OUT, 1), [0], "no terminal");
}

#[test]
fn exit_is_for_the_whole_process_and_the_first_wins() {
    let wasi = Wasi::builder().build().unwrap();
    let mut thread = Thread::new(wasi.clone());
    let mut call = Call::new(&mut thread.memory, Abi::Preview1);
    assert_eq!(wasi.proc_exit(&mut call, 7), Err(Stop::Exit(7)));
    assert_eq!(wasi.proc_exit(&mut call, 8), Err(Stop::Interrupted));
    assert_eq!(wasi.sched_yield(&mut call), Err(Stop::Interrupted));
    assert!(!wasi.end(ExitStatus::Trapped("late".into())));
    assert_eq!(wasi.status(), Some(&ExitStatus::Exited(7)));
    let late = Arc::new(FlagInterrupt::new().unwrap());
    let _registration = wasi.register(late.clone());
    assert!(late.pending(), "registered too late, stopped at once");
}

#[test]
fn signals() {
    let wasi = Wasi::builder().build().unwrap();
    let mut thread = Thread::new(wasi.clone());
    for (signal, result) in [
        (0, Ok(Errno::Success)),
        (16, Ok(Errno::Success)),
        (18, Ok(Errno::Notsup)),
        (31, Ok(Errno::Inval)),
        (-1, Ok(Errno::Inval)),
        (6, Err(Stop::Exit(134))),
    ] {
        let mut call = Call::new(&mut thread.memory, Abi::Preview1);
        assert_eq!(wasi.proc_raise(&mut call, signal), result, "{signal}");
    }
}

/// A sibling that waits in a read, or sleeps, stops when another thread exits.
#[test]
fn exit_stops_waiting_siblings() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let wasi = Wasi::builder().preopen_listener(listener).build().unwrap();
    let (sender, receiver) = mpsc::channel();
    for which in 0..2 {
        let (wasi, sender) = (wasi.clone(), sender.clone());
        std::thread::spawn(move || {
            let mut thread = Thread::new(wasi);
            let _registration = thread.wasi.register(thread.memory.interrupt.clone());
            thread.memory.bytes[BUFFER as usize + 24..][..8].fill(0xff);
            let wasi = thread.wasi.clone();
            let mut call = Call::new(&mut thread.memory, Abi::Preview1);
            let result = match which {
                0 => wasi.sock_accept(&mut call, DIR, 0, OUT),
                _ => wasi.poll_oneoff(&mut call, BUFFER, BUFFER + 4096, 1, OUT),
            };
            sender.send(result).unwrap();
        });
    }
    std::thread::sleep(Duration::from_millis(50));
    let mut main = Thread::new(wasi.clone());
    let mut call = Call::new(&mut main.memory, Abi::Preview1);
    assert_eq!(wasi.proc_exit(&mut call, 3), Err(Stop::Exit(3)));
    for _ in 0..2 {
        let result = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(result, Err(Stop::Interrupted));
    }
}

/// Runs a thread as an engine's adapter would.
struct Spawner(Mutex<Vec<std::thread::JoinHandle<()>>>);

impl ThreadSpawner for Spawner {
    fn spawn(&self, thread: WasiThread, start_arg: i32) -> Result<(), Errno> {
        match start_arg {
            -1 => return Err(Errno::Nomem),
            -2 => {
                thread.trapped("unreachable".into());
                return Ok(());
            }
            _ => {}
        }
        let interrupt = Arc::new(FlagInterrupt::new().unwrap());
        let handle = std::thread::spawn(move || {
            let _registration = thread.process().register(interrupt.clone());
            while !interrupt.pending() {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        self.0.lock().unwrap().push(handle);
        Ok(())
    }
}

#[test]
fn threads() {
    let wasi = Wasi::builder().max_threads(3).build().unwrap();
    let spawner = Spawner(Mutex::default());
    assert_eq!(wasi.thread_spawn(&spawner, 0), Ok(1));
    assert_eq!(
        wasi.thread_spawn(&spawner, -1),
        Ok(-i32::from(Errno::Nomem.code()))
    );
    assert_eq!(
        wasi.thread_spawn(&spawner, 0),
        Ok(3),
        "numbers aren't reused at once"
    );
    assert_eq!(wasi.thread_spawn(&spawner, 0), Ok(4));
    assert_eq!(
        wasi.thread_spawn(&spawner, 0),
        Ok(-i32::from(Errno::Again.code())),
        "limit"
    );
    assert_eq!(wasi.live_threads(), 3);
    wasi.end(ExitStatus::Exited(0));
    wasi.join_threads();
    assert_eq!(wasi.thread_spawn(&spawner, 0), Err(Stop::Interrupted));
    for handle in spawner.0.into_inner().unwrap() {
        handle.join().unwrap();
    }
}

#[test]
fn a_trap_in_a_thread_ends_the_process() {
    let wasi = Wasi::builder().build().unwrap();
    let interrupt = Arc::new(FlagInterrupt::new().unwrap());
    let _registration = wasi.register(interrupt.clone());
    wasi.thread_spawn(&Spawner(Mutex::default()), -2).unwrap();
    assert!(interrupt.pending());
    assert_eq!(
        wasi.status(),
        Some(&ExitStatus::Trapped("unreachable".into()))
    );
    assert_eq!(wasi.live_threads(), 0);
}
