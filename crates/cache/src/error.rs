//! Why something is not done, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a cache can't be opened or written.
#[derive(Debug)]
pub enum Error {
    /// The folder must not be used.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The bytes are more than the cache may hold.
    TooLarge {
        /// How many they are.
        bytes: u64,
        /// How many all may be.
        limit: u64,
    },
    /// The system failed.
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// What is wrong with a file or a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// It is a link, or something else than it should be.
    OtherKind,
    /// It belongs to the user with this number.
    OtherUser(u32),
    /// Others than its owner may write it: its permissions.
    Writable(u32),
    /// It has several names.
    Links,
}

/// A file that was there but is not used.
#[derive(Debug)]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
    /// Whether it was removed.
    pub removed: bool,
}

/// Why a file is not used.
#[derive(Debug)]
pub enum Reason {
    /// The whole folder must not be used.
    Folder(Problem),
    /// The file must not be used, whatever is in it.
    File(Problem),
    /// It is longer than the cache may be.
    TooLarge,
    /// It ends too early.
    Truncated,
    /// It is not as it was written.
    Damaged,
    /// Another version of this program has written it.
    OtherVersion(u32),
    /// It is the entry of another key.
    OtherKey,
    /// There is not enough memory for it.
    OutOfMemory,
    /// The system failed to read it.
    Io(io::Error),
}

impl Reason {
    /// Whether the file is to blame, so that it should go.
    pub(crate) fn is_the_files(&self) -> bool {
        match self {
            Self::Folder(_) | Self::OutOfMemory => false,
            Self::Io(error) => error.kind() == io::ErrorKind::PermissionDenied,
            _ => true,
        }
    }
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path, error: io::Error) -> Self {
        let path = path.into();
        Self::Io { what, path, error }
    }

    pub(crate) fn folder(path: &Path, problem: Problem) -> Self {
        let path = path.into();
        Self::Folder { path, problem }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path, problem } => {
                let path = path.display();
                write!(f, "the cache folder `{path}` is not safe: it {problem}; ")?;
                match problem {
                    Problem::Writable(_) => write!(f, "`chmod go-w {path}`, or choose another"),
                    _ => f.write_str("choose another"),
                }
            }
            Self::TooLarge { bytes, limit } => {
                write!(
                    f,
                    "an entry of {bytes} bytes does not fit into a cache of {limit}"
                )
            }
            Self::Io { what, path, error } => {
                write!(f, "cannot {what} `{}`: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKind => f.write_str("is a link, or of another kind than expected"),
            Self::OtherUser(uid) => write!(f, "belongs to another user, number {uid}"),
            Self::Writable(mode) => write!(f, "may be written by other users (mode {mode:04o})"),
            Self::Links => f.write_str("has several names"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(problem) => write!(f, "its folder {problem}"),
            Self::File(problem) => write!(f, "it {problem}"),
            Self::TooLarge => f.write_str("it is larger than the cache may be"),
            Self::Truncated => f.write_str("it is truncated"),
            Self::Damaged => f.write_str("it is damaged"),
            Self::OtherVersion(version) => write!(f, "it has format {version}"),
            Self::OtherKey => f.write_str("it is the entry of another key"),
            Self::OutOfMemory => f.write_str("there is not enough memory for it"),
            Self::Io(error) => write!(f, "it cannot be read: {error}"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let removed = if self.removed { "; it was removed" } else { "" };
        write!(f, "`{path}` is not used: {}{removed}", self.reason)
    }
}

impl std::error::Error for Refused {}
