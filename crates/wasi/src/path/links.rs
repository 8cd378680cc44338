//! Hard and symbolic links.

use super::{names_directory, read_path};
use crate::abi::Lookupflags;
use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;

pub(crate) fn path_link(
    wasi: &Wasi,
    call: &mut Call<'_>,
    old_fd: u32,
    old_lookup: u32,
    old_path: u32,
    old_length: u32,
    new_fd: u32,
    new_path: u32,
    new_length: u32,
) -> Outcome {
    let (old, new) = (wasi.table.get(old_fd)?, wasi.table.get(new_fd)?);
    let (from, to) = (old.directory()?, new.directory()?);
    old.require(Rights::PATH_LINK_SOURCE)?;
    new.require(Rights::PATH_LINK_TARGET)?;
    let old_path = read_path(call, old_path, old_length)?;
    let new_path = read_path(call, new_path, new_length)?;
    // No host links to what a symbolic link names without a way out of the sandbox.
    if Lookupflags::new(old_lookup)?.has(Lookupflags::SYMLINK_FOLLOW) {
        return Err(Errno::Inval.into());
    }
    refuse_trailing_slash(&to.dir, &new_path)?;
    from.dir.hard_link(old_path, &to.dir, new_path)?;
    Ok(())
}

pub(crate) fn path_symlink(
    wasi: &Wasi,
    call: &mut Call<'_>,
    old_path: u32,
    old_length: u32,
    fd: u32,
    new_path: u32,
    new_length: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    parent.require(Rights::PATH_SYMLINK)?;
    let old_path = read_path(call, old_path, old_length)?;
    let new_path = read_path(call, new_path, new_length)?;
    if old_path.starts_with('/') {
        return Err(Errno::Notcapable.into());
    }
    refuse_trailing_slash(&directory.dir, &new_path)?;
    cap_fs_ext::DirExt::symlink(&directory.dir, old_path, new_path)?;
    Ok(())
}

/// Links are no directories, so they can't be made under names of directories.
fn refuse_trailing_slash(dir: &cap_std::fs::Dir, path: &str) -> Result<(), Errno> {
    if !names_directory(path) {
        return Ok(());
    }
    let found = dir.symlink_metadata(path.trim_end_matches('/'))?;
    Err(if found.is_dir() {
        Errno::Exist
    } else {
        Errno::Notdir
    })
}

pub(crate) fn path_readlink(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    path: u32,
    length: u32,
    buffer: u32,
    buffer_length: u32,
    out: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    parent.require(Rights::PATH_READLINK)?;
    let path = read_path(call, path, length)?;
    call.check(buffer, buffer_length.into())?;
    call.check(out, 4)?;
    let target = directory.dir.read_link(path)?.into_os_string();
    let target = target.into_string().map_err(|_| Errno::Ilseq)?;
    let used = target.len().min(buffer_length as usize);
    call.write(buffer, &target.as_bytes()[..used])?;
    Ok(call.write_u32(out, used as u32)?)
}
