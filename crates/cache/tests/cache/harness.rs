//! Folders and bytes for tests.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tierra_cache::{Cache, Key};

/// A limit that no test reaches by accident.
pub const PLENTY: u64 = 1 << 30;

/// A cache in a folder that goes with it.
pub struct Scene {
    pub cache: Cache,
    folder: TempDir,
}

impl Scene {
    pub fn new(limit: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(&folder.path().join("cache"), limit).expect("opened");
        Self { cache, folder }
    }

    /// The folder around the cache's.
    pub fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// The file of a key.
    pub fn file(&self, key: &Key) -> PathBuf {
        self.cache.folder().join(format!("{key}.entry"))
    }

    /// The names in the cache's folder.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.cache.folder()).expect("a folder");
        entries
            .map(|entry| {
                entry
                    .expect("readable")
                    .file_name()
                    .into_string()
                    .expect("Unicode")
            })
            .collect()
    }
}

pub fn key(number: u64) -> Key {
    Key::new(&[b"test", &number.to_le_bytes()])
}

/// Bytes that tell whose they are.
pub fn payload(number: u64, len: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| byte()).collect()
}

/// Lets a file look as if it was used some seconds ago, or will be.
pub fn used_ago(path: &Path, seconds: i64) {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let now = SystemTime::now();
    let time = if seconds < 0 { now + by } else { now - by };
    let file = std::fs::File::open(path).expect("it is there");
    file.set_modified(time).expect("it is ours");
}
