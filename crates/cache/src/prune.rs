//! Keeping the folder as small as it is to be.

use crate::folder::{Folder, kind_of_name};
use rustix::fs::{AtFlags, Dir, FileType, statat};
use std::cmp::Reverse;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// A file that has been written for so long is left of a crash.
const ABANDONED: Duration = Duration::from_secs(3600);
/// What clocks may differ by.
const SKEW: Duration = Duration::from_secs(60);

/// A file of ours.
pub struct Found {
    pub name: String,
    pub bytes: u64,
    pub is_entry: bool,
    used: SystemTime,
}

/// The files of ours in a folder.
pub struct Scan {
    pub files: Vec<Found>,
}

impl Scan {
    pub fn of(folder: &Folder) -> io::Result<Self> {
        let mut files = Vec::new();
        for entry in Dir::read_from(folder.file())? {
            let entry = entry?;
            let name = entry.file_name().to_str().unwrap_or_default();
            if let Some(is_entry) = kind_of_name(name) {
                // Others may have removed it.
                files.extend(Found::of(folder, name, is_entry));
            }
        }
        Ok(Self { files })
    }

    /// Removes what crashes have left, and if that is not enough, what was unused for longest, until
    /// an eighth of the limit is free, so that the next writer need not do it again. What was used
    /// last stays, as long as it is within the limit. Returns how many bytes are left.
    pub fn prune(self, folder: &Folder, limit: u64) -> u64 {
        let now = SystemTime::now();
        let mut left: u64 = self.files.iter().map(|file| file.bytes).sum();
        let (mut entries, temporaries): (Vec<_>, Vec<_>) =
            self.files.into_iter().partition(|file| file.is_entry);
        for file in temporaries.iter().filter(|file| file.is_abandoned(now)) {
            left -= file.remove(folder);
        }
        if left <= limit {
            return left;
        }
        entries.sort_unstable_by_key(|file| Reverse(file.last_use(now)));
        while let Some(file) = entries.pop() {
            let is_last = entries.is_empty();
            let most = if is_last { limit } else { limit - limit / 8 };
            if left <= most {
                break;
            }
            left -= file.remove(folder);
        }
        left
    }
}

impl Found {
    fn of(folder: &Folder, name: &str, is_entry: bool) -> Option<Self> {
        let stat = statat(folder.file(), name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        let since = Duration::from_secs(stat.st_mtime.try_into().unwrap_or(0))
            + Duration::from_nanos(stat.st_mtime_nsec as u64);
        Some(Self {
            name: name.to_owned(),
            bytes: if is_file {
                stat.st_size.try_into().unwrap_or(0)
            } else {
                0
            },
            is_entry,
            used: SystemTime::UNIX_EPOCH + since,
        })
    }

    /// Removes it; returns the room that is free by that.
    fn remove(&self, folder: &Folder) -> u64 {
        let removed = folder.remove(&self.name).is_ok();
        // What somebody else has removed is gone, too.
        let is_gone = removed || Found::of(folder, &self.name, self.is_entry).is_none();
        if is_gone { self.bytes } else { 0 }
    }

    fn is_abandoned(&self, now: SystemTime) -> bool {
        let age = now.duration_since(self.used);
        age.is_ok_and(|age| age > ABANDONED)
    }

    /// When it was used last; never, if that is a time to come.
    fn last_use(&self, now: SystemTime) -> SystemTime {
        match self.used <= now + SKEW {
            true => self.used,
            false => SystemTime::UNIX_EPOCH,
        }
    }
}

/// What this process knows of the room that is taken, so that not every write looks at all files.
pub struct Usage {
    /// Bytes in the folder, as far as is known.
    bytes: AtomicU64,
    /// Bytes that were written since somebody looked.
    written: AtomicU64,
}

/// So many bytes that somebody has to look.
const UNKNOWN: u64 = u64::MAX / 2;

impl Default for Usage {
    fn default() -> Self {
        Self {
            bytes: AtomicU64::new(UNKNOWN),
            written: AtomicU64::new(0),
        }
    }
}

impl Usage {
    /// Adds what was written; whether it is time to look.
    pub fn add(&self, bytes: u64, limit: u64) -> bool {
        let known = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let written = self.written.fetch_add(bytes, Ordering::Relaxed) + bytes;
        known > limit || written > limit / 16
    }

    /// What somebody has seen.
    pub fn set(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
    }

    /// Nothing is known any more.
    pub fn forget(&self) {
        self.set(UNKNOWN);
    }
}
