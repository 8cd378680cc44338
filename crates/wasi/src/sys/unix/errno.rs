//! The host's error numbers.

use std::io;

use rustix::io::Errno as HostErrno;

use crate::errno::Errno;

/// Maps the host's number. Where two of them mean one code, both are
/// named; those of robust mutexes, which no call here returns, are not.
pub(crate) fn errno_of(error: &io::Error) -> Option<Errno> {
    macro_rules! same {
        ($host:expr; $($from:ident => $to:ident)*) => {
            match $host { $(HostErrno::$from => Some(Errno::$to),)* _ => None }
        };
    }
    let host = HostErrno::from_io_error(error)?;
    if host == HostErrno::OPNOTSUPP {
        return Some(Errno::Notsup);
    }
    same! { host;
        TOOBIG => TooBig ACCESS => Acces ADDRINUSE => Addrinuse ADDRNOTAVAIL => Addrnotavail
        AFNOSUPPORT => Afnosupport AGAIN => Again ALREADY => Already BADF => Badf
        BADMSG => Badmsg BUSY => Busy CANCELED => Canceled CHILD => Child
        CONNABORTED => Connaborted CONNREFUSED => Connrefused CONNRESET => Connreset
        DEADLK => Deadlk DESTADDRREQ => Destaddrreq DOM => Dom DQUOT => Dquot EXIST => Exist
        FAULT => Fault FBIG => Fbig HOSTUNREACH => Hostunreach IDRM => Idrm ILSEQ => Ilseq
        INPROGRESS => Inprogress INTR => Intr INVAL => Inval IO => Io ISCONN => Isconn
        ISDIR => Isdir LOOP => Loop MFILE => Mfile MLINK => Mlink MSGSIZE => Msgsize
        MULTIHOP => Multihop NAMETOOLONG => Nametoolong NETDOWN => Netdown NETRESET => Netreset
        NETUNREACH => Netunreach NFILE => Nfile NOBUFS => Nobufs NODEV => Nodev NOENT => Noent
        NOEXEC => Noexec NOLCK => Nolck NOLINK => Nolink NOMEM => Nomem NOMSG => Nomsg
        NOPROTOOPT => Noprotoopt NOSPC => Nospc NOSYS => Nosys NOTCONN => Notconn
        NOTDIR => Notdir NOTEMPTY => Notempty
        NOTSOCK => Notsock NOTSUP => Notsup NOTTY => Notty NXIO => Nxio OVERFLOW => Overflow
        PERM => Perm PIPE => Pipe PROTO => Proto
        PROTONOSUPPORT => Protonosupport PROTOTYPE => Prototype RANGE => Range ROFS => Rofs
        SPIPE => Spipe SRCH => Srch STALE => Stale TIMEDOUT => Timedout TXTBSY => Txtbsy
        XDEV => Xdev
    }
}
