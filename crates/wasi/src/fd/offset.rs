//! Positions in files, and advice, allocation and synchronization.

use std::io::{Seek, SeekFrom};

use crate::abi::Whence;
use crate::descriptor::Object;
use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys;

pub(crate) fn fd_seek(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    delta: u64,
    whence: u32,
    out: u32,
) -> Outcome {
    let delta = delta.cast_signed();
    let (whence, rights) = match Whence::new(call.abi, whence)? {
        Whence::Cur if delta == 0 => (SeekFrom::Current(0), Rights::FD_TELL),
        Whence::Cur => (SeekFrom::Current(delta), Rights::FD_SEEK),
        Whence::End => (SeekFrom::End(delta), Rights::FD_SEEK),
        Whence::Set => {
            let offset = u64::try_from(delta).map_err(|_| Errno::Inval)?;
            (SeekFrom::Start(offset), Rights::FD_SEEK)
        }
    };
    seek(wasi, call, fd, whence, rights, out)
}

pub(crate) fn fd_tell(wasi: &Wasi, call: &mut Call<'_>, fd: u32, out: u32) -> Outcome {
    seek(wasi, call, fd, SeekFrom::Current(0), Rights::FD_TELL, out)
}

fn seek(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    to: SeekFrom,
    rights: Rights,
    out: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let file = descriptor.file()?;
    let grant = descriptor.grant().base;
    // The right to move includes the right to ask.
    if !grant.contains(rights) && !grant.contains(Rights::FD_SEEK) {
        return Err(Errno::Notcapable.into());
    }
    call.check(out, 8)?;
    let offset = (&file.file).seek(to)?;
    Ok(call.write_u64(out, offset)?)
}

pub(crate) fn fd_advise(
    wasi: &Wasi,
    _call: &mut Call<'_>,
    fd: u32,
    offset: u64,
    length: u64,
    advice: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    if let Object::Directory(_) = descriptor.object {
        return Err(Errno::Badf.into());
    }
    let file = descriptor.file()?;
    descriptor.require(Rights::FD_ADVISE)?;
    Ok(sys::advise(&file.file, offset, length, advice)?)
}

pub(crate) fn fd_allocate(
    wasi: &Wasi,
    _call: &mut Call<'_>,
    fd: u32,
    offset: u64,
    length: u64,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let file = descriptor.file()?;
    descriptor.require(Rights::FD_ALLOCATE)?;
    Ok(sys::allocate(&file.file, offset, length)?)
}

pub(crate) fn fd_datasync(wasi: &Wasi, _call: &mut Call<'_>, fd: u32) -> Outcome {
    synchronize(wasi, fd, Rights::FD_DATASYNC, true)
}

pub(crate) fn fd_sync(wasi: &Wasi, _call: &mut Call<'_>, fd: u32) -> Outcome {
    synchronize(wasi, fd, Rights::FD_SYNC, false)
}

fn synchronize(wasi: &Wasi, fd: u32, rights: Rights, only_data: bool) -> Outcome {
    let descriptor = wasi.table.with(fd, rights)?;
    match &descriptor.object {
        Object::File(file) if only_data => file.file.sync_data()?,
        Object::File(file) => file.file.sync_all()?,
        Object::Directory(directory) => sys::sync_dir(&directory.dir)?,
        _ => return Err(Errno::Inval.into()),
    }
    Ok(())
}
