//! Rights: what may be done through a descriptor, and what may be done through the
//! descriptors opened from it.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Rights(u64);

macro_rules! rights {
    ($($name:ident = $bit:literal, $text:literal;)*) => {
        impl Rights {
            $(#[doc = $text] pub const $name: Rights = Rights(1 << $bit);)*

            const NAMES: &[(Rights, &str)] = &[$((Rights::$name, stringify!($name))),*];
        }
    };
}

rights! {
    FD_DATASYNC = 0, "`fd_datasync`, and opening with `dsync`.";
    FD_READ = 1, "`fd_read`, `sock_recv`; with `FD_SEEK` also `fd_pread`.";
    FD_SEEK = 2, "`fd_seek`; includes `FD_TELL`.";
    FD_FDSTAT_SET_FLAGS = 3, "`fd_fdstat_set_flags`.";
    FD_SYNC = 4, "`fd_sync`, and opening with `rsync`, `dsync` and `sync`.";
    FD_TELL = 5, "`fd_seek` that does not move, and `fd_tell`.";
    FD_WRITE = 6, "`fd_write`, `sock_send`; with `FD_SEEK` also `fd_pwrite`.";
    FD_ADVISE = 7, "`fd_advise`.";
    FD_ALLOCATE = 8, "`fd_allocate`.";
    PATH_CREATE_DIRECTORY = 9, "`path_create_directory`.";
    PATH_CREATE_FILE = 10, "`path_open` with `creat`.";
    PATH_LINK_SOURCE = 11, "`path_link` from below this directory.";
    PATH_LINK_TARGET = 12, "`path_link` to below this directory.";
    PATH_OPEN = 13, "`path_open`.";
    FD_READDIR = 14, "`fd_readdir`.";
    PATH_READLINK = 15, "`path_readlink`.";
    PATH_RENAME_SOURCE = 16, "`path_rename` from below this directory.";
    PATH_RENAME_TARGET = 17, "`path_rename` to below this directory.";
    PATH_FILESTAT_GET = 18, "`path_filestat_get`.";
    PATH_FILESTAT_SET_SIZE = 19, "`path_open` with `trunc`.";
    PATH_FILESTAT_SET_TIMES = 20, "`path_filestat_set_times`.";
    FD_FILESTAT_GET = 21, "`fd_filestat_get`.";
    FD_FILESTAT_SET_SIZE = 22, "`fd_filestat_set_size`.";
    FD_FILESTAT_SET_TIMES = 23, "`fd_filestat_set_times`.";
    PATH_SYMLINK = 24, "`path_symlink`.";
    PATH_REMOVE_DIRECTORY = 25, "`path_remove_directory`.";
    PATH_UNLINK_FILE = 26, "`path_unlink_file`.";
    POLL_FD_READWRITE = 27, "`poll_oneoff` on this descriptor.";
    SOCK_SHUTDOWN = 28, "`sock_shutdown`.";
    SOCK_ACCEPT = 29, "`sock_accept`.";
}

impl Rights {
    /// No right.
    pub const NONE: Rights = Rights(0);

    /// What a directory can be used for.
    pub const DIRECTORY: Rights = Rights::DIRECTORY_READ.or(Rights::DIRECTORY_WRITE);

    /// What a directory can be used for without changing anything.
    pub const DIRECTORY_READ: Rights = Rights::PATH_OPEN
        .or(Rights::FD_READDIR)
        .or(Rights::PATH_READLINK)
        .or(Rights::PATH_FILESTAT_GET)
        .or(Rights::FD_FILESTAT_GET)
        .or(Rights::FD_FDSTAT_SET_FLAGS)
        .or(Rights::FD_SYNC)
        .or(Rights::FD_DATASYNC);

    /// The rights of a directory that change something.
    pub const DIRECTORY_WRITE: Rights = Rights::PATH_CREATE_DIRECTORY
        .or(Rights::PATH_CREATE_FILE)
        .or(Rights::PATH_LINK_SOURCE)
        .or(Rights::PATH_LINK_TARGET)
        .or(Rights::PATH_RENAME_SOURCE)
        .or(Rights::PATH_RENAME_TARGET)
        .or(Rights::PATH_FILESTAT_SET_SIZE)
        .or(Rights::PATH_FILESTAT_SET_TIMES)
        .or(Rights::FD_FILESTAT_SET_TIMES)
        .or(Rights::PATH_SYMLINK)
        .or(Rights::PATH_REMOVE_DIRECTORY)
        .or(Rights::PATH_UNLINK_FILE);

    /// What a file can be used for.
    pub const FILE: Rights = Rights::FILE_READ.or(Rights::FILE_WRITE);

    /// What a file can be used for without changing it.
    pub const FILE_READ: Rights = Rights::FD_READ
        .or(Rights::FD_SEEK)
        .or(Rights::FD_TELL)
        .or(Rights::FD_FDSTAT_SET_FLAGS)
        .or(Rights::FD_SYNC)
        .or(Rights::FD_DATASYNC)
        .or(Rights::FD_ADVISE)
        .or(Rights::FD_FILESTAT_GET)
        .or(Rights::POLL_FD_READWRITE);

    /// The rights of a file that change it.
    pub const FILE_WRITE: Rights = Rights::FD_WRITE
        .or(Rights::FD_ALLOCATE)
        .or(Rights::FD_FILESTAT_SET_SIZE)
        .or(Rights::FD_FILESTAT_SET_TIMES);

    /// What a connected socket can be used for.
    pub const STREAM: Rights = Rights::FD_READ
        .or(Rights::FD_WRITE)
        .or(Rights::FD_FDSTAT_SET_FLAGS)
        .or(Rights::FD_FILESTAT_GET)
        .or(Rights::POLL_FD_READWRITE)
        .or(Rights::SOCK_SHUTDOWN);

    /// What a listening socket can be used for.
    pub const LISTENER: Rights = Rights::SOCK_ACCEPT
        .or(Rights::FD_READ)
        .or(Rights::FD_FDSTAT_SET_FLAGS)
        .or(Rights::FD_FILESTAT_GET)
        .or(Rights::POLL_FD_READWRITE);

    /// The set with these bits; bits that name no right are kept, and never granted.
    pub const fn from_bits(bits: u64) -> Rights {
        Rights(bits)
    }

    /// The bits of this set.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The union, in constants.
    pub const fn or(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }

    /// Whether every right of `other` is in this set.
    pub const fn contains(self, other: Rights) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some right of `other` is in this set.
    pub const fn intersects(self, other: Rights) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Rights {
    type Output = Rights;
    fn bitor(self, other: Rights) -> Rights {
        self.or(other)
    }
}

impl BitAnd for Rights {
    type Output = Rights;
    fn bitand(self, other: Rights) -> Rights {
        Rights(self.0 & other.0)
    }
}

impl Not for Rights {
    type Output = Rights;
    fn not(self) -> Rights {
        Rights(!self.0)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(
                Rights::NAMES
                    .iter()
                    .filter(|(right, _)| self.contains(*right))
                    .map(|(_, name)| name),
            )
            .finish()
    }
}
