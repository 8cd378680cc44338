//! Hosts that are no Unix: what `std` and `cap-std` offer, `NOTSUP` for the rest, and no
//! waiting for descriptors, which are looked at again and again instead.

use std::fs::File;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::time::Duration;

use cap_std::fs::Dir;

pub(crate) use super::snapshot::ReadDir;
use super::{Interest, Readiness};
use crate::abi::{Fdflags, Filestat, Filetype};
use crate::errno::Errno;

/// Something that may be ready.
pub(crate) type Source<'a> = PhantomData<&'a ()>;

/// Kinds say enough here.
pub(crate) fn errno_of(_error: &io::Error) -> Option<Errno> {
    None
}

/// Waits a moment, after which everything may be ready: the attempt that follows knows.
pub(crate) fn wait(
    sources: &[(Source<'_>, Interest)],
    _wake: Option<Source<'_>>,
    timeout: Option<Duration>,
) -> io::Result<Vec<Readiness>> {
    const MOMENT: Duration = Duration::from_millis(1);
    let timeout = timeout.unwrap_or(MOMENT);
    std::thread::sleep(if sources.is_empty() {
        timeout
    } else {
        timeout.min(MOMENT)
    });
    let ready = Readiness {
        ready: true,
        ..Readiness::default()
    };
    Ok(vec![ready; sources.len()])
}

pub(crate) fn readable_bytes(_source: Source<'_>) -> u64 {
    0
}

/// Waiting threads look up by themselves.
pub(crate) struct Wake;

impl Wake {
    pub fn new() -> io::Result<Wake> {
        Ok(Wake)
    }

    pub fn wake(&self) {}
}

/// Files are read and written whether they are ready or not.
pub(crate) fn source(_file: &File) -> Option<Source<'_>> {
    None
}

pub(crate) fn socket_source<S>(_socket: &S) -> Option<Source<'_>> {
    Some(PhantomData)
}

#[cfg(windows)]
pub(crate) fn inherit_stdio(fd: u32) -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    let owned = match fd {
        0 => io::stdin().as_handle().try_clone_to_owned(),
        1 => io::stdout().as_handle().try_clone_to_owned(),
        _ => io::stderr().as_handle().try_clone_to_owned(),
    }?;
    Ok(File::from(owned))
}

#[cfg(not(windows))]
pub(crate) fn inherit_stdio(_fd: u32) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn is_terminal(file: &File) -> bool {
    io::IsTerminal::is_terminal(file)
}

pub(crate) fn filetype(file: &File) -> io::Result<Filetype> {
    if is_terminal(file) {
        return Ok(Filetype::CharacterDevice);
    }
    // Pipes have no metadata.
    Ok(match file.metadata() {
        Ok(data) if data.is_dir() => Filetype::Directory,
        Ok(data) if data.is_file() => Filetype::RegularFile,
        _ => Filetype::Unknown,
    })
}

pub(crate) fn filestat(file: &File) -> io::Result<Filestat> {
    match cap_std::fs::Metadata::from_file(file) {
        Ok(data) => path_filestat_of(&data),
        Err(_) => Ok(Filestat::of_type(filetype(file)?)),
    }
}

pub(crate) fn dir_filestat(dir: &Dir) -> io::Result<Filestat> {
    path_filestat_of(&dir.dir_metadata()?)
}

pub(crate) fn path_filestat_of(data: &cap_std::fs::Metadata) -> io::Result<Filestat> {
    use cap_fs_ext::MetadataExt;
    let nanoseconds = |time: io::Result<cap_std::time::SystemTime>| {
        time.ok()
            .and_then(|time| time.into_std().duration_since(std::time::UNIX_EPOCH).ok())
            .and_then(|time| u64::try_from(time.as_nanos()).ok())
            .unwrap_or(0)
    };
    let filetype = if data.is_dir() {
        Filetype::Directory
    } else if data.is_symlink() {
        Filetype::SymbolicLink
    } else if data.is_file() {
        Filetype::RegularFile
    } else {
        Filetype::Unknown
    };
    let mtim = nanoseconds(data.modified());
    Ok(Filestat {
        dev: data.dev(),
        ino: data.ino(),
        filetype,
        nlink: data.nlink(),
        size: data.len(),
        atim: nanoseconds(data.accessed()),
        mtim,
        ctim: mtim,
    })
}

pub(crate) fn read(mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    file.read(buffer)
}

pub(crate) fn write(mut file: &File, bytes: &[u8]) -> io::Result<usize> {
    file.write(bytes)
}

/// Here the host moves the position too, so it is put back.
#[cfg(windows)]
fn keeping_position<T>(
    mut file: &File,
    transfer: impl FnOnce(&File) -> io::Result<T>,
) -> io::Result<T> {
    use std::io::{Seek, SeekFrom};
    let position = file.stream_position()?;
    let result = transfer(file);
    file.seek(SeekFrom::Start(position))?;
    result
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::os::windows::fs::FileExt;
    keeping_position(file, |file| file.seek_read(buffer, offset))
}

#[cfg(windows)]
pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    use std::os::windows::fs::FileExt;
    keeping_position(file, |file| file.seek_write(bytes, offset))
}

#[cfg(not(windows))]
pub(crate) fn read_at(_file: &File, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(windows))]
pub(crate) fn write_at(_file: &File, _bytes: &[u8], _offset: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing here is known to wait for room.
pub(crate) const WRITE_ATOM: usize = usize::MAX;

/// Advice may be ignored.
pub(crate) fn advise(_: &File, _: u64, _: u64, advice: u32) -> Result<(), Errno> {
    if advice < 6 {
        Ok(())
    } else {
        Err(Errno::Inval)
    }
}

pub(crate) fn allocate(_: &File, _: u64, _: u64) -> Result<(), Errno> {
    Err(Errno::Notsup)
}

/// A property of opening here, which can't be changed later.
pub(crate) fn set_append(_file: &File, _append: bool) -> Result<(), Errno> {
    Err(Errno::Notsup)
}

pub(crate) fn fdflags(_file: &File) -> Fdflags {
    Fdflags::default()
}

/// The host will refuse what can't be.
pub(crate) fn access(_file: &File) -> (bool, bool) {
    (true, true)
}

/// A time to set, or none to leave it; `Some(None)` is now.
pub(crate) type NewTime = Option<Option<u64>>;

fn system_time(time: NewTime) -> Option<std::time::SystemTime> {
    time.map(|time| match time {
        None => std::time::SystemTime::now(),
        Some(ns) => std::time::UNIX_EPOCH + Duration::from_nanos(ns),
    })
}

pub(crate) fn set_times(file: &File, atim: NewTime, mtim: NewTime) -> Result<(), Errno> {
    let mut times = std::fs::FileTimes::new();
    if let Some(time) = system_time(atim) {
        times = times.set_accessed(time);
    }
    if let Some(time) = system_time(mtim) {
        times = times.set_modified(time);
    }
    Ok(file.set_times(times)?)
}

fn time_spec(time: NewTime) -> Option<cap_fs_ext::SystemTimeSpec> {
    let time = system_time(time)?;
    Some(cap_fs_ext::SystemTimeSpec::Absolute(
        cap_std::time::SystemTime::from_std(time),
    ))
}

pub(crate) fn set_entry_times(
    parent: &Dir,
    name: &str,
    atim: NewTime,
    mtim: NewTime,
) -> Result<(), Errno> {
    let (atim, mtim) = (time_spec(atim), time_spec(mtim));
    Ok(cap_fs_ext::DirExt::set_symlink_times(
        parent, name, atim, mtim,
    )?)
}

pub(crate) fn set_dir_times(dir: &Dir, atim: NewTime, mtim: NewTime) -> Result<(), Errno> {
    set_path_times(dir, ".", atim, mtim)
}

pub(crate) fn set_path_times(
    dir: &Dir,
    path: &str,
    atim: NewTime,
    mtim: NewTime,
) -> Result<(), Errno> {
    let (atim, mtim) = (time_spec(atim), time_spec(mtim));
    Ok(cap_fs_ext::DirExt::set_times(dir, path, atim, mtim)?)
}

pub(crate) fn sync_dir(_dir: &Dir) -> io::Result<()> {
    Ok(())
}

pub(crate) fn cpu_time(_thread: bool) -> Result<u64, Errno> {
    Err(Errno::Notsup)
}

pub(crate) fn clock_resolution(_clock: u32) -> u64 {
    100
}
