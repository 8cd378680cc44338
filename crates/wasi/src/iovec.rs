//! Scatter and gather lists, and the bounded buffer between them and the host.

use crate::abi::field;
use crate::errno::Errno;
use crate::guest::{Call, Outcome};

/// Longest list.
const MAX_COUNT: u32 = 1024;

/// Most bytes copied between guest and host at once.
pub(crate) const CHUNK: usize = 64 * 1024;

/// A checked list: every part was memory when the call began, and memory never shrinks.
pub(crate) struct Iovecs {
    parts: Vec<(u32, u32)>,
    total: u32,
}

impl Iovecs {
    pub fn read(call: &Call<'_>, address: u32, count: u32) -> Result<Iovecs, Errno> {
        if count > MAX_COUNT {
            return Err(Errno::Inval);
        }
        let bytes = call.read(address, count as usize * 8)?;
        let mut total = 0u32;
        let mut parts = Vec::with_capacity(count as usize);
        for pair in bytes.chunks_exact(8) {
            let start = u32::from_le_bytes(field(pair, 0));
            let length = u32::from_le_bytes(field(pair, 4));
            call.check(start, length.into())?;
            total = total.checked_add(length).ok_or(Errno::Inval)?;
            if length != 0 {
                parts.push((start, length));
            }
        }
        Ok(Iovecs { parts, total })
    }

    /// Hands the host chunks to fill, until one comes back short. `fill` gets a buffer and
    /// the bytes read before, and returns how many it wrote.
    pub fn scatter(
        &self,
        call: &mut Call<'_>,
        mut fill: impl FnMut(&mut Call<'_>, &mut [u8], u32) -> Outcome<Filled>,
    ) -> Outcome<u32> {
        let mut buffer = vec![0; CHUNK.min(self.total as usize)];
        let mut done = 0;
        loop {
            let wanted = buffer.len().min((self.total - done) as usize);
            let filled = match fill(call, &mut buffer[..wanted], done) {
                Ok(filled) => filled,
                Err(failure) => return after(done, failure),
            };
            self.copy_in(call, done, &buffer[..filled.length])?;
            done += filled.length as u32;
            if filled.last || filled.length < wanted || done == self.total {
                return Ok(done);
            }
            call.go_on()?;
        }
    }

    /// Hands the host chunks to take, until one is taken in part.
    pub fn gather(
        &self,
        call: &mut Call<'_>,
        mut take: impl FnMut(&mut Call<'_>, &[u8], u32) -> Outcome<usize>,
    ) -> Outcome<u32> {
        let mut buffer = vec![0; CHUNK.min(self.total as usize)];
        let mut done = 0;
        loop {
            let wanted = buffer.len().min((self.total - done) as usize);
            self.copy_out(call, done, &mut buffer[..wanted])?;
            let taken = match take(call, &buffer[..wanted], done) {
                Ok(taken) => taken,
                Err(failure) => return after(done, failure),
            };
            done += taken as u32;
            if taken < wanted || done == self.total {
                return Ok(done);
            }
            call.go_on()?;
        }
    }

    /// The guest ranges behind `length` bytes from `offset` of the whole list.
    fn ranges(&self, offset: u32, length: usize) -> impl Iterator<Item = (u32, usize)> {
        let (mut skip, mut left) = (offset, length);
        self.parts.iter().filter_map(move |&(start, part)| {
            if skip >= part {
                skip -= part;
                return None;
            }
            let take = left.min((part - skip) as usize);
            let address = start + skip;
            skip = 0;
            left -= take;
            (take != 0).then_some((address, take))
        })
    }

    fn copy_in(&self, call: &mut Call<'_>, offset: u32, mut bytes: &[u8]) -> Result<(), Errno> {
        for (address, length) in self.ranges(offset, bytes.len()) {
            let (now, later) = bytes.split_at(length);
            call.guest.write(address, now)?;
            bytes = later;
        }
        Ok(())
    }

    fn copy_out(&self, call: &Call<'_>, offset: u32, mut bytes: &mut [u8]) -> Result<(), Errno> {
        for (address, length) in self.ranges(offset, bytes.len()) {
            let (now, later) = bytes.split_at_mut(length);
            call.guest.read(address, now)?;
            bytes = later;
        }
        Ok(())
    }
}

/// What a host read gave.
pub(crate) struct Filled {
    pub length: usize,
    /// Whether asking for more could block.
    pub last: bool,
}

/// An error after some bytes is reported by the next call.
fn after(done: u32, failure: crate::guest::Failure) -> Outcome<u32> {
    match failure {
        crate::guest::Failure::Errno(_) if done != 0 => Ok(done),
        failure => Err(failure),
    }
}
