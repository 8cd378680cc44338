//! Reading and writing.

use std::io;
use std::sync::PoisonError;

use crate::abi::Filetype;
use crate::descriptor::{Descriptor, HostFile, Object};
use crate::errno::Errno;
use crate::guest::{Call, Interrupt, Outcome};
use crate::iovec::{Filled, Iovecs};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys::{self, Interest, Source};
use crate::wait::{look, wait};

pub(crate) fn fd_read(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    out: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    refuse_directory(&descriptor)?;
    descriptor.require(Rights::FD_READ)?;
    let iovs = Iovecs::read(call, iovs, count)?;
    call.check(out, 4)?;
    let read = iovs.scatter(call, |call, buffer, _| read(&descriptor, call, buffer))?;
    Ok(call.write_u32(out, read)?)
}

pub(crate) fn fd_write(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    out: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    refuse_directory(&descriptor)?;
    descriptor.require(Rights::FD_WRITE)?;
    let iovs = Iovecs::read(call, iovs, count)?;
    call.check(out, 4)?;
    let written = iovs.gather(call, |call, bytes, _| write(&descriptor, call, bytes))?;
    Ok(call.write_u32(out, written)?)
}

pub(crate) fn fd_pread(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let file = descriptor.file()?;
    descriptor.require(Rights::FD_READ | Rights::FD_SEEK)?;
    let iovs = Iovecs::read(call, iovs, count)?;
    call.check(out, 4)?;
    let read = iovs.scatter(call, |_, buffer, done| {
        let offset = position(offset, done)?;
        let length = sys::read_at(&file.file, buffer, offset)?;
        Ok(Filled {
            length,
            last: false,
        })
    })?;
    Ok(call.write_u32(out, read)?)
}

pub(crate) fn fd_pwrite(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let file = descriptor.file()?;
    descriptor.require(Rights::FD_WRITE | Rights::FD_SEEK)?;
    let iovs = Iovecs::read(call, iovs, count)?;
    call.check(out, 4)?;
    let written = iovs.gather(call, |_, bytes, done| {
        Ok(sys::write_at(&file.file, bytes, position(offset, done)?)?)
    })?;
    Ok(call.write_u32(out, written)?)
}

/// A position that the host can express, which is less than 2^63.
fn position(offset: u64, done: u32) -> Result<u64, Errno> {
    match offset.checked_add(done.into()) {
        Some(position) if position <= i64::MAX as u64 => Ok(position),
        _ => Err(Errno::Inval),
    }
}

fn refuse_directory(descriptor: &Descriptor) -> Result<(), Errno> {
    match descriptor.object {
        Object::Directory(_) => Err(Errno::Isdir),
        _ => Ok(()),
    }
}

fn read(descriptor: &Descriptor, call: &mut Call<'_>, buffer: &mut [u8]) -> Outcome<Filled> {
    let wait = Waiting::new(descriptor, call, Interest::Read);
    let length = match &descriptor.object {
        Object::File(file) if !file.can_block() => {
            let length = sys::read(&file.file, buffer)?;
            return Ok(Filled {
                length,
                last: false,
            });
        }
        Object::File(file) => wait.until_done(|| file.try_read(buffer))?,
        Object::Stream(stream) => wait.until_done(|| io::Read::read(&mut &*stream, buffer))?,
        Object::Input(input) => input.read(buffer)?,
        Object::Listener(_) => return Err(Errno::Notconn.into()),
        Object::Output(_) | Object::Directory(_) => return Err(Errno::Badf.into()),
    };
    Ok(Filled { length, last: true })
}

fn write(descriptor: &Descriptor, call: &mut Call<'_>, bytes: &[u8]) -> Outcome<usize> {
    let wait = Waiting::new(descriptor, call, Interest::Write);
    let once = |bytes: &[u8]| -> Outcome<usize> {
        match &descriptor.object {
            Object::File(file) if !file.can_block() => Ok(sys::write(&file.file, bytes)?),
            Object::File(file) => wait.until_done(|| file.try_write(bytes)),
            Object::Stream(stream) => wait.until_done(|| io::Write::write(&mut &*stream, bytes)),
            Object::Output(output) => Ok(output.write(bytes)?),
            Object::Listener(_) => Err(Errno::Notconn.into()),
            Object::Input(_) | Object::Directory(_) => Err(Errno::Badf.into()),
        }
    };
    // What waits writes all there is, as a host's blocking write would.
    let mut done = 0;
    loop {
        match once(&bytes[done..]) {
            Ok(0) => return Ok(done),
            Ok(written) => done += written,
            Err(crate::guest::Failure::Errno(_)) if done != 0 => return Ok(done),
            Err(failure) => return Err(failure),
        }
        if done == bytes.len() || descriptor.source().is_none() {
            return Ok(done);
        }
    }
}

/// How a call waits for a descriptor: until it is ready, or not at all.
pub(crate) struct Waiting<'a> {
    source: Option<Source<'a>>,
    interest: Interest,
    nonblocking: bool,
    interrupt: &'a dyn Interrupt,
}

impl<'a> Waiting<'a> {
    pub fn new(descriptor: &'a Descriptor, call: &'a Call<'_>, interest: Interest) -> Waiting<'a> {
        Waiting {
            source: descriptor.source(),
            interest,
            nonblocking: descriptor.nonblocking(),
            interrupt: call.guest.interrupt(),
        }
    }

    /// Repeats an attempt that doesn't block, waiting between.
    pub fn until_done<T>(&self, mut attempt: impl FnMut() -> io::Result<T>) -> Outcome<T> {
        loop {
            match attempt() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && !self.nonblocking => {
                    let sources: Vec<_> = self
                        .source
                        .iter()
                        .map(|source| (*source, self.interest))
                        .collect();
                    wait(&sources, None, self.interrupt)?;
                }
                result => return Ok(result?),
            }
        }
    }
}

impl HostFile {
    /// Reads what is there.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.ready(Interest::Read)?;
        sys::read(&self.file, buffer)
    }

    /// Writes as much as a writable pipe is sure to take.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.ready(Interest::Write)?;
        sys::write(&self.file, &bytes[..bytes.len().min(sys::WRITE_ATOM)])
    }

    fn ready(&self, interest: Interest) -> io::Result<()> {
        // Directories and the like are the host's to refuse.
        let Some(source) = sys::source(&self.file) else {
            return Ok(());
        };
        if self.filetype == Filetype::Directory || look_at(source, interest)? {
            Ok(())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }
}

fn look_at(source: Source<'_>, interest: Interest) -> io::Result<bool> {
    match look(source, interest) {
        Ok(seen) => Ok(seen.ready),
        Err(_) => Err(io::ErrorKind::Other.into()),
    }
}
