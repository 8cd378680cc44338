//! The file of an entry: a page of header, then the bytes. All numbers are little-endian.

use crate::error::{Problem, Reason};
use crate::folder;
use crate::key::Key;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};
use tierra_checksum::{Checksum, checksum};

/// Where the bytes begin: with a page, so that they could be mapped.
pub const PAYLOAD_OFFSET: u64 = HEADER as u64;

const HEADER: usize = 4096;
const MAGIC: [u8; 8] = *b"\xffTCACHE\n";
/// To be counted up whenever the header changes.
const FORMAT: u32 = 1;

/// Offsets of the header's fields. What is between and behind them is zero.
mod at {
    use std::ops::Range;

    pub const MAGIC: Range<usize> = 0..8;
    /// Here in all versions.
    pub const FORMAT: Range<usize> = 8..12;
    pub const KEY: Range<usize> = 16..48;
    pub const LENGTH: Range<usize> = 48..56;
    pub const CHECKSUM: Range<usize> = 56..64;
    /// Of the whole page but for itself.
    pub const OF_HEADER: Range<usize> = 64..72;
}

/// What the header says.
pub struct Header {
    key: Key,
    length: u64,
    checksum: u64,
}

impl Header {
    pub fn new(key: &Key, payload: &[&[u8]]) -> Self {
        let mut checksum = Checksum::new();
        payload.iter().for_each(|piece| checksum.update(piece));
        Self {
            key: *key,
            length: payload.iter().map(|piece| piece.len() as u64).sum(),
            checksum: checksum.finish(),
        }
    }

    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut page = [0; HEADER];
        page[at::MAGIC].copy_from_slice(&MAGIC);
        page[at::FORMAT].copy_from_slice(&FORMAT.to_le_bytes());
        page[at::KEY].copy_from_slice(self.key.bytes());
        page[at::LENGTH].copy_from_slice(&self.length.to_le_bytes());
        page[at::CHECKSUM].copy_from_slice(&self.checksum.to_le_bytes());
        let sum = checksum(&page, Some(at::OF_HEADER.start));
        page[at::OF_HEADER].copy_from_slice(&sum.to_le_bytes());
        page
    }

    /// The header of the entry of a key.
    fn of(page: &[u8; HEADER], key: &Key) -> Result<Self, Reason> {
        let word = |at: std::ops::Range<usize>| {
            let bytes = page[at].try_into().expect("words have 8 bytes");
            u64::from_le_bytes(bytes)
        };
        if page[at::MAGIC] != MAGIC {
            return Err(Reason::Damaged);
        }
        let format = page[at::FORMAT].try_into().expect("it has 4 bytes");
        let format = u32::from_le_bytes(format);
        if format != FORMAT {
            return Err(Reason::OtherVersion(format));
        }
        if word(at::OF_HEADER) != checksum(page, Some(at::OF_HEADER.start)) {
            return Err(Reason::Damaged);
        }
        if page[at::KEY] != *key.bytes() {
            return Err(Reason::OtherKey);
        }
        Ok(Self {
            key: *key,
            length: word(at::LENGTH),
            checksum: word(at::CHECKSUM),
        })
    }
}

/// An opened file that may be read.
pub struct File {
    file: fs::File,
    length: u64,
    used: SystemTime,
}

impl File {
    /// Checks that nobody else can have written it.
    pub fn of(file: fs::File, limit: u64) -> Result<Self, Reason> {
        let metadata = file.metadata().map_err(Reason::Io)?;
        if !metadata.is_file() {
            return Err(Reason::File(Problem::OtherKind));
        }
        folder::check_owner(&metadata).map_err(Reason::File)?;
        // It has no name any more if it was replaced or removed since it was opened.
        if metadata.nlink() > 1 {
            return Err(Reason::File(Problem::Links));
        }
        if metadata.len() > limit {
            return Err(Reason::TooLarge);
        }
        let since = Duration::from_secs(metadata.mtime().try_into().unwrap_or(0));
        Ok(Self {
            file,
            length: metadata.len(),
            used: SystemTime::UNIX_EPOCH + since,
        })
    }

    /// Reads the bytes, if they are what was put under the key.
    pub fn read(&mut self, key: &Key) -> Result<Vec<u8>, Reason> {
        let mut page = [0; HEADER];
        self.file.read_exact(&mut page).map_err(of_io)?;
        let header = Header::of(&page, key)?;
        let there = self.length.saturating_sub(PAYLOAD_OFFSET);
        if there != header.length {
            let shorter = there < header.length;
            return Err(if shorter {
                Reason::Truncated
            } else {
                Reason::Damaged
            });
        }
        let length = usize::try_from(header.length).map_err(|_| Reason::OutOfMemory)?;
        let mut payload = Vec::new();
        let reserved = payload.try_reserve_exact(length);
        reserved.map_err(|_| Reason::OutOfMemory)?;
        // The file may have another length by now.
        let mut file = (&self.file).take(header.length);
        file.read_to_end(&mut payload).map_err(of_io)?;
        if payload.len() < length {
            return Err(Reason::Truncated);
        }
        if checksum(&payload, None) != header.checksum {
            return Err(Reason::Damaged);
        }
        Ok(payload)
    }

    /// When it was used last, in seconds.
    pub fn used(&self) -> SystemTime {
        self.used
    }

    /// Notes a use.
    pub fn touch(&self, now: SystemTime) {
        // An entry that looks older than it is goes earlier: no harm.
        let _ = self.file.set_modified(now);
    }
}

fn of_io(error: io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Reason::Truncated,
        _ => Reason::Io(error),
    }
}
