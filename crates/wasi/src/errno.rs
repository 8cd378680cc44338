//! The error codes of WASI 0.1: one table, and the ways into it.

use std::fmt;
use std::io::{self, ErrorKind};

/// Name, code, and the wording of each error, in the order of the specification.
macro_rules! errnos {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        /// An error code of WASI 0.1.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = $text] $name = $code,)*
        }

        impl Errno {
            /// Every code, ascending.
            pub const ALL: &[Errno] = &[$(Errno::$name),*];

            /// The code's name, as spelled here.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name),)* }
            }

            /// The code's meaning.
            pub const fn text(self) -> &'static str {
                match self { $(Errno::$name => $text,)* }
            }
        }
    };
}

errnos! {
    Success = 0, "no error";
    TooBig = 1, "argument list too long";
    Acces = 2, "permission denied";
    Addrinuse = 3, "address in use";
    Addrnotavail = 4, "address not available";
    Afnosupport = 5, "address family not supported";
    Again = 6, "resource unavailable, or operation would block";
    Already = 7, "connection already in progress";
    Badf = 8, "bad file descriptor";
    Badmsg = 9, "bad message";
    Busy = 10, "device or resource busy";
    Canceled = 11, "operation canceled";
    Child = 12, "no child processes";
    Connaborted = 13, "connection aborted";
    Connrefused = 14, "connection refused";
    Connreset = 15, "connection reset";
    Deadlk = 16, "resource deadlock would occur";
    Destaddrreq = 17, "destination address required";
    Dom = 18, "argument out of the function's domain";
    Dquot = 19, "disk quota exceeded";
    Exist = 20, "file exists";
    Fault = 21, "bad address";
    Fbig = 22, "file too large";
    Hostunreach = 23, "host is unreachable";
    Idrm = 24, "identifier removed";
    Ilseq = 25, "illegal byte sequence";
    Inprogress = 26, "operation in progress";
    Intr = 27, "interrupted function";
    Inval = 28, "invalid argument";
    Io = 29, "input or output error";
    Isconn = 30, "socket is connected";
    Isdir = 31, "is a directory";
    Loop = 32, "too many levels of symbolic links";
    Mfile = 33, "file descriptor table is full";
    Mlink = 34, "too many links";
    Msgsize = 35, "message too large";
    Multihop = 36, "multihop attempted";
    Nametoolong = 37, "file name too long";
    Netdown = 38, "network is down";
    Netreset = 39, "connection aborted by network";
    Netunreach = 40, "network unreachable";
    Nfile = 41, "too many files open in system";
    Nobufs = 42, "no buffer space available";
    Nodev = 43, "no such device";
    Noent = 44, "no such file or directory";
    Noexec = 45, "executable file format error";
    Nolck = 46, "no locks available";
    Nolink = 47, "link has been severed";
    Nomem = 48, "not enough space";
    Nomsg = 49, "no message of the desired type";
    Noprotoopt = 50, "protocol not available";
    Nospc = 51, "no space left on device";
    Nosys = 52, "function not supported";
    Notconn = 53, "socket is not connected";
    Notdir = 54, "not a directory, nor a symbolic link to one";
    Notempty = 55, "directory not empty";
    Notrecoverable = 56, "state not recoverable";
    Notsock = 57, "not a socket";
    Notsup = 58, "not supported";
    Notty = 59, "inappropriate I/O control operation";
    Nxio = 60, "no such device or address";
    Overflow = 61, "value too large for its data type";
    Ownerdead = 62, "previous owner died";
    Perm = 63, "operation not permitted";
    Pipe = 64, "broken pipe";
    Proto = 65, "protocol error";
    Protonosupport = 66, "protocol not supported";
    Prototype = 67, "protocol of the wrong type for the socket";
    Range = 68, "result too large";
    Rofs = 69, "read-only file system";
    Spipe = 70, "invalid seek";
    Srch = 71, "no such process";
    Stale = 72, "stale file handle";
    Timedout = 73, "connection timed out";
    Txtbsy = 74, "text file busy";
    Xdev = 75, "cross-device link";
    Notcapable = 76, "capabilities insufficient";
}

impl Errno {
    /// The code as the guest receives it.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// From a kind alone, where the host gave no number. A refused escape from a directory
    /// arrives here as `PermissionDenied`.
    fn from_kind(kind: ErrorKind) -> Errno {
        match kind {
            ErrorKind::NotFound => Errno::Noent,
            ErrorKind::PermissionDenied => Errno::Perm,
            ErrorKind::AlreadyExists => Errno::Exist,
            ErrorKind::WouldBlock => Errno::Again,
            ErrorKind::InvalidInput => Errno::Inval,
            ErrorKind::InvalidData => Errno::Ilseq,
            ErrorKind::NotADirectory => Errno::Notdir,
            ErrorKind::IsADirectory => Errno::Isdir,
            ErrorKind::DirectoryNotEmpty => Errno::Notempty,
            ErrorKind::ReadOnlyFilesystem => Errno::Rofs,
            ErrorKind::StorageFull => Errno::Nospc,
            ErrorKind::FileTooLarge => Errno::Fbig,
            ErrorKind::TooManyLinks => Errno::Mlink,
            ErrorKind::CrossesDevices => Errno::Xdev,
            ErrorKind::NotSeekable => Errno::Spipe,
            ErrorKind::TimedOut => Errno::Timedout,
            ErrorKind::Interrupted => Errno::Intr,
            ErrorKind::Unsupported => Errno::Notsup,
            ErrorKind::OutOfMemory => Errno::Nomem,
            ErrorKind::BrokenPipe => Errno::Pipe,
            ErrorKind::ConnectionRefused => Errno::Connrefused,
            ErrorKind::ConnectionReset => Errno::Connreset,
            ErrorKind::ConnectionAborted => Errno::Connaborted,
            ErrorKind::NotConnected => Errno::Notconn,
            ErrorKind::AddrInUse => Errno::Addrinuse,
            ErrorKind::AddrNotAvailable => Errno::Addrnotavail,
            _ => Errno::Io,
        }
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        crate::sys::errno_of(&error).unwrap_or_else(|| Errno::from_kind(error.kind()))
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.code())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Errno {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_dense() {
        assert_eq!(Errno::ALL.len(), 77);
        for (code, errno) in Errno::ALL.iter().enumerate() {
            assert_eq!(errno.code() as usize, code, "{errno:?}");
        }
    }
}
