//! Attributes by path.

use super::{names_directory, read_path, split};
use crate::abi::Lookupflags;
use crate::fd::NewTimes;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys;

pub(crate) fn path_filestat_get(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    length: u32,
    out: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    parent.require(Rights::PATH_FILESTAT_GET)?;
    let path = read_path(call, path, length)?;
    let data = if Lookupflags::new(lookup)?.has(Lookupflags::SYMLINK_FOLLOW) {
        directory.dir.metadata(path)?
    } else {
        directory.dir.symlink_metadata(path)?
    };
    let stat = sys::path_filestat_of(&data)?;
    Ok(call.write(out, &stat.layout(call.abi))?)
}

pub(crate) fn path_filestat_set_times(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    length: u32,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    parent.require(Rights::PATH_FILESTAT_SET_TIMES)?;
    let path = read_path(call, path, length)?;
    let follow = Lookupflags::new(lookup)?.has(Lookupflags::SYMLINK_FOLLOW);
    let times = NewTimes::new(wasi, atim, mtim, flags)?;
    match split(&path) {
        // The entry itself, in the directory that holds it.
        Some((parent, name)) if !follow && !names_directory(&path) => {
            let holder = directory.dir.open_dir(parent)?;
            sys::set_entry_times(&holder, name, times.atim, times.mtim)?;
        }
        _ => sys::set_path_times(&directory.dir, &path, times.atim, times.mtim)?,
    }
    Ok(())
}
