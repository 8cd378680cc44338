//! The functions on paths beneath an open directory.

mod entries;
mod filestat;
mod links;
mod open;

pub(crate) use entries::{
    path_create_directory, path_remove_directory, path_rename, path_unlink_file,
};
pub(crate) use filestat::{path_filestat_get, path_filestat_set_times};
pub(crate) use links::{path_link, path_readlink, path_symlink};
pub(crate) use open::path_open;

use crate::errno::Errno;
use crate::guest::Call;

/// Longest path, as on Linux.
const MAX_PATH: u32 = 4096;

/// Copies a path out of the guest: text, without a NUL, not too long. What it means is the
/// sandboxed lookup's to say.
fn read_path(call: &Call<'_>, address: u32, length: u32) -> Result<String, Errno> {
    call.check(address, length.into())?;
    if length >= MAX_PATH {
        return Err(Errno::Nametoolong);
    }
    let bytes = call.read(address, length as usize)?;
    let path = String::from_utf8(bytes).map_err(|_| Errno::Ilseq)?;
    if path.contains('\0') {
        return Err(Errno::Inval);
    }
    if path.is_empty() {
        return Err(Errno::Noent);
    }
    Ok(path)
}

/// The parent and the last component of a path that names an entry itself; `None` if the
/// last component is `.` or `..`, or the path only slashes. Trailing slashes are dropped.
fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.trim_end_matches('/');
    let (parent, name) = match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => (".", path),
    };
    (!matches!(name, "" | "." | "..")).then_some((parent, name))
}

/// Whether a path may only name a directory.
fn names_directory(path: &str) -> bool {
    path.ends_with('/')
}
