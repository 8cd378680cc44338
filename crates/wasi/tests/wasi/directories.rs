//! `fd_readdir`, and directories made and removed.

use std::collections::BTreeSet;

use crate::world::*;
use tierra_wasi::*;

fn filled(count: usize) -> World {
    let w = World::new(Access::ReadWrite);
    for i in 0..count {
        std::fs::write(w.inside.join(format!("file-{i:04}")), "").unwrap();
    }
    w
}

#[test]
fn cookies_over_many_files() {
    let mut w = filled(1000);
    let whole = w.thread.readdir(DIR, 1 << 20);
    assert_eq!(whole.len(), 1002);
    for size in [48, 60, 100, 257, 4096, 65536, 65537, 200_000] {
        let names: Vec<_> = w
            .thread
            .readdir(DIR, size)
            .into_iter()
            .map(|e| e.0)
            .collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(
            (names.len(), unique.len()),
            (1002, 1002),
            "buffer of {size}"
        );
    }
}

#[test]
fn any_cookie_can_be_returned_to() {
    let mut w = filled(50);
    let t = &mut w.thread;
    call!(*t, fd_readdir(DIR, BUFFER, 65536, 0, OUT)).unwrap();
    let used = t.u32(OUT) as i32;
    let (mut at, mut cookies, mut names) = (BUFFER, vec![0], Vec::new());
    while at < BUFFER + used {
        let length = t.u32(at + 16);
        cookies.push(t.u64(at) as i64);
        names.push(t.get(at + 24, length as usize));
        at += 24 + length as i32;
    }
    for i in (0..names.len()).rev() {
        call!(*t, fd_readdir(DIR, BUFFER, 1000, cookies[i], OUT)).unwrap();
        let length = t.u32(BUFFER + 16);
        assert_eq!(t.get(BUFFER + 24, length as usize), names[i]);
    }
    call!(*t, fd_readdir(DIR, BUFFER, 1000, cookies[names.len()], OUT)).unwrap();
    assert_eq!(t.u32(OUT), 0, "the last cookie is the end");
}

#[test]
fn small_buffers_get_a_cut_entry() {
    let mut w = filled(1);
    for size in [0, 1, 8, 23, 24, 25] {
        call!(w.thread, fd_readdir(DIR, BUFFER, size, 0, OUT)).unwrap();
        assert_eq!(w.thread.u32(OUT), size as u32, "full, so there is more");
    }
}

#[test]
fn types_and_own_inode() {
    let mut w = World::new(Access::ReadWrite);
    w.thread.mkdir("dir").unwrap();
    w.thread.symlink("dir", "link").unwrap();
    w.thread.open("file", CREAT, Rights::NONE).unwrap();
    let mut entries = w.thread.readdir(DIR, 4096);
    entries.sort();
    let seen: Vec<_> = entries.iter().map(|e| (e.0.as_str(), e.1)).collect();
    assert_eq!(
        seen,
        [(".", 3), ("..", 3), ("dir", 3), ("file", 4), ("link", 7)]
    );
    call!(w.thread, fd_filestat_get(DIR, OUT)).unwrap();
    assert_eq!(entries[0].2, w.thread.u64(OUT + 8));
    assert_eq!(
        entries[1].2, 0,
        "the parent is none of the guest's business"
    );
}

#[test]
fn a_change_shows_when_reading_starts_again() {
    let mut w = filled(3);
    assert_eq!(w.thread.readdir(DIR, 4096).len(), 5);
    w.thread.unlink("file-0001").unwrap();
    assert_eq!(w.thread.readdir(DIR, 4096).len(), 4);
}

#[test]
fn not_a_directory() {
    let mut w = filled(1);
    let fd = w.thread.open("file-0000", 0, Rights::FILE).unwrap();
    assert_eq!(
        call!(w.thread, fd_readdir(fd, BUFFER, 100, 0, OUT)),
        Err(Errno::Notdir)
    );
    assert_eq!(
        w.thread.open_at(fd, 0, "x", 0, Rights::NONE, 0),
        Err(Errno::Notdir)
    );
    assert_eq!(
        w.thread.open("file-0000", DIRECTORY, Rights::NONE),
        Err(Errno::Notdir)
    );
    assert_eq!(
        w.thread.open("file-0000/", 0, Rights::NONE),
        Err(Errno::Notdir)
    );
}

#[test]
fn directories_are_made_and_removed() {
    let mut w = World::new(Access::ReadWrite);
    let t = &mut w.thread;
    t.mkdir("a").unwrap();
    t.mkdir("a/b/").unwrap();
    assert_eq!(t.mkdir("a"), Err(Errno::Exist));
    assert_eq!(t.mkdir("x/y"), Err(Errno::Noent));
    assert_eq!(t.rmdir("a"), Err(Errno::Notempty));
    assert_eq!(t.unlink("a/b"), Err(Errno::Isdir));
    t.rmdir("a/b/").unwrap();
    t.rmdir("a").unwrap();
    assert_eq!(t.rmdir("a"), Err(Errno::Noent));
}

#[test]
fn creation_under_a_directorys_name() {
    let mut w = World::new(Access::ReadWrite);
    let t = &mut w.thread;
    t.mkdir("dir").unwrap();
    assert_eq!(t.open("dir", CREAT, Rights::FD_WRITE), Err(Errno::Isdir));
    assert_eq!(t.open("dir/", CREAT, Rights::FD_WRITE), Err(Errno::Isdir));
    assert_eq!(t.open("new/", CREAT, Rights::FD_WRITE), Err(Errno::Noent));
    assert_eq!(
        t.open("new", CREAT | DIRECTORY, Rights::NONE),
        Err(Errno::Inval)
    );
    assert_eq!(t.open(".", 0, Rights::FD_WRITE), Err(Errno::Isdir));
    assert_eq!(t.link((DIR, "x"), (DIR, "y/")), Err(Errno::Noent));
}
