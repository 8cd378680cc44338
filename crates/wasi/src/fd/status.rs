//! Descriptors as such: their flags, rights, numbers, and the names of preopened ones.

use crate::abi::{Fdflags, Record};
use crate::descriptor::{Grant, Object};
use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys;

pub(crate) fn fd_close(wasi: &Wasi, _call: &mut Call<'_>, fd: u32) -> Outcome {
    Ok(wasi.table.remove(fd)?)
}

pub(crate) fn fd_renumber(wasi: &Wasi, _call: &mut Call<'_>, from: u32, to: u32) -> Outcome {
    Ok(wasi.table.renumber(from, to)?)
}

pub(crate) fn fd_fdstat_get(wasi: &Wasi, call: &mut Call<'_>, fd: u32, out: u32) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let grant = descriptor.grant();
    let record = Record::new()
        .u8(0, descriptor.filetype() as u8)
        .u16(2, descriptor.flags().bits() as u16)
        .u64(8, grant.base.bits())
        .u64(16, grant.inheriting.bits());
    Ok(call.write(out, &record.bytes(24))?)
}

/// Changes whether writes append and whether calls wait. How writes are synchronized is
/// fixed when a file is opened.
pub(crate) fn fd_fdstat_set_flags(
    wasi: &Wasi,
    _call: &mut Call<'_>,
    fd: u32,
    flags: u32,
) -> Outcome {
    const FIXED: u32 = Fdflags::DSYNC.or(Fdflags::RSYNC).or(Fdflags::SYNC).bits();

    let descriptor = wasi.table.with(fd, Rights::FD_FDSTAT_SET_FLAGS)?;
    let (new, old) = (Fdflags::new(flags)?, descriptor.flags());
    if new.bits() & FIXED != old.bits() & FIXED {
        return Err(Errno::Notsup.into());
    }
    if new.has(Fdflags::APPEND) != old.has(Fdflags::APPEND) {
        match &descriptor.object {
            Object::File(file) => sys::set_append(&file.file, new.has(Fdflags::APPEND))?,
            Object::Directory(_) => return Err(Errno::Inval.into()),
            _ => {}
        }
    }
    descriptor.set_flags(new);
    Ok(())
}

pub(crate) fn fd_fdstat_set_rights(
    wasi: &Wasi,
    _call: &mut Call<'_>,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Outcome {
    let to = Grant {
        base: Rights::from_bits(base),
        inheriting: Rights::from_bits(inheriting),
    };
    Ok(wasi.table.get(fd)?.narrow(to)?)
}

pub(crate) fn fd_prestat_get(wasi: &Wasi, call: &mut Call<'_>, fd: u32, out: u32) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let name = descriptor.preopen.as_ref().ok_or(Errno::Badf)?;
    // The tag 0, a directory, is the only one.
    let record = Record::new().u32(4, name.len() as u32);
    Ok(call.write(out, &record.bytes(8))?)
}

pub(crate) fn fd_prestat_dir_name(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    path: u32,
    length: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let name = descriptor.preopen.as_ref().ok_or(Errno::Badf)?;
    if (length as usize) < name.len() {
        return Err(Errno::Nametoolong.into());
    }
    Ok(call.write(path, name.as_bytes())?)
}
