//! What a guest's file descriptor stands for.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cap_std::fs::Dir;

use crate::abi::{Fdflags, Filestat, Filetype};
use crate::errno::Errno;
use crate::rights::Rights;
use crate::stream::{Input, Output};
use crate::sys::{self, ReadDir, Source};

/// An open descriptor. Threads of the guest share it, and no lock in it is held while
/// anything waits.
pub(crate) struct Descriptor {
    pub object: Object,
    grant: Mutex<Grant>,
    flags: AtomicU32,
    /// The guest's name of a directory that was open from the start.
    pub preopen: Option<String>,
}

/// The thing itself.
pub(crate) enum Object {
    File(HostFile),
    Directory(Directory),
    Input(Input),
    Output(Output),
    Listener(TcpListener),
    Stream(TcpStream),
}

/// A file of the host that is no directory.
pub(crate) struct HostFile {
    pub file: File,
    pub filetype: Filetype,
    /// Held from asking whether the host would block until the transfer that doesn't, so
    /// that no sibling takes the bytes between.
    pub turn: Mutex<()>,
}

/// A directory, and how far it is read.
pub(crate) struct Directory {
    pub dir: Dir,
    pub reader: Mutex<Option<ReadDir>>,
}

/// The rights of a descriptor, and those that can be had through it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Grant {
    pub base: Rights,
    pub inheriting: Rights,
}

impl Descriptor {
    pub fn new(object: Object, base: Rights, inheriting: Rights, flags: Fdflags) -> Descriptor {
        Descriptor {
            object,
            grant: Mutex::new(Grant { base, inheriting }),
            flags: flags.bits().into(),
            preopen: None,
        }
    }

    pub fn grant(&self) -> Grant {
        *self.lock_grant()
    }

    fn lock_grant(&self) -> MutexGuard<'_, Grant> {
        self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up every right outside of `to`; asking for more than there is fails.
    pub fn narrow(&self, to: Grant) -> Result<(), Errno> {
        let mut grant = self.lock_grant();
        if !grant.base.contains(to.base) || !grant.inheriting.contains(to.inheriting) {
            return Err(Errno::Notcapable);
        }
        *grant = to;
        Ok(())
    }

    pub fn require(&self, rights: Rights) -> Result<(), Errno> {
        if self.grant().base.contains(rights) {
            Ok(())
        } else {
            Err(Errno::Notcapable)
        }
    }

    pub fn flags(&self) -> Fdflags {
        Fdflags::new(self.flags.load(Ordering::Relaxed)).expect("only known flags are stored")
    }

    pub fn set_flags(&self, flags: Fdflags) {
        self.flags.store(flags.bits(), Ordering::Relaxed);
    }

    pub fn nonblocking(&self) -> bool {
        self.flags().has(Fdflags::NONBLOCK)
    }

    /// The host file; directories and the rest have errors of their own.
    pub fn file(&self) -> Result<&HostFile, Errno> {
        match &self.object {
            Object::File(file) => Ok(file),
            Object::Directory(_) => Err(Errno::Isdir),
            Object::Input(_) | Object::Output(_) | Object::Listener(_) | Object::Stream(_) => {
                Err(Errno::Spipe)
            }
        }
    }

    pub fn directory(&self) -> Result<&Directory, Errno> {
        match &self.object {
            Object::Directory(directory) => Ok(directory),
            _ => Err(Errno::Notdir),
        }
    }

    pub fn stream(&self) -> Result<&TcpStream, Errno> {
        match &self.object {
            Object::Stream(stream) => Ok(stream),
            Object::Listener(_) => Err(Errno::Notconn),
            _ => Err(Errno::Notsock),
        }
    }

    pub fn filetype(&self) -> Filetype {
        match &self.object {
            Object::File(file) => file.filetype,
            Object::Directory(_) => Filetype::Directory,
            Object::Output(Output::Null) => Filetype::CharacterDevice,
            Object::Input(_) | Object::Output(_) => Filetype::Unknown,
            Object::Listener(_) | Object::Stream(_) => Filetype::SocketStream,
        }
    }

    pub fn filestat(&self) -> Result<Filestat, Errno> {
        Ok(match &self.object {
            Object::File(file) => sys::filestat(&file.file)?,
            Object::Directory(directory) => sys::dir_filestat(&directory.dir)?,
            _ => Filestat::of_type(self.filetype()),
        })
    }

    /// What a waiter waits for; none for what is always ready.
    pub fn source(&self) -> Option<Source<'_>> {
        match &self.object {
            Object::File(file) if file.can_block() => sys::source(&file.file),
            Object::Listener(listener) => sys::socket_source(listener),
            Object::Stream(stream) => sys::socket_source(stream),
            _ => None,
        }
    }
}

impl HostFile {
    pub fn new(file: File, filetype: Filetype) -> HostFile {
        HostFile {
            file,
            filetype,
            turn: Mutex::default(),
        }
    }

    /// Whether reading or writing can take for ever.
    pub fn can_block(&self) -> bool {
        !matches!(self.filetype, Filetype::RegularFile | Filetype::BlockDevice)
    }
}

impl Directory {
    pub fn new(dir: Dir) -> Directory {
        Directory {
            dir,
            reader: Mutex::default(),
        }
    }
}
