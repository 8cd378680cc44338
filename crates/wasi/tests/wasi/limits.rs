//! Numbers that a guest makes up.

use crate::world::*;
use tierra_wasi::*;

#[test]
fn scatter_lists() {
    let mut w = World::new(Access::ReadWrite);
    let t = &mut w.thread;
    let fd = t.open("file", CREAT, Rights::FILE).unwrap();
    assert_eq!(
        call!(*t, fd_write(fd, INPUT, 1025, OUT)),
        Err(Errno::Inval),
        "too many"
    );
    assert_eq!(call!(*t, fd_write(fd, INPUT, -1, OUT)), Err(Errno::Inval));
    assert_eq!(
        call!(*t, fd_read(fd, -4, 1, OUT)),
        Err(Errno::Fault),
        "list outside"
    );
    t.iovs(&[(0, SIZE as u32 + 1)]);
    assert_eq!(
        call!(*t, fd_read(fd, INPUT, 1, OUT)),
        Err(Errno::Fault),
        "part outside"
    );
    t.iovs(&[(u32::MAX, u32::MAX)]);
    assert_eq!(call!(*t, fd_write(fd, INPUT, 1, OUT)), Err(Errno::Fault));
    t.iovs(&[(BUFFER as u32, 4)]);
    assert_eq!(
        call!(*t, fd_write(fd, INPUT, 1, -2)),
        Err(Errno::Fault),
        "result outside"
    );
    assert_eq!(t.write(fd, b""), Ok(0));
    call!(*t, fd_write(fd, INPUT, 0, OUT)).unwrap();
    call!(*t, fd_filestat_get(fd, OUT)).unwrap();
    assert_eq!(t.u64(OUT + 32), 0, "nothing was written");
    t.iovs(&[(BUFFER as u32, 4); 100]);
    call!(*t, fd_write(fd, INPUT, 100, OUT)).unwrap();
    assert_eq!(t.u32(OUT), 400);
}

/// A memory that claims 4 GiB, so that a list can add up to more.
struct Vast(FlagInterrupt, Vec<u8>);

impl Guest for Vast {
    fn read(&self, address: u32, into: &mut [u8]) -> Result<(), Errno> {
        let start = address as usize;
        into.copy_from_slice(self.1.get(start..start + into.len()).ok_or(Errno::Fault)?);
        Ok(())
    }
    fn write(&mut self, _: u32, _: &[u8]) -> Result<(), Errno> {
        Ok(())
    }
    fn size(&self) -> u64 {
        1 << 32
    }
    fn interrupt(&self) -> &dyn Interrupt {
        &self.0
    }
}

#[test]
fn scatter_lists_that_overflow() {
    let wasi = Wasi::builder()
        .stdin(Stdin::Bytes(vec![1; 10]))
        .build()
        .unwrap();
    let list: Vec<u8> = [[0u8; 4], 0x8000_0000u32.to_le_bytes()].concat().repeat(2);
    let mut guest = Vast(FlagInterrupt::new().unwrap(), list);
    let mut call = Call::new(&mut guest, Abi::Preview1);
    assert_eq!(wasi.fd_read(&mut call, 0, 0, 2, 64), Ok(Errno::Inval));
    assert_eq!(wasi.fd_read(&mut call, 0, 0, 1, 64), Ok(Errno::Success));
}

#[test]
fn random_numbers_without_end() {
    let wasi = Wasi::builder().random_seed(1).build().unwrap();
    let mut guest = Vast(FlagInterrupt::new().unwrap(), Vec::new());
    let mut call = Call::new(&mut guest, Abi::Preview1);
    assert_eq!(
        wasi.random_get(&mut call, 1, -1),
        Ok(Errno::Success),
        "4 GiB, 64 KiB at a time"
    );
    assert_eq!(wasi.random_get(&mut call, 2, -1), Ok(Errno::Fault));
    guest.0.raise();
    let mut call = Call::new(&mut guest, Abi::Preview1);
    assert_eq!(wasi.random_get(&mut call, 0, -1), Err(Stop::Interrupted));
}

#[test]
fn random_numbers() {
    let numbers = |builder: WasiBuilder| {
        let mut thread = Thread::new(builder.build().unwrap());
        call!(thread, random_get(BUFFER, 100_003)).unwrap();
        assert_eq!(thread.get(BUFFER + 100_003, 1), [0]);
        thread.get(BUFFER, 100_003)
    };
    assert!(numbers(Wasi::builder()) != numbers(Wasi::builder()));
    assert!(numbers(Wasi::builder().random_seed(7)) == numbers(Wasi::builder().random_seed(7)));
    assert!(numbers(Wasi::builder().random_seed(7)) != numbers(Wasi::builder().random_seed(8)));
}

#[test]
fn descriptors_run_out() {
    let mut w = World::with(Access::ReadWrite, |builder| builder.max_descriptors(10));
    let t = &mut w.thread;
    for fd in 4..10 {
        assert_eq!(t.open("file", CREAT, Rights::NONE), Ok(fd));
    }
    assert_eq!(t.open("other", CREAT, Rights::NONE), Err(Errno::Mfile));
    assert_eq!(
        t.stat("other", 0),
        Err(Errno::Noent),
        "nothing was created in vain"
    );
    call!(*t, fd_close(5)).unwrap();
    assert_eq!(t.open("other", CREAT, Rights::NONE), Ok(5));
    for fd in [10, 1000, -1, i32::MIN] {
        assert_eq!(call!(*t, fd_close(fd)), Err(Errno::Badf));
    }
}

#[test]
fn subscriptions() {
    let mut thread = Thread::new(Wasi::builder().build().unwrap());
    for count in [0, -1, i32::MIN, 4097, 1 << 20] {
        let result = call!(thread, poll_oneoff(INPUT, BUFFER, count, OUT));
        assert_eq!(result, Err(Errno::Inval), "{count}");
    }
    let far = SIZE as i32 - 100;
    assert_eq!(
        call!(thread, poll_oneoff(INPUT, far, 4, OUT)),
        Err(Errno::Fault)
    );
    assert_eq!(
        call!(thread, poll_oneoff(far, BUFFER, 4, OUT)),
        Err(Errno::Fault)
    );
}

#[test]
fn results_outside_of_memory() {
    let mut w = World::with(Access::ReadWrite, |builder| {
        builder.arg("program").env("A", "b")
    });
    let t = &mut w.thread;
    let out = SIZE as i32 - 1;
    let fault = Err(Errno::Fault);
    assert_eq!(call!(*t, args_sizes_get(OUT, out)), fault);
    assert_eq!(call!(*t, args_get(OUT, out)), fault);
    assert_eq!(call!(*t, args_get(out, OUT)), fault);
    assert_eq!(call!(*t, environ_get(OUT, out)), fault);
    assert_eq!(call!(*t, clock_time_get(0, 0, out)), fault);
    assert_eq!(call!(*t, fd_fdstat_get(DIR, out)), fault);
    assert_eq!(call!(*t, fd_filestat_get(DIR, out)), fault);
    assert_eq!(call!(*t, fd_prestat_get(DIR, out)), fault);
    assert_eq!(call!(*t, fd_prestat_dir_name(DIR, -1, 1)), fault);
    assert_eq!(call!(*t, fd_readdir(DIR, out, 100, 0, OUT)), fault);
    assert_eq!(call!(*t, random_get(out, 2)), fault);
    let n = t.put(INPUT, b"file");
    assert_eq!(
        call!(*t, path_open(DIR, 0, INPUT, n, CREAT, 0, 0, 0, out)),
        fault
    );
    assert_eq!(
        t.stat("file", 0),
        Err(Errno::Noent),
        "nothing was created in vain"
    );
}

#[test]
fn captured_output_is_bounded() {
    let pipe = OutputPipe::with_limit(10);
    let wasi = Wasi::builder()
        .stdout(Stdout::Pipe(pipe.clone()))
        .build()
        .unwrap();
    let mut thread = Thread::new(wasi);
    assert_eq!(thread.write(1, b"0123456"), Ok(7));
    assert_eq!(thread.write(1, b"789ABC"), Ok(3));
    assert_eq!(thread.write(1, b"D"), Err(Errno::Nospc));
    assert_eq!(pipe.contents(), b"0123456789");
}
