//! `poll_oneoff` and clocks.

use std::time::{Duration, Instant, UNIX_EPOCH};

use crate::world::*;
use tierra_wasi::*;

const CLOCK: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;

fn clock(id: u32, timeout: u64, flags: u16) -> Vec<u8> {
    let mut record = vec![0; 48];
    record[0] = 0xC0;
    record[8] = CLOCK;
    record[16..20].copy_from_slice(&id.to_le_bytes());
    record[24..32].copy_from_slice(&timeout.to_le_bytes());
    record[40..42].copy_from_slice(&flags.to_le_bytes());
    record
}

fn descriptor(fd: u32, tag: u8) -> Vec<u8> {
    let mut record = vec![0; 48];
    record[0] = tag << 4 | fd as u8;
    record[8] = tag;
    record[16..20].copy_from_slice(&fd.to_le_bytes());
    record
}

#[derive(Debug, PartialEq)]
struct Event {
    userdata: u64,
    errno: u16,
    tag: u8,
    bytes: u64,
    flags: u16,
}

fn poll(thread: &mut Thread, subscriptions: &[Vec<u8>]) -> Result<Vec<Event>, Errno> {
    thread.put(BUFFER, &subscriptions.concat());
    let events = BUFFER + (1 << 20);
    call!(
        *thread,
        poll_oneoff(BUFFER, events, subscriptions.len() as i32, OUT)
    )?;
    Ok((0..thread.u32(OUT) as i32)
        .map(|i| {
            let at = events + i * 32;
            Event {
                userdata: thread.u64(at),
                errno: thread.u16(at + 8),
                tag: thread.get(at + 10, 1)[0],
                bytes: thread.u64(at + 16),
                flags: thread.u16(at + 24),
            }
        })
        .collect())
}

const TIME: Event = Event {
    userdata: 0xC0,
    errno: 0,
    tag: CLOCK,
    bytes: 0,
    flags: 0,
};

#[test]
fn relative_and_absolute_times() {
    let mut thread = Thread::new(Wasi::builder().build().unwrap());
    for id in [0, 1] {
        let start = Instant::now();
        assert_eq!(
            poll(&mut thread, &[clock(id, 30_000_000, 0)]).unwrap(),
            [TIME]
        );
        assert!(start.elapsed() >= Duration::from_millis(29));
        call!(thread, clock_time_get(id as i32, 0, OUT)).unwrap();
        let start = Instant::now();
        let deadline = thread.u64(OUT) + 30_000_000;
        assert_eq!(
            poll(&mut thread, &[clock(id, deadline, 1)]).unwrap(),
            [TIME]
        );
        assert!(start.elapsed() >= Duration::from_millis(29));
        assert_eq!(
            poll(&mut thread, &[clock(id, 1, 1)]).unwrap(),
            [TIME],
            "long over"
        );
    }
    let both = [clock(1, 1_000_000, 0), clock(1, u64::MAX, 0)];
    assert_eq!(poll(&mut thread, &both).unwrap(), [TIME], "only the first");
}

#[test]
fn wrong_subscriptions_get_their_error_as_event() {
    let mut thread = Thread::new(Wasi::builder().build().unwrap());
    let all = [
        descriptor(9, READ),
        clock(2, 0, 0),
        clock(77, 0, 0),
        descriptor(0, WRITE),
    ];
    let errors: Vec<_> = poll(&mut thread, &all)
        .unwrap()
        .iter()
        .map(|e| e.errno)
        .collect();
    let expected = [Errno::Badf, Errno::Notsup, Errno::Inval, Errno::Notcapable];
    assert_eq!(errors, expected.map(Errno::code));
    assert_eq!(poll(&mut thread, &[descriptor(0, 3)]), Err(Errno::Inval));
}

#[test]
fn files_and_buffers_are_always_ready() {
    let mut w = World::with(Access::ReadWrite, |b| {
        b.stdin(Stdin::Bytes(b"12345".to_vec()))
    });
    std::fs::write(w.inside.join("file"), "0123456789").unwrap();
    let fd = w.thread.open("file", 0, Rights::FILE).unwrap() as u32;
    w.thread.read(fd as i32, 3).unwrap();
    let all = [
        descriptor(0, READ),
        descriptor(fd, READ),
        descriptor(fd, WRITE),
        clock(1, 1 << 60, 0),
    ];
    let events = poll(&mut w.thread, &all).unwrap();
    let seen: Vec<_> = events.iter().map(|e| (e.tag, e.bytes, e.flags)).collect();
    assert_eq!(seen, [(READ, 5, 0), (READ, 7, 0), (WRITE, 0, 0)]);
    w.thread.read(0, 100).unwrap();
    let events = poll(&mut w.thread, &[descriptor(0, READ)]).unwrap();
    assert_eq!((events[0].bytes, events[0].flags), (0, 1), "the end");
}

#[test]
fn many_subscriptions_at_once() {
    let mut thread = Thread::new(Wasi::builder().build().unwrap());
    let all = vec![clock(1, 1, 0); 4096];
    assert_eq!(poll(&mut thread, &all).unwrap().len(), 4096);
}

#[test]
fn an_interrupt_ends_waiting() {
    let mut thread = Thread::new(Wasi::builder().build().unwrap());
    let interrupt = thread.memory.interrupt.clone();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        interrupt.raise();
    });
    thread.put(BUFFER, &clock(1, u64::MAX, 0));
    let mut call = Call::new(&mut thread.memory, Abi::Preview1);
    let start = Instant::now();
    let stopped = thread.wasi.poll_oneoff(&mut call, BUFFER, BUFFER, 1, OUT);
    assert_eq!(stopped, Err(Stop::Interrupted));
    assert!(start.elapsed() < Duration::from_secs(5));
    other.join().unwrap();
}

#[test]
fn clocks() {
    let mut thread = Thread::new(Wasi::builder().build().unwrap());
    for id in 0..4 {
        call!(thread, clock_res_get(id, OUT)).unwrap();
        assert!(thread.u64(OUT) > 0);
        call!(thread, clock_time_get(id, 0, OUT)).unwrap();
        let first = thread.u64(OUT);
        call!(thread, clock_time_get(id, 0, OUT)).unwrap();
        assert!(thread.u64(OUT) >= first);
    }
    for id in [4, -1] {
        assert_eq!(call!(thread, clock_time_get(id, 0, OUT)), Err(Errno::Inval));
        assert_eq!(call!(thread, clock_res_get(id, OUT)), Err(Errno::Inval));
    }
}

#[test]
fn a_fixed_clock_is_repeatable_and_never_waits() {
    let run = || {
        let start = UNIX_EPOCH + Duration::from_secs(1000);
        let builder = Wasi::builder().fixed_clock(start, Duration::from_millis(1));
        let mut thread = Thread::new(builder.build().unwrap());
        let mut times = Vec::new();
        for id in [0, 1, 2, 3] {
            call!(thread, clock_time_get(id, 0, OUT)).unwrap();
            times.push(thread.u64(OUT));
        }
        let hour = 3_600_000_000_000;
        assert_eq!(poll(&mut thread, &[clock(1, hour, 0)]).unwrap(), [TIME]);
        call!(thread, clock_time_get(1, 0, OUT)).unwrap();
        times.push(thread.u64(OUT));
        times
    };
    let times = run();
    assert_eq!(times[..2], [1_000_000_000_000, 1_000_001_000_000]);
    assert!(times[4] >= times[3] + 3_600_000_000_000);
    assert_eq!(times, run());
}
