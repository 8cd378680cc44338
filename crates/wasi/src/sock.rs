//! Sockets that the embedder handed over, and those accepted from them.

use std::io;
use std::net::{Shutdown, TcpStream};

use crate::abi::{Fdflags, Riflags, Sdflags};
use crate::descriptor::{Descriptor, Object};
use crate::errno::Errno;
use crate::fd::transfer::Waiting;
use crate::guest::{Call, Outcome};
use crate::iovec::{Filled, Iovecs};
use crate::process::Wasi;
use crate::rights::Rights;
use crate::sys::Interest;

pub(crate) fn sock_accept(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    flags: u32,
    out: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let listener = match &descriptor.object {
        Object::Listener(listener) => listener,
        Object::Stream(_) => return Err(Errno::Inval.into()),
        _ => return Err(Errno::Notsock.into()),
    };
    descriptor.require(Rights::SOCK_ACCEPT)?;
    let flags = Fdflags::new(flags)?;
    if flags.bits() & !Fdflags::NONBLOCK.bits() != 0 {
        return Err(Errno::Inval.into());
    }
    call.check(out, 4)?;
    wasi.table.has_room()?;
    let waiting = Waiting::new(&descriptor, call, Interest::Read);
    let (stream, _) = waiting.until_done(|| listener.accept())?;
    // Calls of the guest wait in one place, never in the socket.
    stream.set_nonblocking(true)?;
    let rights = Rights::STREAM & descriptor.grant().inheriting;
    let accepted = Descriptor::new(Object::Stream(stream), rights, Rights::NONE, flags);
    let accepted = wasi.table.insert(accepted)?;
    Ok(call.write_u32(out, accepted)?)
}

pub(crate) fn sock_recv(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    flags: u32,
    out: u32,
    out_flags: u32,
) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let stream = descriptor.stream()?;
    descriptor.require(Rights::FD_READ)?;
    let flags = Riflags::new(flags)?;
    let iovs = Iovecs::read(call, iovs, count)?;
    call.check(out, 4)?;
    call.check(out_flags, 2)?;
    let (peek, wait_all) = (flags.has(Riflags::PEEK), flags.has(Riflags::WAITALL));
    let read = iovs.scatter(call, |call, buffer, _| {
        let waiting = Waiting::new(&descriptor, call, Interest::Read);
        let length = match (peek, wait_all) {
            (true, _) => waiting.until_done(|| stream.peek(buffer))?,
            (false, false) => waiting.until_done(|| read(stream, buffer))?,
            (false, true) => receive_all(stream, &waiting, buffer)?,
        };
        Ok(Filled {
            length,
            last: peek || !wait_all,
        })
    })?;
    // A stream never cuts a message off.
    call.write(out_flags, &0u16.to_le_bytes())?;
    Ok(call.write_u32(out, read)?)
}

fn read(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    io::Read::read(&mut stream, buffer)
}

/// Receives until the buffer is full or the stream ends or fails.
fn receive_all(stream: &TcpStream, waiting: &Waiting<'_>, buffer: &mut [u8]) -> Outcome<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match waiting.until_done(|| read(stream, &mut buffer[done..])) {
            Ok(0) => break,
            Ok(length) => done += length,
            Err(crate::guest::Failure::Errno(_)) if done != 0 => break,
            Err(failure) => return Err(failure),
        }
    }
    Ok(done)
}

pub(crate) fn sock_send(
    wasi: &Wasi,
    call: &mut Call<'_>,
    fd: u32,
    iovs: u32,
    count: u32,
    flags: u32,
    out: u32,
) -> Outcome {
    wasi.table.get(fd)?.stream()?;
    // No flag is defined.
    if flags != 0 {
        return Err(Errno::Inval.into());
    }
    crate::fd::fd_write(wasi, call, fd, iovs, count, out)
}

pub(crate) fn sock_shutdown(wasi: &Wasi, _call: &mut Call<'_>, fd: u32, how: u32) -> Outcome {
    let descriptor = wasi.table.get(fd)?;
    let stream = descriptor.stream()?;
    descriptor.require(Rights::SOCK_SHUTDOWN)?;
    let how = Sdflags::new(how)?;
    let how = match (how.has(Sdflags::RD), how.has(Sdflags::WR)) {
        (true, true) => Shutdown::Both,
        (true, false) => Shutdown::Read,
        (false, true) => Shutdown::Write,
        (false, false) => return Err(Errno::Inval.into()),
    };
    stream.shutdown(how)?;
    Ok(())
}
