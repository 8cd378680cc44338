//! The folder and the names in it, through one descriptor.

use crate::error::{Error, Problem, Reason};
use crate::key::Key;
use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// Ends the names of entries.
const ENTRY: &str = ".entry";
/// Ends the names of files that are being written.
const TEMPORARY: &str = ".tmp";

/// An opened folder.
pub struct Folder(File);

/// The name of a key's file.
pub fn entry_name(key: &Key) -> String {
    format!("{key}{ENTRY}")
}

/// Whether a name is one of ours: that of an entry, or (`false`) of a file that is being written.
pub fn kind_of_name(name: &str) -> Option<bool> {
    let ours = |stem: &str| {
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        stem.len() >= 64 && stem.is_char_boundary(64) && stem[..64].chars().all(hexadecimal)
    };
    if let Some(stem) = name.strip_suffix(ENTRY) {
        return (stem.len() == 64 && ours(stem)).then_some(true);
    }
    ours(name.strip_suffix(TEMPORARY)?).then_some(false)
}

/// Whether nobody but us may have written something.
pub fn check_owner(metadata: &Metadata) -> Result<(), Problem> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(Problem::OtherUser(metadata.uid()));
    }
    // Lists of access rights are in there, too: as the group's.
    if metadata.mode() & 0o022 != 0 {
        return Err(Problem::Writable(metadata.mode() & 0o7777));
    }
    Ok(())
}

impl Folder {
    /// Opens it, made if there is none.
    pub fn make(path: &Path) -> Result<Self, Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        let folder = made.and_then(|()| {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
            Ok(rustix::fs::open(path, flags, Mode::empty())?)
        });
        let folder = match folder {
            Ok(folder) => Self(folder.into()),
            Err(error) => return Err(not_opened(path, error)),
        };
        match folder.check() {
            Ok(()) => Ok(folder),
            Err(problem) => Err(Error::folder(path, problem)),
        }
    }

    /// Whether it may still be used.
    pub fn check(&self) -> Result<(), Problem> {
        // The descriptor is good, so the system can only fail to tell by lying.
        let metadata = self.0.metadata().map_err(|_| Problem::OtherKind)?;
        check_owner(&metadata)
    }

    /// Opens the file of an entry, if there is one.
    pub fn open_entry(&self, name: &str) -> Result<Option<File>, Reason> {
        // Opening must not wait for whoever writes a pipe.
        let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        match openat(&self.0, name, flags | OFlags::RDONLY, Mode::empty()) {
            Ok(file) => Ok(Some(file.into())),
            Err(Errno::NOENT) => Ok(None),
            // A link; a socket.
            Err(Errno::LOOP | Errno::MLINK | Errno::NXIO) => Err(Reason::File(Problem::OtherKind)),
            Err(error) => Err(Reason::Io(error.into())),
        }
    }

    /// Writes the file of an entry: nobody sees it before it is complete.
    pub fn write<'a>(&self, key: &Key, pieces: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        let (mut temporary, mut file) = Temporary::new(self, key)?;
        for piece in pieces {
            file.write_all(piece)?;
        }
        match renameat(&self.0, &*temporary.name, &self.0, entry_name(key)) {
            Ok(()) => temporary.is_there = false,
            // Somebody has cleared the folder meanwhile: this entry, too.
            Err(Errno::NOENT) => temporary.is_there = false,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Removes a file of ours.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.0, name, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => unlinkat(&self.0, name, AtFlags::REMOVEDIR)?,
            removed => removed?,
        }
        Ok(())
    }

    /// The descriptor.
    pub fn file(&self) -> &File {
        &self.0
    }
}

fn not_opened(path: &Path, error: io::Error) -> Error {
    let is_other = std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir());
    match is_other {
        true => Error::folder(path, Problem::OtherKind),
        false => Error::io("make the cache folder", path, error),
    }
}

/// A file that is being written, and goes if that fails.
struct Temporary<'f> {
    folder: &'f Folder,
    name: String,
    is_there: bool,
}

impl<'f> Temporary<'f> {
    fn new(folder: &'f Folder, key: &Key) -> io::Result<(Self, File)> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            // Numbers of processes are the same in several containers: not unique enough.
            let unique = RandomState::new().hash_one(std::process::id());
            let name = format!("{key}.{unique:016x}{TEMPORARY}");
            match openat(&folder.0, &*name, flags | OFlags::WRONLY, Mode::from(0o600)) {
                Ok(file) => {
                    let temporary = Self {
                        folder,
                        name,
                        is_there: true,
                    };
                    return Ok((temporary, file.into()));
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if self.is_there {
            // It goes later, as one that a crash has left.
            let _ = self.folder.remove(&self.name);
        }
    }
}
