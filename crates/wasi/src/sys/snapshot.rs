//! Directories on hosts without positions in them: a list made when reading starts, in
//! which a cookie is an index.

use std::io;

use cap_std::fs::Dir;

use super::DirEntry;
use crate::abi::Filetype;

/// A directory being read.
#[derive(Default)]
pub(crate) struct ReadDir {
    entries: Vec<(Vec<u8>, Filetype, u64)>,
}

impl ReadDir {
    pub fn new(dir: &Dir) -> io::Result<ReadDir> {
        use cap_fs_ext::MetadataExt;
        let own = dir.dir_metadata()?;
        let mut entries = vec![
            (b".".to_vec(), Filetype::Directory, own.ino()),
            (b"..".to_vec(), Filetype::Directory, 0),
        ];
        for entry in dir.entries()? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let filetype = if kind.is_dir() {
                Filetype::Directory
            } else if kind.is_file() {
                Filetype::RegularFile
            } else if kind.is_symlink() {
                Filetype::SymbolicLink
            } else {
                Filetype::Unknown
            };
            let ino = entry.metadata().map_or(0, |data| data.ino());
            entries.push((entry.file_name().as_encoded_bytes().to_vec(), filetype, ino));
        }
        Ok(ReadDir { entries })
    }

    /// Calls `each` with the entries from `cookie` on until it returns false.
    pub fn read(
        &mut self,
        cookie: u64,
        mut each: impl FnMut(DirEntry<'_>) -> bool,
    ) -> io::Result<()> {
        let start = usize::try_from(cookie).unwrap_or(usize::MAX);
        for (index, (name, filetype, ino)) in self.entries.iter().enumerate().skip(start) {
            let next = index as u64 + 1;
            if !each(DirEntry {
                next,
                ino: *ino,
                filetype: *filetype,
                name,
            }) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_reads_as_linux_does() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let dir = Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
        let names = |from: u64| {
            let mut names = Vec::new();
            let mut reader = ReadDir::new(&dir).unwrap();
            reader
                .read(from, |entry| {
                    names.push(String::from_utf8(entry.name.to_vec()).unwrap());
                    true
                })
                .unwrap();
            names.sort();
            names
        };
        assert_eq!(names(0), [".", "..", "a", "b", "c"]);
        assert_eq!(names(4).len(), 1);
        assert!(names(u64::MAX).is_empty());
    }
}
