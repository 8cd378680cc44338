//! Linux: directories are read with the kernel's own cookies, and advice is passed on.

use std::fs::File;
use std::io;
use std::num::NonZeroU64;

use cap_std::fs::Dir;
use rustix::fs::{Advice, FileType};

use crate::abi::Filetype;
use crate::errno::Errno;
use crate::sys::DirEntry;

/// A directory being read. A cookie is the kernel's position, so it holds across calls,
/// threads and changes of the directory as well as `telldir` does, and nothing is kept here.
pub(crate) struct ReadDir {
    dir: rustix::fs::Dir,
    position: u64,
}

impl ReadDir {
    pub fn new(dir: &Dir) -> io::Result<ReadDir> {
        Ok(ReadDir {
            dir: rustix::fs::Dir::new(super::readable_dir(dir)?)?,
            position: 0,
        })
    }

    /// Calls `each` with the entries from `cookie` on until it returns false.
    pub fn read(
        &mut self,
        cookie: u64,
        mut each: impl FnMut(DirEntry<'_>) -> bool,
    ) -> io::Result<()> {
        if cookie == 0 {
            self.dir.rewind();
        } else if cookie != self.position {
            let offset = i64::try_from(cookie).map_err(|_| io::ErrorKind::InvalidInput)?;
            self.dir.seek(offset)?;
        }
        self.position = cookie;
        while let Some(entry) = self.dir.read() {
            let entry = entry?;
            self.position = entry.offset() as u64;
            let name = entry.file_name().to_bytes();
            let entry = DirEntry {
                next: self.position,
                ino: entry.ino(),
                filetype: filetype(entry.file_type()),
                name,
            };
            if !each(entry) {
                break;
            }
        }
        Ok(())
    }
}

fn filetype(kind: FileType) -> Filetype {
    match kind {
        FileType::RegularFile => Filetype::RegularFile,
        FileType::Directory => Filetype::Directory,
        FileType::Symlink => Filetype::SymbolicLink,
        FileType::CharacterDevice => Filetype::CharacterDevice,
        FileType::BlockDevice => Filetype::BlockDevice,
        FileType::Socket => Filetype::SocketStream,
        _ => Filetype::Unknown,
    }
}

pub(crate) fn advise(file: &File, offset: u64, length: u64, advice: u32) -> Result<(), Errno> {
    use Advice::*;
    const ORDER: [Advice; 6] = [Normal, Sequential, Random, WillNeed, DontNeed, NoReuse];
    let advice = *ORDER.get(advice as usize).ok_or(Errno::Inval)?;
    // Negative numbers to the host.
    if offset > i64::MAX as u64 || length > i64::MAX as u64 {
        return Err(Errno::Inval);
    }
    rustix::fs::fadvise(file, offset, NonZeroU64::new(length), advice)
        .map_err(|errno| io::Error::from(errno).into())
}
