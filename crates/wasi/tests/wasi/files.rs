//! Reading, writing, positions, attributes.

use crate::world::*;
use tierra_wasi::*;

fn opened(contents: &[u8]) -> (World, i32) {
    let mut w = World::new(Access::ReadWrite);
    std::fs::write(w.inside.join("file"), contents).unwrap();
    let fd = w.thread.open("file", 0, Rights::FILE).unwrap();
    (w, fd)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + i / 251) as u8).collect()
}

#[test]
fn scatter_and_gather_across_chunks() {
    let data = bytes(300_000);
    let (mut w, fd) = opened(&data);
    let t = &mut w.thread;
    let base = BUFFER as u32;
    let parts = [
        (base, 1),
        (base + 1, 0),
        (base + 1, 99_999),
        (base + 100_000, 150_000),
    ];
    let n = t.iovs(&parts);
    call!(*t, fd_read(fd, INPUT, n, OUT)).unwrap();
    assert_eq!(t.u32(OUT), 250_000);
    assert!(t.get(BUFFER, 250_000) == data[..250_000]);
    let n = t.iovs(&parts);
    call!(*t, fd_pwrite(fd, INPUT, n, 300_000, OUT)).unwrap();
    assert_eq!(t.u32(OUT), 250_000);
    assert!(std::fs::read(w.inside.join("file")).unwrap()[300_000..] == data[..250_000]);
}

#[test]
fn short_reads_at_the_end() {
    let (mut w, fd) = opened(b"hello");
    assert_eq!(w.thread.read(fd, 3).unwrap(), b"hel");
    assert_eq!(w.thread.read(fd, 300).unwrap(), b"lo");
    assert_eq!(w.thread.read(fd, 300).unwrap(), b"");
    let n = w.thread.iovs(&[(BUFFER as u32, 4)]);
    call!(w.thread, fd_pread(fd, INPUT, n, 1, OUT)).unwrap();
    assert_eq!(w.thread.get(BUFFER, 4), b"ello");
    assert_eq!(
        call!(w.thread, fd_pread(fd, INPUT, n, -1, OUT)),
        Err(Errno::Inval)
    );
}

#[test]
fn seeking() {
    let (mut w, fd) = opened(b"0123456789");
    let t = &mut w.thread;
    let mut seek =
        |delta: i64, whence: i32| call!(*t, fd_seek(fd, delta, whence, OUT)).map(|()| t.u64(OUT));
    assert_eq!(seek(3, 0), Ok(3));
    assert_eq!(seek(2, 1), Ok(5));
    assert_eq!(seek(-1, 2), Ok(9));
    assert_eq!(seek(-100, 1), Err(Errno::Inval));
    assert_eq!(seek(-1, 0), Err(Errno::Inval));
    assert_eq!(seek(0, 3), Err(Errno::Inval));
    call!(*t, fd_tell(fd, OUT)).unwrap();
    assert_eq!(t.u64(OUT), 9);
    assert_eq!(call!(*t, fd_seek(DIR, 0, 0, OUT)), Err(Errno::Isdir));
}

#[test]
fn appending_and_synchronizing() {
    let (mut w, _) = opened(b"start");
    let t = &mut w.thread;
    let fd = t.open_at(DIR, 0, "file", 0, Rights::FILE, 1 | 16).unwrap();
    t.write(fd, b"-end").unwrap();
    call!(*t, fd_seek(fd, 0, 0, OUT)).unwrap();
    assert_eq!(t.read(fd, 100).unwrap(), b"start-end");
    call!(*t, fd_fdstat_get(fd, OUT)).unwrap();
    assert_eq!((t.get(OUT, 1)[0], t.u16(OUT + 2)), (4, 17));
    assert_eq!(
        call!(*t, fd_fdstat_set_flags(fd, 0)),
        Err(Errno::Notsup),
        "sync is fixed"
    );
    assert_eq!(
        call!(*t, fd_fdstat_set_flags(fd, 1 << 9)),
        Err(Errno::Inval)
    );
    call!(*t, fd_fdstat_set_flags(fd, 16)).unwrap();
    call!(*t, fd_seek(fd, 0, 0, OUT)).unwrap();
    t.write(fd, b"S").unwrap();
    assert_eq!(std::fs::read(w.inside.join("file")).unwrap(), b"Start-end");
    call!(w.thread, fd_sync(fd)).unwrap();
    call!(w.thread, fd_datasync(fd)).unwrap();
    call!(w.thread, fd_sync(DIR)).unwrap();
}

#[test]
fn sizes_and_times() {
    let (mut w, fd) = opened(b"x");
    let t = &mut w.thread;
    call!(*t, fd_filestat_set_size(fd, 10)).unwrap();
    call!(*t, fd_allocate(fd, 5, 15)).unwrap();
    assert_eq!(call!(*t, fd_allocate(fd, 0, 0)), Err(Errno::Inval));
    assert!(call!(*t, fd_filestat_set_size(fd, -1)).is_err());
    call!(
        *t,
        fd_filestat_set_times(fd, 1_000_000_007, 2_000_000_009, 5)
    )
    .unwrap();
    call!(*t, fd_filestat_get(fd, OUT)).unwrap();
    assert_eq!(t.get(OUT + 16, 1)[0], 4);
    assert_eq!((t.u64(OUT + 24), t.u64(OUT + 32)), (1, 20));
    assert_eq!(
        (t.u64(OUT + 40), t.u64(OUT + 48)),
        (1_000_000_007, 2_000_000_009)
    );
    for flags in [3, 12, 16] {
        assert_eq!(
            call!(*t, fd_filestat_set_times(fd, 0, 0, flags)),
            Err(Errno::Inval)
        );
    }
    call!(*t, fd_filestat_set_times(fd, 0, 0, 2)).unwrap();
    call!(*t, fd_filestat_get(fd, OUT)).unwrap();
    assert!(t.u64(OUT + 40) > 1_600_000_000_000_000_000, "now");
    assert_eq!(t.u64(OUT + 48), 2_000_000_009, "left alone");
    for advice in 0..6 {
        call!(*t, fd_advise(fd, 0, 10, advice)).unwrap();
    }
    assert_eq!(call!(*t, fd_advise(fd, 0, 10, 6)), Err(Errno::Inval));
}

#[test]
fn creation_and_truncation() {
    let mut w = World::new(Access::ReadWrite);
    let t = &mut w.thread;
    assert_eq!(t.open("f", 0, Rights::FD_READ), Err(Errno::Noent));
    let fd = t.open("f", CREAT | EXCL, Rights::FD_WRITE).unwrap();
    t.write(fd, b"contents").unwrap();
    assert_eq!(
        t.open("f", CREAT | EXCL, Rights::FD_WRITE),
        Err(Errno::Exist)
    );
    let fd = t.open("f", CREAT, Rights::FD_READ).unwrap();
    assert_eq!(t.read(fd, 100).unwrap(), b"contents");
    t.open("f", TRUNC, Rights::NONE).unwrap();
    assert_eq!(t.read(fd, 100).unwrap(), b"");
    assert_eq!(t.open("f", 1 << 4, Rights::NONE), Err(Errno::Inval));
}

#[test]
fn links() {
    let mut w = World::new(Access::ReadWrite);
    let t = &mut w.thread;
    t.open("file", CREAT, Rights::NONE).unwrap();
    t.symlink("file", "link").unwrap();
    assert_eq!(t.readlink("link").unwrap(), "file");
    assert_eq!(t.readlink("file"), Err(Errno::Inval));
    assert_eq!(
        t.open_at(DIR, 0, "link", 0, Rights::NONE, 0),
        Err(Errno::Loop)
    );
    let n = t.put(INPUT, b"link");
    call!(*t, path_readlink(DIR, INPUT, n, BUFFER, 2, OUT)).unwrap();
    assert_eq!((t.u32(OUT), t.get(BUFFER, 2)), (2, b"fi".to_vec()));
    t.link((DIR, "file"), (DIR, "hard")).unwrap();
    t.stat("hard", 0).unwrap();
    assert_eq!(t.u64(OUT + 24), 2);
    assert_eq!(t.link((DIR, "file"), (DIR, "hard")), Err(Errno::Exist));
    t.unlink("link").unwrap();
    t.stat("file", 0).unwrap();
}

#[test]
fn renumbering() {
    let (mut w, fd) = opened(b"abc");
    let t = &mut w.thread;
    let other = t.open("file", 0, Rights::FILE).unwrap();
    call!(*t, fd_renumber(fd, other)).unwrap();
    call!(*t, fd_renumber(other, other)).unwrap();
    assert_eq!(call!(*t, fd_close(fd)), Err(Errno::Badf));
    assert_eq!(t.read(other, 100).unwrap(), b"abc");
    assert_eq!(call!(*t, fd_renumber(other, 77)), Err(Errno::Badf));
    assert_eq!(
        t.open("file", 0, Rights::FILE),
        Ok(fd),
        "the lowest free number"
    );
}

/// A pipe in the file system waits in reads and writes, not in being opened.
#[test]
#[cfg(target_os = "linux")]
fn named_pipes() {
    let mut w = World::new(Access::ReadWrite);
    let pipe = w.inside.join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let fd = w
        .thread
        .open("pipe", 0, Rights::FD_READ | Rights::POLL_FD_READWRITE)
        .unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::write(pipe, "through").unwrap();
    });
    assert_eq!(w.thread.read(fd, 100).unwrap(), b"through");
    writer.join().unwrap();
    assert_eq!(w.thread.read(fd, 100).unwrap(), b"", "the writer is gone");
    w.thread.set_times("pipe", FOLLOW).unwrap();

    // A read without a writer waits until it is stopped.
    let fd = w.thread.open("pipe", 0, Rights::FD_READ).unwrap();
    let interrupt = w.thread.memory.interrupt.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        interrupt.raise();
    });
    let n = w.thread.iovs(&[(BUFFER as u32, 1)]);
    let mut call = Call::new(&mut w.thread.memory, Abi::Preview1);
    assert_eq!(
        w.thread.wasi.fd_read(&mut call, fd, INPUT, n, OUT),
        Err(Stop::Interrupted)
    );
    stopper.join().unwrap();
}
