//! What is expensive to make, kept in the user's cache folder: bytes by keys.
//!
//! **Problem.** The bytes are machine code, and whoever gets them runs them. So nobody but the
//! user may have written them, they must be whole, and be those of their key; while other processes
//! write, prune and clear the same folder, and die in the middle of it. **Idea.** An entry is a
//! file of its own, named after its key. It is written under another name, and renamed when it is
//! complete; it is never changed again. It is read whole, through one descriptor on which all is
//! checked: owner, permissions, key, length, checksum. No file is mapped: somebody who shortens it
//! could make us fail. So there is nothing to lock.
//!
//! **Invariants.**
//! - Folder and files belong to the user who runs us, and no other user may write them. They are
//!   asked through their descriptors, never by path: what is checked is what is used.
//! - Links are not followed, and a file with several names is not read.
//! - What does not satisfy all of that is told ([`Refused`]), removed, and never used.
//! - The entries together take at most the limit, but for what other processes have added since this
//!   one looked last: a sixteenth of the limit for each of them.
//! - Only files named like ours are removed.
//!
//! The checksum guards against accidents. Who can write as this user can have any code run here
//! anyway.
//!
//! **Cost.** Reading is one copy from the system's cache of files and one pass at the speed of
//! memory. Writing waits for no disk: what a crash of the machine leaves half-written is found out
//! when it is read. Now and then a write looks at all names of the folder.
#![cfg(unix)]
#![forbid(unsafe_code)]

mod error;
mod folder;
mod format;
mod key;
mod prune;

pub use error::{Error, Problem, Reason, Refused};
pub use format::PAYLOAD_OFFSET;
pub use key::{Key, KeyBuilder};

use folder::Folder;
use format::{File, Header};
use prune::Usage;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// A use of an entry is noted if none was for so long.
const TOUCH: Duration = Duration::from_secs(60);

/// A folder of bytes by keys. Clones are the same cache.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    limit: u64,
    /// Replaced if somebody removes the folder.
    folder: Mutex<Arc<Folder>>,
    usage: Usage,
}

/// An entry: bytes as they were put.
#[derive(Debug)]
pub struct Entry {
    payload: Vec<u8>,
}

/// What is in a cache, or was removed from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Info {
    /// The folder.
    pub folder: PathBuf,
    /// How many entries.
    pub entries: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Bytes that they may have.
    pub limit: u64,
}

impl Cache {
    /// The user's folder: `$XDG_CACHE_HOME/tierra`, else `$HOME/.cache/tierra`; `None` if neither
    /// variable is an absolute path.
    pub fn default_dir() -> Option<PathBuf> {
        let variable = |name| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let caches = variable("XDG_CACHE_HOME");
        let caches = caches.or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Some(caches.join("tierra"))
    }

    /// The cache in a folder, which is made if there is none, with so many bytes at most.
    ///
    /// # Errors
    /// When the folder can't be made, is a link, belongs to another user, or others may write it.
    pub fn open(dir: &Path, limit_bytes: u64) -> Result<Cache, Error> {
        let path = std::path::absolute(dir).map_err(|error| Error::io("find", dir, error))?;
        let folder = Folder::make(&path)?;
        Ok(Cache {
            inner: Arc::new(Inner {
                path,
                limit: limit_bytes,
                folder: Mutex::new(Arc::new(folder)),
                usage: Usage::default(),
            }),
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.inner.path
    }

    /// The bytes that its files may have together.
    pub fn limit(&self) -> u64 {
        self.inner.limit
    }

    /// What was put under a key.
    ///
    /// # Errors
    /// When there is a file for the key that must not be used. It is removed if that is possible:
    /// the caller need not do more than with `None`, but should tell somebody.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>, Refused> {
        let folder = self.opened();
        let name = folder::entry_name(key);
        match self.read(&folder, &name, key) {
            Ok(payload) => Ok(payload.map(|payload| Entry { payload })),
            Err(reason) => Err(Refused {
                removed: reason.is_the_files() && folder.remove(&name).is_ok(),
                path: self.inner.path.join(name),
                reason,
            }),
        }
    }

    fn read(&self, folder: &Folder, name: &str, key: &Key) -> Result<Option<Vec<u8>>, Reason> {
        folder.check().map_err(Reason::Folder)?;
        let Some(file) = folder.open_entry(name)? else {
            return Ok(None);
        };
        let mut file = File::of(file, self.inner.limit)?;
        let payload = file.read(key)?;
        let now = SystemTime::now();
        let unused = now.duration_since(file.used());
        // A time to come is none.
        if unused.is_ok_and(|time| time > TOUCH) || file.used() > now + TOUCH {
            file.touch(now);
        }
        Ok(Some(payload))
    }

    /// Keeps bytes, given in pieces, under a key, whatever was there. Then the entries that were
    /// unused for longest go, until the others have room.
    ///
    /// # Errors
    /// When they are more than the limit, or can't be written. Nothing has changed then.
    pub fn put(&self, key: &Key, payload: &[&[u8]]) -> Result<(), Error> {
        let len = payload.iter().map(|piece| piece.len() as u64).sum::<u64>();
        let bytes = len.saturating_add(PAYLOAD_OFFSET);
        if bytes > self.inner.limit {
            let limit = self.inner.limit;
            return Err(Error::TooLarge { bytes, limit });
        }
        let header = Header::new(key, payload).to_bytes();
        let pieces = std::iter::once(&header[..]).chain(payload.iter().copied());
        let folder = self.checked()?;
        let written = match folder.write(key, pieces.clone()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // Somebody has removed the folder.
                self.reopen()?.write(key, pieces)
            }
            written => written,
        };
        let path = || self.inner.path.join(folder::entry_name(key));
        written.map_err(|error| Error::io("write", &path(), error))?;
        self.prune_after(bytes)
    }

    /// What is in it.
    ///
    /// # Errors
    /// When the folder can't be read, or is one that [`Cache::open`] would refuse.
    pub fn info(&self) -> Result<Info, Error> {
        let found = self.scan(&*self.checked()?)?;
        Ok(self.info_of(found.files.iter().filter(|file| file.is_entry)))
    }

    /// Removes everything that is in it; returns what that was.
    ///
    /// # Errors
    /// As [`Cache::info`].
    pub fn clear(&self) -> Result<Info, Error> {
        let folder = self.checked()?;
        let mut removed = self.scan(&folder)?.files;
        removed.retain(|file| folder.remove(&file.name).is_ok() && file.is_entry);
        self.inner.usage.forget();
        Ok(self.info_of(removed.iter()))
    }

    fn info_of<'a>(&self, files: impl Iterator<Item = &'a prune::Found>) -> Info {
        let start = (0, 0);
        let (entries, bytes) = files.fold(start, |(n, bytes), file| (n + 1, bytes + file.bytes));
        Info {
            folder: self.inner.path.clone(),
            entries,
            bytes,
            limit: self.inner.limit,
        }
    }

    fn opened(&self) -> Arc<Folder> {
        let folder = self.inner.folder.lock();
        folder.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn checked(&self) -> Result<Arc<Folder>, Error> {
        let folder = self.opened();
        match folder.check() {
            Ok(()) => Ok(folder),
            Err(problem) => Err(Error::folder(&self.inner.path, problem)),
        }
    }

    fn reopen(&self) -> Result<Arc<Folder>, Error> {
        let folder = Arc::new(Folder::make(&self.inner.path)?);
        let mut opened = self
            .inner
            .folder
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *opened = folder.clone();
        self.inner.usage.forget();
        Ok(folder)
    }

    fn scan(&self, folder: &Folder) -> Result<prune::Scan, Error> {
        prune::Scan::of(folder).map_err(|error| Error::io("read", &self.inner.path, error))
    }

    fn prune_after(&self, bytes: u64) -> Result<(), Error> {
        if !self.inner.usage.add(bytes, self.inner.limit) {
            return Ok(());
        }
        let folder = self.opened();
        let left = self.scan(&folder)?.prune(&folder, self.inner.limit);
        self.inner.usage.set(left);
        Ok(())
    }
}

impl Entry {
    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.payload
    }
}

impl Deref for Entry {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.payload
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, limit, .. } = &*self.inner;
        write!(f, "Cache({}, {limit} bytes)", path.display())
    }
}
