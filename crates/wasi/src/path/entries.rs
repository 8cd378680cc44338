//! Making, removing and moving entries of directories.

use super::{names_directory, read_path, split};
use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;

pub(crate) fn path_create_directory(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    path: u32,
    length: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    parent.require(Rights::PATH_CREATE_DIRECTORY)?;
    let path = read_path(call, path, length)?;
    directory.dir.create_dir(path)?;
    Ok(())
}

pub(crate) fn path_remove_directory(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    path: u32,
    length: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    parent.require(Rights::PATH_REMOVE_DIRECTORY)?;
    let path = read_path(call, path, length)?;
    // A trailing slash says no more than the call itself.
    let name = match split(&path) {
        Some(_) => path.trim_end_matches('/'),
        None => &path,
    };
    directory.dir.remove_dir(name)?;
    Ok(())
}

pub(crate) fn path_unlink_file(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    path: u32,
    length: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    parent.require(Rights::PATH_UNLINK_FILE)?;
    let path = read_path(call, path, length)?;
    if names_directory(&path) {
        let found = directory.dir.metadata(&path)?;
        return Err(if found.is_dir() {
            Errno::Isdir
        } else {
            Errno::Notdir
        }
        .into());
    }
    cap_fs_ext::DirExt::remove_file_or_symlink(&directory.dir, path)?;
    Ok(())
}

pub(crate) fn path_rename(
    wasi: &Wasi,
    call: &mut Call<'_>,
    old_fd: u32,
    old_path: u32,
    old_length: u32,
    new_fd: u32,
    new_path: u32,
    new_length: u32,
) -> Outcome {
    let (old, new) = (wasi.table.get(old_fd)?, wasi.table.get(new_fd)?);
    let (from, to) = (old.directory()?, new.directory()?);
    old.require(Rights::PATH_RENAME_SOURCE)?;
    new.require(Rights::PATH_RENAME_TARGET)?;
    let old_path = read_path(call, old_path, old_length)?;
    let new_path = read_path(call, new_path, new_length)?;
    if names_directory(&new_path) && split(&new_path).is_some() {
        // Only a directory can get a name that only directories have.
        if !from.dir.symlink_metadata(&old_path)?.is_dir() {
            return Err(Errno::Notdir.into());
        }
    }
    from.dir.rename(old_path, &to.dir, new_path)?;
    Ok(())
}
