//! Unix.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::time::Duration;

use cap_std::fs::Dir;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, Timestamps};
use rustix::io::Errno as HostErrno;

use super::{Interest, Readiness};
use crate::abi::{Fdflags, Filestat, Filetype};
use crate::errno::Errno;

mod errno;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

pub(crate) use errno::errno_of;
#[cfg(target_os = "linux")]
pub(crate) use linux::{ReadDir, advise};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{ReadDir, advise};

/// A descriptor that can be waited for.
pub(crate) type Source<'a> = BorrowedFd<'a>;

/// Waits until a source is ready, `wake` is readable, or the time is over. Returns early and
/// empty-handed when a signal comes.
pub(crate) fn wait(
    sources: &[(Source<'_>, Interest)],
    wake: Option<Source<'_>>,
    timeout: Option<Duration>,
) -> io::Result<Vec<Readiness>> {
    let mut fds: Vec<PollFd<'_>> = sources
        .iter()
        .map(|(fd, interest)| {
            let events = match interest {
                Interest::Read => PollFlags::IN,
                Interest::Write => PollFlags::OUT,
            };
            PollFd::from_borrowed_fd(*fd, events)
        })
        .chain(wake.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)))
        .collect();
    let timeout = timeout.map(|t| Timespec {
        tv_sec: i64::try_from(t.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: t.subsec_nanos().into(),
    });
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(HostErrno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    Ok(fds[..sources.len()]
        .iter()
        .map(|fd| {
            let seen = fd.revents();
            Readiness {
                ready: !seen.is_empty(),
                hangup: seen.contains(PollFlags::HUP),
                error: seen.intersects(PollFlags::ERR | PollFlags::NVAL),
            }
        })
        .collect())
}

/// Bytes that can be read without waiting.
pub(crate) fn readable_bytes(source: Source<'_>) -> u64 {
    rustix::io::ioctl_fionread(source).unwrap_or(0)
}

/// Makes a waiting thread look up.
pub(crate) struct Wake {
    read: OwnedFd,
    write: OwnedFd,
}

impl Wake {
    pub fn new() -> io::Result<Wake> {
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
            rustix::fs::fcntl_setfl(end, rustix::fs::OFlags::NONBLOCK)?;
        }
        Ok(Wake { read, write })
    }

    /// A full pipe is as awake as can be.
    pub fn wake(&self) {
        let _ = rustix::io::write(&self.write, &[1]);
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

pub(crate) fn source(file: &File) -> Option<Source<'_>> {
    Some(file.as_fd())
}

pub(crate) fn socket_source<S: AsFd>(socket: &S) -> Option<Source<'_>> {
    Some(socket.as_fd())
}

/// Descriptors of this process's own standard streams, duplicated.
pub(crate) fn inherit_stdio(fd: u32) -> io::Result<File> {
    let owned = match fd {
        0 => io::stdin().as_fd().try_clone_to_owned(),
        1 => io::stdout().as_fd().try_clone_to_owned(),
        _ => io::stderr().as_fd().try_clone_to_owned(),
    }?;
    Ok(File::from(owned))
}

pub(crate) fn is_terminal(file: &File) -> bool {
    std::io::IsTerminal::is_terminal(file)
}

/// What an open file is. Pipes have no type of their own in WASI.
pub(crate) fn filetype(file: &File) -> io::Result<Filetype> {
    let kind = file.metadata()?.file_type();
    Ok(if kind.is_file() {
        Filetype::RegularFile
    } else if kind.is_dir() {
        Filetype::Directory
    } else if kind.is_char_device() {
        Filetype::CharacterDevice
    } else if kind.is_block_device() {
        Filetype::BlockDevice
    } else if kind.is_socket() {
        Filetype::SocketStream
    } else {
        Filetype::Unknown
    })
}

pub(crate) fn filestat(file: &File) -> io::Result<Filestat> {
    let data = file.metadata()?;
    Ok(Filestat {
        dev: data.dev(),
        ino: data.ino(),
        filetype: filetype(file)?,
        nlink: data.nlink(),
        size: data.size(),
        atim: nanoseconds(data.atime(), data.atime_nsec()),
        mtim: nanoseconds(data.mtime(), data.mtime_nsec()),
        ctim: nanoseconds(data.ctime(), data.ctime_nsec()),
    })
}

pub(crate) fn dir_filestat(dir: &Dir) -> io::Result<Filestat> {
    path_filestat_of(&dir.dir_metadata()?)
}

/// Attributes that the sandboxed lookup found.
pub(crate) fn path_filestat_of(data: &cap_std::fs::Metadata) -> io::Result<Filestat> {
    use cap_std::fs::{FileTypeExt, MetadataExt};
    let kind = data.file_type();
    let filetype = if kind.is_file() {
        Filetype::RegularFile
    } else if kind.is_dir() {
        Filetype::Directory
    } else if kind.is_symlink() {
        Filetype::SymbolicLink
    } else if kind.is_char_device() {
        Filetype::CharacterDevice
    } else if kind.is_block_device() {
        Filetype::BlockDevice
    } else if kind.is_socket() {
        Filetype::SocketStream
    } else {
        Filetype::Unknown
    };
    Ok(Filestat {
        dev: data.dev(),
        ino: data.ino(),
        filetype,
        nlink: data.nlink(),
        size: data.size(),
        atim: nanoseconds(data.atime(), data.atime_nsec()),
        mtim: nanoseconds(data.mtime(), data.mtime_nsec()),
        ctim: nanoseconds(data.ctime(), data.ctime_nsec()),
    })
}

/// Times before 1970 have no representation in WASI.
fn nanoseconds(seconds: i64, nanoseconds: i64) -> u64 {
    match u64::try_from(seconds) {
        Ok(seconds) => seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(nanoseconds as u64),
        Err(_) => 0,
    }
}

pub(crate) fn read(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    uninterrupted(|| (&*file).read(buffer))
}

pub(crate) fn write(file: &File, bytes: &[u8]) -> io::Result<usize> {
    uninterrupted(|| (&*file).write(bytes))
}

pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    uninterrupted(|| file.read_at(buffer, offset))
}

pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    uninterrupted(|| file.write_at(bytes, offset))
}

/// A signal that only passes by repeats the call; nothing here waits.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// How much a writable pipe or terminal takes without waiting.
pub(crate) const WRITE_ATOM: usize = 4096;

pub(crate) fn allocate(file: &File, offset: u64, length: u64) -> Result<(), Errno> {
    rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), offset, length)
        .map_err(|errno| io::Error::from(errno).into())
}

/// Whether appending is a property of the open file itself, and sets it.
pub(crate) fn set_append(file: &File, append: bool) -> Result<(), Errno> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let host = |errno| Errno::from(io::Error::from(errno));
    let mut flags = fcntl_getfl(file).map_err(host)?;
    flags.set(OFlags::APPEND, append);
    fcntl_setfl(file, flags).map_err(host)
}

/// The flags an open file came with.
pub(crate) fn fdflags(file: &File) -> Fdflags {
    use rustix::fs::OFlags;
    let flags = rustix::fs::fcntl_getfl(file).unwrap_or(OFlags::empty());
    if flags.contains(OFlags::APPEND) {
        Fdflags::APPEND
    } else {
        Fdflags::default()
    }
}

/// Whether an open file can be read and written.
pub(crate) fn access(file: &File) -> (bool, bool) {
    use rustix::fs::OFlags;
    match rustix::fs::fcntl_getfl(file) {
        Ok(flags) => {
            let mode = flags & OFlags::RWMODE;
            (
                mode != OFlags::WRONLY,
                mode == OFlags::WRONLY || mode == OFlags::RDWR,
            )
        }
        Err(_) => (false, false),
    }
}

/// A time to set, or none to leave it; `Some(None)` is now.
pub(crate) type NewTime = Option<Option<u64>>;

fn timestamps(atim: NewTime, mtim: NewTime) -> Timestamps {
    let spec = |time: NewTime| match time {
        None => Timespec {
            tv_sec: 0,
            tv_nsec: rustix::fs::UTIME_OMIT as _,
        },
        Some(None) => Timespec {
            tv_sec: 0,
            tv_nsec: rustix::fs::UTIME_NOW as _,
        },
        Some(Some(ns)) => Timespec {
            tv_sec: (ns / 1_000_000_000) as i64,
            tv_nsec: (ns % 1_000_000_000) as _,
        },
    };
    Timestamps {
        last_access: spec(atim),
        last_modification: spec(mtim),
    }
}

pub(crate) fn set_times(file: impl AsFd, atim: NewTime, mtim: NewTime) -> Result<(), Errno> {
    rustix::fs::futimens(file, &timestamps(atim, mtim)).map_err(|e| io::Error::from(e).into())
}

/// Sets the times of an entry of `parent` itself, never of what it links to.
pub(crate) fn set_entry_times(
    parent: &Dir,
    name: &str,
    atim: NewTime,
    mtim: NewTime,
) -> Result<(), Errno> {
    rustix::fs::utimensat(
        parent,
        name,
        &timestamps(atim, mtim),
        AtFlags::SYMLINK_NOFOLLOW,
    )
    .map_err(|errno| io::Error::from(errno).into())
}

/// Processor time of this process and of this thread, in nanoseconds.
pub(crate) fn cpu_time(thread: bool) -> Result<u64, Errno> {
    use rustix::time::{ClockId, clock_gettime};
    let id = if thread {
        ClockId::ThreadCPUTime
    } else {
        ClockId::ProcessCPUTime
    };
    let time = clock_gettime(id);
    Ok(nanoseconds(time.tv_sec, time.tv_nsec))
}

/// Resolutions of the real-time, monotonic, process and thread clocks, in nanoseconds.
pub(crate) fn clock_resolution(clock: u32) -> u64 {
    use rustix::time::{ClockId, clock_getres};
    let id = match clock {
        0 => ClockId::Realtime,
        1 => ClockId::Monotonic,
        2 => ClockId::ProcessCPUTime,
        _ => ClockId::ThreadCPUTime,
    };
    let time = clock_getres(id);
    nanoseconds(time.tv_sec, time.tv_nsec).max(1)
}

pub(crate) fn set_dir_times(dir: &Dir, atim: NewTime, mtim: NewTime) -> Result<(), Errno> {
    set_entry_times(dir, ".", atim, mtim)
}

/// Sets the times of what a path leads to, following links.
pub(crate) fn set_path_times(
    dir: &Dir,
    path: &str,
    atim: NewTime,
    mtim: NewTime,
) -> Result<(), Errno> {
    use cap_fs_ext::{OpenOptionsMaybeDirExt, OpenOptionsSyncExt};
    let mut options = cap_std::fs::OpenOptions::new();
    options.read(true).maybe_dir(true).nonblock(true);
    match dir.open_with(path, &options) {
        Ok(file) => set_times(&file, atim, mtim),
        // What can't be read may be writable still.
        Err(error) if errno_of(&error) == Some(Errno::Acces) => {
            options.read(false).write(true);
            set_times(&dir.open_with(path, &options)?, atim, mtim)
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn sync_dir(dir: &Dir) -> io::Result<()> {
    Ok(rustix::fs::fsync(readable_dir(dir)?)?)
}

/// The same directory, opened to be read: a [`Dir`] may be a mere place in the tree.
fn readable_dir(dir: &Dir) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, ".", flags, Mode::empty())?)
}
