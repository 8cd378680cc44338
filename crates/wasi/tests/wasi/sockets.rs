//! Sockets of the embedder.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::world::*;
use tierra_wasi::*;

const NONBLOCK: i32 = 4;

/// A guest with a connected socket as descriptor 3, and the other end.
fn connected() -> (Thread, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    (
        Thread::new(Wasi::builder().preopen_stream(stream).build().unwrap()),
        peer,
    )
}

fn recv(thread: &mut Thread, fd: i32, length: u32, flags: i32) -> Result<Vec<u8>, Errno> {
    let n = thread.iovs(&[(BUFFER as u32, length)]);
    call!(*thread, sock_recv(fd, INPUT, n, flags, OUT, OUT + 4))?;
    Ok(thread.get(BUFFER, thread.u32(OUT) as usize))
}

fn send(thread: &mut Thread, fd: i32, bytes: &[u8]) -> Result<u32, Errno> {
    thread.put(BUFFER, bytes);
    let n = thread.iovs(&[(BUFFER as u32, bytes.len() as u32)]);
    call!(*thread, sock_send(fd, INPUT, n, 0, OUT))?;
    Ok(thread.u32(OUT))
}

#[test]
fn accept_send_receive() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut thread = Thread::new(Wasi::builder().preopen_listener(listener).build().unwrap());
    call!(thread, fd_fdstat_set_flags(3, NONBLOCK)).unwrap();
    assert_eq!(call!(thread, sock_accept(3, 0, OUT)), Err(Errno::Again));
    call!(thread, fd_fdstat_set_flags(3, 0)).unwrap();
    let peer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        let mut peer = TcpStream::connect(address).unwrap();
        peer.write_all(b"ping").unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).unwrap();
        answer
    });
    call!(thread, sock_accept(3, 0, OUT)).unwrap();
    let fd = thread.u32(OUT) as i32;
    assert_eq!(thread.read(fd, 100).unwrap(), b"ping");
    assert_eq!(thread.write(fd, b"po"), Ok(2));
    assert_eq!(send(&mut thread, fd, b"ng"), Ok(2));
    call!(thread, sock_shutdown(fd, 2)).unwrap();
    assert_eq!(peer.join().unwrap(), "pong");
    assert_eq!(
        recv(&mut thread, fd, 10, 0).unwrap(),
        b"",
        "the other side has closed"
    );
}

#[test]
fn peek_and_wait_for_all() {
    let (mut thread, mut peer) = connected();
    peer.write_all(b"abc").unwrap();
    assert_eq!(recv(&mut thread, 3, 2, 1).unwrap(), b"ab");
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        peer.write_all(b"def").unwrap();
    });
    assert_eq!(recv(&mut thread, 3, 6, 2).unwrap(), b"abcdef");
    late.join().unwrap();
    assert_eq!(
        recv(&mut thread, 3, 6, 2).unwrap(),
        b"",
        "the end comes first"
    );
    assert_eq!(recv(&mut thread, 3, 6, 4), Err(Errno::Inval));
}

#[test]
fn a_full_socket_waits_or_says_so() {
    let (mut thread, mut peer) = connected();
    let data: Vec<u8> = (0..3 << 20).map(|i| (i / 1000) as u8).collect();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        let mut all = vec![0; 3 << 20];
        peer.read_exact(&mut all).unwrap();
        (all, peer)
    });
    assert_eq!(thread.write(3, &data), Ok(3 << 20), "all of it");
    let (all, peer) = reader.join().unwrap();
    assert!(all == data);
    call!(thread, fd_fdstat_set_flags(3, NONBLOCK)).unwrap();
    let mut sent = 0;
    let full = loop {
        match thread.write(3, &data) {
            Ok(n) => sent += n,
            Err(errno) => break errno,
        }
    };
    assert_eq!(full, Errno::Again);
    assert!(sent > 0);
    assert_eq!(thread.read(3, 1), Err(Errno::Again));
    drop(peer);
}

#[test]
fn what_sockets_and_others_refuse() {
    let (mut thread, _peer) = connected();
    assert_eq!(call!(thread, sock_shutdown(3, 0)), Err(Errno::Inval));
    assert_eq!(call!(thread, sock_shutdown(3, 4)), Err(Errno::Inval));
    assert_eq!(call!(thread, sock_shutdown(1, 1)), Err(Errno::Notsock));
    assert_eq!(call!(thread, sock_shutdown(99, 1)), Err(Errno::Badf));
    assert_eq!(call!(thread, sock_accept(3, 0, OUT)), Err(Errno::Inval));
    assert_eq!(call!(thread, sock_accept(0, 0, OUT)), Err(Errno::Notsock));
    assert_eq!(recv(&mut thread, 0, 1, 0), Err(Errno::Notsock));
    assert_eq!(call!(thread, fd_seek(3, 0, 0, OUT)), Err(Errno::Spipe));
    call!(thread, fd_fdstat_get(3, OUT)).unwrap();
    assert_eq!(thread.get(OUT, 1), [6]);
}
