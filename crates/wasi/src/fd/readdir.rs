//! `fd_readdir`.

use std::sync::PoisonError;

use crate::abi::Record;
use crate::guest::{Call, Outcome};
use crate::iovec::CHUNK;
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys::ReadDir;

/// The header in front of an entry's name.
const HEADER: usize = 24;

/// Fills the buffer with entries from `cookie` on. The last one is cut where the buffer
/// ends: a full buffer says that there is more, also to a guest whose buffer is smaller than
/// a header, and anything less is the end.
pub(crate) fn fd_readdir(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    buffer: u32,
    length: u32,
    cookie: u64,
    out: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let directory = descriptor.directory()?;
    descriptor.require(Rights::FD_READDIR)?;
    call.check(buffer, length.into())?;
    call.check(out, 4)?;

    let mut done = 0;
    let mut next = cookie;
    let mut ended = false;
    let mut chunk = Vec::new();
    while done < length && !ended {
        call.go_on()?;
        let wanted = CHUNK.min((length - done) as usize);
        chunk.clear();
        ended = true;
        {
            let mut reader = directory
                .reader
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Reading from the start sees the directory as it is now.
            if reader.is_none() || next == 0 {
                *reader = Some(ReadDir::new(&directory.dir)?);
            }
            let open = reader.as_mut().expect("just made");
            open.read(next, |entry| {
                // The parent may be outside of what the guest was given.
                let ino = if entry.name == b".." { 0 } else { entry.ino };
                let header = Record::new()
                    .u64(0, entry.next)
                    .u64(8, ino)
                    .u32(16, entry.name.len() as u32)
                    .u8(20, entry.filetype as u8);
                chunk.extend_from_slice(&header.bytes(HEADER));
                chunk.extend_from_slice(entry.name);
                next = entry.next;
                ended = chunk.len() < wanted;
                ended
            })?;
            if ended {
                *reader = None;
            }
        }
        // Entries that go over this chunk but not over the guest's buffer are whole.
        chunk.truncate((length - done) as usize);
        call.write(buffer + done, &chunk)?;
        done += chunk.len() as u32;
    }
    Ok(call.write_u32(out, done)?)
}
