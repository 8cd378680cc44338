//! Numbers and layouts in guest memory, of both versions that guests import.

use crate::errno::Errno;

/// The module a function was imported from; the two differ in a few layouts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Abi {
    /// `wasi_snapshot_preview1`.
    Preview1,
    /// `wasi_unstable`, its predecessor: 32-bit link counts, another order of `whence`,
    /// clock subscriptions with an identifier.
    Unstable,
}

impl Abi {
    /// Both.
    pub const ALL: [Abi; 2] = [Abi::Preview1, Abi::Unstable];

    /// The name of the module that a guest imports from.
    pub const fn module(self) -> &'static str {
        match self {
            Abi::Preview1 => "wasi_snapshot_preview1",
            Abi::Unstable => "wasi_unstable",
        }
    }
}

/// What kind of thing a descriptor or a directory entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Filetype {
    /// Anything else, pipes among it.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device, terminals among them.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// A set of flags with the bits that exist; others are refused with `INVAL`.
macro_rules! flags {
    ($($(#[$doc:meta])* $type:ident { $($name:ident = $bit:literal),* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub(crate) struct $type(u32);

        #[allow(dead_code)]
        impl $type {
            $(pub const $name: $type = $type(1 << $bit);)*
            const KNOWN: u32 = 0 $(| 1 << $bit)*;

            pub fn new(bits: u32) -> Result<$type, Errno> {
                if bits & !Self::KNOWN != 0 { Err(Errno::Inval) } else { Ok($type(bits)) }
            }

            pub const fn bits(self) -> u32 {
                self.0
            }

            pub const fn or(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }

            pub const fn has(self, flag: $type) -> bool {
                self.0 & flag.0 != 0
            }

            /// Whether both are set.
            pub const fn has_both(self, a: $type, b: $type) -> bool {
                self.has(a) && self.has(b)
            }
        }
    )*};
}

flags! {
    /// Flags of a descriptor.
    Fdflags { APPEND = 0, DSYNC = 1, NONBLOCK = 2, RSYNC = 3, SYNC = 4 }
    /// How `path_open` opens.
    Oflags { CREAT = 0, DIRECTORY = 1, EXCL = 2, TRUNC = 3 }
    /// How the last component of a path is looked up.
    Lookupflags { SYMLINK_FOLLOW = 0 }
    /// Which times to set.
    Fstflags { ATIM = 0, ATIM_NOW = 1, MTIM = 2, MTIM_NOW = 3 }
    /// Flags of `sock_recv`.
    Riflags { PEEK = 0, WAITALL = 1 }
    /// Flags of `sock_shutdown`.
    Sdflags { RD = 0, WR = 1 }
    /// Flags of a clock subscription.
    Subclockflags { ABSTIME = 0 }
}

/// From where `fd_seek` counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whence {
    Set,
    Cur,
    End,
}

impl Whence {
    pub fn new(abi: Abi, value: u32) -> Result<Whence, Errno> {
        let order = match abi {
            Abi::Preview1 => [Whence::Set, Whence::Cur, Whence::End],
            Abi::Unstable => [Whence::Cur, Whence::End, Whence::Set],
        };
        order.get(value as usize).copied().ok_or(Errno::Inval)
    }
}

/// Attributes of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filestat {
    pub dev: u64,
    pub ino: u64,
    pub filetype: Filetype,
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
    pub ctim: u64,
}

impl Filestat {
    /// Of something that is no file on the host.
    pub fn of_type(filetype: Filetype) -> Filestat {
        let (dev, ino, nlink, size, atim, mtim, ctim) = Default::default();
        Filestat {
            dev,
            ino,
            filetype,
            nlink,
            size,
            atim,
            mtim,
            ctim,
        }
    }

    pub fn layout(&self, abi: Abi) -> Vec<u8> {
        let record = Record::new()
            .u64(0, self.dev)
            .u64(8, self.ino)
            .u8(16, self.filetype as u8);
        let (record, rest) = match abi {
            Abi::Preview1 => (record.u64(24, self.nlink), 32),
            Abi::Unstable => (
                record.u32(20, u32::try_from(self.nlink).unwrap_or(u32::MAX)),
                24,
            ),
        };
        record
            .u64(rest, self.size)
            .u64(rest + 8, self.atim)
            .u64(rest + 16, self.mtim)
            .u64(rest + 24, self.ctim)
            .bytes(rest + 32)
    }
}

/// A record in guest memory under construction; what isn't written is zero.
pub(crate) struct Record([u8; 64]);

impl Record {
    pub fn new() -> Record {
        Record([0; 64])
    }

    pub fn u8(mut self, at: usize, value: u8) -> Record {
        self.0[at] = value;
        self
    }

    pub fn u16(mut self, at: usize, value: u16) -> Record {
        self.0[at..at + 2].copy_from_slice(&value.to_le_bytes());
        self
    }

    pub fn u32(mut self, at: usize, value: u32) -> Record {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    pub fn u64(mut self, at: usize, value: u64) -> Record {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
        self
    }

    pub fn bytes(self, length: usize) -> Vec<u8> {
        self.0[..length].to_vec()
    }
}

/// Reads little-endian fields of a record copied from guest memory.
pub(crate) fn field<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    record[at..at + N].try_into().expect("a slice of N bytes")
}
