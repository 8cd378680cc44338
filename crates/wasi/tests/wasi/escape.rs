//! Ways out of a directory, one test each. All must fail.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::world::*;
use tierra_wasi::*;

const RW: Rights = Rights::FILE;

fn world() -> World {
    World::new(Access::ReadWrite)
}

#[test]
fn dot_dot() {
    let mut w = world();
    w.thread.mkdir("a").unwrap();
    for path in [
        "..",
        "../outside/secret",
        "a/../../outside/secret",
        "./../outside/secret",
    ] {
        assert_refused(w.thread.open(path, 0, Rights::FD_READ));
        assert_refused(w.thread.open(path, CREAT, RW));
        assert_refused(w.thread.stat(path, 0));
        assert_refused(w.thread.stat(path, FOLLOW));
        assert_refused(w.thread.set_times(path, FOLLOW));
        assert_refused(w.thread.set_times(path, 0));
        assert_refused(w.thread.readlink(path));
    }
    for path in ["../outside/new", "a/../../outside/new"] {
        assert_refused(w.thread.open(path, CREAT, RW));
        assert_refused(w.thread.mkdir(path));
        assert_refused(w.thread.symlink("x", path));
    }
    assert_refused(w.thread.unlink("../outside/secret"));
    assert_refused(w.thread.rmdir("../outside"));
    w.assert_outside_untouched();
}

#[test]
fn dot_dot_inside_is_no_escape() {
    let mut w = world();
    w.thread.mkdir("a").unwrap();
    w.thread.open("a/../file", CREAT, RW).unwrap();
    assert!(w.inside.join("file").exists());
}

#[test]
fn absolute_path() {
    let mut w = world();
    let secret = w.outside.join("secret").to_str().unwrap().to_owned();
    for path in [secret.as_str(), "/", "/etc/passwd", "//etc/passwd"] {
        assert_refused(w.thread.open(path, 0, Rights::FD_READ));
        assert_refused(w.thread.stat(path, FOLLOW));
        assert_refused(w.thread.stat(path, 0));
    }
    assert_refused(w.thread.mkdir(&format!("{secret}-dir")));
    assert_refused(w.thread.unlink(&secret));
    w.assert_outside_untouched();
}

#[test]
fn symlink_to_a_file() {
    let mut w = world();
    symlink("../outside/secret", w.inside.join("relative")).unwrap();
    symlink(w.outside.join("secret"), w.inside.join("absolute")).unwrap();
    for path in ["relative", "absolute"] {
        assert_refused(w.thread.open(path, 0, Rights::FD_READ));
        assert_refused(w.thread.open(path, TRUNC, RW));
        assert_refused(w.thread.open(path, CREAT, RW));
        assert_refused(w.thread.stat(path, FOLLOW));
        assert_refused(w.thread.set_times(path, FOLLOW));
        // The link itself is inside.
        w.thread.stat(path, 0).unwrap();
        w.thread.set_times(path, 0).unwrap();
    }
    assert_refused(w.thread.readlink("absolute"));
    w.assert_outside_untouched();
}

#[test]
fn symlink_to_a_directory() {
    let mut w = world();
    symlink("../outside", w.inside.join("relative")).unwrap();
    symlink(&w.outside, w.inside.join("absolute")).unwrap();
    for link in ["relative", "absolute"] {
        assert_refused(w.thread.open(link, DIRECTORY, Rights::FD_READDIR));
        assert_refused(
            w.thread
                .open(&format!("{link}/"), DIRECTORY, Rights::FD_READDIR),
        );
        assert_refused(w.thread.open(&format!("{link}/secret"), 0, Rights::FD_READ));
        assert_refused(w.thread.open(&format!("{link}/new"), CREAT, RW));
        assert_refused(w.thread.mkdir(&format!("{link}/new")));
        assert_refused(w.thread.unlink(&format!("{link}/secret")));
        assert_refused(w.thread.symlink("x", &format!("{link}/new")));
        assert_refused(
            w.thread
                .rename((DIR, &format!("{link}/secret")), (DIR, "stolen")),
        );
    }
    w.assert_outside_untouched();
}

#[test]
fn chain_of_symlinks() {
    let mut w = world();
    symlink("../outside", w.inside.join("c")).unwrap();
    w.thread.symlink("c", "b").unwrap();
    w.thread.symlink("b/secret", "a").unwrap();
    assert_refused(w.thread.open("a", 0, Rights::FD_READ));
    assert_refused(w.thread.stat("a", FOLLOW));
}

#[test]
fn symlink_at_each_component() {
    let mut w = world();
    std::fs::create_dir_all(w.inside.join("x/y/z")).unwrap();
    symlink("../../outside", w.inside.join("x/out")).unwrap();
    symlink("../../../outside", w.inside.join("x/y/out")).unwrap();
    symlink("../../../../outside/secret", w.inside.join("x/y/z/out")).unwrap();
    for path in [
        "x/out/secret",
        "x/y/out/secret",
        "x/y/z/out",
        "x/y/z/../out/secret",
    ] {
        assert_refused(w.thread.open(path, 0, Rights::FD_READ));
    }
}

#[test]
fn symlink_that_leaves_and_returns() {
    let mut w = world();
    symlink("../inside/file", w.inside.join("link")).unwrap();
    w.thread.open("file", CREAT, RW).unwrap();
    assert_refused(w.thread.open("link", 0, Rights::FD_READ));
}

#[test]
fn symlink_of_the_guests_own() {
    let mut w = world();
    assert_refused(w.thread.symlink("/etc/passwd", "absolute"));
    assert!(!w.inside.join("absolute").is_symlink());
    w.thread.symlink("../outside/secret", "relative").unwrap();
    assert_refused(w.thread.open("relative", 0, Rights::FD_READ));
}

#[test]
fn proc_self_fd() {
    let mut w = world();
    let outside = std::fs::File::open(w.outside.join("secret")).unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&outside);
    symlink(format!("/proc/self/fd/{fd}"), w.inside.join("magic")).unwrap();
    symlink("/proc/self/root", w.inside.join("root")).unwrap();
    assert_refused(w.thread.open("magic", 0, Rights::FD_READ));
    assert_refused(w.thread.open("root/etc/passwd", 0, Rights::FD_READ));
}

/// `/proc` itself as a preopen: its magic links don't lead out of it.
#[test]
#[cfg(target_os = "linux")]
fn magic_links_beneath_a_preopened_proc() {
    let wasi = Wasi::builder()
        .preopen_dir("/proc", "/", Access::ReadOnly)
        .unwrap();
    let mut thread = Thread::new(wasi.build().unwrap());
    assert_refused(thread.open("self/root/etc/passwd", 0, Rights::FD_READ));
    assert_refused(thread.open("self/cwd", DIRECTORY, Rights::FD_READDIR));
    assert_refused(thread.open("self/fd/0", 0, Rights::FD_READ));
}

#[test]
fn rename_out() {
    let mut w = world();
    w.thread.open("file", CREAT, RW).unwrap();
    symlink("../outside", w.inside.join("link")).unwrap();
    for path in ["../outside/new", "link/new", "/tmp/new"] {
        assert_refused(w.thread.rename((DIR, "file"), (DIR, path)));
    }
    assert_refused(w.thread.rename((DIR, "../outside/secret"), (DIR, "stolen")));
    assert!(w.inside.join("file").exists());
    w.assert_outside_untouched();
}

#[test]
fn rename_between_preopens_stays_in_them() {
    let other = tempfile::tempdir().unwrap();
    let path = other.path().to_owned();
    let mut w = World::with(Access::ReadWrite, |b| {
        b.preopen_dir(&path, "/other", Access::ReadWrite).unwrap()
    });
    w.thread.open("file", CREAT, RW).unwrap();
    assert_refused(w.thread.rename((DIR, "file"), (4, "../x")));
    w.thread.rename((DIR, "file"), (4, "file")).unwrap();
    assert!(other.path().join("file").exists());
}

#[test]
fn rename_of_a_directory_that_is_open_does_not_widen_it() {
    let mut w = world();
    w.thread.mkdir("a").unwrap();
    w.thread.mkdir("a/b").unwrap();
    let deep = w.thread.open("a/b", DIRECTORY, Rights::DIRECTORY).unwrap();
    w.thread.rename((DIR, "a/b"), (DIR, "b")).unwrap();
    assert_refused(w.thread.open_at(deep, 0, "..", DIRECTORY, Rights::NONE, 0));
    assert_refused(
        w.thread
            .open_at(deep, 0, "../../outside/secret", 0, Rights::FD_READ, 0),
    );
}

#[test]
fn hard_link_out() {
    let mut w = world();
    w.thread.open("file", CREAT, RW).unwrap();
    symlink("../outside", w.inside.join("link")).unwrap();
    symlink("../outside/secret", w.inside.join("file-link")).unwrap();
    assert_refused(w.thread.link((DIR, "../outside/secret"), (DIR, "stolen")));
    assert_refused(w.thread.link((DIR, "link/secret"), (DIR, "stolen")));
    assert_refused(w.thread.link((DIR, "file"), (DIR, "../outside/new")));
    assert_refused(w.thread.link((DIR, "file"), (DIR, "link/new")));
    // A link to the symbolic link is one more symbolic link.
    w.thread.link((DIR, "file-link"), (DIR, "copy")).unwrap();
    assert_refused(w.thread.open("copy", 0, Rights::FD_READ));
    w.assert_outside_untouched();
}

#[test]
fn creation_through_a_dangling_symlink() {
    let mut w = world();
    symlink("../outside/new", w.inside.join("relative")).unwrap();
    symlink(w.outside.join("new"), w.inside.join("absolute")).unwrap();
    for path in ["relative", "absolute"] {
        assert_refused(w.thread.open(path, CREAT, RW));
        assert_refused(w.thread.open_at(DIR, 0, path, CREAT, RW, 0));
        let result = w.thread.open(path, CREAT | EXCL, RW);
        assert_eq!(result, Err(Errno::Exist));
    }
    w.assert_outside_untouched();
}

#[test]
fn a_symlink_loop_ends() {
    let mut w = world();
    w.thread.symlink("b", "a").unwrap();
    w.thread.symlink("a", "b").unwrap();
    assert_eq!(w.thread.open("a", 0, Rights::FD_READ), Err(Errno::Loop));
    assert_eq!(w.thread.stat("a/x", FOLLOW), Err(Errno::Loop));
}

#[test]
fn too_many_symlinks() {
    let mut w = world();
    w.thread.open("link0", CREAT, RW).unwrap();
    for i in 1..=100 {
        w.thread
            .symlink(&format!("link{}", i - 1), &format!("link{i}"))
            .unwrap();
    }
    w.thread.open("link5", 0, Rights::FD_READ).unwrap();
    assert_eq!(
        w.thread.open("link100", 0, Rights::FD_READ),
        Err(Errno::Loop)
    );
}

#[test]
fn nul_in_a_path() {
    let mut w = world();
    for path in ["a\0b", "\0", "a\0", "a\0/../../outside/secret"] {
        assert_eq!(w.thread.open(path, CREAT, RW), Err(Errno::Inval));
        assert_eq!(w.thread.mkdir(path), Err(Errno::Inval));
        assert_eq!(w.thread.unlink(path), Err(Errno::Inval));
        assert_eq!(w.thread.symlink(path, "link"), Err(Errno::Inval));
    }
    assert_eq!(std::fs::read_dir(&w.inside).unwrap().count(), 0);
}

#[test]
fn path_that_is_no_text() {
    let mut w = world();
    let n = w.thread.put(INPUT, b"a\xff\xfe");
    assert_eq!(
        call!(w.thread, path_create_directory(DIR, INPUT, n)),
        Err(Errno::Ilseq)
    );
}

#[test]
fn path_that_is_too_long() {
    let mut w = world();
    let name = "n".repeat(256);
    assert_eq!(w.thread.mkdir(&name), Err(Errno::Nametoolong));
    let path = "d/".repeat(3000);
    assert_eq!(
        w.thread.open(&path, 0, Rights::NONE),
        Err(Errno::Nametoolong)
    );
    let huge = i32::MAX;
    assert_eq!(
        call!(w.thread, path_create_directory(DIR, INPUT, huge)),
        Err(Errno::Fault)
    );
    assert_eq!(
        call!(w.thread, path_create_directory(DIR, INPUT, 1 << 20)),
        Err(Errno::Nametoolong)
    );
}

#[test]
fn empty_path() {
    let mut w = world();
    assert_eq!(w.thread.open("", 0, Rights::NONE), Err(Errno::Noent));
    assert_eq!(w.thread.mkdir(""), Err(Errno::Noent));
}

/// Another process swaps a directory and a link to the outside while the guest opens a file
/// through the name: it gets the file inside, or an error, never the file outside.
#[test]
fn race() {
    let mut w = world();
    let inside = w.inside.clone();
    std::fs::create_dir(inside.join("real")).unwrap();
    std::fs::write(inside.join("real/secret"), "public").unwrap();
    symlink("../outside", inside.join("evil")).unwrap();
    let stop = AtomicBool::new(false);
    let (mut opened, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Each of the two takes the name `dir` in turn.
            while !stop.load(Ordering::Relaxed) {
                for name in ["real", "evil"] {
                    std::fs::rename(inside.join(name), inside.join("dir")).unwrap();
                    std::fs::rename(inside.join("dir"), inside.join(name)).unwrap();
                }
            }
        });
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(800) {
            match w.thread.open("dir/secret", 0, Rights::FD_READ) {
                Ok(fd) => {
                    assert_eq!(w.thread.read(fd, 100).unwrap(), b"public");
                    call!(w.thread, fd_close(fd)).unwrap();
                    opened += 1;
                }
                Err(_) => refused += 1,
            }
            let _ = w
                .thread
                .open("dir/new", CREAT, RW)
                .map(|fd| call!(w.thread, fd_close(fd)));
            let _ = w.thread.mkdir("dir/newdir");
            let _ = w.thread.symlink("x", "dir/newlink");
            let _ = w.thread.rename((DIR, "dir/new"), (DIR, "dir/newer"));
            let _ = w.thread.unlink("dir/newer");
        }
        stop.store(true, Ordering::Relaxed);
    });
    w.assert_outside_untouched();
    println!("opened {opened} times, refused {refused} times");
    assert!(opened + refused > 0);
}
