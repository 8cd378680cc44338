//! Attributes of open files.

use crate::abi::Fstflags;
use crate::descriptor::Object;
use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys::{self, NewTime};

/// The times that a call sets.
pub(crate) struct NewTimes {
    pub atim: NewTime,
    pub mtim: NewTime,
}

impl NewTimes {
    pub fn new(wasi: &Wasi, atim: u64, mtim: u64, flags: u32) -> Result<NewTimes, Errno> {
        let flags = Fstflags::new(flags)?;
        if flags.has_both(Fstflags::ATIM, Fstflags::ATIM_NOW)
            || flags.has_both(Fstflags::MTIM, Fstflags::MTIM_NOW)
        {
            return Err(Errno::Inval);
        }
        let one = |set, set_now, time| {
            if flags.has(set_now) {
                Ok(Some(now(wasi)?))
            } else {
                Ok::<_, Errno>(flags.has(set).then_some(Some(time)))
            }
        };
        Ok(NewTimes {
            atim: one(Fstflags::ATIM, Fstflags::ATIM_NOW, atim)?,
            mtim: one(Fstflags::MTIM, Fstflags::MTIM_NOW, mtim)?,
        })
    }
}

/// The host's now, unless the process has a clock of its own.
fn now(wasi: &Wasi) -> Result<Option<u64>, Errno> {
    if wasi.clocks.is_fixed() {
        Ok(Some(wasi.clocks.now(crate::clock::ClockId::Realtime)?))
    } else {
        Ok(None)
    }
}

pub(crate) fn fd_filestat_get(wasi: &Wasi, call: &mut Call<'_>, fd: u32, out: u32) -> Outcome {
    let stat = wasi.table.with(fd, Rights::FD_FILESTAT_GET)?.filestat()?;
    Ok(call.write(out, &stat.layout(call.abi))?)
}

pub(crate) fn fd_filestat_set_size(
    wasi: &Wasi,
    _call: &mut Call<'_>,
    fd: u32,
    size: u64,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let file = descriptor.file()?;
    descriptor.require(Rights::FD_FILESTAT_SET_SIZE)?;
    file.file.set_len(size)?;
    Ok(())
}

pub(crate) fn fd_filestat_set_times(
    wasi: &Wasi,
    _call: &mut Call<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Outcome {
    let descriptor = wasi.table.with(fd, Rights::FD_FILESTAT_SET_TIMES)?;
    let times = NewTimes::new(wasi, atim, mtim, flags)?;
    match &descriptor.object {
        Object::File(file) => sys::set_times(&file.file, times.atim, times.mtim)?,
        Object::Directory(directory) => {
            sys::set_dir_times(&directory.dir, times.atim, times.mtim)?;
        }
        _ => return Err(Errno::Notsup.into()),
    }
    Ok(())
}
