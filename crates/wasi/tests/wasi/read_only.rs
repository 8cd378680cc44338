//! A directory that was handed over read-only: every change is refused.

use crate::world::*;
use tierra_wasi::*;

fn world() -> World {
    let w = World::new(Access::ReadOnly);
    std::fs::write(w.inside.join("file"), "contents").unwrap();
    std::fs::create_dir(w.inside.join("dir")).unwrap();
    w
}

#[test]
fn reading_works() {
    let mut w = world();
    let fd = w.thread.open("file", 0, Rights::FILE_READ).unwrap();
    assert_eq!(w.thread.read(fd, 100).unwrap(), b"contents");
    w.thread.stat("file", 0).unwrap();
    assert_eq!(w.thread.readdir(DIR, 4096).len(), 4);
}

#[test]
fn changes_by_path_are_refused() {
    let mut w = world();
    let t = &mut w.thread;
    let refused = Err(Errno::Notcapable);
    assert_eq!(t.open("new", CREAT, Rights::FD_READ).map(drop), refused);
    assert_eq!(t.open("new", CREAT | EXCL, Rights::NONE).map(drop), refused);
    assert_eq!(t.open("file", TRUNC, Rights::FD_READ).map(drop), refused);
    assert_eq!(t.open("file", 0, Rights::FD_WRITE).map(drop), refused);
    assert_eq!(
        t.open("file", 0, Rights::FD_READ | Rights::FD_WRITE)
            .map(drop),
        refused
    );
    assert_eq!(t.mkdir("new"), refused);
    assert_eq!(t.rmdir("dir"), refused);
    assert_eq!(t.unlink("file"), refused);
    assert_eq!(t.symlink("file", "new"), refused);
    assert_eq!(t.link((DIR, "file"), (DIR, "new")), refused);
    assert_eq!(t.rename((DIR, "file"), (DIR, "new")), refused);
    assert_eq!(t.set_times("file", 0), refused);
    assert_eq!(t.set_times("file", FOLLOW), refused);
    assert_eq!(call!(*t, fd_filestat_set_times(DIR, 0, 0, 5)), refused);
    assert_eq!(std::fs::read(w.inside.join("file")).unwrap(), b"contents");
    assert_eq!(std::fs::read_dir(&w.inside).unwrap().count(), 2);
}

#[test]
fn changes_by_descriptor_are_refused() {
    let mut w = world();
    let all = !Rights::FD_WRITE;
    let fd = w.thread.open("file", 0, all).unwrap();
    let t = &mut w.thread;
    let refused = Err(Errno::Notcapable);
    assert_eq!(t.write(fd, b"x").map(drop), refused);
    let n = t.iovs(&[(BUFFER as u32, 1)]);
    assert_eq!(call!(*t, fd_pwrite(fd, INPUT, n, 0, OUT)), refused);
    assert_eq!(call!(*t, fd_allocate(fd, 0, 100)), refused);
    assert_eq!(call!(*t, fd_filestat_set_size(fd, 0)), refused);
    assert_eq!(call!(*t, fd_filestat_set_times(fd, 0, 0, 5)), refused);
    assert_eq!(std::fs::read(w.inside.join("file")).unwrap(), b"contents");
}

#[test]
fn a_directory_opened_from_it_is_read_only_too() {
    let mut w = world();
    let everything = !Rights::FD_WRITE;
    let dir = w.thread.open("dir", DIRECTORY, everything).unwrap();
    let refused = Err(Errno::Notcapable);
    assert_eq!(
        w.thread
            .open_at(dir, 0, "x", CREAT, Rights::NONE, 0)
            .map(drop),
        refused
    );
    let n = w.thread.put(INPUT, b"x");
    assert_eq!(
        call!(w.thread, path_create_directory(dir, INPUT, n)),
        refused
    );
}

#[test]
fn a_file_cannot_be_moved_into_it() {
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("mine"), "").unwrap();
    let path = other.path().to_owned();
    let mut w = World::with(Access::ReadOnly, |b| {
        b.preopen_dir(&path, "/rw", Access::ReadWrite).unwrap()
    });
    let refused = Err(Errno::Notcapable);
    assert_eq!(w.thread.rename((4, "mine"), (DIR, "mine")), refused);
    assert_eq!(w.thread.link((4, "mine"), (DIR, "mine")), refused);
    assert_eq!(w.thread.rename((DIR, "x"), (4, "x")), refused);
}

#[test]
fn rights_only_shrink() {
    let mut w = World::new(Access::ReadWrite);
    let t = &mut w.thread;
    let fd = t
        .open("file", CREAT, Rights::FD_READ | Rights::FD_WRITE)
        .unwrap();
    let (read, write) = (
        Rights::FD_READ.bits() as i64,
        Rights::FD_WRITE.bits() as i64,
    );
    call!(*t, fd_fdstat_set_rights(fd, write, 0)).unwrap();
    assert_eq!(t.read(fd, 1), Err(Errno::Notcapable));
    assert_eq!(
        call!(*t, fd_fdstat_set_rights(fd, read | write, 0)),
        Err(Errno::Notcapable)
    );
    t.write(fd, b"x").unwrap();
    // What a directory gave up, nothing opened from it has.
    let base = (Rights::PATH_OPEN).bits() as i64;
    call!(*t, fd_fdstat_set_rights(DIR, base, read)).unwrap();
    assert_eq!(t.open("file", 0, Rights::FD_WRITE), Err(Errno::Notcapable));
    assert_eq!(t.mkdir("new"), Err(Errno::Notcapable));
    let fd = t
        .open("file", 0, Rights::FD_READ | Rights::FD_SEEK)
        .unwrap();
    call!(*t, fd_fdstat_get(fd, OUT)).unwrap();
    assert_eq!(t.u64(OUT + 8) as i64, read);
}
