//! `path_open`.

use std::io;

use cap_fs_ext::{
    FollowSymlinks, OpenOptionsFollowExt, OpenOptionsMaybeDirExt, OpenOptionsSyncExt,
};
use cap_std::fs::{Dir, OpenOptions};

use super::{names_directory, read_path};
use crate::abi::{Fdflags, Filetype, Lookupflags, Oflags};
use crate::descriptor::{Descriptor, Directory, Grant, HostFile, Object};
use crate::errno::Errno;
use crate::guest::{Call, Outcome};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys;

/// The rights for which the host must open a file writable.
const NEEDS_WRITE: Rights = Rights::FD_WRITE
    .or(Rights::FD_ALLOCATE)
    .or(Rights::FD_FILESTAT_SET_SIZE);

pub(crate) fn path_open(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    length: u32,
    oflags: u32,
    base: u64,
    inheriting: u64,
    fdflags: u32,
    out: u32,
) -> Outcome {
    let parent = wasi.table.get(fd)?;
    let directory = parent.directory()?;
    let grant = parent.grant();
    let path = read_path(call, path, length)?;
    let request = Request {
        lookup: Lookupflags::new(lookup)?,
        oflags: Oflags::new(oflags)?,
        fdflags: Fdflags::new(fdflags)?,
        asked: Rights::from_bits(base),
    };
    if !grant.base.contains(request.needed()) {
        return Err(Errno::Notcapable.into());
    }
    if !request.may_synchronize(grant) {
        return Err(Errno::Notcapable.into());
    }
    call.check(out, 4)?;
    wasi.table.has_room()?;

    let granted = request.asked & grant.inheriting;
    let descriptor = match open(&directory.dir, &path, &request, granted)? {
        Opened::Directory(dir) => {
            // A directory can't be written as such; to ask for it is a mistake worth telling.
            if request.asked.contains(Rights::FD_WRITE) {
                return Err(Errno::Isdir.into());
            }
            let object = Object::Directory(Directory::new(dir));
            let inheriting = Rights::from_bits(inheriting) & grant.inheriting;
            Descriptor::new(
                object,
                granted & Rights::DIRECTORY,
                inheriting,
                Fdflags::default(),
            )
        }
        Opened::File(file) => {
            // Asked to write, a file that can't be written is refused rather than opened.
            if request.asked.contains(Rights::FD_WRITE) && !granted.contains(Rights::FD_WRITE) {
                return Err(Errno::Notcapable.into());
            }
            let object = Object::File(file);
            Descriptor::new(
                object,
                granted & Rights::FILE,
                Rights::NONE,
                request.fdflags,
            )
        }
    };
    let opened = wasi.table.insert(descriptor)?;
    Ok(call.write_u32(out, opened)?)
}

struct Request {
    lookup: Lookupflags,
    oflags: Oflags,
    fdflags: Fdflags,
    asked: Rights,
}

impl Request {
    /// The rights that the directory must have.
    fn needed(&self) -> Rights {
        let mut needed = Rights::PATH_OPEN;
        if self.oflags.has(Oflags::CREAT) {
            needed = needed | Rights::PATH_CREATE_FILE;
        }
        if self.oflags.has(Oflags::TRUNC) {
            needed = needed | Rights::PATH_FILESTAT_SET_SIZE;
        }
        needed
    }

    /// Opening for synchronized writes needs the right to synchronize.
    fn may_synchronize(&self, grant: Grant) -> bool {
        let (data, all) = (Rights::FD_DATASYNC, Rights::FD_SYNC);
        if self.fdflags.has(Fdflags::SYNC.or(Fdflags::RSYNC)) {
            grant.inheriting.contains(all)
        } else if self.fdflags.has(Fdflags::DSYNC) {
            grant.inheriting.intersects(data | all)
        } else {
            true
        }
    }

    fn options(&self, write: bool) -> OpenOptions {
        let follow = if self.lookup.has(Lookupflags::SYMLINK_FOLLOW) {
            FollowSymlinks::Yes
        } else {
            FollowSymlinks::No
        };
        let mut options = OpenOptions::new();
        options
            .follow(follow)
            .read(true)
            .write(write)
            .maybe_dir(true)
            // Opening a pipe must not wait for its other end. Regular files don't care, and
            // for the others `fd_read` and `fd_write` do the waiting.
            .nonblock(true)
            .sync(self.fdflags.has(Fdflags::SYNC))
            .dsync(self.fdflags.has(Fdflags::DSYNC))
            .rsync(self.fdflags.has(Fdflags::RSYNC));
        if self.oflags.has(Oflags::CREAT) {
            if self.oflags.has(Oflags::EXCL) {
                options.create_new(true);
            } else {
                options.create(true);
            }
        }
        options.truncate(self.oflags.has(Oflags::TRUNC));
        options
    }
}

enum Opened {
    File(HostFile),
    Directory(Dir),
}

fn open(dir: &Dir, path: &str, request: &Request, granted: Rights) -> Result<Opened, Errno> {
    let (creates, truncates) = (
        request.oflags.has(Oflags::CREAT),
        request.oflags.has(Oflags::TRUNC),
    );
    let wants_directory = request.oflags.has(Oflags::DIRECTORY);
    if wants_directory && (creates || truncates) {
        return Err(Errno::Inval);
    }
    if names_directory(path) && creates {
        // No file has such a name. An existing directory is one all the same.
        return Err(if dir.is_dir(path) {
            Errno::Isdir
        } else {
            Errno::Noent
        });
    }
    if wants_directory && request.asked.contains(Rights::FD_WRITE) {
        return Err(match dir.metadata(path)?.is_dir() {
            true => Errno::Isdir,
            false => Errno::Notdir,
        });
    }
    let needs_write = truncates || granted.intersects(NEEDS_WRITE);
    let file = open_file(dir, path, request, granted, needs_write)?;
    let filetype = sys::filetype(&file)?;
    if filetype == Filetype::Directory {
        return Ok(Opened::Directory(Dir::from_std_file(file)));
    }
    if wants_directory || names_directory(path) {
        return Err(Errno::Notdir);
    }
    if request.fdflags.has(Fdflags::APPEND) {
        sys::set_append(&file, true)?;
    }
    Ok(Opened::File(HostFile::new(file, filetype)))
}

/// Opens with the access that is needed. `creat` alone needs none, but hosts create only
/// what they open writable: where that is refused, the file was there and is only opened.
fn open_file(
    dir: &Dir,
    path: &str,
    request: &Request,
    granted: Rights,
    needs_write: bool,
) -> Result<std::fs::File, Errno> {
    let creates = request.oflags.has(Oflags::CREAT);
    let mut options = request.options(needs_write || creates);
    // A file that may only be written is not asked to be readable.
    if needs_write && !granted.contains(Rights::FD_READ) && !request.asked.contains(Rights::FD_READ)
    {
        options.read(false);
    }
    let result = match dir.open_with(path, &options) {
        Err(error) if creates && !needs_write && is_refusal(&error) => {
            let mut options = request.options(false);
            options.create(false).create_new(false);
            if request.oflags.has(Oflags::EXCL) {
                return Err(error.into());
            }
            dir.open_with(path, &options)
        }
        result => result,
    };
    Ok(result?.into_std())
}

/// Whether an existing file was refused to be opened writable.
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        crate::sys::errno_of(error),
        Some(Errno::Acces | Errno::Rofs | Errno::Txtbsy | Errno::Perm)
    )
}
